#!/usr/bin/python3
"""proofs.py [--table] [NAME...] - proves what test/proof/proofs.tsv lists.

Each row is proved for all inputs within its bounds by the model checker CBMC,
and then once more with a bug put into the source, which must be found: a proof
that cannot fail proves nothing.  CBMC=path says where it is (apt install cbmc,
in Debian 13); goto-cc and goto-instrument lie beside it.  Without one these
are skipped tests.

How a row is proved (its third column, words with a blank between):
  unwind=N        loops are unrolled so often; that it is enough is proved, too
  loops=F         F's loops get the contracts of HARNESS.loops: any number of
                  rounds
  first=LOOP:N    a loop inside of those is unrolled before
  replace=F:G     calls of F become calls of G, of which it is assumed what a
                  row of its own proves of F
  never=REGEX     functions that stand in tables only, and are not called
  flat            arrays are not taken apart: faster where tables are large
  casts           a cast may cut a number, as that of a mask does
  with=FILE       one more source file
NAME: a harness or a function.  --table prints the rows for docs/testing.md,
--check fails if it has others, if
a bug no longer fits the source, or if a proof has no row.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROOFS = ROOT / "test" / "proof"
PAGE = ROOT / "docs" / "testing.md"
CHECKS = [
    "--bounds-check", "--pointer-check", "--pointer-overflow-check",
    "--signed-overflow-check", "--undefined-shift-check",
    "--div-by-zero-check", "--conversion-check", "--unwinding-assertions",
    "--drop-unused-functions", "--object-bits", "12",
]
PATIENCE = 1800  # seconds for one run


class Unfinished(Exception):
    pass


class Row:
    def __init__(self, line):
        (self.harness, self.function, how, self.what, self.bound, self.file,
         self.old, self.new) = line.replace("\\n", "\n").split("\t")
        self.unwind, self.bodies = "6", None
        self.flat, self.casts = False, False
        self.loops, self.first = [], []
        self.replace, self.sources = [], []
        for word in how.split():
            key, _, value = word.partition("=")
            if key == "unwind":
                self.unwind = value
            elif key == "replace":
                self.replace.append(value)
            elif key == "never":
                self.bodies = value
            elif key == "with":
                self.sources.append(value)
            elif key in ("loops", "first"):
                getattr(self, key).append(value)
            elif key in ("flat", "casts"):
                setattr(self, key, True)
            else:
                raise SystemExit(f"proofs.tsv: {self.function}: {word}?")


def rows():
    lines = (PROOFS / "proofs.tsv").read_text().splitlines()
    return [Row(l) for l in lines if l and not l.startswith("#")]


# ---- sources as they are proved ----------------------------------------------

def after_head(text, at):
    """Where the head of the loop that begins at @at ends."""
    depth = 0
    for i in range(text.index("(", at), len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if not depth:
            return i + 1
    raise SystemExit("a loop without an end")


def with_contract(text, function, nth, contract):
    """@text with a contract behind the head of that function's @nth loop."""
    start = re.search(rf"^(?!\s)[^;#]*?\b{function}\([^;]*?\)\n{{", text, re.M)
    if not start:
        raise SystemExit(f"contracts: there is no function {function}")
    body = text.index("\n{", start.start())
    end = text.index("\n}", body)
    heads = [m.start() for m in
             re.finditer(r"\b(?:for|while) \(", text[body:end])]
    if len(heads) < nth:
        raise SystemExit(f"contracts: {function} has no loop {nth}")
    at = after_head(text, body + heads[nth - 1])
    return f"{text[:at]}\n{contract}\n{text[at:]}"


def contracts(row):
    """(file, function, which loop, contract) of HARNESS.loops"""
    if not row.loops:
        return
    for block in (PROOFS / f"{row.harness}.loops").read_text().split("\n\n"):
        lines = [l for l in block.splitlines() if not l.startswith("#")]
        if lines:
            file, function, nth = lines[0].split()
            yield file, function, int(nth), "\n".join(lines[1:])


def prepare(row, folder, bug):
    """Sources that hide the project's: with contracts, and with the bug."""
    texts = {}

    def text_of(file):
        return texts.get(file) or (ROOT / file).read_text()

    for file, function, nth, contract in contracts(row):
        if function in row.loops:
            texts[file] = with_contract(text_of(file), function, nth, contract)
    if bug:
        text = text_of(row.file)
        if row.old not in text:
            raise SystemExit(f"proofs.tsv: {row.file} does not read: {row.old}")
        texts[row.file] = text.replace(row.old, row.new, 1)
    for file, text in texts.items():
        to = pathlib.Path(folder) / pathlib.Path(file).relative_to("src")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text)


# ---- the checker ----------------------------------------------------------------

def tool(cbmc, name):
    beside = pathlib.Path(shutil.which(cbmc) or cbmc).parent / name
    return str(beside) if beside.exists() else name


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              errors="replace", check=False,
                              timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise Unfinished(f"more than {PATIENCE} s") from error
    return done.returncode, done.stdout + done.stderr


def must(command):
    status, said = run(command)
    if status:
        raise Unfinished(f"{' '.join(command)}:\n{said[-2000:]}")


def sources_of(row, folder):
    harness = (PROOFS / f"{row.harness}.c").read_text()
    for name in ["base/mem.c", "base/buf.c", *row.sources]:
        if f'#include "{name}"' not in harness:
            hidden = pathlib.Path(folder) / name
            yield str(hidden if hidden.exists() else ROOT / "src" / name)


def prove(cbmc, row, bug=False):
    """True: proved.  And what was not, if not."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(row, folder, bug)
        goto = str(pathlib.Path(folder) / "a.goto")
        must([tool(cbmc, "goto-cc"), "--function", row.function, "-I", folder,
              "-I", str(ROOT / "src"), "-I", str(ROOT / "include"), "-I",
              str(PROOFS), str(PROOFS / f"{row.harness}.c"),
              *sources_of(row, folder), "-o", goto])
        for calls in row.replace:
            must([tool(cbmc, "goto-instrument"), "--replace-calls", calls,
                  goto, goto])
        if row.bodies:
            must([tool(cbmc, "goto-instrument"), "--generate-function-body",
                  row.bodies, "--generate-function-body-options",
                  "assert-false", goto, goto])
        for loop in row.first:
            must([tool(cbmc, "goto-instrument"), "--unwindset", loop,
                  "--unwinding-assertions", goto, goto])
        if row.loops:
            must([tool(cbmc, "goto-instrument"), "--apply-loop-contracts",
                  goto, goto])
        flat = ["--no-array-field-sensitivity"] if row.flat else []
        checks = [c for c in CHECKS
                  if not (row.casts and c == "--conversion-check")]
        # One failure is enough of a bug; but CBMC 6.6 cannot always print it.
        for once in [["--stop-on-fail"], []] if bug else [[]]:
            _, said = run([cbmc, goto, "--unwind", row.unwind, *flat, *once,
                           *checks])
            if "VERIFICATION" in said:
                break
    if "VERIFICATION SUCCESSFUL" in said:
        return True, ""
    if "VERIFICATION FAILED" in said:
        return False, "\n".join(l for l in said.splitlines()
                                if l.endswith("FAILURE"))
    raise Unfinished(said[-2000:])


# ---- what is said -------------------------------------------------------------------

def table():
    return "".join(f"| `{r.harness}`: `{r.function}` | {r.what} | {r.bound} |\n"
                   for r in rows())


def harnesses():
    return {(path.stem, name) for path in PROOFS.glob("*.c")
            for name in re.findall(r"^void (prove_\w+)\(void\)",
                                   path.read_text(), re.M)}


def judge(cbmc, n, row):
    """(proved, bug found)"""
    start = time.monotonic()
    try:
        proved, why = prove(cbmc, row)
        blind, _ = prove(cbmc, row, bug=True)
    except Unfinished as error:
        print(f"# cbmc did not finish: {error}".replace("\n", "\n# "))
        print(f"not ok {n} - {row.function}", flush=True)
        return False, False
    for line in why.splitlines():
        print("# " + line)
    if blind:
        print(f"# the bug in {row.file} was not found: {row.new}")
    print(f"{'ok' if proved and not blind else 'not ok'} {n} - {row.function}, "
          f"and its bug is found ({time.monotonic() - start:.0f} s)", flush=True)
    return proved, not blind


def main():
    wanted = sys.argv[1:]
    if wanted == ["--table"]:
        print(table(), end="")
        return 0
    if wanted == ["--check"]:
        print("1..3")
        same = table() in PAGE.read_text()
        print("ok" if same else "not ok", "1 - docs/testing.md has the rows "
              "that scripts/proofs.py --table prints")
        stale = [r for r in rows() if r.old not in (ROOT / r.file).read_text()]
        for row in stale:
            print(f"# {row.function}: {row.file} does not read: {row.old}")
        print("not ok" if stale else "ok", "2 - the seeded bugs fit the source")
        lone = harnesses() ^ {(r.harness, r.function) for r in rows()}
        for harness, function in sorted(lone):
            print(f"# {harness}.c, {function}: not both a function and a row")
        print("not ok" if lone else "ok", "3 - each proof has its row")
        return not same or bool(stale or lone)
    cbmc = os.environ.get("CBMC") or shutil.which("cbmc")
    todo = [r for r in rows() if not wanted or r.harness in wanted or
            r.function in wanted]
    unknown = set(wanted) - {r.harness for r in todo} - {r.function
                                                         for r in todo}
    if unknown:
        print(f"proofs.py: no proof and no harness is called "
              f"{', '.join(sorted(unknown))}; --table lists them",
              file=sys.stderr)
        return 2
    if cbmc and not shutil.which(cbmc):
        print(f"proofs.py: CBMC={cbmc} is no program", file=sys.stderr)
        return 2
    print(f"1..{len(todo)}")
    if not cbmc:
        for n, row in enumerate(todo, 1):
            print(f"ok {n} - {row.function} # SKIP cbmc (cannot be had: it is "
                  "not in this release of the system)")
        return 0
    start = time.monotonic()
    done = [judge(cbmc, n, row) for n, row in enumerate(todo, 1)]
    proofs, bugs = (sum(column) for column in zip(*done)) if done else (0, 0)
    print(f"# NOTE: {proofs} proofs, {bugs} seeded bugs found, "
          f"{time.monotonic() - start:.0f} s")
    return not all(p and b for p, b in done)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""mutants.py [FILE...] - changes one thing in a source file at a time, and sees
whether the tests notice.

test/mutants.tsv says for each file which tests must notice, and which changes
cannot be noticed and why.  A mutant that compiles and that no test notices has
survived; one that survives without a reason, and a reason that excuses nothing,
are failures.  Works on a copy of the sources; -k DIR keeps it for the next run.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ["include", "src", "test", "examples", "man", "tools", "scripts",
         "docs", "packaging"]

# What is looked for outside comments and strings, and what it becomes.
CHANGES = [
    (r"==", "!="), (r"!=", "=="), (r"<=", "<"), (r">=", ">"),
    (r"(?<= )<(?= )", "<="), (r"(?<= )>(?= )", ">="),
    (r"&&", "||"), (r"\|\|", "&&"), (r"\breturn false\b", "return true"),
    (r"\breturn true\b", "return false"), (r"!(?=[a-zA-Z(])", ""),
    (r"\bHF_STEP_FAILED\b", "HF_STEP_DONE"), (r"(?<= )\+(?= )", "-"),
    (r"(?<= )-(?= )", "+"), (r"(?<=[ (\[])\d+\b(?!\.)", "+1"),
    (r"\bcontinue;", "break;"), (r"\bbreak;", "continue;"),
]


def code_only(text):
    """The same length, with comments, strings and directives blanked."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|^#[^\n]*', blank, text,
                  flags=re.S | re.M)


def mutants(text):
    """(line number, the line as it becomes, whole text)"""
    code = code_only(text)
    for pattern, to in CHANGES:
        for match in re.finditer(pattern, code):
            new = str(int(match.group()) + 1) if to == "+1" else to
            changed = text[:match.start()] + new + text[match.end():]
            line = text.count("\n", 0, match.start())
            yield line + 1, changed.splitlines()[line].strip(), changed


def read_table():
    tests, excused = {}, {}
    for row in (ROOT / "test" / "mutants.tsv").read_text().splitlines():
        if not row or row.startswith("#"):
            continue
        kind, file, what, *why = row.split("\t")
        if kind == "tests":
            tests[file] = what.split()
        else:
            excused[file, what] = why[0]
    return tests, excused


def renew(source, to):
    """A file that changed is newer than what was built of it."""
    to = pathlib.Path(to)
    if not to.exists() or to.read_bytes() != pathlib.Path(source).read_bytes():
        shutil.copy(source, to)


class Copy:
    """The sources, where they may be spoilt."""

    def __init__(self, place):
        self.root = pathlib.Path(place)
        self.build = self.root / "build"
        for part in PARTS:
            shutil.copytree(ROOT / part, self.root / part, dirs_exist_ok=True,
                            copy_function=renew,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for file in ROOT.iterdir():
            if file.is_file():
                renew(file, self.root / file.name)
        if not self.build.exists():
            subprocess.run(["meson", "setup", self.build, self.root,
                            "-Db_sanitize=address", "-Db_lundef=false"],
                           check=True, capture_output=True)

    def make(self, targets):
        return subprocess.run(["ninja", "-C", self.build, *targets],
                              capture_output=True, check=False).returncode == 0

    def run(self, test):
        program, *words = test.split(":")
        try:
            return subprocess.run([self.build / program, *words],
                                  capture_output=True, timeout=120,
                                  check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False


def try_file(copy, file, tests, excused):
    """(killed, survivors, reasons that were used)"""
    original = (ROOT / file).read_text()
    targets = [t.split(":")[0] for t in tests]
    killed, survived, used = 0, [], set()
    if not copy.make(targets) or not all(copy.run(t) for t in tests):
        raise SystemExit(f"{file}: its tests fail before anything is changed")
    for number, line, text in mutants(original):
        (copy.root / file).write_text(text)
        if not copy.make(targets):
            continue  # it does not compile: nobody needs to notice
        if not all(copy.run(t) for t in tests):
            killed += 1
        elif (file, line) in excused:
            used.add((file, line))
        else:
            survived.append(f"{file}:{number}: {line}")
            print(f"# survived: {survived[-1]}", flush=True)
    (copy.root / file).write_text(original)
    return killed, survived, used


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", metavar="DIR", help="a place for the copy")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    tests, excused = read_table()
    files = args.files or list(tests)
    print(f"1..{len(files)}")
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        copy = Copy(args.k or place)
        for n, file in enumerate(files, 1):
            killed, survived, used = try_file(copy, file, tests[file], excused)
            stale = [k for k in excused if k[0] == file and k not in used]
            for _, line in stale:
                print(f"# a reason that excuses nothing: {line}")
            good = killed and not survived and not stale
            failed += not good
            print(f"{'ok' if good else 'not ok'} {n} - {file}: {killed} "
                  f"noticed, {len(used)} that cannot be, {len(survived)} "
                  "survived", flush=True)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())

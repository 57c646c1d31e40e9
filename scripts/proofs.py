#!/usr/bin/python3
"""proofs.py [NAME] - proves what test/proof/proofs.tsv lists, by CBMC.

Each row is proved for all inputs within its bounds, and then once more with a
bug put into the source, which must be found: a proof that cannot fail proves
nothing.  CBMC=path says where the model checker is (apt install cbmc, in
Debian 13); without one this is a skipped test.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROOFS = ROOT / "test" / "proof"
CHECKS = [
    "--bounds-check", "--pointer-check", "--pointer-overflow-check",
    "--signed-overflow-check", "--undefined-shift-check",
    "--div-by-zero-check", "--conversion-check", "--unwinding-assertions",
]


def rows():
    for line in (PROOFS / "proofs.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            harness, function, unwind, file, old, new = line.split("\t")
            yield harness, function, unwind, file, old, new


def check(cbmc, harness, function, unwind, first):
    """True: proved.  @first: a folder of sources that hide the project's."""
    include = [i for d in first for i in ("-I", str(d))]
    base = [next(f for d in [*first, ROOT / "src"]
                 if (f := pathlib.Path(d) / "base" / name).exists())
            for name in ("mem.c", "buf.c")]
    base = [f for f in base if harness != "ct" or f.name != "mem.c"]
    run = subprocess.run(
        [cbmc, str(PROOFS / f"{harness}.c"), *map(str, base), "--function",
         function, "--unwind", unwind, *include, "-I", str(ROOT / "src"),
         "-I", str(ROOT / "include"), "-I", str(PROOFS), *CHECKS],
        capture_output=True, text=True, check=False)
    if "VERIFICATION SUCCESSFUL" in run.stdout:
        return True, ""
    if "VERIFICATION FAILED" in run.stdout:
        return False, "\n".join(l for l in run.stdout.splitlines()
                                if l.endswith("FAILURE"))
    raise SystemExit(f"{function}: cbmc did not finish:\n{run.stdout[-2000:]}"
                     f"{run.stderr[-2000:]}")


def with_bug(file, old, new, folder):
    text = (ROOT / file).read_text()
    if text.count(old) < 1:
        raise SystemExit(f"proofs.tsv: {file} does not read: {old}")
    to = pathlib.Path(folder) / pathlib.Path(file).relative_to("src")
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text.replace(old, new, 1))


def main():
    wanted = sys.argv[1:]
    cbmc = os.environ.get("CBMC") or shutil.which("cbmc")
    todo = [r for r in rows() if not wanted or r[0] in wanted or r[1] in wanted]
    print(f"1..{len(todo)}")
    if not cbmc:
        for n, row in enumerate(todo, 1):
            print(f"ok {n} - {row[1]} # SKIP cbmc (cannot be had: it is not in "
                  "this release of the system)")
        return 0
    failed = 0
    for n, (harness, function, unwind, file, old, new) in enumerate(todo, 1):
        start = time.monotonic()
        proved, why = check(cbmc, harness, function, unwind, [])
        with tempfile.TemporaryDirectory() as folder:
            with_bug(file, old, new, folder)
            blind, _ = check(cbmc, harness, function, unwind, [folder])
        good = proved and not blind
        failed += not good
        if not proved:
            print("\n".join("# " + l for l in why.splitlines()))
        if blind:
            print(f"# the bug in {file} was not found: {new}")
        print(f"{'ok' if good else 'not ok'} {n} - {function}, and its bug is "
              f"found ({time.monotonic() - start:.0f} s)", flush=True)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())

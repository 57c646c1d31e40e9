#!/usr/bin/python3
"""analyze.py BUILD: see analyze.sh, which installs what this needs.

One line for each tool, "N passed, N failed" at the end: a file is one check.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CPPCHECK = ["cppcheck", "-q", "--std=c11", "--inline-suppr",
            "--enable=warning,performance,portability",
            "--error-exitcode=1", "-D_POSIX_C_SOURCE=200809L", "-Iinclude",
            "-Isrc", "-Itools"]


def analyzer(entry):
    """The compiler's command with -fanalyzer; nothing is written.  -O1, so
    that a function is looked at as it was written."""
    words = [x for x in shlex.split(entry["command"])
             if x not in ("-g", "-MD", "-Werror") and not x.endswith("ccache")]
    for option in ("-MQ", "-MF", "-o"):
        if option in words:
            at = words.index(option)
            del words[at:at + 2]
    return words + ["-o", "/dev/null", "-O1", "-fanalyzer", "-Wno-stack-usage"]


def run(command, directory):
    done = subprocess.run(command, cwd=directory, capture_output=True,
                          text=True, errors="replace")
    said = (done.stdout + done.stderr).strip()
    return said if done.returncode or "warning:" in said else ""


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    library, ours = {}, set()
    for entry in json.loads((build / "compile_commands.json").read_text()):
        name = os.path.relpath(os.path.normpath(build / entry["file"]), ROOT)
        if re.match(r"libhf_\w+\.a\.p/", entry["output"]):
            library[name] = entry
        if name in library or (re.match("(tools|examples)/", name)
                               and not name.endswith("_test.c")):
            ours.add(name)
    if not library:
        raise SystemExit(f"{build}: no library is built here")
    gcc = [x for x in library.values() if "clang" not in x["command"][:40]]
    jobs = [(analyzer(x), build) for x in gcc]
    jobs += [(CPPCHECK + [x], ROOT) for x in sorted(ours)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(lambda x: run(*x), jobs))
    for text in filter(None, said):
        print(text)
    failed = sum(1 for x in said if x)
    print(f"# NOTE: -fanalyzer: {len(gcc)} files, "
          f"{sum(1 for x in said[:len(gcc)] if x)} with something to mend; "
          f"cppcheck: {len(ours)} files, "
          f"{sum(1 for x in said[len(gcc):] if x)} with something to mend")
    print(f"{len(said) - failed} passed, {failed} failed")
    return 1 if failed or not gcc else 0


if __name__ == "__main__":
    sys.exit(main())

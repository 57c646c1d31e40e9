#!/usr/bin/python3
"""reliability.py [--check] [BUILD] - docs/reliability.md: what each gate of
test/gates.tsv found when it was last run.

No number is written here: each was printed by the program that measured it, in a
line that begins with `# NOTE:` or `# >`.  Those of `make check` are in the log of
BUILD (build), those of the long gates in build-soak/, where scripts/soak.py left
them.  --check only compares: the page must have a part for each gate.
"""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from soak import ROOT, SKIPPED, read_gates  # noqa: E402

PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# What shows that it holds

Written by `scripts/reliability.py` from what the gates printed when they were last
run. Those of `make check` are run for every change (`.ci/run`), the others by
`make soak`, which may be stopped and goes on where it was. How each works is said
in [testing.md](testing.md).
"""


def notes(text):
    """Indented rows of a table are for the log only."""
    found = re.findall(r"^ *# (?:NOTE:|>) ([^| ].*)$", text, re.M)
    return list(dict.fromkeys(found))


def checked(build):
    """test -> (passed, notes), of the last `meson test`"""
    out = {}
    for line in (build / "meson-logs" / "testlog.json").open():
        test = json.loads(line)
        where, _, program = test["name"].partition(" / ")
        name = f"{re.split('[:+]', where)[-1]} / {program}"
        out[name] = (test["result"] == "OK", notes(test.get("stdout", "")))
    return out


def of_check(tests, seen):
    said, missing = [], []
    for test in tests.split("; "):
        passed, words = seen.get(test, (False, []))
        said += words
        if not passed:
            missing.append(test)
    return said, [f"**not passed: {test}**" for test in missing] or \
        ["passed, with every change"]


def of_soak(name, needs):
    where = ROOT / "build-soak"
    state, log = where / f"{name}.json", where / f"{name}.log"
    if not state.exists():
        wants = "" if needs == "-" else f" (it needs {needs})"
        return [], [f"not run this time{wants}"]
    last = json.loads(state.read_text())
    words = notes(log.read_text(errors="replace"))
    if last["status"] == SKIPPED:
        return [], ["could not be run: "
                    + log.read_text(errors="replace").splitlines()[-1]]
    if last["status"]:
        return words, ["**failed**"]
    return words, [f"run on {last['when']}, in {last['seconds']} s"]


def page(build):
    seen = checked(build)
    out = [HEAD]
    for name, when, needs, command, shows in read_gates():
        out.append(f"\n## {name}\n\n{shows[0].upper()}{shows[1:]}.\n")
        if when == "check":
            words, more = of_check(command, seen)
        else:
            words, more = of_soak(name, needs)
        tests = command.replace("; ", "`, `")
        out.append(f"`{tests}`\n\n")
        out += [f"    {word}\n" for word in words] + ["\n"] * bool(words)
        out += [f"- {word}\n" for word in more]
    return "".join(out)


def check():
    text = PAGE.read_text()
    parts = {part.split("\n", 1)[0]: part
             for part in text.split("\n## ")[1:]}
    bad = [f"{row[0]}: no part of docs/reliability.md" for row in read_gates()
           if row[0] not in parts]
    bad += [f"{name}: docs/reliability.md has it, test/gates.tsv has not"
            for name in set(parts) - {row[0] for row in read_gates()}]
    bad += [f"{name}: nothing stands there" for name, part in parts.items()
            if "\n- " not in part]
    bad += [f"{name}: {line[2:]}" for name, part in parts.items()
            for line in part.splitlines() if line.startswith("- **")]
    for line in bad:
        print("#", line)
    print(f"1..1\n{'not ok' if bad else 'ok'} 1 - every gate's numbers are told")
    return 1 if bad else 0


def main():
    args = sys.argv[1:]
    if args[:1] == ["--check"]:
        return check()
    PAGE.write_text(page(pathlib.Path(args[0]) if args else ROOT / "build"))
    print(f"{PAGE.relative_to(ROOT)} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

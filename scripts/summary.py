#!/usr/bin/python3
"""summary.py TESTLOG.json [STATUS]: what `meson test` did, for a person.

Counts single tests, not programs: the lines of TAP that each program wrote.
These lines have a meaning beyond TAP:

    # SKIP: what (why)     said before a test is skipped; why is one of
                           "apt install PACKAGE", "needs ../shared",
                           "cannot be had: ..."
    # NOTE: text           stands at the end of the suite's line
    # > text               is printed as it is (a table)

STATUS is the exit status of `meson test`, so that its own failure counts.
With CHECK_ALL=1 in the environment a skipped test is a failure, except where
the reason is that ../shared is absent or that the thing cannot be had.
"""
import json
import os
import re
import sys

RESULT = re.compile(r"(ok|not ok)\b *(\d*) *(?:- *)?([^#]*)(?:#\s*(.*))?$")
SKIP = re.compile(r"(?:# *)?SKIP: *(.*)$")
EXCUSED = ("needs ../shared", "cannot be had")


class Suite:
    def __init__(self):
        self.passed = 0
        self.seconds = 0.0
        self.failed = []      # sentences
        self.skipped = []     # sentences
        self.notes = []
        self.table = []


def read_tap(suite, program, lines):
    """Adds the single tests of one program; returns how many there were."""
    reasons = []
    last_reason = ""
    planned = seen = 0
    for line in lines:
        skip = SKIP.match(line)
        result = RESULT.match(line)
        plan = re.match(r"1\.\.(\d+)", line)
        if skip:
            last_reason = skip.group(1)
            reasons.append(last_reason)
        elif line.startswith("# NOTE: "):
            suite.notes.append(line[8:])
        elif line.startswith("# > "):
            suite.table.append(line[4:])
        elif plan:
            planned += int(plan.group(1))
        elif result:
            verdict, number, name, directive = result.groups()
            seen += 1 if number else 0
            words = (directive or "").strip()
            if words.upper().startswith("SKIP"):
                # cmocka puts the name after SKIP, others the reason
                why = "; ".join(reasons) or words[4:].strip() or last_reason
                suite.skipped.append((program, name.strip(), why))
            elif verdict == "ok" and number:
                suite.passed += 1
            elif verdict == "not ok":
                suite.failed.append(f"{program}: {name.strip()}")
            reasons = []
    return planned, seen


def read_test(suites, test):
    where, _, program = test["name"].partition(" / ")
    name = where.split(":")[-1].split("+")[0] or "other"
    suite = suites.setdefault(name, Suite())
    suite.seconds += test["duration"]
    lines = test.get("stdout", "").splitlines()
    failures = len(suite.failed)
    planned, seen = read_tap(suite, program, lines)
    good = test["result"] in ("OK", "EXPECTEDFAIL", "SKIP")

    if planned == 0 and seen == 0:            # it does not speak TAP
        if test["result"] == "SKIP":
            why = [SKIP.match(x).group(1) for x in lines if SKIP.match(x)] + [
                x[11:] for x in lines if x.startswith("1..0 # SKIP")]
            suite.skipped.append((program, "", "; ".join(why)))
        elif good:
            suite.passed += 1
    elif good and seen != planned:
        suite.failed.append(f"{program}: {planned} planned, {seen} ran")
    if not good and len(suite.failed) == failures:
        suite.failed.append(f"{program}: {test['result'].lower()}, exit "
                            f"status {test['returncode']}")
    if len(suite.failed) > failures:
        return test
    return None


def show_evidence(test, limit=60):
    print(f"---- {test['name']}")
    said = [x for x in test.get("stdout", "").splitlines()
            if not re.match(r"(ok |1\.\.)", x)]
    said += test.get("stderr", "").splitlines()
    for line in said[-limit:]:
        print("    " + line)


def print_suites(suites):
    for name, suite in suites.items():
        counts = f"{suite.passed:5} ok"
        if suite.failed:
            counts += f", {len(suite.failed)} FAILED"
        if suite.skipped:
            counts += f", {len(suite.skipped)} skipped"
        notes = ", ".join(dict.fromkeys(suite.notes))
        print(f"{name:11}{counts:30}{suite.seconds:7.1f} s   {notes}".rstrip())
    for suite in suites.values():
        for line in suite.table:
            print(line)


def print_skipped(suites):
    """One line per reason; returns how many nothing can be done about."""
    reasons = {}
    for suite in suites.values():
        for program, _, why in suite.skipped:
            reasons.setdefault(why or f"{program}, which does not say why",
                               []).append(program)
    for why, programs in reasons.items():
        print(f"skipped: {len(programs)} x {why}")
    return sum(len(programs) for why, programs in reasons.items()
               if any(x in why for x in EXCUSED))


def main():
    suites = {}
    wrong = []
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            wrong.append(read_test(suites, json.loads(line)))
    for test in filter(None, wrong):
        show_evidence(test)

    print_suites(suites)
    excused = print_skipped(suites)
    for suite in suites.values():
        for sentence in suite.failed:
            print(f"FAILED   {sentence}")

    passed = sum(s.passed for s in suites.values())
    failed = sum(len(s.failed) for s in suites.values())
    skipped = sum(len(s.skipped) for s in suites.values())
    if os.environ.get("CHECK_ALL") == "1" and skipped > excused:
        print(f"CHECK_ALL: {skipped - excused} skipped count as failed")
        failed += skipped - excused
        skipped = excused
    status = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if (status != 0 and failed == 0) or passed == 0:
        print("FAILED   meson test itself, or nothing ran")
        failed += 1
    tail = f", {skipped} skipped" if skipped else ""
    print(f"{passed} passed, {failed} failed{tail}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

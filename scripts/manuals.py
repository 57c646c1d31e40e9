#!/usr/bin/python3
"""manuals.py [--update] HANDFAST: the option lists in man/*.1 are those that the
program prints.

A list stands between two comments of its page:

    .\\" begin: help --man ca issue
    .\\" end

--update writes it there.  Every command has a page, and each of its lists is
in it.  Speaks TAP.
"""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
MAN = TOP / "man"
BLOCK = re.compile(r'(\.\\" begin: ([^\n]*)\n)(.*?)(\.\\" end\n)', re.S)


def printed(handfast, words):
    return subprocess.run([handfast, *words.split()], check=True, text=True,
                          capture_output=True).stdout


def commands(handfast):
    """The words behind `help --man` of every list that there is."""
    usage = printed(handfast, "--help")
    for name in re.findall(r"^  ([a-z]+) {2,}\S", usage, re.M):
        if name in ("help", "completion"):
            continue
        text = printed(handfast, f"{name} --help")
        verbs = []
        if text.startswith(f"usage: handfast {name} VERB"):
            verbs = re.findall(r"^  ([a-z]+) {2,}\S", text, re.M)
        for verb in verbs or [""]:
            yield name, f"{name} {verb}".strip()


def main():
    words = sys.argv[1:]
    update = words[:1] == ["--update"]
    handfast = pathlib.Path(words[update] if len(words) > update
                            else TOP / "build/handfast").resolve()
    failed = count = 0

    def say(good, what):
        nonlocal failed, count
        count += 1
        failed += not good
        print(f"{'ok' if good else 'not ok'} {count} - {what}")

    for page in sorted(MAN.glob("*.1")):
        text = page.read_text("utf-8")
        fresh = BLOCK.sub(lambda m: m[1] + printed(handfast, m[2]) + m[4],
                          text)
        if update and fresh != text:
            page.write_text(fresh, "utf-8")
        say(update or fresh == text,
            f"man/{page.name} has the options of the program")
    for name, path in commands(handfast):
        page = MAN / f"handfast-{name}.1"
        found = page.exists() and f"begin: help --man {path}\n" in \
            page.read_text("utf-8")
        say(found, f"man/{page.name} lists the options of {path}")
    print(f"1..{count}")
    if failed:
        print("# to bring them up to date: scripts/manuals.py --update HANDFAST")
    return failed > 0


sys.exit(main())

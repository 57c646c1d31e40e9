#!/usr/bin/python3
"""must.py: docs/rfc8446.md and its like are true as far as a script can tell.

Every file, function and test that the tables name exists, and the test is run
by its program; every row says where, or why not, and every row that says where
says which test shows it.  If the text of RFC 8446 lies in HF_SHARED/rfc, every
section of it that says MUST, SHOULD or REQUIRED has a row.
"""
import os
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
DOCS = ("docs/rfc8446.md", "docs/rfc5077.md")
NAMED = re.compile(r"`([\w./]+\.(?:c|h|def))(?:: (\w+))?`")
EXCUSE = re.compile(r"not applicable: \S|not yet")
# What needs no row: how to read the RFC, registries, references.
UNCLAIMED = re.compile(r"(1|2|3|10|11|12)(\.|$)|[AB](\.|$)")

faults = []


def fault(row, text):
    faults.append(f"{row}: {text}")


def source(path):
    below = path if path.startswith("include/") else "src/" + path
    found = TOP / below
    return found.read_text("utf-8") if found.is_file() else None


def defines(text, name):
    """Is @name a function, or a table, of this file?"""
    return re.search(rf"^(?!\s|/|\*|#|typedef)(?:__attribute__\(\(\w+\)\) )?"
                     rf"[^;=()]*\b{name}"
                     rf"(?:\([^;]*?\)\s*\{{|(?:\[[^\]]*\])*\s*=)",
                     text, re.M)


def check_named(number, cell, test):
    for path, name in NAMED.findall(cell):
        text = source(path)
        if text is None:
            fault(number, f"there is no {path}")
        elif name and not defines(text, name):
            fault(number, f"{path} has no {name}")
        elif test and not path.endswith("_test.c"):
            fault(number, f"{path} is no test")
        elif test and not name:
            fault(number, f"which test of {path}?")
        elif test and not re.search(rf"\(\s*{name}\s*[,)]", text):
            fault(number, f"{path} does not run {name}")


def check_row(number, cells):
    if len(cells) != 4:
        fault(number, f"{len(cells)} columns")
        return
    section, demand, where, shown = cells
    if not demand or not where:
        fault(number, "an empty cell")
    excused = EXCUSE.search(where) is not None
    if not excused and not NAMED.search(where):
        fault(number, "neither where nor why not")
    if not excused and not NAMED.search(shown):
        fault(number, f"{section}: no test shows it")
    check_named(number, where, False)
    check_named(number, shown, True)


def rows(doc):
    text = (TOP / doc).read_text("utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("| ") and not line.startswith("| section"):
            yield f"{doc}:{number}", [c.strip()
                                      for c in line.strip("|").split("|")]


def demanding(text):
    """The sections of the RFC in which a demand stands."""
    section, found = None, set()
    for line in text.splitlines():
        head = re.match(r"(?:Appendix )?((?:\d+|[A-E])(?:\.\d+)*)\.  \S", line)
        if head:
            section = head.group(1)
        elif section and re.search(r"\b(MUST|SHOULD|REQUIRED|SHALL)\b", line):
            found.add(section)
    return found


def check_sections(listed):
    shared = os.environ.get("HF_SHARED") or str(TOP.parent / "shared")
    text = pathlib.Path(shared, "rfc", "rfc8446.txt")
    if not text.is_file():
        print("# SKIP: sections of the RFC (needs ../shared)")
        return
    for section in sorted(demanding(text.read_text("utf-8", "replace"))):
        if not UNCLAIMED.match(section) and not any(
                one == section or one.startswith(section + ".") or
                section.startswith(one + ".") for one in listed):
            fault(DOCS[0], f"section {section} demands something and has no row")


def main():
    listed = set()
    count = 0
    for doc in DOCS:
        for number, cells in rows(doc):
            check_row(number, cells)
            if doc == DOCS[0]:
                listed.add(cells[0])
            count += 1
    if count < 100:
        fault(DOCS[0], f"only {count} rows were found")
    check_sections(listed)
    for line in faults:
        print(line)
    print(f"{count} rows, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

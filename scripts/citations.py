#!/usr/bin/python3
"""citations.py: every section of an RFC that the code cites exists.

Reads `RFC 8446 4.2.8` (also "section 4.2.8", "appendix A.1", "figure 1", a
list after commas, and over the end of a comment's line) in the sources and
looks it up in docs/rfc-sections.txt.

    citations.py --list RFCnnnn.txt...   prints lines for that list from texts
"""
import pathlib
import re
import sys
import textwrap

TOP = pathlib.Path(__file__).resolve().parent.parent
LIST = TOP / "docs" / "rfc-sections.txt"
PLACES = ["include", "src", "tools", "examples", "test", "man", "docs"]
KINDS = {".c", ".h", ".def", ".md", ".1", ".3", ".5", ".7", ".py", ".txt"}

NUMBER = r"(?:\d+(?:\.\d+)*|[A-Z](?:\.\d+)+)"
GAP = r"(?:\s|\n[ \t]*(?:\*|#|//|\"|\.\\\")?)+"
CITED = re.compile(
    rf"RFC{GAP}(\d{{3,5}})"
    rf"(?:,?{GAP}(?:(?:[Ss]ections?|[Aa]ppendix|[Aa]ppendices){GAP})?"
    rf"((?:{NUMBER}|(?<=ppendix )[A-Z])(?:,{GAP}{NUMBER})*)(?![\w%-]))?")


def sections_of(text):
    """The section numbers of an RFC, from its headings."""
    found = []
    for line in text.splitlines():
        match = re.match(r"(?:Appendix )?((?:\d+|[A-Z])(?:\.\d+)*)\.? +\S", line)
        heading = match and (line.startswith("Appendix") or "." in
                             line[:len(match.group(1)) + 1])
        if heading and match.group(1) not in found:
            found.append(match.group(1))
    return found


def print_list(paths):
    for path in paths:
        number = re.search(r"\d+", pathlib.Path(path).name).group()
        text = pathlib.Path(path).read_text("utf-8", "replace")
        print("\n".join(textwrap.wrap(
            f"{number}: " + " ".join(sections_of(text)), 76,
            subsequent_indent="    ")))


def known():
    rfcs = {}
    number = None
    for line in LIST.read_text("utf-8").splitlines():
        line = line.split("#")[0].rstrip()
        if not line:
            continue
        if not line.startswith(" "):
            number, _, line = line.partition(":")
            rfcs[number] = set()
        rfcs[number].update(line.split())
    return rfcs


def main():
    if sys.argv[1:2] == ["--list"]:
        return print_list(sys.argv[2:])
    rfcs = known()
    cited = bad = 0
    for place in PLACES + ["."]:
        inside = TOP.glob("*.md") if place == "." else (TOP / place).rglob("*")
        for path in sorted(inside):
            if path.suffix not in KINDS or path == LIST:
                continue
            text = path.read_text("utf-8", "replace")
            for match in CITED.finditer(text):
                rfc, sections = match.groups()
                line = text.count("\n", 0, match.start()) + 1
                cited += 1
                wrong = []
                if rfc not in rfcs:
                    wrong = ["itself"]
                elif sections:
                    wrong = [s for s in re.findall(r"[A-Z\d][\d.]*\d|[A-Z\d]",
                                                   sections)
                             if s not in rfcs[rfc]]
                for section in wrong:
                    print(f"{path.relative_to(TOP)}:{line}: RFC {rfc} "
                          f"{section} is not in docs/{LIST.name}")
                    bad += 1
    print(f"{cited} citations, {bad} of them unknown")
    return 1 if bad or not cited else 0


if __name__ == "__main__":
    sys.exit(main())

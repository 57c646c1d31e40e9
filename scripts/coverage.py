#!/usr/bin/python3
"""coverage.py BUILD: which lines and branches of the library no test reached.

BUILD was set up with -Db_coverage=true and its tests have run, so that beside
each object there are a .gcno (what there is) and a .gcda (what was reached);
the compiler's own gcov reads both.  Every line of src/ must have been reached
or stand in test/coverage.tsv with its reason; so must every branch, but for as
many as the table's floor of its layer leaves.  What the table excuses and a
test reaches, or what is no longer there, is a failure too: take out the row.
Only a row of the kind "chance" may go unused: a race of threads, say, that is
lost on one day and won on another; its text must still be in that function.

The unit of a reason is a gap: lines of one function that were not reached,
with none between them that was.  Branches that were not taken are looked at
one line at a time.

  --drop       takes the rows that excuse nothing any more out of the table
  --gaps       prints every gap without a reason, and every line with branches
               that no test took, for whoever wants to write tests
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "test" / "coverage.tsv"
LAYERS = ["base", "wire", "crypto", "x509", "record", "handshake", "engine",
          "api"]
# A row for any function excuses no longer gap than this: whatever is longer
# was not looked at when the row was written.
ANYWHERE_MAX = 3
# So much above its floor, and the floor is to be raised.
SLACK = 3

KINDS = ("line", "chance", "branch")
LINE = re.compile(r" *([-=#]+|\d+)\*?: *(\d+):(.*)")
BRANCH = re.compile(r"branch +\d+ (?:taken (\d+)|never executed)")


class Source:
    """One file of src/: by line number, how often and the branches' counts."""

    def __init__(self, name):
        self.name = name
        self.text = (ROOT / name).read_text().split("\n")
        self.counts = collections.Counter()
        self.branches = collections.defaultdict(collections.Counter)
        self.functions = self.find_functions()

    def find_functions(self):
        """By line, the function it is in: its name stands in the last line at
        the left edge that has a parenthesis, before the brace."""
        of, name, inside = {}, "", None
        for number, line in enumerate(self.text, 1):
            head = re.match(r"[a-zA-Z].*?(\w+)\(", line)
            if head and not inside:
                name = head.group(1)
            if line == "{":
                inside = name
            of[number] = inside or name
            if line == "}":
                inside = None
        return of

    def gaps(self):
        """(function, line numbers), of what was not reached."""
        gap = []
        for number in sorted(self.counts):
            function = self.functions[number]
            if self.counts[number] == 0 and (
                    not gap or self.functions[gap[0]] == function):
                gap.append(number)
                continue
            if gap:
                yield self.functions[gap[0]], gap
            gap = [number] if self.counts[number] == 0 else []
        if gap:
            yield self.functions[gap[0]], gap

    def around(self, lines):
        """The text of these lines and of the one before them."""
        first = lines[0] - 1
        while first > 1 and not self.text[first - 1].strip():
            first -= 1
        return "\n".join(x.strip() for x in self.text[first - 1:lines[-1]])


class Row:
    """One line of the table."""

    def __init__(self, number, kind, file, function, text, reason):
        self.number, self.kind = number, kind
        self.file, self.function = file, function
        self.text, self.reason = text, reason
        self.used = 0

    def may_rest(self, sources):
        """Was it for a chance that did not come, in code that is there?"""
        source = sources.get(self.file)
        return self.kind == "chance" and source and any(
            self.text in line and source.functions[number] == self.function
            for number, line in enumerate(source.text, 1))

    def excuses(self, source, function, lines, text):
        return (fnmatch.fnmatch(source.name, self.file) and
                fnmatch.fnmatch(function, self.function) and
                (self.function != "*" or len(lines) <= ANYWHERE_MAX) and
                self.text in text)


def read_table(path):
    rows, floors, wrong = [], {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        if fields[0] == "floor" and len(fields) == 3:
            floors[fields[1]] = float(fields[2])
        elif fields[0] in KINDS and len(fields) == 5 and all(fields[1:]):
            rows.append(Row(number, *fields))
        else:
            wrong.append(f"{path.name}:{number}: no row of this table")
    return rows, floors, wrong


def gcov_of(build):
    """The gcov that goes with the compiler of this build."""
    commands = (build / "compile_commands.json").read_text()
    if not re.search(r'"command": "(\S*ccache )?\S*clang', commands):
        return ["gcov"]
    for name in ("llvm-cov-14", "llvm-cov"):
        if shutil.which(name):
            return [name, "gcov"]
    raise SystemExit("no llvm-cov: apt install llvm")


def run_gcov(gcov, build, note):
    """What gcov says of one object, as lines of text."""
    said = subprocess.run(
        gcov + ["-t", "-b", "-c", "-o", str(note.parent.relative_to(build)),
                str(note.relative_to(build))],
        cwd=build, capture_output=True, text=True, errors="replace",
        check=True)
    return said.stdout.splitlines()


def read_gcov(sources, build, lines):
    source, number = None, 0
    for text in lines:
        line, branch = LINE.match(text), BRANCH.match(text)
        if line:
            count, number = line.group(1), int(line.group(2))
            if number == 0 and line.group(3).startswith("Source:"):
                path = os.path.normpath(build / line.group(3)[7:])
                name = os.path.relpath(path, ROOT)
                source = None
                if name.startswith("src/"):
                    source = sources.setdefault(name, None) or Source(name)
                    sources[name] = source
            elif source and number and count != "-":
                source.counts[number] += int(count) if count.isdigit() else 0
            nth = 0
        elif branch and source:
            source.branches[number][nth] += int(branch.group(1) or 0)
            nth += 1


def read_build(build):
    """All of src/ that was compiled into the library, with its counts."""
    notes = sorted(build.glob("libhf_*.a.p/*.gcno"))
    if not notes:
        raise SystemExit(f"{build}: not built with -Db_coverage=true")
    if not list(build.glob("libhf_*.a.p/*.gcda")):
        raise SystemExit(f"{build}: no test has run")
    gcov, sources = gcov_of(build), {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(lambda x: run_gcov(gcov, build, x), notes):
            read_gcov(sources, build, lines)
    return sources


class Layer:
    def __init__(self):
        self.lines = self.reached = self.excused = 0
        self.branches = self.taken = self.excused_branches = 0
        self.open_gaps, self.open_branches = [], []


def find_reason(rows, kind, source, function, lines, text):
    found = [x for x in rows if kind in (x.kind, "line" if x.kind == "chance"
                                         else "") and
             x.excuses(source, function, lines, text)]
    for row in found:
        row.used += len(lines)
    return bool(found)


def weigh_lines(layer, rows, source):
    layer.lines += len(source.counts)
    layer.reached += sum(1 for x in source.counts.values() if x)
    for function, gap in source.gaps():
        if find_reason(rows, "line", source, function, gap,
                       source.around(gap)):
            layer.excused += len(gap)
        else:
            layer.open_gaps.append((source, function, gap))


def weigh_branches(layer, rows, source):
    """Only of lines that were reached: the others are gaps already."""
    for number, counts in sorted(source.branches.items()):
        if not source.counts[number]:
            continue
        missed = sum(1 for x in counts.values() if not x)
        layer.branches += len(counts)
        layer.taken += len(counts) - missed
        if missed and find_reason(rows, "branch", source,
                                  source.functions[number], [number],
                                  source.text[number - 1]):
            layer.excused_branches += missed
        elif missed:
            layer.open_branches.append((source, number, missed, len(counts)))


def show_gaps(layer):
    for source, function, gap in layer.open_gaps:
        print(f"{source.name}:{gap[0]}: {function} ({len(gap)} lines)")
        print("    " + source.around(gap).replace("\n", "\n    "))
    for source, number, missed, of in layer.open_branches:
        print(f"{source.name}:{number}: {missed} of {of} branches: "
              f"{source.text[number - 1].strip()}")


def judge(name, layer, floors):
    """The failures of one layer."""
    bad = [f"{source.name}:{gap[0]}: {len(gap)} lines of {function} are not "
           f"reached: {source.text[gap[0] - 1].strip()}"
           for source, function, gap in layer.open_gaps]
    share = branch_share(layer)
    floor = floors.get(name)
    if floor is None:
        bad.append(f"{name}: the table has no floor for its branches")
    elif share < floor:
        bad.append(f"{name}: {share:.2f} % of the branches, the floor is "
                   f"{floor} % (--gaps lists them)")
    elif share > floor + SLACK:
        bad.append(f"{name}: {share:.2f} % of the branches: raise the floor "
                   f"of {floor} %")
    return bad


def branch_share(layer):
    """In percent of those that are not excused."""
    of = layer.branches - layer.excused_branches
    return 100.0 * layer.taken / of if of else 100.0


def show_table(layers):
    print("layer         lines  reached  excused    branches   taken  "
          "excused  of the rest")
    total = Layer()
    for name, layer in list(layers.items()) + [("all", total)]:
        if layer is not total:
            for key in ("lines", "reached", "excused", "branches", "taken",
                        "excused_branches"):
                setattr(total, key, getattr(total, key) + getattr(layer, key))
        print(f"{name:11}{layer.lines:8}{layer.reached:9}{layer.excused:9}"
              f"{layer.branches:12}{layer.taken:8}{layer.excused_branches:9}"
              f"{branch_share(layer):11.2f} %")
    return total


def drop(numbers):
    lines = TABLE.read_text().splitlines(keepends=True)
    TABLE.write_text("".join(
        x for number, x in enumerate(lines, 1) if number not in numbers))


def main():
    parser = argparse.ArgumentParser(
        usage="coverage.py [--gaps] [--drop] BUILD")
    parser.add_argument("--drop", action="store_true")
    parser.add_argument("--gaps", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    args = parser.parse_args()
    rows, floors, bad = read_table(TABLE)
    layers = {name: Layer() for name in LAYERS}
    sources = read_build(args.build.resolve())
    for name, source in sorted(sources.items()):
        layer = layers[name.split("/")[1]]
        weigh_lines(layer, rows, source)
        weigh_branches(layer, rows, source)

    if args.gaps:
        for layer in layers.values():
            show_gaps(layer)
    total = show_table(layers)
    for name, layer in layers.items():
        bad += judge(name, layer, floors)
    stale = [x for x in rows if not x.used and not x.may_rest(sources)]
    if args.drop:
        drop({x.number for x in stale})
    else:
        bad += [f"{TABLE.name}:{x.number}: excuses nothing any more: "
                f"{x.kind} {x.file} {x.function}: {x.text}" for x in stale]
    for sentence in bad:
        print(f"FAILED   {sentence}")
    reasons = sum(x.kind != "branch" for x in rows)
    print(f"# NOTE: coverage of the library by its own tests: "
          f"{100.0 * total.reached / total.lines:.2f} % of {total.lines} lines, "
          f"the other {total.lines - total.reached} with {reasons} reasons; "
          f"{100.0 * total.taken / total.branches:.2f} % of "
          f"{total.branches} branches")
    checks = 2 * len(LAYERS) + len(rows)
    print(f"{max(checks - len(bad), 0)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

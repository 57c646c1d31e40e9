#!/usr/bin/python3
"""stack.py BUILD: how much stack the library takes, and that nothing recurses.

Compiles src/ once more as BUILD does (with gcc, which can say it), with
-fcallgraph-info, and reads who calls whom and how large each frame is.  A call
through a pointer names no one; test/stack.tsv says for each member that is
called so which functions it may be, and every function whose address is taken
anywhere must be one of those.  Then:

  - no frame is larger than FRAME_MAX, but for those that the table names
  - nothing calls itself, on whatever way, but for the ways in the table, each
    with how deep it can go at most
  - so there is a deepest way from each public function, and its bytes

What libcrypto and libc take on top is not known here; --deep prints the ways.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "test" / "stack.tsv"
FRAME_MAX = 2048
# These are told by name in the summary.
TOLD = ["hf_conn_receive", "hf_conn_send", "hf_config_freeze", "hf_explain",
        "hf_connect", "hf_read"]


# ---- compiling ----------------------------------------------------------------

def command_for(entry, to):
    """The compiler's command, without what only slows it here."""
    words = [x for x in shlex.split(entry["command"])
             if x not in ("-g", "-MD") and not x.endswith("ccache")]
    for option in ("-MQ", "-MF"):
        if option in words:
            at = words.index(option)
            del words[at:at + 2]
    words[words.index("-o") + 1] = str(to)
    return words + ["-fcallgraph-info=su", "-ffunction-sections", "-w"]


def compile_all(build, room):
    """Objects and their .ci of all that is in the library."""
    made = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if re.match(r"libhf_\w+\.a\.p/", entry["output"]):
            to = room / entry["output"].replace("/", "+")
            made.append((command_for(entry, to), to))
    if not made:
        raise SystemExit("no layer's library is built here")
    if "clang" in made[0][0][0]:
        print("1..0 # SKIP: only gcc says who calls whom")
        raise SystemExit(77)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda x: subprocess.run(x[0], cwd=build, check=True),
                      made))
    return [to for _, to in made]


# ---- reading ------------------------------------------------------------------

class Graph:
    def __init__(self):
        self.frame = {}                          # function: bytes
        self.place = {}                          # function: FILE:name
        self.calls = collections.defaultdict(set)
        self.sites = collections.defaultdict(set)  # function: members called
        self.taken = set()                       # whose address is taken
        self.unknown = []                        # sites that cannot be read

    def read_ci(self, build, path):
        text = path.read_text()
        unit = re.match(r'graph: \{ title: "([^"]*)"', text).group(1)
        for title, label in re.findall(
                r'node: \{ title: "([^"]*)" label: "([^"]*)"', text):
            size = re.search(r"(\d+) bytes \((static|dynamic,bounded)\)", label)
            if size:
                self.frame[short(title)] = int(size.group(1))
                file = re.search(r"src/\w+/[\w.]+", label).group()
                self.place[short(title)] = (
                    f"{file}:{short(title).split(':')[-1]}")
            elif "bytes (" in label:
                self.unknown.append(f"{title}: a frame of no known size")
        for source, target, where in re.findall(
                r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"'
                r'(?: label: "([^"]*)")?', text):
            if target == "__indirect_call":
                self.add_site(build, short(source), where)
            else:
                self.calls[short(source)].add(short(target))
        return unit

    def add_site(self, build, function, where):
        """The member that is called at FILE:LINE:COLUMN."""
        file, line = where.split(":")[:2]
        source = pathlib.Path(os.path.normpath(build / file))
        name = os.path.relpath(source, ROOT)
        text = source.read_text().split("\n")[int(line) - 1]
        called = re.findall(r"(?:->|\.)(\w+)\(", text)
        if not called:     # a variable, or what an expression gives: )(
            called = [x for x in re.findall(r"(\w+|\))(?:\[\w+\])?\(", text)
                      if x not in self.frame]
        if called:
            self.sites[function].add((name, tuple(called)))
        else:
            self.unknown.append(f"{name}:{line}: who is called here?")

    def read_object(self, path, unit):
        """Functions whose address stands in data or is computed in code."""
        said = subprocess.run(["objdump", "-d", "-r", "--no-show-raw-insn",
                               path], capture_output=True, text=True,
                              check=True).stdout
        jumps = False
        for line in said.split("\n"):
            code = re.match(r" +[0-9a-f]+:\t(\w+)", line)
            row = re.match(r"\t+[0-9a-f]+: R_X86_64_\w+\t(\S+)-0x4$", line)
            if code:
                jumps = code.group(1).startswith(("call", "j", "bnd", "notrack"))
            elif row and not jumps:
                self.take(row.group(1), unit)
        said = subprocess.run(["objdump", "-r", path], capture_output=True,
                              text=True, check=True).stdout
        section = ""
        for line in said.split("\n"):
            head = re.match(r"RELOCATION RECORDS FOR \[(.*)\]", line)
            section = head.group(1) if head else section
            row = re.match(r"[0-9a-f]+ R_X86_64_64 +([^+\s]+)$", line)
            if row and section.startswith(".data"):
                self.take(row.group(1), unit)

    def take(self, symbol, unit):
        name = symbol.removeprefix(".text.")
        local = f"{short(unit)}:{name}"
        self.taken.add(local if local in self.frame else name)


def short(title):
    """src/base/buf.c:name, or the name alone if it is seen from outside."""
    at = title.find("src/")
    return title[at:] if at >= 0 and title.startswith("..") else title


class Table:
    def __init__(self, path):
        self.members = {}     # member, or FILE:member: patterns
        self.frames, self.ways = {}, {}
        self.used, self.wrong = set(), []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line or line.startswith("#"):
                continue
            kind, *rest = line.split("\t")
            if kind == "calls" and len(rest) == 2:
                self.members[rest[0]] = rest[1].split()
            elif kind == "lent" and len(rest) == 2:
                self.members[rest[0]] = rest[0].split()
                self.used.add(rest[0])
            elif kind == "frame" and len(rest) == 3:
                self.frames[rest[0]] = int(rest[1])
            elif kind == "way" and len(rest) == 3:
                self.ways[rest[0]] = int(rest[1])
            else:
                self.wrong.append(f"{path.name}:{number}: no row")

    def key(self, file, member):
        for key in (f"{file}:{member}", member):
            if key in self.members:
                self.used.add(key)
                return key
        return None


# ---- judging ------------------------------------------------------------------

def resolve(graph, table):
    """Adds the calls through pointers; returns what is wrong."""
    wrong, reached = [], set()
    targets = {}
    for key, patterns in table.members.items():
        targets[key] = {x for x, place in graph.place.items()
                        for p in patterns if fnmatch.fnmatch(place, p)}
        reached |= targets[key]
        for pattern in patterns:
            if pattern != "outside" and not fnmatch.filter(
                    graph.place.values(), pattern):
                wrong.append(f"{TABLE.name}: {key} may be {pattern}, "
                             "which there is not")
    for function, sites in graph.sites.items():
        for file, names in sites:
            keys = [x for x in (table.key(file, y) for y in names) if x]
            if not keys:
                wrong.append(f"{file}: {function} calls {names[0]}(), of which "
                             f"{TABLE.name} does not say who it may be")
            for key in keys:
                graph.calls[function] |= targets[key]
    wrong += [f"{graph.place[x]}: its address is taken, and no row of {TABLE.name} says "
              "by whom it is called" for x in sorted(graph.taken)
              if x in graph.frame and x not in reached]
    wrong += [f"{TABLE.name}: nobody calls {x} through a pointer"
              for x in table.members if x not in table.used]
    return wrong


def components(graph):
    """Tarjan's strongly connected components, callees first, no recursion."""
    index, low, on, stack, out = {}, {}, set(), [], []
    for root in sorted(graph.frame):
        if root in index:
            continue
        work = [(root, iter(sorted(graph.calls[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, callees = work[-1]
            for callee in callees:
                if callee not in graph.frame:
                    continue
                if callee not in index:
                    index[callee] = low[callee] = len(index)
                    stack.append(callee)
                    on.add(callee)
                    work.append((callee, iter(sorted(graph.calls[callee]))))
                    break
                if callee in on:
                    low[node] = min(low[node], index[callee])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on.discard(group[-1])
                    out.append(group)
    return out


def measure(graph, table, wrong):
    """The deepest way from each function: (bytes, the function it goes to)."""
    deep, named = {}, set()
    for group in components(graph):
        inside = set(group)
        times = 1
        if len(group) > 1 or group[0] in graph.calls[group[0]]:
            key = next((x for x in table.ways if x in inside), None)
            if key is None:
                wrong.append("calls itself: " + ", ".join(sorted(group)))
            else:
                named.add(key)
                times = table.ways[key]
        below = max(((deep[c][0], c) for x in group for c in graph.calls[x]
                     if c in deep), default=(0, None))
        own = times * sum(graph.frame[x] + 8 for x in group)
        for x in group:
            deep[x] = (own + below[0], below[1])
    wrong += [f"{TABLE.name}: {x} does not call itself any more"
              for x in table.ways if x not in named]
    return deep


def check_frames(graph, table, wrong):
    large = {x: n for x, n in graph.frame.items() if n > FRAME_MAX}
    for name, size in sorted(large.items()):
        if name not in table.frames:
            wrong.append(f"{name}: a frame of {size} bytes, at most "
                         f"{FRAME_MAX}")
        elif size > table.frames[name]:
            wrong.append(f"{name}: a frame of {size} bytes, the table says at "
                         f"most {table.frames[name]}")
    wrong += [f"{TABLE.name}: {x} needs no row any more"
              for x in table.frames if x not in large]
    return large


def show_way(graph, deep, name):
    print(f"{deep[name][0]:7}  {name}")
    while name:
        print(f"{graph.frame[name]:14}  {name}")
        name = deep[name][1]


def public_names():
    names = set()
    for header in (ROOT / "include" / "handfast").glob("*.h"):
        names |= set(re.findall(r"HF_PUBLIC[^;{]*?\b(hf_\w+)\(",
                                header.read_text()))
    return names


def main():
    parser = argparse.ArgumentParser(usage="stack.py [--deep] BUILD")
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    args = parser.parse_args()
    build, graph, table = args.build.resolve(), Graph(), Table(TABLE)
    with tempfile.TemporaryDirectory() as room:
        objects = compile_all(build, pathlib.Path(room))
        units = [graph.read_ci(build, x.with_suffix(".ci")) for x in objects]
        for path, unit in zip(objects, units):
            graph.read_object(path, unit)
    wrong = table.wrong + graph.unknown + resolve(graph, table)
    large = check_frames(graph, table, wrong)
    deep = measure(graph, table, wrong)
    public = sorted((deep[x][0], x) for x in public_names() if x in deep)
    if args.deep:
        for _, name in public[-5:]:
            show_way(graph, deep, name)
    for sentence in wrong:
        print(f"FAILED   {sentence}")
    told = ", ".join(f"{x} {deep[x][0]}" for x in TOLD if x in deep)
    print(f"# NOTE: stack: {len(graph.frame)} functions, the largest frame "
          f"{max(graph.frame.values())} bytes, {len(large)} over {FRAME_MAX}, "
          f"{len(table.ways)} bounded recursions; at most, without libcrypto: "
          f"{told}; the deepest {public[-1][1]} {public[-1][0]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

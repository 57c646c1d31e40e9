#!/usr/bin/python3
"""mutants.py [-k DIR] [-j N] [FILE...] - changes one thing in a source file at a
time, and sees whether the tests notice.

test/mutants.tsv says for each file which tests must notice, and which changes
cannot be noticed and why; scripts/mutate.py knows the changes.  A mutant that
compiles, that is another program than the original, and that no test notices
has survived; one that survives without a reason, and a reason that excuses
nothing, are failures.

The sources are copied and their tests built, as they are and once more with
AddressSanitizer.  Then a mutant is one object, which stands before the libraries
where a test is linked.  The tests that notice much in little time come first; one
that hangs or eats the memory has noticed.  Who is noticed by none of them is
tried with the sanitizer, too.  -k DIR keeps the copy and what came of each
mutant, so that the next run goes on where this one was stopped.  Of a mutant
whose text and headers are the same nothing is asked again; where they changed it
is compiled, and tried if that made another object, or if the test that noticed
it is another program.  -a tries all of them again.  -l lists the mutants only.
"""
import argparse
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from mutate import mutants

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ["include", "src", "test", "examples", "man", "tools", "scripts",
         "docs", "packaging"]
MEGABYTES = 1500
# The limit is watched by a thread; what the dynamic linker keeps for it comes from
# a test's own calloc(), where a test has one, and is no leak of ours.
NO_LEAKS = "leak:ld-linux\n"
# What is forgotten to be set is not zero by chance.
QUICK = ["-w", "-O1", "-g0", "-ftrivial-auto-var-init=pattern"]
SAME = ["-w", "-O2", "-g0", "-fno-sanitize=all", "-frandom-seed=1"]


def read_table():
    """Which programs must notice, in which functions; and the excuses."""
    tests, only, excused = {}, {}, {}
    for row in (ROOT / "test" / "mutants.tsv").read_text().splitlines():
        if not row or row.startswith("#"):
            continue
        kind, file, *rest = row.split("\t")
        if kind == "tests":
            tests[file] = rest[0].split()
            only[file] = rest[1].split() if rest[1:] else []
        else:
            function, what, why = rest
            excused[file, function, what] = why
    return tests, only, excused


def renew(source, to):
    """A file that changed is newer than what was built of it."""
    to = pathlib.Path(to)
    if not to.exists() or to.read_bytes() != pathlib.Path(source).read_bytes():
        shutil.copyfile(source, to)
        shutil.copymode(source, to)


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def limit(seconds):
    """Of processor time, which does not depend on who else computes."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))


class Build:
    """What was built of the sources, in one way."""

    def __init__(self, root, name, limits, options):
        self.root, self.dir, self.limits = root, root / name, limits
        if not (self.dir / "build.ninja").exists():
            subprocess.run(["meson", "setup", self.dir, root, *options],
                           check=True, capture_output=True)
        (root / "no_leaks").write_text(NO_LEAKS)
        shared = os.environ.get("HF_SHARED", str(ROOT.parent / "shared"))
        self.env = dict(
            os.environ, CCACHE_DISABLE="1", HF_SHARED=shared,
            HF_SOURCE=str(root), HF_BUILD=str(self.dir),
            CMOCKA_MESSAGE_OUTPUT="TAP",
            CMOCKA_TEST_ABORT="1",  # the first failure is enough
            LSAN_OPTIONS=f"suppressions={root / 'no_leaks'}",
            ASAN_OPTIONS=f"hard_rss_limit_mb={MEGABYTES}:"
                         "detect_leaks=1:handle_abort=0")

    def make(self, targets):
        made = subprocess.run(["ninja", "-C", self.dir, *targets], text=True,
                              capture_output=True, check=False)
        if made.returncode:
            raise SystemExit(made.stdout[-2000:] + "\nthe tests are not built")
        self.deps = self.read_deps()
        self.units = {  # the library's object of each source
            (self.dir / unit["file"]).resolve(): unit for unit in
            json.loads((self.dir / "compile_commands.json").read_text())
            if unit["output"].startswith("libhf_")}

    def read_deps(self):
        """What each object was made of, as ninja remembers it."""
        deps, words = {}, None
        text = subprocess.run(["ninja", "-C", self.dir, "-t", "deps"],
                              check=True, capture_output=True, text=True).stdout
        for line in text.splitlines():
            if re.match(r"\S+: #deps", line):
                words = deps.setdefault(line.split(":")[0], [])
            elif line.startswith("    ") and words is not None:
                words.append((self.dir / line.strip()).resolve())
        return deps

    def contents(self, obj, without=None):
        """A digest of the sources of an object that are the project's."""
        files = sorted({f for f in self.deps[obj]
                        if f.is_relative_to(self.root) and f != without})
        return digest(*(f"{f.relative_to(self.root)}\0{f.read_bytes().hex()}"
                        for f in files))

    def code(self, obj):
        """A digest of what an object is, without lines and names."""
        with tempfile.NamedTemporaryFile() as bare:
            subprocess.run(["objcopy", "--strip-debug", self.dir / obj,
                            bare.name], check=True)
            return digest(pathlib.Path(bare.name).read_bytes().hex())

    def link_command(self, target):
        lines = subprocess.run(
            ["ninja", "-C", self.dir, "-t", "commands", "-s", target],
            check=True, capture_output=True, text=True).stdout.splitlines()
        return shlex.split(lines[-1])


def small(seconds):
    """Without the sanitizer, which needs addresses without end."""
    limit(seconds)
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))


def copy_to(place):
    """The sources, and the two ways to build them: the quick one first."""
    root = pathlib.Path(place).resolve()
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, dirs_exist_ok=True,
                        copy_function=renew,
                        ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file():
            renew(file, root / file.name)
    return [Build(root, "plain", small, ["-Doptimization=1", "-Ddebug=false"]),
            Build(root, "build", limit, ["-Db_sanitize=address",
                                         "-Db_lundef=false"])]


def plain(command):
    """A compiler's command without ccache, dependencies and where to."""
    words, out = iter(command), []
    for word in words:
        if word in ("-o", "-MF", "-MQ"):
            next(words)
        elif word not in ("-MD", "-c") and not word.endswith("ccache"):
            out.append(word)
    return out


class Test:
    """A program that must notice, in one build."""

    def __init__(self, build, words):
        self.build, self.words = build, words
        self.program, *self.args = words.split(":")
        self.link = [w for w in plain(build.link_command(self.program))
                     if not w.startswith("-Wl,-z,")]  # gold knows not all
        self.digest = digest(words, *(
            build.code(w) for w in self.link
            if w.endswith(".o") and w in build.deps))
        self.cost, self.noticed, self.limit = 0.0, 0, 600

    def notices(self, obj, place):
        """Does it fail with this object?"""
        program = place / ("t" + str(threading.get_ident()))
        begun = time.monotonic()
        first = next(i for i, w in enumerate(self.link) if w.endswith(".o"))
        linked = subprocess.run(
            self.link[:first] + ["-fuse-ld=gold", str(obj)] +
            self.link[first:] + ["-o", str(program)], cwd=self.build.dir,
            env=self.build.env, capture_output=True, check=False, text=True)
        if linked.returncode:
            raise SystemExit(f"{self.program}: {linked.stderr[-2000:]}")
        try:  # on a busy machine to take long is not to hang
            code = subprocess.run(
                [str(program), *self.args], cwd=self.build.dir,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env=self.build.env,
                timeout=20 * self.limit, check=False,
                preexec_fn=lambda: self.build.limits(self.limit)).returncode
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            program.unlink(missing_ok=True)
        self.cost = 0.7 * self.cost + 0.3 * (time.monotonic() - begun)
        self.noticed += code != 0
        return code != 0


class Compiled:
    """A source file in one build, and the tests that must notice there."""

    def __init__(self, build, path, words):
        self.build, self.path = build, path
        unit = build.units[path]
        self.obj = unit["output"]
        self.command = [w for w in plain(shlex.split(unit["command"]))
                        if (build.dir / w).resolve() != path]
        self.tests = [Test(build, w) for w in words]

    def object_of(self, text, place, flags):
        """The object's path, or None if it does not compile.  A file has a name,
        which objects tell; this has none."""
        obj = place / "mutant.o"
        made = subprocess.run(
            self.command + flags + ["-iquote", str(self.path.parent), "-x", "c",
                                    "-c", "-", "-o", str(obj)],
            cwd=self.build.dir, env=self.build.env, capture_output=True,
            input=text.encode(), check=False)
        return None if made.returncode else obj

    def measure(self, place):
        """Everything must pass before anything is changed."""
        obj = self.object_of(self.path.read_text(), place, QUICK)
        for test in self.tests:
            begun = time.monotonic()
            if test.notices(obj, place):
                raise SystemExit(f"{self.path}: {test.words} fails before "
                                 "anything is changed")
            test.cost = time.monotonic() - begun
            test.limit = 20 + int(10 * test.cost)
            test.noticed = 1

    def who_notices(self, obj, place):
        for test in sorted(self.tests, key=lambda t: t.cost / t.noticed):
            if test.notices(obj, place):
                return test.words
        return None


class File:
    """A source file, its tests, and what came of its mutants before."""

    def __init__(self, builds, file, words, again):
        self.root = builds[0].root
        self.path = self.root / file
        self.ways = [Compiled(build, self.path, words) for build in builds]
        self.around = builds[0].contents(self.ways[0].obj, without=self.path)
        self.digests = {t.words: t.digest for t in self.ways[0].tests}
        self.lock, self.measured = threading.Lock(), False
        memory = self.root / "mutants"
        memory.mkdir(exist_ok=True)
        self.memory = memory / (file.replace("/", "+") + ".jsonl")
        self.known, self.alike = {}, {}
        if self.memory.exists() and not again:
            for line in self.memory.read_text().splitlines():
                try:
                    one = json.loads(line)
                except ValueError:
                    continue  # the run was stopped while it wrote
                self.known[one["mutant"]] = one
                if one["came"] == "noticed":
                    self.alike[one.get("object")] = one

    def measure(self):
        """Once, and only if there is something to try."""
        with self.lock, tempfile.TemporaryDirectory(dir=self.root) as name:
            place = pathlib.Path(name)
            if self.measured:
                return
            for way in self.ways:
                way.measure(place)
            self.same = self.ways[0].object_of(self.path.read_text(), place,
                                               SAME).read_bytes()
            self.measured = True

    def judge(self, text, place):
        """(what came of it, the test that noticed it, what it was then)"""
        code = None
        for way in self.ways:
            obj = way.object_of(text, place, QUICK)
            if not obj:
                return "no C", "", None
            code = digest(way.build.dir.name, obj.read_bytes().hex())
            one = self.alike.get(code)
            if self.remembered(one):
                return one["came"], one["by"], code
            by = way.who_notices(obj, place)
            if by:
                return "noticed", by, code
        obj = self.ways[0].object_of(text, place, SAME)
        same = obj and obj.read_bytes() == self.same
        return ("the same" if same else "survived"), "", code

    def remembered(self, one):
        """What came of it, if that is still to be believed."""
        if not one or one["came"] == "survived" and \
                one["tests"] != sorted(self.digests.values()):
            return None
        if one["came"] == "noticed" and \
                one["tests"] != [self.digests.get(one["by"])]:
            return None
        return one["came"]

    def remember(self, key, came, by, code):
        one = {"mutant": key, "object": code, "came": came, "by": by, "tests":
               [self.digests[by]] if by else sorted(self.digests.values())}
        with self.lock, self.memory.open("a") as out:
            out.write(json.dumps(one) + "\n")

    def try_one(self, text):
        key = digest(text, self.around)
        came = self.remembered(self.known.get(key))
        if came:
            return came
        self.measure()
        with tempfile.TemporaryDirectory(dir=self.root) as place:
            came, by, code = self.judge(text, pathlib.Path(place))
        self.remember(key, came, by, code)
        return came


def mutants_in(path, functions):
    """Those of these functions, or of all."""
    return [m for m in mutants(path.read_text())
            if not functions or m[1] in functions]


def try_all(file, found, jobs):
    """Yields each mutant and what came of it."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            yield from zip(found, pool.map(lambda m: file.try_one(m[3]), found))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def try_file(file, name, found, excused, jobs):
    """Prints what came of it; was it good?"""
    count, used = {}, set()
    with contextlib.closing(try_all(file, found, jobs)) as results:
        for mutant, came in results:
            number, function, what, _ = mutant
            if came in ("survived", "the same"):  # another compiler may differ
                used.add((name, function, what))
            if came == "survived" and (name, function, what) in excused:
                came = "excused"
            elif came == "survived":
                print(f"# survived: {name}:{number}: {function}: {what}",
                      flush=True)
            count[came] = count.get(came, 0) + 1
    stale = [k for k in excused if k[0] == name and k not in used]
    for key in stale:
        print(f"# a reason that excuses nothing: {key[1]}: {key[2]}")
    noticed, excuses, survived, same, no_c = (
        count.get(came, 0)
        for came in ("noticed", "excused", "survived", "the same", "no C"))
    print(f"# NOTE: {name}: {noticed + excuses + survived} mutants, {noticed} "
          f"noticed, {excuses} excused, {survived} survive ({same} more are "
          f"the same program, {no_c} do not compile)", flush=True)
    return noticed and not survived and not stale


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", metavar="DIR", help="a place for the copy")
    parser.add_argument("-j", metavar="N", type=int, default=1,
                        help="so many at the same time")
    parser.add_argument("-a", action="store_true", help="all of them again")
    parser.add_argument("-l", action="store_true", help="only list them")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    tests, only, excused = read_table()
    files = args.files or list(tests)
    unknown = [name for name in files if name not in tests and not args.l]
    if unknown:
        parser.error(f"test/mutants.tsv names no tests for {unknown[0]}")
    if args.l:
        for name in files:
            for number, function, what, _ in mutants_in(ROOT / name,
                                                        only.get(name)):
                print(f"{name}:{number}: {function}: {what}")
        return 0
    print(f"1..{len(files)}", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        builds = copy_to(args.k or place)
        for build in builds:
            build.make(sorted({w.split(":")[0] for f in files
                               for w in tests[f]}))
        for n, name in enumerate(files, 1):
            file = File(builds, name, tests[name], args.a)
            found = mutants_in(file.path, only[name])
            good = try_file(file, name, found, excused, args.j)
            failed += not good
            print(f"{'ok' if good else 'not ok'} {n} - {name}", flush=True)
    return failed != 0


def stop(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

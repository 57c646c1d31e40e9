#!/usr/bin/python3
"""planted.py [-k DIR] [--check] [BUG...] - puts well-known faults into the
library, one at a time, and sees whether the gates notice.

test/planted/NAME.bug is one of them: in its first line what it is, then the
gates that must notice it, then what is changed, as a diff without numbers:

    goto fail (CVE-2014-1266): a signature is not looked at
    gate tests engine-tls12_flight_test
    gate model explore 3 'server, 1.2, requires'
    in src/handshake/certificate12.c
    -    if (!ok)
    +    if (!ok && fault)

A gate is a kind of machinery, a program and its arguments; KINDS says what
there is.  Each bug must be noticed by at least two kinds, and by every gate that
its file names; all of these must pass before anything is changed, else they
prove nothing.  What is changed must stand there exactly once.

Works on a copy of the sources.  -k DIR keeps it, and what was found out already,
for the next run: what is interrupted goes on where it was.  --check only looks
whether each bug still has its place.  A gate that needs what is not here
(cbmc: CBMC=path; BoringSSL: BORINGSSL=dir GO=go) is left out with a word.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUGS = ROOT / "test" / "planted"
SHARED = pathlib.Path(os.environ.get("HF_SHARED") or ROOT.parent / "shared")
PARTS = ["include", "src", "test", "examples", "man", "tools", "scripts",
         "docs", "packaging"]
PYTHON = "/usr/bin/python3"
BRIEF_MIN, LONGER = 60, 20  # a hang: so many seconds, or times as long


class Absent(Exception):
    """What a gate needs is not here."""


class Broken(Exception):
    """The check itself cannot be made."""


# ---- bugs ------------------------------------------------------------------------


class Gate:
    def __init__(self, line):
        self.line = line
        words = shlex.split(line)
        self.kind, self.program, self.words = words[0], words[1], words[2:]


class Bug:
    """One file of test/planted."""

    def __init__(self, path):
        self.name, self.gates, self.changes = path.stem, [], []
        self.text = path.read_text()
        self.title, *lines = self.text.splitlines()
        old, new, file = [], [], None
        for line in [*lines, "@@"]:
            if line.startswith("gate "):
                self.gates.append(Gate(line[5:]))
            elif line.startswith(("in ", "@@")):
                if old:
                    self.changes.append((file, "\n".join(old),
                                         "\n".join(new)))
                    old, new = [], []
                file = line[3:] if line.startswith("in ") else file
            elif line[:1] in "-+ " and file:
                old += [line[1:]] if line[:1] != "+" else []
                new += [line[1:]] if line[:1] != "-" else []
            else:
                raise Broken(f"{path.name}: what is this? {line}")
        if not self.changes:
            raise Broken(f"{path.name} changes nothing")

    def kinds(self):
        return {gate.kind for gate in self.gates}

    def plant(self):
        """File to its text with the bug in it."""
        texts = {}
        for file, old, new in self.changes:
            text = texts.get(file) or (ROOT / file).read_text()
            there = ("\n" + text).count("\n" + old + "\n")
            if there != 1:
                raise Broken(f"{self.name}: {file} has this {there} times, "
                             f"not once:\n{old}")
            texts[file] = ("\n" + text).replace("\n" + old + "\n", "\n" + new
                                                + "\n")[1:]
        return texts


def read_bugs(wanted):
    bugs = [Bug(path) for path in sorted(BUGS.glob("*.bug"))]
    unknown = set(wanted) - {bug.name for bug in bugs}
    if unknown:
        raise Broken("no such bug: " + ", ".join(sorted(unknown)))
    return [bug for bug in bugs if not wanted or bug.name in wanted]


# ---- the copy, and what is built of it ------------------------------------------------

# clang's is for sanitizers and libFuzzer.
BUILDS = {
    "gcc": ("gcc", []),
    "clang": ("clang", ["-Dfuzzer=true", "-Db_sanitize=address,undefined",
                        "-Db_lundef=false"]),
}


def need(program, package):
    found = shutil.which(program)
    if not found:
        raise Absent(f"{program} (apt install {package})")
    return found


class Copy:
    """The sources, where they may be spoilt."""

    def __init__(self, place):
        self.root = pathlib.Path(place).resolve()
        for part in PARTS:
            shutil.copytree(ROOT / part, self.root / part, dirs_exist_ok=True,
                            copy_function=self.renew,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for file in ROOT.iterdir():
            if file.is_file():
                self.renew(file, self.root / file.name)
        self.spoilt = set()

    @staticmethod
    def renew(source, to):
        """A file that changed is newer than what was built of it."""
        to = pathlib.Path(to)
        if not to.exists() or to.read_bytes() != pathlib.Path(
                source).read_bytes():
            shutil.copy(source, to)

    def spoil(self, texts):
        for file in self.spoilt - set(texts):
            self.write(file, (ROOT / file).read_text())
        for file, text in texts.items():
            self.write(file, text)
        self.spoilt = set(texts)

    def write(self, file, text):
        if (self.root / file).read_text() != text:
            (self.root / file).write_text(text)

    def build(self, which, targets):
        """The build directory, with @targets made."""
        compiler, options = BUILDS[which]
        place = self.root / ("build-" + which)
        need(compiler, compiler)
        if not (place / "build.ninja").exists():
            cached = ["ccache"] if shutil.which("ccache") else []
            made = subprocess.run(
                ["meson", "setup", place, self.root, *options],
                env=dict(os.environ, CC=" ".join([*cached, compiler])),
                capture_output=True, text=True, check=False)
            if made.returncode:
                raise Broken(made.stdout[-2000:])
        jobs = ["-j", os.environ["JOBS"]] if "JOBS" in os.environ else []
        made = subprocess.run(["ninja", "-C", place, *jobs, *targets],
                              capture_output=True, text=True, check=False)
        if made.returncode:
            raise Broken(f"{' '.join(targets)} cannot be built:\n"
                         + made.stdout[-3000:])
        return place


# ---- kinds of gates: what each runs, and what it calls noticed --------------------------


def of_build(which, folder="."):
    def command(copy, gate):
        program = folder + "/" + gate.program if folder != "." else gate.program
        return [copy.build(which, [program]) / program, *gate.words]
    return command


def fuzz(copy, gate):
    """The corpus; or after it RUNS inputs of libFuzzer's, always the same."""
    if not gate.words:
        name = "test/fuzz/replay_" + gate.program
        return [copy.build("gcc", [name]) / name,
                copy.root / "test/fuzz/corpus" / gate.program]
    name = "test/fuzz/fuzz_" + gate.program
    program = copy.build("clang", [name]) / name
    return [program, "-seed=1", "-runs=" + gate.words[0], "-timeout=20",
            "-rss_limit_mb=2048", "-artifact_prefix=" + str(copy.root) + "/",
            copy.root / "test" / "fuzz" / "corpus" / gate.program]


def sanitizers(copy, gate):
    return [copy.build("clang", [gate.program]) / gate.program,
            *(word.replace("corpus/", str(copy.root / "test/fuzz/corpus") + "/")
              for word in gate.words)]


def under_valgrind(copy, gate):
    return [need("valgrind", "valgrind"), "--quiet", "--error-exitcode=7",
            copy.build("gcc", [gate.program]) / gate.program, *gate.words]


def proofs(copy, gate):
    if not os.environ.get("CBMC") and not shutil.which("cbmc"):
        raise Absent("cbmc (apt install cbmc, in Debian 13; or CBMC=path)")
    return [PYTHON, copy.root / "scripts/proofs.py", gate.program, *gate.words]


def limbo(copy, gate):
    harness = "test/limbo/handfast-limbo"
    if not (SHARED / "vectors" / "limbo.json.gz").exists():
        raise Absent("x509-limbo (needs ../shared)")
    return [PYTHON, "-B", copy.root / "test/limbo" / gate.program,
            copy.build("gcc", [harness]) / harness]


def interop(copy, gate):
    need("openssl", "openssl")
    programs = {"handfast": "handfast", "peer": "test/interop/interop-peer"}
    place = copy.build("gcc", list(programs.values()))
    only = [word for word in gate.words if "=" in word] or [
        "INTEROP_ONLY=openssl"]
    return ["env", *only, PYTHON, "-B",
            copy.root / "test/interop" / gate.program,
            *(place / programs[word] if word in programs else word
              for word in gate.words if "=" not in word)]


def bogo(copy, gate):
    if not os.environ.get("BORINGSSL"):
        raise Absent("BoringSSL (BORINGSSL=dir GO=go)")
    place = copy.build("gcc", ["test/bogo/bogo-shim"])
    return ["sh", copy.root / "scripts/bogo.sh", "-b", place, "-test",
            ";".join([gate.program, *gate.words])]


def tap_fails(code, text):
    return code < 0 or re.search("^not ok", text, re.M)


def fuzzer_found(code, text):
    return code < 0 or (code != 0 and "SUMMARY: " in text)


def sanitizer_said(code, text):
    return code != 0 and re.search("(Address|Leak)Sanitizer|runtime error:",
                                   text)


def status(wanted):
    return lambda code, text: code == wanted


KINDS = {
    "tests": (of_build("gcc"), tap_fails),
    "model": (of_build("gcc", "test/model"), tap_fails),
    "faults": (of_build("gcc"), tap_fails),
    "fuzz": (fuzz, fuzzer_found),
    "sanitizers": (sanitizers, sanitizer_said),
    "constant-time": (under_valgrind, status(7)),
    "definedness": (under_valgrind, status(7)),
    "proofs": (proofs, tap_fails),
    "limbo": (limbo, tap_fails),
    "interop": (interop, tap_fails),
    "bogo": (bogo, lambda code, text: code != 0 and "FAILED (" in text),
}


class Gates:
    """Runs them, and knows which have passed on what is not spoilt."""

    def __init__(self, copy, state):
        self.copy, self.clean = copy, state.setdefault("clean", {})

    def run(self, gate, seconds):
        """(exit status, what it said, how long); None: it hung."""
        command = KINDS[gate.kind][0](self.copy, gate)
        env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP",
                   HF_SOURCE=str(self.copy.root), HF_SHARED=str(SHARED),
                   HF_BUILD=str(self.copy.root / "build-gcc"))
        start = time.monotonic()
        try:
            done = subprocess.run(command, cwd=self.copy.root, env=env,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False,
                                  timeout=seconds, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return None
        return (done.returncode, done.stdout.decode(errors="replace"),
                time.monotonic() - start)

    def passes(self, gate):
        """It must, on the clean copy.  (Absent: it cannot be run.)"""
        if gate.line in self.clean:
            return
        done = self.run(gate, 600)
        if not done or done[0] or KINDS[gate.kind][1](*done[:2]):
            raise Broken(f"fails before anything is changed: {gate.line}\n"
                         + (done[1][-2000:] if done else "it hangs"))
        self.clean[gate.line] = round(done[2], 1)

    def notices(self, gate):
        usual = self.clean[gate.line]
        done = self.run(gate, max(BRIEF_MIN, LONGER * usual))
        return not done or bool(KINDS[gate.kind][1](*done[:2]))


# ---- all of it --------------------------------------------------------------------------


def digest_of_sources():
    """Of all that may change what a gate says."""
    sum_ = hashlib.sha256()
    for part in ["include", "src", "test", "tools", "scripts", "meson.build"]:
        place = ROOT / part
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file() and file.suffix not in (".bug", ".pyc"):
                sum_.update(str(file.relative_to(ROOT)).encode() + b"\0"
                            + file.read_bytes() + b"\0")
    return sum_.hexdigest()


class State:
    """What was found out, in DIR/planted.json."""

    def __init__(self, place):
        self.path = pathlib.Path(place) / "planted.json"
        try:
            self.all = json.loads(self.path.read_text())
        except (OSError, ValueError):
            self.all = {}
        if self.all.get("sources") != digest_of_sources():
            self.all = {"sources": digest_of_sources()}

    def save(self):
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.all, indent=1))
        new.replace(self.path)


def verdict(noticed, blind, absent):
    """(passed or None if it cannot be said, a sentence)"""
    kinds = {gate.split()[0] for gate in noticed}
    if blind:
        return False, "NOT noticed by " + "; ".join(blind)
    if len(kinds) >= 2:
        return True, "noticed by " + ", ".join(sorted(kinds))
    if absent:
        return None, "; ".join(absent)
    return False, "noticed by " + (", ".join(kinds) or "nobody") + " only"


def try_bug(bug, copy, gates):
    noticed, blind, absent, here = [], [], [], []
    try:
        copy.spoil({})
        for gate in bug.gates:
            try:
                gates.passes(gate)
                here.append(gate)
            except Absent as why:
                absent.append(str(why))
        copy.spoil(bug.plant())
        for gate in here:
            (noticed if gates.notices(gate) else blind).append(gate.line)
    except Broken as why:
        print("\n".join("# " + line for line in str(why).splitlines()))
        blind.append("anything: it could not be tried")
    return {"text": bug.text, "noticed": noticed, "blind": blind,
            "absent": absent}


def home(gate):
    """A file without which this gate cannot be."""
    layer, _, test = gate.program.partition("-")
    if gate.kind in ("limbo", "interop"):
        return f"test/{gate.kind}/{gate.program}"
    if gate.kind == "fuzz":
        return f"test/fuzz/fuzz_{gate.program}.c"
    return f"src/{layer}/{test}.c" if test.endswith("_test") else "test"


def check(bugs):
    """Nothing is built: does each have its place, and two kinds of gates?"""
    for bug in bugs:
        bug.plant()
        unknown = bug.kinds() - set(KINDS)
        if unknown or len(bug.kinds()) < 2:
            raise Broken(f"{bug.name}: kinds of gates: "
                         + ", ".join(sorted(bug.kinds())))
        for gate in bug.gates:
            if not (ROOT / home(gate)).exists():
                raise Broken(f"{bug.name}: {gate.line}: no {home(gate)}")
    print(f"1..1\nok 1 - {len(bugs)} planted bugs have their places")


def run_all(bugs, place):
    failed, kinds = 0, []
    copy, state = Copy(place), State(place)
    done = state.all.setdefault("bugs", {})
    gates = Gates(copy, state.all)
    print(f"1..{len(bugs)}")
    for number, bug in enumerate(bugs, 1):
        old = done.get(bug.name)
        if not old or old["text"] != bug.text or old["blind"] or old["absent"]:
            done[bug.name] = try_bug(bug, copy, gates)
            state.save()
        found = done[bug.name]
        good, words = verdict(found["noticed"], found["blind"],
                              found["absent"])
        failed += good is False
        if good is None:
            print(f"# SKIP: {words}\nok {number} - {bug.name} # SKIP")
            continue
        kinds.append(len({line.split()[0] for line in found["noticed"]}))
        print(f"{'ok' if good else 'not ok'} {number} - {bug.name}: {words}",
              flush=True)
    copy.spoil({})
    if kinds and not failed:
        print(f"# NOTE: {len(kinds)} planted bugs, each noticed by at least "
              f"{min(kinds)} kinds of gates"
              + (f"; {len(bugs) - len(kinds)} could not be tried here"
                 if len(kinds) < len(bugs) else ""))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="DIR", help="a place for the copy")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("bugs", nargs="*")
    args = parser.parse_args()
    try:
        bugs = read_bugs(args.bugs)
        if args.check:
            check(bugs)
            return 0
        with tempfile.TemporaryDirectory() as place:
            return run_all(bugs, args.k or place)
    except Broken as why:
        print("\n".join("# " + line for line in str(why).splitlines()))
        print("not ok - the check could not be made")
        return 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""soak.py [-b BUILD] [-d DIR] [--list | --again] [GATE...] - the gates that are too
long for every change, one after the other, as test/gates.tsv lists them.

Stop it whenever you like (Ctrl-C): said once more it goes on where it was.  A
gate that has passed is not run again until a source file has changed (--again
runs it all the same).  What each says is kept in DIR (build-soak/GATE.log), and
scripts/reliability.py reads the numbers there.  A command that ends with 77 could
not be run here, and its last line says why; so is one whose variables are not
set.  Ends with `N passed, N failed`.
"""
import argparse
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ["include", "src", "test", "tools", "scripts", "examples",
           "meson.build", "meson_options.txt"]
SKIPPED = 77


def read_gates(table=ROOT / "test" / "gates.tsv"):
    """(name, when, needs, command or tests, what it shows)"""
    for line in table.read_text().splitlines():
        if line and not line.startswith("#"):
            yield tuple(line.split("\t"))


def fingerprint():
    """Changes with every file that a gate may depend on."""
    digest = hashlib.sha256()
    for part in SOURCES:
        path = ROOT / part
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


class Gate:
    def __init__(self, row, where, build):
        self.name, _, needs, self.command, self.shows = row
        self.needs = [] if needs == "-" else needs.split()
        self.log = where / f"{self.name}.log"
        self.state = where / f"{self.name}.json"
        self.build = build

    def last(self):
        try:
            return json.loads(self.state.read_text())
        except (OSError, ValueError):
            return {}

    def lacks(self):
        return [name for name in self.needs if not os.environ.get(name)]

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def run(self, print_of):
        """The exit status; what was written before is lost only now."""
        env = dict(os.environ, BUILD=str(self.build))
        began = time.monotonic()
        with self.log.open("w") as log:
            child = subprocess.Popen(
                ["sh", "-c", self.command], cwd=ROOT, env=env, stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True)
            try:
                status = child.wait()
            except KeyboardInterrupt:
                os.killpg(child.pid, signal.SIGTERM)
                child.wait()
                raise
        self.state.write_text(json.dumps({
            "sources": print_of, "status": status,
            "seconds": round(time.monotonic() - began),
            "when": time.strftime("%Y-%m-%d", time.gmtime())}) + "\n")
        return status


def minutes(seconds):
    return f"{seconds} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def show(gates, now):
    for gate in gates:
        last = gate.last()
        if not last:
            word = "not run yet"
        elif last["sources"] != now:
            word = "sources have changed since"
        else:
            word = {0: "passed", SKIPPED: "could not be run"}.get(
                last["status"], "FAILED")
            word += f", {minutes(last['seconds'])}"
        print(f"{gate.name:14}{word:30}{gate.shows}")


def judge(gate, number, now, again):
    """Runs one gate unless that is done; True, False, or None: skipped."""
    last = gate.last()
    title = f"{number} - {gate.name}"
    lacks = gate.lacks()
    if lacks:
        print(f"ok {title} # SKIP set {' and '.join(lacks)}")
        return None
    if last.get("sources") == now and last["status"] == 0 and not again:
        print(f"ok {title} (passed before, {minutes(last['seconds'])})")
        return True
    print(f"# {gate.name}: {gate.shows}", flush=True)
    status = gate.run(now)
    took = minutes(gate.last()["seconds"])
    if status == SKIPPED:
        print(f"ok {title} # SKIP {gate.last_words()}")
        return None
    if status == 0:
        print(f"ok {title} ({took})", flush=True)
        return True
    print(f"not ok {title} ({took})\n#   {gate.last_words()}\n"
          f"#   all of it: {gate.log}", flush=True)
    return False


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parse.add_argument("-b", "--build", default="build")
    parse.add_argument("-d", "--dir", default="build-soak")
    parse.add_argument("--list", action="store_true", help="how far it is")
    parse.add_argument("--again", action="store_true",
                       help="also what has passed")
    parse.add_argument("--table", type=pathlib.Path,
                       default=ROOT / "test" / "gates.tsv")
    parse.add_argument("gate", nargs="*")
    args = parse.parse_args()
    where = ROOT / args.dir
    where.mkdir(exist_ok=True)
    rows = [row for row in read_gates(args.table)
            if row[1] == "soak"]
    unknown = set(args.gate) - {row[0] for row in rows}
    if unknown:
        parse.error(f"no gate {', '.join(sorted(unknown))}; there are "
                    + ", ".join(row[0] for row in rows))
    gates = [Gate(row, where, ROOT / args.build) for row in rows
             if not args.gate or row[0] in args.gate]
    now = fingerprint()
    if args.list:
        show(gates, now)
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"1..{len(gates)}")
    try:
        results = [judge(gate, number, now, args.again)
                   for number, gate in enumerate(gates, 1)]
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on with what is not done")
        return 130
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 1 if False in results else 0


if __name__ == "__main__":
    sys.exit(main())

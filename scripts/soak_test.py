#!/usr/bin/python3
"""soak_test.py - a night's run that is stopped goes on where it was (soak.py)."""
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SOAK = pathlib.Path(__file__).resolve().parent / "soak.py"
TABLE = """\
# a comment
ignored\tcheck\t-\tnowhere\tis not of the night
good\tsoak\t-\techo x >>{dir}/good.ran; echo '# NOTE: 7 things'\tpasses
bad\tsoak\t-\techo so it is; test -e {dir}/mended\tfails until mended
absent\tsoak\tHF_NOT_SET\ttrue\tneeds what is not there
cannot\tsoak\t-\techo no such machine; exit 77\tcannot be run here
slow\tsoak\t-\ttouch {dir}/slow.ran; test -e {dir}/mended || sleep 60\twaits
"""


class World:
    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.table = self.dir / "gates.tsv"
        self.table.write_text(TABLE.format(dir=folder))

    def command(self, *args):
        return ["/usr/bin/python3", str(SOAK), "-d", str(self.dir / "state"),
                "--table", str(self.table), *args]

    def run(self, *args):
        done = subprocess.run(self.command(*args), text=True, timeout=60,
                              capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr


def want(true, *what):
    if not true:
        raise AssertionError(what)


def each_is_judged(world):
    code, said = world.run("good", "bad", "absent", "cannot")
    want(code == 1, code, said)
    for words in ("ok 1 - good", "not ok 2 - bad", "so it is",
                  "SKIP set HF_NOT_SET", "SKIP no such machine",
                  "1 passed, 1 failed"):
        want(words in said, words, said)


def stopped_it_stops_and_goes_on(world):
    with subprocess.Popen(world.command("good", "slow"), text=True,
                          stdout=subprocess.PIPE) as child:
        for _ in range(600):
            if (world.dir / "slow.ran").exists():
                break
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=20)[0]
    want(child.returncode == 130 and "stopped" in said, said)
    (world.dir / "mended").touch()
    code, said = world.run("good", "bad", "slow")
    want(code == 0 and "3 passed, 0 failed" in said, code, said)
    want("ok 1 - good (passed before" in said, said)
    # It passed in the first test, and was not run since.
    want((world.dir / "good.ran").read_text() == "x\n", said)
    world.run("--again", "good")
    want((world.dir / "good.ran").read_text() == "x\nx\n", said)


def what_is_there_is_listed(world):
    code, said = world.run("--list")
    want(code == 0 and "ignored" not in said, said)
    for words in ("good", "passed", "not run yet", "could not be run"):
        want(words in said, words, said)
    code, said = world.run("goood")
    want(code == 2 and "no gate goood; there are good, bad" in said, said)


def main():
    tests = [each_is_judged, stopped_it_stops_and_goes_on,
             what_is_there_is_listed]
    failed = 0
    print(f"1..{len(tests)}")
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        for n, test in enumerate(tests, 1):
            try:
                test(world)
                print(f"ok {n} - {test.__name__}")
            except AssertionError as wrong:
                failed += 1
                print(f"not ok {n} - {test.__name__}")
                for part in wrong.args[0]:
                    print("\n".join(f"# {x}" for x in str(part).splitlines()))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""`handfast demo`: the story is as told, in a blink, twice in a row, without a
file left behind and without a network."""
import os
import shutil
import subprocess
import sys

import cli
from cli import HANDFAST, equal, has, lacks, run, want


def everything(top):
    return sorted(os.path.join(where, f) for where, dirs, files in os.walk(top)
                  for f in files + dirs)


def test_the_story_twice_in_a_row_leaves_no_files():
    home = cli.WORK / "home"
    home.mkdir()
    env = {"HOME": str(home), "TMPDIR": str(home),
           "XDG_RUNTIME_DIR": str(home), "XDG_DATA_HOME": str(home),
           "LC_ALL": "C.UTF-8"}
    for _ in range(2):
        done = run("demo", env=env, cwd=home)
        equal(done.code, 0, done)
        equal(done.err, "")
        equal(everything(home), [])
        want(done.seconds < 2 or "Sanitizer" in str(os.environ), done.seconds)
        for line in (r"^1  a certificate authority", r"^2  a server",
                     r"^3  a client says hello +TLS 1\.3",
                     r"ClientHello .* B .* ms .*\u25b6 \u2502  offers TLS 1\.3",
                     r"\u25aa Certificate ", r"\u25aa CertificateVerify",
                     r"^4  and wrong on purpose .*refused",
                     r"\[verify\.name\], exit 60", r"DNS:example\.com",
                     r'^HTTP body: "Hello from the other side of the '
                     r'handshake\."$'):
            has(done.out, line)


def test_without_utf8_it_is_drawn_in_ascii():
    done = run("demo", env={"LC_ALL": "C"})
    equal(done.code, 0)
    want(done.bytes.isascii(), done.out)
    has(done.out, r"^     \|   ClientHello .*-> \|")


def test_no_colour_in_a_pipe_and_colour_when_asked_for():
    lacks(run("demo").out, r"\x1b")
    has(run("demo", "--color=always").out, r"\x1b\[")


def test_it_needs_no_words():
    equal(run("demo", "please").code, 2)


def test_without_a_network():
    if not shutil.which("unshare"):
        raise cli.Skip("unshare (apt install util-linux)")
    probe = subprocess.run(["unshare", "-rn", "true"], check=False,
                           capture_output=True)
    if probe.returncode:
        raise cli.Skip("a network of one's own (cannot be had: no rights)")
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$0" demo',
         HANDFAST], capture_output=True, check=False, env=cli.CLEAN)
    equal(done.returncode, 0, done)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

"""A `handfast serve` of ours for tests that come back to it: a context, and the
ways in which they come."""
import json
import os
import subprocess
import time

import cli
import schema
from cli import HANDFAST, WORK, ca_file, certificate, run, want


class Serve:
    """`handfast serve --json --port 0 WORDS` with a certificate of ours; .said
    has what it said of each request when it has stopped."""

    def __init__(self, *words):
        chain, key = certificate("good")
        self.child = subprocess.Popen(
            [HANDFAST, "serve", "--json", "--port", "0", "--cert", chain,
             "--key", key, *map(str, words)], env=cli.CLEAN, cwd=WORK,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port = json.loads(self.child.stdout.readline())["port"]
        self.url = f"https://localhost:{self.port}/"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        out, err = self.child.communicate(timeout=20)
        self.said = [json.loads(line) for line in out.splitlines()]
        for line in self.said:
            schema.check(line)
        want("Sanitizer" not in err, err)

    def get(self, file, *words):
        return run("get", "-sS", "-o", os.devnull, "--cacert", ca_file(),
                   "--ssl-sessions", file, "-w", "%{tls_resumed}",
                   *words, self.url)

    def connect(self, *words):
        return run("connect", "--cacert", ca_file(), *words,
                   f"localhost:{self.port}")


def fresh(name):
    """A path where there is no file yet."""
    return WORK / f"{name}-{time.monotonic_ns()}"

#!/usr/bin/python3
"""What records and hellos look like from outside: lengths that were asked for,
padding, and values that mean nothing.  Everything is read off the wire."""
import json
import re
import socket
import subprocess
import sys
import threading

import cli
from cli import CLEAN, HANDFAST, WORK, equal, has, lacks, run, want

SIZE = 30000


class Serve:
    """`handfast serve WORDS` on a port of its own, until the block ends."""

    def __init__(self, *words):
        self.child = subprocess.Popen(
            [HANDFAST, "serve", "--port", "0", "--json", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=WORK,
            env=CLEAN)
        said = json.loads(self.child.stdout.readline())
        self.port, self.ca = said["port"], said["ca"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.communicate(timeout=20)


class Between:
    """Passes one connection on to a port and keeps both directions."""

    def __init__(self, port):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.said = [b"", b""]  # by the client, by the server
        self.thread = threading.Thread(target=self.pass_on, args=(port,))
        self.thread.start()

    def pass_on(self, port):
        client, _ = self.socket.accept()
        server = socket.create_connection(("127.0.0.1", port))
        back = threading.Thread(target=self.pump, args=(1, server, client))
        back.start()
        self.pump(0, client, server)
        back.join()
        client.close()
        server.close()
        self.socket.close()

    def pump(self, who, source, target):
        try:
            while data := source.recv(65536):
                self.said[who] += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def records(self, who, sealed=True):
        """What is inside the records that it sent under keys."""
        data, out = self.said[who], []
        while data:
            length = int.from_bytes(data[3:5], "big")
            if (data[0] == 23) == sealed:
                out.append(length - 16 if sealed else length)
            data = data[5 + length:]
        return out


def fetch(server, *words):
    between = Between(server.port)
    done = run("get", f"https://localhost:{between.port}/big", "--cacert",
               server.ca, "-s", "-o", WORK / "big.got", *words)
    between.thread.join(20)
    equal(done.code, 0, done)
    equal((WORK / "big.got").stat().st_size, SIZE)
    return between


def folder():
    path = WORK / "shape"
    path.mkdir(exist_ok=True)
    (path / "big").write_bytes(b"x" * SIZE)
    return path


def test_records_are_as_small_as_asked():
    with Serve("--dir", folder(), "--record-size-limit", "200") as server:
        for words, most in ((("--record-size-limit", "512"), 512),
                            (("--max-fragment-length", "1024"), 1025),
                            (("--maxfraglen", "512", "--recordsize", "99"),
                             99), ((), 16385)):
            between = fetch(server, *words)
            equal(max(between.records(1)), most, words)
            if "512" in words:
                want(max(between.records(0)) <= 200, between.records(0))
        between = fetch(server, "--tls-max", "1.2", "--max-fragment-length",
                        "512")
        want(max(between.records(1, sealed=False)) <= 512, "in the clear")
        equal(max(between.records(1)), 512 + 8)


def test_records_are_padded():
    with Serve("--dir", folder(), "--record-padding", "1000") as server:
        between = fetch(server, "--record-padding", "128")
        equal({n % 128 for n in between.records(0)}, {0})
        equal({n % 1000 for n in between.records(1) if n < 16000}, {0})
        equal(max(between.records(1)), 16385)  # never more than there is


def test_what_is_wrong_is_refused():
    for words, why in ((("--record-size-limit", "63"), "from 64 to 16385"),
                       (("--record-size-limit", "99999999"), "16385"),
                       (("--max-fragment-length", "1000"), "512, 1024"),
                       (("--record-padding", "16385"), "16384")):
        done = run("get", "https://localhost:1/", *words)
        equal(done.code, 2, done)
        has(done.err, why)


def test_grease_is_there_and_harmless():
    with Serve("--dir", folder(), "--grease") as server:
        for _ in range(3):
            done = run("connect", f"localhost:{server.port}", "--cacert",
                       server.ca, "-vv", "--grease", stdin=b"")
            equal(done.code, 0, done)
            hello = re.search(r"ClientHello(.*?)ServerHello", done.err, re.S)
            want(hello and hello.group(1).count("GREASE") >= 6, done.err)
        done = run("connect", f"localhost:{server.port}", "--cacert",
                   server.ca, "-vv", stdin=b"")
        lacks(done.err, "GREASE")


cli.run_tests(sys.modules[__name__])

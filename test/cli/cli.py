"""cli.py: what the tests of the command share: TAP, running `handfast`, and
servers that misbehave in a chosen way.

A test is a function `test_some_sentence`; run_tests() runs them in order and
prints TAP.  HANDFAST names the command; it is the test's first argument.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import schema

HANDFAST = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "handfast"
WORK = pathlib.Path(tempfile.mkdtemp(prefix="handfast-cli-"))

# What a person's environment could change.
CLEAN = {key: value for key, value in os.environ.items()
         if key not in ("SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR",
                        "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM")
         and not key.lower().endswith("_proxy")}
CLEAN["HANDFAST_LANG"] = "en"


class Skip(Exception):
    """Raised with the reason in the form that scripts/summary.py knows."""


class Ran:
    def __init__(self, done, seconds):
        self.code = done.returncode
        self.bytes = done.stdout
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")
        self.seconds = seconds

    def json(self):
        """The document on standard output, which fits its schema."""
        document = json.loads(self.out)
        if "schema" in document:
            schema.check(document)
        return document

    def __repr__(self):
        return (f"exit {self.code}\n--- stdout\n{self.out[-1500:]}\n"
                f"--- stderr\n{self.err[-3000:]}")


def run(*words, env=None, stdin=b"", timeout=60, cwd=None):
    """Runs `handfast WORDS`, stdin closed unless bytes are given."""
    began = time.monotonic()
    done = subprocess.run([HANDFAST, *map(str, words)], input=stdin,
                          capture_output=True, timeout=timeout,
                          env={**CLEAN, **(env or {})}, cwd=cwd or WORK,
                          check=False)
    return Ran(done, time.monotonic() - began)


def want(condition, *what):
    if not condition:
        raise AssertionError("\n".join(str(w) for w in what) or "not so")


def equal(found, wanted, *what):
    want(found == wanted, f"found {found!r}, wanted {wanted!r}", *what)


def has(text, pattern, *what):
    want(re.search(pattern, text, re.M), f"no /{pattern}/ in", text, *what)


def lacks(text, pattern, *what):
    want(not re.search(pattern, text, re.M), f"/{pattern}/ in", text, *what)


# ---- certificates -------------------------------------------------------------

_ca = None


def ca():
    """The folder of an authority made with `handfast ca init`."""
    global _ca
    if _ca is None:
        folder = WORK / "ca"
        done = run("ca", "init", folder)
        want(done.code == 0, done)
        _ca = folder
    return _ca


def ca_file():
    return ca() / "ca.pem"


def certificate(name, *names, options=()):
    """(chain, key) of a certificate that `handfast ca issue` makes."""
    chain = WORK / f"{name}.pem"
    key = WORK / f"{name}-key.pem"
    if not chain.exists():
        done = run("ca", "issue", *(names or ("localhost", "127.0.0.1", "::1")),
                   "--ca", ca(), "--out", chain, *options)
        want(done.code == 0, done)
    return chain, key


# ---- servers --------------------------------------------------------------------

class Server:
    """Accepts on a free port of 127.0.0.1 and hands each socket to @handle,
    in a thread.  What @handle raises is kept in .faults."""

    def __init__(self, handle):
        self.handle = handle
        self.faults = []
        self.accepted = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open = []
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            self.open.append(peer)
            threading.Thread(target=self.one, args=(peer,),
                             daemon=True).start()

    def one(self, peer):
        try:
            self.handle(peer)
        except (OSError, ssl.SSLError, EOFError) as fault:
            self.faults.append(fault)
        finally:
            try:
                peer.close()
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Closing does not wake who waits in accept(), and he might go on with
        # the next server's socket, which gets the same number.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(10)
        self.socket.close()
        for peer in self.open:
            peer.close()


def tls_context(chain, key, **settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def tls_server(handle, chain=None, key=None, context=None):
    """A Server whose @handle gets a TLS socket."""
    if context is None:
        if chain is None:
            chain, key = certificate("good")
        context = tls_context(chain, key)

    def wrapped(peer):
        tls = context.wrap_socket(peer, server_side=True,
                                  suppress_ragged_eofs=False)
        handle(tls)
    return Server(wrapped)


def read_request(tls):
    """(head, body) of an HTTP request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = tls.recv(65536)
        if not more:
            raise EOFError("no request")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    while length and len(body) < int(length.group(1)):
        body += tls.recv(65536)
    return head.decode(), body


def end(tls):
    """close_notify, and out."""
    try:
        tls.unwrap()
    except (OSError, ssl.SSLError):
        pass


def answers(text):
    """A handler that answers every connection with these bytes."""
    def handle(tls):
        read_request(tls)
        tls.sendall(text)
        end(tls)
    return handle


def openssl(*words):
    """`openssl s_server` on a free port, or Skip."""
    if not shutil.which("openssl"):
        raise Skip("openssl s_server (apt install openssl)")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    child = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet",
         *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, cwd=WORK)
    child.port = port
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return child
        except OSError:
            if child.poll() is not None:
                raise AssertionError(child.stderr.read().decode()) from None
            time.sleep(0.02)
    raise AssertionError("openssl s_server does not listen")


def stop(child):
    child.kill()
    child.communicate()


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


# ---- TAP ------------------------------------------------------------------------

def run_tests(module):
    tests = [(name, value) for name, value in vars(module).items()
             if name.startswith("test_") and callable(value)]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        name = name[5:]
        try:
            test()
            print(f"ok {number} {name}", flush=True)
        except Skip as reason:
            print(f"# SKIP: {reason}")
            print(f"ok {number} # SKIP {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print(f"not ok {number} {name}", flush=True)
    shutil.rmtree(WORK, ignore_errors=True)
    sys.exit(1 if failed else 0)

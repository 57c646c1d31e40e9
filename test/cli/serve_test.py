#!/usr/bin/python3
"""`handfast serve`: found by curl, openssl and Python; many at once; no path
out of its folder; wrong on purpose; gone without a trace."""
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import cli
import schema
from cli import (HANDFAST, Skip, ca_file, certificate, equal, has, lacks, run,
                 want)


class Serve:
    """`handfast serve --json --port 0 WORDS`, and what it says."""

    def __init__(self, *words, env=None):
        self.run_dir = cli.WORK / f"run-{time.monotonic_ns()}"
        self.run_dir.mkdir(mode=0o700)
        self.child = subprocess.Popen(
            [HANDFAST, "serve", "--json", "--port", "0", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cli.WORK,
            env={**cli.CLEAN, "XDG_RUNTIME_DIR": str(self.run_dir),
                 **(env or {})})
        line = self.child.stdout.readline()
        if not line:
            raise AssertionError(self.child.stderr.read().decode())
        self.said = [json.loads(line)]
        self.port = self.said[0]["port"]
        self.ca = self.said[0]["ca"]
        self.client = self.said[0]["client"]
        self.url = f"https://localhost:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.stop()

    def stop(self, number=signal.SIGTERM):
        """Its exit code; everything that it said is in .said."""
        self.child.send_signal(number)
        return self.wait()

    def wait(self, timeout=20):
        out, err = self.child.communicate(timeout=timeout)
        self.said += [json.loads(line) for line in out.splitlines()]
        self.err = err.decode()
        for line in self.said:
            schema.check(line)
        want("Sanitizer" not in self.err, self.err)
        return self.child.returncode

    def context(self, protocols=None):
        context = ssl.create_default_context(cafile=self.ca)
        if protocols:
            context.set_alpn_protocols(protocols)
        return context

    def connect(self, name="localhost", context=None):
        raw = socket.create_connection(("localhost", self.port), timeout=10)
        return (context or self.context()).wrap_socket(
            raw, server_hostname=name)

    def ask(self, text, tls=None):
        """The answer to a request, as bytes until the end."""
        tls = tls or self.connect()
        tls.sendall(text)
        answer = b""
        while True:
            more = tls.recv(65536)
            if not more:
                return answer
            answer += more


def get(path, method="GET", close=True):
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"{'Connection: close' if close else 'X: y'}\r\n\r\n").encode()


def status(answer):
    return int(answer.split(None, 2)[1])


def curl(*words):
    if not shutil.which("curl"):
        raise Skip("curl (apt install curl)")
    return subprocess.run(["curl", "-sS", "--max-time", "20", *words],
                          capture_output=True, check=False, cwd=cli.WORK)


def test_curl_is_served_with_what_the_banner_says():
    with Serve() as s:
        done = curl("--cacert", s.ca, s.url + "/")
        equal(done.returncode, 0, done.stderr)
        has(done.stdout.decode(), "Hello from the other side of the handshake")
        head = curl("--cacert", s.ca, "-I", f"https://127.0.0.1:{s.port}/")
        has(head.stdout.decode(), "^HTTP/1.1 200 OK")
        equal(s.stop(), 0)
    equal([line["event"] for line in s.said],
          ["listening", "request", "request"])
    equal(s.said[2]["method"], "HEAD")


def test_the_banner_says_what_to_type():
    child = subprocess.Popen([HANDFAST, "serve", "--port", "0"],
                             stdout=subprocess.PIPE, env={
                                 **cli.CLEAN, "TMPDIR": str(cli.WORK),
                                 "XDG_RUNTIME_DIR": ""})
    lines = [child.stdout.readline().decode() for _ in range(5)]
    port = re.search(r"serving https://localhost:(\d+)/", lines[0]).group(1)
    words = re.search(r"try +curl (.*)", "".join(lines)).group(1).split()
    equal(curl(*words).returncode, 0)
    own = re.search(r"try +handfast (get .*)", "".join(lines)).group(1)
    done = run(*own.split())
    equal(done.code, 0, done)
    child.send_signal(signal.SIGINT)
    rest = child.communicate(timeout=10)[0].decode()
    equal(child.returncode, 0)
    has(rest, r"^\d\d:\d\d:\d\d \S+ +TLS 1\.3 \S+ \S+ +[\d.]+ ms  GET / 200")
    want(not os.path.exists(words[1]), "the file to trust is gone")
    want(port)


def test_it_leaves_no_files_behind():
    for words in ((), ("--verify-client", "required")):
        with Serve(*words) as s:
            files = [os.path.join(top, f)
                     for top, _, fs in os.walk(s.run_dir) for f in fs]
            equal(len(files), 2 if words else 1, files)
            for path in files:
                text = open(path, encoding="ascii").read()
                want("PRIVATE KEY" not in text or
                     os.stat(path).st_mode & 0o77 == 0, path)
            equal(s.stop(), 0)
        equal(os.listdir(s.run_dir), [])


def test_openssl_talks_to_it_in_every_suite_and_group():
    if not shutil.which("openssl"):
        raise Skip("openssl s_client (apt install openssl)")
    with Serve("--groups", "x25519:P-256:P-384") as s:
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                      "TLS_CHACHA20_POLY1305_SHA256"):
            for group in ("X25519", "P-256", "P-384"):
                done = subprocess.run(
                    ["openssl", "s_client", "-connect", f"localhost:{s.port}",
                     "-CAfile", s.ca, "-verify_return_error",
                     "-verify_hostname", "localhost", "-quiet",
                     "-ciphersuites", suite, "-groups", group],
                    input=get("/.handfast.json"), capture_output=True,
                    timeout=20, check=False)
                body = done.stdout.partition(b"\r\n\r\n")[2]
                page = json.loads(body)
                schema.check(page)
                equal(page["suite"], suite)
                equal(page["group"], {"X25519": "x25519",
                                      "P-256": "secp256r1",
                                      "P-384": "secp384r1"}[group])
                equal(page["retried"], False)


def test_a_client_that_guessed_wrong_is_asked_again():
    with Serve("--fault", "hrr") as s:
        page = json.loads(s.ask(get("/.handfast.json")).partition(
            b"\r\n\r\n")[2])
        equal(page["retried"], True)
        has(json.dumps(page["decisions"]), "choose.retry")


def test_the_status_page_tells_what_was_offered_and_why():
    with Serve() as s:
        tls = s.connect(context=s.context(["h2", "http/1.1"]))
        equal(tls.selected_alpn_protocol(), "http/1.1")
        page = json.loads(s.ask(get("/.handfast.json"), tls).partition(
            b"\r\n\r\n")[2])
        schema.check(page)
        equal(page["offered"]["name"], "localhost")
        equal(page["offered"]["protocols"], ["h2", "http/1.1"])
        want(any("TLS_AES_256_GCM_SHA384" in one
                 for one in page["offered"]["suites"]), page["offered"])
        equal(page["protocol"], "http/1.1")
        want({"choose.version", "choose.suite", "choose.group"} <=
             {one["event"] for one in page["decisions"]})
        explained = run("explain", page["offered"]["client_hello"])
        equal(explained.code, 0)
        html = s.ask(get("/")).decode()
        has(html, "What was chosen, and why")
        lacks(html, "<script")


def test_files_of_a_folder_and_nothing_else():
    top = cli.WORK / "www"
    (top / "sub").mkdir(parents=True)
    (top / "d&d").mkdir()
    big = os.urandom(3_000_000)
    (top / "big.bin").write_bytes(big)
    (top / "a.txt").write_text("hello\n")
    (top / "empty").write_text("")
    (top / "sub/index.html").write_text("<b>index</b>")
    (top / "d&d/<x>.txt").write_text("x")
    (top / ".hidden").write_text("secret")
    (cli.WORK / "outside").write_text("secret")
    os.symlink(cli.WORK / "outside", top / "link")
    os.symlink(cli.WORK, top / "links")
    os.mkfifo(top / "fifo")
    with Serve("--dir", top) as s:
        def ask(path, method="GET"):
            answer = s.ask(get(path, method))
            return status(answer), answer.partition(b"\r\n\r\n")[2]
        equal(ask("/a.txt"), (200, b"hello\n"))
        equal(ask("/a.txt?q=1"), (200, b"hello\n"))
        equal(ask("/a.txt", "HEAD"), (200, b""))
        equal(ask("/empty"), (200, b""))
        equal(ask("/big.bin"), (200, big))
        equal(ask("/sub/"), (200, b"<b>index</b>"))
        has(s.ask(get("/sub")).decode(), r"^Location: /sub/\r$")
        has(s.ask(get("//sub")).decode(), r"^Location: /sub/\r$")
        equal(ask("/d%26d/%3Cx%3E.txt"), (200, b"x"))
        code, listing = ask("/d%26d/")
        equal(code, 200)
        has(listing.decode(), r'href="%3Cx%3E\.txt">&lt;x&gt;\.txt<')
        lacks(ask("/")[1].decode(), "hidden|link|fifo")
        has(s.ask(get("/.handfast")).decode(), "What was chosen")
        for path in ("/.hidden", "/link", "/links/outside", "/fifo",
                     "/../outside", "/sub/../../outside", "/%2e%2e/outside",
                     "/..%2foutside", "/sub/..%2f..%2foutside", "//etc/passwd",
                     "/./a.txt", "/a.txt/", "/none", "/%00", "/%", "/%zz",
                     "/" + "x" * 300, "a.txt", "*"):
            code, body = ask(path)
            want(code in (400, 404), path, code)
            lacks(body.decode(), "secret|root:")
        equal(ask("/" + "x" * 3000)[0], 414)


def test_requests_that_are_none():
    with Serve() as s:
        for text, code in (
                (b"\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
                (b"GET /\r\n\r\n", 400), (b"GET / HTTP/2.0\r\n\r\n", 505),
                (b"BREW / HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
                (b"GET / HTTP/1.1\r\nContent-Length: 1\r\n"
                 b"Content-Length: 2\r\n\r\n", 400),
                (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
                (b"GET / HTTP/1.1\r\n bad: x\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\nbad : x\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\nx\r\n\r\n", 400),
                (b"GET /\x00 HTTP/1.1\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\nX: " + b"y" * 20000 + b"\r\n\r\n", 431)):
            equal(status(s.ask(text)), code, text[:60])
        equal(s.stop(), 0)


def test_one_connection_serves_many_requests():
    with Serve() as s:
        tls = s.connect()
        answer = s.ask(get("/", close=False) * 3 + get("/none"), tls)
        equal(answer.count(b"HTTP/1.1 200 OK"), 3)
        equal(answer.count(b"HTTP/1.1 404"), 1)


def test_what_is_posted_is_hashed():
    body = os.urandom(2_000_000)
    with Serve() as s:
        answer = s.ask(b"POST /x HTTP/1.1\r\nConnection: close\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(body) + body)
        has(answer.decode(), f"{len(body)} bytes, sha256 "
                             f"{hashlib.sha256(body).hexdigest()}")


def test_ten_clients_at_once_each_get_their_own_bytes_back():
    faults = []

    def client(s):
        try:
            data = os.urandom(1_000_000)
            tls = s.connect()
            tls.sendall(data)
            got = bytearray()
            while len(got) < len(data):
                more = tls.recv(65536)
                want(more, "it ended early")
                got += more
            equal(bytes(got), data)
            tls.unwrap()
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)

    with Serve("--echo") as s:
        idle = [s.connect() for _ in range(20)]
        threads = [threading.Thread(target=client, args=(s,))
                   for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(faults, [])
        want(idle)


def test_a_full_house_lets_in_one_after_the_other():
    with Serve("--max", "2") as s:
        first, second = s.connect(), s.connect()
        waiting = socket.create_connection(("localhost", s.port), timeout=10)
        first.sendall(get("/"))
        while first.recv(65536):
            pass
        first.close()
        third = s.context().wrap_socket(waiting, server_hostname="localhost")
        equal(status(s.ask(get("/"), third)), 200)
        want(second)


def test_client_certificates_required_and_optional():
    with Serve("--verify-client", "required") as s:
        bare = s.connect()
        try:
            bare.sendall(get("/"))
            want(not bare.recv(100), "no answer without a certificate")
        except (ssl.SSLError, ConnectionError) as fault:
            # or the alert, unless the connection's reset came before it
            want(re.search("(?i)certificate.required", str(fault)) or
                 isinstance(fault, ConnectionError), fault)
        context = s.context()
        context.load_cert_chain(s.client)
        page = json.loads(s.ask(get("/.handfast.json"),
                                s.connect(context=context)).partition(
                                    b"\r\n\r\n")[2])
        equal(page["client_verified"], True)
        equal(s.stop(), 0)
    refused = [one for one in s.said if one["event"] == "refused"]
    equal([one["error"]["code"] for one in refused],
          ["proof.no_certificate"])
    with Serve("--verify-client", "optional") as s:
        page = json.loads(s.ask(get("/.handfast.json")).partition(
            b"\r\n\r\n")[2])
        equal(page["client_verified"], False)
        stranger = s.context()
        stranger.load_cert_chain(*certificate(
            "alice", "alice@dev.test", options=("--client",)))
        try:
            answer = s.ask(get("/"), s.connect(context=stranger))
            equal(answer, b"", "a stranger's certificate is refused")
        except (ssl.SSLError, ConnectionError):
            pass
    chain, _ = certificate("good")
    with Serve("--cert", chain, "--key", certificate("good")[1],
               "--verify-client", "required", "--cafile", ca_file()) as s:
        s.ca = ca_file()
        friend = s.context()
        friend.load_cert_chain(*certificate(
            "alice", "alice@dev.test", options=("--client",)))
        equal(status(s.ask(get("/"), s.connect(context=friend))), 200)


def test_sni_chooses_among_several_certificates():
    one = certificate("one", "one.test")
    two = certificate("two", "two.test", options=("--key", "rsa2048"))
    with Serve("--cert", one[0], "--key", one[1], "--cert", two[0], "--key",
               two[1]) as s:
        s.ca = ca_file()
        for name in ("one.test", "two.test"):
            tls = s.connect(name)
            equal(tls.getpeercert()["subjectAltName"], (("DNS", name),))


def test_protocols_and_lists_are_as_said():
    with Serve("--alpn", "x,y", "--ciphers", "TLS_AES_256_GCM_SHA384",
               "--groups", "P-256") as s:
        tls = s.connect(context=s.context(["z", "y"]))
        equal(tls.selected_alpn_protocol(), "y")
        equal(tls.cipher()[0], "TLS_AES_256_GCM_SHA384")
        try:
            s.connect(context=s.context(["z"]))
            want(False, "no protocol in common")
        except ssl.SSLError as fault:
            has(str(fault), "(?i)no.application.protocol")
    for words in (("--ciphers", "RC4"), ("--groups", "x"), ("--fault", "x"),
                  ("--port", "x"), ("--port", "70000"), ("file",),
                  ("--cert", "a", "--fault", "expired"),
                  ("--dir", "no-such-folder")):
        equal(run("serve", *words).code, 2, words)
    equal(run("serve", "--cert", "no-such-file").code in (2, 58), True)


def test_the_key_log_is_written_only_when_asked_for():
    log = cli.WORK / "keys.txt"
    with Serve("--keylog", log) as s:
        equal(status(s.ask(get("/"))), 200)
        equal(s.stop(), 0)
        has(s.err, "secrets of every connection")
    equal(os.stat(log).st_mode & 0o777, 0o600)
    labels = re.findall(r"^(\w+) [0-9a-f]{64} [0-9a-f]{64,96}$",
                        log.read_text(), re.M)
    want({"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"} <=
         set(labels), labels)


def test_once_and_its_exit_code():
    with Serve("--once") as s:
        equal(status(s.ask(get("/"))), 200)
        equal(s.wait(), 0)
    with Serve("--once") as s:
        try:
            socket.create_connection(("localhost", s.port)).close()
        except OSError:
            pass
        equal(s.wait(), 35)
    with Serve("--count", "2") as s:
        equal(status(s.ask(get("/"))), 200)
        equal(status(s.ask(get("/"))), 200)
        equal(s.wait(), 0)


def test_a_port_that_is_taken_is_said():
    with Serve() as s:
        done = run("serve", "--port", s.port)
        equal(done.code, 7, done)
        has(done.err, f"port {s.port} is taken")


def test_s_servers_words_are_understood():
    chain, key = certificate("good")
    done = subprocess.Popen(
        [HANDFAST, "s_server", "-accept", "0", "-cert", chain, "-key", key,
         "-www", "-naccept", "1", "-json"], stdout=subprocess.PIPE,
        env=cli.CLEAN)
    port = json.loads(done.stdout.readline())["port"]
    got = run("get", "--cacert", ca_file(), f"https://localhost:{port}/")
    equal(got.code, 0, got)
    done.communicate(timeout=10)
    equal(done.returncode, 0)


# What `get` has to say to each server that is wrong on purpose.
FAULTS = {
    "truncate": ("peer.truncated", 56), "drop": ("peer.closed_early", 35),
    "garble": ("record.bad_mac", 35), "http": ("record.plain_http", 35),
    "tls10": ("negotiate.version", 35), "expired": ("verify.expired", 60),
    "not-yet": ("verify.not_yet_valid", 60),
    "wrong-name": ("verify.name", 60), "no-san": ("verify.name", 60),
    "sha1": ("verify.algorithm", 60), "no-ca-bit": ("verify.not_a_ca", 60),
    "key-usage": ("verify.key_usage", 60), "wrong-eku": ("verify.eku", 60),
    "constraint": ("verify.name_constraint", 60),
    "path-length": ("verify.path_length", 60),
    "wildcard": ("verify.name", 60), "nul-in-name": ("verify.name", 60),
    "expired-intermediate": ("verify.expired", 60),
    "no-cert-sign": ("verify.key_usage", 60),
    "issuer-eku": ("verify.eku", 60), "zero-serial": ("verify.der", 60),
    "critical": ("verify.critical_extension", 60),
    "bad-signature": ("verify.signature", 60),
    "self-signed": ("verify.self_signed", 60),
    "unknown-issuer": ("verify.unknown_issuer", 60),
    "missing-intermediate": ("verify.missing_intermediate", 60),
}


def test_every_fault_is_told_by_get_as_what_it_is():
    listed = set(re.findall(r"^  (\S+) ", run("serve",
                                              "--list-faults").out, re.M))
    equal(listed, set(FAULTS) | {"hrr", "silence"})
    for fault, (code, exit_code) in FAULTS.items():
        with Serve("--fault", fault) as s:
            done = run("get", "--json", "--cacert", s.ca, s.url + "/")
            equal(done.code, exit_code, fault, done)
            equal(done.json()["error"]["code"], code, fault)
            equal(s.stop(), 0, s.err)
    with Serve("--fault", "silence") as s:
        done = run("get", "--json", "--connect-timeout", "0.5", "--cacert",
                   s.ca, s.url + "/")
        equal((done.code, done.json()["error"]["code"]),
              (28, "system.timeout"))


def test_the_trace_of_the_servers_side():
    with Serve("-v") as s:
        equal(status(s.ask(get("/"))), 200)
        equal(s.stop(), 0)
    for line in (r"\(IN\), TLS handshake, Client hello \(1\):",
                 r"choose\.group: ", r"\(OUT\), TLS handshake, Finished"):
        has(s.err, line)


def test_it_stops_while_clients_are_connected():
    with Serve() as s:
        silent = socket.create_connection(("localhost", s.port))
        idle = s.connect()
        began = time.monotonic()
        equal(s.stop(), 0)
        want(time.monotonic() - began < 5)
        equal(idle.recv(100), b"", "close_notify")
        want(silent)


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    cli.run_tests(sys.modules[__name__])

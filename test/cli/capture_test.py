#!/usr/bin/python3
"""Captures: the ones that --pcap writes are opened by tshark, decrypted, and
`handfast explain` reads those of others."""
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading

import captured
import cli
from cli import (CLEAN, HANDFAST, WORK, Skip, ca_file, certificate, equal, has,
                 run, tls_context, want)
from web import YES, Proxy, Web, moved

PAGE = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n"
        b"Connection: close\r\n\r\nit was opened\n")


# ---- peers --------------------------------------------------------------------------

class Serve:
    """`handfast serve` on a port of its own until the block ends."""

    def __init__(self, *words):
        chain, key = certificate("good")
        self.child = subprocess.Popen(
            [HANDFAST, "serve", "--port", "0", "--json", "--cert", chain,
             "--key", key, *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=WORK,
            env=CLEAN)
        line = self.child.stdout.readline()
        want(line, "serve says nothing")
        self.port = int(re.search(rb'"port": (\d+)', line).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        _, self.err = self.child.communicate(timeout=20)


class Serve0(Serve):
    """The same with a certificate of its own."""

    def __init__(self, *words):
        self.child = subprocess.Popen(
            [HANDFAST, "serve", "--port", "0", "--json", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=WORK,
            env=CLEAN)
        said = json.loads(self.child.stdout.readline())
        self.port, self.ca = said["port"], said["ca"]


def web(context=None):
    """A server of Python's ssl, which is OpenSSL."""
    def handle(tls):
        cli.read_request(tls)
        tls.sendall(PAGE)
        cli.end(tls)
    return cli.tls_server(handle, context=context)


def context12(ciphers=None):
    import ssl
    context = tls_context(*certificate("good"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def get(port, *words, **how):
    return run("get", "--cacert", ca_file(), *words,
               f"https://localhost:{port}/", **how)


def tshark(path, *words):
    """What tshark prints about a capture."""
    if not shutil.which("tshark"):
        raise Skip("tshark (apt install tshark)")
    done = subprocess.run(["tshark", "-n", "-r", str(path), *words],
                          capture_output=True, text=True, check=False,
                          timeout=60, env={**CLEAN, "HOME": str(WORK)})
    want(done.returncode == 0, done.stderr)
    return done.stdout


def fields(path, show, *names, more=()):
    """The fields of the packets that pass a filter, one list a packet."""
    words = ["-Y", show, "-T", "fields"]
    for name in names:
        words += ["-e", name]
    return [line.split("\t") for line in
            tshark(path, *more, *words).splitlines()]


def sees_http(path, more=()):
    equal(fields(path, "http.request", "http.request.method", more=more),
          [["GET"]], tshark(path, *more))
    equal(fields(path, "http.response", "http.response.code", more=more),
          [["200"]], tshark(path, *more))


# ---- what is written -----------------------------------------------------------------

def test_tshark_opens_a_capture_of_get():
    path = WORK / "get.pcapng"
    with Serve() as server:
        done = get(server.port, "--pcap", path)
        equal(done.code, 0, done)
        has(done.err, "get.pcapng will hold the keys too")
    sees_http(path)
    kinds = [k for [kinds] in fields(path, "tls.handshake",
                                     "tls.handshake.type")
             for k in kinds.split(",")]
    equal(kinds, ["1", "2", "8", "11", "15", "20", "20"])


def test_a_capture_of_tls_1_2_with_ecdhe():
    path = WORK / "get12.pcapng"
    with web(context12()) as server:
        done = get(server.port, "--tls-max", "1.2", "--tlsv1.2", "--pcap",
                   path)
        equal((done.code, done.out), (0, "it was opened\n"), done)
    sees_http(path)
    suite = fields(path, "tls.handshake.type == 2", "tls.handshake.ciphersuite")
    want(suite[0][0].startswith(("0xc0", "0xcc")), suite)


def test_a_capture_of_tls_1_2_with_rsa_key_transport():
    """By OpenSSL's server, whose answer ends with the connection: tshark would
    wait for bytes of TLS at its end."""
    now = ("-o", "http.desegment_body:FALSE")
    for suite, number in (("AES128-GCM-SHA256", "0x009c"),
                          ("AES256-GCM-SHA384", "0x009d")):
        path, keys = WORK / f"{suite}.pcapng", WORK / f"{suite}.keys"
        chain, key = captured.rsa()
        server = cli.openssl("-cert", chain, "-key", key, "-www", "-tls1_2")
        try:
            done = get(server.port, "--policy", "classic", "--ciphers", suite,
                       "--pcap", path, "--keylog-file", keys)
        finally:
            cli.stop(server)
        equal(done.code, 0, done)
        sees_http(path, more=now)
        equal(fields(path, "tls.handshake.type == 2",
                     "tls.handshake.ciphersuite"), [[number]])
        done = run("explain", "--brief", "--data", path)
        equal(done.code, 0, done)
        has(done.out, r"client  ClientKeyExchange \(16\), 262 B, in clear")
        has(done.out, "^        Host: localhost")
        if shutil.which("editcap"):
            bare = WORK / "bare12.pcapng"
            subprocess.run(["editcap", "--discard-all-secrets", path, bare],
                           check=True, capture_output=True)
            sees_http(bare, more=(*now, "-o", f"tls.keylog_file:{keys}"))


def test_a_capture_of_our_server_with_rsa_key_transport():
    path = WORK / "serve-rsa.pcapng"
    chain, key = captured.rsa()
    with Serve("--pcap", path, "--policy", "classic", "--cert", chain, "--key",
               key) as server:
        done = get(server.port, "--policy", "classic", "--ciphers",
                   "AES128-GCM-SHA256", "--tls-max", "1.2")
        equal(done.code, 0, done)
    sees_http(path)
    equal(fields(path, "tls.handshake.type == 2",
                 "tls.handshake.ciphersuite"), [["0x009c"]])


def test_a_key_log_of_its_own_opens_it_too():
    """Without the secrets inside, and with the key log beside it."""
    path, keys = WORK / "apart.pcapng", WORK / "apart.keys"
    bare = WORK / "bare.pcapng"
    with Serve() as server:
        done = get(server.port, "--pcap", path, "--keylog-file", keys)
        equal(done.code, 0, done)
    if not shutil.which("editcap"):
        raise Skip("editcap (apt install tshark)")
    subprocess.run(["editcap", "--discard-all-secrets", path, bare],
                   check=True, capture_output=True)
    equal(fields(bare, "http", "frame.number"), [])
    sees_http(bare, more=("-o", f"tls.keylog_file:{keys}"))


def test_nobody_else_may_read_it():
    path = WORK / "mode.pcapng"
    path.write_text("something that anybody could read")
    path.chmod(0o644)
    with Serve() as server:
        equal(get(server.port, "--pcap", path).code, 0)
    equal(stat.S_IMODE(path.stat().st_mode), 0o600)
    equal(path.read_bytes()[:4], b"\n\r\r\n")


def test_a_place_that_cannot_be_written_is_told_before_anything_is_sent():
    with web() as server:
        done = get(server.port, "--pcap", WORK / "nowhere/x.pcapng")
        equal(done.code, 23, done)
        has(done.err, "nowhere/x.pcapng: No such file")
        equal(server.accepted, 0)


def test_a_full_disk_is_told():
    if not os.path.exists("/dev/full"):
        raise Skip("/dev/full")
    with Serve() as server:
        done = get(server.port, "--pcap", "/dev/full")
    equal(done.code, 23, done)
    has(done.err, "No space left on device")


def test_every_connection_of_a_server_is_in_its_file():
    path = WORK / "serve.pcapng"
    with Serve("--pcap", path) as server:
        done = [None] * 4

        def one(i):
            done[i] = get(server.port)
        threads = [threading.Thread(target=one, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for ran in done:
            equal(ran.code, 0, ran)
    has(server.err.decode(), "will hold the keys too")
    equal(len(fields(path, "http.request", "tcp.stream")), 4)
    equal(len({s for [s] in fields(path, "http.response", "tcp.stream")}), 4)


def test_a_capture_of_connect_holds_what_came_before_tls():
    path = WORK / "smtp.pcapng"
    context = tls_context(*certificate("good"))

    def handle(peer):
        peer.sendall(b"220 mail ESMTP\r\n")
        peer.recv(100)
        peer.sendall(b"250-mail\r\n250 STARTTLS\r\n")
        peer.recv(100)
        peer.sendall(b"220 go ahead\r\n")
        tls = context.wrap_socket(peer, server_side=True)
        tls.sendall(b"hello from under TLS\r\n")
        cli.end(tls)
    with cli.Server(handle) as server:
        done = run("connect", "--cacert", ca_file(), "--starttls", "smtp",
                   "--pcap", path, f"localhost:{server.port}")
        equal(done.code, 0, done)
    text = tshark(path, "-d", f"tcp.port=={server.port},smtp", "-q", "-z",
                  "follow,tcp,ascii,0")
    for line in ("220 mail ESMTP", "EHLO localhost", "250 STARTTLS",
                 "220 go ahead"):
        has(text, line)
    has(tshark(path, "-d", f"tcp.port=={server.port},smtp"), "TLSv1.3")


def test_every_hop_is_in_the_file():
    path = WORK / "hops.pcapng"
    with Web({"/": moved("/two"), "/two": YES}) as there:
        done = run("get", "-L", "--cacert", ca_file(), "--pcap", path,
                   there.url("/"))
        equal((done.code, done.out), (0, "yes"), done)
    equal(fields(path, "http.request", "tcp.stream", "http.request.uri"),
          [["0", "/"], ["1", "/two"]])


def test_a_proxy_is_asked_in_clear():
    path = WORK / "proxy.pcapng"
    with Web({"/": YES}) as there, Proxy() as proxy:
        done = run("get", "--cacert", ca_file(), "--pcap", path, "--proxy",
                   f"http://127.0.0.1:{proxy.port}", there.url("/"))
        equal((done.code, done.out), (0, "yes"), done)
    text = tshark(path, "-q", "-z", "follow,tcp,ascii,0")
    has(text, "^CONNECT localhost:")
    has(text, "^HTTP/1.1 200 OK")
    done = run("explain", "--brief", "--data", path)
    equal(done.code, 0, done)
    has(done.out, r"client  \d+ B before TLS")
    has(done.out, "^        Host: localhost:")
    has(done.out, "^        yes$")


def test_a_failed_handshake_is_in_it_as_far_as_it_went():
    for fault, wanted in (("expired", 60), ("garble", 35), ("tls10", 35)):
        path = WORK / f"{fault}.pcapng"
        with Serve0("--fault", fault, "--pcap", WORK / "fault.pcapng") as server:
            done = run("get", "--cacert", server.ca, "--pcap", path,
                       f"https://localhost:{server.port}/")
        equal(done.code, wanted, done)
        for capture in (path, WORK / "fault.pcapng"):
            done = run("explain", "--brief", capture)
            equal(done.code, 0, done)
            has(done.out, r"client  ClientHello \(1\)")
            has(done.out, r"server  ServerHello \(2\)")
            if fault == "expired":
                has(done.out, r"client  alert certificate_expired \(45\), under "
                              r"handshake keys")


def test_a_reader_that_goes_away_is_told():
    fifo = WORK / "fifo"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["head", "-c", "100", fifo],
                              stdout=subprocess.DEVNULL)
    with Serve() as server:
        done = get(server.port, "--pcap", fifo)
    reader.wait()
    equal(done.code, 23, done)
    has(done.err, "fifo: Broken pipe")


def test_a_capture_from_standard_input():
    path = WORK / "input.pcapng"
    with Serve() as server:
        equal(get(server.port, "--pcap", path).code, 0)
    for words in ([], ["-"]):
        done = run("explain", "--brief", *words, stdin=path.read_bytes())
        equal(done.code, 0, done)
        has(done.out, r"server  Finished \(20\), \d+ B, under handshake keys")


def test_checksums_and_sequence_numbers_are_right():
    path = WORK / "sums.pcapng"
    with Serve() as server:
        equal(get(server.port, "--pcap", path, "-4").code, 0)
        equal(get(server.port, "--pcap", WORK / "six.pcapng", "-6").code, 0)
    for capture in (path, WORK / "six.pcapng"):
        bad = tshark(capture, "-o", "tcp.check_checksum:TRUE",
                     "-o", "ip.check_checksum:TRUE", "-Y",
                     "tcp.checksum.status == 0 || ip.checksum.status == 0 || "
                     "tcp.analysis.flags || _ws.malformed")
        equal(bad, "")


def test_three_megabytes_are_cut_into_segments():
    path = WORK / "much.pcapng"
    body = os.urandom(3_000_000)
    (WORK / "files").mkdir(exist_ok=True)
    (WORK / "files/much").write_bytes(body)
    with Serve("--dir", WORK / "files", "--pcap", path) as server:
        done = run("get", "--cacert", ca_file(), "-o", "/dev/null",
                   f"https://localhost:{server.port}/much")
        equal(done.code, 0, done)
    equal(fields(path, "http.response", "http.content_length_header"),
          [["3000000"]])


cli.run_tests(sys.modules[__name__])

#!/usr/bin/python3
"""How certificates travel and what comes along with them: compressed (RFC
8879), and with the timestamps of logs (RFC 6962), as the command shows it."""
import base64
import shutil
import struct
import subprocess
import sys
import zlib

import cli
from cli import Skip, certificate, equal, has, lacks, run, want
from serve_test import Serve

LOGS = (b"\x11" * 32, b"\x22" * 32)


def sct(log):
    return (b"\0" + log + struct.pack(">Q", 1762934400000) + b"\0\0\4\3\0\x08"
            + bytes.fromhex("3006020101020101"))


def sct_list(*scts):
    text = b"".join(struct.pack(">H", len(one)) + one for one in scts)
    return struct.pack(">H", len(text)) + text


def sct_file(name="scts", content=None):
    path = cli.WORK / name
    path.write_bytes(sct_list(*map(sct, LOGS)) if content is None else content)
    return path


def need(way):
    done = run("get", "--cert-compression", way, "https://localhost:1/")
    if "has no certificate compression" in done.err:
        raise Skip(f"{way} in this build (apt install zlib1g-dev "
                   "libbrotli-dev libzstd-dev)")


# ---- compression --------------------------------------------------------------------


def test_a_compressed_certificate_is_told_with_its_sizes():
    for way in ("zlib", "brotli", "zstd"):
        need(way)
        with Serve("--cert-compression", way) as s:
            done = run("get", "-v", "--cacert", s.ca, "--cert-compression",
                       "zlib:brotli,zstd", s.url + "/")
            equal(done.code, 0, done)
            has(done.err, r"Compressed certificate \(25\): .* compressed with "
                + way + ", localhost")
            has(done.err, r"choose.compression: \d+ bytes instead of \d+ \("
                + way + r"\)")


def test_nothing_is_compressed_unless_both_ask():
    need("zlib")
    for server, client in (((), ("--cert-compression", "zlib")),
                           (("--cert-compression", "zlib"), ())):
        with Serve(*server) as s:
            done = run("get", "-v", "--cacert", s.ca, *client, s.url + "/")
            equal(done.code, 0, done)
            has(done.err, r", Certificate \(11\)")
            lacks(done.err, "ompress")


def test_a_way_that_there_is_not_is_refused():
    done = run("get", "--cert-compression", "zip", "https://localhost:1/")
    equal(done.code, 2, done)
    has(done.err, 'certificate compression: "zip"')


def test_explain_shows_what_is_in_a_compressed_certificate():
    need("zlib")
    file = cli.WORK / "packed.pcap"
    with Serve("--cert-compression", "zlib", "--pcap", file) as s:
        equal(run("get", "--cacert", s.ca, "--cert-compression", "zlib",
                  s.url + "/").code, 0)
        s.stop()
    done = run("explain", file)
    equal(done.code, 0, done)
    has(done.out, r"CompressedCertificate \(25\).*: compressed with zlib, "
        "localhost")
    has(done.out, r"algorithm: 0x0001 zlib")
    has(done.out, r"^ *0 +\d+ +\(expanded\)  -- the Certificate message")
    has(done.out, r"^ +7 +\d+ +cert_data: 3082")
    events = run("explain", "--json", file).json()
    want(any("(expanded)" in str(field) for field in walk(events)), events)


def walk(value):
    """Every object inside."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def packed(stream, announced, algorithm=1):
    body = (struct.pack(">H", algorithm) + struct.pack(">I", announced)[1:]
            + struct.pack(">I", len(stream))[1:] + stream)
    return b"\x19" + struct.pack(">I", len(body))[1:] + body


def test_explain_says_why_it_cannot_be_expanded():
    need("zlib")
    inside = b"\0\0\0\0"
    stream = zlib.compress(inside)
    rows = [(packed(stream, 4), r"\(expanded\)  -- the Certificate message"),
            (packed(stream, 5), "it does not expand to what it announces"),
            (packed(stream + b"\0", 4), "does not expand to what it announces"),
            (packed(zlib.compress(b"\0" * 999999), 999999),
             "it announces more than is taken"),
            (packed(stream, 4, 0x7777), "this handfast cannot expand it"),
            (packed(zlib.compress(b"\0\0\0\7"), 4),
             "it cannot be read further")]
    for message, says in rows:
        done = run("explain", "--tls", "1.3", message.hex())
        equal(done.code, 0, done)
        has(done.out, says)


# ---- timestamps ------------------------------------------------------------------------


def test_timestamps_of_the_handshake_are_shown():
    chain, key = certificate("logged")
    wanted = [{"source": "handshake", "version": 1,
               "log": base64.b64encode(log).decode(),
               "time": "2025-11-12T08:00:00Z",
               "signed_with": "ecdsa_secp256r1_sha256", "verified": False}
              for log in LOGS]
    with Serve("--cert", chain, "--key", key, "--sct-file",
               sct_file()) as s:
        for version in ("1.2", "1.3"):
            more = ("--cacert", cli.ca_file(), "--tls-max", version)
            done = run("get", "-v", "--ct", *more, s.url + "/")
            equal(done.code, 0, done)
            has(done.err, r"certificate timestamp: 2025-11-12 08:00:00 UTC by "
                r"log ERERERER\S+, ecdsa_secp256r1_sha256 \(in the handshake, "
                r"not verified\)")
            has(done.err, "transparency: not verified: no list of logs")
            told = run("get", "--json", "--ct", *more, s.url + "/").json()
            equal(told["hops"][0]["tls"]["timestamps"], wanted)
            # who does not ask is given none
            told = run("get", "--json", *more, s.url + "/").json()
            equal(told["hops"][0]["tls"]["timestamps"], [])
        done = run("connect", f"localhost:{s.port}", "--CAfile",
                   cli.ca_file(), "--ct", "--no-talk")
        equal(done.code, 0, done)
        has(done.err, r"^logged +2025-11-12 08:00:00 UTC by log ERERER.* "
            r"\(in the handshake, not verified\)$")


def test_timestamps_in_a_certificate_are_shown():
    inner = sct_list(sct(LOGS[0]), b"\5\6\7\x08", b"\0\1")
    value = b"\4" + bytes([len(inner)]) + inner
    path = cli.WORK / "transparent.pem"
    if not shutil.which("openssl"):
        raise Skip("openssl (apt install openssl)")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout",
         cli.WORK / "transparent.key", "-out", path, "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext",
         "1.3.6.1.4.1.11129.2.4.2=DER:" + value.hex()],
        check=True, capture_output=True)
    done = run("cert", "show", path)
    equal(done.code, 0, done)
    has(done.out, r"logged +2025-11-12 08:00:00 UTC by log\s+ERERER")
    has(done.out, "of an unknown version, 4 bytes")
    has(done.out, "malformed, 2 bytes")
    has(done.out, r"\(not verified: that takes a list of logs\)")
    told = run("cert", "show", "--json", path).json()
    found = told["certificates"][0]["timestamps"]
    equal([(t["version"], t["log"] is not None) for t in found],
          [(1, True), (6, False), (1, False)])
    with Serve("--cert", path, "--key", cli.WORK / "transparent.key") as s:
        told = run("get", "--json", "--cacert", path, s.url + "/").json()
        equal([t["source"] for t in told["hops"][0]["tls"]["timestamps"]],
              ["certificate"] * 3)


def test_a_file_that_is_no_list_is_refused():
    chain, key = certificate("logged")
    whole = sct_list(sct(LOGS[0]))
    for content in (b"", whole[:-1], whole + b"\0", sct(LOGS[0]),
                    sct_list(sct(LOGS[0])[:-1]), b"\0" * 9000):
        done = run("serve", "--port", "0", "--cert", chain, "--key", key,
                   "--sct-file", sct_file("bad", content))
        want(done.code, done)
        has(done.err, r"\[config\.option\]" if content
            else r"\[system\.file\]", content)
    for word in ("--sct-file", "--status-file"):
        done = run("serve", "--port", "0", word, sct_file())
        equal(done.code, 2, done)
        has(done.err, word + " needs a --cert")


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

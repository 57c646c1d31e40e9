#!/usr/bin/python3
"""Pre-shared keys on the command line: used instead of certificates, told of,
never printed."""
import sys

import cli
from cli import WORK, equal, has, lacks, run, want
from serve_test import Serve

KEY = "00112233445566778899aabbccddeeff" * 2
OTHER = "ff" * 32


def key_file(text, name="key"):
    path = WORK / name
    path.write_text(text)
    return f"@{path}"


def connect(server, *words, **more):
    return run("connect", f"localhost:{server.port}", *words, **more)


def test_a_key_is_all_that_is_needed():
    with Serve("--psk", KEY, "--psk-only") as server:
        equal(server.ca, None)
        done = run("get", f"{server.url}/.handfast.json", "--psk", KEY,
                   "--psk-only")
        equal(done.code, 0, done)
        equal(done.json()["psk"], "Client_identity")
        equal(done.json()["version"], "TLS 1.3")
        done = connect(server, "--psk", KEY, "--psk-only")
        equal(done.code, 0, done)
        has(done.err, '^key +"Client_identity"$')
        has(done.err, '^verify: ok: by the pre-shared key "Client_identity"$')
        lacks(done.err, "^chain")
        server.stop()
    want(all(line["psk"] == "Client_identity" for line in server.said[1:]),
         server.said)


def test_the_words_of_openssl_are_understood():
    with Serve("-psk", KEY, "-psk_identity", "robot", "--psk-only") as server:
        done = run("s_client", "-connect", f"localhost:{server.port}", "-psk",
                   KEY, "-psk_identity", "robot", "-brief")
        equal(done.code, 0, done)
        has(done.err, 'verify: ok: by the pre-shared key "robot"')


def test_a_file_keeps_the_key_off_the_command_line():
    text = f"{KEY[:20]} {KEY[20:]}\r\n\n"
    with Serve("--psk", key_file(text), "--psk-only") as server:
        done = connect(server, "--psk", key_file(text), "--psk-only")
        equal(done.code, 0, done)


def test_the_key_is_never_printed():
    with Serve("-vvv", "--psk", KEY, "--psk-only") as server:
        for words in (["-vvv"], ["--json"], ["-vvv", "--show-secrets"],
                      ["--psk-imported"], ["--cert", "/nowhere"]):
            done = connect(server, "--psk", KEY, "--psk-only", *words)
            lacks(done.out + done.err, "(?i)" + KEY[:32])
            lacks(done.out + done.err, "(?i)00 ?11 ?22 ?33 ?44 ?55 ?66")
        server.stop()
        lacks(str(server.said) + server.err, "(?i)" + KEY[:32])


def test_an_imported_key_is_used_with_its_context():
    words = ["--psk", KEY, "--psk-identity", "robot", "--psk-imported",
             "--psk-context", "a and b", "--psk-hash", "sha384"]
    with Serve(*words, "--psk-only") as server:
        done = connect(server, *words, "--psk-only", "--json")
        equal(done.code, 0, done)
        equal(done.json()["tls"]["psk"], "robot")
        equal(done.json()["tls"]["certificates"], [])
        for other in (words[:5], words[:5] + ["--psk-context", "b and a"],
                      words[:4]):
            done = connect(server, *other, "--psk-only")
            equal(done.code, 35, done)
            has(done.err, "decrypt_error")


def test_a_wrong_key_is_told_apart_from_nothing():
    with Serve("--psk", KEY, "--psk-only") as server:
        for words in (["--psk", OTHER], ["--psk", KEY, "--psk-identity", "x"],
                      ["--psk", KEY, "--psk-hash", "sha384"]):
            done = connect(server, *words, "--psk-only")
            equal(done.code, 35, done)
            has(done.err, "decrypt_error")
        done = connect(server, "-k")
        equal(done.code, 35, done)
        has(done.err, "handshake_failure")
        server.stop()
    codes = [line["error"]["code"] for line in server.said[1:]]
    equal(codes, ["proof.binder", "negotiate.psk_unknown", "proof.binder",
                  "negotiate.psk"])


def test_without_the_key_the_certificate_is_verified():
    with Serve("--psk", KEY, "--psk-identity", "robot") as server:
        done = connect(server, "--psk", KEY, "--cacert", server.ca, "--json")
        equal(done.code, 0, done)
        equal(done.json()["tls"]["psk"], None)
        equal(done.json()["tls"]["verify"], "ok")
        done = connect(server, "--psk", KEY)
        equal(done.code, 60, done)
        done = connect(server, "--psk", KEY, "--psk-only")
        equal(done.code, 35, done)
        has(done.err, r"\[negotiate\.psk\]")
        done = connect(server, "--psk", KEY, "--psk-identity", "robot")
        equal(done.code, 0, done)


def test_a_pin_wants_a_certificate():
    with Serve("--psk", KEY) as server:
        done = connect(server, "--psk", KEY, "--pinnedpubkey",
                       "sha256//" + "A" * 43 + "=")
        equal(done.code, 90, done)


def test_a_session_remembers_the_key():
    sessions = WORK / "psk-sessions"
    with Serve("--psk", KEY, "--psk-only") as server:
        for resumed in (False, True):
            done = run("get", server.url + "/.handfast.json", "--psk", KEY,
                       "--psk-only", "--ssl-sessions", sessions)
            equal(done.code, 0, done)
            equal(done.json()["resumed"], resumed)
            equal(done.json()["psk"], "Client_identity")
        done = run("get", server.url + "/.handfast.json", "--psk", OTHER,
                   "--psk-only", "--ssl-sessions", sessions)
        equal(done.code, 35, done)


def test_a_name_of_any_bytes_is_printed_safely():
    name = "a\x1b[31m\u540d\""
    with Serve("--psk", KEY, "--psk-identity", name, "--psk-only") as server:
        done = connect(server, "-v", "--psk", KEY, "--psk-identity", name,
                       "--psk-only")
        equal(done.code, 0, done)
        lacks(done.err, "\x1b")


def test_words_that_cannot_be_are_refused():
    for words, says in (
            (["--psk", "0011"], "a key of 2 bytes; at least 16"),
            (["--psk", "xy" * 16], "not 16 to 512 bytes in hexadecimal"),
            (["--psk", "00" * 513], "not 16 to 512 bytes in hexadecimal"),
            (["--psk", ""], "not 16 to 512 bytes in hexadecimal"),
            (["--psk", "@/nowhere/at/all"], "No such file"),
            (["--psk", KEY, "--psk-identity", ""], "an identity of 0 bytes"),
            (["--psk", KEY, "--psk-context", "x"], "--psk-imported"),
            (["--psk", KEY, "--psk-hash", "md5"], r"sha256\|sha384"),
            (["--psk-identity", "x"], "--psk HEX says which key"),
            (["--psk-only"], "--psk HEX says which key")):
        for command in (["connect", "localhost:1"],
                        ["get", "https://localhost:1/"], ["serve"]):
            done = run(*command, *words)
            want(done.code not in (0, 7), command, words, done)
            has(done.err, says, done)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

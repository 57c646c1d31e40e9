#!/usr/bin/python3
"""Each thing that can be wrong with a server has a code of its own, curl's
exit code, evidence and a next step: in words and in JSON."""
import socket
import struct
import sys
import threading
import time

import cli
from cli import (Server, answers, ca_file, certificate, equal, has, lacks,
                 openssl, read_request, run, stop, tls_server, want)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


def refused(port, code, exit_code, evidence, *options, host="localhost",
            trust=True, cut=False):
    """`get` fails with this code, exit and evidence, in both forms."""
    trusted = ("--cacert", ca_file()) if trust else ()
    url = f"https://{host}:{port}/"
    words = run("get", url, *trusted, *options)
    equal(words.code, exit_code, words)
    if not cut:
        equal(words.out, "", "nothing is printed on standard output")
    lines = words.err.splitlines()
    has(lines[0], rf"^handfast get: \({exit_code}\) .+ \[{code}\]$")
    has(words.err, r"^  why  .*" + evidence)
    has(words.err, r"^  try  \w+")
    lacks(words.err, r"\x1b", "no colour in a pipe")

    document = run("get", "--json", url, *trusted, *options)
    equal(document.code, exit_code, document)
    error = document.json()["error"]
    equal(document.json()["schema"], "handfast/get/1")
    equal(document.json()["exit"], exit_code)
    equal(error["code"], code, error)
    equal(error["exit"], exit_code)
    has(error["detail"], evidence)
    want(error["text"] and error["try"], error)
    return words


def broken(fault, code, evidence, exit_code=60, options=()):
    chain, key = certificate(fault, "localhost",
                             options=("--broken", fault))
    with tls_server(answers(OK), chain, key) as server:
        refused(server.port, code, exit_code, evidence, *options)
        # with -k it goes on, and says so
        ignored = run("get", "-k", "-v", f"https://localhost:{server.port}/",
                      "--cacert", ca_file())
        equal((ignored.code, ignored.out), (0, "yes"), ignored)
        has(ignored.err, rf"verify: FAILED \(ignored\).*\[{code}\]")
        ignored = run("get", "-k", f"https://localhost:{server.port}/",
                      "--cacert", ca_file())
        equal(len(ignored.err.splitlines()), 1, ignored)
        has(ignored.err, rf"^handfast get: verify: FAILED \(ignored\): .* "
            rf"\[{code}\]$")
        ignored = run("get", "-ks", f"https://localhost:{server.port}/")
        equal((ignored.out, ignored.err), ("yes", ""), ignored)


def test_an_expired_certificate_shows_its_last_day_and_today():
    broken("expired", "verify.expired",
           r"localhost.*20\d\d-\d\d-\d\d .*20\d\d-\d\d-\d\d ")


def test_a_certificate_from_tomorrow_is_not_yet_valid():
    broken("not-yet", "verify.not_yet_valid",
           r"localhost.*20\d\d-\d\d-\d\d .*20\d\d-\d\d-\d\d ")


def test_a_wrong_name_shows_both_names():
    broken("wrong-name", "verify.name", r"(localhost.*wrong-name\.test)")


def test_a_name_in_the_cn_alone_does_not_count():
    broken("no-san", "verify.name", r"localhost")


def test_an_unknown_issuer_is_named():
    broken("unknown-issuer", "verify.unknown_issuer", r"issuer CN=")


def test_a_missing_intermediate_is_told_from_an_unknown_issuer():
    broken("missing-intermediate", "verify.missing_intermediate",
           r"issuer CN=")


def test_a_self_signed_certificate_is_called_so():
    broken("self-signed", "verify.self_signed", r"localhost")


def test_a_certificate_for_mail_is_for_another_purpose():
    broken("wrong-eku", "verify.eku", r"serverAuth")


def test_a_weak_key_shows_its_bits_and_the_least():
    # libcrypto's own server refuses to use such a key: lower its level
    chain, key = certificate("weak-key", "localhost",
                             options=("--broken", "weak-key"))
    context = cli.ssl.SSLContext(cli.ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.load_cert_chain(chain, key)
    with tls_server(answers(OK), context=context) as server:
        refused(server.port, "verify.weak_key", 60, r"1024.*2048")


def test_a_sha1_signature_is_not_accepted():
    chain, key = certificate("sha1", "localhost", options=("--broken", "sha1"))
    context = cli.ssl.SSLContext(cli.ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.load_cert_chain(chain, key)
    with tls_server(answers(OK), context=context) as server:
        refused(server.port, "verify.algorithm", 60, r"(SHA|sha)-?1")


def test_an_issuer_that_may_not_issue():
    broken("no-ca-bit", "verify.not_a_ca", r"CN=")


def test_a_name_outside_the_issuers_constraints():
    broken("constraint", "verify.name_constraint", r"elsewhere\.test")


def test_a_chain_that_is_too_long_for_its_issuer():
    broken("path-length", "verify.path_length", r"CN=")


def test_a_critical_extension_that_nobody_knows():
    broken("critical", "verify.critical_extension", r"\d+\.\d+\.\d+")


def test_a_flipped_bit_in_the_signature():
    broken("bad-signature", "verify.signature", r"localhost")


def test_an_address_that_the_certificate_does_not_have():
    chain, key = certificate("name-only", "localhost")
    with tls_server(answers(OK), chain, key) as server:
        refused(server.port, "verify.name", 60, r"DNS:localhost.*IP:127\.0\.0\.1",
                host="127.0.0.1")


def test_a_server_that_speaks_only_tls_1_0():
    chain, key = certificate("good")
    server = openssl("-tls1", "-cipher", "DEFAULT@SECLEVEL=0", "-cert", chain,
                     "-key", key)
    try:
        refused(server.port, "negotiate.version", 35, r"protocol_version \(70\)")
    finally:
        stop(server)


def test_a_server_that_answers_with_tls_1_0_all_the_same():
    # a ServerHello of TLS 1.0, as a server without version checks sends it
    hello = (b"\x03\x01" + bytes(32) + b"\x00" + b"\xc0\x13" + b"\x00")
    message = b"\x02" + struct.pack(">I", len(hello))[1:] + hello
    record = b"\x16\x03\x01" + struct.pack(">H", len(message)) + message

    def handle(peer):
        peer.recv(65536)
        peer.sendall(record)
        peer.recv(65536)
    with Server(handle) as server:
        refused(server.port, "negotiate.version", 35, r"TLS 1\.0|0x0301")


def test_the_byte_is_that_of_the_message_with_its_header():
    # a ServerHello whose session id would be longer than one may be
    hello = b"\x03\x03" + bytes(range(32)) + b"\x21" + bytes(33)
    message = b"\x02" + struct.pack(">I", len(hello))[1:] + hello
    record = b"\x16\x03\x03" + struct.pack(">H", len(message)) + message

    def handle(peer):
        peer.recv(65536)
        peer.sendall(record)
        peer.recv(65536)
    with Server(handle) as server:
        url = f"https://localhost:{server.port}/"
        words = run("get", "-vv", url, "--cacert", ca_file())
        equal(words.code, 35, words)
        has(words.err, r"^  at   ServerHello\.legacy_session_id_echo, "
            r"byte 38$")
        has(words.err, r"^\*     at byte 38: ")
        document = run("get", "--json", url, "--cacert", ca_file()).json()
        error = document["error"]
        equal((error["field"], error["byte"]), ("legacy_session_id_echo", 38))
        heard = [e for e in document["hops"][0]["events"]
                 if e.get("type") == "ServerHello" or
                 e.get("bytes", "").startswith(message.hex())]
        equal(len(heard), 1, document["hops"][0]["events"])
        equal(bytes.fromhex(heard[0]["bytes"])[error["byte"]], 0x21)


def test_plain_http_on_the_port():
    def handle(peer):
        peer.recv(65536)
        peer.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    with Server(handle) as server:
        words = refused(server.port, "record.plain_http", 35, r"HTTP/")
        has(words.err, r"http://")


def test_a_bare_html_page_on_the_port_is_plain_http_too():
    def handle(peer):
        peer.recv(65536)
        peer.sendall(b"<!DOCTYPE HTML PUBLIC>\n<html>\n")
    with Server(handle) as server:
        refused(server.port, "record.plain_http", 35, r"<!DOC")


def test_a_mail_servers_greeting_is_not_tls():
    def handle(peer):
        peer.sendall(b"220 mail.test ESMTP\r\n")
        peer.recv(65536)
    with Server(handle) as server:
        words = refused(server.port, "record.not_tls", 35, r"220 ")
        has(words.err, r"-starttls")


def test_a_closed_port():
    refused(cli.closed_port(), "system.connect", 7,
            r"127\.0\.0\.1:\d+: Connection refused")


def test_silence_is_not_waited_for():
    def handle(peer):
        peer.recv(65536)
        time.sleep(20)
    with Server(handle) as server:
        words = refused(server.port, "system.timeout", 28, r"no answer in [01]\.\d s",
                        "--connect-timeout", "1")
        want(words.seconds < 10, words.seconds)


def cut_after(many, how):
    """A server whose flight is cut after @many bytes."""
    chain, key = certificate("good")
    behind = tls_server(answers(OK), chain, key)

    def handle(peer):
        inner = socket.create_connection(("127.0.0.1", behind.port))
        inner.sendall(peer.recv(65536))
        left = many
        while left > 0:
            piece = inner.recv(left)
            if not piece:
                break
            peer.sendall(piece)
            left -= len(piece)
        if how == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        else:
            peer.shutdown(socket.SHUT_WR)
            peer.recv(65536)
        inner.close()
    return Server(handle)


def test_tcp_cut_in_the_middle_of_the_handshake():
    for many in (0, 3, 60, 127, 140, 400, 700):
        with cut_after(many, "end") as server:
            refused(server.port, "peer.closed_early", 35, r"")


def test_tcp_reset_in_the_middle_of_the_handshake():
    with cut_after(400, "reset") as server:
        refused(server.port, "system.socket", 35, r"[Rr]eset")


def test_an_end_without_close_notify_may_be_a_truncation():
    def handle(tls):
        read_request(tls)
        tls.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf of i")
        tls.shutdown(socket.SHUT_RDWR)
    with tls_server(handle) as server:
        words = refused(server.port, "peer.truncated", 56,
                        r"after 28 bytes", cut=True)
        equal(words.out, "half of i", "what came is printed all the same")


def test_an_orderly_end_before_the_announced_length():
    with tls_server(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
                            b"1234")) as server:
        words = refused(server.port, "http.partial", 18, r"5 bytes", cut=True)
        equal(words.out, "1234")


def test_a_server_that_says_nothing():
    def handle(tls):
        read_request(tls)
        cli.end(tls)
    with tls_server(handle) as server:
        refused(server.port, "http.empty", 52, r"0 bytes")


def test_a_server_that_stops_in_the_middle_of_its_answer():
    def handle(tls):
        read_request(tls)
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234")
        time.sleep(20)
    with tls_server(handle) as server:
        words = refused(server.port, "system.timeout", 28, r"", "-m", "1",
                        cut=True)
        want(words.seconds < 10, words.seconds)


def test_a_host_that_does_not_resolve():
    words = run("get", "https://no-such-host.invalid/")
    equal(words.code, 6, words)
    has(words.err, r"\[system\.resolve\]\n  why  \"no-such-host\.invalid\"")


def test_a_changed_record_is_noticed():
    chain, key = certificate("good")
    behind = tls_server(answers(OK), chain, key)

    def handle(peer):
        inner = socket.create_connection(("127.0.0.1", behind.port))
        inner.sendall(peer.recv(65536))
        flight = inner.recv(65536)
        time.sleep(0.1)
        inner.setblocking(False)
        try:
            flight += inner.recv(65536)
        except BlockingIOError:
            pass
        # the last byte belongs to a sealed record's tag
        peer.sendall(flight[:-1] + bytes([flight[-1] ^ 1]))
        peer.recv(65536)
        inner.close()
    with Server(handle) as server:
        refused(server.port, "record.bad_mac", 35, r"")


def test_a_client_certificate_that_is_required_and_missing():
    chain, key = certificate("good")
    context = cli.tls_context(chain, key)
    context.verify_mode = cli.ssl.CERT_REQUIRED
    context.load_verify_locations(ca_file())
    with tls_server(answers(OK), context=context) as server:
        words = refused(server.port, "proof.no_certificate", 56,
                        r"certificate_required \(116\)")
        has(words.err, r"--cert FILE")


def test_a_client_certificate_from_a_stranger():
    chain, key = certificate("good")
    mine, mine_key = certificate(
        "stranger", "someone.test", options=("--broken", "unknown-issuer"))
    context = cli.tls_context(chain, key)
    context.verify_mode = cli.ssl.CERT_REQUIRED
    context.load_verify_locations(ca_file())
    with tls_server(answers(OK), context=context) as server:
        words = refused(server.port, "peer.alert", 56, r"unknown_ca \(48\)",
                        "--cert", mine, "--key", mine_key)
        has(words.err, r"does not accept the certificate")


def test_no_common_protocol_version_because_we_refuse():
    chain, key = certificate("good")
    context = cli.tls_context(chain, key,
                              maximum_version=cli.ssl.TLSVersion.TLSv1_2)
    with tls_server(answers(OK), context=context) as server:
        refused(server.port, "negotiate.version", 35, r"", "--tlsv1.3")


def test_a_key_that_is_not_the_certificates():
    chain, _ = certificate("good")
    _, key = certificate("other", "other.test")
    words = run("get", "https://localhost:1/", "--cacert", ca_file(),
                "--cert", chain, "--key", key)
    equal(words.code, 58, words)
    has(words.err, r"\[config\.key_mismatch\]")


def test_an_own_certificate_that_is_not_there():
    words = run("get", "https://localhost:1/", "--cacert", ca_file(),
                "--cert", "no-such-file.pem")
    equal(words.code, 58, words)
    has(words.err, r"no-such-file\.pem")


def test_trust_that_cannot_be_read():
    words = run("get", "https://localhost:1/", "--cacert", "no-such-file.pem")
    equal(words.code, 77, words)
    has(words.err, r"no-such-file\.pem")


def test_two_pins_of_which_none_is_the_keys():
    with tls_server(answers(OK)) as server:
        refused(server.port, "pin.mismatch", 90, r"the peer's key is sha256//",
                "--pinnedpubkey", "sha256//AAAA;sha256//BBBB")


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    cli.run_tests(sys.modules[__name__])

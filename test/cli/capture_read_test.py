#!/usr/bin/python3
"""handfast explain reads captures: of every kind of file and network, in whatever
order packets come, what OpenSSL's two ends say to each other; and opens it with
the key log that they write."""
import re
import sys

import cli
import pcap
from captured import (REQUEST, data_of, events, explain, heard, plain13,
                      spoken, with_early_data)
from cli import (WORK, ca_file, certificate, equal, has, lacks, run,
                 want)


# ---- what OpenSSL says -----------------------------------------------------------------

def test_tls_1_3_of_openssl_is_opened():
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                  "TLS_CHACHA20_POLY1305_SHA256"):
        talks, keys = spoken("-tls1_3", "-ciphersuites", suite)
        done = explain(pcap.pcapng(talks[0], keys), "--data", "--brief")
        heard(done)
        has(done.out, rf"^  TLS 1.3, {suite}$")
        has(done.out, r"server  Finished \(20\), \d+ B, under handshake keys")
        has(done.out, r"client  Finished \(20\), \d+ B, under handshake keys")
        has(done.out, r"server  NewSessionTicket \(4\), .* under traffic keys")
        has(done.out, r'-> 127\.0\.0\.1:\d+ "localhost", \d+ packets, 20')


def test_tls_1_2_of_openssl_is_opened_ecdhe():
    for suite, name in (
            ("ECDHE-ECDSA-AES128-GCM-SHA256",
             "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            ("ECDHE-ECDSA-AES256-GCM-SHA384",
             "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            ("ECDHE-ECDSA-CHACHA20-POLY1305",
             "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")):
        talks, keys = spoken("-tls1_2", "-cipher", suite)
        done = explain(pcap.pcapng(talks[0], keys), "--data", "--brief")
        heard(done)
        has(done.out, rf"^  TLS 1.2, {name}$")
        has(done.out, r"server  ServerHelloDone \(14\), 4 B, in clear: the server")
        has(done.out, r"client  Finished \(20\), 16 B, under traffic keys")


def test_tls_1_2_of_openssl_is_opened_rsa():
    for suite, name in (
            ("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
            ("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384")):
        talks, keys = spoken("-tls1_2", "-cipher", suite, rsa_key=True)
        done = explain(pcap.pcapng(talks[0], keys), "--data", "--brief")
        heard(done)
        has(done.out, rf"^  TLS 1.2, {name}$")
        has(done.out, r"client  ClientKeyExchange \(16\), 262 B, in clear: the "
                      r"premaster secret, encrypted")


def test_a_retry_is_followed():
    talks, keys = spoken("-tls1_3", "-groups", "P-384",
                         client=("-groups", "X25519:P-384"))
    done = explain(pcap.pcapng(talks[0], keys), "--data", "--brief")
    heard(done)
    equal(re.findall(r"(client|server)  (\w+ello\w*) ", done.out),
          [("client", "ClientHello"), ("server", "HelloRetryRequest"),
           ("client", "ClientHello"), ("server", "ServerHello")])


def test_early_data_is_opened():
    talks, keys = with_early_data()
    done = explain(pcap.pcapng(talks[0] + talks[1], keys), "--data",
                   "--stream", "2")
    equal(done.code, 0, done)
    has(done.out, r"client  application data, \d+ B in 1 record, under early")
    has(done.out, r"client  EndOfEarlyData \(5\), 4 B, under early keys")
    has(done.out, r"client  Finished \(20\), .*, under handshake keys")
    has(data_of(done), "^X-Secret: heard by nobody else$")


def test_key_updates_are_followed():
    context = cli.tls_context(*certificate("good"))

    def handle(tls):
        while data := tls.recv(1000):
            tls.sendall(data)
        cli.end(tls)
    path, typed = WORK / "update.pcapng", b"before\nK\nafter\nk\nat last\n"
    with cli.tls_server(handle, context=context) as server:
        done = run("connect", "--cacert", ca_file(), "--commands", "--pcap",
                   path, f"localhost:{server.port}", stdin=typed)
        equal((done.code, done.out), (0, "before\nafter\nat last\n"), done)
    done = run("explain", "--data", "--brief", path)
    equal(done.code, 0, done)
    equal(len(re.findall(r"client  KeyUpdate \(24\)", done.out)), 2, done)
    has(done.out, r"server  KeyUpdate \(24\)")
    has(data_of(done), "^before$")
    has(data_of(done), "^at last$")
    lacks(done.out, "note:")


def test_every_field_is_told():
    packets, keys = plain13()
    done = explain(pcap.pcapng(packets, keys))
    equal(done.code, 0, done)
    has(done.out, r"^ *0 +1    msg_type: 1 client_hello  -- which message$")
    has(done.out, r"^ +\d+ +\d+ +server_name  -- ")
    has(done.out, r"^ +\d+ +\d+ +verify_data: ")
    lacks(done.out, "X-Secret")


# ---- without the keys -------------------------------------------------------------------

def test_without_secrets_what_is_needed_is_said():
    packets, _ = plain13()
    done = explain(pcap.pcap(packets), "--brief", "--data")
    equal(done.code, 0, done)
    has(done.out, r"server  ServerHello \(2\), \d+ B, in clear: picks TLS 1.3")
    has(done.out, r"server  \d+ sealed records of application data")
    has(done.out, r"note: what is sealed stays so without secrets: .*"
                  r"SSLKEYLOGFILE=FILE.*--keylog FILE")
    lacks(done.out, "X-Secret|Finished")


def test_the_key_log_may_lie_beside_it():
    packets, keys = plain13()
    (WORK / "beside").write_bytes(b"# a comment\n\n" + keys)
    heard(explain(pcap.pcap(packets), "--keylog", WORK / "beside", "--brief",
                  "--data"))


def test_the_key_log_of_somebody_else_is_told():
    packets, keys = plain13()
    other = re.sub(rb" [0-9a-f]{64} ", b" " + b"42" * 32 + b" ", keys)
    (WORK / "other").write_bytes(other)
    done = explain(pcap.pcap(packets), "--keylog", WORK / "other", "--brief")
    equal(done.code, 1, done)
    has(done.out, "note: none of the 1 connections in the key log is this one, "
                  "whose client random is [0-9a-f]{64}")


def test_wrong_secrets_are_told():
    packets, keys = plain13()
    wrong = re.sub(rb"[0-9a-f]{4}\n", b"0000\n", keys)
    (WORK / "wrong").write_bytes(wrong)
    done = explain(pcap.pcap(packets), "--keylog", WORK / "wrong", "--brief")
    equal(done.code, 1, done)
    has(done.out, "the key log has secrets of this connection, but they do not "
                  "open it")


def test_a_file_that_is_no_key_log_is_told():
    packets, _ = plain13()
    (WORK / "none").write_text("dear diary\n")
    done = explain(pcap.pcap(packets), "--keylog", WORK / "none")
    equal(done.code, 2, done)
    has(done.err, "there is no line of a key log in it")


def test_some_of_the_secrets_open_some_of_it():
    packets, keys = plain13()
    half = b"".join(line + b"\n" for line in keys.splitlines()
                    if b"TRAFFIC_SECRET_0" in line)
    done = explain(pcap.pcapng(packets, half), "--brief", "--data")
    equal(done.code, 0, done)
    has(done.out, r"note: \d+ of \d+ sealed records could not be opened")
    has(data_of(done), "^X-Secret: heard by nobody else$")


def test_a_suite_that_cannot_be_opened_is_named():
    talks, keys = spoken("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA")
    done = explain(pcap.pcapng(talks[0], keys), "--brief")
    equal(done.code, 0, done)
    has(done.out, "TLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA$")
    has(done.out, "note: records of suite 0xc009 cannot be opened here")


# ---- files and networks -------------------------------------------------------------------

def test_every_kind_of_file_and_network_tells_the_same():
    packets, keys = plain13()
    (WORK / "all.keys").write_bytes(keys)
    wanted = events(explain(pcap.pcapng(packets, keys), "--brief"))
    want(len(wanted) > 10, wanted)
    files = [pcap.pcap(packets, order=order, nano=nano, link=link)
             for order in "<>" for nano in (False, True)
             for link in (pcap.ETHERNET, pcap.RAW, pcap.SLL, pcap.SLL2,
                          pcap.LINK_NULL, pcap.LOOP)]
    files += [pcap.pcap(packets, vlan=n) for n in (1, 2)]
    files += [pcap.pcapng(packets, order=">"), pcap.pcapng(packets, link=101)]
    files.append(pcap.section() + pcap.interface(resolution=9) +
                 b"".join(pcap.enhanced(p, units=10**9) for p in packets))
    files.append(pcap.section() + pcap.interface(resolution=0x80 | 20) +
                 b"".join(pcap.enhanced(p, units=2**20) for p in packets))
    files.append(pcap.section() + pcap.block(0xbad, b"?" * 17) +
                 pcap.interface(link=228) + pcap.interface() +
                 pcap.secrets(b"other", kind=0x57474b4c) +
                 b"".join(pcap.enhanced(p, face=1) +
                          pcap.block(5, b"\0" * 12) for p in packets))
    for data in files:
        done = explain(data, "--brief", "--keylog", WORK / "all.keys")
        equal(done.code, 0, done)
        equal(events(done), wanted)
        has(done.out, r"packets, 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC")


def test_simple_packets_without_times():
    packets, keys = plain13()
    body = b"".join(
        pcap.block(3, len(f).to_bytes(4, "little") + f)
        for f in (p.frame(pcap.ETHERNET) for p in packets))
    done = explain(pcap.section() + pcap.interface() + pcap.secrets(keys) +
                   body, "--brief", "--data")
    heard(done)
    has(done.out, "packets, at an unknown time$")


def test_secrets_may_come_after_the_packets():
    packets, keys = plain13()
    heard(explain(pcap.pcapng(packets) + pcap.secrets(keys), "--brief",
                  "--data"))


def test_ipv6_with_headers_in_between():
    packets, keys = plain13()
    client = packets[0].source[1]

    def moved(end):
        return ("2001:db8::1" if end[1] == client else "2001:db8::2", end[1])
    six = [pcap.Packet(p.when, moved(p.source), moved(p.target), p.seq, p.ack,
                       p.flags, p.data) for p in packets]
    option = bytes([6, 0, 1, 4, 0, 0, 0, 0])
    for extension in (b"", option, bytes([60, 0, 1, 4, 0, 0, 0, 0]) + option):
        done = explain(pcap.pcapng(six, keys, extension=extension), "--brief",
                       "--data")
        heard(done)
        has(done.out, r"^connection 1: \[2001:db8::1\]:\d+ -> \[2001:db8::2\]")


def test_what_is_left_out_is_counted():
    packets, keys = plain13()
    udp = b"\2" * 12 + b"\x08\0" + bytes.fromhex(
        "4500001c0000000040110000" "7f000001" "7f000001" "0035003500080000")
    fragment = b"\2" * 12 + b"\x08\0" + bytes.fromhex(
        "4500001c0000200040060000" "7f000001" "7f000001" "0035003500080000")
    raw = [b"\2" * 12 + b"\x08\x06" + b"\0" * 28, udp, fragment, b"\2" * 9]
    more = b"".join(pcap.block(6, (0).to_bytes(4, "little") + bytes(8) +
                               2 * len(f).to_bytes(4, "little") + f)
                    for f in raw)
    done = explain(pcap.pcapng(packets, keys) + more, "--brief", "--data")
    heard(done)
    has(done.out, "^2 packets are not TCP")
    has(done.out, "^1 packets are fragments of IP")
    has(done.out, "^1 packets are cut off or make no sense")
    done = explain(pcap.pcap(packets, link=147))
    has(done.out, r"^\d+ packets come from a kind of network")


cli.run_tests(sys.modules[__name__])

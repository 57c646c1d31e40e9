#!/usr/bin/python3
"""handfast connect: s_client's spellings with verification on, what it says,
how it talks, and how it ends."""
import json
import re
import socket
import subprocess
import sys
import time

import cli
from cli import (WORK, Server, ca_file, certificate, end, equal, has, lacks,
                 openssl, run, stop, tls_context, tls_server, want)


def echo(tls):
    """Sends back what comes, until the client closes its half."""
    try:
        while data := tls.recv(65536):
            tls.sendall(data)
    except cli.ssl.SSLZeroReturnError:
        pass
    end(tls)


def waiting(tls):
    """Says nothing, until the client closes."""
    while tls.recv(65536):
        pass
    end(tls)


def connect(server, *words, **more):
    return run("connect", f"localhost:{server.port}", "-CAfile", ca_file(),
               *words, **more)


# ---- what is said ---------------------------------------------------------------

def test_a_dozen_calm_lines_on_standard_error():
    with tls_server(waiting) as server:
        done = connect(server)
        equal((done.code, done.out), (0, ""), done)
        want(len(done.err.splitlines()) <= 16, done.err)
        for line in (r"^connected  localhost \(127\.0\.0\.1 port \d+\)$",
                     r"^version    TLS 1\.3$", r"^suite      TLS_\w+$",
                     r"^group      \w+$", r"^signature  ecdsa_\w+$",
                     r"^chain    0 CN=localhost$", r"^           issued by CN=",
                     r"^           ECDSA P-256, until .* GMT \(\d+ days\)$",
                     r"^names      DNS:localhost IP:127\.0\.0\.1 IP:::1$",
                     r"^pin        sha256//.{43}=$",
                     r"^verify: ok: localhost$"):
            has(done.err, line)


def test_brief_is_one_line_and_quiet_is_quiet():
    with tls_server(waiting) as server:
        brief = connect(server, "-brief")
        equal(len(brief.err.splitlines()), 1, brief.err)
        has(brief.err, r"^TLS 1\.3  TLS_\w+  .*  localhost until .*  verify: ok")
        equal(connect(server, "-quiet").err, "")


def test_an_unverified_peer_ends_it_with_60_and_shows_its_chain():
    chain, key = certificate("unknown-issuer", "localhost",
                             options=("--broken", "unknown-issuer"))
    with tls_server(echo, chain, key) as server:
        done = connect(server, stdin=b"secret")
        equal((done.code, done.out), (60, ""), done)
        has(done.err, r"^chain    0 CN=")
        has(done.err, r"\[verify\.unknown_issuer\]")


def test_insecure_says_in_its_last_line_that_verification_failed():
    chain, key = certificate("expired", "localhost",
                             options=("--broken", "expired"))
    with tls_server(echo, chain, key) as server:
        done = connect(server, "-k", stdin=b"talk")
        equal((done.code, done.out), (0, "talk"), done)
        has(done.err.splitlines()[-1],
            r"^verify: FAILED \(ignored\): .* \[verify\.expired\]$")
        document = connect(server, "-k", "--json").json()
        equal(document["tls"]["verify"], "FAILED (ignored)")
        equal(document["tls"]["verify_code"], "verify.expired")


def test_the_name_verified_is_servername_or_verify_hostname():
    chain, key = certificate("site", "site.test")
    names = []
    context = tls_context(chain, key)
    context.sni_callback = lambda s, name, c: names.append(name)
    with tls_server(waiting, context=context) as server:
        equal(connect(server).code, 60)
        equal(connect(server, "-servername", "site.test").code, 0)
        equal(connect(server, "-verify_hostname", "site.test").code, 0)
        equal(connect(server, "-servername", "site.test", "-verify_hostname",
                      "other.test").code, 60)
        equal(connect(server, "-noservername", "-verify_hostname",
                      "site.test").code, 0)
    equal(names, ["localhost", "site.test", "site.test", "site.test", None])


def test_showcerts_prints_pem_that_others_can_read():
    chain, key = certificate("good")
    with tls_server(waiting, chain, key) as server:
        done = connect(server, "-showcerts")
        sent = re.findall(r"-----BEGIN CERTIFICATE-----[^-]*-----END "
                          r"CERTIFICATE-----\n", chain.read_text())
        equal(done.out, "".join(sent), done)


def test_s_clients_spellings_and_two_dashes_are_the_same():
    with tls_server(waiting) as server:
        at = f"127.0.0.1:{server.port}"
        for words in (("s_client", "-connect", at, "-servername", "localhost",
                       "-CAfile", ca_file(), "-brief"),
                      ("connect", "--connect", at, "--servername=localhost",
                       "--cacert", ca_file(), "--brief"),
                      ("connect", at, "-sni=localhost", f"-cacert={ca_file()}",
                       "-brief")):
            done = run(*words)
            equal(done.code, 0, words, done)
            equal(len(done.err.splitlines()), 1, done)


def test_msg_is_the_trace():
    with tls_server(waiting) as server:
        has(connect(server, "-msg").err,
            r"^\* TLSv1\.3 \(OUT\), TLS handshake, Client hello \(1\): ")


def test_versions_suites_and_alpn():
    chain, key = certificate("good")
    context = tls_context(chain, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with tls_server(waiting, context=context) as server:
        tls = connect(server, "--json", "-tls1_3", "-ciphersuites",
                      "TLS_CHACHA20_POLY1305_SHA256", "-groups", "P-384",
                      "-alpn", "h2,http/1.1").json()["tls"]
        equal((tls["version"], tls["suite"], tls["group"], tls["alpn"]),
              ("TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256", "secp384r1", "h2"))
        equal(connect(server, "-no_tls1_3", "-no_tls1_2").code, 2)


def test_json_has_the_chain_and_the_events():
    with tls_server(waiting) as server:
        done = connect(server, "--json")
        equal((done.code, done.err), (0, ""))
        document = done.json()
        equal(document["schema"], "handfast/connect/1")
        equal((document["error"], document["exit"]), (None, 0))
        want(document["events"] and document["tls"]["certificates"])
    document = run("connect", f"localhost:{cli.closed_port()}",
                   "--json").json()
    equal((document["error"]["code"], document["exit"]), ("system.connect", 7))


def test_the_schema_refuses_what_does_not_fit():
    with tls_server(waiting) as server:
        document = connect(server, "--json").json()

    def spoiled(change):
        copy = json.loads(json.dumps(document))
        change(copy)
        try:
            cli.schema.check(copy)
        except AssertionError:
            return True
        return False
    want(not spoiled(lambda d: None))
    for change in (lambda d: d.pop("exit"), lambda d: d.update(extra=1),
                   lambda d: d.update(exit="0"), lambda d: d.update(exit=-1),
                   lambda d: d["tls"].update(verify="maybe"),
                   lambda d: d["tls"]["certificates"][0].update(der="xyz"),
                   lambda d: d["events"][0].pop("t"),
                   lambda d: d["events"].append({"t": 0})):
        want(spoiled(change))


def test_keying_material_is_the_servers():
    chain, key = certificate("good")
    with cli.socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    child = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", chain,
         "-key", key, "-keymatexport", "EXPERIMENTAL-x", "-keymatexportlen",
         "48"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            done = run("connect", f"localhost:{port}", "-CAfile", ca_file(),
                       "-keymatexport", "EXPERIMENTAL-x", "-keymatexportlen",
                       "48", "-quiet")
            if done.code != 7:
                break
            time.sleep(0.02)
        ours = re.search(r"Keying material: ([0-9A-F]{96})$", done.out, re.M)
        want(ours, done)
        text = b""
        while b"Keying material:" not in text or b"\n" not in \
                text.split(b"Keying material:")[1]:
            text += child.stdout.read1(4096)
        has(text.decode(), "Keying material: " + ours.group(1))
    finally:
        stop(child)


# ---- the talk ---------------------------------------------------------------------

def test_what_is_typed_goes_and_what_comes_is_printed():
    with tls_server(echo) as server:
        done = connect(server, "-q", stdin=b"hello\n")
        equal((done.code, done.out, done.err), (0, "hello\n", ""))


def test_a_megabyte_each_way_is_not_garbled():
    data = bytes(i * 7 % 251 for i in range(1_000_000))
    with tls_server(echo) as server:
        done = connect(server, "-q", stdin=data)
        equal(done.code, 0, done.err)
        want(done.bytes == data, len(done.bytes))


def test_closed_standard_input_ends_it_soon():
    with tls_server(waiting) as server:
        done = connect(server)
        equal(done.code, 0, done)
        want(done.seconds < 4, done.seconds)
    def deaf(tls):
        time.sleep(15)
    with tls_server(deaf) as server:
        done = connect(server)
        equal(done.code, 0, done)
        want(done.seconds < 4, done.seconds)


def test_ign_eof_waits_for_the_peer():
    def late(tls):
        time.sleep(1)
        tls.sendall(b"late")
        end(tls)
    with tls_server(late) as server:
        equal(connect(server, "-q", "-ign_eof").out, "late")


def test_the_servers_close_ends_it():
    def short(tls):
        tls.sendall(b"bye\n")
        end(tls)
    with tls_server(short) as server:
        child = subprocess.Popen(
            [cli.HANDFAST, "connect", f"localhost:{server.port}", "-CAfile",
             ca_file(), "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=cli.CLEAN)
        equal(child.stdout.read(), b"bye\n")
        equal(child.wait(timeout=5), 0)
        child.stdin.close()


def test_a_truncated_talk_is_an_error():
    def cut(tls):
        tls.recv(10)
        tls.sendall(b"half")
        tls.shutdown(socket.SHUT_RDWR)
    with tls_server(cut) as server:
        done = connect(server, "-q", stdin=b"x")
        equal((done.code, done.out), (56, "half"), done)
        has(done.err, r"\[peer\.truncated\]")


def test_crlf():
    with tls_server(echo) as server:
        equal(connect(server, "-q", "-crlf", stdin=b"a\nb\n").out,
              "a\r\nb\r\n")


def test_keys_are_updated_by_a_letter():
    with tls_server(echo) as server:
        child = subprocess.Popen(
            [cli.HANDFAST, "connect", f"localhost:{server.port}", "-CAfile",
             ca_file(), "-q", "--commands", "-v"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=cli.CLEAN)
        for line in (b"one\n", b"K\n", b"two\n", b"k\n", b"three\n"):
            child.stdin.write(line)
            child.stdin.flush()
            time.sleep(0.1)
        out, err = child.communicate(timeout=10)
        equal((child.returncode, out), (0, b"one\ntwo\nthree\n"), err.decode())
        err = err.decode()
        has(err, r"\(OUT\), TLS handshake, Key update \(24\): .*"
            r"update_requested")
        has(err, r"\(IN\), TLS handshake, Key update \(24\): ")
        equal(len(re.findall(r"\(OUT\), TLS handshake, Key update", err)), 2)


def test_letters_are_data_without_commands():
    with tls_server(echo) as server:
        equal(connect(server, "-q", stdin=b"Q\nK\n").out, "Q\nK\n")


# ---- STARTTLS -----------------------------------------------------------------------

def starttls(dialogue, then=echo, extra=b""):
    """A server that has this dialogue, [(says, hears)], and then TLS."""
    chain, key = certificate("good")
    context = tls_context(chain, key)

    def handle(peer):
        for says, hears in dialogue:
            peer.sendall(says)
            if hears is None:
                continue
            heard = b""
            while len(heard) < len(hears):
                more = peer.recv(len(hears) - len(heard))
                if not more:
                    return
                heard += more
            if heard != hears:
                peer.sendall(b"-ERR wrong words\r\n")
                return
        peer.sendall(extra)
        if extra:
            time.sleep(1)
        then(context.wrap_socket(peer, server_side=True))
    return Server(handle)


DIALOGUES = {
    "smtp": [(b"220-mail.test hello\r\n220 mail.test\r\n",
              b"EHLO localhost\r\n"),
             (b"250-mail.test\r\n250-STARTTLS\r\n250 SIZE\r\n",
              b"STARTTLS\r\n"),
             (b"220 go on\r\n", None)],
    "imap": [(b"* OK mail.test\r\n", b"a STARTTLS\r\n"),
             (b"* CAPABILITY x\r\na OK begin\r\n", None)],
    "pop3": [(b"+OK mail.test\r\n", b"STLS\r\n"), (b"+OK begin\r\n", None)],
    "postgres": [(b"", bytes([0, 0, 0, 8, 4, 210, 22, 47])), (b"S", None)],
}


def test_starttls_of_every_protocol():
    for protocol, dialogue in DIALOGUES.items():
        with starttls(dialogue) as server:
            done = connect(server, "-q", "-starttls", protocol, stdin=b"hi")
            equal((done.code, done.out), (0, "hi"), protocol, done)


def test_starttls_that_is_refused():
    refusals = {
        "smtp": [[(b"554 no\r\n", None)],
                 [(b"220 a\r\n", b"EHLO localhost\r\n"),
                  (b"250 SIZE\r\n", None)],
                 [(b"220 a\r\n", b"EHLO localhost\r\n"),
                  (b"250 STARTTLS\r\n", b"STARTTLS\r\n"),
                  (b"454 not now\r\n", None)]],
        "imap": [[(b"* BYE\r\n", None)],
                 [(b"* OK\r\n", b"a STARTTLS\r\n"), (b"a NO\r\n", None)]],
        "pop3": [[(b"-ERR\r\n", None)],
                 [(b"+OK\r\n", b"STLS\r\n"), (b"-ERR\r\n", None)]],
        "postgres": [[(b"", bytes([0, 0, 0, 8, 4, 210, 22, 47])),
                      (b"N", None)]],
    }
    for protocol, dialogues in refusals.items():
        for dialogue in dialogues:
            with starttls(dialogue, then=lambda tls: None) as server:
                done = connect(server, "-starttls", protocol)
                equal(done.code, 35, protocol, dialogue, done)
                has(done.err, r"\[starttls\.refused\]\n  why ")


def test_words_smuggled_behind_the_servers_consent_are_refused():
    for protocol, dialogue in DIALOGUES.items():
        glued = dialogue[:-1] + [(dialogue[-1][0] + b"250 evil\r\n", None)]
        with starttls(glued) as server:
            done = connect(server, "-starttls", protocol)
            equal(done.code, 35, protocol, done)
            has(done.err, r"\[starttls\.smuggled\]")


def test_a_greeting_that_never_comes():
    def silent(peer):
        time.sleep(15)
    with Server(silent) as server:
        done = connect(server, "-starttls", "smtp", "--connect-timeout", "1")
        equal(done.code, 28, done)
        want(done.seconds < 4, done.seconds)


def test_openssls_server_without_www():
    chain, key = certificate("good")
    server = openssl("-cert", chain, "-key", key, "-rev")
    try:
        done = connect(server, "-q", stdin=b"hello\n")
        equal((done.code, done.out), (0, "olleh\n"), done)
    finally:
        stop(server)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

#!/usr/bin/python3
"""`handfast cert`: one screen about a certificate, and the verdict with its
reasons."""
import re
import subprocess
import sys

import cli
from cli import (Skip, answers, ca_file, certificate, equal, has, lacks, run,
                 tls_server, want)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


def test_show_says_all_on_one_screen():
    chain, _ = certificate("shown", "localhost", "127.0.0.1",
                           options=("--days", "12"))
    done = run("cert", "show", chain)
    equal(done.code, 0, done)
    equal(done.err, "")
    want(len(done.out.splitlines()) <= 24, done)
    for line in (r"subject +CN=localhost$", r"issuer +CN=handfast CA",
                 r"names +DNS:localhost, IP:127\.0\.0\.1$",
                 r"until .*\(in 1[12] days\)", r"key +ECDSA P-256",
                 r"key usage +digitalSignature", r"purpose +serverAuth",
                 r"authority +no", r"signed +ecdsa-with-SHA256",
                 r"serial +([0-9a-f]{2}:){19}[0-9a-f]{2}$",
                 r"sha256 +([0-9A-F]{2}:){31}[0-9A-F]{2}$",
                 r"pin +sha256//[\w+/]{43}=$"):
        has(done.out, line)


def test_show_agrees_with_openssl():
    if not cli.shutil.which("openssl"):
        raise Skip("openssl x509 (apt install openssl)")
    chain, _ = certificate("shown", "localhost", "127.0.0.1")
    document = run("cert", "show", "--json", chain).json()
    said = subprocess.run(
        ["openssl", "x509", "-in", str(chain), "-noout", "-fingerprint",
         "-sha256", "-serial"], capture_output=True, text=True,
        check=True).stdout
    one = document["certificates"][0]
    has(said, re.escape(one["sha256"]))
    has(said, one["serial"].upper())
    key = subprocess.run(["openssl", "x509", "-in", str(chain), "-noout",
                          "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"],
                         input=key, capture_output=True, check=True).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"],
                            input=der, capture_output=True, check=True).stdout
    import base64
    equal(one["pin"], "sha256//" + base64.b64encode(digest).decode())


def test_show_reads_der_pem_and_standard_input():
    chain, key = certificate("shown", "localhost", "127.0.0.1")
    again = run("cert", "show", "-", stdin=chain.read_bytes())
    # how long ago it began may be a minute more by then
    equal(*(re.sub(r"  \(.*\)$", "", done.out, flags=re.M)
            for done in (again, run("cert", "show", chain))))
    both = run("cert", "show", "-",
               stdin=chain.read_bytes() + key.read_bytes())
    has(both.out, "also holds a private key, which is not shown")
    lacks(both.out, "PRIVATE")
    two = run("cert", "show", "-", stdin=chain.read_bytes() +
              ca_file().read_bytes())
    has(two.out, r"^1 of 2")
    has(two.out, r"^2 of 2")
    has(two.out, r"only for +localhost, test, internal")


def test_show_says_what_cannot_be_read():
    for bytes_, pattern in (
            (b"", "neither PEM nor DER"), (b"hello", "neither PEM nor DER"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n", "never ends"),
            (b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
             "base64"),
            (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
             r"\[config\.crl\]"),
            (b"-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n",
             "no CERTIFICATE"), (b"\x30\x03\x02\x01\x00", "")):
        done = run("cert", "show", "-", stdin=bytes_)
        equal(done.code, 1, bytes_, done)
        has(done.err, pattern)
    equal(run("cert", "show", "no-such-file").code, 2)
    equal(run("cert", "show").code, 2)


def test_show_asks_a_host_without_trusting_it():
    with tls_server(answers(OK)) as server:
        done = run("cert", "show", f"localhost:{server.port}")
        equal(done.code, 0, done)
        has(done.out, r"names +DNS:localhost")
        has(done.err, "not verified")
    closed = run("cert", "show", f"localhost:{cli.closed_port()}")
    equal(closed.code, 7, closed)


def test_verify_trusts_what_is_to_be_trusted():
    chain, _ = certificate("good")
    for name in ("localhost", "127.0.0.1", "::1"):
        done = run("cert", "verify", "--CAfile", ca_file(), "--name", name,
                   chain)
        equal(done.code, 0, done)
        has(done.out, rf"^trusted for {re.escape(name)}$")
        has(done.out, r"by handfast CA .*\(in the trust store\)")
    document = run("cert", "verify", "--CAfile", ca_file(), "--json",
                   chain).json()
    equal(document["trusted"], True)
    equal(document["error"], None)
    equal(len(document["path"]), 2)


def test_verify_looks_at_another_time():
    chain, _ = certificate("fortnight", options=("--days", "14"))
    words = ("cert", "verify", "--CAfile", ca_file(), chain)
    equal(run(*words, "--at", "+13d").code, 0)
    late = run(*words, "--at", "+15d")
    equal(late.code, 1)
    has(late.out, r"\[verify\.expired\]")
    early = run(*words, "--at", "2020-01-01")
    has(early.out, r"\[verify\.not_yet_valid\]")
    equal(run(*words, "--at", "soon").code, 2)


def test_verify_asks_for_the_purpose():
    chain, _ = certificate("alice", "alice@dev.test", options=("--client",))
    words = ("cert", "verify", "--CAfile", ca_file(), chain)
    equal(run(*words, "--purpose", "client").code, 0)
    server = run(*words)
    equal(server.code, 1)
    has(server.out, r"\[verify\.eku\]")
    equal(run(*words, "--purpose", "any").code, 0)
    equal(run(*words, "--purpose", "fun").code, 2)


def test_verify_takes_intermediates_from_other_files():
    chain, _ = certificate("gap", "localhost",
                           options=("--broken", "missing-intermediate"))
    words = ("cert", "verify", "--CAfile", ca_file(), chain)
    has(run(*words).out, r"\[verify\.missing_intermediate\]")
    with_root = run(*words, ca_file())
    equal(with_root.code, 1, "the root does not help")


def test_without_a_name_it_says_that_none_was_checked():
    chain, _ = certificate("good")
    done = run("cert", "verify", "--CAfile", ca_file(), chain)
    equal(done.code, 0)
    has(done.out, "no name was checked")
    bad = run("cert", "verify", "--CAfile", ca_file(), "--name", "a b", chain)
    equal(bad.code, 2)


def test_names_may_be_written_as_people_do():
    chain, _ = certificate("umlaut", "xn--bcher-kva.test")
    words = ("cert", "verify", "--CAfile", ca_file(), "--name")
    done = run(*words, "b\u00fccher.test", chain)
    if "libidn2" in done.err:
        equal(done.code, 2)
        return
    equal(done.code, 0, done)
    has(done.out, r"^trusted for xn--bcher-kva\.test$")
    equal(run(*words, "buecher.test", chain).code, 1)
    for name in ("b\uff0fcher.example", "\u202e.example", "\u0308x.example"):
        bad = run(*words, name, chain)
        equal(bad.code, 2, bad)
        has(bad.err, "the name")
    bad = run("connect", "b\uff0fcher.example:443")
    equal(bad.code, 2, bad)
    has(bad.err, "can be in no host name")
    bad = run("get", "https://b\uff0fcher.example/")
    has(bad.err, r"can be in no host name")
    has(bad.err, r"\[url\.bad\]")


def test_the_trust_must_be_readable():
    chain, _ = certificate("good")
    done = run("cert", "verify", "--CAfile", "no-such-file", chain)
    equal(done.code, 77, done)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

#!/usr/bin/python3
"""`handfast ca`: what it makes is what openssl accepts and refuses; nothing is
overwritten; keys are for their owner only."""
import os
import re
import shutil
import stat
import subprocess
import sys

import cli
from cli import Skip, ca, ca_file, certificate, equal, has, lacks, run, want


def judge(chain, *words, trust=None):
    """(accepted, what it says) of `openssl verify` on a chain file."""
    if not shutil.which("openssl"):
        raise Skip("openssl verify (apt install openssl)")
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-auth_level", "2",
         "-CAfile", str(trust or ca_file()), "-untrusted", str(chain),
         *words, str(chain)], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def accepted(chain, *words, trust=None):
    good, said = judge(chain, *words, trust=trust)
    want(good, said)


def refused(chain, pattern, *words):
    good, said = judge(chain, *words)
    want(not good, "openssl accepts it")
    has(said, pattern)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_an_authority_is_made_for_its_owner_only():
    equal(mode(ca() / "ca-key.pem"), 0o600)
    equal(mode(ca()), 0o700)
    text = ca_file().read_text()
    equal(text.count("BEGIN CERTIFICATE"), 1)
    lacks(text, "PRIVATE KEY")
    accepted(ca_file())


def test_an_authority_is_not_replaced_unless_that_is_said():
    folder = cli.WORK / "twice"
    equal(run("ca", "init", folder).code, 0)
    before = (folder / "ca.pem").read_bytes(), \
        (folder / "ca-key.pem").read_bytes()
    again = run("ca", "init", folder)
    equal(again.code, 1, again)
    has(again.err, "already.*--force")
    equal(((folder / "ca.pem").read_bytes(),
           (folder / "ca-key.pem").read_bytes()), before)
    equal(run("ca", "init", "--force", folder).code, 0)
    want((folder / "ca.pem").read_bytes() != before[0])
    equal(mode(folder / "ca-key.pem"), 0o600)


def test_the_default_folder_is_the_users_own():
    home = cli.WORK / "home"
    home.mkdir()
    done = run("ca", "init", env={"HOME": str(home), "XDG_DATA_HOME": ""})
    equal(done.code, 0, done)
    want((home / ".local/share/handfast/ca/ca.pem").exists())
    data = cli.WORK / "data"
    equal(run("ca", "init", env={"XDG_DATA_HOME": str(data)}).code, 0)
    want((data / "handfast/ca/ca.pem").exists())
    shown = run("ca", "show", env={"XDG_DATA_HOME": str(data)})
    equal(shown.code, 0)
    has(shown.out, r"authority +yes")
    relative = run("ca", "init", env={"XDG_DATA_HOME": "data2",
                                      "HOME": str(home)})
    equal(relative.code, 1, "a relative XDG_DATA_HOME is ignored")


def test_certificates_of_every_key_are_accepted_by_openssl():
    for kind in ("p256", "p384", "ed25519", "rsa2048", "rsa3072"):
        chain, key = certificate(f"kind-{kind}", "localhost", "127.0.0.1",
                                 "::1", options=("--key", kind))
        equal(mode(key), 0o600)
        accepted(chain, "-purpose", "sslserver", "-verify_hostname",
                 "localhost")
        accepted(chain, "-verify_ip", "127.0.0.1")
        accepted(chain, "-verify_ip", "::1")
        refused(chain, "hostname mismatch", "-verify_hostname", "other.test")


def test_the_files_are_called_after_the_names():
    folder = cli.WORK / "names"
    folder.mkdir()
    for words, name in ((("localhost",), "localhost"),
                        (("localhost", "::1"), "localhost+1"),
                        (("*.dev.test",), "_wildcard.dev.test"),
                        (("alice@dev.test", "--client"),
                         "alice@dev.test-client"),
                        (("../../etc/x", "--client"), "_._.._etc_x-client"),
                        (("localhost", "--broken", "expired"),
                         "localhost-expired")):
        done = run("ca", "issue", *words, "--ca", ca(), cwd=folder)
        equal(done.code, 0, done)
        has(done.out, re.escape(f"it is in {name}.pem and its key in "
                                f"{name}-key.pem"))
        want((folder / f"{name}.pem").exists(), os.listdir(folder))
    equal(len(os.listdir(folder)), 12, "two files each")


def test_no_file_is_replaced_unless_that_is_said():
    chain, key = certificate("kept")
    before = chain.read_bytes(), key.read_bytes()
    again = run("ca", "issue", "localhost", "--ca", ca(), "-o", chain)
    equal(again.code, 23, again)
    equal((chain.read_bytes(), key.read_bytes()), before)
    chain.unlink()
    half = run("ca", "issue", "localhost", "--ca", ca(), "-o", chain)
    equal(half.code, 23, "the key is still there")
    want(not chain.exists(), "neither file without the other")
    forced = run("ca", "issue", "localhost", "--ca", ca(), "-o", chain,
                 "--force")
    equal(forced.code, 0, forced)
    equal(mode(key), 0o600)
    accepted(chain)


def test_names_outside_the_limits_are_refused():
    for name in ("example.com", "8.8.8.8", "2001:db8::1"):
        done = run("ca", "issue", name, "--ca", ca())
        equal(done.code, 1, done)
        has(done.err, rf"\[verify\.name_constraint\]")
        has(done.err, rf"{re.escape(name)}: this authority may only certify")
    for name in ("a b", "caf\u00e9.test", "*", "http://x", "x..test"):
        done = run("ca", "issue", name, "--ca", ca())
        equal(done.code, 2, done)
        equal(done.out, "")


def test_an_authority_for_named_places_serves_those_only():
    folder = cli.WORK / "lab"
    equal(run("ca", "init", "--permit", ".lab.example", "--permit",
              "192.0.2.0/24", folder).code, 0)
    chain = folder / "site.pem"
    done = run("ca", "issue", "a.lab.example", "192.0.2.7", "--ca", folder,
               "-o", chain)
    equal(done.code, 0, done)
    accepted(chain, trust=folder / "ca.pem")
    equal(run("ca", "issue", "localhost", "--ca", folder).code, 1)
    equal(run("ca", "issue", "10.0.0.1", "--ca", folder).code, 1)
    bad = run("ca", "init", "--permit", "10.0.0.0/99", cli.WORK / "bad")
    equal(bad.code, 2, bad)


def test_an_intermediate_is_sent_along():
    folder = cli.WORK / "below"
    made = run("ca", "init", "--parent", ca(), folder)
    equal(made.code, 0, made)
    chain = folder / "site.pem"
    equal(run("ca", "issue", "localhost", "--ca", folder, "-o",
              chain).code, 0)
    equal(chain.read_text().count("BEGIN CERTIFICATE"), 2)
    accepted(chain, trust=ca_file())


def test_dates_are_chosen_and_never_exceed_the_authoritys():
    chain, _ = certificate("short", options=("--days", "14"))
    accepted(chain, "-attime", str(int(cli.time.time()) + 13 * 86400))
    refused(chain, "expired", "-attime",
            str(int(cli.time.time()) + 15 * 86400))
    long = run("ca", "issue", "localhost", "--ca", ca(), "--days", "36500",
               "--json", "-o", cli.WORK / "long.pem").json()
    want(long["not_after"] < cli.time.time() + 3660 * 86400, long)
    exact = run("ca", "issue", "localhost", "--ca", ca(), "--not-after",
                "2027-01-02T03:04:05Z", "--json", "-o",
                cli.WORK / "exact.pem").json()
    equal(exact["not_after"], 1798859045)
    for words in (("--not-after", "yesterday"), ("--days", "-1"),
                  ("--days", "99999999"), ("--not-after", "-2d")):
        equal(run("ca", "issue", "localhost", "--ca", ca(), *words).code, 2)


def test_a_client_certificate_is_for_clients():
    chain, _ = certificate("alice", "alice@dev.test", options=("--client",))
    accepted(chain, "-purpose", "sslclient", "-verify_email",
             "alice@dev.test")
    refused(chain, "purpose", "-purpose", "sslserver")


# What openssl says to each fault; it does not look at some of them.
FAULTS = {
    "expired": "certificate has expired",
    "not-yet": "not yet valid",
    "wrong-name": "hostname mismatch",
    "no-san": None,
    "weak-key": "key too (small|weak)",
    "sha1": "digest algorithm too weak",
    "no-ca-bit": "invalid CA certificate|issuer",
    "key-usage": None,
    "wrong-eku": "purpose",
    "constraint": "permitted subtree violation",
    "path-length": "path length constraint exceeded",
    "critical": "unhandled critical extension",
    "bad-signature": "signature failure",
    "version1": None,
    "self-signed": "self-signed certificate",
    "unknown-issuer": "unable to get local issuer",
    "missing-intermediate": "unable to get local issuer",
    "wrong-key": None,
}


def test_each_fault_is_one_to_openssl_too():
    listed = run("ca", "issue", "--list-broken").out
    kinds = re.findall(r"^  (\S+) ", listed, re.M)
    equal(set(kinds), set(FAULTS))
    for kind, pattern in FAULTS.items():
        chain, _ = certificate(f"fault-{kind}", "localhost",
                               options=("--broken", kind))
        if pattern:
            refused(chain, pattern, "-purpose", "sslserver",
                    "-verify_hostname", "localhost")


def test_each_fault_gives_its_own_error_in_cert_verify():
    rows = re.findall(r"^  (\S+) +(\S+) ", run("ca", "issue",
                                               "--list-broken").out, re.M)
    want(len(rows) > 15)
    for kind, code in rows:
        chain, key = certificate(f"fault-{kind}", "localhost",
                                 options=("--broken", kind))
        done = run("cert", "verify", "--CAfile", ca_file(), "--name",
                   "localhost", chain)
        if kind == "wrong-key":
            equal(done.code, 0)
            serve = run("serve", "--cert", chain, "--key", key, "--port", "0")
            equal(serve.code, 58, serve)
            has(serve.err, re.escape(f"[{code}]"))
            continue
        equal(done.code, 1, kind, done)
        has(done.out, re.escape(f"[{code}]"))
        has(done.out, r"^  why  \S")
        has(done.out, r"^  try  \S")
        document = run("cert", "verify", "--CAfile", ca_file(), "--name",
                       "localhost", "--json", chain)
        equal(document.code, 1)
        equal(document.json()["trusted"], False)
        equal(document.json()["error"]["code"], code)


def test_both_can_be_printed():
    done = run("ca", "issue", "localhost", "--ca", ca(), "-o", "-")
    equal(done.code, 0)
    equal(done.out.count("BEGIN CERTIFICATE"), 1)
    equal(done.out.count("BEGIN PRIVATE KEY"), 1)


def test_without_an_authority_it_says_how_to_make_one():
    done = run("ca", "issue", "localhost", "--ca", cli.WORK / "nowhere")
    equal(done.code, 58, done)
    has(done.err, "handfast ca init")
    equal(run("ca", "issue", "--ca", ca()).code, 2, "for which name?")
    equal(run("ca", "issue", "x.test", "--ca", ca(), "--broken",
              "unheard-of").code, 2)
    equal(run("ca", "issue", "x.test", "--ca", ca(), "--key", "dsa").code, 2)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

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


# ---- PKCS#12 ----------------------------------------------------------------------

def pkcs12(path, password, *words):
    if not shutil.which("openssl"):
        raise Skip("openssl pkcs12 (apt install openssl)")
    return subprocess.run(
        ["openssl", "pkcs12", "-in", str(path), "-passin", f"pass:{password}",
         *words], capture_output=True, text=True, check=False)


def p12(name, *words, options=(), **more):
    path = cli.WORK / f"{name}.p12"
    done = run("ca", "issue", *(words or ("alice@dev.test", "--client")),
               "--ca", ca(), "--p12", path, *options, **more)
    return path, done


def password_file(text="geheim"):
    path = cli.WORK / "password"
    path.write_text(text + "\nsecond line\n")
    return path


def test_a_pkcs12_file_holds_both_under_the_password():
    path, done = p12("alice", options=("--password-file", password_file()))
    equal(done.code, 0, done)
    has(done.out, rf"^  both are in {re.escape(str(path))}, under the password$")
    lacks(done.out, "geheim")
    equal(mode(path), 0o600)
    want(not list(cli.WORK.glob("alice@dev.test-client*")), "no PEM unasked")
    said = pkcs12(path, "geheim", "-nodes")
    equal(said.returncode, 0, said.stderr)
    equal(said.stdout.count("BEGIN CERTIFICATE"), 1)
    equal(said.stdout.count("BEGIN PRIVATE KEY"), 1)
    has(said.stdout, "friendlyName: alice@dev.test")
    both = cli.WORK / "both.pem"
    both.write_text(said.stdout)
    accepted(both, "-purpose", "sslclient", "-verify_email", "alice@dev.test")
    wrong = pkcs12(path, "wrong", "-nodes")
    want(wrong.returncode != 0)


def test_a_pkcs12_file_is_sealed_with_what_is_thought_safe():
    path, _ = p12("modern", options=("--password-file", password_file()))
    said = pkcs12(path, "geheim", "-info", "-noout").stderr
    equal(len(re.findall(r"PBES2, PBKDF2, AES-256-CBC, Iteration 210000, PRF "
                         r"hmacWithSHA256", said)), 2, said)
    has(said, r"MAC: sha256, Iteration 210000")


def test_a_pkcs12_file_holds_the_intermediate_too():
    folder = cli.WORK / "p12-below"
    equal(run("ca", "init", "--parent", ca(), folder).code, 0)
    path = folder / "x.p12"
    done = run("ca", "issue", "localhost", "--ca", folder, "--p12", path,
               "--password-file", "-", stdin=b"geheim\n")
    equal(done.code, 0, done)
    equal(pkcs12(path, "geheim", "-nodes").stdout.count("BEGIN CERTIFICATE"), 2)


def test_pem_is_written_beside_pkcs12_if_asked_for():
    out = cli.WORK / "beside.pem"
    path, done = p12("beside", options=("--password-file", password_file(),
                                        "-o", out, "--json"))
    equal(done.code, 0, done)
    document = done.json()
    equal((document["p12"], document["certificate"]), (str(path), str(out)))
    want(out.exists() and path.exists())
    alone = p12("alone", options=("--password-file", password_file(),
                                  "--json"))[1].json()
    equal((alone["certificate"], alone["key"]), (None, None))


def test_pkcs12_files_are_not_replaced_and_need_a_password():
    path, _ = p12("once", options=("--password-file", password_file()))
    before = path.read_bytes()
    equal(p12("once", options=("--password-file", password_file()))[1].code, 23)
    equal(path.read_bytes(), before)
    for bad in (("--password-file", cli.WORK / "no-such-file"),
                ("--password-file", password_file("")), ("--out", "-")):
        path, done = p12("never", options=bad)
        equal(done.code, 2, done)
        want(not path.exists())
    stray = run("ca", "issue", "localhost", "--ca", ca(), "--password-file",
                password_file())
    equal(stray.code, 2, stray)
    rows = run("ca", "list", "--ca", ca(), "--json").json()["certificates"]
    want(len([row for row in rows if "alice" in row["subject"]]) >= 1)


def typed(*lines, name):
    """(exit, what stood on the terminal) of p12() with a person typing."""
    import pty
    path = cli.WORK / f"{name}.p12"
    child, terminal = pty.fork()
    if child == 0:
        os.execve(cli.HANDFAST,
                  [cli.HANDFAST, "ca", "issue", "localhost", "--ca", str(ca()),
                   "--p12", str(path)], cli.CLEAN)
    shown = b""
    for line in lines:
        while not shown.endswith(b": "):
            shown += os.read(terminal, 1024)
        os.write(terminal, line)
        shown += b"|"
    try:
        while piece := os.read(terminal, 1024):
            shown += piece
    except OSError:
        pass
    os.close(terminal)
    return path, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), \
        shown.decode()


def test_a_password_is_asked_for_and_not_shown():
    path, code, shown = typed(b"topsecret\n", b"topsecret\n", name="typed")
    equal(code, 0, shown)
    lacks(shown, "topsecret")
    has(shown, "Password of the PKCS#12 file: ")
    equal(pkcs12(path, "topsecret", "-noout").returncode, 0)
    path, code, shown = typed("x\u00e9\x7fyz\x15sch\u00fc\x7f\u00fcx\x7f\n".encode(),
                              "sch\u00fc\n".encode(), name="mended")
    equal(code, 0, shown)
    equal(pkcs12(path, "sch\u00fc", "-noout").returncode, 0)
    for lines in ((b"one\n", b"two\n"), (b"\n",), (b"abc\x03",),
                  (b"abc\x04",), (600 * b"a",)):
        path, code, shown = typed(*lines, name="mistyped")
        equal(code, 2, shown)
        lacks(shown, r"\babc\b|\bone\b")
        want(not path.exists())


# ---- wrong on purpose ---------------------------------------------------------------

# What openssl says to each fault; it does not look at some of them.
FAULTS = {
    "expired": "certificate has expired",
    "not-yet": "not yet valid",
    "wrong-name": "hostname mismatch",
    "no-san": None,
    "weak-key": "key too (small|weak)",
    "sha1": "digest algorithm too weak",
    "odd-key": None,
    "wildcard": "hostname mismatch",
    "nul-in-name": "hostname mismatch",
    "no-ca-bit": "invalid CA certificate|issuer",
    "key-usage": None,
    "wrong-eku": "purpose",
    "constraint": "permitted subtree violation",
    "path-length": "path length constraint exceeded",
    "expired-intermediate": "certificate has expired",
    "no-cert-sign": "invalid CA certificate|issuer|key usage",
    "issuer-eku": "purpose",
    "duplicate": "issuer|invalid",
    "zero-serial": None,
    "critical": "unhandled critical extension",
    "bad-signature": "signature failure",
    "version1": None,
    "self-signed": "self-signed certificate",
    "unknown-issuer": "unable to get local issuer",
    "missing-intermediate": "unable to get local issuer",
    "revoked": None,
    "wrong-key": None,
}


def test_each_fault_is_one_to_openssl_too():
    listed = run("ca", "issue", "--broken", "list").out
    equal(run("ca", "issue", "--list-broken").out, listed)
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
        words = ()
        done = run("cert", "verify", "--CAfile", ca_file(), "--name",
                   "localhost", chain)
        if kind == "revoked":
            equal(done.code, 0, "without a list nobody knows")
            equal(run("ca", "crl", "--ca", ca()).code, 0)
            words = ("--crl", ca() / "crl.pem")
            done = run("cert", "verify", "--CAfile", ca_file(), "--name",
                       "localhost", *words, chain)
            good, said = judge(chain, "-crl_check", "-CRLfile",
                               str(ca() / "crl.pem"))
            want(not good, said)
            has(said, "certificate revoked")
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
                       "localhost", "--json", *words, chain)
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

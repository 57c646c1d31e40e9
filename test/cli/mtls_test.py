#!/usr/bin/python3
"""`handfast mtls`: everything for mutual TLS in one folder, a server and a
client that use it, and a doctor who says what is wrong with whose certificate
and who would refuse it."""
import json
import os
import stat
import subprocess
import sys

import cli
from cli import (CLEAN, HANDFAST, WORK, answers, ca, ca_file, equal,
                 has, lacks, openssl, run, stop, tls_server, want)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
_made = []


def folder():
    """One that `mtls init` made."""
    path = WORK / "mtls-shared"
    if not _made:
        done = run("mtls", "init", path)
        equal(done.code, 0, done)
        _made.append(path)
    return path


def made(name, *words):
    path = WORK / name
    done = run("mtls", "init", path, *words)
    equal(done.code, 0, done)
    return path


def doctor(*words, code=0):
    done = run("mtls", "doctor", *words, "--json")
    equal(done.code, code, done)
    document = done.json()
    equal(document["well"], code == 0)
    return document["findings"]


def bad(findings):
    return [(one["whose"], one["what"], one["code"]) for one in findings
            if one["grade"] == "bad"]


def issue(path, name, *words):
    """(certificate, key) of one more from the folder's authority."""
    out = path / f"{name}.pem"
    if not out.exists():
        done = run("ca", "issue", *words, "--ca", path, "-o", out)
        equal(done.code, 0, done)
    return out, path / f"{name}-key.pem"


# ---- init ---------------------------------------------------------------------------

def test_init_makes_all_that_is_needed():
    path = made("first")
    equal(sorted(os.listdir(path)),
          sorted(["ca.pem", "ca-key.pem", "server.pem", "server-key.pem",
                  "client.pem", "client-key.pem", "issued.txt",
                  "issued.lock"]))
    for name in ("ca-key.pem", "server-key.pem", "client-key.pem"):
        equal(stat.S_IMODE(os.stat(path / name).st_mode), 0o600)
    for name, purpose in (("server", "server"), ("client", "client")):
        done = run("cert", "verify", "--CAfile", path / "ca.pem", "--purpose",
                   purpose, path / f"{name}.pem")
        equal(done.code, 0, done)
    rows = run("ca", "list", "--ca", path, "--json").json()["certificates"]
    equal([row["subject"] for row in rows], ["localhost", "client"])
    has(run("ca", "show", path).out, "only for +localhost, test")


def test_init_says_what_it_made():
    done = run("mtls", "init", WORK / "told", "--json")
    document = done.json()
    want(all(os.path.exists(document[name]) for name in
             ("ca", "server", "server_key", "client", "client_key")), document)
    equal(document["new_authority"], True)
    plain = run("mtls", "init", WORK / "plain", "--client", "alice")
    has(plain.out, r"^  client +client\.pem, client-key\.pem +for alice$")
    has(plain.err, r"^Next: handfast mtls serve ")


def test_init_replaces_nothing_unless_that_is_said():
    path = made("again")
    before = {name: (path / name).read_bytes() for name in os.listdir(path)}
    done = run("mtls", "init", path)
    equal(done.code, 1, done)
    equal({name: (path / name).read_bytes() for name in os.listdir(path)},
          before)
    equal(run("mtls", "init", path, "--force").code, 0)
    want((path / "ca.pem").read_bytes() != before["ca.pem"])
    doctor(path)


def test_init_uses_an_authority_that_is_there():
    path = WORK / "there"
    equal(run("ca", "init", path, "--name", "Mine").code, 0)
    done = run("mtls", "init", path, "--json")
    equal(done.code, 0, done)
    equal(done.json()["new_authority"], False)
    has(run("cert", "show", path / "client.pem").out, r"issuer +CN=Mine")
    refused = run("mtls", "init", WORK / "there2", "--name", "a b")
    equal(refused.code, 2, refused)


def test_init_limits_the_authority_to_what_is_asked_for():
    path = made("named", "--name", "api.example.org", "--name", "192.0.2.7",
                "--days", "5", "--key", "ed25519")
    has(run("ca", "show", path).out, r"only for +api\.example\.org")
    equal(run("ca", "issue", "localhost", "--ca", path).code, 1)
    findings = doctor(path)
    has(json.dumps(findings), "DNS:api.example.org, IP:192.0.2.7")
    equal([one["grade"] for one in findings if one["what"] == "dates"],
          ["note", "note"], "five days are soon over")


# ---- serve and connect -----------------------------------------------------------------

class Server:
    """`handfast mtls serve DIR --json --port 0 WORDS`."""

    def __init__(self, path, *words, verb=("mtls", "serve")):
        self.child = subprocess.Popen(
            [HANDFAST, *verb, *([str(path)] if path else []), "--json",
             "--port", "0", *map(str, words)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=CLEAN, cwd=WORK)
        line = self.child.stdout.readline()
        if not line:
            raise AssertionError(self.child.stderr.read().decode())
        self.at = f"localhost:{json.loads(line)['port']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.communicate(timeout=20)


def test_both_sides_verify_each_other():
    path = folder()
    with Server(path) as server:
        for words in ((), ("--tls1_2",), ("--tls1_3",)):
            done = run("mtls", "connect", path, server.at, "--brief", *words)
            equal(done.code, 0, done)
            has(done.err, "verify: ok: localhost")
        without = run("get", "--cacert", path / "ca.pem",
                      f"https://{server.at}/")
        want(without.code != 0, without)
        has(without.err, r"\[proof\.no_certificate\]")
        with_one = run("get", "--cacert", path / "ca.pem", "--cert",
                       path / "client.pem", "--key", path / "client-key.pem",
                       f"https://{server.at}/.handfast.json")
        equal(with_one.code, 0, with_one)
        stranger = run("mtls", "connect", made("stranger"), server.at)
        equal(stranger.code, 60, stranger)


def test_the_options_of_serve_and_connect_may_follow():
    path = folder()
    with Server(path, "--echo", "--alpn", "echo") as server:
        done = run("mtls", "connect", path, server.at, "--quiet", "--alpn",
                   "echo", stdin=b"hello\n")
        equal((done.code, done.out), (0, "hello\n"))
        document = run("mtls", "connect", path, server.at, "--json",
                       stdin=b"")
        equal(document.code, 0, document)
    for verb in ("serve", "connect"):
        wrong = run("mtls", verb, path, "--nonsense")
        equal(wrong.code, 2, wrong)
        has(wrong.err, f"handfast mtls {verb}: unknown option --nonsense")
        helped = run("mtls", verb, "--help")
        equal(helped.code, 0)
        has(helped.out, rf"^usage: handfast mtls {verb} \[OPTION\.\.\.\] \[DIR\]")
        missing = run("mtls", verb)
        equal(missing.code, 58, missing)
        has(missing.err, "handfast mtls init")


# ---- the doctor, on files ------------------------------------------------------------------

def test_a_doctor_finds_nothing_where_nothing_is_wrong():
    findings = doctor(folder())
    equal({one["grade"] for one in findings}, {"fine"})
    equal([one["what"] for one in findings if one["whose"] == "handshake"],
          ["TLS 1.3", "TLS 1.2"])
    plain = run("mtls", "doctor", folder())
    has(plain.out, r"^Nothing is wrong\.$")
    lacks(plain.out, "BAD")


# fault: (what is found on the file, its code), code of the handshake; None
# where it does not come so far.
SERVER_FAULTS = {
    "expired": ("dates", "verify.expired", "verify.expired"),
    "not-yet": ("dates", "verify.not_yet_valid", "verify.not_yet_valid"),
    "wrong-eku": ("purpose", "verify.eku", "verify.eku"),
    "key-usage": ("purpose", "verify.key_usage", None),
    "self-signed": ("chain", "verify.self_signed", "verify.self_signed"),
    "unknown-issuer": ("chain", "verify.unknown_issuer",
                       "verify.unknown_issuer"),
    "missing-intermediate": ("chain", "verify.missing_intermediate",
                             "verify.missing_intermediate"),
    "expired-intermediate": ("chain", "verify.expired", "verify.expired"),
    "bad-signature": ("chain", "verify.signature", "verify.signature"),
    "no-ca-bit": ("chain", "verify.not_a_ca", "verify.not_a_ca"),
    "wrong-key": ("files", "config.key_mismatch", None),
}


def one_fault(whose, fault):
    path = folder()
    words = ("localhost",) if whose == "server" else ("bob", "--client")
    cert, key = issue(path, f"{whose}-{fault}", *words, "--broken", fault)
    where = ("--cert", "--key") if whose == "server" else (
        "--client-cert", "--client-key")
    return doctor(path, where[0], cert, where[1], key, "--name", "localhost",
                  code=1)


def check_fault(whose, fault, what, code, handshake):
    findings = one_fault(whose, fault)
    found = bad(findings)
    want((whose, what, code) in found, whose, fault, found)
    other = "client" if whose == "server" else "server"
    want(not [one for one in found if one[0] in (other, "authorities")], found)
    told = [one for one in findings if one["whose"] == "handshake"]
    equal(len(told), 2)
    for one in told:
        if handshake:
            equal((one["grade"], one["code"]), ("bad", handshake), fault)
            equal(one["text"],
                  f"the {other} refuses the {whose}'s certificate", fault)
    for one in findings:
        if one["grade"] == "bad":
            want(one["try"], one)


def test_every_fault_of_the_server_is_told_as_the_servers():
    for fault, (what, code, handshake) in SERVER_FAULTS.items():
        check_fault("server", fault, what, code, handshake)


def test_every_fault_of_the_client_is_told_as_the_clients():
    for fault, (what, code, handshake) in SERVER_FAULTS.items():
        check_fault("client", fault, what, code, handshake)


def test_a_wrong_name_is_the_servers_fault():
    for fault in ("wrong-name", "no-san", "wildcard"):
        check_fault("server", fault, "names", "verify.name", "verify.name")
    findings = doctor(folder(), "--name", "other.test", code=1)
    equal(bad(findings)[0], ("server", "names", "verify.name"))
    has(json.dumps(findings), "asked for: other.test")
    equal(bad(doctor(folder(), "--name", "a b", code=1))[0],
          ("server", "names", "verify.name"))


def test_each_side_may_trust_somebody_else():
    path, other = folder(), made("elsewhere")
    mixed = ("--client-cert", other / "client.pem", "--client-key",
             other / "client-key.pem")
    findings = doctor(path, *mixed, code=1)
    equal(bad(findings)[0], ("client", "chain",
                             "verify.missing_intermediate"))
    has(json.dumps(findings), "--client-ca")
    findings = doctor(path, *mixed, "--client-ca", other / "ca.pem")
    equal([one["what"] for one in findings if one["whose"] == "authorities"],
          ["of servers", "of clients"])
    swapped = doctor(path, "--ca", other / "ca.pem", "--client-ca",
                     path / "ca.pem", code=1)
    equal(bad(swapped)[0], ("server", "chain", "verify.missing_intermediate"))


def test_an_authority_that_was_made_anew_is_suspected():
    first, second = WORK / "anew-1", WORK / "anew-2"
    for path in (first, second):
        equal(run("ca", "init", path, "--name", "The same").code, 0)
        equal(run("mtls", "init", path).code, 0)
    findings = doctor(first, "--client-ca", second / "ca.pem", code=1)
    equal(bad(findings)[0], ("client", "chain", "verify.signature"))
    has(json.dumps(findings), "made anew under its old name")


def test_an_authority_that_is_none_or_has_ended_is_told():
    path = folder()
    findings = doctor(path, "--ca", path / "server.pem", "--client-ca",
                      path / "ca.pem", code=1)
    want(("authorities", "of servers", "verify.not_a_ca") in bad(findings),
         bad(findings))
    old = WORK / "ended"
    equal(run("ca", "init", old, "--not-before", "2020-01-01", "--not-after",
              "2021-01-01").code, 0)
    findings = doctor(path, "--ca", old / "ca.pem", code=1)
    want(("authorities", "of servers", "verify.expired") in bad(findings),
         bad(findings))


def test_files_that_cannot_be_used_are_told():
    findings = doctor(WORK / "nowhere", code=1)
    equal(bad(findings), [("server", "files", "system.file"),
                          ("client", "files", "system.file"),
                          ("authorities", "of servers", "system.file")])
    equal([one["grade"] for one in findings if one["whose"] == "handshake"],
          ["note", "note"])
    path = made("torn")
    (path / "client-key.pem").write_text("not a key\n")
    equal(bad(doctor(path, code=1))[0][:2], ("client", "files"))
    open_ = made("open")
    os.chmod(open_ / "server-key.pem", 0o644)
    findings = doctor(open_)
    equal([(one["whose"], one["what"]) for one in findings
           if one["grade"] == "note"], [("server", "files")])
    for words in (("a", "b"), ("--nonsense",)):
        equal(run("mtls", "doctor", *words).code, 2)


# ---- the doctor, with a server -----------------------------------------------------------

def test_a_server_that_accepts_is_told():
    path = folder()
    for words in ((), ("--tls1_2",)):
        with Server(path, *words) as server:
            findings = doctor(path, "--connect", server.at)
            told = findings[-1]
            equal((told["what"], told["grade"]), (server.at, "fine"))
            equal(told["detail"], "TLS 1.2" if words else "TLS 1.3")
            want(not [one for one in findings if one["whose"] == "server"])


def test_a_server_that_refuses_the_client_is_told():
    path, other = folder(), made("refusing")
    for words in ((), ("--tls1_2",)):
        with Server(None, "--cert", path / "server.pem", "--key",
                    path / "server-key.pem", "--verify-client", "required",
                    "--cafile", other / "ca.pem", *words,
                    verb=("serve",)) as server:
            told = doctor(path, "--connect", server.at, code=1)[-1]
            equal(told["text"], "the server does not trust who issued the "
                                "client's certificate", told)
            has(told["try"], "ssl_client_certificate")


def test_a_client_that_has_expired_is_told_by_the_server_too():
    path = folder()
    cert, key = issue(path, "client-expired", "bob", "--client", "--broken",
                      "expired")
    with Server(path) as server:
        findings = doctor(path, "--connect", server.at, "--client-cert", cert,
                          "--client-key", key, code=1)
        equal(bad(findings)[0], ("client", "dates", "verify.expired"))
        equal(findings[-1]["text"], "the server finds that the client's "
              "certificate is not valid at this time")


def test_a_client_that_was_revoked_is_told():
    path = made("revoking")
    cert, key = issue(path, "alice", "alice", "--client")
    equal(run("ca", "revoke", "alice", "--ca", path).code, 0)
    equal(run("ca", "crl", "--ca", path).code, 0)
    with Server(path, "--crlfile", path / "crl.pem") as server:
        equal(run("mtls", "connect", path, server.at, "--brief").code, 0)
        told = doctor(path, "--connect", server.at, "--client-cert", cert,
                      "--client-key", key, code=1)[-1]
        equal(told["text"], "the server knows that the client's certificate "
              "is revoked")


def test_openssls_refusals_are_understood():
    path, other = folder(), made("refusing-openssl")
    for version in ("-tls1_2", "-tls1_3"):
        child = openssl("-cert", path / "server.pem", "-key",
                        path / "server-key.pem", "-Verify", "1",
                        "-verify_return_error", "-CAfile", other / "ca.pem",
                        version)
        try:
            told = doctor(path, "--connect", f"localhost:{child.port}",
                          code=1)[-1]
            has(told["text"], "server does not trust who issued|server does "
                              "not accept|finds the client's certificate bad")
        finally:
            stop(child)


def test_a_server_that_does_not_ask_is_told():
    path = WORK / "asks-nobody"
    equal(run("ca", "issue", "bob", "--client", "--ca", ca(), "-o",
              WORK / "bob.pem").code, 0)
    with tls_server(answers(OK)) as server:
        findings = doctor(path, "--ca", ca_file(), "--client-cert",
                          WORK / "bob.pem", "--client-key",
                          WORK / "bob-key.pem", "--connect",
                          f"localhost:{server.port}", code=1)
        equal(findings[-1]["text"], "the server did not ask for a certificate")
        has(findings[-1]["try"], "ssl_verify_client")


def test_a_server_that_we_refuse_is_told():
    path, other = folder(), made("other-server")
    with Server(other) as server:
        told = doctor(path, "--connect", server.at, code=1)[-1]
        equal((told["text"], told["code"]),
              ("the client refuses the server's certificate",
               "verify.missing_intermediate"))


def test_who_is_not_there_is_told():
    path = folder()
    at = f"localhost:{cli.closed_port()}"
    told = doctor(path, "--connect", at, code=1)[-1]
    equal(told["code"], "system.connect", told)
    told = doctor(path, "--connect", ":::", code=1)[-1]
    equal(told["grade"], "bad")


def test_it_is_said_in_chinese():
    done = run("mtls", "doctor", folder(), "--name", "other.test", "--lang",
               "zh")
    has(done.out, "服务器")
    has(done.out, "建议")
    lacks(done.out, "certificate and key|it may be used|Mend|BAD|dates")
    has(run("mtls", "init", WORK / "zh", "--lang", "zh").out, "服务器")


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

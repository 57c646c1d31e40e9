#!/usr/bin/python3
"""What an authority remembers: `handfast ca list|revoke|crl|ocsp`.  What it
says is what openssl and our own validator understand."""
import base64
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import time

import cli
import schema
from cli import CLEAN, HANDFAST, Skip, WORK, equal, has, lacks, run, want
from serve_test import Serve

DAY = 86400


def authority(name, *words):
    folder = WORK / name
    done = run("ca", "init", folder, *words)
    equal(done.code, 0, done)
    return folder


def issue(folder, name, *names, options=()):
    chain = folder / f"{name}.pem"
    done = run("ca", "issue", *(names or ("localhost",)), "--ca", folder, "-o",
               chain, *options)
    equal(done.code, 0, done)
    return chain


def listed(folder):
    done = run("ca", "list", "--ca", folder, "--json")
    equal(done.code, 0, done)
    return done.json()["certificates"]


def revoke(folder, *words):
    return run("ca", "revoke", "--ca", folder, *words)


def openssl(*words, stdin=None):
    if not shutil.which("openssl"):
        raise Skip("openssl crl and ocsp (apt install openssl)")
    return subprocess.run(["openssl", *map(str, words)], capture_output=True,
                          input=stdin, text=stdin is None, check=False)


def verified(folder, chain, *words):
    return run("cert", "verify", "--CAfile", folder / "ca.pem", *words, chain)


# ---- the record -------------------------------------------------------------------

def test_what_is_issued_is_recorded():
    folder = authority("plain")
    equal(listed(folder), [])
    one = issue(folder, "one", "localhost", "127.0.0.1",
                options=("--days", "5"))
    issue(folder, "two", "alice@dev.test", options=("--client",))
    rows = listed(folder)
    equal([row["names"] for row in rows],
          [["localhost", "127.0.0.1"], ["alice@dev.test"]])
    shown = run("cert", "show", one, "--json").json()["certificates"][0]
    equal(rows[0]["serial"], shown["serial"])
    equal(rows[0]["sha256"], shown["sha256"].replace(":", "").lower())
    equal(rows[0]["not_after"] - rows[0]["not_before"], 5 * DAY + 3600)
    equal({row["state"] for row in rows}, {"valid"})
    text = run("ca", "list", "--ca", folder)
    has(text.out, rf"^valid +{shown['serial']}  20\d\d-\d\d-\d\d  localhost ")
    equal(stat.S_IMODE(os.stat(folder / "issued.txt").st_mode), 0o600)


def test_an_intermediate_is_recorded_above_it():
    above = authority("above", "--name", "Above")
    below = authority("below", "--parent", above, "--name", "Below")
    equal([row["subject"] for row in listed(above)], ["Below"])
    issue(below, "leaf")
    equal([row["subject"] for row in listed(below)], ["localhost"])
    equal(len(listed(above)), 1)


def test_what_was_not_handed_out_is_not_in_the_record():
    folder = authority("half")
    chain = issue(folder, "kept")
    again = run("ca", "issue", "localhost", "--ca", folder, "-o", chain)
    equal(again.code, 23, again)
    equal(len(listed(folder)), 1)


def test_only_what_the_authority_itself_issued_is_recorded():
    folder = authority("strange")
    for kind in ("self-signed", "unknown-issuer", "bad-signature"):
        issue(folder, kind, options=("--broken", kind))
    equal(listed(folder), [])
    issue(folder, "limited", options=("--broken", "constraint"))
    equal([row["subject"] for row in listed(folder)],
          ["handfast: elsewhere.test only"])


def test_writers_at_the_same_time_lose_nothing():
    folder = authority("busy")
    children = [subprocess.Popen(
        [HANDFAST, "ca", "issue", f"h{i}.test", "--ca", str(folder), "-o",
         str(folder / f"h{i}.pem")], env=CLEAN, stdout=subprocess.DEVNULL)
        for i in range(12)]
    equal([child.wait() for child in children], [0] * 12)
    equal(sorted(row["names"][0] for row in listed(folder)),
          sorted(f"h{i}.test" for i in range(12)))


def test_a_lock_that_is_held_is_waited_for_and_then_said():
    import fcntl
    folder = authority("locked")
    with open(folder / "issued.lock", "w", encoding="ascii") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        done = run("ca", "issue", "localhost", "--ca", folder, "-o",
                   folder / "x.pem")
        equal(done.code, 23, done)
        has(done.err, "another handfast ca holds the lock")
        want(done.seconds > 5, done.seconds)
        want(not (folder / "x.pem").exists())
    equal(run("ca", "issue", "localhost", "--ca", folder, "-o",
              folder / "x.pem").code, 0)


def test_a_record_that_was_tampered_with_is_refused():
    folder = authority("torn")
    chain = issue(folder, "site")
    path = folder / "issued.txt"
    whole = path.read_text()
    for bad in (whole.replace("valid", "gone"), whole + "x\n",
                whole.replace("\t-\t", "\t"), whole + "\0",
                whole.replace("list\t0", "list\tmany"),
                re.sub(r"T\d\d:", "T99:", whole)):
        path.write_text(bad)
        for words in (("list",), ("revoke", chain), ("crl",), ("ocsp", chain),
                      ("issue", "localhost", "-o", folder / "y.pem")):
            done = run("ca", *words, "--ca", folder)
            want(done.code not in (0, 70), words, done)
            has(done.err, "issued.txt")
        equal(path.read_text(), bad, "nothing was written over it")
    path.write_text(whole)
    equal(revoke(folder, chain).code, 0)


def test_names_of_others_cannot_make_columns():
    folder = authority("names")
    issue(folder, "odd", "a\tb\nrevoked", options=("--client",))
    rows = listed(folder)
    equal((len(rows), rows[0]["subject"]), (1, "a?b?revoked"))


def test_a_new_authority_begins_a_new_record():
    folder = authority("renewed")
    issue(folder, "old")
    equal(run("ca", "init", "--force", folder).code, 0)
    equal(listed(folder), [])
    want((folder / "issued-before.txt").exists())


# ---- revoking ------------------------------------------------------------------------

def test_one_is_revoked_by_file_serial_or_name():
    folder = authority("ways")
    chain = issue(folder, "file")
    issue(folder, "serial", "serial.test")
    issue(folder, "name", "name.test", "10.0.0.1")
    serial = listed(folder)[1]["serial"]
    colons = ":".join(re.findall("..", serial.upper()))
    done = revoke(folder, chain, colons, "10.0.0.1", "--reason",
                  "keyCompromise", "--json")
    equal(done.code, 0, done)
    equal([(row["state"], row["reason"]) for row in
           done.json()["certificates"]], [("revoked", "keyCompromise")] * 3)
    equal({row["state"] for row in listed(folder)}, {"revoked"})


def test_a_name_that_several_have_is_not_enough():
    folder = authority("several")
    issue(folder, "one")
    issue(folder, "two")
    done = revoke(folder, "localhost")
    equal(done.code, 2, done)
    for row in listed(folder):
        equal(row["state"], "valid")
        has(done.err, rf"^  {row['serial']}  until 20")
    equal(revoke(folder, folder / "one.pem").code, 0)
    equal(revoke(folder, "localhost").code, 0, "only one of them is valid now")


def test_revoking_is_all_or_nothing():
    folder = authority("all")
    chain = issue(folder, "site")
    done = revoke(folder, chain, "nobody.test")
    equal(done.code, 1, done)
    has(done.err, "nobody.test is no file, and neither")
    equal(listed(folder)[0]["state"], "valid")


def test_another_authoritys_certificate_is_refused():
    folder, other = authority("mine"), authority("theirs")
    chain = issue(other, "site")
    done = revoke(folder, chain)
    equal(done.code, 1, done)
    has(done.err, "this authority did not issue it")
    twin = authority("twin", "--name", "Twin")
    same = authority("same", "--name", "Twin")
    equal(revoke(twin, issue(same, "site")).code, 1, "the same name")


def test_one_from_before_the_record_can_be_revoked_by_its_file():
    folder = authority("before")
    chain = issue(folder, "site")
    (folder / "issued.txt").unlink()
    equal(revoke(folder, "localhost").code, 1)
    equal(revoke(folder, chain).code, 0)
    equal([row["state"] for row in listed(folder)], ["revoked"])


def test_revoked_stays_revoked_and_a_hold_can_be_released():
    folder = authority("hold")
    chain = issue(folder, "site")
    equal(revoke(folder, chain, "--reason", "certificateHold").code, 0)
    equal(revoke(folder, "--release", chain).code, 0)
    equal(listed(folder)[0]["state"], "valid")
    equal(revoke(folder, chain, "--reason", "certificateHold").code, 0)
    first = revoke(folder, chain, "--reason", "superseded", "--json").json()
    equal(first["certificates"][0]["reason"], "superseded")
    later = revoke(folder, chain, "--reason", "keyCompromise", "--json").json()
    equal(later, first, "since then, and for that reason")
    done = revoke(folder, "--release", chain)
    equal(done.code, 1, done)
    has(done.err, "revoked for good")


def test_options_that_make_no_sense_are_refused():
    folder = authority("options")
    chain = issue(folder, "site")
    for words in (("--reason", "boredom", chain), ("--at", "+1d", chain),
                  ("--at", "soon", chain), ("--reason", "removeFromCRL", chain),
                  ()):
        equal(revoke(folder, *words).code, 2, words)
    for words in (("--days", "9999"), ("--until", "soon"),
                  ("--until", "-1d"), ("operand",)):
        equal(run("ca", "crl", "--ca", folder, *words).code, 2, words)
    for words in ((), (chain, chain), (chain, "--listen", "0")):
        equal(run("ca", "ocsp", "--ca", folder, *words).code, 2, words)
    equal(run("ca", "ocsp", "--ca", folder, "--listen", "x").code, 2)
    equal(listed(folder)[0]["state"], "valid")
    for verb in ("revoke", "crl", "ocsp"):
        done = run("ca", verb, "--ca", WORK / "nowhere", *(
            () if verb == "crl" else (chain,)))
        equal(done.code, 58, done)


# ---- lists ---------------------------------------------------------------------------

def test_a_list_says_who_is_revoked_to_openssl_and_to_us():
    folder = authority("lists")
    good, bad = issue(folder, "good"), issue(folder, "bad")
    equal(revoke(folder, bad, "--reason", "keyCompromise", "--at",
                 "2026-01-02T03:04:05Z").code, 0)
    done = run("ca", "crl", "--ca", folder)
    equal(done.code, 0, done)
    has(done.out, r"^List 1 of the revoked \(1\), until 20")
    pem, der = folder / "crl.pem", folder / "crl.der"
    said = openssl("crl", "-in", pem, "-noout", "-text", "-verify", "-CAfile",
                   folder / "ca.pem")
    has(said.stderr, "verify OK")
    for line in ("Version 2", "X509v3 Authority Key Identifier", "CRL Number",
                 "Revocation Date: Jan  2 03:04:05 2026", "Key Compromise"):
        has(said.stdout, line)
    equal(openssl("crl", "-inform", "der", "-in", der, "-noout").returncode, 0)
    equal(der.read_bytes(), base64.b64decode(
        "".join(pem.read_text().splitlines()[1:-1])))
    for chain, fine in ((good, True), (bad, False)):
        judged = openssl("verify", "-crl_check", "-CRLfile", pem, "-CAfile",
                         folder / "ca.pem", chain)
        equal(judged.returncode == 0, fine, judged)
        for form in (pem, der):
            ours = verified(folder, chain, "--crl", form)
            equal(ours.code, 0 if fine else 1, ours)
    has(verified(folder, bad, "--crl", pem).out,
        r"\[verify\.revoked\](.|\n)*2026-01-02 03:04:05 UTC\s+\(keyCompromise\)")


def test_lists_of_every_kind_of_key_verify():
    for kind in ("p384", "ed25519", "rsa2048"):
        folder = authority(f"kind-{kind}", "--key", kind)
        chain = issue(folder, "site")
        equal(revoke(folder, chain).code, 0)
        equal(run("ca", "crl", "--ca", folder).code, 0)
        has(openssl("crl", "-in", folder / "crl.pem", "-noout", "-verify",
                    "-CAfile", folder / "ca.pem").stderr, "verify OK")
        has(verified(folder, chain, "--crl", folder / "crl.pem").out,
            r"\[verify\.revoked\]")
        equal(run("ca", "ocsp", chain, "--ca", folder).code, 0)
        answer = openssl("ocsp", "-respin", folder / "site.ocsp", "-issuer",
                         folder / "ca.pem", "-CAfile", folder / "ca.pem",
                         "-cert", chain)
        has(answer.stderr, "Response verify OK")
        has(answer.stdout, "revoked")
        has(verified(folder, chain, "--ocsp", folder / "site.ocsp").out,
            r"\[verify\.revoked\]")


def test_the_number_grows_and_the_dates_are_chosen():
    folder = authority("numbers")
    first = run("ca", "crl", "--ca", folder, "--json").json()
    second = run("ca", "crl", "--ca", folder, "--json", "--from",
                 "2026-01-01", "--until", "2026-02-01T00:00:00Z").json()
    equal((first["number"], second["number"]), (1, 2))
    equal(first["next_update"] - first["this_update"], 7 * DAY)
    equal((second["this_update"], second["next_update"]),
          (1767225600, 1769904000))
    shown = run("cert", "show", folder / "crl.pem").out
    has(shown, r"number +02")
    has(shown, r"until +2026-02-01 00:00:00 UTC")
    chain = issue(folder, "site")
    ended = verified(folder, chain, "--crl", folder / "crl.pem")
    equal(ended.code, 1, ended)


def test_where_a_list_goes_is_chosen():
    folder = authority("where")
    out = folder / "my.crl"
    equal(run("ca", "crl", "--ca", folder, "-o", out).code, 0)
    has(out.read_text(), "^-----BEGIN X509 CRL-----$")
    again = run("ca", "crl", "--ca", folder, "-o", out)
    equal(again.code, 23, again)
    equal(run("ca", "list", "--ca", folder, "--json").json()["list"], 1,
          "no number was used for it")
    equal(run("ca", "crl", "--ca", folder, "-o", out, "--der",
              "--force").code, 0)
    equal(out.read_bytes()[:1], b"0")
    printed = run("ca", "crl", "--ca", folder, "-o", "-")
    has(printed.out, r"^-----BEGIN X509 CRL-----$")
    equal(run("ca", "crl", "--ca", folder, "-o", "-", "--der").bytes[:1], b"0")
    want(not (folder / "crl.pem").exists())


# ---- answers --------------------------------------------------------------------------

def test_an_answer_says_good_or_revoked():
    folder = authority("answers")
    good, bad = issue(folder, "good"), issue(folder, "bad")
    equal(revoke(folder, bad).code, 0)
    for chain, word in ((good, "good"), (bad, "revoked")):
        done = run("ca", "ocsp", chain, "--ca", folder, "--json")
        equal(done.code, 0, done)
        document = done.json()
        equal(document["status"], word)
        equal(document["file"], str(chain)[:-4] + ".ocsp")
        said = openssl("ocsp", "-respin", document["file"], "-issuer",
                       folder / "ca.pem", "-CAfile", folder / "ca.pem",
                       "-cert", chain)
        has(said.stderr, "Response verify OK")
        has(said.stdout, rf"{chain.name}: {word}")
        ours = verified(folder, chain, "--ocsp", document["file"])
        equal(ours.code, 0 if word == "good" else 1, ours)
    again = run("ca", "ocsp", good, "--ca", folder)
    equal(again.code, 23, again)
    equal(run("ca", "ocsp", good, "--ca", folder, "--force").code, 0)
    serial = listed(folder)[0]["serial"]
    printed = run("ca", "ocsp", serial, "--ca", folder, "-o", "-")
    equal(printed.bytes[:1], b"0")
    ended = run("ca", "ocsp", good, "--ca", folder, "--force", "--from", "-9d",
                "--until", "-1d")
    equal(ended.code, 0, ended)
    has(verified(folder, good, "--ocsp", folder / "good.ocsp").out,
        r"\[verify\.staple\]")


def test_an_answer_can_be_stapled():
    folder = authority("staple")
    chain = issue(folder, "site", "localhost", "127.0.0.1", "::1")
    key = folder / "site-key.pem"
    equal(run("ca", "ocsp", chain, "--ca", folder).code, 0)
    with Serve("--cert", chain, "--key", key, "--status-file",
               folder / "site.ocsp") as server:
        done = run("get", "--cacert", folder / "ca.pem", "--cert-status",
                   f"https://localhost:{server.port}/")
        equal(done.code, 0, done)
        probe = openssl("s_client", "-connect", f"localhost:{server.port}",
                        "-status", "-CAfile", folder / "ca.pem", stdin=b"")
        has(probe.stdout.decode(), "Cert Status: good")


class Responder:
    """`handfast ca ocsp --listen 0`."""

    def __init__(self, folder, *words):
        self.child = subprocess.Popen(
            [HANDFAST, "ca", "ocsp", "--json", "--ca", str(folder), "--listen",
             "0", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=CLEAN)
        first = json.loads(self.child.stdout.readline())
        schema.check(first)
        self.port = first["port"]
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.communicate()

    def line(self):
        document = json.loads(self.child.stdout.readline())
        schema.check(document)
        return document["answer"]

    def send(self, text):
        with socket.create_connection(("127.0.0.1", self.port),
                                      timeout=20) as peer:
            peer.sendall(text)
            answer = b""
            while piece := peer.recv(65536):
                answer += piece
        return answer


def test_a_responder_knows_at_once_what_was_revoked():
    folder = authority("responder")
    chain = issue(folder, "site")
    with Responder(folder) as responder:
        words = ("ocsp", "-url", responder.url, "-issuer", folder / "ca.pem",
                 "-CAfile", folder / "ca.pem", "-cert", chain)
        first = openssl(*words)
        has(first.stderr, "Response verify OK")
        lacks(first.stderr, "no nonce")
        has(first.stdout, "site.pem: good")
        has(responder.line(), r"^[0-9a-f]{40} good$")
        equal(revoke(folder, chain).code, 0)
        has(openssl(*words).stdout, "site.pem: revoked")
        has(responder.line(), " revoked$")
        unknown = openssl(*words[:-2], "-serial", "0x4242")
        has(unknown.stdout, "0x4242: unknown")
        equal(responder.line(), "4242 unknown")
        sha256 = openssl("ocsp", "-sha256", *words[1:])
        has(sha256.stdout, "revoked", "CertIDs of SHA-256")


def test_a_responder_answers_get():
    folder = authority("getting")
    chain = issue(folder, "site")
    request = WORK / "request.der"
    made = openssl("ocsp", "-issuer", folder / "ca.pem", "-cert", chain,
                   "-reqout", request, "-no_nonce")
    equal(made.returncode, 0, made)
    text = base64.b64encode(request.read_bytes()).decode()
    escaped = text.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D")
    with Responder(folder) as responder:
        for path in (text, escaped):
            answer = responder.send(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"
                                    .encode())
            head, _, body = answer.partition(b"\r\n\r\n")
            has(head.decode(), r"200 OK\r\nContent-Type: application/ocsp-resp")
            file = WORK / "got.ocsp"
            file.write_bytes(body)
            equal(verified(folder, chain, "--ocsp", file).code, 0)


def test_a_responder_refuses_what_it_cannot_answer():
    folder, other = authority("bounded"), authority("other")
    chain = issue(other, "site")
    with Responder(folder) as responder:
        stranger = openssl("ocsp", "-url", responder.url, "-issuer",
                           other / "ca.pem", "-CAfile", other / "ca.pem",
                           "-cert", chain)
        has(stranger.stdout + stranger.stderr, "unauthorized")
        equal(responder.line(), "unauthorized")
        junk = responder.send(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\njunk")
        has(junk.decode("latin-1"), "200 OK")
        equal(junk[-5:], b"\x30\x03\x0a\x01\x01", "malformedRequest")
        equal(responder.line(), "malformedRequest")
        for text in (b"GET /!!! HTTP/1.1\r\n\r\n", b"PUT / HTTP/1.1\r\n\r\n",
                     b"GET /\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n"):
            has(responder.send(text).decode(), "^HTTP/1.1 400 ")
            equal(responder.line(), "400")
        for text in (b"GET /" + 9000 * b"A",
                     b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n",
                     b"POST / HTTP/1.1\r\nContent-Length: "
                     b"99999999999999999999999\r\n\r\n"):
            try:
                equal(responder.send(text), b"", "closed without a word")
            except ConnectionResetError:
                pass
        has(responder.send(b"GET /!!! HTTP/1.1\r\n\r\n").decode(), "400")


def test_who_says_nothing_is_left_after_a_while():
    folder = authority("silent")
    with Responder(folder) as responder:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", responder.port)) as silent:
            silent.settimeout(20)
            equal(silent.recv(1), b"")
        want(3 < time.monotonic() - began < 15)


def test_a_responder_leaves_after_its_count():
    folder = authority("counted")
    with Responder(folder, "--count", "2") as responder:
        for _ in range(2):
            responder.send(b"PUT / HTTP/1.1\r\n\r\n")
        equal(responder.child.wait(10), 0)


def test_it_is_said_in_chinese():
    folder = authority("chinese")
    chain = issue(folder, "site")
    done = revoke(folder, chain, "--lang", "zh")
    has(done.out, "吊销")
    has(run("ca", "list", "--ca", folder, "--lang", "zh").out, "吊销")
    has(run("ca", "crl", "--ca", folder, "--lang", "zh").out, "列表")
    has(run("ca", "ocsp", chain, "--ca", folder, "--lang", "zh").out, "吊销")


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

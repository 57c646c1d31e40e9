#!/usr/bin/python3
"""Revocation: lists and OCSP responses, made by openssl and judged by openssl
and by us."""
import subprocess
import sys

import cli
from cli import Skip, WORK, answers, equal, has, lacks, run, tls_server, want
from serve_test import Serve

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
CONF = """
[ca]
default_ca = here
[here]
database = {dir}/index.txt
new_certs_dir = {dir}
serial = {dir}/serial
crlnumber = {dir}/crlnumber
default_md = sha256
default_days = 30
default_crl_days = 7
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectAltName = DNS:localhost,IP:127.0.0.1
authorityKeyIdentifier = keyid
[responder]
extendedKeyUsage = OCSPSigning
noCheck = yes
"""


def openssl(*words, code=0, stdin=None):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True,
                          input=stdin, check=False)
    want(code is None or done.returncode == code, words, done.stderr.decode())
    return done


class Authority:
    """openssl ca in a directory of its own."""

    def __init__(self, name):
        if not cli.shutil.which("openssl"):
            raise Skip("openssl ca (apt install openssl)")
        self.dir = WORK / name
        self.dir.mkdir()
        self.conf = self.dir / "conf"
        self.conf.write_text(CONF.format(dir=self.dir))
        (self.dir / "index.txt").write_text("")
        (self.dir / "serial").write_text("1267\n")
        (self.dir / "crlnumber").write_text("2a\n")
        self.cert, self.key = self.dir / "ca.pem", self.dir / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
                "-out", self.cert, "-subj", f"/CN={name}", "-days", 30,
                "-config", "/dev/null", "-extensions", "root",
                "-config", self.conf_req())

    def conf_req(self):
        path = self.dir / "req.conf"
        path.write_text(CONF.format(dir=self.dir) +
                        "[req]\ndistinguished_name = dn\n[dn]\n")
        return path

    def issue(self, name, kind="leaf"):
        key, request = self.dir / f"{name}.key", self.dir / f"{name}.csr"
        cert = self.dir / f"{name}.pem"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                request, "-subj", f"/CN={name}", "-config", self.conf_req())
        openssl("ca", "-batch", "-notext", "-config", self.conf, "-cert",
                self.cert, "-keyfile", self.key, "-in", request, "-out", cert,
                "-extensions", kind)
        return cert, key

    def revoke(self, cert, *words):
        openssl("ca", "-config", self.conf, "-cert", self.cert, "-keyfile",
                self.key, "-revoke", cert, *words)

    def crl(self, name="list.pem", *words):
        out = self.dir / name
        openssl("ca", "-config", self.conf, "-cert", self.cert, "-keyfile",
                self.key, "-gencrl", "-out", out, *words)
        return out

    def respond(self, cert, name, signer=None, *words):
        """A response file, by the authority itself or by @signer."""
        request, out = self.dir / "request.der", self.dir / name
        by, key = signer or (self.cert, self.key)
        openssl("ocsp", "-issuer", self.cert, "-cert", cert, "-no_nonce",
                "-reqout", request)
        openssl("ocsp", "-index", self.dir / "index.txt", "-CA", self.cert,
                "-rsigner", by, "-rkey", key, "-reqin", request, "-respout",
                out, *(words or ("-ndays", 1)))
        return out

    def openssl_says(self, cert, crl):
        return openssl("verify", "-CAfile", self.cert, "-crl_check",
                       "-CRLfile", crl, cert, code=None).returncode == 0

    def openssl_says_ocsp(self, cert, response):
        done = openssl("ocsp", "-issuer", self.cert, "-CAfile", self.cert,
                       "-no_nonce", "-cert", cert, "-respin", response,
                       code=None)
        text = done.stdout.decode() + done.stderr.decode()
        return "Response verify OK" in text and ": good" in text and \
            "WARNING" not in text

    def we_say(self, cert, *words):
        return run("cert", "verify", "--CAfile", self.cert, *words, cert)


_made = {}


def lab():
    if not _made:
        a = Authority("lab")
        _made["authority"] = a
        _made["good"] = a.issue("good")
        _made["bad"] = a.issue("bad")
        _made["responder"] = a.issue("responder", "responder")
        _made["before"] = a.crl("before.pem")
        a.revoke(_made["bad"][0], "-crl_reason", "keyCompromise")
        _made["after"] = a.crl("after.pem")
    return _made


def test_we_and_openssl_agree_on_lists():
    m = lab()
    a = m["authority"]
    other = Authority("other")
    strange = other.crl()
    for cert in ("good", "bad"):
        for crl in (m["before"], m["after"], strange):
            path = m[cert][0]
            ours = a.we_say(path, "--crl", crl)
            equal(ours.code == 0, a.openssl_says(path, crl), cert, crl, ours)
    der = a.dir / "after.der"
    openssl("crl", "-in", m["after"], "-outform", "der", "-out", der)
    equal(a.we_say(m["bad"][0], "--crl", der).out,
          a.we_say(m["bad"][0], "--crl", m["after"]).out)


def test_a_revoked_certificate_is_told_with_all_there_is():
    m = lab()
    done = m["authority"].we_say(m["bad"][0], "--crl", m["after"])
    equal(done.code, 1, done)
    said = " ".join(done.out.split())
    has(said, r"the certificate has been revoked \[verify\.revoked\]")
    has(said, r"CN=bad: the list of CN=lab, number 2b says that it was revoked "
        r"on 20[^,]* UTC \(keyCompromise\);")
    chinese = m["authority"].we_say(m["bad"][0], "--crl", m["after"], "--lang",
                                    "zh")
    said = "".join(chinese.out.split())
    equal(said.count("CN=lab的第2b号吊销列表说明它于20"), 2, chinese)
    lacks(said, "says")
    document = m["authority"].we_say(m["bad"][0], "--crl", m["after"],
                                     "--json").json()
    equal(document["error"]["code"], "verify.revoked")


def test_what_is_known_is_said():
    m = lab()
    a = m["authority"]
    done = a.we_say(m["good"][0], "--crl", m["after"])
    equal(done.code, 0, done)
    has(done.out, r"not revoked until 20.* UTC \(list 2b\)")
    document = a.we_say(m["good"][0], "--crl", m["after"], "--json").json()
    equal(document["revocation"][0]["standing"], "good")
    equal(document["revocation"][0]["source"], "crl")
    equal(document["revocation"][0]["list"], "2b")
    nothing = a.we_say(m["good"][0], "--json").json()
    equal(nothing["revocation"][0]["standing"], "unasked")


def test_how_much_is_asked_can_be_said():
    m = lab()
    a = m["authority"]
    old = ("--at", "+20d", "--crl", m["after"])
    equal(a.we_say(m["good"][0], *old).code, 1)
    has(a.we_say(m["good"][0], *old).out, r"\[verify\.no_status\]")
    soft = a.we_say(m["good"][0], *old, "--revocation", "soft")
    equal(soft.code, 0, soft)
    has(soft.out, "revocation not known: the list has ended")
    equal(a.we_say(m["bad"][0], *old, "--revocation", "soft").code, 1)
    equal(a.we_say(m["bad"][0], *old, "--revocation", "none").code, 0)
    equal(a.we_say(m["good"][0], "--revocation", "leaf").code, 1)
    equal(a.we_say(m["good"][0], "--revocation", "much").code, 2)


def test_we_and_openssl_agree_on_responses():
    m = lab()
    a = m["authority"]
    responses = {
        "issuer": lambda c: a.respond(c, "i.der"),
        "delegate": lambda c: a.respond(c, "d.der", m["responder"]),
        "by key": lambda c: a.respond(c, "k.der", m["responder"], "-ndays", 2,
                                      "-resp_key_id"),
        "no purpose": lambda c: a.respond(c, "p.der", m["good"]),
    }
    for cert in ("good", "bad"):
        path = m[cert][0]
        for kind, make in responses.items():
            response = make(path)
            ours = a.we_say(path, "--ocsp", response)
            equal(ours.code == 0, a.openssl_says_ocsp(path, response), cert,
                  kind, ours)
            equal(ours.code == 0, cert == "good" and kind != "no purpose")
    # that of another certificate
    wrong = a.we_say(m["bad"][0], "--ocsp", a.respond(m["good"][0], "w.der"))
    equal(wrong.code, 1)
    has(" ".join(wrong.out.split()), "it is about other certificates")
    has(wrong.out, r"\[verify\.staple\]")


def test_lists_that_cannot_be_used_are_refused():
    m = lab()
    a = m["authority"]
    done = a.we_say(m["good"][0], "--crl", a.cert)
    equal(done.code, 82, done)
    has(done.err, "no BEGIN X509 CRL")
    equal(a.we_say(m["good"][0], "--crl", "no-such-file").code, 82)
    conf = a.dir / "delta.conf"
    conf.write_text(CONF.format(dir=a.dir) +
                    "[delta]\n2.5.29.27 = critical,DER:020101\n")
    openssl("ca", "-config", conf, "-cert", a.cert, "-keyfile", a.key,
            "-gencrl", "-out", a.dir / "delta.pem", "-crlexts", "delta")
    done = a.we_say(m["good"][0], "--crl", a.dir / "delta.pem")
    equal(done.code, 82, done)
    has(" ".join(done.err.split()), "it is a delta CRL")


def test_lists_and_responses_are_shown():
    m = lab()
    a = m["authority"]
    shown = run("cert", "show", m["after"])
    equal(shown.code, 0, shown)
    for line in (r"issuer +CN=lab$", r"number +2b$", r"entries +1$",
                 r"signed +ecdsa-with-SHA256$", r"until +20.* UTC$",
                 r"revoked +\S+  20.* UTC  keyCompromise$",
                 r"about +all certificates of its issuer$"):
        has(shown.out, line, shown)
    one = run("cert", "show", "--json", m["after"]).json()
    equal(one["lists"][0]["revoked"][0]["reason"], "keyCompromise")
    both = run("cert", "show", "--json", "-", stdin=m["before"].read_bytes() +
               m["after"].read_bytes()).json()
    equal([x["number"] for x in both["lists"]], ["2a", "2b"])
    response = a.respond(m["bad"][0], "shown.der", m["responder"])
    shown = run("cert", "show", response)
    equal(shown.code, 0, shown)
    for line in (r"status +successful$", r"by +CN=responder$",
                 r"answer +revoked since 20.* UTC \(keyCompromise\)$"):
        has(shown.out, line, shown)
    one = run("cert", "show", "--json", response).json()
    equal(one["answers"][0]["answer"], "revoked")
    later = WORK / "later.der"
    later.write_bytes(bytes.fromhex("30030a0103"))
    has(run("cert", "show", later).out, r"status +tryLater$")
    equal(run("cert", "show", "--json", later).json()["answers"], [])
    broken = WORK / "broken.pem"
    broken.write_text("-----BEGIN X509 CRL-----\nMAA=\n"
                      "-----END X509 CRL-----\n")
    done = run("cert", "show", broken)
    equal(done.code, 1, done)
    has(" ".join(done.err.split()), "list 1 of the text: CertificateList")


def test_a_client_heeds_lists():
    m = lab()
    a = m["authority"]
    for name, crl, code in (("good", m["after"], 0), ("bad", m["after"], 60),
                            ("bad", m["before"], 0)):
        with tls_server(answers(OK), *m[name]) as server:
            url = f"https://localhost:{server.port}/"
            done = run("get", "--cacert", a.cert, "--crlfile", crl, url)
            equal(done.code, code, done)
            if code:
                has(done.err, r"\[verify\.revoked\]")
            insist = run("get", "--cacert", a.cert, "--revocation", "leaf", url)
            equal(insist.code, 60, insist)
            has(insist.err, r"\[verify\.no_status\]")
            # curl's number where a response was asked for and none came
            asked = run("get", "--cacert", a.cert, "--cert-status", url)
            equal(asked.code, 91, asked)
            has(asked.err, r"\[verify\.no_status\]")
    bad = run("get", "--cacert", a.cert, "--crlfile", a.key,
              "https://localhost:1/")
    equal(bad.code, 82, bad)
    for command in ("get", "connect"):
        gone = run(command, "--cacert", a.cert, "--crlfile", "no-such-file",
                   "localhost:1")
        equal(gone.code, 82, gone)
        has(gone.err, r"\[system\.file\]")
    bad = run("get", "--cacert", a.cert, "--revocation", "x",
              "https://localhost:1/")
    equal(bad.code, 2, bad)
    has(bad.err, r"none\|soft\|leaf\|hard")


def test_a_server_heeds_lists():
    m = lab()
    a = m["authority"]
    words = ("--cert", m["good"][0], "--key", m["good"][1], "--verify-client",
             "required", "--cafile", a.cert, "--crlfile", m["after"])
    with Serve(*words) as server:
        url = f"https://localhost:{server.port}/"
        for name, good in (("good", True), ("bad", False)):
            cert, key = m[name]
            done = run("get", "--cacert", a.cert, "--cert", cert, "--key", key,
                       url)
            equal(done.code == 0, good, done)
        has(done.err, "certificate_revoked")
        server.stop()


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

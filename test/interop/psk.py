#!/usr/bin/python3
"""psk.py HANDFAST PEER [SHARED]: external pre-shared keys of TLS 1.3, in both
roles, with OpenSSL (two of them), GnuTLS and NSS: the right key, a wrong one,
one that is not known, after a HelloRetryRequest, and resumed.  Prints TAP and a table."""

import os
import subprocess
import sys

import servers
from lab import Lab, Server, have, newer_openssl, version_of

KEY, OTHER = "5b" * 32, "a4" * 32
NAME = "interop robot"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ECHO = b"line\n"


def run(lab, *words, stdin=REQUEST):
    done = subprocess.run([str(w) for w in words], input=stdin, timeout=40,
                          capture_output=True, cwd=lab.dir)
    return done.returncode, (done.stdout + done.stderr).decode(
        errors="replace")


# ---- their servers, our client ------------------------------------------------


class OpenSSLServer:
    name, package = "openssl s_server", "openssl"
    can = ("retry", "resume")

    def __init__(self, program="openssl"):
        self.program = program

    def version(self):
        return version_of(self.program, "version").split()[1]

    def start(self, lab, groups="X25519:P-256"):
        return Server(lab, [
            self.program, "s_server", "-accept", "127.0.0.1:PORT", "-nocert",
            "-tls1_3", "-psk", KEY, "-psk_identity", NAME, "-www", "-groups",
            groups])

    retry = "P-256"


class GnuTLSServer:
    name, package = "gnutls-serv", "gnutls-bin"
    can = ("retry", "resume")

    def version(self):
        return version_of("gnutls-serv", "--version").split()[1]

    def start(self, lab, groups="GROUP-X25519:+GROUP-SECP256R1"):
        with open(lab.path("psk.txt"), "w") as f:
            f.write(f"{NAME}:{KEY}\n")
        return Server(lab, [
            "gnutls-serv", "--http", "-p", "PORT", "--pskpasswd",
            lab.path("psk.txt"), "--priority",
            "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+ECDHE-PSK:+DHE-PSK:"
            f"-GROUP-ALL:+{groups}"])

    retry = "GROUP-SECP256R1"


def ours(lab, handfast, port, *words, key=KEY, name=NAME):
    return run(lab, handfast, "get", "--json", "-v", "-o", "answer", "--psk",
               key, "--psk-identity", name, "--psk-only", *words,
               f"https://localhost:{port}/")


def good(result, *needed):
    code, said = result
    for word in (f'"psk": "{NAME}"', *needed):
        if code or word not in said:
            return f"exit {code}, no {word}: {said[-400:]}"
    return None


def refused(result):
    code, said = result
    return None if code == 35 else f"exit {code}: {said[-400:]}"


def try_server(lab, handfast, peer):
    title = f"client to {peer.name} {peer.version()}".strip()
    with peer.start(lab) as server:
        lab.check(f"{title}: the key",
                  good(ours(lab, handfast, server.port), '"resumed": false'))
        lab.check(f"{title}: another key",
                  refused(ours(lab, handfast, server.port, key=OTHER)))
        lab.check(f"{title}: another name",
                  refused(ours(lab, handfast, server.port, name="nobody")))
        covered = "key, wrong key, unknown name"
        if "resume" in peer.can:
            for resumed in ("false", "true"):
                got = good(ours(lab, handfast, server.port, "--ssl-sessions",
                                lab.path("sessions")),
                           f'"resumed": {resumed}')
            lab.check(f"{title}: resumed", got)
            os.unlink(lab.path("sessions"))
            covered += ", resumption"
    if "retry" in peer.can:
        with peer.start(lab, peer.retry) as server:
            lab.check(f"{title}: after a retry",
                      good(ours(lab, handfast, server.port, "--curves",
                                "x25519:P-256"), '"retried": true'))
        covered += ", HelloRetryRequest"
    lab.row(peer.name, peer.version(), "server", covered)


# ---- our server, their clients ---------------------------------------------------


class SClient:
    serve = ()
    name, package = "openssl s_client", "openssl"
    version = OpenSSLServer.version
    can = ("retry",)

    def __init__(self, program="openssl"):
        self.program = program

    def go(self, lab, port, key, name, *more):
        code, said = run(lab, self.program, "s_client", "-connect",
                         f"localhost:{port}", "-tls1_3", "-psk", key,
                         "-psk_identity", name, "-ign_eof", *more)
        return code == 0 and "200 OK" in said, said

    retry = ["-groups", "X25519:P-256"]
    wants = "P-256"


class GnuTLSCli:
    serve = ()
    name, package = "gnutls-cli", "gnutls-bin"
    version = GnuTLSServer.version
    can = ("retry",)

    def go(self, lab, port, key, name, *more):
        code, said = run(
            lab, "gnutls-cli", "-p", port, "--pskusername", name, "--pskkey",
            key, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:"
            "+ECDHE-PSK:+DHE-PSK" + "".join(more), "localhost")
        return code == 0 and "200 OK" in said, said

    # It sends shares for one of each kind.
    retry = [":-GROUP-ALL:+GROUP-SECP256R1:+GROUP-SECP384R1"]
    wants = "P-384"


class TstClnt:
    """NSS's, which cannot read a ticket when there was no certificate.  (Its
    server, selfserv 3.87, shows its certificate whatever -z says.)"""

    name, package = "tstclnt", "libnss3-tools"
    serve = ("--no-tickets",)
    can = ()

    def version(self):
        return ""

    def go(self, lab, port, key, name, *more):
        with open(lab.path("request"), "wb") as f:
            f.write(REQUEST)
        code, said = run(
            lab, "tstclnt", "-h", "localhost", "-p", port, "-d",
            servers.nss_database(lab), "-V", "tls1.3:tls1.3", "-z",
            f"0x{key}:{name}", "-A", lab.path("request"), *more)
        return code == 0 and "200 OK" in said, said


class Ours:
    """`handfast serve`, which knows the key and nothing else."""

    def __init__(self, lab, handfast, *words):
        self.server = Server(lab, [
            handfast, "serve", "--port", "PORT", "--psk", KEY,
            "--psk-identity", NAME, "--psk-only", "--json", *words])

    def __enter__(self):
        self.server.__enter__()
        return self.server

    def __exit__(self, *args):
        self.server.__exit__(*args)

    def said(self):
        with open(self.server.out) as f:
            return f.read()


def try_client(lab, handfast, peer):
    title = f"server to {peer.name} {peer.version()}".strip()
    ours_ = Ours(lab, handfast, *peer.serve)
    with ours_ as server:
        fine, said = peer.go(lab, server.port, KEY, NAME)
        if fine and f'"psk": "{NAME}"' not in ours_.said():
            fine, said = False, ours_.said()
        lab.check(f"{title}: the key", None if fine else said[-400:])
        for what, key, name, code in (
                ("another key", OTHER, NAME, "proof.binder"),
                ("another name", KEY, "nobody", "negotiate.psk_unknown")):
            fine, said = peer.go(lab, server.port, key, name)
            wrong = (said[-400:] if fine else None
                     if code in ours_.said() else ours_.said())
            lab.check(f"{title}: {what}", wrong)
        covered = "key, wrong key, unknown name"
    if "retry" in peer.can:
        ours_ = Ours(lab, handfast, "--groups", peer.wants)
        with ours_ as server:
            fine, said = peer.go(lab, server.port, KEY, NAME, *peer.retry)
            if fine and '"retried": true' not in ours_.said():
                fine, said = False, ours_.said()
            lab.check(f"{title}: after a retry", None if fine else said[-400:])
            covered += ", HelloRetryRequest"
    lab.row(peer.name, peer.version(), "client", covered)


def main():
    handfast, peer = map(os.path.abspath, sys.argv[1:3])
    lab = Lab(peer, size=10)
    newer = newer_openssl(lab, sys.argv[3], "psk") if sys.argv[3:] else None
    everybody = [(try_server, OpenSSLServer()), (try_server, GnuTLSServer()),
                 (try_client, SClient()), (try_client, GnuTLSCli()),
                 (try_client, TstClnt())]
    if newer:
        everybody[1:1] = [(try_server, OpenSSLServer(newer)),
                          (try_client, SClient(newer))]
    else:
        lab.skip("OpenSSL 3.5", "needs ../shared")
    only = os.environ.get("INTEROP_ONLY", "")
    try:
        for try_, one in everybody:
            if only not in type(one).__name__.lower():
                continue
            if have(getattr(one, "program", one.name)):
                try_(lab, handfast, one)
            else:
                lab.skip(f"pre-shared keys with {one.name}",
                         f"apt install {one.package}")
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

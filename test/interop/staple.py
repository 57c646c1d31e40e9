#!/usr/bin/python3
"""staple.py HANDFAST PEER: OCSP responses stapled to certificates, in both
roles and versions, with OpenSSL, GnuTLS and NSS.  The responses are openssl
ocsp's.  Prints TAP and a table."""

import os
import subprocess
import sys

import servers
from lab import Lab, Server, have

VERSIONS = ("1.2", "1.3")
KINDS = ("good", "revoked", "none")
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def make_responses(lab):
    """good.der and revoked.der, about the server's ECDSA certificate."""
    cert = lab.path("server-ecdsa.pem")
    serial = lab.run("openssl", "x509", "-in", cert, "-noout",
                     "-serial").decode().strip().split("=")[1]
    for kind, line in (("good", "V\t401231235959Z\t\t"),
                       ("revoked", "R\t401231235959Z\t260101000000Z\t")):
        with open(lab.path(kind + ".txt"), "w") as f:
            f.write(f"{line}{serial}\tunknown\t/CN=server ecdsa\n")
        lab.run("openssl", "ocsp", "-index", kind + ".txt", "-rsigner", lab.ca,
                "-rkey", "ca.key", "-CA", lab.ca, "-issuer", lab.ca, "-cert",
                cert, "-ndays", "1", "-respout", kind + ".der")


# ---- their servers, our client ------------------------------------------------


def s_server(lab, kind, version):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, ["openssl", "s_server", "-accept", "127.0.0.1:PORT",
                        "-cert", cert, "-key", key, "-www",
                        "-tls" + version.replace(".", "_"),
                        *(["-status_file", lab.path(kind + ".der")]
                          if kind != "none" else [])])


def gnutls_serv(lab, kind, version):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, ["gnutls-serv", "--http", "-p", "PORT",
                        "--x509certfile", cert, "--x509keyfile", key,
                        "--disable-client-cert", "--priority",
                        "NORMAL:-VERS-ALL:+VERS-TLS" + version,
                        *(["--ocsp-response", lab.path(kind + ".der"),
                           "--ignore-ocsp-response-errors"]
                          if kind != "none" else [])])


# What `get --cert-status` says, by its exit code and its words.
WANTED = {"good": (0, ""), "revoked": (60, "verify.revoked"),
          "none": (91, "verify.no_status")}


def our_client(lab, handfast, port, kind):
    done = subprocess.run(
        [handfast, "get", "--cert-status", "--cacert", lab.ca, "-o", "answer",
         f"https://localhost:{port}/"], capture_output=True, timeout=40,
        cwd=lab.dir)
    code, words = WANTED[kind]
    if done.returncode != code or words not in done.stderr.decode():
        return f"exit {done.returncode}: {done.stderr.decode()[-300:]}"
    return None


# ---- our server, their clients ---------------------------------------------------


class OurServer:
    def __init__(self, lab, handfast, kind, version):
        cert, key = lab.cert("server", "ecdsa")
        self.server = Server(lab, [
            handfast, "serve", "--quiet", "--port", "PORT", "--cert", cert,
            "--key", key, "--tls1_2" if version == "1.2" else "--tlsv1.3",
            *(["--status-file", lab.path(kind + ".der")]
              if kind != "none" else [])])

    def __enter__(self):
        self.server.__enter__()
        return self.server.port

    def __exit__(self, *args):
        self.server.__exit__(*args)


def ask(lab, *words):
    done = subprocess.run([str(w) for w in words], input=REQUEST, timeout=40,
                          capture_output=True, cwd=lab.dir)
    return done.returncode, (done.stdout + done.stderr).decode(
        errors="replace")


def s_client(lab, port, kind):
    _, said = ask(lab, "openssl", "s_client", "-connect", f"localhost:{port}",
                  "-servername", "localhost", "-CAfile", lab.ca, "-status",
                  "-ign_eof")
    want = {"good": "Cert Status: good", "revoked": "Cert Status: revoked",
            "none": "OCSP response: no response sent"}[kind]
    return None if want in said else said[-300:]


def gnutls_cli(lab, port, kind):
    code, said = ask(lab, "gnutls-cli", "-p", port, "--x509cafile", lab.ca,
                     "--sni-hostname=localhost", "--verify-hostname=localhost",
                     "--no-ocsp", "localhost") if kind == "none" else ask(
                         lab, "gnutls-cli", "-p", port, "--x509cafile", lab.ca,
                         "localhost")
    if kind == "revoked":
        return None if code and "revoked" in said.lower() else said[-300:]
    return said[-300:] if code else None


def tstclnt(lab, port, kind):
    request = lab.path("request")
    with open(request, "wb") as f:
        f.write(REQUEST)
    code, said = ask(lab, "tstclnt", "-h", "localhost", "-p", port, "-d",
                     servers.nss_database(lab), "-T", "-A", request)
    count = {"good": 1, "revoked": 1, "none": 0}[kind]
    want = f"Received {count} Cert Status items"
    # NSS reads it, and judges by what its database knows.
    return None if want in said else f"exit {code}: {said[-300:]}"


SERVERS = {"OpenSSL": (s_server, "openssl", "openssl"),
           "GnuTLS": (gnutls_serv, "gnutls-serv", "gnutls-bin")}
CLIENTS = {"OpenSSL": (s_client, "openssl", "openssl"),
           "GnuTLS": (gnutls_cli, "gnutls-cli", "gnutls-bin"),
           "NSS": (tstclnt, "tstclnt", "libnss3-tools")}


def main():
    handfast, peer = map(os.path.abspath, sys.argv[1:3])
    lab = Lab(peer, size=10)
    try:
        make_responses(lab)
        for name, (make, program, package) in SERVERS.items():
            if not have(program):
                lab.skip(f"stapled by {name}", package)
                continue
            for version in VERSIONS:
                for kind in KINDS:
                    with make(lab, kind, version) as server:
                        lab.check(f"TLS {version}, {name} staples: {kind}",
                                  our_client(lab, handfast, server.port, kind))
            lab.row(name, "", "server", "stapling, 1.2 and 1.3")
        for name, (go, program, package) in CLIENTS.items():
            if not have(program):
                lab.skip(f"stapled for {name}", package)
                continue
            for version in VERSIONS:
                for kind in KINDS:
                    with OurServer(lab, handfast, kind, version) as port:
                        lab.check(f"TLS {version}, stapled for {name}: {kind}",
                                  go(lab, port, kind))
            lab.row(name, "", "client", "stapling, 1.2 and 1.3")
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

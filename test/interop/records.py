#!/usr/bin/python3
"""records.py HANDFAST PEER: how large records are, and how they are padded, in
both roles and versions, with OpenSSL, GnuTLS and NSS: read off the wire.
Prints TAP and a table."""

import os
import socket
import subprocess
import sys
import threading

import servers
from lab import Lab, Server, have

VERSIONS = ("1.2", "1.3")
PAGE = 20000
REQUEST = b"GET /page HTTP/1.0\r\n\r\n"


class Between:
    """Passes one connection on to a port and keeps both directions."""

    def __init__(self, port):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.said = [b"", b""]  # by the client, by the server
        self.thread = threading.Thread(target=self.pass_on, args=(port,),
                                       daemon=True)
        self.thread.start()

    def pass_on(self, port):
        client, _ = self.socket.accept()
        server = socket.create_connection(("127.0.0.1", port))
        back = threading.Thread(target=self.pump, args=(1, server, client),
                                daemon=True)
        back.start()
        self.pump(0, client, server)
        back.join(20)
        client.close()
        server.close()
        self.socket.close()

    def pump(self, who, source, target):
        try:
            while data := source.recv(65536):
                self.said[who] += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def inside(self, who, version):
        """What is inside the records that it sent under keys."""
        data, out, sealed = self.said[who], [], False
        while len(data) >= 5:
            length = int.from_bytes(data[3:5], "big")
            if version == "1.3" and data[0] == 23:
                out.append(length - 16)
            elif version == "1.2" and sealed:
                out.append(length - 16 - 8)
            sealed |= data[0] == 20
            data = data[5 + length:]
        return out


def run(lab, words, stdin=REQUEST):
    return subprocess.run([str(w) for w in words], input=stdin, timeout=40,
                          capture_output=True, cwd=lab.dir)


# ---- their servers, our client ------------------------------------------------


def s_server(lab, version, *more):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, ["openssl", "s_server", "-accept", "127.0.0.1:PORT",
                        "-cert", cert, "-key", key, "-WWW",
                        "-tls" + version.replace(".", "_"), "-cipher",
                        "ECDHE-ECDSA-AES128-GCM-SHA256", *more])


def gnutls_serv(lab, version, *more):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, ["gnutls-serv", "--http", "-p", "PORT",
                        "--x509certfile", cert, "--x509keyfile", key,
                        "--disable-client-cert", "--priority",
                        "NORMAL:-VERS-ALL:-CIPHER-ALL:+AES-128-GCM:+VERS-TLS"
                        + version, *more])


def selfserv(lab, version, *more):
    return Server(lab, ["selfserv", "-d", servers.nss_database(lab), "-p",
                        "PORT", "-n", "server-ecdsa", "-V",
                        f"tls{version}:tls{version}", *more])


def ours_against(lab, handfast, server, version, *words, page="page"):
    with server as it:
        between = Between(it.port)
        done = run(lab, [handfast, "get", "-s", "--cacert", lab.ca, "-o",
                         lab.path("answer"), "--ciphers",
                         "ECDHE-ECDSA-AES128-GCM-SHA256", *words,
                         f"https://localhost:{between.port}/{page}"])
        between.thread.join(20)
    if done.returncode:
        return between, f"exit {done.returncode}: {done.stderr.decode()}"
    return between, None


# ---- our server, their clients ------------------------------------------------


def our_server(lab, handfast, version, *more):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, [handfast, "serve", "--quiet", "--port", "PORT",
                        "--cert", cert, "--key", key, "--dir", lab.dir,
                        "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256",
                        "--tls1_2" if version == "1.2" else "--tlsv1.3", *more])


def s_client(lab, port, *words):
    return run(lab, ["openssl", "s_client", "-connect", f"127.0.0.1:{port}",
                     "-servername", "localhost", "-CAfile", lab.ca, "-ign_eof",
                     *words])


def gnutls_cli(lab, port, *words):
    return run(lab, ["gnutls-cli", "-p", port, "--x509cafile", lab.ca,
                     "--no-ocsp", *words, "localhost"])


def theirs_against(lab, handfast, go, version, words, *ours):
    with our_server(lab, handfast, version, *ours) as it:
        between = Between(it.port)
        done = go(lab, between.port, *words)
        between.thread.join(20)
    if b"200" not in done.stdout:
        return between, (done.stdout + done.stderr).decode(
            errors="replace")[-400:]
    return between, None


# ---- what is wanted -------------------------------------------------------------


def check(lab, name, got, version, who, most=None, multiple=None):
    between, wrong = got
    sizes = between.inside(who, version)
    if not wrong and not sizes:
        wrong = "nothing was sealed"
    if not wrong and most and max(sizes) > most:
        wrong = f"a record of {max(sizes)} bytes, not {most}"
    if not wrong and multiple and any(n % multiple for n in sizes):
        wrong = f"{sizes}: not all are multiples of {multiple}"
    lab.check(name, wrong)


def openssl(lab, handfast):
    for version in VERSIONS:
        inner = 513 if version == "1.3" else 512
        got = ours_against(lab, handfast, s_server(lab, version), version,
                           "--max-fragment-length", "512")
        check(lab, f"TLS {version}, s_server: fragments of 512", got, version,
              1, most=inner)
        got = theirs_against(lab, handfast, s_client, version,
                             ("-maxfraglen", "512"))
        check(lab, f"TLS {version}, s_client: fragments of 512", got, version,
              1, most=inner)
    got = ours_against(lab, handfast,
                       s_server(lab, "1.3", "-record_padding", "700"), "1.3",
                       "--record-padding", "128")
    check(lab, "s_server pads, and so do we", got, "1.3", 0, multiple=128)
    got = theirs_against(lab, handfast, s_client, "1.3",
                         ("-record_padding", "700"), "--record-padding", "512")
    between, wrong = got
    sizes = between.inside(1, "1.3")
    lab.check("s_client pads, and so do we", wrong or (
        None if all(n % 512 == 0 or n == 16385 for n in sizes) else sizes))
    lab.row("OpenSSL", "", "both", "max_fragment_length, 1.2 and 1.3; padding")


def gnutls(lab, handfast):
    for version in VERSIONS:
        got = ours_against(lab, handfast, gnutls_serv(lab, version), version,
                           "--record-size-limit", "700")
        check(lab, f"TLS {version}, gnutls-serv: a limit of 700", got, version,
              1, most=700)
        got = theirs_against(lab, handfast, gnutls_cli, version,
                             ("--recordsize", "600"))
        check(lab, f"TLS {version}, gnutls-cli: a limit of 600", got, version,
              1, most=601)
        got = theirs_against(lab, handfast, gnutls_cli, version,
                             ("--recordsize", "2000"), "--record-size-limit",
                             "512")
        # It takes no smaller one.
        check(lab, f"TLS {version}, gnutls-cli keeps to ours of 512", got,
              version, 0, most=512)
    lab.row("GnuTLS", "", "both", "record_size_limit, 1.2 and 1.3")


def nss(lab, handfast):
    for version in VERSIONS:
        got = ours_against(lab, handfast, selfserv(lab, version), version,
                           "--record-size-limit", "300")
        check(lab, f"TLS {version}, selfserv: a limit of 300", got, version, 1,
              most=300)
    lab.row("NSS", "", "server", "record_size_limit, 1.2 and 1.3")


def main():
    handfast, peer = map(os.path.abspath, sys.argv[1:3])
    lab = Lab(peer, size=10)
    with open(lab.path("page"), "w") as f:
        f.write("HTTP/1.0 200 OK\n\n" + "x" * PAGE)
    try:
        for go, program, package in ((openssl, "openssl", "openssl"),
                                     (gnutls, "gnutls-cli", "gnutls-bin"),
                                     (nss, "selfserv", "libnss3-tools")):
            if have(program):
                go(lab, handfast)
            else:
                lab.skip(program, package)
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

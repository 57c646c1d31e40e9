#!/usr/bin/python3
"""interop.py PEER [SHARED [servers|clients]]: TLS with everybody else, in both
roles or in one.

PEER is our end (peer.c); SHARED, if given and there, brings a newer OpenSSL.
Every combination of suite, group and certificate that a peer can do moves
10 MB and changes keys on the way; then a retry, client certificates and ALPN.
Prints TAP and a table of what was covered.
"""

import json
import os
import subprocess
import sys

from clients import (Chromium, Curl, GnuTLSCli, Node, Python, SClient, TstClnt,
                     Wget)
from lab import SUITES, Lab, differs, have, newer_openssl
from servers import NSS, GnuTLS, Nginx, OpenSSL, chosen

FIRST = "TLS_AES_128_GCM_SHA256"


def with_server(lab, peer, name, suite, group, kind, start=(), options=(),
                want=None):
    try:
        with peer.start(lab, suite, group, kind, *start) as server:
            got, wrong = peer.exchange(lab, server, *options)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        got, wrong = {}, error
    lab.check(name, wrong or differs(got, **(want or {})))


def try_server(lab, peer):
    """Our client against @peer."""
    version, n = peer.version(), 0
    title = f"client to {peer.name} {version}"
    for suite in SUITES:
        for group in peer.groups:
            for kind in peer.keys:
                with_server(lab, peer, f"{title}: {suite} {group} {kind}",
                            suite, group, kind, (), ("--groups", group),
                            chosen(suite, group, kind))
                n += 1
    covered = [f"{n} combinations", peer.both_ways, "KeyUpdate"]
    retry = dict(chosen(FIRST, "secp384r1", "ecdsa"), retried=True)
    with_server(lab, peer, f"{title}: HelloRetryRequest", FIRST, "secp384r1",
                "ecdsa", (), ("--groups", "x25519,secp384r1", "--shares",
                              "x25519"), retry)
    covered.append("HelloRetryRequest")
    for kind in peer.keys:
        with_server(lab, peer, f"{title}: client certificate {kind}", FIRST,
                    "x25519", "ecdsa", peer.ask_client(lab),
                    ("--groups", "x25519", "--cert",
                     *lab.cert("client", kind)))
    covered.append("client certificate")
    if peer.alpn:
        with_server(lab, peer, f"{title}: ALPN", FIRST, "x25519", "ecdsa",
                    peer.alpn, ("--alpn", "http/1.1"), {"alpn": "http/1.1"})
        covered.append("ALPN")
    lab.row(peer.name, version, "server", ", ".join(covered))


def with_client(lab, peer, name, kind, suite, group, *options, show=None,
                alpn=None, want=None):
    try:
        got, wrong = peer.go(lab, kind, suite, group, *options, show=show,
                             alpn=alpn)
    except (RuntimeError, subprocess.TimeoutExpired, OSError,
            ValueError) as error:
        got, wrong = {}, error
    lab.check(name, wrong or differs(got, **(want or {})))


def try_client(lab, peer):
    """@peer against our server."""
    version, n = peer.version(), 0
    title = f"server to {peer.name} {version}"
    for suite in peer.suites:
        for group in peer.groups:
            for kind in peer.keys:
                with_client(lab, peer, f"{title}: {suite} {group} {kind}",
                            kind, suite, group,
                            want={"suite": suite, "group": group})
                n += 1
    covered = [f"{n} combinations", peer.both_ways, "KeyUpdate"]
    if peer.can_retry:
        with_retry(lab, peer, title)
        covered.append("HelloRetryRequest")
    if peer.can_show:
        for kind in peer.keys:
            with_client(lab, peer, f"{title}: client certificate {kind}",
                        "ecdsa", FIRST, "x25519", "--client-auth", "required",
                        "--ca", lab.ca, show=kind, want={"verified": True})
        with_client(lab, peer, f"{title}: optional client certificate",
                    "ecdsa", FIRST, "x25519", "--client-auth", "optional",
                    "--ca", lab.ca, want={"peer_certificates": 0})
        covered.append("client certificate")
    with_client(lab, peer, f"{title}: ALPN", "ecdsa", FIRST, "x25519",
                "--alpn", "h3,http/1.1", alpn="http/1.1",
                want=None if peer.silent_alpn else {"alpn": "http/1.1"})
    covered.append("ALPN offered")
    lab.row(peer.name, version, "client", ", ".join(covered))


def with_retry(lab, peer, title):
    """The client shares its first group; we accept only its second."""
    ours = ["--suites", FIRST, "--groups", "secp384r1"]
    with lab.our_server("ecdsa", *peer.serve, *ours) as server:
        wrong = peer.talk(lab, server, FIRST, "x25519,secp384r1", None, None)
        got = server.result()
    lab.check(f"{title}: HelloRetryRequest",
              wrong or differs(got, retried=True, group="secp384r1"))


def key_updates_by_hand(lab, title, command, lines, sign, count):
    """The peer's own, by words typed to it, before and behind data."""
    with lab.our_server("ecdsa", "--expect", "4") as server:
        process = subprocess.Popen(
            [w.replace("PORT", str(server.port)) for w in command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=lab.dir)
        for line in lines:
            try:
                process.wait(0.4)
            except subprocess.TimeoutExpired:
                pass
            try:
                process.stdin.write(line)
                process.stdin.flush()
            except BrokenPipeError:
                break
        got = server.result()
        process.kill()
        said = process.communicate()[0]
    wrong = differs(got, received=lab.digest(b"abc\n"))
    if not wrong and said.count(sign) != count:
        wrong = "it did not send them: " + said.decode()[-300:]
    lab.check(title, wrong)


def key_updates_from_clients(lab):
    """K asks for ours as well, k does not; so does gnutls-cli's word."""
    key_updates_by_hand(
        lab, "server to openssl s_client: its KeyUpdate, asking and not",
        ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-CAfile",
         lab.ca], (b"K\n", b"k\n", b"abc\n"), b"KEYUPDATE", 2)
    if have("gnutls-cli"):
        key_updates_by_hand(
            lab, "server to gnutls-cli: its KeyUpdate",
            ["gnutls-cli", "-p", "PORT", "--x509cafile", lab.ca,
             "--inline-commands", *GnuTLSCli.here],
            (b"^rekey^\n", b"abc\n"), b"Rekey was completed", 1)


def key_updates_from_server(lab):
    """s_server's K and k, typed between two pieces of data."""
    server = OpenSSL()
    with server.start(lab, FIRST, "x25519", "ecdsa", quiet=False) as running:
        process = subprocess.Popen(
            [lab.peer, "client", str(running.port), "--ca", lab.ca,
             "--expect", "8"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in (b"abc\n", b"K\n", b"k\n", b"def\n"):
            try:
                process.wait(0.4)
            except subprocess.TimeoutExpired:
                pass
            running.process.stdin.write(line)
            running.process.stdin.flush()
        out, err = process.communicate(timeout=40)
        got = (json.loads(out) if process.returncode == 0
               else {"error": err.decode()})
        with open(running.out, "rb") as f:
            said = f.read() + open(running.log, "rb").read()
    wrong = differs(got, received=lab.digest(b"abc\ndef\n"))
    if not wrong and said.count(b"SSL_do_handshake ->") != 2:
        wrong = "s_server did not send both: " + said.decode()[-300:]
    lab.check("client to openssl s_server: its KeyUpdate, asking and not",
              wrong)


def try_chromium(lab):
    peer, title = Chromium(), "server to Chromium"
    for kind in ("ecdsa", "rsa"):
        got, wrong = peer.go(lab, kind)
        lab.check(f"{title}: a page by X25519MLKEM768, {kind}",
                  wrong or differs(got, group="X25519MLKEM768",
                                   version="TLS 1.3"))
    lab.row(peer.name, peer.version(), "client",
            "a page, X25519MLKEM768, ALPN offered")


def main():
    lab = Lab(sys.argv[1])
    shared = sys.argv[2] if len(sys.argv) > 2 else "../shared"
    roles = sys.argv[3:] or ["servers", "clients"]
    only = os.environ.get("INTEROP_ONLY", "")
    newer = newer_openssl(lab, shared, "-".join(sys.argv[3:]))
    hybrid = ["X25519MLKEM768", "SecP256r1MLKEM768", "x25519", "secp256r1",
              "secp384r1"]
    servers = [("openssl", OpenSSL()), ("gnutls-bin", GnuTLS()),
               ("nginx-light", Nginx()), ("libnss3-tools", NSS())]
    clients = [("openssl", SClient()), ("gnutls-bin", GnuTLSCli()),
               ("libnss3-tools", TstClnt()), ("curl", Curl()),
               ("wget", Wget()), ("python3", Python()), ("nodejs", Node())]
    programs = {"gnutls-bin": "gnutls-serv", "nginx-light": "/usr/sbin/nginx",
                "libnss3-tools": "selfserv", "nodejs": "node"}
    try:
        if newer:
            servers.insert(1, (newer, OpenSSL(newer, hybrid)))
            clients.insert(1, (newer, SClient(newer, hybrid)))
        else:
            lab.skip("OpenSSL 3.5, for the hybrids", "needs ../shared")
        for package, peer in ((servers if "servers" in roles else [])
                              + (clients if "clients" in roles else [])):
            if only and only not in peer.name:
                continue
            if not have(programs.get(package, package)):
                lab.skip(peer.name, "apt install " + package)
            elif (package, peer) in servers:
                try_server(lab, peer)
            else:
                try_client(lab, peer)
        if "clients" in roles and (not only or only in "openssl"):
            key_updates_from_clients(lab)
        if "servers" in roles and (not only or only in "openssl"):
            key_updates_from_server(lab)
        if "clients" not in roles or (only and only not in "chromium"):
            pass
        elif have("chromium"):
            try_chromium(lab)
        else:
            lab.skip("Chromium", "apt install chromium")
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""early.py HANDFAST PEER: early data (0-RTT) with everybody who has it, in both
roles, by `handfast connect --early-data` and `handfast serve --early-data`.

Accepted; rejected after a HelloRetryRequest (GnuTLS 3.7 gets lost there, with
OpenSSL too); rejected because the ticket was used before.  Prints TAP and one
table.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import servers
from lab import Lab, Server, have
from sessions import OpenSSL, GnuTLS, NSS, SClient, run

WORDS = b"GET /early HTTP/1.0\r\n\r\n"
ACCEPTED, RETRY, AGAIN = "accepted", "after a retry", "a ticket twice"


# ---- their servers ------------------------------------------------------------


class SServer(OpenSSL):
    cases = ACCEPTED, RETRY, AGAIN
    patience = 1

    def server(self, lab, case):
        cert, key = lab.cert("server", "ecdsa")
        return Server(lab, [
            self.program, "s_server", "-accept", "127.0.0.1:PORT", "-cert",
            cert, "-key", key, "-early_data", "-max_early_data", "4096",
            *(["-groups", "P-256"] if case == RETRY else [])],
            stdin=subprocess.PIPE)


class GnuTLSServ(GnuTLS):
    cases = ACCEPTED,
    patience = 1

    def server(self, lab, case):
        cert, key = lab.cert("server", "ecdsa")
        return Server(lab, [
            "gnutls-serv", "--echo", "-p", "PORT", "--x509certfile", cert,
            "--x509keyfile", key, "--disable-client-cert", "--earlydata",
            "--maxearlydata", "4096", "--priority",
            "NORMAL:-VERS-ALL:+VERS-TLS1.3"])


class SelfServ(NSS):
    cases = ACCEPTED, RETRY
    patience = 12  # while it does not know what was before it

    def server(self, lab, case):
        return Server(lab, [
            "selfserv", "-d", servers.nss_database(lab), "-n", "server-ecdsa",
            "-p", "PORT", "-V", "tls1.3:tls1.3", "-u", "-Z",
            *(["-I", "P256"] if case == RETRY else [])])


def connect(lab, handfast, port, case, *more):
    """What `handfast connect -v` says of early data."""
    child = subprocess.Popen(
        [handfast, "connect", "-v", "--cacert", lab.ca, "-tls1_3",
         "--early-data", lab.path("words"), *more,
         *(["--groups", "x25519:P-256"] if case == RETRY else []),
         f"localhost:{port}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"})
    time.sleep(0.5)  # for the tickets
    _, err = child.communicate(timeout=60)
    if "verify: ok" not in err:
        raise RuntimeError(err[-400:])
    return re.findall(r"check\.early_data: (\w+(?: \w+)?)", err)[-1]


def with_server(lab, handfast, peer, case):
    file, kept = lab.path("early.sessions"), lab.path("kept.sessions")
    for path in file, kept:
        if os.path.exists(path):
            os.unlink(path)
    keep = ["--ssl-sessions", file]
    want = ["not offered", "rejected" if case == RETRY else "accepted"]
    try:
        with peer.server(lab, case) as server:
            found = [connect(lab, handfast, server.port, case, *keep)]
            shutil.copy(file, kept)
            found.append(connect(lab, handfast, server.port, case, *keep))
            for _ in range(peer.patience if found != want else 0):
                time.sleep(1)
                found[1] = connect(lab, handfast, server.port, case, *keep)
                if found == want:
                    break
            if case == AGAIN:
                shutil.copy(kept, file)
                want.append("rejected")
                found.append(connect(lab, handfast, server.port, case, *keep))
    except (RuntimeError, ValueError, OSError, KeyError, IndexError,
            subprocess.TimeoutExpired) as error:
        return repr(error)
    return None if found == want else f"{found}, not {want}"


# ---- their clients --------------------------------------------------------------


class OurServer:
    def __init__(self, lab, handfast, case):
        cert, key = lab.cert("server", "ecdsa")
        self.child = subprocess.Popen(
            [handfast, "serve", "--json", "--port", "0", "--cert", cert,
             "--key", key, "--tlsv1.3", "--early-data",
             *(["--groups", "P-384"] if case == RETRY else [])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=lab.dir)
        self.port = json.loads(self.child.stdout.readline())["port"]

    def said(self):
        self.child.terminate()
        out, _ = self.child.communicate(timeout=20)
        return [json.loads(line) for line in out.splitlines()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()


class EarlySClient(SClient):
    sends = True
    cases = ACCEPTED, RETRY

    def go(self, lab, port, case):
        kept = lab.path("s_client.early")
        more = ["-groups", "X25519:P-384"] if case == RETRY else []
        for words in (["-sess_out", kept],
                      ["-sess_in", kept, "-early_data", lab.path("words")]):
            early = "-early_data" in words
            run(lab, self.program, "s_client", "-connect",
                f"127.0.0.1:{port}", "-servername", "localhost", "-CAfile",
                lab.ca, "-verify_return_error", "-ign_eof", *words, *more,
                stdin=b"" if early and case == ACCEPTED else WORDS)


class GnuTLSCli(GnuTLS):
    sends = True
    cases = ACCEPTED,

    def go(self, lab, port, case):
        run(lab, "gnutls-cli", "-r", "-p", port, "--x509cafile", lab.ca,
            "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3",
            "--sni-hostname=localhost", "--verify-hostname=localhost",
            "--waitresumption", "--earlydata", lab.path("words"),
            "127.0.0.1", stdin=WORDS)


class TstClnt(NSS):
    sends = False  # it offers early data, and mostly sends none
    cases = ACCEPTED, RETRY

    def go(self, lab, port, case):
        run(lab, "tstclnt", "-h", "127.0.0.1", "-a", "localhost", "-p", port,
            "-d", servers.nss_database(lab), "-V", "tls1.3:tls1.3", "-Z",
            "-A", lab.path("words"), "-L", "2", "-u",
            *(["-I", "x25519,P384"] if case == RETRY else []), stdin=b"")


def with_client(lab, handfast, peer, case):
    try:
        with OurServer(lab, handfast, case) as server:
            peer.go(lab, server.port, case)
            said = server.said()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    found = [(s["resumed"], s["early_data"]) for s in said
             if "early_data" in s]
    want = [(False, "none"),
            (True, "accepted" if case == ACCEPTED else "rejected")]
    if found[:2] != want:
        return f"{found}, not {want}: {said}"
    came = [s["early_bytes"] for s in said if "early_bytes" in s][1]
    if case == ACCEPTED and peer.sends and came != len(WORDS):
        return f"{came} bytes came early"
    return None


# ---- all of them ---------------------------------------------------------------------


def try_peer(lab, handfast, peer, role):
    test = with_client if role == "client" else with_server
    version, covered = peer.version(), []
    for case in peer.cases:
        name = (f"{'server to' if role == 'client' else 'client to'} "
                f"{peer.name} {version}: early data, {case}")
        if lab.check(name, test(lab, handfast, peer, case)):
            covered.append(case)
    lab.row(peer.name, version, role, "; ".join(covered))


def main():
    handfast = os.path.abspath(sys.argv[1])
    lab = Lab(sys.argv[2], 1000)
    only = os.environ.get("INTEROP_ONLY", "")
    with open(lab.path("words"), "wb") as f:
        f.write(WORDS)
    peers = [(kind(), "server") for kind in (SServer, GnuTLSServ, SelfServ)]
    peers += [(kind(), "client") for kind in
              (EarlySClient, GnuTLSCli, TstClnt)]
    try:
        for peer, role in peers:
            if only and only not in type(peer).__name__.lower():
                continue
            if not have(peer.program):
                lab.skip("early data with " + peer.name,
                         "apt install " + peer.package)
            else:
                try_peer(lab, handfast, peer, role)
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

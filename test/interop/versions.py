#!/usr/bin/python3
"""versions.py PEER: which version is agreed on with everybody else.

Each of {1.2, 1.3, both} of ours with each of {1.2, 1.3, both} of theirs, in both
roles; peers that are too old; and a relay between two that could speak TLS 1.3,
which makes them look older: somebody must notice and say so.  Prints TAP.
"""

import os
import subprocess
import sys

import servers
from lab import Lab, Server, have
from relay import CLIENT_HELLO, SERVER_HELLO, SUPPORTED_VERSIONS, Relay

VERSIONS = {"1.2": {"1.2"}, "1.3": {"1.3"}, "1.2-1.3": {"1.2", "1.3"}}
OLD = {"1.0": "TLS 1.0 is SSL 3.1 on the wire",
       "1.1": "TLS 1.1 is SSL 3.2 on the wire"}
LEVEL = "DEFAULT:@SECLEVEL=0"  # else OpenSSL 3 does not speak what is old


class OpenSSL:
    name, package, program = "OpenSSL", "openssl", "openssl"
    flags = {"1.0": ["-tls1"], "1.1": ["-tls1_1"], "1.2": ["-tls1_2"],
             "1.3": ["-tls1_3"], "1.2-1.3": [], "1.0-1.3": []}

    version = servers.OpenSSL().version

    def words(self, versions):
        return self.flags[versions] + (["-cipher", LEVEL]
                                       if versions[:3] in OLD else [])

    def server(self, lab, versions):
        cert, key = lab.cert("server", "rsa")
        return Server(lab, ["openssl", "s_server", "-accept",
                            "127.0.0.1:PORT", "-cert", cert, "-key", key,
                            "-www", *self.words(versions)])

    def client(self, lab, port, versions):
        return ["openssl", "s_client", "-connect", f"127.0.0.1:{port}",
                "-servername", "localhost", "-CAfile", lab.ca,
                "-verify_return_error", *self.words(versions)]


class GnuTLS:
    name, package, program = "GnuTLS", "gnutls-bin", "gnutls-serv"
    version = servers.GnuTLS().version

    @staticmethod
    def priority(versions):
        wanted = ["1.2", "1.3"] if versions == "1.2-1.3" else [versions]
        return "NORMAL:-VERS-ALL" + "".join(f":+VERS-TLS{v}" for v in wanted)

    def server(self, lab, versions):
        cert, key = lab.cert("server", "rsa")
        return Server(lab, ["gnutls-serv", "--http", "-p", "PORT",
                            "--x509certfile", cert, "--x509keyfile", key,
                            "--disable-client-cert", "--priority",
                            self.priority(versions)])

    def client(self, lab, port, versions):
        return ["gnutls-cli", "-p", str(port), "--x509cafile", lab.ca,
                "--priority", self.priority(versions),
                "--sni-hostname=localhost", "--verify-hostname=localhost",
                "127.0.0.1"]


class NSS:
    name, package, program = "NSS", "libnss3-tools", "selfserv"
    version = servers.NSS().version

    @staticmethod
    def range(versions):
        least, _, most = versions.partition("-")
        return f"tls{least}:tls{most or least}"

    def server(self, lab, versions):
        return Server(lab, ["selfserv", "-d", servers.nss_database(lab), "-n",
                            "server-rsa", "-p", "PORT", "-V",
                            self.range(versions)])

    def client(self, lab, port, versions):
        return ["tstclnt", "-h", "127.0.0.1", "-a", "localhost", "-p",
                str(port), "-d", servers.nss_database(lab), "-Q", "-V",
                self.range(versions)]


def either(got, *words):
    """None if it says one of them."""
    return None if any(not has(got, word) for word in words) else has(
        got, words[0])


def has(got, *words):
    """None if the error of ours says all the words."""
    said = got.get("error", "no error: " + str(got.get("version")))
    for word in words:
        if word not in said:
            return f"{said}\nwhich does not say: {word}"
    return None


def agreed(got, version):
    if got.get("version") == "TLS " + version:
        return None
    return got.get("error", "agreed on " + str(got.get("version")))


def their_client(lab, peer, versions, port):
    """Runs to the end; everything it says, for whoever reads a failure."""
    done = subprocess.run(peer.client(lab, port, versions),
                          stdin=subprocess.DEVNULL, capture_output=True,
                          cwd=lab.dir, timeout=30, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def serve(lab, peer, versions, *options, edit=None):
    """What our server says of one visit of theirs."""
    with lab.our_server("rsa", *options) as server:
        if not edit:
            their_client(lab, peer, versions, server.port)
        else:
            with Relay(server.port, edit) as relay:
                their_client(lab, peer, versions, relay.port)
                got = server.result()
                return {"error": str(relay.faults)} if relay.faults else got
        return server.result()


# ---- all combinations ---------------------------------------------------------


# What their servers say when there is no version.
REFUSES = {"OpenSSL": "protocol_version (70)", "NSS": "protocol_version (70)",
           "GnuTLS": "handshake_failure (40)"}


def best(ours, theirs):
    return max(VERSIONS[ours] & VERSIONS[theirs], default=None)


def their_servers(lab, peer):
    for theirs in VERSIONS:
        with peer.server(lab, theirs) as server:
            for ours in VERSIONS:
                got = lab.our_client(server.port, "--tls", ours)
                version = best(ours, theirs)
                lab.check(f"client of {ours}, {peer.name} server of {theirs}: "
                          f"{version or 'refused'}",
                          agreed(got, version) if version
                          else has(got, "the peer sent " + REFUSES[peer.name]))


def their_clients(lab, peer):
    for theirs in VERSIONS:
        for ours in VERSIONS:
            got = serve(lab, peer, theirs, "--tls", ours)
            version = best(ours, theirs)
            words = (["at most TLS 1.2 (0x0303)", "we accept TLS 1.3 only"]
                     if theirs == "1.2" else
                     ["nothing older than TLS 1.3", "we accept TLS 1.2 only"])
            lab.check(f"server of {ours}, {peer.name} client of {theirs}: "
                      f"{version or 'refused'}",
                      agreed(got, version) if version
                      else has(got, "negotiate.version", *words))


# ---- too old --------------------------------------------------------------------


def old(lab, peer):
    for version, words in OLD.items():
        try:
            with peer.server(lab, version) as server:
                for ours in VERSIONS:
                    got = lab.our_client(server.port, "--tls", ours)
                    # without a list of versions the suites do not fit either
                    lab.check(f"client of {ours}, {peer.name} server of "
                              f"{version}: refused",
                              either(got, "the peer sent protocol_version",
                                     "the peer sent handshake_failure"))
        except RuntimeError as error:
            lab.skip(f"{peer.name} as a server of {version}",
                     f"not in this build of {peer.package}: "
                     + str(error).strip().replace("\n", " ")[-60:])
        for ours in VERSIONS:
            got = serve(lab, peer, version, "--tls", ours)
            lab.check(f"server of {ours}, {peer.name} client of {version}: "
                      "called by its name",
                      has(got, "negotiate.version",
                          f"the client offers at most TLS {version}", words))


# ---- between two that could do better -----------------------------------------------


def nothing(hello):
    """Both ends must be able to."""


def no_list(hello):
    if hello.kind == CLIENT_HELLO:
        hello.drop(SUPPORTED_VERSIONS)


def list_of_12(hello):
    if hello.kind == CLIENT_HELLO:
        hello.set(SUPPORTED_VERSIONS, b"\2\3\3")


def wipe(hello):
    """No list, and no mark in the answer's random."""
    no_list(hello)
    if hello.kind == SERVER_HELLO:
        hello.random = hello.random[:24] + b"harmless"


def to_10(hello):
    """As TLS 1.0, with a suite that it knows."""
    if hello.kind == CLIENT_HELLO:
        hello.drop(SUPPORTED_VERSIONS)
        hello.version = 0x0301
        hello.suites += b"\xc0\x13"


def only_suite(hello):
    """The list is gone, the old field stays, TLS 1.0 could be chosen."""
    no_list(hello)
    if hello.kind == CLIENT_HELLO:
        hello.suites += b"\xc0\x13"


def between(lab, peer, versions, edit, *options):
    """Our client, a relay, their server."""
    with (peer.server(lab, versions) as server,
          Relay(server.port, edit) as relay):
        got = lab.our_client(relay.port, *options)
        if relay.faults:
            return {"error": str(relay.faults)}
        if edit is not nothing and not relay.edited:
            return {"error": "the relay found nothing to change"}
        return got


DOWNGRADE = ["negotiate.downgrade", "the server can do TLS 1.3 and was made "
             "to answer with TLS 1.2"]


def meddled_servers(lab, peer):
    title = f"client, relay, {peer.name} server: "
    both = "1.2-1.3"
    lab.check(title + "nothing changed, TLS 1.3",
              agreed(between(lab, peer, both, nothing), "1.3"))
    for edit, what in ((no_list, "supported_versions taken away"),
                       (list_of_12, "TLS 1.3 taken off the list")):
        lab.check(title + what, has(between(lab, peer, both, edit),
                                    *DOWNGRADE))
    lab.check(title + "and the mark in the random wiped off",
              has(between(lab, peer, both, wipe), "proof.signature"))


def meddled_to_10(lab, peer):
    lab.check("client, relay, OpenSSL server of 1.0 to 1.3: lowered to 1.0",
              has(between(lab, peer, "1.0-1.3", to_10), "negotiate.downgrade",
                  "the server can do TLS 1.3 and was made to answer with TLS "
                  "1.0 (0x0301: TLS 1.0 is SSL 3.1 on the wire)"))
    lab.check("client of 1.2, relay, OpenSSL server of 1.0 to 1.3: the same",
              has(between(lab, peer, "1.0-1.3", to_10, "--tls", "1.2"),
                  "negotiate.downgrade", "can do TLS 1.2 and was made to"))
    for version, words in OLD.items():
        lab.check(f"client, relay, OpenSSL server of {version}, which answers",
                  has(between(lab, peer, version, only_suite),
                      "negotiate.version",
                      f"the server chose TLS {version}", words,
                      "we offer TLS 1.2 and TLS 1.3"))


# What they say when they see the mark, and when a signature is wrong.
SEEN = {"OpenSSL": "illegal_parameter (47)", "GnuTLS": "illegal_parameter (47)",
        "NSS": "illegal_parameter (47)"}
FORGED = {"OpenSSL": "decrypt_error (51)", "GnuTLS": "decrypt_error (51)",
          "NSS": "decrypt_error (51)"}


def meddled_clients(lab, peer):
    title = f"{peer.name} client, relay, server: "
    both = "1.2-1.3"
    lab.check(title + "nothing changed, TLS 1.3",
              agreed(serve(lab, peer, both, edit=nothing), "1.3"))
    for edit, what in ((no_list, "supported_versions taken away"),
                       (list_of_12, "TLS 1.3 taken off the list")):
        lab.check(title + what + ": it sees our mark",
                  has(serve(lab, peer, both, edit=edit), "the peer sent "
                      + SEEN[peer.name]))
    lab.check(title + "and the mark in our random wiped off",
              has(serve(lab, peer, both, edit=wipe), "the peer sent "
                  + FORGED[peer.name]))
    lab.check(title + "lowered to 1.0: we say so",
              has(serve(lab, peer, both, edit=to_10), "negotiate.version",
                  "at most TLS 1.0", OLD["1.0"]))


def main():
    lab = Lab(sys.argv[1], 1)
    only = os.environ.get("INTEROP_ONLY", "")
    try:
        for peer in (OpenSSL(), GnuTLS(), NSS()):
            if only not in peer.name.lower():
                continue
            if not have(peer.program):
                lab.skip("versions with " + peer.name,
                         "apt install " + peer.package)
                continue
            their_servers(lab, peer)
            their_clients(lab, peer)
            old(lab, peer)
            meddled_servers(lab, peer)
            meddled_clients(lab, peer)
            if peer.name == "OpenSSL":
                meddled_to_10(lab, peer)
            lab.row(peer.name, peer.version(), "both",
                    "3 x 3 versions, TLS 1.0 and 1.1, a relay that lowers")
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

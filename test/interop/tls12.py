#!/usr/bin/python3
"""tls12.py PEER: TLS 1.2 with everybody else, in both roles.

Every suite that a peer can do moves 1 MB each way where the peer can; then
client certificates, ALPN, peers that could do TLS 1.3 and are held back, and
those that are too old.  Prints TAP and a table of what was covered.
"""

import os
import socket
import ssl
import subprocess
import sys
import threading

import clients
import servers
from lab import Lab, Server, differs, have

SIZE = 1_000_000
# name: OpenSSL's name, GnuTLS's cipher and key exchange, number, key
SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256":
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "AES-128-GCM", "C02B", "ecdsa"),
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384":
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "AES-256-GCM", "C02C", "ecdsa"),
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256":
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "CHACHA20-POLY1305", "CCA9",
         "ecdsa"),
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256":
        ("ECDHE-RSA-AES128-GCM-SHA256", "AES-128-GCM", "C02F", "rsa"),
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384":
        ("ECDHE-RSA-AES256-GCM-SHA384", "AES-256-GCM", "C030", "rsa"),
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256":
        ("ECDHE-RSA-CHACHA20-POLY1305", "CHACHA20-POLY1305", "CCA8", "rsa"),
}
# RSA key transport: off unless a list of suites names it.
TRANSPORT = {
    "TLS_RSA_WITH_AES_128_GCM_SHA256":
        ("AES128-GCM-SHA256", "AES-128-GCM", "009C", "rsa"),
    "TLS_RSA_WITH_AES_256_GCM_SHA384":
        ("AES256-GCM-SHA384", "AES-256-GCM", "009D", "rsa"),
}
ROWS = {**SUITES, **TRANSPORT}
HALF = list(SUITES)[::2]  # for peers that share a library with another
FIRST = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
GROUPS = ["x25519", "secp256r1", "secp384r1"]
# What we have: see peer.c.
ONLY, BOTH, NEW = ["--tls", "1.2"], ["--tls", "1.2-1.3"], ["--tls", "1.3"]


def group_of(suite):
    """Each group with two suites."""
    return GROUPS[list(ROWS).index(suite) % len(GROUPS)]


def groups_of(suite):
    """The same, and the curve of the certificates: RFC 8422 5.3."""
    return list(dict.fromkeys([group_of(suite), "secp256r1"]))


def named(peer, suite, between):
    return between.join(peer.names[g] for g in groups_of(suite))


def gnutls(suite):
    exchange = ("+RSA" if suite in TRANSPORT else
                "+ECDHE-RSA" if "_RSA_" in suite else "+ECDHE-ECDSA")
    return (f"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+{ROWS[suite][1]}:"
            f"-KX-ALL:{exchange}:-GROUP-ALL:+GROUP-"
            + named(servers.GnuTLS, suite, ":+GROUP-"))


# ---- their servers ---------------------------------------------------------


class OpenSSL(servers.OpenSSL):
    def start(self, lab, suite, group, kind, *more, versions=("-tls1_2",)):
        cert, key = lab.cert("server", kind)
        return Server(lab, [
            self.program, "s_server", "-accept", "127.0.0.1:PORT", "-cert",
            cert, "-key", key, *versions, "-naccept", "1", "-cipher",
            ROWS[suite][0], "-groups", named(self, suite, ":"), "-quiet", *more],
            stdin=subprocess.PIPE)

    def exchange(self, lab, server, *options):
        feed = threading.Thread(target=self.feed, args=(lab, server))
        feed.start()
        got = lab.our_client(server.port, "--send", str(SIZE), "--expect",
                             str(SIZE), *options)
        feed.join()
        server.process.stdin.close()
        server.process.wait(10)
        return got, differs(got, received=lab.big_hash,
                            sent=lab.digest_file(server.out))


class GnuTLS(servers.GnuTLS):
    def priority(self, suite, group):
        return gnutls(suite)

    def exchange(self, lab, server, *options):
        got = lab.our_client(server.port, "--send", str(SIZE), "--expect",
                             str(SIZE), "--text", "--window", "16000",
                             *options)
        return got, differs(got, received=got.get("sent"))


class OldGnuTLS(GnuTLS):
    """Without extended_master_secret."""

    def priority(self, suite, group):
        return gnutls(suite) + ":%NO_SESSION_HASH"


class Nginx(servers.Nginx):
    def limits(self, suite, group):
        return (f"ssl_protocols TLSv1.2; ssl_ciphers {ROWS[suite][0]};"
                f"ssl_ecdh_curve {named(self, suite, ':')};")

    def exchange(self, lab, server, *options):
        got = lab.our_client(server.port, "--http", "/big", *options)
        self.back.shutdown()
        self.back.server_close()
        return got, differs(got, received=lab.big_hash)


class NSS(servers.NSS):
    def start(self, lab, suite, group, kind, *more):
        return Server(lab, ["selfserv", "-d", servers.nss_database(lab), "-n",
                            "server-" + kind, "-p", "PORT", "-V",
                            "tls1.2:tls1.2", "-c", ":" + ROWS[suite][2],
                            "-I", named(self, suite, ","), *more])

    def exchange(self, lab, server, *options):
        got = lab.our_client(server.port, "--http", "big", *options)
        return got, differs(got, received=lab.big_hash)


def with_server(lab, peer, name, suite, options=(), start=(), want=None,
                **keywords):
    group, kind = group_of(suite), ROWS[suite][3]
    meant = {"suite": suite, "group": group, "version": "TLS 1.2",
             "verified": True, **(want or {})}
    try:
        with peer.start(lab, suite, group, kind, *start,
                        **keywords) as server:
            got, wrong = peer.exchange(lab, server, "--groups",
                                       ",".join(groups_of(suite)),
                                       *(options or ONLY))
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        got, wrong = {}, error
    lab.check(name, wrong or differs(got, **meant))


def try_server_transport(lab, peer, title):
    """RSA key transport."""
    plain = {"group": ""}
    for suite in TRANSPORT:
        with_server(lab, peer, f"{title}: {suite}", suite,
                    [*ONLY, "--suites", suite], want=plain)
    suite = list(TRANSPORT)[0]
    names = ["--suites", ",".join([*SUITES, suite])]
    with_server(lab, peer, f"{title}: RSA key transport, client certificate",
                suite, [*ONLY, *names, "--cert", *lab.cert("client", "rsa")],
                peer.ask_client(lab), want=plain)
    if peer.alpn:
        with_server(lab, peer, f"{title}: RSA key transport, ALPN", suite,
                    [*ONLY, *names, "--alpn", "http/1.1"], peer.alpn,
                    {"alpn": "http/1.1", **plain})
    if isinstance(peer, GnuTLS):
        with_server(lab, OldGnuTLS(), f"{title}: RSA key transport, old "
                    "master secret", suite, [*ONLY, *names], want=plain)


def try_server(lab, peer):
    version = peer.version()
    title = f"TLS 1.2 client to {peer.name} {version}"
    for suite in SUITES:
        with_server(lab, peer, f"{title}: {suite}", suite,
                    BOTH if "128" in suite else ONLY)
    covered = [f"{len(SUITES)} suites", "offered alone and with TLS 1.3"]
    for kind in peer.keys[:2]:
        with_server(lab, peer, f"{title}: client certificate {kind}", FIRST,
                    [*ONLY, "--cert", *lab.cert("client", kind)],
                    peer.ask_client(lab))
    covered.append("client certificate")
    if peer.alpn:
        with_server(lab, peer, f"{title}: ALPN", FIRST,
                    [*BOTH, "--alpn", "http/1.1"], peer.alpn,
                    {"alpn": "http/1.1"})
        covered.append("ALPN")
    try_server_transport(lab, peer, title)
    covered.append("RSA key transport")
    lab.row(peer.name, version, "server", ", ".join(covered))


def held_back(lab, peer):
    """OpenSSL that has both: we have one, or the other."""
    title = "client to openssl s_server that has both versions"
    both = ("-no_ssl3",)
    with_server(lab, peer, f"{title}: TLS 1.2", FIRST, ONLY, versions=both)
    with_server(lab, peer, f"{title}: the better of two", FIRST, BOTH,
                want={"version": "TLS 1.3",
                      "suite": "TLS_AES_128_GCM_SHA256"}, versions=both)
    for name, versions, options, words in (
            ("TLS 1.3 and a server of TLS 1.2", ("-tls1_2",), NEW,
             "protocol_version"),
            ("TLS 1.2 and a server of TLS 1.3", ("-tls1_3",), ONLY,
             "protocol_version")):
        with peer.start(lab, FIRST, "x25519", "ecdsa",
                        versions=versions) as server:
            got = lab.our_client(server.port, *options)
        said = got.get("error", "no error")
        lab.check(f"client: {name}", None if words in said else said)


# ---- their clients -----------------------------------------------------------


class SClient(clients.SClient):
    def command(self, lab, server, suite, group, show, alpn):
        command = super().command(lab, server, suite, group, show, alpn)
        at = command.index("-tls1_3")
        command[at:at + 3] = ["-tls1_2", "-cipher", ROWS[suite][0]]
        return command


class GnuTLSCli(clients.GnuTLSCli):
    more = ""

    def command(self, lab, server, suite, group, show, alpn):
        more = []
        if show:
            cert, key = lab.cert("client", show)
            more += ["--x509certfile", cert, "--x509keyfile", key]
        if alpn:
            more += ["--alpn", alpn]
        return ["gnutls-cli", "-p", str(server.port), "--x509cafile", lab.ca,
                "--priority", gnutls(suite) + self.more, "--logfile",
                lab.path("gnutls.log"), *more, *self.here]


class OldGnuTLSCli(GnuTLSCli):
    """Without extended_master_secret."""

    more = ":%NO_SESSION_HASH"


class TstClnt(clients.TstClnt):
    def command(self, lab, server, suite, group, show, alpn):
        more = ["-n", "client-" + show if show else "none"]
        return ["tstclnt", "-h", "127.0.0.1", "-a", "localhost", "-p",
                str(server.port), "-d", servers.nss_database(lab), "-V",
                "tls1.2:tls1.2", "-c", ":" + ROWS[suite][2], "-I",
                named(servers.NSS, suite, ","), *more]


class Poster(clients.Client):
    """One request: 1 MB up, 1 MB down."""

    serve = ["--serve", str(SIZE)]

    def certificate(self, lab, show, cert="--cert", key="--key"):
        if not show:
            return []
        paths = lab.cert("client", show)
        return [cert, paths[0], key, paths[1]]

    def talk(self, lab, server, suite, group, show, alpn):
        done = clients.run(self.command(lab, server, suite, show, alpn), lab)
        return (done.stderr.decode() or str(done.returncode)
                ) if done.returncode else None


class Curl(Poster):
    name, version = "curl", clients.Curl.version

    def command(self, lab, server, suite, show, alpn):
        return ["curl", "-sS", "--cacert", lab.ca, "--tls-max", "1.2",
                "--ciphers", ROWS[suite][0], "-H", "Expect:",
                *(["--http1.1"] if alpn else []), "--resolve",
                f"localhost:{server.port}:127.0.0.1",
                *self.certificate(lab, show), "--data-binary", "@" + lab.big,
                "-o", "answer", f"https://localhost:{server.port}/"]


class Wget(Poster):
    name, version = "wget", clients.Wget.version
    silent_alpn = True

    def command(self, lab, server, suite, show, alpn):
        return ["wget", "-q", "-O", "answer", "--post-file", lab.big,
                "--ca-certificate", lab.ca, "--tries=1",
                "--secure-protocol=TLSv1_2", "--ciphers=" + gnutls(suite),
                *self.certificate(lab, show, "--certificate",
                                  "--private-key"),
                f"https://127.0.0.1:{server.port}/"]


class Python(Poster):
    name, version = "Python ssl", clients.Python.version

    def talk(self, lab, server, suite, group, show, alpn):
        context = ssl.create_default_context(cafile=lab.ca)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ROWS[suite][0])
        if show:
            context.load_cert_chain(*lab.cert("client", show))
        if alpn:
            context.set_alpn_protocols([alpn])
        with open(lab.big, "rb") as f:
            body = f.read()
        answer = b""
        try:
            with socket.create_connection(("127.0.0.1", server.port)) as raw:
                raw.settimeout(40)
                with context.wrap_socket(raw,
                                         server_hostname="localhost") as tls:
                    tls.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d"
                                b"\r\n\r\n" % len(body) + body)
                    while part := tls.recv(1 << 16):
                        answer += part
        except OSError as error:
            return str(error)
        with open(lab.path("answer"), "wb") as f:
            f.write(answer.split(b"\r\n\r\n", 1)[1])
        return None


class Node(Poster):
    name, version = "Node", clients.Node.version

    def command(self, lab, server, suite, show, alpn):
        script = lab.path("client12.js")
        with open(script, "w") as f:
            f.write(clients.NODE.replace("minVersion: 'TLSv1.3'",
                                         "maxVersion: 'TLSv1.2'"))
        return ["node", script, str(server.port), lab.ca, lab.big,
                ROWS[suite][0],
                named(servers.OpenSSL, suite, ":"), alpn or "",
                *(lab.cert("client", show) if show else [])]


def with_client(lab, peer, name, suite, *options, show=None, alpn=None,
                want=None):
    group, kind = group_of(suite), ROWS[suite][3]
    meant = {"suite": suite, "group": group, "version": "TLS 1.2",
             **(want or {})}
    try:
        with lab.our_server(kind, *peer.serve, "--groups", group,
                            *(options or ONLY)) as server:
            wrong = peer.talk(lab, server, suite,
                              ",".join(groups_of(suite)), show, alpn)
            got = server.result()
        wrong = wrong or differs(got) or peer.hashes(lab, got)
    except (RuntimeError, subprocess.TimeoutExpired, OSError,
            ValueError) as error:
        got, wrong = {}, error
    lab.check(name, wrong or differs(got, **meant))


def try_client_transport(lab, peer, title):
    """RSA key transport, where the client knows nothing else."""
    plain = {"group": ""}
    for suite in TRANSPORT:
        with_client(lab, peer, f"{title}: {suite}", suite, *ONLY, "--suites",
                    ",".join([*SUITES, *TRANSPORT]), want=plain)
    suite = list(TRANSPORT)[1]
    with_client(lab, peer, f"{title}: RSA key transport, client certificate",
                suite, *ONLY, "--suites", suite, "--client-auth", "required",
                "--ca", lab.ca, show="ecdsa", want={"verified": True, **plain})
    if not peer.silent_alpn:
        with_client(lab, peer, f"{title}: RSA key transport, ALPN", suite,
                    *ONLY, "--suites", suite, "--alpn", "h3,http/1.1",
                    alpn="http/1.1", want={"alpn": "http/1.1", **plain})
    if isinstance(peer, GnuTLSCli):
        with_client(lab, OldGnuTLSCli(), f"{title}: RSA key transport, old "
                    "master secret", suite, *ONLY, "--suites", suite,
                    want=plain)


def try_client(lab, peer):
    version = peer.version()
    title = f"TLS 1.2 server to {peer.name} {version}"
    suites = HALF if isinstance(peer, (Wget, Python, Node)) else SUITES
    for suite in suites:
        with_client(lab, peer, f"{title}: {suite}", suite,
                    *(BOTH if "128" in suite else ONLY))
    covered = [f"{len(suites)} suites", "by a server of 1.2 and of both"]
    for kind in ("ecdsa", "rsa") if suites is SUITES else ("rsa",):
        with_client(lab, peer, f"{title}: client certificate {kind}", FIRST,
                    *ONLY, "--client-auth", "required", "--ca", lab.ca,
                    show=kind, want={"verified": True})
    covered.append("client certificate")
    if not peer.silent_alpn:
        with_client(lab, peer, f"{title}: ALPN", FIRST, *ONLY, "--alpn",
                    "h3,http/1.1", alpn="http/1.1",
                    want={"alpn": "http/1.1"})
        covered.append("ALPN")
    try_client_transport(lab, peer, title)
    covered.append("RSA key transport")
    lab.row(peer.name, version, "client", ", ".join(covered))


def main():
    clients.SIZE = SIZE  # what their pipes wait for
    clients.Pipe.serve = ["--send", str(SIZE), "--expect", str(SIZE)]
    lab = Lab(sys.argv[1], SIZE)
    only = os.environ.get("INTEROP_ONLY", "")
    peers = [("openssl", OpenSSL), ("gnutls-bin", GnuTLS),
             ("nginx-light", Nginx), ("libnss3-tools", NSS),
             ("openssl", SClient), ("gnutls-bin", GnuTLSCli),
             ("libnss3-tools", TstClnt), ("curl", Curl), ("wget", Wget),
             ("python3", Python), ("nodejs", Node)]
    programs = {"gnutls-bin": "gnutls-serv", "nginx-light": "/usr/sbin/nginx",
                "libnss3-tools": "selfserv", "nodejs": "node"}
    try:
        for package, kind in peers:
            if only and only not in kind.__name__.lower():
                continue
            if not have(programs.get(package, package)):
                lab.skip("TLS 1.2 with " + package, "apt install " + package)
                continue
            if issubclass(kind, clients.Client):
                try_client(lab, kind())
            else:
                try_server(lab, kind())
        if not only or only in "openssl":
            held_back(lab, OpenSSL())
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

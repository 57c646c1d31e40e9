#!/usr/bin/python3
"""sessions.py HANDFAST PEER [SHARED]: sessions resumed with everybody else, in
both roles, by `handfast connect --reconnects` and `handfast serve`.

TLS 1.3, TLS 1.2 by ticket and by id; with ALPN, with client certificates, after
a HelloRetryRequest; and with peers that do not know extended_master_secret,
which never resume.  Prints TAP and one table.
"""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

import servers
from lab import Lab, Server, have, newer_openssl, version_of

# What is tried: how we say it, and whether it is to resume.
CASES = {
    "TLS 1.3": ("1.3", True),
    "TLS 1.3, ALPN": ("1.3", True),
    "TLS 1.3, client certificate": ("1.3", True),
    "TLS 1.3, after a retry": ("1.3", True),
    "TLS 1.2 by ticket": ("1.2", True),
    "TLS 1.2 by id": ("1.2", True),
    "TLS 1.2 by ticket, ALPN": ("1.2", True),
    "TLS 1.2 by ticket, client certificate": ("1.2", True),
    "TLS 1.2, no extended master secret": ("1.2", False),
    "TLS 1.3, at another name": ("1.3", False),
    "TLS 1.2 by ticket, at another name": ("1.2", False),
}
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def is_12(case):
    return CASES[case][0] == "1.2"


# ---- their servers ------------------------------------------------------------


class OpenSSL:
    name, package, program = "OpenSSL", "openssl", "openssl"

    def __init__(self, program=None):
        self.program = program or self.program

    def version(self):
        return version_of(self.program, "version").split()[1]

    def can(self, case):
        return "no extended" not in case  # there is no switch for it

    def server(self, lab, case):
        cert, key = lab.cert("server", "ecdsa")
        return Server(lab, [
            self.program, "s_server", "-accept", "127.0.0.1:PORT", "-cert",
            cert, "-key", key, "-www",
            *(["-tls1_2"] if is_12(case) else []),
            *(["-alpn", "http/1.1"] if "ALPN" in case else []),
            *(["-Verify", "2", "-CAfile", lab.ca, "-verify_return_error"]
              if "client" in case else []),
            *(["-groups", "P-256"] if "retry" in case else []),
            *(["-no_ticket"] if "id" in case.split() else [])])


class GnuTLS:
    name, package, program = "GnuTLS", "gnutls-bin", "gnutls-serv"

    def version(self):
        return servers.GnuTLS().version()

    def can(self, case):
        return True

    @staticmethod
    def priority(case):
        return ("NORMAL:-VERS-ALL:+VERS-TLS" + CASES[case][0]
                + (":%NO_SESSION_HASH" if "no extended" in case else "")
                + (":-GROUP-ALL:+GROUP-SECP256R1" if "retry" in case else ""))

    def server(self, lab, case):
        cert, key = lab.cert("server", "ecdsa")
        return Server(lab, [
            "gnutls-serv", "--http", "-p", "PORT", "--x509certfile", cert,
            "--x509keyfile", key, "--priority", self.priority(case),
            *(["--alpn", "http/1.1"] if "ALPN" in case else []),
            *(["--require-client-cert", "--verify-client-cert",
               "--x509cafile", lab.ca] if "client" in case
              else ["--disable-client-cert"]),
            *(["--noticket"] if "id" in case.split() else [])])


class NSS:
    name, package, program = "NSS", "libnss3-tools", "selfserv"

    def version(self):
        return servers.NSS().version()

    def can(self, case):
        return "no extended" not in case

    def server(self, lab, case):
        version = "tls" + CASES[case][0]
        return Server(lab, [
            "selfserv", "-d", servers.nss_database(lab), "-n", "server-ecdsa",
            "-p", "PORT", "-V", f"{version}:{version}", "-G",
            *(["-I", "P256"] if "retry" in case else []),
            *(["-Q"] if "ALPN" in case else []),
            *(["-r", "-r"] if "client" in case else []),
            *([] if "id" in case.split() else ["-u"])])


class Nginx:
    name, package = "nginx", "nginx-light"
    program = "/usr/sbin/nginx"

    def version(self):
        return servers.Nginx().version()

    def can(self, case):
        return "no extended" not in case

    def server(self, lab, case):
        cert, key = lab.cert("server", "ecdsa")
        conf = lab.path("sessions.conf")
        client = (f"ssl_verify_client on; ssl_client_certificate {lab.ca};"
                  if "client" in case else "")
        groups = "ssl_ecdh_curve P-256;" if "retry" in case else ""
        tickets = "off" if "id" in case.split() else "on"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with open(conf, "w") as f:
            f.write(f"""daemon off; pid {lab.path('nginx.pid')};
error_log stderr; worker_processes 1;
events {{}}
http {{ access_log off; client_body_temp_path {lab.dir};
proxy_temp_path {lab.dir}; fastcgi_temp_path {lab.dir};
uwsgi_temp_path {lab.dir}; scgi_temp_path {lab.dir};
server {{ listen 127.0.0.1:{port} ssl; server_name localhost;
ssl_certificate {cert}; ssl_certificate_key {key};
ssl_protocols TLSv{CASES[case][0]}; ssl_session_tickets {tickets};
ssl_session_cache shared:SSL:1m; {client} {groups}
location / {{ return 200 "here\\n"; }} }} }}
""")
        return Server(lab, [self.program, "-c", conf, "-p", lab.dir],
                      port=port)


def connect(lab, handfast, port, case, *more):
    """What `handfast connect` says in JSON."""
    cert, key = lab.cert("client", "ecdsa")
    done = subprocess.run(
        [handfast, "connect", "--json", "--cacert", lab.ca,
         "-tls1_2" if is_12(case) else "-tls1_3",
         *(["--alpn", "h2,http/1.1"] if "ALPN" in case else []),
         *(["--cert", cert, "--key", key] if "client" in case else []),
         *(["--groups", "x25519:P-256"] if "retry" in case else []),
         *more, f"localhost:{port}"], capture_output=True, timeout=60,
        stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-400:])
    return json.loads(done.stdout)


def our_client(lab, handfast, peer, port, case):
    """Three connections; which of them resumed, and the last one's rest."""
    if isinstance(peer, NSS) and "id" in case.split():
        # It says Finished first and fills its cache a moment later.
        file, resumed = lab.path("nss.sessions"), []
        for _ in range(3):
            said = connect(lab, handfast, port, case, "--ssl-sessions", file)
            resumed.append(said["tls"]["resumed"])
            time.sleep(0.5)
        return resumed, said["tls"]
    said = connect(lab, handfast, port, case, "--reconnects", "2")
    return [b["resumed"] for b in said["before"]] + [said["tls"]["resumed"]], \
        said["tls"]


def with_server(lab, handfast, peer, case):
    want = [False] + 2 * [CASES[case][1]]
    try:
        with peer.server(lab, case) as server:
            found, tls = our_client(lab, handfast, peer, server.port,
                                    case)
    except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
        return str(error)
    if found != want:
        return f"resumed {found}, not {want}"
    if ("retry" in case) != tls["retried"]:
        return f"retried {tls['retried']}"
    if "ALPN" in case and tls["alpn"] != "http/1.1":
        return f"protocol {tls['alpn']}"
    return None if tls["verify"] == "ok" else tls["verify"]


# ---- our server -----------------------------------------------------------------


class OurServer:
    """`handfast serve --json`; .resumed() stops it: which connections did."""

    def __init__(self, lab, handfast, case):
        cert, key = lab.cert("server", "ecdsa")
        self.child = subprocess.Popen(
            [handfast, "serve", "--json", "--port", "0", "--cert", cert,
             "--key", key, "--tls1_2" if is_12(case) else "--tlsv1.3",
             *(["--no-tickets", "--session-ids"] if "id" in case.split()
               else []),
             *(["--groups", "P-384"] if "retry" in case else []),
             *(["--verify-client", "required", "--cafile", lab.ca]
               if "client" in case else []),
             *(["--alpn", "h3,http/1.1"] if "ALPN" in case else [])],
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


def run(lab, *words, stdin=REQUEST):
    done = subprocess.run([str(w) for w in words], input=stdin, timeout=40,
                          capture_output=True, cwd=lab.dir)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).decode()[-400:])
    return done


class SClient(OpenSSL):
    def go(self, lab, port, case):
        kept = lab.path("s_client.session")
        more = [*(["-alpn", "http/1.1"] if "ALPN" in case else []),
                *(["-groups", "X25519:P-384"] if "retry" in case else [])]
        if "id" in case.split():
            more.append("-no_ticket")
        if "client" in case:
            cert, key = lab.cert("client", "ecdsa")
            more += ["-cert", cert, "-key", key]
        for number, keep in enumerate(("-sess_out", "-sess_in")):
            name = ("other." if number and "another" in case else
                    "") + "localhost"
            run(lab, self.program, "s_client", "-connect",
                f"127.0.0.1:{port}", "-servername", name, "-CAfile",
                lab.ca, "-verify_return_error", "-ign_eof", keep, kept,
                *more, *(["-sess_out", kept + "2"] if number else []))


class GnuTLSCli(GnuTLS):
    def can(self, case):
        return "id" not in case.split()  # it takes a ticket, or none is sent

    def go(self, lab, port, case):
        cert, key = lab.cert("client", "ecdsa")
        priority = self.priority(case).replace(
            "+GROUP-SECP256R1", "+GROUP-SECP256R1:+GROUP-SECP384R1")
        run(lab, "gnutls-cli", "-r", "-p", port, "--x509cafile", lab.ca,
            "--priority", priority, "--sni-hostname=localhost",
            "--verify-hostname=localhost",
            *(["--waitresumption"] if not is_12(case) else []),
            *(["--alpn", "http/1.1"] if "ALPN" in case else []),
            *(["--x509certfile", cert, "--x509keyfile", key]
              if "client" in case else []), "127.0.0.1")


class TstClnt(NSS):
    def can(self, case):
        return "no extended" not in case and "ALPN" not in case

    def go(self, lab, port, case):
        version = "tls" + CASES[case][0]
        request = lab.path("request")
        with open(request, "wb") as f:
            f.write(REQUEST)
        run(lab, "tstclnt", "-h", "127.0.0.1", "-a", "localhost", "-p", port,
            "-d", servers.nss_database(lab), "-V", f"{version}:{version}",
            "-G", "-A", request, "-L", "2", "-n",
            "client-ecdsa" if "client" in case else "none",
            *(["-I", "x25519,P384"] if "retry" in case else []),
            *([] if "id" in case.split() else ["-u"]), stdin=b"")


class Curl:
    name, package, program = "curl", "curl", "curl"

    def version(self):
        return version_of("curl", "--version").split()[1]

    def can(self, case):
        # It switches the tickets of TLS 1.2 off.
        return "no extended" not in case and "by ticket" not in case

    def go(self, lab, port, case):
        cert, key = lab.cert("client", "ecdsa")
        one = ["-sS", "--http1.1" if "ALPN" in case else "--no-alpn",
               "--cacert", lab.ca, "-H", "Connection: close", "-o", "answer",
               *(["--cert", cert, "--key", key] if "client" in case else []),
               *(["--curves", "X25519:P-384"] if "retry" in case else []),
               f"https://localhost:{port}/"]
        run(lab, "curl", *one, "--next", *one)


class Python:
    name, package, program = "Python ssl", "python3", "python3"

    def version(self):
        return sys.version.split()[0]

    def can(self, case):
        return "no extended" not in case and "retry" not in case

    def go(self, lab, port, case):
        context = ssl.create_default_context(cafile=lab.ca)
        if "client" in case:
            context.load_cert_chain(*lab.cert("client", "ecdsa"))
        if "ALPN" in case:
            context.set_alpn_protocols(["http/1.1"])
        if "id" in case.split():
            context.options |= ssl.OP_NO_TICKET
        session = None
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port)) as raw:
                raw.settimeout(20)
                tls = context.wrap_socket(raw, server_hostname="localhost",
                                          session=session)
                tls.sendall(REQUEST)
                while tls.recv(65536):
                    pass
                session = tls.session


NODE = """
const [, , port, ca, groups, alpn, cert, key] = process.argv;
const fs = require('fs'), tls = require('tls');
let session;
function once(next) {
    const s = tls.connect({ port, host: '127.0.0.1', servername: 'localhost',
        ca: fs.readFileSync(ca), ecdhCurve: groups, session,
        ALPNProtocols: alpn ? [alpn] : undefined,
        cert: cert && fs.readFileSync(cert), key: key && fs.readFileSync(key) },
        () => s.write('GET / HTTP/1.0\\r\\n\\r\\n'));
    s.on('session', (kept) => { session = kept; });
    s.on('data', () => {});
    s.on('error', (e) => { console.error(e); process.exit(1); });
    s.on('close', next);
}
once(() => once(() => process.exit(0)));
"""


class Node:
    name, package, program = "Node", "nodejs", "node"

    def version(self):
        return version_of("node", "--version").strip()

    def can(self, case):
        return "no extended" not in case and "id" not in case.split()

    def go(self, lab, port, case):
        script = lab.path("sessions.js")
        with open(script, "w") as f:
            f.write(NODE)
        run(lab, "node", script, port, lab.ca,
            "X25519:P-384" if "retry" in case else "auto",
            "http/1.1" if "ALPN" in case else "",
            *(lab.cert("client", "ecdsa") if "client" in case else []))


def with_client(lab, handfast, peer, case):
    want = [False, CASES[case][1]]
    try:
        with OurServer(lab, handfast, case) as server:
            peer.go(lab, server.port, case)
            said = server.said()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    found = [s["resumed"] for s in said if "resumed" in s]
    if found != want:
        return f"resumed {found}, not {want}: {said}"
    retried = [s["retried"] for s in said if "retried" in s]
    if "retry" in case and retried[-1] is not True:
        return f"retried {retried}"
    return None


# ---- Chromium ------------------------------------------------------------------------


def try_chromium(lab, handfast):
    """A page with pictures: later connections resume the first one's session."""
    home, folder = lab.path("home"), lab.path("page")
    db = os.path.join(home, ".pki", "nssdb")
    os.makedirs(db)
    os.mkdir(folder)
    lab.run("certutil", "-N", "-d", "sql:" + db, "--empty-password")
    lab.run("certutil", "-A", "-d", "sql:" + db, "-n", "authority", "-t",
            "C,,", "-i", lab.ca)
    with open(os.path.join(folder, "index.html"), "w") as f:
        f.write("<body>" + "".join(f"<img src=/{i}.png>" for i in range(24)))
    for i in range(24):
        with open(os.path.join(folder, f"{i}.png"), "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + os.urandom(200_000))
    cert, key = lab.cert("server", "ecdsa")
    child = subprocess.Popen(
        [handfast, "serve", "--json", "--port", "0", "--cert", cert, "--key",
         key, "--dir", folder], stdout=subprocess.PIPE, text=True)
    try:
        port = json.loads(child.stdout.readline())["port"]
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--user-data-dir=" + lab.path("profile"),
             "--virtual-time-budget=5000", "--dump-dom",
             f"https://localhost:{port}/index.html"],
            env={**os.environ, "HOME": home}, capture_output=True, timeout=90)
    except subprocess.TimeoutExpired:
        pass
    finally:
        child.terminate()
        out, _ = child.communicate(timeout=20)
    said = [json.loads(line) for line in out.splitlines()]
    first = {}
    for s in said:
        if "resumed" in s:
            first.setdefault(s["peer"], s["resumed"])
    lab.check("server to Chromium: TLS 1.3, pictures of a page",
              None if any(first.values()) and not all(first.values())
              else f"connections: {list(first.values())}")
    version = version_of("chromium", "--version")
    lab.row("Chromium", re.search(r"Chromium ([\d.]+)", version)[1], "client",
            f"TLS 1.3 ({sum(first.values())} of {len(first)} connections)")


# ---- all of them -------------------------------------------------------------------------


def try_peer(lab, handfast, peer, role):
    test = with_client if role == "client" else with_server
    version, covered = peer.version(), []
    for case, (_, resumes) in CASES.items():
        # only s_client offers its session wherever it is told to
        if not peer.can(case) or ("another" in case
                                  and not isinstance(peer, SClient)):
            continue
        name = (f"{'server to' if role == 'client' else 'client to'} "
                f"{peer.name} {version}: {case}")
        if lab.check(name, test(lab, handfast, peer, case)):
            covered.append(case if resumes else case + " (never)")
    lab.row(peer.name, version, role, "; ".join(covered))


def main():
    handfast = os.path.abspath(sys.argv[1])
    lab = Lab(sys.argv[2], 1000)
    shared = sys.argv[3] if len(sys.argv) > 3 else "../shared"
    only = os.environ.get("INTEROP_ONLY", "")
    newer = newer_openssl(lab, shared, "sessions")
    peers = [(kind(), "server") for kind in (OpenSSL, GnuTLS, NSS, Nginx)]
    peers += [(kind(), "client") for kind in
              (SClient, GnuTLSCli, TstClnt, Curl, Python, Node)]
    if newer:
        peers.insert(1, (OpenSSL(newer), "server"))
        peers.insert(6, (SClient(newer), "client"))
    else:
        lab.skip("OpenSSL 3.5", "needs ../shared")
    try:
        for peer, role in peers:
            if only and only not in type(peer).__name__.lower():
                continue
            if not have(peer.program):
                lab.skip("sessions with " + peer.name,
                         "apt install " + peer.package)
                continue
            try_peer(lab, handfast, peer, role)
        if only and only not in "chromium":
            pass
        elif have("chromium"):
            try_chromium(lab, handfast)
        else:
            lab.skip("sessions with Chromium", "apt install chromium")
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

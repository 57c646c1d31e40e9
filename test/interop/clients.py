"""Our server against clients that nobody here wrote."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

from lab import KEYS, SIZE, SUITES, differs, version_of
from servers import GnuTLS, NSS, OpenSSL, nss_database, nss_version


def run(command, lab, stdin=None, timeout=60, env=None):
    return subprocess.run([str(c) for c in command], stdin=stdin,
                          capture_output=True, cwd=lab.dir, timeout=timeout,
                          env=env)


class Client:
    """One that moves @both_ways with a server of ours; `go` returns what our
    server says of it and what is wrong."""

    keys = KEYS
    groups = ["x25519", "secp256r1", "secp384r1"]
    suites = list(SUITES)
    both_ways = "10 MB up, 10 MB down"
    can_limit = True  # its suites and groups can be chosen
    can_retry = True
    can_show = True   # a certificate of its own
    silent_alpn = False  # it cannot offer application protocols
    serve = ["--serve", str(SIZE)]

    def go(self, lab, kind, suite, group, *options, show=None, alpn=None):
        ours = ["--suites", suite, "--groups", group, "--update", *options]
        with lab.our_server(kind, *self.serve, *ours) as server:
            wrong = self.talk(lab, server, suite, group, show, alpn)
            got = server.result()
        return got, wrong or differs(got) or self.hashes(lab, got)

    def hashes(self, lab, got):
        return differs(got, received=lab.big_hash,
                       sent=lab.digest_file(lab.path("answer")))


class Pipe(Client):
    """Standard input goes up, what comes down is standard output."""

    both_ways = "10 MB both ways"
    patience = 10  # seconds, until it leaves
    serve = ["--send", str(SIZE), "--expect", str(SIZE)]

    def talk(self, lab, server, suite, group, show, alpn):
        # Its input stays open, so that it does not leave before it has all.
        with (open(lab.path("answer"), "wb") as out,
              open(lab.path("client.log"), "wb") as log):
            process = subprocess.Popen(
                self.command(lab, server, suite, group, show, alpn),
                stdin=subprocess.PIPE, stdout=out, stderr=log, cwd=lab.dir)
            with open(lab.big, "rb") as f:
                try:
                    process.stdin.write(f.read())
                    process.stdin.flush()
                except BrokenPipeError:
                    pass
            if not self.arrived(lab, server):
                process.kill()
                return "nothing moves: " + server.result().get("error", "")
            process.stdin.close()
            try:
                process.wait(self.patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return None

    @staticmethod
    def arrived(lab, server):
        """Some of them leave only when their input ends, so it ends when all
        has come down, and not before."""
        for _ in range(2000):
            if (os.path.getsize(lab.path("answer")) >= SIZE
                    or server.process.poll() is not None):
                return True
            time.sleep(0.02)
        return False


class SClient(Pipe):
    def __init__(self, program="openssl", groups=None):
        self.program = program
        self.name = "openssl s_client"
        self.groups = groups or self.groups

    def version(self):
        return version_of(self.program, "version").split()[1]

    def command(self, lab, server, suite, group, show, alpn):
        more = []
        if show:
            cert, key = lab.cert("client", show)
            more += ["-cert", cert, "-key", key]
        if alpn:
            more += ["-alpn", alpn]
        return [self.program, "s_client", "-connect",
                f"127.0.0.1:{server.port}", "-servername", "localhost",
                "-CAfile", lab.ca, "-verify_return_error", "-verify_hostname",
                "localhost", "-quiet", "-tls1_3", "-ciphersuites", suite,
                "-groups", ":".join(OpenSSL.names[g]
                                    for g in group.split(",")), *more]


class GnuTLSCli(Pipe):
    name = "gnutls-cli"
    # by its address, so that a machine without /etc/hosts will do
    here = ["--sni-hostname=localhost", "--verify-hostname=localhost",
            "127.0.0.1"]

    def version(self):
        return version_of(self.name, "--version").split()[1]

    def command(self, lab, server, suite, group, show, alpn):
        more = []
        if show:
            cert, key = lab.cert("client", show)
            more += ["--x509certfile", cert, "--x509keyfile", key]
        if alpn:
            more += ["--alpn", alpn]
        first, *rest = group.split(",")
        priority = GnuTLS().priority(suite, first) + "".join(
            ":+GROUP-" + GnuTLS.names[g] for g in rest)
        return ["gnutls-cli", "-p", str(server.port), "--x509cafile", lab.ca,
                "--priority", priority, "--logfile", lab.path("gnutls.log"),
                "--single-key-share", *more, *self.here]


class TstClnt(Pipe):
    name = "NSS tstclnt"
    silent_alpn = True
    patience = 1  # it waits for the end of its input, and does not see it
    keys = ["ecdsa", "rsa"]

    def version(self):
        return nss_version()

    def command(self, lab, server, suite, group, show, alpn):
        more = ["-n", "client-" + show if show else "none"]
        return ["tstclnt", "-h", "127.0.0.1", "-a", "localhost", "-p",
                str(server.port), "-d", nss_database(lab), "-V",
                "tls1.3:tls1.3", "-c", ":" + SUITES[suite], "-I",
                ",".join(NSS.names[g] for g in group.split(",")), *more]


class Curl(Client):
    name = "curl"

    def version(self):
        return version_of("curl", "--version").split()[1]

    def talk(self, lab, server, suite, group, show, alpn):
        more = []
        if show:
            cert, key = lab.cert("client", show)
            more += ["--cert", cert, "--key", key]
        if alpn == "http/1.1":
            more += ["--http1.1"]
        done = run(["curl", "-sS", "--cacert", lab.ca, "--tls13-ciphers",
                    suite, "--curves",
                    ":".join(OpenSSL.names[g] for g in group.split(",")),
                    "-H", "Expect:", "--data-binary", "@" + lab.big, "-o",
                    "answer", *more, f"https://localhost:{server.port}/"],
                   lab)
        return done.stderr.decode() if done.returncode else None


class Wget(Client):
    name = "wget"
    silent_alpn = True
    can_limit = can_retry = can_show = False

    def version(self):
        return version_of("wget", "--version").split()[2]

    @staticmethod
    def here():
        """It takes no address beside the name: a machine that does not know
        localhost (no /etc/hosts) is called by its address."""
        try:
            socket.getaddrinfo("localhost", None)
            return "localhost"
        except OSError:
            return "127.0.0.1"

    def talk(self, lab, server, suite, group, show, alpn):
        done = run(["wget", "-q", "-O", "answer", "--post-file", lab.big,
                    "--ca-certificate", lab.ca, "--tries=1",
                    f"https://{self.here()}:{server.port}/"], lab)
        return (done.stderr.decode() or str(done.returncode)
                ) if done.returncode else None


class Python(Client):
    """The ssl module; it cannot choose TLS 1.3's suites."""

    name = "Python ssl"
    both_ways = "10 MB up, 10 MB down"
    can_limit = False
    can_retry = False

    def version(self):
        return (f"{sys.version.split()[0]} "
                f"({ssl.OPENSSL_VERSION.split()[1]})")

    def talk(self, lab, server, suite, group, show, alpn):
        context = ssl.create_default_context(cafile=lab.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
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
                    while True:
                        part = tls.recv(1 << 16)
                        if not part:
                            break
                        answer += part
        except OSError as error:
            return str(error)
        with open(lab.path("answer"), "wb") as f:
            f.write(answer.split(b"\r\n\r\n", 1)[1])
        return None


NODE = """
const fs = require('fs'), https = require('https');
const [port, ca, big, suite, groups, alpn, cert, key] = process.argv.slice(2);
const body = fs.readFileSync(big);
const options = { host: '127.0.0.1', servername: 'localhost', port,
  method: 'POST', ca: fs.readFileSync(ca), minVersion: 'TLSv1.3', ciphers: suite,
  ecdhCurve: groups, agent: false,
  headers: { 'Content-Length': body.length } };
if (alpn) options.ALPNProtocols = [alpn];
if (cert) Object.assign(options, { cert: fs.readFileSync(cert),
  key: fs.readFileSync(key) });
const request = https.request(options, answer => {
  const parts = [];
  answer.on('data', part => parts.push(part));
  answer.on('end', () => fs.writeFileSync('answer', Buffer.concat(parts)));
});
request.on('error', error => { console.error(error.message); process.exit(1); });
request.end(body);
"""


class Node(Client):
    name = "Node"

    def version(self):
        return (version_of("node", "--version").strip() + " (" +
                version_of("node", "-p", "process.versions.openssl").strip() +
                ")")

    def talk(self, lab, server, suite, group, show, alpn):
        script = lab.path("client.js")
        with open(script, "w") as f:
            f.write(NODE)
        more = lab.cert("client", show) if show else []
        done = run(["node", script, server.port, lab.ca, lab.big, suite,
                    ":".join(OpenSSL.names[g] for g in group.split(",")),
                    alpn or "", *more], lab)
        return done.stderr.decode() if done.returncode else None


class Chromium:
    """Headless; it must choose the post-quantum group by itself."""

    name = "Chromium"

    def version(self):
        said = version_of("chromium", "--version")
        return re.search(r"Chromium ([\d.]+)", said)[1]

    def go(self, lab, kind):
        home = lab.path("home")
        db = os.path.join(home, ".pki", "nssdb")
        if not os.path.isdir(db):
            os.makedirs(db)
            lab.run("certutil", "-N", "-d", "sql:" + db, "--empty-password")
            lab.run("certutil", "-A", "-d", "sql:" + db, "-n", "authority",
                    "-t", "C,,", "-i", lab.ca)
        with lab.our_server(kind, "--serve", "2000", "--text", "--alpn",
                            "http/1.1") as server:
            command = ["chromium", "--headless", "--no-sandbox",
                       "--disable-gpu", "--disable-quic", "--no-first-run",
                       "--disable-background-networking",
                       "--disable-component-update", "--disable-sync",
                       "--user-data-dir=" + lab.path("profile"),
                       "--dump-dom", f"https://localhost:{server.port}/"]
            done = run(command, lab, env={**os.environ, "HOME": home})
            got = server.result()
        shutil.rmtree(lab.path("profile"), ignore_errors=True)
        if "error" in got:
            return got, got["error"] + done.stderr.decode()[-500:]
        if not re.search(r"<body", done.stdout.decode(errors="replace")):
            return got, "no page: " + done.stderr.decode()[-500:]
        return got, None

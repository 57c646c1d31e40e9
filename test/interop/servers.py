"""Our client against servers that nobody here wrote."""

import http.server
import os
import re
import subprocess
import threading

from lab import (KEYS, SIZE, SUITES, Server, differs, free_port, have,
                 version_of)

SIGNED = {"ecdsa": "ecdsa_secp256r1_sha256", "rsa": "rsa_pss_rsae_sha256",
          "ed25519": "ed25519"}


def chosen(suite, group, kind):
    return {"suite": suite, "group": group, "peer_scheme": SIGNED[kind],
            "verified": True, "version": "TLS 1.3", "retried": False}


class OpenSSL:
    """s_server: its input comes to us, its output is what it received."""

    groups = ["x25519", "secp256r1", "secp384r1"]
    keys = KEYS
    both_ways = "10 MB both ways"
    names = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384",
             "X25519MLKEM768": "X25519MLKEM768",
             "SecP256r1MLKEM768": "SecP256r1MLKEM768"}

    def __init__(self, program="openssl", groups=None):
        self.program = program
        self.name = "openssl s_server"
        self.groups = groups or self.groups

    def version(self):
        return version_of(self.program, "version").split()[1]

    def start(self, lab, suite, group, kind, *more, quiet=True):
        cert, key = lab.cert("server", kind)
        command = [self.program, "s_server", "-accept", "127.0.0.1:PORT",
                   "-cert", cert, "-key", key, "-tls1_3", "-naccept", "1",
                   "-ciphersuites", suite, "-groups", self.names[group],
                   *(["-quiet"] if quiet else []), *more]
        return Server(lab, command, stdin=subprocess.PIPE)

    def exchange(self, lab, server, *options):
        feed = threading.Thread(target=self.feed, args=(lab, server))
        feed.start()
        got = lab.our_client(server.port, "--send", str(SIZE), "--expect",
                             str(SIZE), "--update", *options)
        feed.join()
        server.process.stdin.close()
        server.process.wait(10)
        return got, differs(got, received=lab.big_hash,
                            sent=lab.digest_file(server.out))

    @staticmethod
    def feed(lab, server):
        try:
            with open(lab.big, "rb") as f:
                server.process.stdin.write(f.read())
                server.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    # what else it can do
    def ask_client(self, lab):
        return ["-Verify", "2", "-CAfile", lab.ca, "-verify_return_error"]

    alpn = ["-alpn", "h2,http/1.1"]


class GnuTLS:
    """gnutls-serv --echo: returns lines of text."""

    name = "gnutls-serv"
    groups = ["x25519", "secp256r1", "secp384r1"]
    keys = KEYS
    both_ways = "10 MB echoed"
    ciphers = {"TLS_AES_128_GCM_SHA256": "AES-128-GCM",
               "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
               "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305"}
    names = {"x25519": "X25519", "secp256r1": "SECP256R1",
             "secp384r1": "SECP384R1"}

    def version(self):
        return version_of(self.name, "--version").split()[1]

    def priority(self, suite, group):
        return ("NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+"
                + self.ciphers[suite] + ":-GROUP-ALL:+GROUP-"
                + self.names[group])

    def start(self, lab, suite, group, kind, *more):
        cert, key = lab.cert("server", kind)
        if "--require-client-cert" not in more:
            more = (*more, "--disable-client-cert")
        return Server(lab, [self.name, "--echo", "-p", "PORT",
                            "--x509certfile", cert, "--x509keyfile", key,
                            "--priority", self.priority(suite, group), *more])

    def exchange(self, lab, server, *options):
        got = lab.our_client(server.port, "--send", str(SIZE), "--expect",
                             str(SIZE), "--text", "--window", "16000",
                             "--update", *options)
        return got, differs(got, received=got.get("sent"))

    def ask_client(self, lab):
        return ["--require-client-cert", "--verify-client-cert",
                "--x509cafile", lab.ca]

    alpn = ["--alpn", "h2", "--alpn", "http/1.1"]


class Hasher(http.server.BaseHTTPRequestHandler):
    """Behind nginx: answers with the hash of what was sent."""

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.lab.digest(data).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Nginx:
    """nginx: a file comes down; what goes up is hashed behind it."""

    name = "nginx"
    groups = ["x25519", "secp256r1", "secp384r1"]
    keys = KEYS
    both_ways = "10 MB down, 10 MB up"
    names = OpenSSL.names

    def __init__(self):
        self.program = have("nginx") or have("/usr/sbin/nginx")

    def limits(self, suite, group):
        return (f"ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites {suite};"
                f"ssl_ecdh_curve {self.names[group]};")

    def version(self):
        return re.search(r"nginx/(\S+)", version_of(self.program, "-v"))[1]

    def start(self, lab, suite, group, kind, *more):
        cert, key = lab.cert("server", kind)
        self.back = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hasher)
        self.back.lab = lab
        threading.Thread(target=self.back.serve_forever, daemon=True).start()
        user = "user root;" if os.geteuid() == 0 else ""
        port = free_port()
        conf = lab.path("nginx.conf")
        with open(conf, "w") as f:
            f.write(f"""
daemon off; {user} worker_processes 1; pid {lab.path("nginx.pid")};
error_log {lab.path("nginx.log")};
events {{ }}
http {{
  access_log off; client_max_body_size 20m;
  client_body_temp_path {lab.path("body")}; proxy_temp_path {lab.path("tmp")};
  fastcgi_temp_path {lab.path("f")}; uwsgi_temp_path {lab.path("u")};
  scgi_temp_path {lab.path("s")};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {cert}; ssl_certificate_key {key};
    {self.limits(suite, group)}
    {" ".join(more)}
    root {lab.dir};
    location /hash {{
      proxy_pass http://127.0.0.1:{self.back.server_port}; }}
  }}
}}
""")
        return Server(lab, [self.program, "-c", conf, "-e",
                            lab.path("nginx.err")], port=port)

    def exchange(self, lab, server, *options):
        got = lab.our_client(server.port, "--http", "/big", "--update",
                             *options)
        wrong = differs(got, received=lab.big_hash)
        if not wrong:
            up = lab.our_client(server.port, "--http", "/hash", "--send",
                                str(SIZE), *options)
            wrong = differs(up, received=lab.digest(
                up.get("sent", "").encode()))
        self.back.shutdown()
        self.back.server_close()
        return got, wrong

    def ask_client(self, lab):
        return [f"ssl_verify_client on; ssl_client_certificate {lab.ca};"]

    alpn = None  # without h2 it offers http/1.1 only


class NSS:
    """selfserv: a file comes down; of what goes up it reads only a little."""

    name = "NSS selfserv"
    groups = ["x25519", "secp256r1", "secp384r1"]
    keys = ["ecdsa", "rsa"]
    both_ways = "10 MB down"
    names = {"x25519": "x25519", "secp256r1": "P256", "secp384r1": "P384"}

    def version(self):
        return nss_version()

    def start(self, lab, suite, group, kind, *more):
        return Server(lab, ["selfserv", "-d", nss_database(lab), "-n",
                            "server-" + kind, "-p", "PORT", "-V",
                            "tls1.3:tls1.3", "-c", ":" + SUITES[suite], "-I",
                            self.names[group], *more])

    def exchange(self, lab, server, *options):
        # Its file names begin without a slash.
        got = lab.our_client(server.port, "--http", "big", "--update",
                             *options)
        return got, differs(got, received=lab.big_hash)

    def ask_client(self, lab):
        return ["-r", "-r"]

    alpn = None  # -Q offers http/1.1 only


def nss_version():
    words = version_of("dpkg-query", "-W", "-f", "${Version}", "libnss3")
    return words.split(":")[-1]


def nss_database(lab):
    """Made once: the authority, trusted, and every certificate with its key."""
    db = lab.path("nss")
    if os.path.isdir(db):
        return db
    os.mkdir(db)
    lab.run("certutil", "-N", "-d", db, "--empty-password")
    lab.run("certutil", "-A", "-d", db, "-n", "authority", "-t", "CT,C,C",
            "-i", lab.ca)
    for use in ("server", "client"):
        for kind in NSS.keys:
            cert, key = lab.cert(use, kind)
            lab.run("openssl", "pkcs12", "-export", "-in", cert, "-inkey", key,
                    "-name", f"{use}-{kind}", "-out", f"{use}.p12",
                    "-passout", "pass:")
            lab.run("pk12util", "-i", f"{use}.p12", "-d", db, "-W", "")
    return db

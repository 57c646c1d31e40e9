#!/usr/bin/python3
"""clientauth.py HANDFAST PEER: what our client learns of its certificate.

OpenSSL, GnuTLS, nginx and our own server, in both versions: one that is
accepted, one of another authority, and none where one is required.  What
`connect --json` says of it is held against what the server is known to do.
Prints TAP and a table."""

import json
import os
import subprocess
import sys

from lab import Lab, Server, free_port, have

VERSIONS = ("1.2", "1.3")
HANDFAST = os.path.abspath(sys.argv[1])
NGINX = have("nginx") or have("/usr/sbin/nginx")


def make_stranger(lab):
    """A client's certificate of somebody whom no server here trusts."""
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", "stranger.key",
            "-out", "stranger.pem", "-days", "2", "-subj", "/CN=stranger",
            "-addext", "extendedKeyUsage=clientAuth")


# ---- servers that require one -------------------------------------------------


def s_server(lab, version):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, ["openssl", "s_server", "-accept", "127.0.0.1:PORT",
                        "-cert", cert, "-key", key, "-Verify", "2", "-CAfile",
                        lab.ca, "-verify_return_error", "-www",
                        "-tls" + version.replace(".", "_")])


def gnutls_serv(lab, version):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, ["gnutls-serv", "--http", "-p", "PORT",
                        "--x509certfile", cert, "--x509keyfile", key,
                        "--require-client-cert", "--verify-client-cert",
                        "--x509cafile", lab.ca, "--priority",
                        "NORMAL:-VERS-ALL:+VERS-TLS" + version])


def ours(lab, version):
    cert, key = lab.cert("server", "ecdsa")
    return Server(lab, [HANDFAST, "serve", "--quiet", "--port", "PORT",
                        "--cert", cert, "--key", key, "--verify-client", "required", "--cacert", lab.ca,
                        "--tls1_2" if version == "1.2" else "--tlsv1.3"])


def nginx(lab, version):
    cert, key = lab.cert("server", "ecdsa")
    conf, port = lab.path("nginx.conf"), free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    with open(conf, "w") as f:
        f.write(f"""
daemon off; {user} pid {lab.path("nginx.pid")}; error_log {lab.path("log")};
events {{ }}
http {{
  access_log off; client_body_temp_path {lab.path("body")};
  proxy_temp_path {lab.path("tmp")}; fastcgi_temp_path {lab.path("f")};
  uwsgi_temp_path {lab.path("u")}; scgi_temp_path {lab.path("s")};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {cert}; ssl_certificate_key {key};
    ssl_protocols TLSv{version};
    ssl_verify_client on; ssl_client_certificate {lab.ca};
    location / {{ return 200; }}
  }}
}}
""")
    return Server(lab, [NGINX, "-c", conf, "-e", lab.path("nginx.err")],
                  port=port)


# ---- what our client says --------------------------------------------------------


def connect(lab, port, version, given):
    pair = {"good": lab.cert("client", "ecdsa"),
            "stranger": [lab.path("stranger.pem"), lab.path("stranger.key")],
            "none": None}[given]
    done = subprocess.run(
        [HANDFAST, "connect", "--json", "--CAfile", lab.ca,
         "-tls" + version.replace(".", "_"),
         *(["--cert", pair[0], "--key", pair[1]] if pair else []),
         f"localhost:{port}"], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=40, cwd=lab.dir)
    return done.returncode, json.loads(done.stdout)


# nginx asks, lets anybody in, and answers with 400 to who may not.
LENIENT = {"nginx"}
# In TLS 1.3 our server says nothing before it is spoken to: no ticket for who
# keeps none.
SILENT = {("handfast", "1.3")}
# GnuTLS takes an empty list for one that it cannot read, and says decode_error,
# to OpenSSL's client too: nobody can know what it means.
VAGUE = {("gnutls-serv", "1.2", "none")}


def wrong(name, version, given, status, said):
    state = said["tls"]["client_auth"]
    if (name, version, given) in VAGUE:
        return None if status and state == "not_given" else (status, state)
    if given == "good" or name in LENIENT:
        want = "given" if (name, version) in SILENT else "accepted"
        return None if status == 0 and state == want else (status, state)
    detail = json.dumps(said.get("error", {}))
    words = "refuses our certificate" if given == "stranger" \
        else "and we gave none"
    if status and state == "refused" and words in detail:
        return None
    return status, state, detail


def with_server(lab, name, start):
    for version in VERSIONS:
        with start(lab, version) as server:
            for given in ("good", "stranger", "none"):
                status, said = connect(lab, server.port, version, given)
                lab.check(f"{name}, TLS {version}: {given}",
                          wrong(name, version, given, status,
                                said))
        lab.row(name, version, "server", "accepted, refused, required")


def main():
    lab = Lab(os.path.abspath(sys.argv[2]), size=1000)
    try:
        make_stranger(lab)
        with_server(lab, "handfast", ours)
        for package, name, start in (("openssl", "openssl", s_server),
                                     ("gnutls-bin", "gnutls-serv",
                                      gnutls_serv),
                                     ("nginx-light", "nginx", nginx)):
            if have(name) or (name == "nginx" and NGINX):
                with_server(lab, name, start)
            else:
                lab.skip(name, "apt install " + package)
    finally:
        lab.close()
    lab.table()
    return lab.failed > 0


sys.exit(main())

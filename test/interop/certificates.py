#!/usr/bin/python3
"""certificates.py HANDFAST PEER SHARED: what may come along with a certificate,
and how it may travel: certificate compression (RFC 8879) and certificate
timestamps (RFC 6962), in both roles.  Prints TAP and a table."""

import base64
import json
import os
import shutil
import struct
import subprocess
import sys

from lab import Lab, Server, have, newer_openssl, note

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
WAYS = ("zlib", "zstd", "brotli")


def ask(lab, *words, env=None, timeout=40):
    done = subprocess.run([str(w) for w in words], input=REQUEST, env=env,
                          timeout=timeout, capture_output=True, cwd=lab.dir)
    return done.returncode, (done.stdout + done.stderr).decode(
        errors="replace")


class OurServer:
    """handfast serve with more words, which keeps a capture of what passed."""

    def __init__(self, lab, handfast, *more):
        self.lab, self.handfast = lab, handfast
        cert, key = lab.cert("server", "ecdsa")
        self.pcap = lab.path("ours.pcap")
        self.server = Server(lab, [
            handfast, "serve", "--quiet", "--port", "PORT", "--cert", cert,
            "--key", key, "--pcap", self.pcap, *more])

    def __enter__(self):
        self.server.__enter__()
        self.port = self.server.port
        return self

    def __exit__(self, *args):
        self.server.__exit__(*args)

    def seen(self):
        """The messages of the capture, which has its keys with it."""
        return ask(self.lab, self.handfast, "explain", "--brief",
                   self.pcap)[1]


# ---- compression -------------------------------------------------------------------


def their_way(said, way):
    """What our client's trace says of the server's certificate."""
    if way and f"compressed with {way}" in said:
        return None
    if not way and "Certificate (11)" in said and "Compressed" not in said:
        return None
    return said[-600:]


def ways_told(ways):
    return ("certificate compression, both directions: " + ", ".join(ways)
            if ways else "has none: certificates go as they are")


def s_server(lab, handfast, openssl, name, ways):
    """@ways: those that it has."""
    cert, key = lab.cert("server", "ecdsa")
    mine, my_key = lab.cert("client", "ecdsa")
    precompress = ["-cert_comp"] if ways else []
    with Server(lab, [openssl, "s_server", "-accept", "127.0.0.1:PORT",
                      "-cert", cert, "-key", key, "-www", "-Verify", "1",
                      "-CAfile", lab.ca, "-verify_return_error",
                      *precompress]) as server:
        for way in WAYS:
            code, said = ask(lab, handfast, "get", "-v", "--cacert", lab.ca,
                             "--cert-compression", way, "--cert", mine,
                             "--key", my_key, "-o", "answer",
                             f"https://localhost:{server.port}/")
            has = way in ways
            wrong = said[-300:] if code else their_way(said, has and way)
            if not wrong and has != ("(OUT), TLS handshake, Compressed" in
                                     said):
                wrong = "ours: " + said[-600:]
            lab.check(f"{name}'s server, {way}: "
                      + ("both certificates" if has else "none"), wrong)
    lab.row(name, "", "server", ways_told(ways))


def s_client(lab, handfast, openssl, name, ways):
    mine, my_key = lab.cert("client", "ecdsa")
    for way in WAYS:
        has = way in ways
        with OurServer(lab, handfast, "--cert-compression", way,
                       "--verify-client", "required", "--cafile",
                       lab.ca) as server:
            _, said = ask(lab, openssl, "s_client", "-connect",
                          f"localhost:{server.port}", "-servername",
                          "localhost", "-CAfile", lab.ca, "-cert", mine,
                          "-key", my_key, "-msg", "-ign_eof",
                          "-verify_return_error")
            wrong = None if "HTTP/1.1 200" in said else said[-500:]
            for arrow, what in (("<<<", "ours"), (">>>", "theirs")):
                came = any(arrow in line and "CompressedCertificate" in line
                           for line in said.splitlines())
                if not wrong and came != has:
                    wrong = what + ": " + said[-500:]
        lab.check(f"{name}'s client, {way}: "
                  + ("both certificates" if has else "none"), wrong)
    lab.row(name, "", "client", ways_told(ways))


def gnutls(lab, handfast):
    """Debian 12 builds it without any."""
    cert, key = lab.cert("server", "ecdsa")
    with OurServer(lab, handfast, "--cert-compression", "zlib") as server:
        _, said = ask(lab, "gnutls-cli", "-p", server.port, "--x509cafile",
                      lab.ca, "--compress-cert", "zlib", "localhost")
    if "Unknown compression method" in said:
        lab.skip("GnuTLS, certificate compression",
                 "cannot be had: this build of libgnutls30 has no way of it")
        return
    for way in WAYS:
        with Server(lab, ["gnutls-serv", "--http", "-p", "PORT",
                          "--x509certfile", cert, "--x509keyfile", key,
                          "--disable-client-cert", "--compress-cert",
                          way]) as server:
            code, said = ask(lab, handfast, "get", "-v", "--cacert", lab.ca,
                             "--cert-compression", way, "-o", "answer",
                             f"https://localhost:{server.port}/")
            lab.check(f"GnuTLS's server, {way}",
                      said[-300:] if code else their_way(said, way))
    lab.row("GnuTLS", "", "server", "certificate compression")


def chromium(lab, handfast):
    """It offers brotli by itself."""
    home = lab.path("home")
    db = os.path.join(home, ".pki", "nssdb")
    os.makedirs(db)
    lab.run("certutil", "-N", "-d", "sql:" + db, "--empty-password")
    lab.run("certutil", "-A", "-d", "sql:" + db, "-n", "authority", "-t",
            "C,,", "-i", lab.ca)
    with OurServer(lab, handfast, "--cert-compression",
                   "zlib:brotli") as server:
        ask(lab, "chromium", "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--user-data-dir=" + lab.path("profile"),
            "--dump-dom", f"https://localhost:{server.port}/", timeout=90,
            env={**os.environ, "HOME": home})
    said = server.seen()
    shutil.rmtree(lab.path("profile"), ignore_errors=True)
    good = "compressed with brotli" in said and "Finished" in said
    lab.check("Chromium, brotli", None if good else said[-800:])
    lab.row("Chromium", "", "client", "certificate compression: brotli")


# ---- timestamps ------------------------------------------------------------------------


def timestamps():
    """A list of two, by logs that do not exist."""
    scts = b""
    for log in (b"\x11", b"\x22"):
        one = (b"\0" + log * 32 + struct.pack(">Q", 1762934400000) + b"\0\0"
               + b"\4\3" + b"\0\x08" + bytes.fromhex("3006020101020101"))
        scts += struct.pack(">H", len(one)) + one
    return struct.pack(">H", len(scts)) + scts


def serverinfo(lab):
    """The list for s_server.  A file of version 2 says in which messages an
    extension may stand: ClientHello, ServerHello of TLS 1.2, Certificate of
    TLS 1.3 (custom_ext in OpenSSL's manual)."""
    path = lab.path("serverinfo.pem")
    body = (struct.pack(">IHH", 0x0080 | 0x0100 | 0x1000, 18,
                        len(timestamps())) + timestamps())
    with open(path, "w") as f:
        f.write("-----BEGIN SERVERINFOV2 FOR EXTENSION 18-----\n"
                + base64.encodebytes(body).decode()
                + "-----END SERVERINFOV2 FOR EXTENSION 18-----\n")
    return path


def told(said):
    """The timestamps in our client's JSON, all of them from the handshake."""
    found = json.loads(said)["hops"][-1]["tls"]["timestamps"]
    return [(t["source"], base64.b64decode(t["log"])[:1], t["time"],
             t["signed_with"]) for t in found]


WANTED = [("handshake", log, "2025-11-12T08:00:00Z",
           "ecdsa_secp256r1_sha256") for log in (b"\x11", b"\x22")]


def scts_from_openssl(lab, handfast):
    cert, key = lab.cert("server", "ecdsa")
    for version in ("1.2", "1.3"):
        with Server(lab, ["openssl", "s_server", "-accept", "127.0.0.1:PORT",
                          "-cert", cert, "-key", key, "-www", "-serverinfo",
                          serverinfo(lab),
                          "-tls" + version.replace(".", "_")]) as server:
            for asks in (True, False):
                code, said = ask(lab, handfast, "get", "--json", "--cacert",
                                 lab.ca, *(["--ct"] if asks else []),
                                 f"https://localhost:{server.port}/")
                got = told(said[:said.rindex("}") + 1]) if not code else said
                lab.check(f"TLS {version}, timestamps of OpenSSL's server: "
                          + ("asked for" if asks else "not asked for"),
                          None if got == (WANTED if asks else []) else got)
    lab.row("OpenSSL", "", "server", "certificate timestamps, 1.2 and 1.3")


def scts_for_openssl(lab, handfast):
    path, no_logs = lab.path("scts"), lab.path("logs.cnf")
    with open(path, "wb") as f:
        f.write(timestamps())
    with open(no_logs, "w") as f:
        f.write("enabled_logs=\n")
    for version in ("1.2", "1.3"):
        for asks in (True, False):
            with OurServer(lab, handfast, "--sct-file", path) as server:
                _, said = ask(lab, "openssl", "s_client", "-connect",
                              f"localhost:{server.port}", "-servername",
                              "localhost", "-CAfile", lab.ca, "-ign_eof",
                              "-tls" + version.replace(".", "_"),
                              *(["-ct", "-ctlogfile", no_logs]
                                if asks else []))
            want = "SCTs present (2)" if asks else "HTTP/1.1 200"
            good = want in said and (asks or "SCTs present" not in said)
            if asks:
                good = good and "Log ID    : 11:11:11" in said
            lab.check(f"TLS {version}, timestamps for OpenSSL's client: "
                      + ("asked for" if asks else "not asked for"),
                      None if good else said[-600:])
    lab.row("OpenSSL", "", "client", "certificate timestamps, 1.2 and 1.3")


def main():
    handfast, peer, shared = map(os.path.abspath, sys.argv[1:4])
    lab = Lab(peer, size=10)
    try:
        if have("openssl"):
            s_server(lab, handfast, "openssl", "OpenSSL 3.0", ())
            s_client(lab, handfast, "openssl", "OpenSSL 3.0", ())
            scts_from_openssl(lab, handfast)
            scts_for_openssl(lab, handfast)
        else:
            lab.skip("OpenSSL", "apt install openssl")
        newer = newer_openssl(lab, shared, "certificates")
        if newer:
            s_server(lab, handfast, newer, "OpenSSL 3.5", ("zlib", "zstd"))
            s_client(lab, handfast, newer, "OpenSSL 3.5", ("zlib", "zstd"))
        else:
            lab.skip("OpenSSL 3.5, which compresses", "needs ../shared")
        if have("gnutls-serv"):
            gnutls(lab, handfast)
        else:
            lab.skip("GnuTLS, certificate compression",
                     "apt install gnutls-bin")
        if have("chromium") and have("certutil"):
            chromium(lab, handfast)
        else:
            lab.skip("Chromium, certificate compression",
                     "apt install chromium libnss3-tools")
        note("NSS: selfserv and tstclnt of libnss3-tools offer no compression")
        lab.table()
    finally:
        lab.close()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())

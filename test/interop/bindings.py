#!/usr/bin/python3
"""bindings.py HANDFAST PEER: channel bindings, the same on both sides.

tls-exporter with GnuTLS (gnutls_session_channel_binding, by ctypes) and with
what OpenSSL's s_server exports; tls-server-end-point with GnuTLS and with the
hash that openssl computes.  Prints TAP and a table."""

import ctypes
import ctypes.util
import json
import os
import re
import socket
import subprocess
import sys
import threading

from lab import Lab, Server, have

VERSIONS = ("1.2", "1.3")


def connect(lab, handfast, port, version):
    """`handfast connect --json`, and what it says of bindings."""
    done = subprocess.run(
        [handfast, "connect", "--json", "--CAfile", lab.ca,
         "-tls" + version.replace(".", "_"), f"localhost:{port}"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=40, cwd=lab.dir)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-400:])
    return json.loads(done.stdout)["tls"]["channel_bindings"]


def end_point(lab, kind):
    der = lab.run("openssl", "x509", "-in", lab.cert("server", kind)[0],
                  "-outform", "DER")
    return lab.run("openssl", "dgst", "-sha256", "-r", input=der).split()[0] \
        .decode()


# ---- GnuTLS --------------------------------------------------------------------


class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint)]


class GnuTLS:
    """A server of one connection."""

    SERVER, CERTIFICATE, PEM = 1, 1, 1
    BINDINGS = {"tls_server_end_point": 1, "tls_exporter": 2}

    def __init__(self, lab, kind, version):
        self.lib = ctypes.CDLL(ctypes.util.find_library("gnutls"))
        self.lib.gnutls_transport_set_int2.restype = None
        self.lab, self.kind, self.version = lab, kind, version
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.said, self.error = {}, None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def call(self, name, *arguments):
        code = getattr(self.lib, name)(*arguments)
        if code < 0:
            self.lib.gnutls_strerror.restype = ctypes.c_char_p
            raise RuntimeError(f"{name}: {self.lib.gnutls_strerror(code)}")

    def serve(self):
        try:
            self.serve_one()
        except (RuntimeError, OSError) as e:
            self.error = str(e)

    def serve_one(self):
        creds, session = ctypes.c_void_p(), ctypes.c_void_p()
        cert, key = self.lab.cert("server", self.kind)
        self.call("gnutls_certificate_allocate_credentials",
                  ctypes.byref(creds))
        self.call("gnutls_certificate_set_x509_key_file", creds,
                  cert.encode(), key.encode(), self.PEM)
        self.call("gnutls_init", ctypes.byref(session), self.SERVER)
        self.call("gnutls_priority_set_direct", session,
                  b"NORMAL:-VERS-ALL:+VERS-TLS" + self.version.encode(), None)
        self.call("gnutls_credentials_set", session, self.CERTIFICATE, creds)
        sock = self.listener.accept()[0]
        sock.settimeout(None)
        self.lib.gnutls_transport_set_int2(session, sock.fileno(),
                                           sock.fileno())
        self.call("gnutls_handshake", session)
        for name, number in self.BINDINGS.items():
            datum = Datum()
            code = self.lib.gnutls_session_channel_binding(
                session, number, ctypes.byref(datum))
            self.said[name] = ctypes.string_at(datum.data, datum.size).hex() \
                if code >= 0 else None
        self.lib.gnutls_bye(session, 1)
        sock.close()
        self.lib.gnutls_deinit(session)
        self.lib.gnutls_certificate_free_credentials(creds)

    def result(self):
        self.thread.join(30)
        self.listener.close()
        if self.error:
            raise RuntimeError(self.error)
        return self.said


def with_gnutls(lab, handfast):
    if not ctypes.util.find_library("gnutls"):
        lab.skip("GnuTLS's bindings", "apt install libgnutls30")
        return
    for version in VERSIONS:
        for kind in ("ecdsa", "rsa"):
            peer = GnuTLS(lab, kind, version)
            ours = connect(lab, handfast, peer.port, version)
            theirs = peer.result()
            lab.check(f"GnuTLS, TLS {version}, {kind}: both bindings",
                      None if ours == theirs and len(ours) == 2
                      else f"ours {ours}, theirs {theirs}")
        lab.row("GnuTLS", version, "server",
                "tls-exporter, tls-server-end-point")


# ---- OpenSSL ---------------------------------------------------------------------


def with_openssl(lab, handfast):
    for version in VERSIONS:
        cert, key = lab.cert("server", "rsa")
        server = Server(lab, [
            "openssl", "s_server", "-accept", "127.0.0.1:PORT", "-cert", cert,
            "-key", key, "-www", "-tls" + version.replace(".", "_")])
        with server:
            ours = connect(lab, handfast, server.port, version)
        lab.check(f"OpenSSL, TLS {version}: the hash of the certificate",
                  None if ours["tls_server_end_point"] == end_point(lab, "rsa")
                  else ours)
    exported(lab, handfast, key, cert)


def exported(lab, handfast, key, cert):
    """In TLS 1.3 no context and an empty one are the same, so that what
    s_server exports is the binding.  It ends after one connection, at which it
    prints it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert,
         "-key", key, "-tls1_3", "-naccept", "1", "-keymatexport",
         "EXPORTER-Channel-Binding", "-keymatexportlen", "32"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, cwd=lab.dir)
    said = b""
    while b"ACCEPT" not in said:
        said += process.stdout.readline()
    ours = connect(lab, handfast, port, "1.3")
    said += process.communicate(timeout=30)[0]
    found = re.search(rb"Keying material: ([0-9A-F]+)", said)
    lab.check("OpenSSL, TLS 1.3: tls-exporter",
              None if found and found.group(1).decode().lower() ==
              ours["tls_exporter"] else f"{ours}, {said[-300:]}")
    lab.row("OpenSSL", "1.3", "server", "tls-exporter, tls-server-end-point")


def main():
    handfast, peer = map(os.path.abspath, sys.argv[1:3])
    lab = Lab(peer, size=1000)
    try:
        if have("openssl"):
            with_openssl(lab, handfast)
        else:
            lab.skip("OpenSSL's bindings", "apt install openssl")
        with_gnutls(lab, handfast)
    finally:
        lab.close()
    lab.table()
    return lab.failed > 0


sys.exit(main())

"""What every interoperation test needs: certificates, free ports, processes
that are surely ended, our own end (the program `peer`), and counting in TAP."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SIZE = 10_000_000
SUITES = {
    "TLS_AES_128_GCM_SHA256": "1301",
    "TLS_AES_256_GCM_SHA384": "1302",
    "TLS_CHACHA20_POLY1305_SHA256": "1303",
}
GROUPS = ["X25519MLKEM768", "x25519", "secp256r1", "secp384r1"]
KEYS = ["ecdsa", "rsa", "ed25519"]


class Lab:
    """A directory with an authority, certificates of each kind, and @size
    bytes."""

    def __init__(self, peer, size=SIZE):
        self.peer = peer
        self.dir = tempfile.mkdtemp(prefix="interop-")
        self.count = self.failed = 0
        self.rows = []
        self.big = self.path("big")
        with open(self.big, "wb") as f:
            f.write(os.urandom(size))
        self.big_hash = self.digest_file(self.big)
        self.make_certificates()

    def path(self, name):
        return os.path.join(self.dir, name)

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- certificates ---------------------------------------------------

    def run(self, *command, **kw):
        done = subprocess.run(command, capture_output=True, cwd=self.dir,
                              timeout=60, **kw)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr.decode()[-500:]}")
        return done.stdout

    def make_certificates(self):
        kinds = {
            "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            "rsa": ["-newkey", "rsa:2048"],
            "ed25519": ["-newkey", "ed25519"],
        }
        self.run("openssl", "req", "-x509", *kinds["ecdsa"], "-nodes",
                 "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                 "-subj", "/CN=interop authority")
        for use in ("server", "client"):
            with open(self.path(use + ".ext"), "w") as f:
                f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n"
                        f"extendedKeyUsage={use}Auth\n"
                        "keyUsage=digitalSignature,keyEncipherment\n")
            for kind, new in kinds.items():
                name = f"{use}-{kind}"
                self.run("openssl", "req", *new, "-nodes", "-keyout",
                         name + ".key", "-out", name + ".csr", "-subj",
                         f"/CN={use} {kind}")
                self.run("openssl", "x509", "-req", "-in", name + ".csr",
                         "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                         "-CAcreateserial", "-extfile", use + ".ext", "-out",
                         name + ".pem")

    def cert(self, use, kind):
        return [self.path(f"{use}-{kind}.pem"), self.path(f"{use}-{kind}.key")]

    @property
    def ca(self):
        return self.path("ca.pem")

    # ---- hashes ------------------------------------------------------------

    @staticmethod
    def digest(data):
        return f"{len(data)} {hashlib.sha256(data).hexdigest()}"

    def digest_file(self, path):
        with open(path, "rb") as f:
            return self.digest(f.read())

    # ---- our end ---------------------------------------------------------------

    def our_client(self, port, *options, timeout=60):
        """Runs to the end; what was agreed, or an error."""
        done = subprocess.run(
            [self.peer, "client", str(port), "--ca", self.ca, *options],
            capture_output=True, timeout=timeout)
        if done.returncode:
            return {"error": done.stderr.decode(errors="replace").strip()}
        return json.loads(done.stdout)

    def our_server(self, kind, *options):
        return OurServer(self, kind, options)

    # ---- counting -----------------------------------------------------------------

    def check(self, name, wrong):
        """@wrong: what is wrong, or None."""
        self.count += 1
        if wrong:
            self.failed += 1
            print(f"not ok {self.count} - {name}")
            print("# " + str(wrong).replace("\n", "\n# "), flush=True)
        else:
            print(f"ok {self.count} - {name}", flush=True)
        return not wrong

    def skip(self, name, package):
        self.count += 1
        print(f"# SKIP: {name} ({package})")
        print(f"ok {self.count} - {name} # SKIP {package}", flush=True)

    def row(self, peer, version, role, covered):
        self.rows.append((peer, version, role, covered))

    def table(self):
        print("# > | peer | version | its role | covered |")
        print("# > |---|---|---|---|")
        for row in self.rows:
            print("# > | " + " | ".join(row) + " |")
        print(f"1..{self.count}", flush=True)


class OurServer:
    """Our server for one client, as a context; .port, then .result()."""

    def __init__(self, lab, kind, options):
        self.process = subprocess.Popen(
            [lab.peer, "server", "0", "--cert", *lab.cert("server", kind),
             *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        self.port = int(self.process.stdout.readline())
        return self

    def result(self):
        try:
            out, err = self.process.communicate(timeout=40)
        except subprocess.TimeoutExpired:
            return {"error": "our server did not end"}
        if self.process.returncode:
            return {"error": err.decode(errors="replace").strip()}
        return json.loads(out)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Server:
    """Somebody else's server, started on a free port and surely ended."""

    def __init__(self, lab, command, stdin=None, port=None, log="server.log"):
        self.port = port or free_port()
        self.log = lab.path(log)
        self.out = lab.path(log + ".out")
        words = [str(w).replace("PORT", str(self.port)) for w in command]
        self.process = subprocess.Popen(
            words, stdin=stdin or subprocess.DEVNULL,
            stdout=open(self.out, "wb"), stderr=open(self.log, "wb"),
            cwd=lab.dir)

    def __enter__(self):
        for _ in range(300):
            if listens(self.port):
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        with open(self.log, errors="replace") as f:
            raise RuntimeError("it does not start: " + f.read()[-400:])

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    """Without connecting: some servers serve one client only."""
    want = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as f:
                for line in f.readlines()[1:]:
                    words = line.split()
                    if words[1].endswith(want) and words[3] == "0A":
                        return True
        except FileNotFoundError:
            pass
    return False


def differs(got, **want):
    """Compares what was agreed with what was meant; None if all is right."""
    if "error" in got:
        return got["error"]
    for key, value in want.items():
        if got.get(key) != value:
            return f"{key} is {got.get(key)!r}, not {value!r}"
    return None


def have(program):
    return shutil.which(program) or (
        program if os.access(program, os.X_OK) else None)


def version_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=20)
    return done.stdout.decode(errors="replace")


def note(text):
    print("# " + text, file=sys.stdout, flush=True)


def newer_openssl(lab, shared, name):
    """OpenSSL 3.5, which has hybrids and compresses certificates; None where it
    cannot be had.  Tests that run at the same time have folders of their own,
    by @name."""
    script = os.path.join(shared, "tools", "from-debian13")
    if not os.access(script, os.X_OK):
        return None
    where = os.path.join(os.environ.get("HF_BUILD", lab.dir),
                         "debian13-" + name)
    done = subprocess.run(
        [script, where, "openssl", "openssl", "libssl3t64",
         "openssl-provider-legacy", "zlib1g", "libzstd1"],
        capture_output=True, timeout=300)
    program = os.path.join(where, "bin", "openssl")
    return program if done.returncode == 0 and have(program) else None

#!/usr/bin/python3
"""TLS 1.2 as two programs tell it: curl -vvv against `handfast serve`, and
`handfast get -v` against nginx.  The same messages in the same order; what curl
does not print or calls by another name is right in ours.  And both ends of one
connection tell the same, with the same sizes."""
import os
import re
import shutil
import subprocess
import sys
import time

import cli
from cli import WORK, Skip, ca_file, certificate, equal, has, run, want
from serve_test import Serve

LINE = re.compile(r"^\* TLSv1\.[23] \((OUT|IN)\), (TLS [^:]*):", re.M)
SIZED = re.compile(r"^\* TLSv1\.[23] \((OUT|IN)\), (TLS [^:]*): +(\d+) B", re.M)
CURL_SIZED = re.compile(r"^\* TLSv1\.[23] \((OUT|IN)\), (TLS [^:]*):\n"
                        r"[{}] \[(\d+) bytes data\]", re.M)

HELLO = [("OUT", "TLS handshake, Client hello (1)"),
         ("IN", "TLS handshake, Server hello (2)"),
         ("IN", "TLS handshake, Certificate (11)"),
         ("IN", "TLS handshake, Server key exchange (12)")]
REQUEST = ("IN", "TLS handshake, Certificate request (13)")
DONE = ("IN", "TLS handshake, Server hello done (14)")
OWN = ("OUT", "TLS handshake, Certificate (11)")
KX = ("OUT", "TLS handshake, Client key exchange (16)")
PROOF = ("OUT", "TLS handshake, Certificate verify (15)")
CCS = "TLS change cipher, Change cipher spec (1)"
FINISHED = "TLS handshake, Finished (20)"
OUR_END = [("OUT", CCS), ("OUT", FINISHED)]
THEIR_END = [("IN", CCS), ("IN", FINISHED)]
PLAIN = [*HELLO, DONE, KX, *OUR_END, *THEIR_END]
MUTUAL = [*HELLO, REQUEST, DONE, OWN, KX, PROOF, *OUR_END, *THEIR_END]
CLOSE = "TLS alert, close notify (0)"


def is_ticket(message):
    """curl says "Newsession Ticket"."""
    return message[1].endswith(" (4)")


def handshake(trace):
    """[(direction, title)] of the messages; tickets, which may come or not,
    and goodbyes left out."""
    return [one for one in LINE.findall(trace)
            if not is_ticket(one) and not one[1].startswith("TLS alert")]


def as_curl_says(messages):
    """What curl prints of these: it has another name for ServerHelloDone, and
    no line for a ChangeCipherSpec that comes."""
    renamed = {DONE: ("IN", "TLS handshake, Server finished (14)"),
               PROOF: ("OUT", "TLS handshake, CERT verify (15)"),
               REQUEST: ("IN", "TLS handshake, Request CERT (13)")}
    return [renamed.get(one, one) for one in messages if one != ("IN", CCS)]


def curl(url, *words):
    if not shutil.which("curl"):
        raise Skip("curl's trace (apt install curl)")
    done = subprocess.run(["curl", "-vvv", "--head", "--tls-max", "1.2",
                           "--cacert", str(ca_file()), *map(str, words), url],
                          capture_output=True, check=False, env=cli.CLEAN)
    trace = done.stderr.decode("utf-8", "replace")
    equal(done.returncode, 0, trace)
    return trace


class Nginx:
    """nginx, TLS 1.2 and 1.3, with one certificate."""

    def __init__(self, pair, *lines):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(program):
            raise Skip("nginx (apt install nginx-light)")
        self.folder = WORK / f"nginx-{time.monotonic_ns()}"
        self.folder.mkdir()
        self.port = cli.closed_port()
        (self.folder / "index.html").write_text("yes\n")
        conf, chain, key = self.folder / "conf", *pair
        temps = " ".join(f"{name}_temp_path {self.folder}/{name};" for name in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        conf.write_text(
            f"daemon off; {user} worker_processes 1;"
            f"pid {self.folder}/pid; events {{ }}\n"
            f"http {{ access_log off; {temps}\n"
            f" server {{ listen 127.0.0.1:{self.port} ssl; root {self.folder};"
            f" ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {chain};"
            f" ssl_certificate_key {key}; {' '.join(lines)} }} }}\n")
        self.child = subprocess.Popen(
            [program, "-c", conf, "-e", self.folder / "log"],
            stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                cli.socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                want(self.child.poll() is None, "nginx has ended")
                time.sleep(0.02)
        self.url = f"https://localhost:{self.port}/"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


def get(url, *words):
    done = run("get", "-v", "--head", "--tls-max", "1.2", "--cacert",
               ca_file(), *words, url)
    equal(done.code, 0, done)
    return done.err


def serve(*words):
    chain, key = certificate("good")
    return Serve("-v", "--cert", chain, "--key", key, *words)


def mine():
    return certificate("me", "me.test", options=("--client",))


# ---- the same messages in the same order -----------------------------------------

def test_curl_and_handfast_tell_the_same_messages_in_the_same_order():
    with serve() as server:
        curls = curl(server.url)
    with Nginx(certificate("good")) as nginx:
        ours = get(nginx.url)
    equal(handshake(ours), PLAIN, ours)
    equal(handshake(curls), as_curl_says(PLAIN), curls)
    has(ours, r"Server hello done \(14\): .*curl prints \"Server finished\"")


def test_with_a_client_certificate_too():
    chain, key = mine()
    with serve("--verify-client", "required", "--cafile", ca_file()) as server:
        curls = curl(server.url, "--cert", chain, "--key", key)
    with Nginx(certificate("good"), "ssl_verify_client on;",
               f"ssl_client_certificate {ca_file()};") as nginx:
        ours = get(nginx.url, "--cert", chain, "--key", key)
    equal(handshake(ours), MUTUAL, ours)
    equal(handshake(curls), as_curl_says(MUTUAL), curls)
    has(ours, r"Certificate request \(13\): .* accepts ")
    has(ours, r"\(OUT\), TLS handshake, Certificate \(11\): .* me\.test$")
    has(ours, r"Certificate verify \(15\): .* proves its key with ")


def test_both_ends_of_one_connection_tell_the_same_sizes():
    turned = {"IN": "OUT", "OUT": "IN"}
    with serve() as server:
        curls = curl(server.url)
    told = [(turned[way], title, size)
            for way, title, size in SIZED.findall(server.err)
            if not is_ticket((way, title))][:len(PLAIN)]
    sizes = [size for way, title, size in told if (way, title) != ("IN", CCS)]
    equal([(*message, size) for message, size
           in zip(as_curl_says(PLAIN), sizes)],
          [one for one in CURL_SIZED.findall(curls)
           if not is_ticket(one[:2])][:len(PLAIN) - 1], server.err)
    with serve() as server:
        ours = get(server.url)
    mirrored = [(turned[way], title, size) for way, title, size
                in SIZED.findall(server.err)]
    equal(SIZED.findall(ours)[:len(PLAIN)], mirrored[:len(PLAIN)])
    want(all(int(size) > 0 for _, _, size in mirrored))


def rsa_certificate():
    return certificate("rsa", options=("--key", "rsa:2048"))


def test_rsa_key_transport_and_what_it_costs():
    suite = "TLS_RSA_WITH_AES_128_GCM_SHA256"
    chain, key = rsa_certificate()
    with Serve("-v", "--cert", chain, "--key", key, "--policy",
               "classic") as server:
        curls = curl(server.url, "--ciphers", "AES128-GCM-SHA256")
    with Nginx((chain, key), "ssl_ciphers AES128-GCM-SHA256;") as nginx:
        ours = get(nginx.url, "--policy", "classic")
    short = [one for one in PLAIN if one != HELLO[-1]]
    equal(handshake(ours), short, ours)
    equal(handshake(curls), as_curl_says(short), curls)
    visit = next(line for line in server.said if line["event"] == "request")
    equal((visit["group"], visit["suite"]), (None, suite))
    for trace in (ours, server.err):
        has(trace, rf"^\*   choose\.suite: {suite} ")
        has(trace, r"^\*   check\.key_transport: no forward secrecy: ")
        has(trace, r"Client key exchange \(16\): .* the premaster secret, "
            r"encrypted to the certificate's key; no forward secrecy$")


# ---- and why ------------------------------------------------------------------------

def test_reasons_are_told_in_both_roles():
    with serve() as server:
        ours = get(server.url)
    for pattern in (
            r"^\*   choose\.version: TLS 1\.2 \(",
            r"^\*   choose\.suite: TLS_ECDHE_ECDSA_WITH_",
            r"^\*   check\.master_secret: extended$",
            r"^\*   choose\.group: x25519 ",
            r"^\*   verify\.check\.key: CN=localhost: ok, .*ECDSA P-256",
            r"^\*   check\.signature: ecdsa_secp256r1_sha256 \(of both randoms "
            r"and the server's share, ",
            r"^\*   check\.key_exchange: x25519$",
            r"^\*   check\.finished: the server's$",
            r"Client hello \(1\): .* offers at most TLS 1\.2; for localhost",
            r"Client key exchange \(16\): .* the client's share of the key "
            r"exchange, in the clear$",
            r"Server key exchange \(12\): .* fresh key in x25519; signed with "
            r"both randoms: ecdsa_secp256r1_sha256",
            r"Change cipher spec \(1\): .* from here on sealed$",
            r"Finished \(20\): .* a MAC over all of the above$"):
        has(ours, pattern)
    for pattern in (
            r"^\*   choose\.certificate: localhost \(its key fits ",
            r"^\*   choose\.signature: ecdsa_secp256r1_sha256",
            r"^\*   check\.master_secret: extended$",
            r"^\*   check\.finished: the client's$"):
        has(server.err, pattern)


def test_close_notify_is_told_in_both_directions():
    with serve() as server:
        ours = get(server.url)
    with Nginx(certificate("good")) as nginx:
        # a connection that may be used again it just drops
        theirs = get(nginx.url, "-H", "Connection: close")
    for trace, order in ((ours, ["OUT", "IN"]), (server.err, ["IN", "OUT"])):
        equal([way for way, title in LINE.findall(trace) if title == CLOSE],
              order, trace)
    # nginx has ended it, too, perhaps before we did
    equal(sorted(way for way, title in LINE.findall(theirs)
                 if title == CLOSE), ["IN", "OUT"], theirs)


def test_the_readme_shows_what_they_print():
    readme = open(os.path.join(os.environ.get(
        "HF_SOURCE", os.path.join(os.path.dirname(__file__), "..", "..")),
        "README.md"), encoding="utf-8").read()
    table = re.search(r"^\| `curl -vvv --head --tls-max 1\.2` \|.*?\n\n", readme,
                      re.M | re.S)
    want(table, "no table of both in README.md")
    rows = re.findall(r"^\| (?:\(nothing\)|`TLSv1\.2 \((OUT|IN)\), (TLS [^:]*):`"
                      r" \d+ B) \| `TLSv1\.2 \((OUT|IN)\), (TLS [^:]*):` \d+ B: "
                      r"(.*) \|$", table.group(0), re.M)
    with Nginx(certificate("good")) as nginx:
        trace = get(nginx.url)
    equal([row[2:4] for row in rows if not is_ticket(row[2:4])],
          [one for one in LINE.findall(trace) if not is_ticket(one)])
    for _, _, way, title, clause in rows:
        want(re.search(rf"^\* TLSv1\.2 \({way}\), {re.escape(title)}: .* ms  "
                       rf"{re.escape(clause)}$", trace, re.M), title, clause,
             trace)
    equal([row[:2] for row in rows if row[0]], as_curl_says(PLAIN))


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

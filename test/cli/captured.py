"""captured.py: what the tests of captures share: OpenSSL's two ends with somebody
in between, and what `handfast explain` says about it."""
import functools
import re
import shutil
import subprocess

import cli
from cli import (CLEAN, WORK, Skip, ca, ca_file, certificate, equal, has,
                 lacks, run, want)
from pcap import Relay

REQUEST = b"GET /big HTTP/1.0\r\nX-Secret: heard by nobody else\r\n\r\n"
BODY = b"".join(b"line %05d of what was asked for\n" % i for i in range(1000))


def explain(data, *words, name="capture", **how):
    path = WORK / f"{name}.cap"
    path.write_bytes(data)
    return run("explain", *words, path, **how)


def rsa():
    chain, key = WORK / "rsa.pem", WORK / "rsa-key.pem"
    if not chain.exists():
        done = run("ca", "issue", "localhost", "--ca", ca(), "--out", chain,
                   "--rsa")
        equal(done.code, 0, done)
    return chain, key


@functools.cache
def spoken(*words, client=(), rsa_key=False):
    """(talks, key log) of s_client and s_server; @words go to the server."""
    folder = WORK / "www"
    folder.mkdir(exist_ok=True)
    (folder / "big").write_bytes(BODY)
    chain, key = rsa() if rsa_key else certificate("good")
    name = re.sub(r"\W", "", "".join(words + client)) or "plain"
    log = WORK / f"{name}.keys"
    with cli.socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    if not shutil.which("openssl"):
        raise Skip("openssl s_server (apt install openssl)")
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", chain,
         "-key", key, "-WWW", *words], cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                cli.socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                cli.time.sleep(0.02)
        with Relay(port) as relay:
            done = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}",
                 "-servername", "localhost", "-CAfile", ca_file(),
                 "-keylogfile", log, "-quiet", *client], input=REQUEST,
                capture_output=True, check=False, timeout=30, env=CLEAN)
            want(b"line 00999" in done.stdout, done.stderr)
            relay.wait()
            return [talk.packets for talk in relay.talks], log.read_bytes()
    finally:
        server.kill()
        server.communicate()


def with_early_data():
    """The same of two connections, the second of which begins with data."""
    if not shutil.which("openssl"):
        raise Skip("openssl s_server (apt install openssl)")
    chain, key = certificate("good")
    log, session = WORK / "early.keys", WORK / "early.session"
    (WORK / "early").write_bytes(REQUEST)
    with cli.socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", chain,
         "-key", key, "-early_data", "-tls1_3"], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        cli.time.sleep(0.3)
        with Relay(port) as relay:
            for more in (["-sess_out", session],
                         ["-sess_in", session, "-early_data", WORK / "early"]):
                client = subprocess.Popen(
                    ["openssl", "s_client", "-connect",
                     f"127.0.0.1:{relay.port}", "-servername", "localhost",
                     "-keylogfile", log, *more], stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env=CLEAN)
                cli.time.sleep(0.5)  # for the ticket, which nobody announces
                client.communicate(b"Q\n", timeout=20)
            relay.wait()
            return [talk.packets for talk in relay.talks], log.read_bytes()
    finally:
        server.kill()
        server.communicate()


def plain13():
    talks, keys = spoken("-tls1_3")
    return talks[0], keys


def data_of(done):
    """What --data showed."""
    return "\n".join(line[8:] for line in done.out.splitlines()
                     if line.startswith(" " * 8))


def heard(done):
    equal(done.code, 0, done)
    has(data_of(done), "^X-Secret: heard by nobody else$")
    for number in (0, 500, 999):
        has(data_of(done), rf"^line {number:05} of what was asked for$")
    lacks(done.out, "note:|missing|sealed record")


def events(done):
    """The story of the only connection, without its times."""
    return [line.split("ms  ", 1)[1] for line in done.out.splitlines()
            if re.match(r" +\+\d+\.\d ms", line)]

#!/usr/bin/python3
"""An awkward caller: standard input, output or error closed, a terminal in front
of a peer that would like to write to it, limits passed by one."""
import json
import os
import pty
import re
import subprocess
import sys
import time

import cli
from cli import (HANDFAST, WORK, ca, ca_file, certificate, end, equal, has,
                 lacks, run, tls_server, want)
from serving import Serve


def shell(line, *words, stdin=None):
    """`handfast WORDS LINE`, LINE being redirections of the shell."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {line}', HANDFAST, *map(str, words)],
        stdin=stdin if stdin is not None else subprocess.DEVNULL,
        capture_output=True, timeout=60, env=cli.CLEAN, cwd=WORK, check=False)
    return cli.Ran(done, 0)


# ---- closed descriptors -----------------------------------------------------------

def test_no_line_of_ours_goes_into_a_socket_that_took_the_place_of_one_closed():
    heard = []

    def listen(tls):
        try:
            while data := tls.recv(65536):
                heard.append(data)
        except cli.ssl.SSLZeroReturnError:
            pass
        end(tls)

    with tls_server(listen) as server:
        words = ("connect", f"localhost:{server.port}", "-CAfile", ca_file())
        for line in ("<&-", "2>&-", "<&- 2>&-"):
            done = shell(line, *words)
            equal((done.code, done.out), (0, ""), line, done)
        for line in (">&-", "<&- >&- 2>&-"):
            done = shell(line, *words, "-showcerts", "-v")
            equal(done.code, 23, line, done)
        equal(server.faults, [])
    equal(heard, [])


def test_a_closed_output_is_an_error_and_not_another_file():
    log = WORK / "keys.txt"
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
    with tls_server(cli.answers(body)) as server:
        for line in (">&-", "<&- >&-"):
            done = shell(line, "get", f"https://localhost:{server.port}/",
                         "--cacert", ca_file(), "--keylog-file", log)
            equal(done.code, 23, line, done)
    text = log.read_text()
    lacks(text, "body")
    want(all(re.match(r"[A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]+$", row)
             for row in text.splitlines()), text)
    for words in (("--version",), ("help",), ("get", "--help"),
                  ("policy", "show")):
        equal(shell(">&-", *words).code, 23, words)


def test_a_server_without_standard_error_serves():
    child = subprocess.Popen(
        ["sh", "-c", 'exec "$0" "$@" 2>&- <&-', HANDFAST, "serve", "--port",
         "0", "--json", "--once", "-v"], stdout=subprocess.PIPE, env=cli.CLEAN,
        cwd=WORK)
    said = json.loads(child.stdout.readline())
    done = run("get", "-s", f"https://localhost:{said['port']}/.handfast.json",
               "--cacert", said["ca"])
    equal(done.code, 0, done)
    want("schema" in json.loads(done.out), done)
    child.communicate(timeout=20)
    equal(child.returncode, 0)


# ---- pipes ---------------------------------------------------------------------------

def test_a_pipe_that_nobody_reads_holds_nobody_up():
    pipe = WORK / "pipe"
    os.mkfifo(pipe)
    for words in (("get", "https://localhost:1/", "--keylog-file", pipe),
                  ("get", "https://localhost:1/", "--pcap", pipe),
                  ("connect", "localhost:1", "--keylogfile", pipe),
                  ("serve", "--port", "0", "--keylog", pipe),
                  ("serve", "--port", "0", "--pcap", pipe)):
        done = run(*words, timeout=15)
        want(done.code in (2, 23), words, done)
        has(done.err, "nobody reads from this pipe")
    done = run("get", "https://localhost:1/", env={"SSLKEYLOGFILE": str(pipe)},
               timeout=15)
    equal(done.code, 7, done)


def test_a_pipe_that_somebody_reads_gets_the_keys():
    pipe = WORK / "read-pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
    with tls_server(cli.answers(body)) as server:
        done = run("get", f"https://localhost:{server.port}/", "--cacert",
                   ca_file(), "--keylog-file", pipe)
    equal(done.code, 0, done)
    has(os.read(reader, 65536).decode(), "^CLIENT_HANDSHAKE_TRAFFIC_SECRET ")
    os.close(reader)


# ---- a terminal -------------------------------------------------------------------

def on_a_terminal(*words):
    """(exit, what stood on the terminal)"""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(HANDFAST, [HANDFAST, *map(str, words)],
                  {**cli.CLEAN, "TERM": "dumb"})
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown


def test_no_peer_writes_to_the_terminal_what_it_could_obey():
    nasty = b"\x1b]0;mine\x07 \x1b[2J\xc2\x9b31m plain\n"
    for before in (b"", b"\0", b"zero: \0 and "):
        def say(tls, text=before + nasty):
            tls.sendall(text)
            time.sleep(0.2)
            end(tls)
        with tls_server(say) as server:
            code, shown = on_a_terminal(
                "connect", f"localhost:{server.port}", "-CAfile", ca_file(),
                "-q")
        equal(code, 0, shown)
        has(shown.decode(), "plain")
        want(not re.search(rb"[\0\x1b\x07]|\xc2\x9b", shown), shown)


# ---- folders ------------------------------------------------------------------------

def test_a_folder_that_is_not_there_is_told_as_such():
    done = run("mtls", "serve", "nowhere", timeout=10)
    equal(done.code, 58, done)
    has(done.err, "there is no folder nowhere; make one: handfast mtls init")


def test_a_server_ends_with_the_number_of_what_it_could_not_read():
    chain, key = certificate("good")
    for words, code in ((("--cert", "nowhere.pem"), 58),
                        (("--cert", chain, "--key", "nowhere.pem"), 58),
                        (("--cert", chain), 58),
                        (("--cafile", "nowhere.pem"), 77),
                        (("--cafile", key), 77),
                        (("--crlfile", "nowhere.pem"), 82),
                        (("--crlfile", chain), 82),
                        (("--dir", "nowhere"), 2),
                        (("--status-file", "nowhere", "--cert", chain, "--key",
                          key), 2)):
        done = run("serve", "--port", "0", *words, timeout=10)
        equal(done.code, code, words, done)


def test_a_bundle_is_not_counted_twice_for_the_folder_it_lies_in():
    folder = WORK / "certs"
    folder.mkdir()
    pem = ca_file().read_bytes()
    (folder / "bundle.crt").write_bytes(pem)
    (folder / "01234567.0").write_bytes(pem)
    chain, _ = certificate("stranger", "localhost",
                           options=("--broken", "unknown-issuer"))
    done = run("cert", "verify", "--name", "localhost", chain,
               env={"SSL_CERT_FILE": folder / "bundle.crt",
                    "SSL_CERT_DIR": folder})
    equal(done.code, 1, done)
    has(done.out.replace("\n", " "), r"the\s+1\s+trusted", done)


# ---- commands and limits ------------------------------------------------------------

def test_nothing_is_said_behind_q():
    def echo(tls):
        try:
            while data := tls.recv(65536):
                tls.sendall(data)
        except cli.ssl.SSLZeroReturnError:
            pass
        end(tls)
    with tls_server(echo) as server:
        done = run("connect", f"localhost:{server.port}", "-CAfile", ca_file(),
                   "-q", "--commands", stdin=b"before\nQ\nbehind\n")
        equal((done.code, done.out), (0, "before\n"), done)


def test_what_is_too_much_is_refused_and_not_cut():
    chain, key = certificate("good")
    many = ",".join(f"p{i}" for i in range(40))
    with tls_server(end) as server:
        at = f"localhost:{server.port}"
        done = run("connect", at, "-CAfile", ca_file(), "--keymatexport", "x",
                   "--keymatexportlen", "257")
        equal(done.code, 2, done)
        has(done.err, "at most 256")
        for words in (("connect", at), ("get", f"https://{at}/")):
            done = run(*words, "--cacert", ca_file(), "--alpn", many)
            equal(done.code, 2, done)
            has(done.err, "too many")
        equal(server.accepted, 0)
    done = run("serve", "--cert", chain, "--key", key, "--alpn", many,
               timeout=10)
    equal(done.code, 2, done)
    for days in ("36526", "99999999999999999", "18446744073709551615"):
        done = run("mtls", "init", WORK / "days", "--days", days)
        equal(done.code, 2, done)
        has(done.err, "a century")


def test_a_long_name_of_ours_is_sent_whole():
    heads = []

    def handle(tls):
        heads.append(cli.read_request(tls)[0])
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        end(tls)
    with tls_server(handle) as server:
        done = run("get", "-A", "a" * 5000, "--cacert", ca_file(),
                   f"https://localhost:{server.port}/")
        equal(done.code, 0, done)
    has(heads[0], "^User-Agent: a{5000}\r$")


def test_the_time_is_up_however_much_comes():
    big = WORK / "big"
    big.mkdir()
    with open(big / "zeroes", "wb") as file:
        file.truncate(1 << 40)
    with Serve("--dir", big) as server:
        done = run("get", "-m", "0.7", "-o", os.devnull, "--cacert", ca_file(),
                   server.url + "zeroes")
        equal(done.code, 28, done)
        has(done.err, r"the time is up \[system\.timeout\]")
        has(done.err, r"after \d+ bytes of the answer")
        has(done.err, "allow more with --max-time")
        want(done.seconds < 5, done.seconds)
    with cli.Server(lambda peer: time.sleep(5)) as server:
        for option in ("-m", "--connect-timeout"):
            done = run("get", option, "0.0001", "--cacert", ca_file(),
                       f"https://localhost:{server.port}/")
            equal(done.code, 28, done)
            want(done.seconds < 4, done.seconds)


def test_who_listens_may_leave_out_the_host_or_take_any_port():
    for where, host in (("127.0.0.1:0", "127.0.0.1"), (":0", "localhost"),
                        ("0", "localhost")):
        child = subprocess.Popen(
            [HANDFAST, "serve", "--accept", where, "--json", "--once"],
            stdout=subprocess.PIPE, env=cli.CLEAN, cwd=WORK)
        said = json.loads(child.stdout.readline())
        done = run("get", "-s", f"https://{host}:{said['port']}/", "--cacert",
                   said["ca"])
        equal(done.code, 0, where, done)
        child.communicate(timeout=20)
    equal(run("serve", "--accept", "localhost").code, 2)
    child = subprocess.Popen(
        [HANDFAST, "ca", "ocsp", "--ca", ca(), "--listen", "127.0.0.1:0",
         "--json"], stdout=subprocess.PIPE, env=cli.CLEAN, cwd=WORK)
    said = json.loads(child.stdout.readline())
    child.terminate()
    child.wait(timeout=20)
    want(said["port"] > 0, said)


def test_a_responder_says_where_it_cannot_listen():
    folder = ca()
    for where, code, words in (("x", 2, "takes PORT or ADDRESS:PORT"),
                               ("[::zz]:0", 6, "no address"),
                               ("192.0.2.1:0", 7, "cannot listen")):
        done = run("ca", "ocsp", "--ca", folder, "--listen", where)
        equal(done.code, code, where, done)
        has(done.err, words)
        lacks(done.err, "Success")


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

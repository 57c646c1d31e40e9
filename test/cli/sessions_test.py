#!/usr/bin/python3
"""Sessions in the command: `connect --reconnect`, `get --ssl-sessions FILE`, and
what `serve` resumes; what a file of sessions must be, and how it is told."""
import json
import os
import re
import ssl
import sys
import time

import cli
import schema
from cli import WORK, ca_file, equal, has, lacks, run, want
from serving import Serve, fresh


VERSIONS = (("TLS 1.3", "1.3"), ("TLS 1.2", "1.2"))


# ---- connect --reconnect ----------------------------------------------------------

def test_reconnect_resumes_and_says_so():
    with Serve() as server:
        for name, most in VERSIONS:
            done = server.connect("--tls-max", most, "--reconnect")
            equal((done.code, done.out), (0, ""), done)
            lines = re.findall(r"^connection .*", done.err, re.M)
            equal(len(lines), 6, done.err)
            has(lines[0], rf"^connection 1   full handshake  {name}  [\d.]+ ms$")
            for line in lines[1:]:
                has(line, rf"^connection \d   resumed         {name}  ")
            has(done.err, r"^session    resumed: ")
            has(done.err, r"^chain    0 CN=localhost$")
            has(done.err, r"^verify: ok: localhost$")
    equal([s["resumed"] for s in server.said],
          [False] + 5 * [True] + [False] + 5 * [True])


def test_reconnects_as_json():
    with Serve() as server:
        done = server.connect("--json", "--reconnects", "2").json()
    equal([b["resumed"] for b in done["before"]], [False, True])
    equal(done["tls"]["resumed"], True)
    want(any(e.get("id") == "choose.psk" or e.get("name") == "choose.psk"
             for e in done["events"]), done["events"])


def test_a_server_that_keeps_nothing_is_not_waited_for_long():
    with Serve("--no_ticket") as server:
        done = server.connect("--reconnects", "2")
        equal(len(re.findall(r"^connection \d +full handshake", done.err,
                             re.M)), 3, done.err)
        lacks(done.err, "resumed")


def test_what_is_not_verified_is_resumed_and_not_called_verified():
    with Serve() as server:
        done = run("connect", "-k", "--reconnects", "1",
                   f"localhost:{server.port}")
        equal(done.code, 0, done)
        has(done.err, r"^connection 2   resumed")
        has(done.err.splitlines()[-1], r"^verify: FAILED \(ignored\)")


# ---- a file of sessions -----------------------------------------------------------

def test_a_file_resumes_in_the_next_run():
    with Serve() as server:
        for _, most in VERSIONS:
            file = fresh("sessions")
            found = [server.get(file, "--tls-max", most).out
                     for _ in range(4)]
            equal(found, ["0", "1", "1", "1"])
            equal(os.stat(file).st_mode & 0o777, 0o600)
            has(file.read_text(), r"\Ahandfast sessions 1\nkey [0-9a-f]{32} "
                r"[0-9a-f]{64}\nsession \d+ [0-9a-f]{66} \S+\n")
    equal([s["resumed"] for s in server.said],
          [False, True, True, True] * 2)


def test_connect_and_get_share_a_file_unless_alpn_differs():
    file = fresh("sessions")
    with Serve() as server:
        equal(server.get(file).out, "0")
        done = server.connect("--sess_in", file, "--alpn", "http/1.1")
        has(done.err, r"^session    resumed")
        done = server.connect("--sess_in", file)
        lacks(done.err, r"resumed")


def test_another_port_is_another_service():
    file = fresh("sessions")
    with Serve() as one, Serve() as other:
        equal([one.get(file).out, one.get(file).out, other.get(file).out,
               one.get(file).out], ["0", "1", "0", "1"])


def test_a_changed_file_makes_a_full_handshake():
    file = fresh("sessions")
    with Serve("--tls1_2") as server:
        equal([server.get(file).out, server.get(file).out], ["0", "1"])
        text = file.read_text()
        for change in (
                lambda line: line[:-30] + ("A" if line[-30] != "A" else "B")
                + line[-29:],
                lambda line: line[:-4],
                lambda line: "session nonsense",
                lambda line: line.replace("session ", "cession ")):
            lines = text.splitlines()
            lines[2] = change(lines[2])
            file.write_text("\n".join(lines[:3]) + "\n")
            done = server.get(file)
            equal((done.code, done.out), (0, "0"), done)
            equal(server.get(file).out, "1")


def test_as_many_tickets_as_were_asked_for():
    with Serve() as server:
        for wish, count in (("3:1", 3), ("0:0", 0), ("16:16", 8)):
            done = run("get", "-v", "--cacert", ca_file(), server.url,
                       "--ssl-sessions", fresh("tickets"), "--ticket-request",
                       wish, "-o", "answer")
            equal(done.code, 0, done)
            has(done.err, rf"announced \({count} tickets\)")
            equal(len(re.findall("New session ticket", done.err)), count, done)
        for wish in ("3", "3:", "a:b", "1:2:3", "-1:2", "17:1", "100:100", ""):
            done = run("get", server.url, "--ticket-request", wish)
            equal(done.code, 2, wish, done)


def test_what_has_expired_is_dropped():
    file = fresh("sessions")
    with Serve("--session-lifetime", "4", "--tls1_2") as server:
        equal(server.get(file).out, "0")
        want("session " in file.read_text().split("\n", 1)[1])
        time.sleep(5.1)
        text = file.read_text()
        equal(server.get(file).out, "0")
        want(text.splitlines()[2] not in file.read_text())


def refused(file, words):
    """Not used, and not touched."""
    before = file.read_bytes()
    with Serve() as server:
        done = server.get(file)
        equal(done.code, 2, done)
        has(done.err, r"sessions\.file")
        has(done.err, words)
    equal(file.read_bytes(), before)


def test_a_file_that_is_something_else_is_left_alone():
    file = fresh("notes")
    file.write_text("my notes\n")
    file.chmod(0o600)
    refused(file, "not a file of sessions")


def test_a_file_that_others_read_is_refused():
    file = fresh("sessions")
    with Serve() as server:
        equal(server.get(file).out, "0")
    file.chmod(0o644)
    refused(file, "others can read it")


def test_what_is_no_file_is_refused_at_once():
    pipe, folder = fresh("pipe"), fresh("folder")
    os.mkfifo(pipe, 0o600)
    folder.mkdir(mode=0o700)
    with Serve() as server:
        for path in (pipe, folder, "/dev/null", "/dev/zero"):
            done = server.get(path)
            equal(done.code, 2, done)
            has(done.err, "no file of yours")
            want(done.seconds < 10, done.seconds)


def test_a_file_without_its_key_is_refused():
    file = fresh("sessions")
    file.write_text("handfast sessions 1\nkey abc def\n")
    file.chmod(0o600)
    refused(file, "no key")


def test_a_file_that_cannot_be_written_is_told():
    with Serve() as server:
        done = server.get(WORK / "no-such-folder" / "sessions")
        want(done.code != 0, done)
        has(done.err, r"sessions\.file")


def test_nothing_unverified_is_kept():
    file = fresh("sessions")
    with Serve() as server:
        done = run("get", "-sk", "-o", os.devnull, "--ssl-sessions", file,
                   server.url)
        equal(done.code, 0, done)
    want(not file.exists())


# ---- serve ----------------------------------------------------------------------------

def python_client(server, context, session=None):
    """One request: (the session, was an earlier one resumed?)."""
    with cli.socket.create_connection(("localhost", server.port)) as raw:
        tls = context.wrap_socket(raw, server_hostname="localhost",
                                  session=session)
        tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while tls.recv(65536):
            pass
        return tls.session, tls.session_reused


def test_session_ids_are_for_clients_without_tickets():
    for words, resumed in ((("--session-ids",), True), ((), False)):
        context = ssl.create_default_context(cafile=str(ca_file()))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
        with Serve(*words) as server:
            kept, first = python_client(server, context)
            _, second = python_client(server, context, kept)
        equal((first, second), (False, resumed), words)
        equal([s["resumed"] for s in server.said], [False, resumed])


def test_the_page_tells_whether_it_was_resumed():
    file = fresh("sessions")
    with Serve() as server:
        for resumed in (False, True):
            done = run("get", "-sS", "--cacert", ca_file(), "--ssl-sessions",
                       file, server.url + ".handfast.json")
            page = json.loads(done.out)
            schema.check(page)
            equal(page["resumed"], resumed)


def test_a_lifetime_past_a_week_is_refused():
    done = run("serve", "--session-lifetime", "604801")
    equal(done.code, 2, done)
    has(done.err, "seven days")


# ---- the trace ------------------------------------------------------------------------

def test_the_trace_cites_the_rfc_of_the_version():
    with Serve() as server:
        for most, rule in (("1.3", r"choose\.psk.*RFC 8446 4\.2\.11"),
                           ("1.2", r"choose\.session.*RFC 5077 3\.4")):
            file = fresh("sessions")
            first = server.get(file, "-vv", "--tls-max", most)
            flat = re.sub(r"\n\*       rule", " rule", first.err)
            has(flat, rule)
            has(flat, r"a full handshake \(no session is kept for these names")
            again = server.get(file, "-vv", "--tls-max", most)
            flat = re.sub(r"\n\*       rule", " rule", again.err)
            has(flat, rule)
            has(flat, r"resumed \(both know the secret of an earlier session")
            has(flat, r"^\* Session resumed")


cli.run_tests(sys.modules[__name__])

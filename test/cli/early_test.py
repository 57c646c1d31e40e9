#!/usr/bin/python3
"""Early data (0-RTT) in the command: `get --tls-earlydata`, `connect --early-data
FILE`, `serve --early-data`; what goes early, what does not, and that nothing is
lost either way."""
import sys

import cli
from cli import WORK, equal, has, lacks, run, want
from serving import Serve, fresh


def early(server):
    """Bytes of early data of each connection that the server has told of."""
    return [s["early_bytes"] for s in server.said if "early_bytes" in s]


def test_a_get_goes_early_once_there_is_a_session():
    file = fresh("early")
    with Serve("--early-data") as server:
        found = [server.get(file, "--tls-earlydata").out for _ in range(4)]
    equal(found, ["0", "1", "1", "1"])
    sent = early(server)
    equal(sent[0], 0)
    want(all(50 < n < 500 for n in sent[1:]), sent)
    equal([s["status"] for s in server.said if "status" in s], [200] * 4)


def test_nothing_goes_early_unless_both_ask_for_it():
    for ours, theirs in (([], ["--early-data"]), (["--tls-earlydata"], []),
                         (["--tls-earlydata", "--tls-max", "1.2"],
                          ["--early-data"])):
        file = fresh("early")
        with Serve(*theirs) as server:
            found = [server.get(file, *ours).out for _ in range(2)]
        equal(found, ["0", "1"])
        equal(early(server), [0, 0])


def test_a_post_never_goes_early():
    file = fresh("early")
    with Serve("--early-data") as server:
        server.get(file)
        done = server.get(file, "--tls-earlydata", "-d", "x=1")
        equal((done.code, done.out), (0, "1"), done)
    equal(early(server), [0, 0])


def test_what_is_rejected_is_sent_again():
    file = fresh("early")
    # a group that is not the first guess: a retry, after which none may go
    with Serve("--early-data", "--groups", "P-384") as server:
        equal(server.get(file, "--tls-earlydata").out, "0")
        done = server.get(file, "--tls-earlydata", "-v")
        equal((done.code, done.out), (0, "1"), done)
        has(done.err, r"early data was rejected: it is sent again")
    equal(early(server), [0, 0])
    equal([s["status"] for s in server.said if "status" in s], [200] * 2)


def test_it_is_told():
    file = fresh("early")
    with Serve("--early-data") as server:
        done = server.get(file, "--tls-earlydata", "-v")
        has(done.err, r"no session allows early data")
        done = server.get(file, "--tls-earlydata", "-v")
        has(done.err, r"\d+ bytes went as early data")
        lacks(done.err, r"rejected")


def test_connect_sends_a_file_early_or_late():
    data = WORK / "early.txt"
    data.write_text("before anything else\n")
    file = fresh("early")
    with Serve("--early-data", "--echo") as server:
        for _ in range(3):
            done = server.connect("--ssl-sessions", file, "--early-data", data)
            equal((done.code, done.out), (0, "before anything else\n"), done)
    sent = [s.get("early_bytes") for s in server.said if "early_bytes" in s]
    equal(sent, [0, 21, 21], server.said)


def test_a_file_that_is_not_there():
    done = cli.run("connect", "--early-data", WORK / "nowhere",
                   "localhost:1")
    want(done.code not in (0, None), done)
    has(done.err, r"nowhere")


cli.run_tests(sys.modules[__name__])

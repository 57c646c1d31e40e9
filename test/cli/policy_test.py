#!/usr/bin/python3
"""`handfast policy`, and what --policy and the options beside it offer: seen in
the ClientHello that arrives, and by what a server accepts."""
import json
import re
import subprocess
import sys

import cli
from cli import ca_file, certificate, equal, has, lacks, run, want

NAMES = ("default", "modern", "classic")
ECDHE = [0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc030, 0xcca8]
NEW = [0x1301, 0x1302, 0x1303]


def numbers(document, key):
    return [int(row["number"], 16) for row in document[key]]


def show(name):
    return run("policy", "show", "--json", name).json()


# ---- list, show, diff ------------------------------------------------------------


def test_each_policy_has_a_line_and_a_pinned_name():
    done = run("policy", "list")
    equal((done.code, done.err), (0, ""))
    lines = done.out.splitlines()
    rows = run("policy", "list", "--json").json()["policies"]
    equal(len(lines), len(rows))
    for line, row in zip(lines, rows):
        equal(line.split()[:2], [row["pinned"], row["date"]])
        want(line.endswith(row["purpose"]) or not row["newest"], line)
    equal(sorted(row["name"] for row in rows if row["newest"]),
          sorted(NAMES))


def test_a_short_name_shows_the_newest_edition():
    for row in run("policy", "list", "--json").json()["policies"]:
        long = run("policy", "show", row["pinned"])
        equal(long.code, 0)
        if row["newest"]:
            equal(run("policy", "show", row["name"]).out, long.out)
    equal(run("policy", "show").out, run("policy", "show", "default").out)


def test_show_says_the_same_as_text_and_as_json():
    for name in NAMES:
        text, document = run("policy", "show", name).out, show(name)
        has(text, f"^policy +{document['pinned']}, of {document['date']}$")
        has(text, f"of {document['min_rsa_bits']} bits")
        for key in ("suites", "groups", "shares", "signatures"):
            for row in document[key]:
                has(text, rf"^  {row['number']}  {row['name']}\b")
        want([line for line in text.splitlines()
              if line.endswith("no forward secrecy")] and name == "classic"
             or all(row["forward_secrecy"] for row in document["suites"]))


def test_the_three_differ_as_they_should():
    default, modern, classic = map(show, NAMES)
    equal(default["versions"], ["TLS 1.3", "TLS 1.2"])
    equal(modern["versions"], ["TLS 1.3"])
    equal(numbers(default, "suites"), NEW + ECDHE)
    equal(numbers(modern, "suites"), NEW)
    equal(numbers(classic, "suites"), NEW + ECDHE + [0x9c, 0x9d])


def test_diff_shows_what_only_one_has():
    done = run("policy", "diff", "default", "classic")
    equal(done.code, 1)
    equal([line[:9] for line in done.out.splitlines() if line[:2] == "+ "],
          ["+ 0x009c ", "+ 0x009d "])
    lacks(done.out, "^- ")
    back = run("policy", "diff", "classic", "default")
    equal(sum(line[:2] == "- " for line in back.out.splitlines()), 2)
    document = run("policy", "diff", "modern", "classic", "--json").json()
    equal(document["same"], False)
    equal(document["versions"], ["TLS 1.3 only", "TLS 1.2 to TLS 1.3"])
    equal(len(document["suites"]["added"]), 8)
    equal(document["suites"]["removed"], [])
    same = run("policy", "diff", "default",
               show("default")["pinned"])
    equal((same.code, same.out), (0, ""))


def test_other_names_are_refused_with_a_hint():
    for words in (("show", "defualt"), ("diff", "default", "moderm"),
                  ("show", "default-1999"), ("show", "")):
        done = run("policy", *words)
        equal(done.code, 2, words)
        has(done.err, "there is no policy")
    has(run("policy", "show", "defualt").err, "did you mean default")
    for words in (("show", "a", "b"), ("diff", "default"), ("list", "x"),
                  ("diff",)):
        equal(run("policy", *words).code, 2, words)
    for words in (("get", "https://localhost:1/"), ("connect", "localhost:1"),
                  ("serve",)):
        done = run(words[0], "--policy", "clasic", *words[1:])
        equal(done.code, 2, done)
        has(done.err, "there is no policy of that name", done)


# ---- what a client offers ----------------------------------------------------------


def hello_of(*options, command="get"):
    """The parts of the ClientHello that `handfast get OPTIONS` sends."""
    got = bytearray()

    def listen(sock):
        sock.settimeout(5)
        while len(got) < 5 or len(got) < 5 + int.from_bytes(got[3:5], "big"):
            part = sock.recv(65536)
            if not part:
                return
            got.extend(part)

    with cli.Server(listen) as server:
        if command == "get":
            done = run("get", *options, "--connect-timeout", "5",
                       f"https://127.0.0.1:{server.port}/")
        else:
            done = run("connect", *options, f"127.0.0.1:{server.port}")
    want(len(got) > 5, done)
    return parts_of(bytes(got[5:]))


def parts_of(hello):
    """RFC 8446 4.1.2, as far as it matters here."""
    def list16(at):
        size = int.from_bytes(at[:2], "big")
        return [int.from_bytes(at[i:i + 2], "big")
                for i in range(2, 2 + size, 2)]

    at = 4 + 2 + 32
    at += 1 + hello[at]
    suites = list16(hello[at:])
    at += 2 + 2 * len(suites)
    at += 1 + hello[at]
    found, end = {}, at + 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 2
    while at < end:
        number = int.from_bytes(hello[at:at + 2], "big")
        size = int.from_bytes(hello[at + 2:at + 4], "big")
        found[number] = hello[at + 4:at + 4 + size]
        at += 4 + size
    versions = [int.from_bytes(found[43][i:i + 2], "big")
                for i in range(1, len(found[43]), 2)] if 43 in found else []
    return {"version": int.from_bytes(hello[4:6], "big"), "suites": suites,
            "versions": versions, "groups": list16(found[10]),
            "signatures": list16(found[13])}


def without_signals(suites):
    """0x00ff says only that renegotiation is known (RFC 5746 3.3)."""
    return [suite for suite in suites if suite not in (0x00ff, 0x5600)]


def test_a_client_offers_what_its_policy_says():
    for name in ("default", "default-2026", "modern", "classic"):
        document = show(name)
        for command in ("get", "connect"):
            hello = hello_of("--policy", name, command=command)
            equal(without_signals(hello["suites"]),
                  numbers(document, "suites"), name, command)
            equal(hello["groups"], numbers(document, "groups"))
            equal(hello["signatures"], numbers(document, "signatures"))
            equal(hello["versions"],
                  [0x0304, 0x0303][:len(document["versions"])])
    equal(hello_of(), hello_of("--policy", "default"))


def test_versions_can_be_limited_with_every_command():
    for command in ("get", "connect"):
        old = hello_of("--tls-max", "1.2", command=command)
        equal(old["version"], 0x0303)
        want(0x0304 not in old["versions"])
        equal(without_signals(old["suites"]), ECDHE)
        for words in (("--tls-max", "1.3"), ("--tls-max", "default")):
            equal(hello_of(*words, command=command)["versions"],
                  [0x0304, 0x0303])
        equal(hello_of("--tlsv1.3", command=command)["versions"], [0x0304])
    equal(hello_of("--tlsv1.2")["versions"], [0x0304, 0x0303])
    for words in (("--tls-max", "1.3", "-tls1_2"),
                  ("-no_tls1_3", "--tls-max", "default")):
        equal(hello_of(*words, command="connect")["version"], 0x0303)
        equal(hello_of(*words, command="connect")["versions"],
              old["versions"])
    for words in (("get", "--tlsv1.3", "--tls-max", "1.2", "https://a.test"),
                  ("connect", "-tls1_3", "--tls-max", "1.2", "a.test"),
                  ("serve", "--tlsv1.3", "--tls-max", "1.2"),
                  ("serve", "--tlsv1.3", "--tls1_2", "--tls-max", "1.3")):
        done = run(*words, timeout=5)
        equal(done.code, 2, words, done)
        has(done.err, "no version of TLS is left", done)
    equal(hello_of("-tls1_2", command="connect")["suites"], old["suites"])


def test_lists_change_a_policy_in_part():
    hello = hello_of("--ciphers", "ECDHE-RSA-AES128-GCM-SHA256")
    equal(without_signals(hello["suites"]), NEW + [0xc02f])
    hello = hello_of("--tls13-ciphers", "TLS_AES_256_GCM_SHA384")
    equal(without_signals(hello["suites"]), [0x1302] + ECDHE)
    hello = hello_of("--policy", "modern", "--curves", "P-256")
    equal((hello["suites"], hello["groups"]), (NEW, [23]))
    done = run("get", "--policy", "modern", "--tls-max", "1.2",
               "https://localhost:1/")
    has(done.err, "none of the cipher suites is of a version", done)


# ---- what a server accepts -----------------------------------------------------------


def visit(words, *options):
    """What a get from a server with those words says, and the server."""
    runtime = cli.WORK / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    server = subprocess.Popen(
        [cli.HANDFAST, "serve", "-v", "--port", "0", "--once", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**cli.CLEAN, "XDG_RUNTIME_DIR": str(runtime)})
    try:
        said = ""
        while not (port := re.search(r"https://localhost:(\d+)", said)):
            line = server.stdout.readline()
            want(line, "the server has ended", said)
            said += line
        done = run("get", "-v", "--json", "--cacert", ca_file(), *options,
                   f"https://localhost:{port[1]}/")
    finally:
        server.terminate()
        out, err = server.communicate()
    return done, said + out + err


def outcome(words, *options):
    """(exit code, version)"""
    chain, key = certificate("good")
    done, _ = visit((*words, "--cert", chain, "--key", key), *options)
    tls = done.json()["hops"][0].get("tls") or {}
    return done.code, tls.get("version")


def test_a_server_accepts_what_its_policy_says():
    for words, options, wanted in (
            ((), (), (0, "TLS 1.3")),
            ((), ("--tls-max", "1.2"), (0, "TLS 1.2")),
            (("--tls-max", "1.2"), (), (0, "TLS 1.2")),
            (("--tls1_2",), (), (0, "TLS 1.2")),
            (("--tlsv1.2",), (), (0, "TLS 1.3")),
            (("--policy", "modern"), (), (0, "TLS 1.3")),
            (("--policy", "default-2026"), ("--policy", "modern"),
             (0, "TLS 1.3"))):
        equal(outcome(words, *options), wanted, words, options)
    for words, options in (
            (("--policy", "modern"), ("--tls-max", "1.2")),
            (("--tlsv1.3",), ("--tls-max", "1.2")),
            (("--tls-max", "1.2"), ("--policy", "modern"))):
        equal(outcome(words, *options)[0], 35, words, options)


def test_classic_transports_by_rsa_and_says_what_that_costs():
    chain, key = certificate("classic", "localhost", options=("--rsa",))
    words = ("--cert", chain, "--key", key, "--policy", "classic")
    for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384"):
        done, served = visit(words, "--policy", "classic", "--tls-max", "1.2",
                             "--ciphers", suite)
        equal(done.code, 0, done)
        hop = done.json()["hops"][0]
        has(hop["tls"]["suite"], "^TLS_RSA_WITH_AES_")
        has(done.err, "policy classic-2026: ")
        for trace in (done.err, served):
            has(trace, "no forward secrecy: whoever gets the server's private"
                " key", trace)
        want("no forward secrecy" in json.dumps(hop["events"]))
    # nobody pays it who can have better
    done, served = visit(words, "--policy", "classic", "--tls-max", "1.2")
    has(done.json()["hops"][0]["tls"]["suite"], "^TLS_ECDHE_RSA_")
    lacks(done.err + served, "no forward secrecy: ")
    # and nobody who has not asked for it
    for theirs, ours in (("default", "classic"), ("classic", "default")):
        done, _ = visit((*words, "--policy", theirs), "--policy", ours,
                        "--tls-max", "1.2", *(("--ciphers", suite)
                                              if ours == "classic" else ()))
        equal(done.code, 35 if ours == "classic" else 0, done)
        lacks(done.err, "TLS_RSA_WITH", done)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

#!/usr/bin/python3
"""handfast get: what is offered and accepted, the trace, the JSON document and
what it all costs."""
import hashlib
import json
import os
import re
import resource
import shutil
import stat
import subprocess
import sys

import cli
from cli import (WORK, ca_file, certificate, equal, has, lacks, run,
                 tls_context, want)
from web import YES, Web, get, moved


# ---- TLS ---------------------------------------------------------------------------------

def test_a_pin_that_fits():
    with Web({"/": YES}) as web:
        trace = get(web, "-v").err
        pin = re.search(r"sha256//\S+", trace).group(0)
        equal(get(web, "--pinnedpubkey", f"sha256//AAAA;{pin}").out, "yes")


def test_a_client_certificate_and_its_passphrase():
    chain, key = certificate("good")
    mine, mine_key = certificate("me", "me.test", options=("--client",))
    locked = WORK / "locked.pem"
    done = subprocess.run(["openssl", "pkcs8", "-topk8", "-in", mine_key,
                           "-out", locked, "-passout", "pass:open"],
                          capture_output=True, check=False)
    equal(done.returncode, 0, done.stderr)
    context = tls_context(chain, key)
    context.verify_mode = cli.ssl.CERT_REQUIRED
    context.load_verify_locations(ca_file())
    with Web({"/": YES}, context) as web:
        equal(get(web, "--cert", mine, "--key", mine_key).out, "yes")
        equal(get(web, "--cert", mine, "--key", locked, "--pass",
                  "open").out, "yes")
        equal(get(web, "-E", f"{mine}:open", "--key", locked).out, "yes")
        done = get(web, "--cert", mine, "--key", locked, "--pass", "wrong")
        equal(done.code, 58, done)
        has(done.err, r"\[config\.passphrase\]")
        lacks(done.err, r"wrong'|pass:wrong|\"wrong\"", "not printed")


def test_the_name_sent_and_the_name_verified_can_differ():
    names = []
    chain, key = certificate("good")
    context = tls_context(chain, key)
    context.sni_callback = lambda s, name, c: names.append(name)
    with Web({"/": YES}, context) as web:
        equal(get(web, "--sni", "other.test").out, "yes")
        equal(get(web, "--sni", "").out, "yes")
        equal(get(web).out, "yes")
    equal(names, ["other.test", None, "localhost"])


def test_suites_and_groups_are_offered_as_said():
    with Web({"/": YES}) as web:
        for suite in ("TLS_CHACHA20_POLY1305_SHA256", "0x1302"):
            for group in ("P-256", "x25519", "secp384r1"):
                tls = get(web, "--json", "--tls13-ciphers", suite, "--curves",
                          group).json()["hops"][0]["tls"]
                equal(tls["suite"], "TLS_AES_256_GCM_SHA384"
                      if suite == "0x1302" else suite)
                equal(tls["group"], {"P-256": "secp256r1"}.get(group, group))
    done = run("get", "https://localhost/", "--curves", "P-257")
    equal(done.code, 2, done)
    has(done.err, r"P-257")


def test_the_key_log_is_appended_and_private():
    log = WORK / "keys.log"
    log.write_text("# mine\n")
    new = WORK / "new.log"
    with Web({"/": YES}) as web:
        equal(get(web, env={"SSLKEYLOGFILE": str(log)}).out, "yes")
        equal(get(web, "--keylog-file", new).out, "yes")
    lines = log.read_text().splitlines()
    equal(lines[0], "# mine")
    labels = {line.split(" ")[0] for line in lines[1:]}
    want({"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
          "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} <= labels,
         labels)
    want(all(re.fullmatch(r"[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}", line)
             for line in lines[1:]), lines)
    equal(stat.S_IMODE(new.stat().st_mode), 0o600)


def test_trust_from_the_environment():
    with Web({"/": YES}) as web:
        equal(run("get", web.url(), env={"SSL_CERT_FILE": str(ca_file())}).out,
              "yes")
        equal(run("get", web.url()).code, 60)


# ---- the trace ------------------------------------------------------------------------------

TRACE = [
    ("OUT", "TLS handshake, Client hello (1):"),
    ("IN", "TLS handshake, Server hello (2):"),
    ("IN", "TLS change cipher, Change cipher spec (1):"),
    ("IN", "TLS handshake, Encrypted extensions (8):"),
    ("IN", "TLS handshake, Certificate (11):"),
    ("IN", "TLS handshake, Certificate verify (15):"),
    ("IN", "TLS handshake, Finished (20):"),
    ("OUT", "TLS change cipher, Change cipher spec (1):"),
    ("OUT", "TLS handshake, Finished (20):"),
]


def messages(trace):
    """[(direction, title, bytes)] of a trace."""
    return [(m.group(1), m.group(2), int(m.group(3))) for m in re.finditer(
        r"^\* TLSv1\.[23] \((OUT|IN)\), (TLS [^:]*:) +(\d+) B +\+\d+\.\d ms",
        trace, re.M)]


def test_head_with_v_prints_every_message_in_wire_order():
    with Web({"/": YES[:-3]}) as web:
        done = get(web, "--head", "-v")
    seen = [(way, title) for way, title, size in messages(done.err)]
    handshake = seen[:len(TRACE)]
    equal(handshake, TRACE, done.err)
    rest = [title for way, title in seen[len(TRACE):]]
    want(set(rest) <= {"TLS handshake, New session ticket (4):",
                       "TLS alert, close notify (0):"}, rest)
    want(all(size > 0 for _, _, size in messages(done.err)))
    has(done.err, r"^\* SSL connection using TLSv1\.3 / TLS_\w+ / \w+ / \w+$")
    has(done.err, r"^\*  subject: CN=localhost$")
    has(done.err, r"^\*  start date: \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT$")
    has(done.err, r"^\*  expire date: ")
    has(done.err, r'^\*  subjectAltName: host "localhost" matched cert\'s '
        r'"localhost"$')
    has(done.err, r"^\*  issuer: CN=")
    has(done.err, r"^\*  SSL certificate verify ok\.$")
    has(done.err, r"^> HEAD / HTTP/1\.1$")
    has(done.err, r"^< HTTP/1\.1 200 OK$")
    has(done.err, r"^\*   choose\.group: ")
    has(done.err, r"^\*   verify\.check\.name: CN=localhost: ok")
    has(done.err, r"^\* dns \d.*  tcp .*  tls .*server .*  total .* ms$")


def test_a_retry_is_called_one():
    chain, key = certificate("good")
    context = tls_context(chain, key)
    context.set_ecdh_curve("secp384r1")
    with Web({"/": YES}, context) as web:
        done = get(web, "-v")
    equal(done.out, "yes", done)
    titles = [title for _, title, _ in messages(done.err)]
    equal(titles.count("TLS handshake, Client hello (1):"), 2)
    has(done.err, r"Hello retry request \(2\): .* wants a share of secp384r1")


def test_vv_shows_fields_and_vvv_bytes():
    with Web({"/": YES}) as web:
        two, three = get(web, "-vv").err, get(web, "-vvv").err
    has(two, r"^\* +\d+ +32 +random: [0-9a-f]{16}")
    has(two, r"^\*       rule: .* \[RFC 8446 ")
    lacks(two, r"^\*     00000 ")
    has(three, r"^\*     00000  01 00 ")


def test_secrets_are_shown_only_if_asked():
    with Web({"/": YES}) as web:
        done = get(web, "-vvv")
        lacks(done.err, r"TRAFFIC_SECRET")
        document = get(web, "--json", "-vvv").out
        lacks(document, r"TRAFFIC_SECRET")
        has(get(web, "-v", "--show-secrets").err,
            r"secret: CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64}")


def test_no_color_in_pipes_unless_it_is_forced():
    with Web({"/": YES}) as web:
        lacks(get(web, "-v").err, r"\x1b")
        has(get(web, "-v", "--color=always").err, r"\x1b")
        has(get(web, "-v", env={"CLICOLOR_FORCE": "1"}).err, r"\x1b")
        lacks(get(web, "-v", env={"CLICOLOR_FORCE": "1",
                                  "NO_COLOR": "1"}).err, r"\x1b")
        lacks(get(web, "-v", "--color", "never",
                  env={"CLICOLOR_FORCE": "1"}).err, r"\x1b")


def test_it_costs_less_than_a_third_of_curls_time():
    if not shutil.which("curl") or os.environ.get("HF_WRAP"):
        raise cli.Skip("the cost of curl (apt install curl)")
    system = "/etc/ssl/certs/ca-certificates.crt"
    if not os.path.exists(system):
        raise cli.Skip("the system's bundle (apt install ca-certificates)")
    bundle = WORK / "bundle.pem"
    bundle.write_bytes(open(system, "rb").read() + ca_file().read_bytes())

    def cost(*words):
        """CPU seconds of 15 runs, the whole process."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(15):
            done = subprocess.run(words, capture_output=True, check=False,
                                  env=cli.CLEAN)
            equal((done.returncode, done.stdout), (0, b"yes"))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime
                - before.ru_utime - before.ru_stime)
    with Web({"/": YES}) as web:
        ours = cost(cli.HANDFAST, "get", "--cacert", bundle, web.url())
        curls = cost("curl", "-s", "--cacert", bundle, web.url())
    print(f"# NOTE: get costs {ours / curls:.2f} of curl's CPU time")
    if b"__asan_init" in open(cli.HANDFAST, "rb").read():
        raise cli.Skip("cannot be had: the cost, with sanitizers")
    want(ours * 3 < curls, f"{ours:.3f} s and {curls:.3f} s")


# ---- JSON -----------------------------------------------------------------------------------

def test_the_document_has_everything_and_nothing_else_is_printed():
    with Web({"/": YES}) as web:
        done = get(web, "--json")
    equal((done.code, done.err), (0, ""))
    document = done.json()
    equal(sorted(document), ["error", "exit", "hops", "schema", "url"])
    hop = document["hops"][0]
    equal((hop["response"]["status"], hop["response"]["body"]), (200, "yes"))
    equal(hop["tls"]["verify"], "ok")
    equal(hop["tls"]["alpn"], None)
    leaf = hop["tls"]["certificates"][0]
    want("DNS:localhost" in leaf["names"], leaf)
    der = bytes.fromhex(leaf["der"])
    equal(leaf["sha256"], hashlib.sha256(der).hexdigest())
    hello = next(e for e in hop["events"] if e["kind"] == "message")
    equal((hello["dir"], hello["message"], hello["type"]),
          ("out", "Client hello", 1))
    equal(len(bytes.fromhex(hello["bytes"])), hello["len"])
    share = next(f for f in hello["fields"]
                 if f["path"].endswith("key_share > shares > group"))
    value = int.from_bytes(bytes.fromhex(hello["bytes"])
                           [share["off"]:share["off"] + share["len"]], "big")
    want(share["value"].startswith(f"0x{value:04x} "), share)
    kinds = {event["kind"] for event in hop["events"]}
    want({"message", "decision", "check"} <= kinds, kinds)


def test_bytes_of_the_peer_cannot_break_the_document():
    evil = b'"\\\x00\x1b\xff\xc3\x28\xed\xa0\x80ok'
    text = b"HTTP/1.0 200 \"x\\\xff\r\nX: \"\\\xfe\r\n\r\n" + evil
    with Web({"/": text}) as web:
        done = get(web, "--json")
    equal(done.code, 0, done)
    body = json.loads(done.bytes.decode("utf-8"))["hops"][0]["response"]["body"]
    equal(body, '"\\\x00\x1b\ufffd\ufffd(\ufffd\ufffd\ufffdok')


def test_a_document_of_redirects_has_a_hop_each():
    with Web({"/": moved("/b"), "/b": YES}) as web:
        hops = get(web, "--json", "-L").json()["hops"]
        equal([hop["response"]["status"] for hop in hops], [302, 200])


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

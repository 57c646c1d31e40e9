#!/usr/bin/python3
"""handfast get: curl's letters, HTTP/1.1, redirects, proxies, the trace and
the JSON document; against servers of Python's ssl."""
import base64
import hashlib
import json
import os
import pty
import re
import socket
import stat
import subprocess
import sys
import threading

import cli
from cli import (WORK, Server, answers, ca_file, certificate, end, equal, has,
                 lacks, read_request, run, tls_context, tls_server, want)

YES = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes"


class Web:
    """Answers every request with what @paths has for its path, and keeps what
    it was asked."""

    def __init__(self, paths, context=None):
        self.asked = []

        def handle(tls):
            head, body = read_request(tls)
            self.asked.append((head, body))
            path = head.split(" ")[1]
            tls.sendall(paths.get(path, b"HTTP/1.1 404 Not Found\r\n"
                                  b"Content-Length: 4\r\n\r\nnone"))
            end(tls)
        self.server = tls_server(handle, context=context)
        self.port = self.server.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def url(self, path="/", host="localhost"):
        return f"https://{host}:{self.port}{path}"


def get(web, *words, path="/", **more):
    return run("get", "--cacert", ca_file(), web.url(path), *words, **more)


# ---- bodies ----------------------------------------------------------------------

def test_a_body_with_a_length():
    with Web({"/": YES}) as web:
        done = get(web)
        equal((done.code, done.out, done.err), (0, "yes", ""))


def test_a_chunked_body_with_extensions_and_trailers():
    text = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;a=b\r\nyes\r\n0A\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n")
    with Web({"/": text}) as web:
        done = get(web)
        equal((done.code, done.out), (0, "yes0123456789"), done)


def test_a_body_that_ends_with_the_connection():
    with Web({"/": b"HTTP/1.0 200 OK\r\n\r\nall of it"}) as web:
        done = get(web)
        equal((done.code, done.out), (0, "all of it"), done)


def test_ten_megabytes_arrive_whole():
    body = os.urandom(10_000_000)
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + body
    with Web({"/": text}) as web:
        done = get(web)
        equal(hashlib.sha256(done.bytes).hexdigest(),
              hashlib.sha256(body).hexdigest(), done.err)


def test_interim_answers_are_passed_over():
    with Web({"/": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + YES}) as web:
        done = get(web, "-v")
        equal((done.code, done.out), (0, "yes"), done)
        has(done.err, r"^< HTTP/1.1 103 Early Hints$")


def test_head_waits_for_no_body():
    with Web({"/": YES[:-3]}) as web:
        done = get(web, "-I")
        equal(done.out, YES[:-3].decode(), done)
        has(web.asked[0][0], r"^HEAD / HTTP/1\.1")


def test_include_prints_the_head_first():
    with Web({"/": YES}) as web:
        equal(get(web, "-i").out, YES.decode())


def smuggling(text, evidence):
    with Web({"/": text}) as web:
        done = get(web)
        equal(done.code, 56, done)
        has(done.err, r"\[http\.malformed\]\n  why  .*" + evidence)


def test_two_lengths_that_differ_are_refused():
    smuggling(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n"
              b"\r\nyes!", r"Content-Length")


def test_a_length_beside_chunks_is_refused():
    smuggling(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", r"beside")


def test_a_length_with_a_sign_is_refused():
    smuggling(b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nyes", r"\+3")


def test_a_chunk_size_that_is_no_number_is_refused():
    smuggling(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
              r"chunk's size")


def test_a_chunk_that_is_longer_than_it_says_is_refused():
    smuggling(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"3\r\nyes!\r\n0\r\n\r\n", r"after a chunk")


def test_a_folded_field_is_refused():
    smuggling(b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", r"folded")


def test_an_endless_head_is_refused():
    smuggling(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 60000 + b"\r\n",
              r"larger than")


def test_an_answer_that_is_not_http():
    smuggling(b"SSH-2.0-OpenSSH_9.2\r\n", r"SSH-2\.0")


# ---- requests ---------------------------------------------------------------------

def test_the_usual_fields_are_sent_once():
    with Web({"/": YES}) as web:
        get(web)
        head = web.asked[0][0]
        equal(head.split("\r\n"),
              ["GET / HTTP/1.1", f"Host: localhost:{web.port}",
               "User-Agent: handfast/0.1.0", "Accept: */*"])


def test_header_replaces_removes_adds_and_empties():
    with Web({"/": YES}) as web:
        get(web, "-H", "Host: other.test", "-H", "Accept:", "-H", "X-One: 1",
            "-H", "X-None;", "-A", "me/1")
        equal(web.asked[0][0].split("\r\n"),
              ["GET / HTTP/1.1", "User-Agent: me/1", "Host: other.test",
               "X-One: 1", "X-None: "])


def test_header_with_a_line_end_is_refused():
    with Web({"/": YES}) as web:
        done = get(web, "-H", "X: 1\r\nY: 2")
        equal(done.code, 3, done)
        equal(web.asked, [])


def test_data_makes_a_post_and_is_joined():
    (WORK / "form").write_text("b=2\n&c=3\r\n")
    with Web({"/": YES}) as web:
        get(web, "-d", "a=1", "-d", "@form")
        head, body = web.asked[0]
        has(head, r"^POST / HTTP/1\.1")
        has(head, r"^Content-Type: application/x-www-form-urlencoded\r?$")
        equal(body, b"a=1&b=2&c=3")


def test_a_post_of_a_megabyte():
    data = b"x" * 1_000_000
    (WORK / "large").write_bytes(data)
    with Web({"/": YES}) as web:
        equal(get(web, "-d", "@large").out, "yes")
        equal(len(web.asked[0][1]), len(data))


def test_other_methods_are_left_to_curl():
    done = run("get", "-X", "DELETE", "https://localhost/")
    equal(done.code, 2, done)
    has(done.err, r"-X takes GET, HEAD or POST")


# ---- output ------------------------------------------------------------------------

def test_output_goes_to_a_file_and_only_there():
    with Web({"/": YES}) as web:
        done = get(web, "-o", "out.txt")
        equal((done.code, done.out, done.err), (0, "", ""))
        equal((WORK / "out.txt").read_text(), "yes")


def test_remote_name_takes_the_last_part_only():
    with Web({"/a/b.txt?q=/../x": YES}) as web:
        equal(get(web, "-O", path="/a/b.txt?q=/../x").code, 0)
        equal((WORK / "b.txt").read_text(), "yes")
        for path in ("/", "/a/", "/a/..", "/."):
            equal(get(web, "-O", path=path).code, 2, path)


def test_a_file_that_cannot_be_written():
    with Web({"/": YES}) as web:
        done = get(web, "-o", "no/such/dir/file")
        equal(done.code, 23, done)
        has(done.err, r"\[output\.write\]\n  why  no/such/dir/file")


def test_fail_prints_nothing_and_leaves_with_22():
    with Web({}) as web:
        equal((get(web).code, get(web).out), (0, "none"))
        done = get(web, "-f")
        equal((done.code, done.out), (22, ""))
        has(done.err, r"\[http\.status\]\n  why  404 Not Found")


def test_silent_and_show_error():
    with Web({}) as web:
        equal(get(web, "-fs").err, "")
        has(get(web, "-fsS").err, r"\[http\.status\]")


def test_write_out_has_curls_variables():
    with Web({"/": YES}) as web:
        done = get(web, "-o", "/dev/null", "-w",
                   r"%{http_code} %{size_download} %{content_type} "
                   r"%{remote_ip}:%{remote_port} %{num_redirects} %{tls_version}"
                   r"\t%{time_total}%%\n")
        has(done.out, r"^200 3 text/plain 127\.0\.0\.1:\d+ 0 TLS 1\.3"
            r"\t\d+\.\d{6}%\n\Z")


def test_write_out_json_is_json():
    with Web({"/": YES}) as web:
        table = get(web, "-o", "/dev/null", "-w", "%{json}").json()
        equal((table["http_code"], table["exitcode"], table["scheme"]),
              (200, 0, "HTTPS"))
        want(0 < table["time_connect"] <= table["time_appconnect"]
             <= table["time_starttransfer"] <= table["time_total"], table)


def test_write_out_of_a_failure():
    done = run("get", f"https://localhost:{cli.closed_port()}/", "-s", "-w",
               "%{http_code} %{exitcode} %{error_code}")
    equal(done.out, "000 7 system.connect")


def on_a_terminal(*words):
    """(output on a terminal, exit)"""
    master, slave = pty.openpty()
    child = subprocess.Popen([cli.HANDFAST, *map(str, words)], stdout=slave,
                             stderr=subprocess.DEVNULL,
                             stdin=subprocess.DEVNULL,
                             env={**cli.CLEAN, "TERM": "xterm"}, cwd=WORK)
    os.close(slave)
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(master)
    return text, child.wait()


def test_a_terminal_is_not_commanded_by_the_answer():
    evil = "a\x1b]0;owned\x07b\u202ec".encode()
    text = (b"HTTP/1.1 200 OK\r\nX-Evil: \x1b[2J\r\nContent-Length: %d\r\n\r\n"
            % len(evil)) + evil
    with Web({"/": text}) as web:
        shown, code = on_a_terminal("get", "-i", "--cacert", ca_file(),
                                    web.url())
        equal(code, 0)
        want(b"\x1b" not in shown, shown)
        want(rb"a\x1b]0;owned\x07b\u{202e}c" in shown, shown)
        want(rb"X-Evil: \x1b[2J" in shown, shown)
        shown, code = on_a_terminal("get", "-o", "-", "--cacert", ca_file(),
                                    web.url())
        want(evil in shown, shown)
        equal(get(web).bytes, evil, "a pipe gets the bytes")


def test_a_terminal_gets_no_binary():
    with Web({"/": b"HTTP/1.0 200 OK\r\n\r\nab\0c"}) as web:
        shown, code = on_a_terminal("get", "--cacert", ca_file(), web.url())
        equal((shown, code), (b"", 23))


# ---- redirects ------------------------------------------------------------------------

def moved(to, status=302):
    return (b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 5\r\n\r\n"
            b"moved" % (status, to.encode()))


def test_redirects_are_followed_only_when_asked():
    with Web({"/": moved("/a/b?x"), "/a/b?x": moved("../c"),
              "/c": YES}) as web:
        equal((get(web).code, get(web).out), (0, "moved"))
        done = get(web, "-L", "-w", " %{num_redirects} %{url_effective}")
        equal(done.out, f"yes 2 https://localhost:{web.port}/c", done)


def test_redirects_have_a_limit():
    with Web({"/": moved("/")}) as web:
        done = get(web, "-L", "--max-redirs", "3")
        equal((done.code, len(web.asked)), (47, 4), done)
        has(done.err, r"\[http\.redirects\]")


def test_a_redirect_to_plain_http_is_refused():
    with Web({"/": moved("http://localhost/")}) as web:
        done = get(web, "-L")
        equal(done.code, 3, done)
        has(done.err, r"\[url\.scheme\]\n  why  the redirect leads to http:")


def test_a_redirect_turns_post_into_get_but_307_does_not():
    with Web({"/": moved("/x", 302), "/7": moved("/x", 307),
              "/x": YES}) as web:
        get(web, "-L", "-d", "a=1")
        get(web, "-L", "-d", "a=1", path="/7")
        equal([(head.split(" ")[0], body) for head, body in web.asked],
              [("POST", b"a=1"), ("GET", b""), ("POST", b"a=1"),
               ("POST", b"a=1")])


def test_secrets_do_not_follow_a_redirect_to_another_host():
    with Web({"/": YES}) as other:
        with Web({"/": moved(other.url(host="127.0.0.1"))}) as web:
            done = get(web, "-L", "-H", "Authorization: Basic eDp5", "-H",
                       "Cookie: a=b", "-H", "X-Ok: 1")
            equal(done.out, "yes", done)
            has(web.asked[0][0], r"^Authorization: Basic eDp5")
            lacks(other.asked[0][0], r"Authorization|Cookie")
            has(other.asked[0][0], r"^X-Ok: 1")


# ---- the way -----------------------------------------------------------------------------

def test_resolve_gives_a_name_an_address():
    chain, key = certificate("site", "site.test")
    with Web({"/": YES}, tls_context(chain, key)) as web:
        done = run("get", "--cacert", ca_file(),
                   f"https://site.test:{web.port}/", "--resolve",
                   f"site.test:{web.port}:127.0.0.1")
        equal(done.out, "yes", done)
        has(web.asked[0][0], rf"^Host: site\.test:{web.port}")


def test_connect_to_leads_elsewhere():
    chain, key = certificate("site", "site.test")
    with Web({"/": YES}, tls_context(chain, key)) as web:
        done = run("get", "--cacert", ca_file(), "https://site.test/",
                   "--connect-to", f"site.test:443:127.0.0.1:{web.port}")
        equal(done.out, "yes", done)
        has(web.asked[0][0], r"^Host: site\.test\r?$")


def test_addresses_are_tried_in_turn():
    with Web({"/": YES}) as web:
        done = run("get", "--cacert", ca_file(), web.url(), "-v", "--resolve",
                   f"localhost:{web.port}:[::1],127.0.0.1")
        equal(done.out, "yes", done)
        has(done.err, r"Trying \[::1\]:")
        has(done.err, r"Trying 127\.0\.0\.1:")


def test_an_url_without_scheme_is_https():
    with Web({"/": YES}) as web:
        equal(run("get", "--cacert", ca_file(),
                  f"localhost:{web.port}").out, "yes")


def test_bad_urls_are_refused_before_anything_is_opened():
    for url in ("https://", "https://a b/", "https://host:99999/",
                "https://host:0/", "https://[::1/", "https://[1.2.3.4]/",
                "https://ho\u0308st.test/", "https://h\\x/", "https://h\n/",
                "https://user:pass@localhost/"):
        done = run("get", url)
        equal(done.code, 3, url, done)
        has(done.err, r"\[url\.bad\]\n  why ")
    done = run("get", "http://localhost/")
    equal(done.code, 3, done)
    has(done.err, r"\[url\.scheme\]")


class Proxy:
    """An HTTP proxy that knows CONNECT."""

    def __init__(self, status=b"HTTP/1.1 200 OK"):
        self.asked = []

        def handle(peer):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += peer.recv(1)
            self.asked.append(head.decode())
            peer.sendall(status + b"\r\nVia: test\r\n\r\n")
            if b" 200 " not in status:
                return
            port = int(head.split(b" ")[1].rsplit(b":", 1)[1])
            inner = socket.create_connection(("127.0.0.1", port))

            def back():
                try:
                    while data := inner.recv(65536):
                        peer.sendall(data)
                    peer.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            threading.Thread(target=back, daemon=True).start()
            while data := peer.recv(65536):
                inner.sendall(data)
            inner.close()
        self.server = Server(handle)
        self.port = self.server.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()


def test_a_proxy_is_asked_to_connect():
    with Web({"/": YES}) as web, Proxy() as proxy:
        for words, env in ((("-x", f"http://me:s%3a@127.0.0.1:{proxy.port}"),
                            {}),
                           ((), {"https_proxy":
                                 f"http://me:s%3a@127.0.0.1:{proxy.port}"})):
            done = get(web, *words, env=env)
            equal(done.out, "yes", done)
            head = proxy.asked.pop()
            has(head, rf"^CONNECT localhost:{web.port} HTTP/1\.1\r\n")
            secret = base64.b64encode(b"me:s:").decode()
            has(head, rf"^Proxy-Authorization: Basic {secret}\r\n")
            want("Basic" not in web.asked.pop()[0])


def test_no_proxy_names_hosts_that_are_reached_directly():
    with Web({"/": YES}) as web, Proxy() as proxy:
        env = {"https_proxy": f"http://127.0.0.1:{proxy.port}"}
        for none in ("localhost", "*", "x.test, localhost"):
            equal(get(web, env={**env, "no_proxy": none}).out, "yes")
            equal(get(web, "--noproxy", none, env=env).out, "yes")
        equal(proxy.asked, [])


def test_a_proxy_that_refuses():
    with Proxy(b"HTTP/1.1 403 Forbidden") as proxy:
        done = run("get", "https://localhost/", "-x",
                   f"http://127.0.0.1:{proxy.port}")
        equal(done.code, 56, done)
        has(done.err, r"\[proxy\.refused\]\n  why  .*403 Forbidden")


def test_other_kinds_of_proxies_are_refused_clearly():
    for kind in ("socks5", "https"):
        done = run("get", "https://localhost/", "-x", f"{kind}://127.0.0.1:1")
        equal(done.code, 5, done)
        has(done.err, rf"\[proxy\.scheme\]\n  why  \"{kind}://\"")
    done = run("get", "https://localhost/", "-x", "http://no-such.invalid:1")
    equal(done.code, 5, done)


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

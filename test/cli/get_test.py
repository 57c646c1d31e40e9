#!/usr/bin/python3
"""handfast get: curl's letters, HTTP/1.1, redirects, proxies; against servers of
Python's ssl."""
import base64
import hashlib
import os
import sys

import cli
from cli import (WORK, ca_file, certificate, equal, has, lacks, run,
                 tls_context, want)
from web import YES, Proxy, Web, get, moved, on_a_terminal


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
                "https://ho\uff0fst.test/", "https://h\\x/", "https://h\n/",
                "https://user:pass@localhost/"):
        done = run("get", url)
        equal(done.code, 3, url, done)
        has(done.err, r"\[url\.bad\]\n  why ")
    done = run("get", "http://localhost/")
    equal(done.code, 3, done)
    has(done.err, r"\[url\.scheme\]")


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


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

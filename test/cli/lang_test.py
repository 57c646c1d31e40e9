#!/usr/bin/python3
"""--lang zh: the trace, the errors, explain and the documents in Chinese; keys
and codes as in English; English where nobody asked for another language."""
import json
import os
import pty
import re
import subprocess
import sys

import cli
from cli import HANDFAST, ca_file, certificate, equal, has, lacks, run, \
    tls_context, want
from web import YES, Web, get

HAN = r"[\u4e00-\u9fff]"


def keys(document):
    """The document without its sentences: keys, and the kinds of values."""
    if isinstance(document, dict):
        return {key: keys(value) for key, value in document.items()}
    if isinstance(document, list):
        return [keys(value) for value in document]
    return type(document).__name__


def left_in_english(text):
    """Words of English that stand side by side, apart from values: a sentence
    that was not translated."""
    return re.findall(r"\b(?:the|is|are|and|which|that|not|from|with) "
                      r"[a-z]{2,}\b", text)


# ---- which language ---------------------------------------------------------------------

def test_the_option_stands_anywhere_and_wins():
    for words in (("--lang", "zh", "explain", "verify.expired"),
                  ("explain", "--lang=zh", "verify.expired"),
                  ("explain", "verify.expired", "-lang", "zh")):
        has(run(*words).out, "证书已过期")
    lacks(run("explain", "--lang", "en", "verify.expired",
              env={"HANDFAST_LANG": "zh"}).out, HAN)


def test_the_environment_may_ask_for_it():
    has(run("explain", "verify.expired", env={"HANDFAST_LANG": "zh"}).out,
        "证书已过期")


def test_a_locale_counts_on_a_terminal_only():
    env = {**cli.CLEAN, "LANG": "zh_CN.UTF-8", "TERM": "dumb"}
    env.pop("LC_ALL", None)
    env.pop("LC_MESSAGES", None)
    del env["HANDFAST_LANG"]
    words = [HANDFAST, "explain", "verify.expired"]
    piped = subprocess.run(words, env=env, capture_output=True, check=False)
    lacks(piped.stdout.decode(), HAN)
    main, side = pty.openpty()
    with subprocess.Popen(words, env=env, stdout=side, stderr=side) as child:
        child.wait()
    os.close(side)
    shown = os.read(main, 65536).decode()
    os.close(main)
    has(shown, "证书已过期")


def test_a_language_that_nobody_speaks_is_refused():
    for words in (("--lang", "xx", "help"), ("help", "--lang", "xx")):
        done = run(*words)
        equal(done.code, 2, done)
        has(done.err, "--lang takes en\\|zh, not \"xx\"")


# ---- the trace ---------------------------------------------------------------------------

def the_trace_of(*words):
    with Web({"/": YES}) as web:
        done = get(web, "-vv", "--lang", "zh", *words)
        equal(done.out, "yes")
        return done.err


def test_the_trace_of_tls_13():
    trace = the_trace_of("--tlsv1.3")
    has(trace, r"TLSv1\.3 \(OUT\), TLS handshake, Client hello \(1\): .*提供 "
               r"TLS 1\.3")
    has(trace, r"random: [0-9a-f]+\.\.\.（32 字节）")
    has(trace, r"choose\.version: TLS 1\.3（服务器从我方列表中选出）")
    has(trace, r"规则：双方都接受的最新版本 \[RFC 8446 4\.2\.1\]")
    has(trace, r"verify\.check\.time: CN=\S+: 正常，有效期还剩 \d+ 天")
    has(trace, r"random: .* -- 每次握手都重新生成")
    has(trace, r"证书验证通过")
    has(trace, r"TLS 连接使用 TLSv1\.3 / TLS_")
    equal(left_in_english(trace), [])


def test_the_trace_of_tls_12():
    trace = the_trace_of("--tls-max", "1.2")
    has(trace, r"Server key exchange \(12\): .*新生成的公钥，属于")
    has(trace, r"Server hello done \(14\): .*服务器等待客户端继续")
    has(trace, r"Change cipher spec \(1\): .*从这里起加密")
    has(trace, r"verify_data: .* -- 对至此为止全部消息的消息认证码")
    has(trace, r"signature: .* -- 证明密钥交换参数确由证书持有者发出")
    equal(left_in_english(trace), [])


def test_the_document_has_the_same_keys_and_other_sentences():
    with Web({"/": YES}) as web:
        english, chinese = (json.loads(get(web, "--json", "--lang", name).out)
                            for name in ("en", "zh"))
    equal(keys(english["hops"][0]["tls"]), keys(chinese["hops"][0]["tls"]))
    events = chinese["hops"][0]["events"]
    # how far the goodbyes come is a matter of time
    equal({e.get("id") for e in events} - {"close"},
          {e.get("id") for e in english["hops"][0]["events"]} - {"close"})
    for event in events:
        if "rule" in event:
            has(event["rule"], HAN)
    check = [e for e in events if e.get("id") == "verify.check.name"][0]
    has(check["verdict"], "与之相符")


# ---- errors ---------------------------------------------------------------------------------

BROKEN = {
    "expired": ("verify.expired", "证书已过期",
                r"CN=\S+：已于 \d{4}-\d\d-\d\d .* UTC 过期，距今 \d+ \S+（我方时钟为"),
    "not-yet": ("verify.not_yet_valid", "证书尚未生效", r"之前无效，还要 \d+ "),
    "wrong-name": ("verify.name", "证书与主机名不符",
                   "证书适用于 DNS:wrong-name.test，而不是 "),
    "unknown-issuer": ("verify.unknown_issuer", "不是由受信任的机构签发的",
                       "其签发者 CN=.* 不在 1 个受信任的证书之中"),
    "missing-intermediate": ("verify.missing_intermediate",
                             "没有发送签发其证书的中间证书",
                             "没有发送，也不在 1 个受信任的证书之中；对方必须发送它"),
    "self-signed": ("verify.self_signed", "自签名的",
                    "是自签名的，且不在 1 个受信任的证书之中"),
    "sha1": ("verify.algorithm", "签名算法不被接受", "其签名算法是 .*，不被接受"),
    "weak-key": ("verify.weak_key", "强度太弱", "密钥是 RSA 1024，至少需要 2048 位"),
    "bad-signature": ("verify.signature", "验证证书签名失败", "证书被改动，或"),
    "wrong-eku": ("verify.eku", "为其他用途签发", "证书用于|证书适用于"),
    "constraint": ("verify.name_constraint", "超出了其签发者可以认证的范围",
                   "而 .* 只能认证该范围"),
    "critical": ("verify.critical_extension", "关键扩展", "无法理解其关键扩展"),
}


def test_a_certificate_that_is_refused_says_why_in_chinese():
    for name, (code, text, why) in BROKEN.items():
        chain, key = certificate(f"zh-{name}", options=("--broken", name))
        done = run("cert", "verify", "--lang", "zh", "--CAfile", ca_file(),
                   "--name", "localhost", chain)
        equal(done.code, 1, name, done)
        has(done.out, re.escape(f"[{code}]"))
        has(done.out.replace("\n", ""), text)
        has(re.sub(r"\n *", "", done.out), why, name)
        equal(left_in_english(done.out), [], name, done)
        del key


def test_an_error_of_get_in_three_lines():
    chain, key = certificate("zh-expired", options=("--broken", "expired"))
    with Web({"/": YES}, tls_context(chain, key)) as web:
        done = get(web, "--lang", "zh")
        equal(done.code, 60)
        lines = done.err.splitlines()
        has(lines[0], r"handfast get: \(60\) 证书已过期 \[verify\.expired\]")
        has(lines[1], r"^  原因 CN=")
        has(lines[2], r"^  建议 在服务器上更新证书")
        document = json.loads(get(web, "--json", "--lang", "zh").out)
    error = document["error"]
    equal(error["code"], "verify.expired")
    has(error["text"], "证书已过期")
    has(error["detail"], "我方时钟为")
    has(error["try"], "更新证书")


def test_the_command_line_is_refused_in_chinese():
    done = run("get", "--lang", "zh", "--bogus")
    has(done.err, "未知选项 --bogus")
    has(run("--lang", "zh", "conect").err, "没有命令“conect”；您是想用 connect 吗？")
    has(run("get", "--lang", "zh", "http:///").err, "URL")


# ---- explain ----------------------------------------------------------------------------------

def everything_with_a_code():
    for name in ("errors", "events"):
        table = run("tables", name).out
        yield from re.findall(r"^\| `?([a-z0-9_.]+\.[a-z0-9_.]+)`? ", table,
                              re.M)


def test_every_error_and_decision_is_explained():
    codes = list(everything_with_a_code())
    want(len(codes) > 100, codes)
    for code in codes:
        done = run("explain", "--lang", "zh", code)
        equal(done.code, 0, code)
        has(done.out, HAN)
        equal(left_in_english(done.out), [], code, done.out)


def test_every_alert_is_explained():
    for number in range(256):
        done = run("explain", "--lang", "zh", "alert", number)
        if done.code == 0:
            has(done.out, HAN)
            equal(left_in_english(done.out), [], done.out)


def test_every_field_of_every_message_has_its_sentence():
    layouts = re.findall(r"`--as ([a-z0-9_]+)`", run("tables", "layouts").out)
    want(len(layouts) > 50, layouts)
    for layout in layouts:
        done = run("explain", "--lang", "zh", layout)
        lines = done.out.splitlines()[1:]
        want(lines, layout)
        for line in lines:
            has(line, HAN, layout)


def test_bytes_and_the_arrow_under_them():
    done = run("explain", "--lang", "zh", "1603010005010000010300")
    has(done.out, "legacy_record_version: 0x0301 TLS 1.0  -- 已没有含义")
    has(done.out, "无法继续读取： *ClientHello.legacy_version，第 9 字节：需要 2 字节，"
                  "只剩 1 字节")
    has(done.out, r"\^\^ 应以 decode_error（50）告警回应 \[decode\.truncated\]")


def test_what_a_peer_wrote_is_not_translated():
    name = b"the certificate has expired"
    entry = bytes([0, 0, len(name)]) + name
    done = run("explain", "--lang", "zh", "--as", "server_name_list",
               (bytes([0, len(entry)]) + entry).hex())
    has(done.out, '"the certificate has expired"')


# ---- the rest -----------------------------------------------------------------------------------

def test_columns_stay_aligned():
    out = run("explain", "--lang", "zh", "verify.expired",
              env={"COLUMNS": "60"}).out
    for line in out.splitlines():
        width = sum(2 if ord(c) > 0x2e80 else 1 for c in line)
        want(width <= 60, width, line)
        lacks(line.strip()[:1], "[，。；：、）]")


def test_help_in_chinese():
    has(run("--lang", "zh", "--help").out, "用法：handfast 命令")
    for name in ("get", "connect", "serve", "explain", "demo", "cert", "ca"):
        done = run(name, "--help", "--lang", "zh")
        equal(done.code, 0)
        has(done.out, HAN)
        equal(left_in_english(done.out), [], name, done.out)


def test_the_demo_in_chinese():
    done = run("demo", "--lang", "zh")
    equal(done.code, 0, done)
    has(done.out, "证书颁发机构")
    lines = [line for line in done.out.splitlines()
             if not line.startswith("HTTP 正文")]
    equal(left_in_english("\n".join(lines)), [], done.out)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

#!/usr/bin/python3
"""`handfast explain`: bytes in words, the arrow under the wrong one, and half a
page about every code that there is."""
import os
import pathlib
import re
import sys

import cli
from cli import (Skip, certificate, equal, has, lacks, run, want)

# A ClientHello in a record, with x25519 and one suite; and one whose share
# announces 48 bytes where 32 are.
HELLO = bytes.fromhex(
    "1603010070" "0100006c" "0303" + "42" * 32 + "00" "00021301" "0100"
    "0041" "000a00040002001d" "000d000400020403" "002b0003020304"
    "003300260024001d0020" + "99" * 32)
CUT = HELLO.replace(bytes.fromhex("001d0020"), bytes.fromhex("001d0030"))


def shared(name):
    top = os.environ.get("HF_SHARED")
    path = pathlib.Path(top or "../shared") / name
    if not path.exists():
        raise Skip(f"{name} (needs ../shared)")
    return path


def traces():
    """(title, bytes) of every block of bytes in RFC 8448."""
    lines = shared("rfc/rfc8448.txt").read_text().splitlines()
    for number, line in enumerate(lines):
        match = re.match(r" *(?:\{\w+\})? *([A-Za-z][\w ]*?) "
                         r"\((\d+) octets\): *([0-9a-f ]*)$", line)
        if not match:
            continue
        title, size, text = match[1], int(match[2]), match[3]
        for more in lines[number + 1:]:
            if len(bytes.fromhex(text)) >= size:
                break
            if re.fullmatch(r" *(?:[0-9a-f]{2} )*[0-9a-f]{2} *", more):
                text += " " + more
        found = bytes.fromhex(text)
        if len(found) == size:
            yield title, found


def test_every_message_of_rfc_8448_is_explained_to_its_end():
    names = {"ClientHello", "ServerHello", "EncryptedExtensions",
             "Certificate", "CertificateVerify", "Finished",
             "NewSessionTicket", "HelloRetryRequest", "CertificateRequest"}
    seen = {}
    for title, message in traces():
        # a hello without its binders, as they are computed, is no message
        whole = int.from_bytes(message[1:4], "big") == len(message) - 4
        if title in names and whole:
            if message[6:10].hex() == "cf21ad74":
                title = "HelloRetryRequest"  # RFC 8446 4.1.3
            done = run("explain", "--tls", "1.3", message.hex())
            equal(done.code, 0, title, message.hex(), done)
            has(done.out, rf"^ *4 +\d+  {title}  -- RFC 8446")
            seen[title] = seen.get(title, 0) + 1
    equal(set(seen), names)
    want(sum(seen.values()) > 25, seen)


def test_every_record_of_rfc_8448_is_explained_to_its_end():
    count = 0
    for title, record in traces():
        if title == "complete record":
            done = run("explain", "-", stdin=record)
            equal(done.code, 0, record.hex(), done)
            has(done.out, r"^ *0 +5  TLSPlaintext")
            count += 1
    want(count > 20, count)


def test_offsets_lengths_names_and_meanings():
    done = run("explain", "-", stdin=HELLO)
    equal(done.code, 0, done)
    has(done.out, r"^ *0 +1    type: 22 handshake  -- what is inside$")
    has(done.out, r"^ *5 +1    msg_type: 1 client_hello")
    has(done.out, r"0x1301 TLS_AES_128_GCM_SHA256")
    has(done.out, r"0x001d x25519")


def test_an_arrow_points_at_the_byte():
    bad = bytearray.fromhex("01000006" "0303" "00000000")
    done = run("explain", bad.hex())
    equal(done.code, 1, done)
    has(done.out, r"cannot be read further: .*ClientHello\.random, byte 6: "
                  r"32 bytes needed, 4 left")
    lines = done.out.splitlines()
    where = next(i for i, line in enumerate(lines) if "^^" in line)
    arrow = lines[where].index("^")
    equal(lines[where - 1][arrow:arrow + 11], "00 00 00 00")
    equal(lines[where].count("^"), 11)
    has(lines[where], r"decode_error \(50\) \[decode\.truncated\] +"
                      r"RFC 8446 4\.1\.2$")


def test_the_arrow_lies_under_the_length_that_lies():
    done = run("explain", CUT.hex())
    equal(done.code, 1, done)
    has(done.out, r"KeyShareEntry\.key_exchange, byte 83: 48 bytes announced, "
                  r"32 left")
    lines = done.out.splitlines()
    where = next(i for i, line in enumerate(lines) if "^^" in line)
    arrow = lines[where].index("^")
    equal(lines[where - 1][arrow:arrow + 5], "00 30")
    has(lines[where], r" \^{5} answered with decode_error \(50\)")


def test_hex_in_all_the_ways_people_paste_it():
    alert = bytes.fromhex("15030300020228")
    plain = run("explain", alert.hex()).out
    has(plain, "description: 40 handshake_failure")
    for text in ("15 03 03 00 02 02 28", "15:03:03:00:02:02:28",
                 "0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28",
                 "00000000  15 03 03 00 02 02 28              |.......|",
                 "00000000: 1503 0300 0202 28                 ......(",
                 "0000   15 03 03 00 02 02 28   ......(\n",
                 "15 03 03\n00 02\n02 28\n"):
        equal(run("explain", "-", stdin=text.encode()).out, plain, text)
    equal(run("explain", *"15 03 03 00 02 02 28".split()).out, plain)
    import base64
    equal(run("explain", "-", stdin=base64.b64encode(alert)).out, plain)
    equal(run("explain", "-", stdin=alert).out, plain)


def test_a_dump_of_many_lines():
    import subprocess
    if not cli.shutil.which("xxd"):
        raise Skip("xxd (apt install xxd)")
    plain = run("explain", "-", stdin=HELLO).out
    for words in ([], ["-g1"], ["-c16", "-u"]):
        dump = subprocess.run(["xxd", *words], input=HELLO,
                              capture_output=True, check=True).stdout
        equal(run("explain", "-", stdin=dump).out, plain, words)


def test_certificates_in_pem_and_der():
    chain, key = certificate("explained", "localhost", "127.0.0.1")
    done = run("explain", chain)
    equal(done.code, 0, done)
    for line in (r"^ *0 +\d+  Certificate  -- RFC 5280 4\.1",
                 r"\[2\] dNSName: \"localhost\"",
                 r"\[7\] iPAddress: 127\.0\.0\.1",
                 r"KeyUsage: digitalSignature", r"keyPurposeId: serverAuth",
                 r"notAfter: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
                 r"parameters: secp256r1", r"ECDSA-Sig-Value"):
        has(done.out, line)
    import ssl
    der = ssl.PEM_cert_to_DER_cert(chain.read_text())
    same = run("explain", "-", stdin=der)
    equal(same.out.splitlines(), done.out.splitlines()[1:])
    broken = bytearray(der)
    broken[5] = 0xff
    cut = run("explain", "-", stdin=bytes(broken))
    equal(cut.code, 1)
    has(cut.out, r"not DER any more at byte 4")
    has(cut.out, r"\^\^.*\[verify\.der\]")


def test_private_keys_are_not_shown():
    chain, key = certificate("explained", "localhost", "127.0.0.1")
    secret = re.sub(r"-----.*-----|\n", "", key.read_text())
    done = run("explain", "-", stdin=key.read_bytes() + chain.read_bytes())
    has(done.err, "private key")
    lacks(done.out + done.err, re.escape(secret[20:60]))
    import base64
    der = base64.b64decode(secret)
    raw = run("explain", "-", stdin=der)
    equal(raw.code, 1)
    lacks(raw.out + raw.err, der[-32:].hex())


def test_json_has_every_line():
    whole = run("explain", "--json", "-", stdin=HELLO).json()
    equal(whole["error"], None)
    words = run("explain", "-", stdin=HELLO).out.splitlines()
    equal(len(whole["fields"]), len(words))
    done = run("explain", "--json", "-", stdin=CUT)
    equal(done.code, 1)
    error = done.json()["error"]
    equal((error["code"], error["byte"], error["alert"]),
          ("decode.truncated", 83, "decode_error"))
    has(error["where"], "key_share > .*shares > KeyShareEntry.key_exchange")
    chain, key = certificate("explained", "localhost", "127.0.0.1")
    pem = run("explain", "--json", "-", stdin=chain.read_bytes() +
              key.read_bytes()).json()
    equal([b["label"] for b in pem["blocks"]], ["CERTIFICATE", "PRIVATE KEY"])
    equal(pem["blocks"][1]["fields"], [])
    equal(run("explain", "--json", "-",
              stdin=b"hello there").json()["error"]["code"],
          "explain.unknown")


def test_strangers_are_recognised():
    for bytes_, words in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", "plain HTTP"),
                          (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
                          (b"220 mail.test ESMTP\r\n", "mail")):
        done = run("explain", "-", stdin=bytes_)
        equal(done.code, 1)
        has(done.err, words)


def test_a_single_structure_by_its_name():
    done = run("explain", "--as", "key_share_ch", "0024001d0020" + "55" * 32)
    equal(done.code, 0, done)
    has(done.out, "KeyShareClientHello")
    has(done.out, "0x001d x25519")
    equal(run("explain", "--as", "key_shar_ch", "00").code, 2)
    equal(run("explain", "--tls", "1.4", "00").code, 2)


def test_every_error_alert_and_exit_code_has_its_half_page():
    errors = re.findall(r"^\| ([a-z_]+\.[a-z0-9_]+) ",
                        run("tables", "errors").out, re.M)
    want(len(errors) > 80)
    for code in errors:
        done = run("explain", code)
        equal(done.code, 0, done)
        for line in (rf"^{re.escape(code)}  \(an error\)", r"^  means +\S",
                     r"^  usually +\S", r"^  do +\S", r"^  exit +\d"):
            has(done.out, line, code)
    exits = re.findall(r"^\| (\d+) ", run("tables", "exits").out, re.M)
    want(len(exits) > 15)
    for code in exits:
        has(run("explain", "exit", code).out, rf"^exit {code}  ")
    for number, name in ((0, "close_notify"), (40, "handshake_failure"),
                         (120, "no_application_protocol")):
        by_number = run("explain", "alert", number)
        equal(by_number.out, run("explain", name).out)
        has(by_number.out, rf"^{name} {number}  ")
        has(by_number.out, r"^  says +\S")


def test_names_and_numbers_of_tls():
    has(run("explain", "0x1301").out, "^TLS_AES_128_GCM_SHA256")
    has(run("explain", "x25519").out, "^x25519  \\(group\\)")
    has(run("explain", "choose.group").out, "rule")
    has(run("explain", "ClientHello").out, "legacy_version")


def test_an_unknown_word_gets_a_suggestion():
    done = run("explain", "verify.expird")
    equal(done.code, 2)
    has(done.err, "did you mean verify.expired")
    equal(run("explain", "gibberish-of-no-kind").code, 2)
    equal(run("explain", stdin=b"").code, 2)


def test_no_bytes_make_it_fall_over():
    import random
    random.seed(8446)
    for _ in range(60):
        sample = bytearray(HELLO)
        for _ in range(random.randrange(1, 4)):
            sample[random.randrange(len(sample))] = random.randrange(256)
        sample = sample[:random.randrange(1, len(sample) + 1)]
        done = run("explain", "-v", "-", stdin=bytes(sample))
        want(done.code in (0, 1), sample.hex(), done)
        want("Sanitizer" not in done.err, done)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

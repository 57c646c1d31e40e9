#!/usr/bin/python3
"""`handfast lab`: every value is computed a third time, here, from the JSON
document; and each correction of what old texts say is there."""
import hashlib
import hmac
import re
import sys

import cli
from cli import equal, has, lacks, run, want

CACHE = {}


def lab(*words):
    """The document of an experiment, run once."""
    if words not in CACHE:
        done = run("lab", *words, "--json")
        equal(done.code, 0, done)
        equal(done.err, "")
        CACHE[words] = done.json()
    return CACHE[words]


def shown(document, kind):
    return [one for step in document["steps"] for one in step["shown"]
            if one["kind"] == kind]


class Values(dict):
    """Values by id; those that are several as id, n."""

    def __init__(self, document):
        super().__init__()
        for one in shown(document, "value"):
            key = (one["id"], one["n"]) if "n" in one else one["id"]
            want(key not in self, "twice", key)
            self[key] = bytes.fromhex(one["hex"])


def md(document):
    suite = next(one["text"] for one in shown(document, "fact")
                 if one["id"] == "suite")
    return suite, (hashlib.sha384 if suite.endswith("384") else hashlib.sha256)


def p_hash(digest, secret, seed, size, values, a_name, block_name):
    """RFC 5246 5, each step held against the one that is shown."""
    out, a, i = b"", seed, 0
    while len(out) < size:
        i += 1
        a = hmac.new(secret, a, digest).digest()
        block = hmac.new(secret, a + seed, digest).digest()
        if a_name:
            equal(values[a_name, i], a)
            equal(values[block_name, i], block)
        out += block
    if a_name:
        want((a_name, i + 1) not in values, "more steps than needed")
    return out[:size]


def check_keys(document):
    """From premaster to key block and Finished."""
    v, (suite, digest) = Values(document), md(document)
    premaster, client, server = (v["premaster"], v["client_random"],
                                 v["server_random"])
    equal((len(client), len(server)), (32, 32))

    equal(v["extended_seed"], b"extended master secret" + v["session_hash"])
    extended = p_hash(digest, premaster, v["extended_seed"], 48, v,
                      "extended_a", "extended_block")
    equal(v["extended_master"], extended)
    equal(v["classic_seed"], b"master secret" + client + server)
    classic = p_hash(digest, premaster, v["classic_seed"], 48, v, "classic_a",
                     "classic_block")
    equal(v["classic_master"], classic)
    equal(v["master"], extended)

    key, iv = ((16 if "AES_128" in suite else 32),
               (12 if "CHACHA20" in suite else 4))
    equal(v["key_seed"], b"key expansion" + server + client)
    block = p_hash(digest, v["master"], v["key_seed"], 2 * (key + iv), v,
                   "key_a", "key_block_i")
    equal(v["key_block"], block)
    equal(v["client_key"] + v["server_key"] + v["client_iv"] + v["server_iv"],
          block)
    equal([len(v[name]) for name in ("client_key", "server_key", "client_iv",
                                     "server_iv")], [key, key, iv, iv])
    for side in ("client", "server"):
        equal(v[f"{side}_verify_data"],
              p_hash(digest, v["master"], f"{side} finished".encode()
                     + v[f"{side}_hash"], 12, v, None, None))
    want(v["client_hash"] != v["server_hash"])
    # nothing is said between ClientKeyExchange and the client's Finished
    equal(v["client_hash"], v["session_hash"])


def check_record(document):
    v, (suite, _) = Values(document), md(document)
    plain, sequence = v["plain"], (1).to_bytes(8, "big")
    equal(v["aad"], sequence + b"\x17\x03\x03"
          + len(plain).to_bytes(2, "big"))
    if "CHACHA20" in suite:
        equal(v["sequence"], sequence)
        equal(v["nonce"], bytes(a ^ b for a, b in zip(
            v["client_iv"], bytes(4) + sequence)))
        sealed = v["ciphertext"] + v["tag"]
    else:
        equal(v["nonce"], v["client_iv"] + v["explicit_nonce"])
        sealed = v["explicit_nonce"] + v["ciphertext"] + v["tag"]
    equal(v["record"], b"\x17\x03\x03" + len(sealed).to_bytes(2, "big")
          + sealed)
    equal((len(v["ciphertext"]), len(v["tag"])), (len(plain), 16))
    try:
        from cryptography.hazmat.primitives.ciphers import aead
    except ImportError:
        print("# SKIP: opening the record (apt install python3-cryptography)")
        return
    cipher = aead.ChaCha20Poly1305 if "CHACHA20" in suite else aead.AESGCM
    equal(cipher(v["client_key"]).decrypt(
        v["nonce"], v["ciphertext"] + v["tag"], v["aad"]), plain)


def check_whole(document, steps):
    equal([step["id"] for step in document["steps"]], steps)
    equal((document["faults"], document["exit"], document["error"]),
          (0, 0, None))
    for one in shown(document, "value"):
        want(one.get("same", True), one)
    claims = shown(document, "claim")
    want(all(one["holds"] for one in claims), claims)
    compared = [one for one in shown(document, "value") if one["compared"]]
    equal(document["checked"], len(claims) + len(compared))
    for name in ("master", "client_verify_data", "server_verify_data",
                 "record", "client_close", "server_close",
                 "client_finished_record", "server_finished_record"):
        want(name in {one["id"] for one in compared}, name, "not compared")


COMMON = ["master_secret", "key_block", "change_cipher_spec", "finished",
          "record", "close_notify"]
ECDHE = ["hellos", "certificate", "server_key_exchange",
         "client_key_exchange", "shared_secret", *COMMON]


# ---- ECDHE --------------------------------------------------------------------

WAYS = [(), ("--ciphers", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("--ciphers", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "--curves",
         "P-384", "--key", "p384"),
        ("--key", "ed25519", "--curves", "P-256")]


def test_ecdhe_every_value_is_computed_here_again():
    for words in WAYS:
        document = lab("ecdhe", *words)
        check_whole(document, ECDHE)
        check_keys(document)
        check_record(document)


def test_ecdhe_what_is_signed_is_randoms_and_share():
    for words in WAYS:
        v = Values(lab("ecdhe", *words))
        share = v["server_share"]
        equal(v["signed"][:64], v["client_random"] + v["server_random"])
        equal(v["signed"][64], 3)
        equal(v["signed"][67:], bytes([len(share)]) + share)
        want(share != v["client_share"])
        if "signed_hash" in v:
            digest = {32: hashlib.sha256, 48: hashlib.sha384,
                      64: hashlib.sha512}[len(v["signed_hash"])]
            equal(v["signed_hash"], digest(v["signed"]).digest())
        else:
            equal(words[:2], ("--key", "ed25519"))


def x25519(scalar, point):
    """RFC 7748 5: the Montgomery ladder."""
    p, a24 = 2**255 - 19, 121665
    k = int.from_bytes(scalar, "little")
    k = (k & ~(7 | 1 << 255)) | 1 << 254
    u = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3 = 1, 0, u, 1
    for t in reversed(range(255)):
        bit = k >> t & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        x3, z3 = (d * a + c * b) ** 2 % p, u * (d * a - c * b) ** 2 % p
        x2, z2 = a * a * b * b % p, ((e := a * a - b * b)
                                     * (a * a + a24 * e)) % p
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


def test_ecdhe_share_and_secret_arise_from_the_private_number():
    v = Values(lab("ecdhe"))
    base = (9).to_bytes(32, "little")
    equal(x25519(v["server_private"], base), v["server_share"])
    equal(x25519(v["server_private"], v["client_share"]), v["premaster"])
    for words in WAYS:
        document = lab("ecdhe", *words)
        compared = {one["id"]: one["compared"]
                    for one in shown(document, "value")}
        equal((compared["server_share"], compared["premaster"]),
              ("wire", "both_ends"))


def test_two_runs_share_no_secret():
    first = Values(lab("ecdhe"))
    done = run("lab", "ecdhe", "--json")
    second = Values(done.json())
    for name in ("client_random", "server_random", "premaster", "master",
                 "server_share", "client_share", "certificate_key",
                 "server_private"):
        want(first[name] != second[name], name)
    for one in (first, second):
        want(one["client_random"][:4] != one["server_random"][:4],
             "two clocks would agree")


# ---- RSA ----------------------------------------------------------------------

RSA = ["hellos", "certificate", "server_hello_done", "premaster", "encrypt",
       "decrypt", *COMMON]


def test_rsa_every_value_is_computed_here_again():
    for words in ((), ("--ciphers", "TLS_RSA_WITH_AES_256_GCM_SHA384",
                       "--key", "rsa3072")):
        document = lab("rsa", *words)
        check_whole(document, RSA)
        check_keys(document)
        check_record(document)
        v = Values(document)
        equal(v["hello_done"], b"\x0e\0\0\0")
        size = len(v["modulus"])
        n, e = (int.from_bytes(v[name], "big")
                for name in ("modulus", "exponent"))
        m = v["padded"]
        equal(len(m), size)
        equal((m[:2], m[-49]), (b"\x00\x02", 0))
        want(0 not in m[2:-49], "a zero among the random bytes")
        equal(m[-48:], v["premaster"])
        equal(v["premaster"][:2], b"\x03\x03")
        equal(v["decrypted"], v["premaster"])
        equal(pow(int.from_bytes(m, "big"), e, n).to_bytes(size, "big"),
              v["encrypted"])
        want(v["modulus"] in v["certificate_key"])


# ---- words --------------------------------------------------------------------

CORRECTIONS = {
    "ecdhe": [r"A signature is verified, not decrypted",
              r"ECDHE share is not encrypted: it is a public key and travels "
              r"in the clear", r"that is forward secrecy"],
    "rsa": [r"It has no forward secrecy", r"Bleichenbacher",
            r"What is encrypted is the premaster secret",
            r"the server has proved nothing"],
    None: [r"All 32 bytes are random", r"hash of the whole handshake",
           r"ChangeCipherSpec is not a handshake message",
           r"Finished authenticates the whole transcript",
           r"two keys and two IVs", r"Only close_notify says"],
}


def test_each_correction_is_there():
    for name in ("ecdhe", "rsa"):
        done = run("lab", name)
        equal(done.code, 0, done)
        said = " ".join(done.out.split())
        for pattern in CORRECTIONS[name] + CORRECTIONS[None]:
            has(said, pattern)
        has(said, r"real secrets of a real session: of this one")
        equal(len(re.findall(r"^   Old texts ", done.out, re.M)),
              len(lab(name)["steps"]))
        equal(len(re.findall(r"^   In truth ", done.out, re.M)),
              len(lab(name)["steps"]))
        has(done.out, r"^\d+ values were computed here a second time")
        lacks(done.out, r"NOT")
        want(max(map(len, done.out.splitlines())) <= 80)


def test_quiet_shows_values_only():
    done = run("lab", "ecdhe", "-q")
    equal(done.code, 0, done)
    lacks(done.out, r"Old texts|In truth|The PRF")
    has(done.out, r"^   master secret +48 bytes\n     [0-9a-f]{64}\n"
        r"     [0-9a-f]{32}\n     = the same as both ends have$")
    has(done.out, r"real secrets")


def test_colour_only_where_it_is_wanted():
    lacks(run("lab", "ecdhe").out, r"\x1b")
    has(run("lab", "ecdhe", "--color=always").out, r"\x1b\[")
    lacks(run("lab", "ecdhe", env={"CLICOLOR_FORCE": "1",
                                   "NO_COLOR": "1"}).out, r"\x1b")


# ---- the command ----------------------------------------------------------------

def test_alone_it_lists_the_experiments():
    done = run("lab")
    equal(done.code, 0, done)
    document = run("lab", "--json").json()
    names = [one["id"] for one in document["experiments"]]
    want({"ecdhe", "rsa"} <= set(names), names)
    for name in names:
        has(done.out, rf"^  handfast lab {name}$")


def test_what_cannot_be_is_refused():
    for words, why in ((("dhe",), r"which experiment"),
                       (("ecdhe", "rsa"), r"which experiment"),
                       (("ecdhe", "--ciphers", "TLS_AES_128_GCM_SHA256"),
                        r"cannot be done with"),
                       (("ecdhe", "--ciphers", "nonsense"),
                        r"cannot be done with"),
                       (("rsa", "--key", "p256"), r"needs an RSA key"),
                       (("rsa", "--curves", "x25519"), r"no group"),
                       (("ecdhe", "--curves", "P-257"), r"no group P-257"),
                       (("ecdhe", "--key", "dsa"), r"--key takes one of"),
                       (("ecdhe", "--key", "rsa2048", "--ciphers",
                         "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
                        r"does not go with")):
        done = run("lab", *words)
        equal(done.code, 2, done)
        equal(done.out, "")
        has(done.err, why)
    # a hybrid has no place in TLS 1.2: the handshake itself says so
    done = run("lab", "ecdhe", "--curves", "X25519MLKEM768")
    want(done.code != 0, done)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])

#!/usr/bin/env python3
"""psk_vectors.py: keys imported as RFC 9258 5.1 says, told a second time.

    psk_vectors.py           prints src/engine/psk_vectors.def
    psk_vectors.py --check   that file is what would be printed

RFC 9258 has no test vectors.  These are computed with nothing but Python's
HMAC, from the text of the RFC, so that the library is held against something
that is not itself.
"""
import hashlib
import hmac
import pathlib
import sys

FILE = pathlib.Path(__file__).resolve().parent.parent / \
    "src" / "engine" / "psk_vectors.def"
HEAD = """\
/* psk_vectors.def - keys imported (RFC 9258 5.1); made by
 * scripts/psk_vectors.py.
 *
 *   VECTOR(identity, context, key, its hash, target, what travels, what is used) */
"""
HASHES = {"SHA256": ("sha256", 1, 32), "SHA384": ("sha384", 2, 48)}
KEYS = {
    "short": bytes(range(16)),
    "block": bytes(range(64)),
    "longer than any block": bytes(i * 7 & 255 for i in range(200)),
}
NAMES = [
    (b"client", b""),
    (b"a\0b", b"client|server"),
    (bytes(range(256)), b"\0" * 40),
    (b"\xff", bytes(i * 3 & 255 for i in range(255))),
]


def extract(name, salt, ikm):
    return hmac.new(salt, ikm, name).digest()


def expand_label(name, secret, label, context, length):
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + \
        bytes([len(context)]) + context
    out, block, count = b"", b"", 0
    while len(out) < length:
        count += 1
        block = hmac.new(secret, block + info + bytes([count]), name).digest()
        out += block
    return out[:length]


def imported(identity, context, key, own, target):
    name = HASHES[own][0]
    kdf, length = HASHES[target][1:]
    wire = len(identity).to_bytes(2, "big") + identity + \
        len(context).to_bytes(2, "big") + context + \
        (0x0304).to_bytes(2, "big") + kdf.to_bytes(2, "big")
    zeroes = bytes(hashlib.new(name).digest_size)
    epskx = extract(name, zeroes, key)
    digest = hashlib.new(name, wire).digest()
    return wire, expand_label(name, epskx, b"derived psk", digest, length)


def text():
    rows = []
    for identity, context in NAMES:
        for key in KEYS.values():
            for own in HASHES:
                for target in HASHES:
                    wire, out = imported(identity, context, key, own, target)
                    rows.append(
                        f'VECTOR("{identity.hex()}", "{context.hex()}", '
                        f'"{key.hex()}", {own}, {target}, "{wire.hex()}", '
                        f'"{out.hex()}")')
    return HEAD + "\n".join(rows) + "\n"


def main():
    if sys.argv[1:] == ["--check"]:
        if FILE.read_text() != text():
            print(f"{FILE.name} is not what psk_vectors.py prints")
            return 1
        return 0
    sys.stdout.write(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())

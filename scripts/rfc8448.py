#!/usr/bin/python3
"""rfc8448.py RFC8448.TXT: the numbers of its traces as src/engine/rfc8448.def.

Run once; the result is committed.  Only numbers are taken: private keys,
messages, records and every value of the key schedule, in their order."""
import re
import sys

SECTIONS = {'3': 'SIMPLE', '4': 'RESUMED', '5': 'RETRY', '6': 'CLIENT_AUTH', '7': 'COMPATIBLE'}
# SHA-256 of nothing: the binder's key is derived over that (RFC 8446 7.1).
EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
HEAD = '''\
/* rfc8448.def - the numbers of the traces of RFC 8448 (sections 3 to 7), in
 * hex, taken from its text by scripts/rfc8448.py.
 *
 *   PAIR(trace, who, private key, public key)
 *   MESSAGE(trace, who, bytes)              a handshake message
 *   RECORD(trace, who, payload, bytes)      as it travels
 *   EXTRACT(trace, input, secret)           HKDF-Extract
 *   DERIVE(trace, label, context, value)    HKDF-Expand-Label
 */
'''


def lines_of(path):
    """The text without the furniture of its pages."""
    for line in open(path, encoding='utf-8', errors='replace'):
        line = line.rstrip('\n').replace('\f', '')
        if re.match(r'(Thomson .*\[Page \d+\]|RFC 8448 .* 2019)$', line):
            continue
        yield line


def steps(path):
    """(section, who, what, {field: hex}) one after the other."""
    section = step = field = None
    for line in lines_of(path):
        if m := re.match(r'(\d+)\.  \S', line):
            section = m[1]
        elif m := re.match(r'   \{(client|server)\}  (.*)', line):
            if step:
                yield step
            step, field = (section, m[1].upper(), m[2], {}), None
        elif step and (m := re.match(r'      (\S.*?)(?: \((\d+) octets\))?:  (.*)',
                                     line)):
            field = m[1]
            step[3][field] = m[3]
        elif step and field and re.match(r'         \S', line):
            step[3][field] += ' ' + line.strip()
    if step:
        yield step


def pure(text):
    """Hex without blanks; what is not hex ("(empty)", "0 (all zero octets)")
    is nothing."""
    text = text.replace(' ', '')
    return text if re.fullmatch(r'([0-9a-f]{2})*', text) else ''


def literal(hexes):
    """C string literals of 140 digits a line."""
    parts = [hexes[i:i + 140] for i in range(0, len(hexes), 140)] or ['']
    return '\n      '.join(f'"{part}"' for part in parts)


def row(kind, *fields):
    return f'{kind}({", ".join(fields)})'


def rows(path):
    for section, who, what, f in steps(path):
        trace = SECTIONS.get(section)
        if not trace:
            continue
        f = {name: pure(value) for name, value in f.items()}
        label = re.search(r'"(?:tls13 )?([^"]*)"', what)
        if 'key pair' in what:
            yield row('PAIR', trace, who, literal(f['private key']),
                      literal(f['public key']))
        elif what.startswith('construct'):
            (message,) = f.values()
            yield row('MESSAGE', trace, who, literal(message))
        elif what == 'calculate PSK binder:':
            yield row('DERIVE', trace, '"res binder"', literal(EMPTY),
                      literal(f['PRK']))
            yield row('DERIVE', trace, '"finished"', '""',
                      literal(f['expanded']))
        elif what.startswith('send'):
            yield row('RECORD', trace, who, literal(f['payload']),
                      literal(f['complete record']))
        elif what.startswith('extract') and 'secret' in f:
            yield row('EXTRACT', trace, literal(f['IKM']),
                      literal(f['secret']))
        elif 'traffic keys' in what and 'key expanded' in f:
            for name in 'key', 'iv':
                yield row('DERIVE', trace, f'"{name}"', '""',
                          literal(f[f'{name} expanded']))
        elif label and 'expanded' in f:
            yield row('DERIVE', trace, f'"{label[1]}"', literal(f['hash']),
                      literal(f['expanded']))


sys.stdout.write(HEAD)
for text in rows(sys.argv[1]):
    print('\n' + text if text.startswith('PAIR') else text)

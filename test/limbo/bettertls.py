#!/usr/bin/python3
"""bettertls.py HARNESS FILE [--tap]: Netflix's bettertls suites, all of them.

FILE is what `bettertls export-tests --out FILE` writes: for each suite (name
constraints, path building) the chains that a server sends, the name that is
wanted, and whether a client should accept.  Some expectations are marked as
warnings: either answer is said to be defensible.  A test counts whatever
features it requires, for we claim them all."""
import argparse
import base64
import collections
import ipaddress

import harness as h


def testcase_of(root, case):
    """In the form of x509-limbo."""
    certs = [h.pem('CERTIFICATE', base64.b64decode(cert))
             for cert in case['certificates']]
    name = case['hostname']
    try:
        peer = {'kind': 'IP', 'value': str(ipaddress.ip_address(name))}
    except ValueError:
        peer = {'kind': 'DNS', 'value': name}
    return {
        'id': f'bettertls::{case["suite"]}::tc{case["id"]}',
        'validation_kind': 'SERVER',
        'trusted_certs': [root],
        'untrusted_intermediates': certs[1:],
        'peer_certificate': certs[0],
        'expected_peer_name': peer,
        'extended_key_usage': ['serverAuth'],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('harness')
    parser.add_argument('file')
    parser.add_argument('--tap', action='store_true')
    args = parser.parse_args()
    export = h.load(args.file)
    if not export.get('suites') or not export.get('trustRoot'):
        raise SystemExit(f'{args.file}: not written by export-tests')
    root = h.pem('CERTIFICATE', base64.b64decode(export['trustRoot']))
    table = h.argued('bettertls.tsv')
    counts, faults = collections.defaultdict(collections.Counter), []
    for name, suite in sorted(export['suites'].items()):
        cases = [testcase_of(root, case) for case in suite['testCases']]
        answers = h.ask(args.harness, cases)
        for case, asked in zip(suite['testCases'], cases):
            answer = answers[asked['id']]
            good = (answer['actual_result'] == 'SUCCESS') == \
                (case['expected'] == 'ACCEPT')
            kind = 'soft' if case['failureIsWarning'] else 'hard'
            for row in [name] + [f'{name} {feature}' for feature in
                                 case['requiredFeatures']]:
                counts[row][f'{kind} {"agree" if good else "differ"}'] += 1
            foreseen = asked['id'] in table
            if foreseen and good:
                faults.append(f'{asked["id"]}: bettertls.tsv says that we '
                              'differ, and we do not')
            elif not good and not foreseen and kind == 'hard':
                faults.append(f'{asked["id"]}: {case["expected"]} expected '
                              f'of {case["hostname"]}; ours: '
                              f'{answer["context"]}')
    lines = [f'{"":52} {"agree":>6} {"differ":>7} {"warnings: agree":>16} '
             f'{"differ":>7}']
    for row in sorted(counts):
        c = counts[row]
        lines.append(f'{row:52} {c["hard agree"]:6} {c["hard differ"]:7} '
                     f'{c["soft agree"]:16} {c["soft differ"]:7}')
    h.show(lines, args.tap)
    for fault in faults:
        print(f'{"# " if args.tap else "FAULT "}{fault}')
    return h.end(not faults, 'every test of bettertls is agreed on or argued '
                 'about', args.tap)


if __name__ == '__main__':
    raise SystemExit(main())

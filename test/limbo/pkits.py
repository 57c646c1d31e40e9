#!/usr/bin/python3
"""pkits.py HARNESS DIR [--tap]: NIST's Public Key Interoperability Test Suite.

DIR is the unpacked PKITS data with certs/ and crls/ in it.  The tests are the
rows of pkits.tsv: which certificates and lists, what is asked for, and what
should come out (PKITS 1.0.1).  The path is given as the certificates of a
peer, in no helpful order; the lists are given as ours, and everything below
the anchor must be on one (revocation "hard").  A row may be outside of what
handfast does, for a reason of the table below; what is outside is refused, and
a row of which that is no longer true is a fault, as is every other difference."""
import argparse
import collections
import os

import harness as h

OUTSIDE = {
    'dsa': 'DSA is not implemented',
    'spelling': 'names of issuers are compared as bytes',
    'keys': 'keys that sign lists and are not on the path are not followed',
    'relative': 'distribution points are compared by their full names',
    'indirect': 'indirect CRLs are refused when they are given',
    'delta': 'delta CRLs are refused when they are given',
}
# PKITS calls its policies by numbers: 2.16.840.1.101.3.2.1.48.N.
POLICY = '2.16.840.1.101.3.2.1.48.'


def read(folder, kind, name):
    path = os.path.join(folder, kind, name + ('.crl' if kind == 'crls'
                                              else '.crt'))
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError as why:
        raise SystemExit(f'{path}: {why.strerror}; is {folder} the unpacked '
                         'PKITS data?') from why


def policies_of(settings):
    """What a row asks for, as handfast-limbo reads it."""
    asked = {}
    for word in [] if settings == '-' else settings.split():
        if word.startswith('set='):
            asked['initial'] = [POLICY + number
                                for number in word[4:].split(',')]
        else:
            asked[word] = True
    return asked


def testcase_of(folder, number, settings, certs, crls):
    certs = [h.pem('CERTIFICATE', read(folder, 'certs', name))
             for name in certs.split()]
    case = {
        'id': f'pkits::{number}',
        'validation_kind': 'SERVER',
        'validation_time': '2026-01-01T00:00:00+00:00',
        'trusted_certs': certs[:1],
        'untrusted_intermediates': sorted(certs[1:-1]),
        'peer_certificate': certs[-1],
        'crls': [h.pem('X509 CRL', read(folder, 'crls', name))
                 for name in crls.split()],
    }
    if settings != '-':
        case['policies'] = policies_of(settings)
    return case


def fault_of(row, answer):
    """What is wrong with an answer, or None."""
    number, expected, outside = row[0], row[1], row[5]
    accepted = answer['actual_result'] == 'SUCCESS'
    if outside != '-':
        if outside not in OUTSIDE:
            return f'{number}: no such reason: {outside}'
        if accepted:
            return (f'{number}: pkits.tsv says that it is outside '
                    f'({outside}), and it is accepted')
        return None
    if not answer.get('applicable', True):
        return f'{number}: {answer["context"]}'
    if accepted != (expected == 'valid'):
        return f'{number}: {expected} expected; ours: {answer["context"]}'
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('harness')
    parser.add_argument('folder')
    parser.add_argument('--tap', action='store_true')
    args = parser.parse_args()
    table = list(h.rows('pkits.tsv', 6))
    cases = [testcase_of(args.folder, number, settings, certs, crls)
             for number, _, settings, certs, crls, _ in table]
    answers = h.ask(args.harness, cases)
    counts, faults = collections.defaultdict(collections.Counter), []
    reasons = collections.Counter()
    for row, case in zip(table, cases):
        fault = fault_of(row, answers[case['id']])
        what = 'fail' if fault else 'pass' if row[5] == '-' else 'outside'
        if fault:
            faults.append(fault)
        elif row[5] != '-':
            reasons[row[5]] += 1
        for name in ('.'.join(row[0].split('.')[:2]), 'all'):
            counts[name][what] += 1
    lines = [f'{"section":10} {"pass":>5} {"outside":>8} {"fail":>5}']
    for name in sorted(counts, key=lambda n: [int(x) for x in n.split('.')]
                       if n != 'all' else [99]):
        row = counts[name]
        lines.append(f'{name:10} {row["pass"]:5} {row["outside"]:8} '
                     f'{row["fail"]:5}')
    lines += [f'outside: {count:3}  {OUTSIDE[reason]}'
              for reason, count in reasons.most_common()]
    h.show(lines, args.tap)
    for fault in faults:
        print(f'{"# " if args.tap else "FAULT "}{fault}')
    return h.end(not faults, 'every test of PKITS passes or is outside',
                 args.tap)


if __name__ == '__main__':
    raise SystemExit(main())

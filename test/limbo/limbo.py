#!/usr/bin/python3
"""limbo.py HARNESS FILE [--tap] [--results OUT]: do we agree with x509-limbo?

FILE is a limbo.json of C2SP/x509-limbo, gzipped or not.  Each testcase is
judged twice: under the profile that its namespace is about (rfc5280, webpki),
and by default, as a connection would judge it.  Where we differ there must be
a row in limbo.tsv, and an argument in docs/x509.md; a row that is no longer
true is a fault, too.  OUT gets the answers in x509-limbo's own form."""
import argparse
import collections
import json

import harness as h

# Features that x509-limbo calls optional and that are not ours.
LACKING = {
    'no-cert-policies': 'it is for those who do not evaluate policies',
}


def group_of(ident):
    """rfc5280::nc of rfc5280::nc::permitted-dns-match."""
    parts = ident.split('::')
    return '::'.join(parts[:2]) if len(parts) > 2 else parts[0]


class Judge:
    """The answers of both kinds, held against what was expected."""

    def __init__(self, cases, answers, table):
        self.cases, self.answers, self.table = cases, answers, table
        self.faults, self.argued, self.outside = [], [], []
        self.counts = collections.OrderedDict()

    def is_outside(self, case):
        """Why it is not applicable; None if it is."""
        for feature in case.get('features') or []:
            if feature in LACKING:
                return LACKING[feature]
        answer = self.answers['profile'][case['id']]
        return None if answer.get('applicable', True) else answer['context']

    def agrees(self, kind, case):
        """Ours is theirs; if it is not, it is noted."""
        ident, answer = case['id'], self.answers[kind][case['id']]
        scope, reason = self.table.get(ident, (None, None))
        foreseen = scope == 'always' or (scope and kind == 'default')
        if answer['actual_result'] == case['expected_result']:
            if foreseen:
                self.faults.append(f'{ident}: limbo.tsv says that we differ '
                                   f'({kind}), and we do not')
            return True
        line = (f'{ident}: {case["expected_result"]} expected ({kind}); '
                f'ours: {answer["context"]}')
        if foreseen:
            self.argued.append(f'{line}\n      because {reason}')
        else:
            self.faults.append(line)
        return False

    def count(self, name, *what):
        row = self.counts.setdefault(name, collections.Counter())
        row.update(what)

    def judge(self, case):
        why = self.is_outside(case)
        names = ['  ' + group_of(case['id'])]
        names += ['  feature ' + f for f in case.get('features') or []]
        if why:
            self.outside.append(f'{case["id"]}: {why}')
            what = ['all', 'outside']
        else:
            what = ['all'] + [kind for kind in ('profile', 'default')
                              if self.agrees(kind, case)]
        for name in names + ['all']:
            self.count(name, *what)

    def table_of_counts(self):
        yield (f'{"":44} {"cases":>6} {"outside":>8} {"agree":>6} '
               f'{"by default":>11}')
        for name in sorted(self.counts, key=lambda n: (n == 'all',
                                                       'feature' in n, n)):
            row = self.counts[name]
            yield (f'{name:44} {row["all"]:6} {row["outside"]:8} '
                   f'{row["profile"]:6} {row["default"]:11}')
        row = self.counts['all']
        share = 100 * row['profile'] / max(1, row['all'] - row['outside'])
        yield f'agreement on what is applicable: {share:.2f} %'


def write_results(path, answers):
    results = [{key: answer[key] for key in ('id', 'actual_result', 'context')}
               for answer in answers.values()]
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'version': 1, 'harness': 'handfast', 'results': results},
                  file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('harness')
    parser.add_argument('file')
    parser.add_argument('--tap', action='store_true')
    parser.add_argument('--results')
    args = parser.parse_args()
    cases = h.load(args.file).get('testcases') or []
    if not cases:
        raise SystemExit(f'{args.file}: no testcases')
    answers = {'profile': h.ask(args.harness, cases),
               'default': h.ask(args.harness, cases, '--profile', 'practice')}
    judge = Judge(cases, answers, h.argued('limbo.tsv'))
    for case in cases:
        judge.judge(case)
    if args.results:
        write_results(args.results, answers['profile'])
    h.show(judge.table_of_counts(), args.tap)
    if not args.tap:
        for title, lines in (('outside, not judged', judge.outside),
                             ('different on purpose', judge.argued)):
            if lines:
                print(f'\n{title}:')
            for line in lines:
                print('  ' + line)
    for fault in judge.faults:
        print(f'{"# " if args.tap else "FAULT "}{fault}')
    return h.end(not judge.faults,
                 'every testcase of x509-limbo is agreed on or argued about',
                 args.tap)


if __name__ == '__main__':
    raise SystemExit(main())

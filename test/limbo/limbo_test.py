#!/usr/bin/python3
"""limbo_test.py HARNESS: the testcases kept beside the project, and what the
harness does with lines that are no testcases."""
import json
import os
import subprocess
import sys

SHARED = os.environ.get('HF_SHARED') or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'shared')
HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(SHARED, 'vectors', 'limbo.json.gz')


def run(harness, text, *options):
    return subprocess.run([harness, *options], input=text, text=True,
                          capture_output=True, check=False)


def every_testcase_is_agreed_on_or_argued_about(harness):
    if not os.path.exists(FILE):
        return 'x509-limbo (needs ../shared)'
    done = subprocess.run([sys.executable, '-B', os.path.join(HERE, 'limbo.py'),
                           harness, FILE, '--tap'], text=True,
                          capture_output=True, check=False)
    for line in (done.stdout + done.stderr).splitlines():
        if not line.startswith(('ok', 'not ok', '1..')):
            print(line if line.startswith('#') else f'# {line}')
    assert done.returncode == 0
    return None


def what_is_no_testcase_is_an_error(harness):
    for text in ('{', '[]\n', '{"name": "x"}\n', '{"id": 1}\n'):
        done = run(harness, text)
        assert done.returncode == 1 and not done.stdout, (text, done)
        assert 'line 1: no testcase' in done.stderr
    done = run(harness, '\n  \n')
    assert done.returncode == 0 and not done.stdout
    assert run(harness, '', '--profile', 'none').returncode == 2


def what_cannot_be_judged_is_refused_and_says_so(harness):
    base = {'id': 'x::y', 'peer_certificate': '', 'trusted_certs': []}
    rows = [
        ({}, None),
        ({'signature_algorithms': ['ED448']}, 'algorithms'),
        ({'extended_key_usage': ['codeSigning']}, 'purpose'),
        ({'key_usage': ['levitation']}, 'key usage'),
        ({'max_chain_depth': -1}, 'negative'),
        ({'validation_time': 'yesterday'}, 'time'),
        ({'validation_time': '2026-02-30T00:00:00+00:00'}, 'time'),
    ]
    text = ''.join(json.dumps(base | extra) + '\n' for extra, _ in rows)
    done = run(harness, text)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and len(answers) == len(rows)
    for (_, word), answer in zip(rows, answers):
        assert answer['actual_result'] == 'FAILURE'
        assert answer.get('applicable', True) == (word is None)
        assert (word or 'verify.der') in answer['context'], answer


def main():
    tests = [every_testcase_is_agreed_on_or_argued_about,
             what_is_no_testcase_is_an_error,
             what_cannot_be_judged_is_refused_and_says_so]
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            skipped = test(sys.argv[1])
            if skipped:
                print(f'# SKIP: {skipped}')
            print(f'ok {number} - {test.__name__}'
                  f'{" # SKIP" if skipped else ""}')
        except AssertionError as why:
            failed = 1
            print(f'# {why}\nnot ok {number} - {test.__name__}')
    print(f'1..{len(tests)}')
    return failed


if __name__ == '__main__':
    sys.exit(main())

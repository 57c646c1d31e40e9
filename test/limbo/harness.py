"""handfast-limbo as a function, and what the scripts that use it share: tables
of what is argued about, and the ways of telling a result."""
import base64
import gzip
import json
import os
import subprocess
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
ARGUMENTS = os.path.join(HERE, '..', '..', 'docs', 'x509.md')


def ask(harness, testcases, *options):
    """Our answers: id -> the object that the harness wrote."""
    text = ''.join(json.dumps(case) + '\n' for case in testcases)
    run = subprocess.run([harness, *options], input=text, text=True,
                         capture_output=True, check=False)
    if run.returncode:
        raise SystemExit(f'{harness} ended with {run.returncode}: '
                         f'{run.stderr.strip()[:500]}')
    answers = {}
    for line in run.stdout.splitlines():
        answer = json.loads(line)
        answers[answer['id']] = answer
    missing = [case['id'] for case in testcases if case['id'] not in answers]
    if missing or len(answers) != len(testcases):
        raise SystemExit(f'{harness} did not answer {missing[:5]}, or ids '
                         'come twice')
    return answers


def load(path):
    """A JSON file, gzipped or not."""
    try:
        with open(path, 'rb') as file:
            raw = file.read()
    except OSError as why:
        raise SystemExit(f'{path}: {why.strerror}') from why
    if raw[:2] == b'\x1f\x8b':
        raw = gzip.decompress(raw)
    try:
        return json.loads(raw)
    except ValueError as why:
        raise SystemExit(f'{path}: no JSON: {why}') from why


def pem(label, der):
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return '\n'.join([f'-----BEGIN {label}-----', *lines,
                      f'-----END {label}-----', ''])


def rows(name, width):
    """The rows of a table beside this file."""
    with open(os.path.join(HERE, name), encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip('\n')
            if not line or line.startswith('#'):
                continue
            fields = line.split('\t')
            if len(fields) != width or not all(fields):
                raise SystemExit(f'{name}:{number}: {width} fields, please')
            yield fields


def argued(name):
    """id -> (scope, reason) of a table of arguments; each must also be made in
    docs/x509.md, where it is called by the last part of its id."""
    with open(ARGUMENTS, encoding='utf-8') as file:
        page = file.read()
    table = {}
    for ident, scope, reason in rows(name, 3):
        if ident in table:
            raise SystemExit(f'{name}: {ident} is there twice')
        if ident.split('::')[-1] not in page:
            raise SystemExit(f'{name}: docs/x509.md does not say why {ident}')
        table[ident] = (scope, reason)
    return table


def show(lines, tap):
    for line in lines:
        print(f'# > {line}'.rstrip() if tap else line)


def end(good, what, tap):
    """The exit status; in TAP, the one test that this was."""
    if tap:
        print(f'{"ok" if good else "not ok"} 1 - {what}\n1..1')
    return 0 if good else 1

#!/usr/bin/python3
"""attacks.py: does every class of attacks have its tests?

Reads test/attacks.tsv: each row of the list of attack classes must be there
once, with tests that exist and are run, or with a reason why none applies yet.
If the list itself is at hand (HF_SHARED), the rows are held against it."""
import os
import re
import sys

ROWS = {'A': 15, 'B': 21, 'C': 18, 'D': 8, 'E': 14, 'F': 12}
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')


def text_of(*path):
    """The file's text, or None."""
    try:
        with open(os.path.join(SOURCE, *path), encoding='utf-8') as file:
            return file.read()
    except OSError:
        return None


def fault_of_c(folder, name, function):
    """What is wrong with a test of src/, or None."""
    text = text_of('src', folder, name + '.c')
    if text is None:
        return 'no such file'
    if f"'{name}.c'" not in (text_of('src', folder, 'meson.build') or ''):
        return 'is not run'
    if not function:
        return None
    if not re.search(rf'^static void {function}\(void \*\*\w+\)', text, re.M):
        return 'no such test'
    if not re.search(rf'\(\s*{function}\b[^;]*?[,)]', text.split('main(')[-1]):
        return 'is not in the list of its file'
    return None


def fault_of_model(name):
    """What is wrong with a program of the state explorer's, or None."""
    if text_of('test', 'model', name + '.c') is None:
        return 'no such file'
    build = text_of('test', 'model', 'meson.build') or ''
    return None if f"'{name}.c'" in build else 'is not run'


def fault_of(test):
    if test.endswith('.py'):
        return None if text_of(test) else 'no such file'
    if match := re.fullmatch(r'model/(\w+)', test):
        return fault_of_model(match[1])
    match = re.fullmatch(r'(\w+)/(\w+)(?::(\w+))?', test)
    return fault_of_c(*match.groups()) if match else 'is not written as a test'


def expected():
    return [f'{letter}{n}' for letter, count in ROWS.items()
            for n in range(1, count + 1)]


def rows_of_the_list():
    """The rows of the list kept beside the project; None if it is not there."""
    path = os.path.join(os.environ.get('HF_SHARED', SOURCE + '/../shared'),
                        'security', 'attacks.md')
    try:
        with open(path, encoding='utf-8') as file:
            return re.findall(r'^\| ([A-F]\d+) \|', file.read(), re.M)
    except OSError:
        return None


def main():
    faults, seen, tests = [], [], set()
    for number, line in enumerate(text_of('test', 'attacks.tsv').split('\n'), 1):
        if not line or line.startswith('#'):
            continue
        fields = line.split('\t')
        if len(fields) != 3:
            faults.append(f'line {number}: three fields, please')
            continue
        row, named, note = fields
        seen.append(row)
        if named == '-':
            if not note:
                faults.append(f'{row}: neither a test nor a reason')
            continue
        for test in named.split():
            tests.add(test)
            if fault := fault_of(test):
                faults.append(f'{row}: {test}: {fault}')
    if seen != expected():
        faults.append('the rows are not ' + ' '.join(expected()))
    known = rows_of_the_list()
    if known is not None and known != seen:
        faults.append('the rows are not those of the list beside the project')
    for fault in faults:
        print(fault)
    print(f'# NOTE: {len(seen)} classes of attacks, {len(tests)} tests, '
          f'{len(faults)} faults')
    return bool(faults)


sys.exit(main())

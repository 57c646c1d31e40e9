#!/usr/bin/python3
"""ct.py: is our own code constant in time, as compiled?

    ct.py --check            what becomes public on purpose, against the table
                             test/declassified.tsv (quick; a test of the project)
    ct.py [gcc clang] [--levels 2,3] [--dir build-ct] [--all]
                             builds test/taint with each compiler at each level
                             and runs it under valgrind, with what it must notice

Secrets are marked as undefined where they are born (HF_SECRET), so that memcheck
complains of each branch and each address that depends on one, and of each that is
sent.  A compiler may make a branch of what was none in C; hence the matrix."""
import argparse
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
TABLE = os.path.join(SOURCE, 'test', 'declassified.tsv')
SKIPPED = 77
ALL_NOTICED = 'all of it was noticed'
NOTICED = 7  # what memcheck exits with
PROGRAMS = {  # what must be noticed
    'constant-time': ['branch', 'index'],
    'taint': ['planted'],
}


def library_files():
    """The library's own sources: no tests, nor what only they use."""
    for layer in sorted(os.listdir(os.path.join(SOURCE, 'src'))):
        build = os.path.join(SOURCE, 'src', layer, 'meson.build')
        if not os.path.isfile(build):
            continue
        with open(build, encoding='utf-8') as file:
            text = file.read()
        tests = set()
        for block in re.findall(r'_tests = files\((.*?)\)', text, re.S):
            tests |= set(re.findall(r"'([\w./]+)'", block))
        for name in sorted(os.listdir(os.path.join(SOURCE, 'src', layer))):
            if re.search(r'\.[ch]$', name) and name not in tests and \
                    name not in ('ct_check.c', 'base.h', 'taint.h'):
                yield f'src/{layer}/{name}'


def arguments(text):
    """The first argument of each HF_DECLASSIFY( in @text."""
    for match in re.finditer(r'\bHF_DECLASSIFY\s*\(', text):
        depth, at = 1, match.end()
        while depth and not (depth == 1 and text[at] == ','):
            depth += {'(': 1, ')': -1}.get(text[at], 0)
            at += 1
        yield ' '.join(text[match.end():at].split())


def found():
    out = []
    for name in library_files():
        with open(os.path.join(SOURCE, name), encoding='utf-8') as file:
            out += [(name, what) for what in arguments(file.read())]
    return sorted(out)


def listed():
    rows = []
    with open(TABLE, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith('#'):
                fields = line.rstrip('\n').split('\t')
                if len(fields) != 3 or not all(fields):
                    sys.exit(f'{TABLE}:{number}: file, what, reason')
                rows.append(tuple(fields))
    return rows


def check(tell=False):
    """The number of declassifications; exits if the table is not true."""
    rows, code = listed(), found()
    faults = [f'{name}: {what} becomes public, and the table gives no reason'
              for name, what in code
              if code.count((name, what)) >
              [row[:2] for row in rows].count((name, what))]
    faults += [f'{row[0]}: {row[1]} is in the table and not in the code'
               for row in rows if [row[:2] for row in rows].count(row[:2]) >
               code.count(row[:2])]
    for fault in sorted(set(faults)):
        print(f'# {fault}')
    if faults:
        sys.exit(1)
    for row in rows if tell else []:
        print(f'# > {row[0]}: {row[1]}: {row[2]}')
    return len(rows)


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          **more)


def build(compiler, level, folder):
    """A build of the two programs; exits if there is none."""
    where = os.path.join(folder, f'{compiler}-O{level}')
    if not os.path.exists(os.path.join(where, 'build.ninja')):
        made = run(['meson', 'setup', where, SOURCE, f'-Doptimization={level}',
                    '-Ddebug=true'], env={**os.environ, 'CC': compiler})
        if made.returncode:
            sys.exit(made.stdout)
    made = run(['ninja', '-C', where] + [f'test/taint/{p}' for p in PROGRAMS])
    if made.returncode:
        sys.exit(made.stdout)
    return where


def reports(text):
    """What memcheck complained of: the first line of each block."""
    return len(re.findall(r'==\d+== (?:Conditional jump|Use of uninit|Uninit'
                          r'ialised byte|Syscall param)', text)) + \
        len(re.findall(r'not (?:defined|marked)', text))


def run_one(where, program, argument):
    memcheck = ['valgrind', '--quiet', f'--error-exitcode={NOTICED}',
                os.path.join(where, 'test', 'taint', program)]
    return run(memcheck + ([argument] if argument else []))


def examine(where, all_of_it):
    """Reports of one build, with the notes it made; controls must be seen."""
    total = 0
    for program, plants in PROGRAMS.items():
        soak = 'all' if all_of_it and program == 'taint' else None
        result = run_one(where, program, soak)
        total += reports(result.stdout)
        if result.returncode:
            print(result.stdout)
            total += not reports(result.stdout)
        for plant in plants:
            result = run_one(where, program, plant)
            if result.returncode != NOTICED or \
                    plant == 'planted' and ALL_NOTICED not in result.stdout:
                print(f'# {where}: {program} {plant} was not noticed')
                sys.exit(1)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('compilers', nargs='*', default=['gcc', 'clang'])
    parser.add_argument('--levels', default='2,3')
    parser.add_argument('--dir', default=os.path.join(SOURCE, 'build-ct'))
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--check', action='store_true')
    options = parser.parse_args()
    count = check(tell=not options.check)
    if options.check:
        print(f'# NOTE: {count} declassifications, each with its reason')
        return 0
    for tool in ['valgrind'] + options.compilers:
        if not shutil.which(tool):
            print(f'there is no {tool} (apt install {tool})')
            return SKIPPED
    total = builds = 0
    for compiler in options.compilers:
        for level in options.levels.split(','):
            where = build(compiler, level, options.dir)
            bad = examine(where, options.all)
            print(f'{compiler} -O{level}: {bad} reports', flush=True)
            total += bad
            builds += 1
    print(f'# NOTE: constant time: {total} reports, {count} declassifications, '
          f'{builds} builds')
    return 1 if total else 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/python3
"""man_test.py SOURCE: every public function has its place in a page of section
3, with the prototype of the header, and mandoc finds nothing to say about any
page.  Speaks TAP."""
import os
import re
import shutil
import subprocess
import sys

SOURCE = sys.argv[1]
MAN = os.path.join(SOURCE, 'man')
HEADERS = ['types.h', 'config.h', 'engine.h', 'handfast.h']


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding='utf-8') as f:
        return f.read()


def pages(section):
    return sorted(f for f in os.listdir(MAN) if f.endswith('.' + section))


def plain(prototype):
    return re.sub(r'\s*([*(),])\s*', r'\1', ' '.join(prototype.split()))


def declared():
    """name -> prototype, of the headers."""
    found = {}
    for header in HEADERS:
        text = re.sub(r'/\*.*?\*/', '', read('include', 'handfast', header),
                      flags=re.S)
        for one in re.findall(r'\bHF_PUBLIC\s+([^;{]*\([^;]*\));', text):
            one = plain(one)
            found[re.search(r'\b(hf_\w+)\(', one).group(1)] = one
    return found


def documented():
    """name -> (page, prototype), of the synopses."""
    found = {}
    for page in pages('3'):
        text = read('man', page)
        synopsis = text[text.index('.Sh SYNOPSIS'):text.index('.Sh DESCRIPTION')]
        pattern = (r'^\.Ft (.*)\n(?:\.Fn (\w+) (.*)\n|'
                   r'\.Fo (\w+)\n((?:\.Fa .*\n)+)\.Fc)')
        for kind, name, one, many, lines in re.findall(pattern, synopsis, re.M):
            arguments = [one] if name else re.findall(r'^\.Fa (.*)$', lines,
                                                      re.M)
            arguments = ','.join(a.strip('"') for a in arguments)
            name = name or many
            found[name] = (page, plain('%s %s(%s)' % (kind.strip('"'), name,
                                                      arguments)))
            assert '.Nm %s' % name in text, '%s: no name %s' % (page, name)
    return found


def every_function_is_documented_as_declared():
    headers, manual = declared(), documented()
    assert len(headers) > 50, headers
    assert set(headers) == set(manual), set(headers) ^ set(manual)
    for name, prototype in headers.items():
        page, said = manual[name]
        assert said == prototype, (page, said, prototype)


def mandoc_has_nothing_to_say():
    every = [os.path.join(MAN, f) for f in os.listdir(MAN)
             if re.search(r'\.[1-9]$', f)]
    assert every
    said = subprocess.run(['mandoc', '-T', 'lint', '-W', 'style', *every],
                          capture_output=True, text=True, check=False).stdout
    # Which pages the machine has is no fault of ours; see below for ours.
    said = [line for line in said.splitlines()
            if 'mandoc.db' not in line and 'manual not found' not in line]
    assert not said, '\n'.join(said)


def no_page_refers_to_one_that_is_not_there():
    for page in os.listdir(MAN):
        if not re.search(r'\.[1-9]$', page):
            continue
        for name, section in re.findall(r'^\.Xr (\S+) ([1-9])',
                                        read('man', page), re.M):
            if name.startswith(('hf_', 'handfast')):
                other = os.path.join(MAN, name + '.' + section)
                assert os.path.exists(other), (page, name, section)


def main():
    failed = 0
    tests = [every_function_is_documented_as_declared,
             no_page_refers_to_one_that_is_not_there,
             mandoc_has_nothing_to_say]
    print('1..%d' % len(tests))
    for number, test in enumerate(tests, 1):
        if test is mandoc_has_nothing_to_say and not shutil.which('mandoc'):
            print('ok %d - %s # SKIP mandoc (apt install mandoc)'
                  % (number, test.__name__))
            continue
        try:
            test()
            print('ok %d - %s' % (number, test.__name__))
        except AssertionError as error:
            failed += 1
            print('# ' + str(error).replace('\n', '\n# '))
            print('not ok %d - %s' % (number, test.__name__))
    return failed > 0


sys.exit(main())

#!/usr/bin/python3
"""key_server_test.py KEY_SERVER SERVER: a server whose keys are elsewhere.

openssl s_client shakes hands with it in every way that needs a key; its memory
is searched for the key (SERVER, which has its own, shows that the search
finds one); the key process is killed, and the server says so and lives on.
Speaks TAP.  Everything happens on loopback, in a directory that is removed.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

KEY_SERVER, SERVER = sys.argv[1:3]
# Whose memory nobody may look into is not searched for leaks either.
os.environ['ASAN_OPTIONS'] = ':'.join(
    filter(None, [os.environ.get('ASAN_OPTIONS'), 'detect_leaks=0']))
WRAP = os.environ.get('HF_WRAP', '').split()
DIRECTORY = tempfile.mkdtemp(dir=os.environ.get('HF_BUILD', '.'),
                             prefix='key-server-test-')
WORDS = b'never seen its own key'


def path(name):
    return os.path.join(DIRECTORY, name)


def openssl(*arguments, **more):
    return subprocess.run(['openssl', *arguments], cwd=DIRECTORY, check=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          **more).stdout


def make_certificates():
    kinds = {'rsa': ['rsa:2048'],
             'ec': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']}
    openssl('req', '-x509', '-newkey', *kinds['ec'], '-nodes', '-days', '2',
            '-subj', '/CN=Authority', '-keyout', 'ca.key', '-out', 'ca.pem')
    for name, kind in kinds.items():
        with open(path('leaf.cnf'), 'w') as f:
            f.write('subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n'
                    'keyUsage=digitalSignature%s\n'
                    % (',keyEncipherment' if name == 'rsa' else ''))
        openssl('req', '-newkey', *kind, '-nodes', '-subj', '/CN=' + name,
                '-keyout', name + '.key', '-out', 'leaf.csr')
        openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey',
                'ca.key', '-CAcreateserial', '-days', '1', '-extfile',
                'leaf.cnf', '-out', name + '.pem')


class Server:
    """A server that runs for the length of a with block."""

    def __init__(self, program=KEY_SERVER, names=('ec', 'rsa')):
        self.command = [*WRAP, program, '0']
        for name in names:
            self.command += [path(name + '.pem'), path(name + '.key')]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        said = self.process.stdout.readline().decode()
        assert said.startswith('listening on port '), said
        self.port = int(said.split()[-1])
        self.pid = self.process.pid
        return self

    def keys(self):
        """The process with the keys: a child of the other."""
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                with open('/proc/%s/stat' % entry) as f:
                    stat = f.read()
            except OSError:
                continue
            if int(stat.rpartition(')')[2].split()[1]) == self.pid:
                return int(entry)
        raise AssertionError('no key process')

    def __exit__(self, *_):
        alive = self.process.poll() is None
        if alive:
            self.process.terminate()
        self.said = self.process.communicate(timeout=20)[1].decode()
        assert alive, self.said


def ask(server, *arguments):
    """openssl s_client's exit status and what it printed."""
    done = subprocess.run(
        ['openssl', 's_client', '-connect', 'localhost:%d' % server.port,
         '-CAfile', 'ca.pem', '-servername', 'localhost', '-ign_eof',
         '-verify_return_error', *arguments], cwd=DIRECTORY,
        input=b'GET /\r\n\r\n', capture_output=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


KINDS = [
    ('TLS 1.3, ECDSA', ['-tls1_3', '-sigalgs', 'ECDSA+SHA256'],
     b'TLSv1.3'),
    ('TLS 1.3, RSA-PSS', ['-tls1_3', '-sigalgs', 'RSA-PSS+SHA256:ECDSA+SHA384'],
     b'RSA-PSS'),
    ('TLS 1.2, ECDSA', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
     b'ECDHE-ECDSA-AES128-GCM-SHA256'),
    ('TLS 1.2, RSA', ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'],
     b'ECDHE-RSA-AES128-GCM-SHA256'),
    ('TLS 1.2, RSA key transport', ['-tls1_2', '-cipher', 'AES128-GCM-SHA256'],
     b'Cipher is AES128-GCM-SHA256'),
]


def every_kind_of_handshake_is_served():
    with Server() as server:
        for name, arguments, words in KINDS:
            status, said = ask(server, *arguments)
            assert status == 0 and WORDS in said and words in said, (name, said)
    assert server.said == '', server.said


def many_are_served_at_once():
    failures = []

    def one(server, kind):
        status, said = ask(server, *kind[1])
        if status or WORDS not in said:
            failures.append((kind[0], said))

    with Server() as server:
        threads = [threading.Thread(target=one, daemon=True,
                                    args=(server, KINDS[i % len(KINDS)]))
                   for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert not failures, failures


def who_is_silent_delays_nobody():
    with Server() as server:
        silent = [socket.create_connection(('localhost', server.port))
                  for _ in range(8)]
        status, said = ask(server, *KINDS[0][1])
        assert status == 0 and WORDS in said, said
        for one in silent:
            one.close()


# ---- is the key in its memory? -----------------------------------------------

def numbers_of(name):
    """The secret numbers of an RSA or EC key, as bytes."""
    text = openssl('pkey', '-in', name + '.key', '-noout', '-text').decode()
    fields = re.findall(r'^(\w+):\n((?:    [0-9a-f:]+\n)+)', text, re.M)
    found = {}
    for field, value in fields:
        digits = value.replace(':', '').replace(' ', '').replace('\n', '')
        found[field] = bytes.fromhex(digits).lstrip(b'\0')
    secret = [found[k] for k in ('privateExponent', 'prime1', 'prime2', 'priv')
              if k in found]
    assert len(secret) == (3 if name == 'rsa' else 1), found.keys()
    return secret


def looks_of(name):
    """What the key looks like in memory: as libcrypto's words, as bytes of a
    DER, as lines of a PEM."""
    looks = []
    for number in numbers_of(name):
        looks += [number[:24], number[-24:], number[::-1][:24]]
    with open(path(name + '.key'), 'rb') as f:
        looks += f.read().split(b'\n')[2:4] if name == 'rsa' else \
            f.read().split(b'\n')[1:2]
    assert all(len(look) >= 24 for look in looks), looks
    return looks


def found_in(pid, names):
    """How many of these looks are in the memory of that process."""
    looks = [look for name in names for look in looks_of(name)]
    found = set()
    searched = 0
    with open('/proc/%d/maps' % pid) as maps, \
            open('/proc/%d/mem' % pid, 'rb', 0) as memory:
        for line in maps:
            begin, end = (int(x, 16) for x in line.split()[0].split('-'))
            if line.split()[1][0] != 'r' or end - begin > 1 << 30:
                continue
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue
            searched += len(data)
            found |= {look for look in looks if look in data}
    assert searched > 1 << 20, searched
    return len(found)


def the_server_does_not_hold_the_keys():
    if WRAP or not os.path.exists('/proc/self/maps'):
        return 'SKIP needs /proc, and no program around it'
    # The search can find one.
    with Server(SERVER, ['rsa']) as server:
        assert found_in(server.pid, ['rsa']) > 0
    with Server() as server:
        assert found_in(server.pid, ['ec', 'rsa']) == 0
        for _, arguments, _ in KINDS:
            assert ask(server, *arguments)[0] == 0
        assert found_in(server.pid, ['ec', 'rsa']) == 0
        keys = server.keys()
        # ... and the other, where only root may look, has them.
        if os.geteuid() == 0:
            assert found_in(keys, ['ec', 'rsa']) > 0


def the_key_process_holds_nothing_else():
    if WRAP or not os.path.exists('/proc/self/fd'):
        return 'SKIP needs /proc, and no program around it'
    with Server() as server:
        assert ask(server, *KINDS[0][1])[0] == 0  # it has read its keys
        keys = server.keys()
        with open('/proc/%d/limits' % keys) as f:
            limits = f.read()
        assert re.search(r'Max open files +0 +0', limits), limits
        assert re.search(r'Max core file size +0 +0', limits), limits
        try:
            held = os.listdir('/proc/%d/fd' % keys)
        except PermissionError:  # nobody looks into it but root
            assert os.geteuid() != 0
            return None
        links = {fd: os.readlink('/proc/%d/fd/%s' % (keys, fd)) for fd in held}
        sockets = [x for x in links.values() if x.startswith('socket:')]
        assert len(links) == 2 and '2' in links and len(sockets) == 1, links
    return None


# ---- without it --------------------------------------------------------------

def a_killed_key_process_is_told_and_survived():
    with Server() as server:
        _, said = ask(server, *KINDS[0][1], '-sess_out', 'session13')
        assert WORDS in said, said
        standing = subprocess.Popen(
            ['openssl', 's_client', '-connect', 'localhost:%d' % server.port,
             '-CAfile', 'ca.pem', '-ign_eof', '-tls1_3'], cwd=DIRECTORY,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        said = b' '
        while said and b'Verify return code' not in said:
            said = standing.stdout.readline()
        assert said
        os.kill(server.keys(), signal.SIGKILL)
        for name, arguments, _ in KINDS:
            status, said = ask(server, *arguments)
            assert status != 0 and WORDS not in said, (name, said)
        # Who is connected stays so, and an old session needs no key.
        said = standing.communicate(b'GET /\r\n\r\n', timeout=60)[0]
        assert WORDS in said, said
        status, said = ask(server, '-tls1_3', '-sess_in', 'session13')
        assert status == 0 and WORDS in said and b'Reused' in said, said
    lines = server.said.splitlines()
    assert 'the key process is gone (signal 9): no new sessions' in lines[0], \
        lines
    gone = [x for x in lines if 'a handshake needs the key process' in x]
    assert len(gone) == len(KINDS), lines
    reasons = [x for x in lines if 'no signature was given' in x]
    assert len(reasons) == len(KINDS) - 1, lines


def a_stopped_key_process_holds_up_only_who_asks():
    if WRAP:
        return 'SKIP waits for a deadline'
    with Server() as server:
        ask(server, *KINDS[0][1], '-sess_out', 'session13')
        keys = server.keys()
        os.kill(keys, signal.SIGSTOP)
        try:
            waits = subprocess.Popen(
                ['openssl', 's_client', '-connect',
                 'localhost:%d' % server.port, '-ign_eof', '-tls1_3'],
                cwd=DIRECTORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            time.sleep(0.3)
            status, said = ask(server, '-tls1_3', '-sess_in', 'session13')
            assert status == 0 and WORDS in said, said
            assert waits.poll() is None
        finally:
            os.kill(keys, signal.SIGCONT)
        said = waits.communicate(b'GET /\r\n\r\n', timeout=60)[0]
        assert WORDS in said, said
    assert server.said == '', server.said
    return None


def a_key_that_is_none_is_told():
    with open(path('none.key'), 'w') as f:
        f.write('no key\n')
    shutil.copy(path('ec.pem'), path('none.pem'))
    with Server(names=['none']) as server:
        status, said = ask(server, *KINDS[0][1])
        assert status != 0 and WORDS not in said, said
    assert 'none.key' in server.said, server.said
    assert 'the key process is gone (status 1)' in server.said, server.said


TESTS = [every_kind_of_handshake_is_served, many_are_served_at_once,
         who_is_silent_delays_nobody, the_server_does_not_hold_the_keys,
         the_key_process_holds_nothing_else,
         a_killed_key_process_is_told_and_survived,
         a_stopped_key_process_holds_up_only_who_asks,
         a_key_that_is_none_is_told]


def main():
    if not shutil.which('openssl'):
        print('1..0 # SKIP key server (apt install openssl)')
        return 0
    failed = 0
    print('1..%d' % len(TESTS), flush=True)
    try:
        make_certificates()
        for number, test in enumerate(TESTS, 1):
            verdict, note = 'ok', None
            try:
                note = test()
            except (AssertionError, OSError, subprocess.SubprocessError) as e:
                verdict = 'not ok'
                failed += 1
                print('# ' + repr(e).replace('\n', '\n# '))
            print('%s %d - %s%s' % (verdict, number, test.__name__,
                                    ' # ' + note if note else ''), flush=True)
    finally:
        shutil.rmtree(DIRECTORY)
    return failed > 0


sys.exit(main())

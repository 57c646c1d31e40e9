#!/usr/bin/python3
"""examples_test.py CLIENT SERVER EPOLL_SERVER: the examples do what they say.

Against each other, against Python's ssl (libssl), and against what goes wrong
in life: names and authorities that do not fit, a stream that is cut, clients
that dawdle.  Speaks TAP.  Everything happens on loopback, on ports that the
system picks, in a directory that is removed.
"""
import hashlib
import os
import resource
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

CLIENT, SERVER = sys.argv[1:3]
EPOLL = sys.argv[3] if len(sys.argv) > 3 else None
WRAP = os.environ.get('HF_WRAP', '').split()
DIRECTORY = tempfile.mkdtemp(dir=os.environ.get('HF_BUILD', '.'),
                             prefix='examples-test-')
REQUEST = b'GET / HTTP/1.0\r\n\r\n'


def path(name):
    return os.path.join(DIRECTORY, name)


def make_certificates():
    def openssl(*arguments):
        subprocess.run(['openssl', *arguments], cwd=DIRECTORY, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)

    new_key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
               '-nodes', '-days', '2']
    for authority in 'ca', 'other':
        openssl('req', '-x509', *new_key, '-subj', '/CN=Authority ' + authority,
                '-keyout', authority + '.key', '-out', authority + '.pem')
    with open(path('leaf.cnf'), 'w') as f:
        f.write('subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n'
                'extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n')
    openssl('req', *new_key, '-subj', '/CN=localhost',
            '-keyout', 'leaf.key', '-out', 'leaf.csr')
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey',
            'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'leaf.cnf',
            '-out', 'leaf.pem')


class Server:
    """An example server that runs for the length of a with block."""

    def __init__(self, program, *arguments, descriptors=None):
        self.descriptors = descriptors
        self.command = [*WRAP, program, '0', path('leaf.pem'),
                        path('leaf.key'), *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE,
                                        preexec_fn=self.limit)
        said = self.process.stdout.readline().decode()
        assert said.startswith('listening on port '), said
        self.port = int(said.split()[-1])
        return self

    def limit(self):
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors,) * 2)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.said = self.process.communicate(timeout=20)[1].decode()


def client(port, host='localhost', trust='ca.pem', request=REQUEST):
    return subprocess.run([*WRAP, CLIENT, host, str(port), path(trust)],
                          input=request, capture_output=True, timeout=60)


def connect(port):
    context = ssl.create_default_context(cafile=path('ca.pem'))
    raw = socket.create_connection(('127.0.0.1', port), timeout=60)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(raw, server_hostname='localhost')


class Cutter(threading.Thread):
    """Passes one connection on, but of what the server says only so many bytes,
    or only what comes before a record of some length; and ends it as if that
    were all."""

    def __init__(self, port, first=1 << 30, before=-1):
        super().__init__(daemon=True)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.to, self.first, self.before = port, first, before
        self.start()

    def run(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(('127.0.0.1', self.to))
        threading.Thread(target=self.up, args=(near, far), daemon=True).start()
        stream = far.makefile('rb')
        while self.first and (header := stream.read(5)):
            length = int.from_bytes(header[3:], 'big')
            if length == self.before:
                break
            record = (header + stream.read(length))[:self.first]
            near.sendall(record)
            self.first -= len(record)
        near.shutdown(socket.SHUT_WR)

    @staticmethod
    def up(near, far):
        try:
            while data := near.recv(65536):
                far.sendall(data)
        except OSError:
            pass


def send_some(tls, data, sent, size):
    try:
        return sent + (tls.send(data[sent:sent + size]) if data[sent:] else 0)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return sent


def receive_some(tls):
    try:
        piece = tls.recv(65536)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return b''
    if not piece:
        raise OSError('the server ended it')
    return piece


def echo(port, amount, pieces, failures):
    """Writes and reads back at the same time; notes what is lost or changed."""
    data, got, have, sent = os.urandom(amount), hashlib.sha256(), 0, 0
    try:
        with connect(port) as tls:
            tls.setblocking(False)
            while have < amount:
                before = sent
                sent = send_some(tls, data, sent, max(1, amount // pieces))
                piece = receive_some(tls)
                got.update(piece)
                have += len(piece)
                if sent == before and not piece:
                    select.select([tls], [tls] if sent < amount else [], [], 20)
            if got.digest() != hashlib.sha256(data).digest():
                raise OSError('other bytes came back')
            tls.setblocking(True)
            tls.settimeout(20)
            tls.unwrap()
    except OSError as error:
        failures.append('after %d bytes: %r' % (have, error))


# ---- the tests: a function is a sentence; it fails by raising ----------------


def client_and_server_talk():
    with Server(SERVER, '1') as server:
        done = client(server.port)
        server.process.wait(timeout=20)
    assert done.returncode == 0, done
    assert done.stdout.startswith(b'HTTP/1.0 200 OK\r\n'), done
    assert b'Hello over TLS 1.3 with TLS_' in done.stdout, done
    assert server.process.returncode == 0 and server.said == '', server.said


def server_serves_libssl():
    with Server(SERVER, '1') as server, connect(server.port) as tls:
        assert tls.version() == 'TLSv1.3'
        tls.sendall(REQUEST)
        answer = b''
        while piece := tls.recv(4096):
            answer += piece
    assert b'Hello over TLS 1.3' in answer, answer


def client_talks_to_libssl():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path('leaf.pem'), path('leaf.key'))
    page = os.urandom(1_000_000)

    def serve(listener, polite):
        with context.wrap_socket(listener.accept()[0], server_side=True) as tls:
            tls.recv(1000)
            tls.sendall(page)
            if polite:
                tls.unwrap()

    for polite in True, False:
        with socket.create_server(('127.0.0.1', 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener, polite),
                                      daemon=True)
            thread.start()
            done = client(listener.getsockname()[1])
            thread.join(20)
        assert done.stdout == page
        assert done.returncode == (0 if polite else 1), done.stderr
        assert polite or b'peer.truncated' in done.stderr, done.stderr


def refused(codes, words, **arguments):
    with Server(SERVER) as server:
        done = client(server.port, **arguments)
        assert done.returncode == 1 and not done.stdout, done
        said = done.stderr.decode()
        assert said.startswith('client: '), said
        assert said.split(': ')[1] in codes, said
        assert words in said, said
        # The server was told, and serves the next one.
        assert client(server.port).returncode == 0
    assert 'peer.alert' in server.said, server.said


def an_unknown_authority_is_refused():
    # Whether the server's chain or our trust lacks it, nobody can know.
    refused(['verify.unknown_issuer', 'verify.missing_intermediate'],
            'Authority ca', trust='other.pem')


def another_name_is_refused():
    refused(['verify.name'], '127.0.0.1', host='127.0.0.1')


def a_file_that_is_not_there_is_named():
    done = client(1, trust='nowhere.pem')
    assert done.returncode == 1
    assert b'system.file' in done.stderr and b'nowhere.pem' in done.stderr, done


def truncation_is_seen():
    with Server(SERVER, '2') as server:
        complete = client(Cutter(server.port).port)
        assert complete.returncode == 0, complete
        # Up to the server's close_notify, a record of two bytes of alert, one
        # of type and sixteen of tag.
        cut = client(Cutter(server.port, before=19).port)
    assert cut.returncode == 1, cut
    assert cut.stdout == complete.stdout, cut
    assert cut.stderr.startswith(b'client: peer.truncated: '), cut


def a_cut_handshake_is_seen():
    with Server(SERVER, '1') as server:
        done = client(Cutter(server.port, first=100).port)
    assert done.returncode == 1, done
    assert b'client: peer.closed_early: ' in done.stderr, done


def epoll_server_serves_many_at_once():
    failures = []
    with Server(EPOLL) as server:
        threads = [threading.Thread(target=echo, daemon=True,
                                    args=(server.port, 100000, 1 + i % 7,
                                          failures))
                   for i in range(6 if WRAP else 60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert not failures, failures
    assert server.said == '', server.said


def epoll_server_moves_much():
    failures = []
    with Server(EPOLL) as server:
        echo(server.port, 300_000 if WRAP else 10_000_000, 3, failures)
    assert not failures, failures


def epoll_server_does_not_wait_for_one():
    failures = []
    with Server(EPOLL) as server:
        silent = [socket.create_connection(('127.0.0.1', server.port))
                  for _ in range(20)]
        silent[0].sendall(b'\x16\x03\x01')
        stuck = connect(server.port)
        stuck.setblocking(False)
        try:
            for _ in range(1000):  # never reads what comes back
                stuck.send(bytes(100000))
        except ssl.SSLWantWriteError:
            pass
        echo(server.port, 100000, 3, failures)
        for one in silent:
            one.close()
        stuck.close()
        echo(server.port, 1000, 1, failures)
    assert not failures, failures


def epoll_server_waits_for_descriptors():
    failures = []
    with Server(EPOLL, descriptors=200 if WRAP else 20) as server:
        many = [socket.create_connection(('127.0.0.1', server.port))
                for _ in range(250 if WRAP else 40)]
        late = threading.Thread(target=echo, daemon=True,
                                args=(server.port, 1000, 1, failures))
        late.start()
        late.join(0.2)
        assert late.is_alive()
        for one in many:
            one.close()
        late.join(30)
    assert not failures, failures


def epoll_server_survives_nonsense():
    failures = []
    with Server(EPOLL) as server:
        for nonsense in (b'GET / HTTP/1.1\r\n\r\n', bytes(1000),
                         b'\x80\x2e\x01', b'\x16\x03\x01\xff\xff',
                         b'\x16\x03\x01\x00\x05hello'):
            with socket.create_connection(('127.0.0.1', server.port)) as one:
                one.settimeout(20)
                one.sendall(nonsense)
                one.shutdown(socket.SHUT_WR)
                while one.recv(1000):
                    pass
        echo(server.port, 1000, 1, failures)
    assert not failures, failures
    assert 'record.plain_http' in server.said, server.said


TESTS = [client_and_server_talk, server_serves_libssl, client_talks_to_libssl,
         an_unknown_authority_is_refused, another_name_is_refused,
         a_file_that_is_not_there_is_named, truncation_is_seen,
         a_cut_handshake_is_seen]
if EPOLL:
    TESTS += [epoll_server_serves_many_at_once, epoll_server_moves_much,
              epoll_server_does_not_wait_for_one,
              epoll_server_waits_for_descriptors,
              epoll_server_survives_nonsense]


def main():
    if not shutil.which('openssl'):
        print('1..0 # SKIP examples (apt install openssl)')
        return 0
    failed = 0
    print('1..%d' % len(TESTS), flush=True)
    try:
        make_certificates()
        for number, test in enumerate(TESTS, 1):
            begun = time.monotonic()
            try:
                test()
                verdict = 'ok'
            except (AssertionError, OSError, subprocess.SubprocessError) as e:
                verdict = 'not ok'
                failed += 1
                print('# ' + repr(e).replace('\n', '\n# '))
            print('%s %d - %s' % (verdict, number, test.__name__))
            print('# %.2f s' % (time.monotonic() - begun), flush=True)
    finally:
        shutil.rmtree(DIRECTORY)
    return failed > 0


sys.exit(main())

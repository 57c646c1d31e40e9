"""web.py: a web server and a proxy for the tests of `handfast get`."""
import os
import pty
import socket
import subprocess
import threading

import cli
from cli import WORK, Server, ca_file, end, read_request, run, tls_server

YES = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes"


class Web:
    """Answers every request with what @paths has for its path, and keeps what
    it was asked."""

    def __init__(self, paths, context=None):
        self.asked = []

        def handle(tls):
            head, body = read_request(tls)
            self.asked.append((head, body))
            path = head.split(" ")[1]
            tls.sendall(paths.get(path, b"HTTP/1.1 404 Not Found\r\n"
                                  b"Content-Length: 4\r\n\r\nnone"))
            end(tls)
        self.server = tls_server(handle, context=context)
        self.port = self.server.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def url(self, path="/", host="localhost"):
        return f"https://{host}:{self.port}{path}"


def get(web, *words, path="/", **more):
    return run("get", "--cacert", ca_file(), web.url(path), *words, **more)


def moved(to, status=302):
    return (b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 5\r\n\r\n"
            b"moved" % (status, to.encode()))


def on_a_terminal(*words):
    """(output on a terminal, exit)"""
    master, slave = pty.openpty()
    child = subprocess.Popen([cli.HANDFAST, *map(str, words)], stdout=slave,
                             stderr=subprocess.DEVNULL,
                             stdin=subprocess.DEVNULL,
                             env={**cli.CLEAN, "TERM": "xterm"}, cwd=WORK)
    os.close(slave)
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(master)
    return text, child.wait()


class Proxy:
    """An HTTP proxy that knows CONNECT."""

    def __init__(self, status=b"HTTP/1.1 200 OK"):
        self.asked = []

        def handle(peer):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += peer.recv(1)
            self.asked.append(head.decode())
            peer.sendall(status + b"\r\nVia: test\r\n\r\n")
            if b" 200 " not in status:
                return
            port = int(head.split(b" ")[1].rsplit(b":", 1)[1])
            inner = socket.create_connection(("127.0.0.1", port))

            def back():
                try:
                    while data := inner.recv(65536):
                        peer.sendall(data)
                    peer.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            threading.Thread(target=back, daemon=True).start()
            while data := peer.recv(65536):
                inner.sendall(data)
            inner.close()
        self.server = Server(handle)
        self.port = self.server.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()

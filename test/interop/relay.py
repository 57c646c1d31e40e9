"""Somebody between two ends who changes their hellos on the way."""

import socket
import threading

CLIENT_HELLO, SERVER_HELLO = 1, 2
SUPPORTED_VERSIONS = 43


def number(data, at, width):
    return int.from_bytes(data[at:at + width], "big")


class Hello:
    """A ClientHello or ServerHello, taken apart (RFC 8446 4.1.2, 4.1.3)."""

    def __init__(self, message):
        self.kind = message[0]
        self.version = number(message, 4, 2)
        self.random = message[6:38]
        at = 39 + message[38]
        self.session_id = message[39:at]
        size = 2
        if self.kind == CLIENT_HELLO:
            size = number(message, at, 2)
            at += 2
        self.suites = message[at:at + size]
        at += size
        size = 1 + (message[at] if self.kind == CLIENT_HELLO else 0)
        self.compression = message[at:at + size]
        at += size + 2
        self.extensions = []
        while at < len(message):
            end = at + 4 + number(message, at + 2, 2)
            self.extensions.append((number(message, at, 2),
                                    message[at + 4:end]))
            at = end

    def bytes(self):
        client = self.kind == CLIENT_HELLO
        block = b"".join(n.to_bytes(2, "big") + len(b).to_bytes(2, "big") + b
                         for n, b in self.extensions)
        body = (self.version.to_bytes(2, "big") + self.random
                + bytes([len(self.session_id)]) + self.session_id
                + (len(self.suites).to_bytes(2, "big") if client else b"")
                + self.suites + self.compression
                + (len(block).to_bytes(2, "big") + block if block else b""))
        return bytes([self.kind]) + len(body).to_bytes(3, "big") + body

    def drop(self, extension):
        self.extensions = [(n, b) for n, b in self.extensions
                           if n != extension]

    def set(self, extension, body):
        self.extensions = [(n, body if n == extension else b)
                           for n, b in self.extensions]


class Relay:
    """Serves one client after the other and passes on what comes; the first
    handshake message of each side goes through edit(hello)."""

    def __init__(self, port, edit):
        self.to, self.edit = port, edit
        self.faults = []
        self.edited = []  # kinds of the hellos that were changed
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=ends,
                                 daemon=True).start()

    def carry(self, source, sink):
        try:
            source.settimeout(20)
            sink.sendall(self.first(source))
            while part := source.recv(65536):
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)
        except (OSError, EOFError):
            pass  # one of them has left
        except (IndexError, ValueError) as fault:
            self.faults.append(repr(fault))

    def first(self, source):
        """The first message, changed; all in one record, as they are sent."""
        record = self.take(source, 5)
        record += self.take(source, number(record, 3, 2))
        if record[0] != 22 or record[5] not in (CLIENT_HELLO, SERVER_HELLO):
            return record  # an alert
        size = 4 + number(record, 6, 3)
        while len(record) < 5 + size:
            more = self.take(source, 5)
            record += self.take(source, number(more, 3, 2))
        message, rest = record[5:5 + size], record[5 + size:]
        hello = Hello(message)
        if hello.bytes() != message:
            raise ValueError("a hello that cannot be put together again")
        self.edit(hello)
        if hello.bytes() != message:
            self.edited.append(hello.kind)
        body = hello.bytes() + rest
        return record[:3] + len(body).to_bytes(2, "big") + body

    @staticmethod
    def take(source, size):
        data = b""
        while len(data) < size:
            part = source.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

"""pcap.py: captures made by hand, for the tests that read them, and a relay that
captures what two programs say to each other."""
import socket
import struct
import threading
import time

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
LINK_NULL, ETHERNET, RAW, LOOP, SLL, SLL2 = 0, 1, 101, 108, 113, 276


class Packet:
    """A TCP segment on its way, time in nanoseconds."""

    def __init__(self, when, source, target, seq, ack, flags, data=b""):
        self.when, self.source, self.target = when, source, target
        self.seq, self.ack, self.flags, self.data = seq, ack, flags, data

    def tcp(self):
        return struct.pack("!HHIIBBHHH", self.source[1], self.target[1],
                           self.seq & 0xffffffff, self.ack & 0xffffffff,
                           5 << 4, self.flags, 65535, 0, 0) + self.data

    def ip(self, extension=b""):
        tcp = self.tcp()
        if ":" in self.source[0]:
            addresses = b"".join(socket.inet_pton(socket.AF_INET6, end[0])
                                 for end in (self.source, self.target))
            kind = 60 if extension else 6
            return struct.pack("!IHBB", 6 << 28, len(tcp) + len(extension),
                               kind, 64) + addresses + extension + tcp
        addresses = b"".join(socket.inet_aton(end[0])
                             for end in (self.source, self.target))
        return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6,
                           0) + addresses + tcp

    def frame(self, link, vlan=0, extension=b""):
        ip = self.ip(extension)
        six = ":" in self.source[0]
        kind = struct.pack("!H", 0x86dd if six else 0x0800)
        tags = b"\x81\x00\x00\x2a" * vlan
        if link == ETHERNET:
            return b"\x02" * 12 + tags + kind + ip
        if link == SLL:
            return b"\0\0\3\4\0\6" + b"\0" * 8 + kind + ip
        if link == SLL2:
            return kind + b"\0" * 18 + ip
        if link == LINK_NULL:
            return struct.pack("<I", 30 if six else 2) + ip
        if link == LOOP:
            return struct.pack("!I", 30 if six else 2) + ip
        return ip


class Talk:
    """Two ends and what they say: turns it into packets."""

    def __init__(self, client=("10.0.0.1", 40000), server=("10.0.0.2", 443),
                 when=1_700_000_000_000_000_000, isn=(1000, 0xfffffff0)):
        self.ends = [client, server]
        self.next = list(isn)
        self.when = when
        self.packets = []

    def say(self, who, flags, data=b""):
        self.when += 1_000_000
        self.packets.append(Packet(self.when, self.ends[who],
                                   self.ends[1 - who], self.next[who],
                                   self.next[1 - who], flags, data))
        self.next[who] += len(data) + (1 if flags & (SYN | FIN) else 0)

    def open(self):
        self.say(0, SYN)
        self.say(1, SYN | ACK)
        self.say(0, ACK)
        return self

    def send(self, who, data, size=1400):
        for at in range(0, len(data), size):
            self.say(who, ACK | PSH, data[at:at + size])

    def close(self):
        self.say(0, FIN | ACK)
        self.say(1, FIN | ACK)
        self.say(0, ACK)
        return self


def pcap(packets, link=ETHERNET, order="<", nano=False, snap=None, **how):
    magic = 0xa1b23c4d if nano else 0xa1b2c3d4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap or 65535, link)
    for packet in packets:
        frame = packet.frame(link, **how)
        kept = frame[:snap] if snap else frame
        part = packet.when % 10**9
        out += struct.pack(order + "IIII", packet.when // 10**9,
                           part if nano else part // 1000, len(kept),
                           len(frame)) + kept
    return out


def block(kind, body, order="<"):
    body += b"\0" * (-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order="<"):
    return block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1),
                 order)


def interface(link=ETHERNET, order="<", resolution=None, snap=0):
    body = struct.pack(order + "HHI", link, 0, snap)
    if resolution is not None:
        body += struct.pack(order + "HHBxxxHH", 9, 1, resolution, 0, 0)
    return block(1, body, order)


def secrets(text, order="<", kind=0x544c534b):
    return block(10, struct.pack(order + "II", kind, len(text)) + text, order)


def enhanced(packet, link=ETHERNET, order="<", units=10**6, face=0, **how):
    frame = packet.frame(link, **how)
    ticks = packet.when * units // 10**9
    return block(6, struct.pack(order + "IIIII", face, ticks >> 32,
                                ticks & 0xffffffff, len(frame), len(frame)) +
                 frame, order)


def pcapng(packets, keys=b"", **how):
    order = how.get("order", "<")
    return (section(order) + interface(how.get("link", ETHERNET), order) +
            (secrets(keys, order) if keys else b"") +
            b"".join(enhanced(packet, **how) for packet in packets))


class Relay:
    """Listens, passes on to a port, and keeps what went by as Talks."""

    def __init__(self, port):
        self.to = port
        self.talks = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.threads = []
        threading.Thread(target=self.loop, daemon=True).start()

    def loop(self):
        while True:
            try:
                client, name = self.socket.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            talk = Talk(("127.0.0.1", name[1]), ("127.0.0.1", self.to),
                        time.time_ns()).open()
            self.talks.append(talk)
            lock = threading.Lock()
            for who, (source, target) in enumerate(((client, server),
                                                    (server, client))):
                thread = threading.Thread(
                    target=self.pump, args=(talk, who, source, target, lock),
                    daemon=True)
                self.threads.append(thread)
                thread.start()

    def pump(self, talk, who, source, target, lock):
        try:
            while data := source.recv(65536):
                with lock:
                    talk.send(who, data)
                target.sendall(data)
            with lock:
                talk.say(who, FIN | ACK)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def wait(self):
        for thread in list(self.threads):
            thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

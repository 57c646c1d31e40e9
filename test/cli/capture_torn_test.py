#!/usr/bin/python3
"""Captures as they really are: out of order, with holes, cut off, with strangers in
them; and with bytes that somebody turned."""
import random
import re
import sys

import cli
import pcap
from captured import BODY, REQUEST, data_of, events, explain, heard, plain13
from captured import spoken
from cli import WORK, equal, has, lacks, run, want
from pcap import RST, Packet, Talk


def sample():
    """(packets with data of a few hundred bytes each, key log)"""
    packets, keys = plain13()
    talk = Talk(packets[0].source, packets[0].target).open()
    for packet in packets[3:]:
        who = int(packet.source[1] != packets[0].source[1])
        if packet.data:
            talk.send(who, packet.data, 500)
    talk.close()
    return talk.packets, keys


def told(packets, keys, *words):
    return explain(pcap.pcapng(packets, keys), "--brief", "--data", *words)


def of_server(packets):
    """The places of the packets in which the server says something."""
    return [i for i, p in enumerate(packets)
            if p.data and p.source[1] != packets[0].source[1]]


# ---- order -------------------------------------------------------------------------------

def test_packets_out_of_order():
    packets, keys = sample()
    wanted = events(told(packets, keys))
    chosen = random.Random(1)
    for distance in (1, 3, 10):
        mixed = packets[:3] + sorted(
            packets[3:], key=lambda p, d=distance: p.when / 10**6 +
            chosen.uniform(0, d))
        done = told(mixed, keys)
        heard(done)
        equal(sorted(events(done)), sorted(wanted))


def test_packets_twice():
    packets, keys = sample()
    wanted = events(told(packets, keys))
    twice = [p for packet in packets for p in (packet, packet)]
    equal(events(told(twice, keys)), wanted)
    late = packets[:-3] + packets[3:20] + packets[-3:]
    equal(events(told(late, keys)), wanted)


def test_segments_that_overlap_and_the_first_counts():
    packets, keys = sample()
    wanted = events(told(packets, keys))
    mixed = []
    for packet in packets:
        mixed.append(packet)
        if len(packet.data) > 20:  # again, a little later, with other bytes
            mixed.append(Packet(packet.when, packet.source, packet.target,
                                packet.seq - 7, packet.ack, packet.flags,
                                b"?" * (len(packet.data) - 3)))
    equal(events(told(mixed, keys)), wanted)


def test_held_segments_that_overlap():
    """Behind a hole that is filled last: pieces, and one that covers them."""
    packets, keys = sample()
    wanted = events(told(packets, keys))
    place = of_server(packets)[10]
    first, rest = packets[place], packets[place + 1:place + 4]
    last = first.data[-10:]
    cover = Packet(first.when, first.source, first.target, rest[0].seq - 10,
                   first.ack, first.flags,
                   last + b"?" * sum(len(p.data) for p in rest))
    bad = Packet(first.when, first.source, first.target, first.seq + 490,
                 first.ack, first.flags, b"#" * 5)
    mixed = (packets[:place] + [rest[1], rest[0], rest[2], cover, first] +
             packets[place + 4:])
    want(rest[2].data, "the sample is too short")
    done = told(mixed, keys)
    equal(sorted(events(done)), sorted(wanted))
    # what was held first counts, although it is wrong
    done = told(packets[:place] + [bad] + packets[place:], keys)
    has(done.out, "1 sealed record of application data")
    has(done.out, "note: 1 of ")


def test_numbers_that_wrap():
    """The server's first number is nearly 2^32 in every Talk here."""
    packets, _ = sample()
    server = [p.seq for p in packets if p.source[1] != packets[0].source[1]]
    want(server[0] > 0xfffffff0 - 1 and any(s > 2**32 for s in server), server)


# ---- holes -------------------------------------------------------------------------------

def test_a_missing_segment_inside_of_a_record_costs_that_record():
    packets, keys = sample()
    place = of_server(packets)[12]
    done = told(packets[:place] + packets[place + 1:], keys)
    equal(done.code, 1, done)
    has(done.out, r"server  [45]00 bytes are missing at offset \d+")
    has(done.out, r"server  1 sealed record of application data, .*: a part of "
                  r"it is missing")
    has(done.out, r"note: 1 of \d+ sealed records could not be opened")
    has(data_of(done), "^line 00999 of what")
    lacks(done.out, "cannot be told apart")


def test_many_missing_segments_and_records_are_found_again():
    packets, keys = sample()
    places = of_server(packets)
    # records begin at a packet again where the server's program wrote them
    gone = set(places[8:20])
    done = told([p for i, p in enumerate(packets) if i not in gone], keys)
    equal(done.code, 1, done)
    has(done.out, r"server  \d+ bytes are missing at offset \d+")
    has(data_of(done), "^X-Secret: heard by nobody else$")


def test_a_hole_over_whole_records_is_jumped():
    """Records that each begin a packet, with several of them gone."""
    talks, keys = spoken("-tls1_3")
    records = []
    client = talks[0][0].source[1]
    stream = b"".join(p.data for p in talks[0] if p.source[1] != client)
    at = 0
    while at < len(stream):
        size = 5 + int.from_bytes(stream[at + 3:at + 5], "big")
        records.append(stream[at:at + size])
        at += size
    talk = Talk(talks[0][0].source, talks[0][0].target).open()
    sent = [p.data for p in talks[0] if p.source[1] == client and p.data]
    talk.send(0, sent[0], 20000)
    for record in records[:6]:
        talk.send(1, record, 20000)
    for data in sent[1:]:
        talk.send(0, data, 20000)
    begin = len(talk.packets)
    for record in records[6:]:
        talk.send(1, record, 20000)
    want(len(records) > 10, len(records))
    del talk.packets[begin + 1:begin + 3]
    done = told(talk.packets, keys)
    equal(done.code, 1, done)
    has(done.out, r"server  \d+ bytes are missing")
    has(data_of(done), "^line 00999 of what")
    lacks(done.out, "sealed record")


def test_a_capture_of_the_first_bytes_of_each_packet():
    packets, keys = sample()
    (WORK / "short.keys").write_bytes(keys)
    done = explain(pcap.pcap(packets, snap=200), "--brief", "--keylog",
                   WORK / "short.keys")
    equal(done.code, 1, done)
    has(done.out, r"client  \d+ bytes are missing at offset 146")
    lacks(done.err, ".")


def test_a_capture_that_begins_in_the_middle():
    packets, keys = sample()
    begin = [i for i in of_server(packets)
             if packets[i].data[:3] == b"\x17\3\3"][-1]
    done = told(packets[begin:], keys)
    has(done.out, r"note: the hellos are not in the capture")
    has(done.out, r"\d+ sealed records? of application data, ")
    done = told(packets[1:], keys)  # without the call
    heard(done)
    done = told(packets[3:], keys)  # without any of it
    heard(done)


# ---- ends --------------------------------------------------------------------------------

def test_a_reset_is_told():
    packets, keys = sample()
    cut = packets[:-3]
    last = cut[-1]
    cut.append(Packet(last.when, last.target, last.source, last.ack, 0, RST))
    has(told(cut, keys).out, "server  resets the connection")


def test_the_same_ports_again_are_another_connection():
    packets, keys = sample()
    again = Talk(packets[0].source, packets[0].target, isn=(777, 888)).open()
    again.send(0, b"GET / HTTP/1.1\r\n\r\n")
    done = told(packets + again.packets, keys)
    equal(done.code, 0, done)
    has(done.out, "^connection 1: ")
    has(done.out, "^connection 2: ")
    has(done.out, "^  no TLS: a request in plain HTTP")


def test_one_connection_of_several():
    packets, keys = sample()
    other = Talk(("10.9.9.9", 1), ("10.9.9.8", 22)).open()
    other.send(1, b"SSH-2.0-OpenSSH\r\n")
    both = [p for pair in zip(packets, other.packets) for p in pair]
    both += packets[len(other.packets):] + other.packets[len(packets):]
    heard(told(both, keys, "--stream", "1"))
    done = told(both, keys, "--stream", "2")
    has(done.out, "^connection 2: 10.9.9.9:1 -> 10.9.9.8:22, 4 packets")
    has(done.out, "^  no TLS: the greeting of SSH")
    lacks(done.out, "^connection 1")
    done = told(both, keys, "--stream", "3")
    equal(done.code, 2, done)
    has(done.err, "--stream 3: the last connection in it is number 2")


def test_tls_that_begins_after_plain_words():
    packets, keys = sample()
    talk = Talk(packets[0].source, packets[0].target).open()
    talk.send(1, b"220 mail ESMTP\r\n")
    talk.send(0, b"EHLO me\r\n")
    talk.send(1, b"250 STARTTLS\r\n")
    talk.send(0, b"STARTTLS\r\n")
    talk.send(1, b"220 go ahead\r\n")
    for packet in packets[3:]:
        if packet.data:
            talk.send(int(packet.source[1] != packets[0].source[1]),
                      packet.data)
    done = told(talk.packets, keys)
    heard(done)
    has(done.out, r"server  16 B before TLS")
    has(data_of(done), "^220 go ahead$")


def test_a_hello_byte_by_byte():
    packets, keys = sample()
    talk = Talk(packets[0].source, packets[0].target).open()
    for packet in packets[3:]:
        who = int(packet.source[1] != packets[0].source[1])
        if packet.data:
            talk.send(who, packet.data, 1 if len(talk.packets) < 2000 else 1400)
    heard(told(talk.packets, keys))


# ---- documents -----------------------------------------------------------------------------

def test_the_document_fits_its_schema():
    packets, keys = sample()
    path = WORK / "json.cap"
    plain = Talk(("10.9.9.9", 1), ("10.9.9.8", 22)).open()
    plain.send(1, b"SSH-2.0-OpenSSH\r\n")
    path.write_bytes(pcap.pcapng(packets + plain.packets, keys))
    for words in ([], ["--brief"], ["--data"]):
        document = run("explain", "--json", *words, path).json()
        tls, ssh = document["connections"]
        equal((tls["tls"], tls["version"], tls["sealed"], ssh["tls"]),
              (True, "TLS 1.3", 0, False))
        names = [e["name"] for e in tls["events"] if e["kind"] == "message"]
        equal(names[:3], ["ClientHello", "ServerHello", "EncryptedExtensions"])
        equal(bool(tls["events"][0]["fields"]), "--brief" not in words)
        data = b"".join(bytes.fromhex(e["data"]) for e in tls["events"]
                        if "data" in e and e["from"] == "server")
        equal(data.endswith(BODY), words == ["--data"])
    place = of_server(packets)[12]
    path.write_bytes(pcap.pcapng(packets[:place] + packets[place + 1:], keys))
    done = run("explain", "--json", path)
    kinds = [e["kind"] for e in done.json()["connections"][0]["events"]]
    want("missing" in kinds, kinds)
    equal(done.code, 1)


def test_what_the_options_need_is_said():
    (WORK / "hello").write_bytes(bytes.fromhex("15030300020228"))
    done = run("explain", "--stream", "1", WORK / "hello")
    equal(done.code, 2, done)
    has(done.err, "is no capture: --keylog and --stream say nothing about it")
    done = explain(pcap.pcap([]), "--keylog", WORK / "nowhere")
    equal(done.code, 2, done)


# ---- bad files -------------------------------------------------------------------------------

def test_a_file_that_is_cut_off_is_read_up_to_there():
    packets, keys = sample()
    for make in (pcap.pcap, pcap.pcapng):
        whole = make(packets)
        seen = 0
        for size in [4, 11, 12, 23, 24, 30, 40] + list(
                range(100, len(whole), len(whole) // 40)):
            done = explain(whole[:size], "--brief")
            want(done.code in (0, 1), size, done)
            want("cannot be read further" in done.out or done.code == 0 or
                 size < 12, size, done)
            count = re.search(r"^pcap\w*, (\d+) packet", done.out)
            seen = max(seen, int(count.group(1)) if count else 0)
        want(seen > len(packets) * 9 // 10, seen)


def test_lengths_that_lie():
    packets, _ = sample()
    good = pcap.section() + pcap.interface()
    one = pcap.enhanced(packets[0])
    faults = [
        (good + one[:4] + b"\x0b\0\0\0" + one[8:], "impossible length"),
        (good + one[:4] + b"\xfe\0\0\0" + one[8:], "impossible length"),
        (good + one[:4] + b"\xfc\xff\xff\xff" + one[8:], "in the middle of a"),
        (good + one[:20] + b"\xff\xff\0\0" + one[24:], "longer than its block"),
        (good + pcap.interface() * 400, "too many"),
        (good + pcap.block(1, b"\0" * 4), "description of an interface"),
        (good + pcap.block(0x0a0d0d0a, b"????" + bytes(12)), "unknown order"),
        (good + pcap.block(3, b"\xff\xff\xff\x0f"), "longer than its block"),
        (good + pcap.block(6, b"\0" * 8), "longer than its block"),
    ]
    for data, words in faults:
        done = explain(data, "--brief")
        equal(done.code, 1, done)
        has(done.out, rf"cannot be read further: byte \d+: .*{words}")
    done = explain(good + pcap.enhanced(packets[0], face=7), "--brief")
    has(done.out, "^1 packets come from a kind of network")


def test_turned_bytes_do_no_harm():
    packets, keys = sample()
    chosen = random.Random(2)
    for whole in (pcap.pcapng(packets[:20], keys), pcap.pcap(packets[:20])):
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(chosen.choice((1, 3, 30))):
                data[chosen.randrange(len(data))] = chosen.randrange(256)
            done = explain(data, chosen.choice(("--brief", "--data", "--json")))
            want(done.code in (0, 1, 2), done)


cli.run_tests(sys.modules[__name__])

"""Packets become facts: each once, about the right decky, and never more than there is room for."""

import random
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.domain.sensed import FlowEnded, PortScanSeen, SynSeen, TlsClientSeen
from decnet_actors.sensors import flows, scans, watch
from decnet_actors.sensors.watch import AGAIN, SOURCE_BURST, UNPROVEN_BURST, UNPROVEN_RATE
from decnet_actors.wire.packets import ACK, RST, SYN
from tests.decnet_actors.sensors.lines import DB, OTHER, OURS, PEER, START, WEB, Line
from tests.pcaps import SYN_OPTIONS, ipv4, ipv6, read, tcp, write

SNI = "shop.example"


@pytest.fixture
def line():
    return Line()


@pytest.fixture(scope="module")
def hello() -> bytes:
    """Return the first flight of OpenSSL."""
    out = ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=SNI)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


# SYNs


def test_a_syn_tells_what_sent_it(line):
    line.syn(6379, to=DB, ttl=57, tos=0xB9, ident=7)
    (seen,) = line.seen(SynSeen)

    assert ("db-01", PEER, 40_000, line.now) == (seen.decky, seen.source, seen.source_port, seen.time)
    assert (
        SynSeen(
            port=6379, ttl=57, initial_ttl=64, hops=7, window=64_240, mss=1460, wscale=7,
            options=("mss", "sok", "ts", "nop", "ws"), df=True, tos=0xB9, dscp=46, ecn=1,
            ipid_class="unknown", ipid_samples=1, isn_class="unknown", isn_samples=1, os_guess="linux",
        )
        == seen.fact
    )  # fmt: skip


def test_the_same_is_told_once_in_five_minutes(line):
    line.syn(sport=1, seq=1)
    line.syn(sport=2, seq=500_000_000, after=AGAIN - 1)
    assert 1 == len(line.seen(SynSeen))
    line.syn(sport=3, seq=3, after=2.0)

    assert 1 == len(line.seen(SynSeen))


def test_it_is_told_again_when_a_class_changes_or_the_system(line):
    for number in range(3):
        line.syn(sport=number + 1, seq=number * 10**9, ident=number)
    assert 1 == len(line.seen(SynSeen))
    line.syn(sport=9, seq=4 * 10**9, ident=3)
    (classified,) = line.seen(SynSeen)
    line.syn(sport=10, seq=5, ident=4, said=SYN_OPTIONS["windows"], ttl=128)
    (windows,) = line.seen(SynSeen)

    fact = classified.fact
    assert ("incremental", 4, "random", 4) == (
        fact.ipid_class, fact.ipid_samples, fact.isn_class, fact.isn_samples,
    )  # fmt: skip
    assert "windows" == windows.fact.os_guess


def test_a_syn_sent_again_is_no_new_sample(line):
    for _ in range(6):
        line.syn(seq=77)
    (seen,) = line.seen(SynSeen)

    assert ("unknown", 1) == (seen.fact.isn_class, seen.fact.isn_samples)


def test_over_ipv6_there_are_no_ip_ids(line):
    line.watch.follow({bytes.fromhex("fd66" + "00" * 13 + "02"): "web-01"})
    line.put(ipv6("fd66::ffff", "fd66::2", tcp(1, 22, flags=SYN, options=SYN_OPTIONS["linux"]), ttl=60, tos=4))
    (seen,) = line.seen(SynSeen)

    assert ("web-01", "fd66::ffff", 4, 1, "linux") == (
        seen.decky, seen.source, seen.fact.hops, seen.fact.dscp, seen.fact.os_guess,
    )  # fmt: skip
    assert ("unknown", 0, 1) == (seen.fact.ipid_class, seen.fact.ipid_samples, seen.fact.isn_samples)


def test_who_is_no_decky_is_not_looked_at_and_who_becomes_one_is(line):
    line.syn(to="10.66.0.99")
    assert [] == line.seen(SynSeen)
    assert 0 == line.watch.counts["packets"]
    line.watch.follow({bytes([10, 66, 0, 99]): "new-01"})
    line.syn(to="10.66.0.99")
    line.syn(to=WEB, sport=2)

    assert ["new-01"] == [one.decky for one in line.seen(SynSeen)]


def test_fragments_and_garbage_are_counted_and_left(line):
    line.put(ipv4(PEER, WEB, tcp(1, 2, flags=SYN), fragment=0x2000))
    line.put(ipv4(PEER, WEB, b"short"))

    assert (1, 1, 0) == tuple(line.watch.counts[name] for name in ("fragment", "malformed", "packets"))
    assert [] == line.seen(SynSeen)


# TLS


def segments(hello: bytes, size: int) -> list[tuple[int, bytes]]:
    return [(101 + at, hello[at : at + size]) for at in range(0, len(hello), size)]


@pytest.mark.parametrize("size", [10_000, 200, 60, 37])
@pytest.mark.parametrize("order", ["as sent", "reversed", "shuffled"])
def test_a_client_hello_is_found_however_it_is_split(line, hello, size, order):
    line.connect(6379)
    parts = segments(hello, size)
    if len(parts) > 16 and order != "as sent":
        parts = [*parts[:-16], *reversed(parts[-16:])]
    elif order == "reversed":
        parts.reverse()
    elif order == "shuffled":
        random.Random(1).shuffle(parts)
    for seq, part in [*parts, parts[0]]:
        line.say(part, dport=6379, seq=seq)
    (seen,) = line.seen(TlsClientSeen)

    assert (6379, SNI, ("h2", "http/1.1"), "1.3", False) == (
        seen.fact.port, seen.fact.sni, seen.fact.alpn, seen.fact.version, seen.fact.resumed,
    )  # fmt: skip
    assert 32 == len(seen.fact.ja3)
    assert seen.fact.ja4.startswith("t13d")
    assert ("web-01", PEER) == (seen.decky, seen.source)


def test_what_is_no_client_hello_is_not_kept(line, hello):
    line.connect()
    line.say(b"GET / HTTP/1.1\r\n\r\n")
    line.say(hello, seq=119)

    assert [] == line.seen(TlsClientSeen)
    assert line.watch._flows._flows.oldest()[1].prefix is None


def test_a_client_hello_without_a_connection_is_nobodys(line, hello):
    line.syn()
    line.say(hello)  # which acknowledges what no decky has sent

    assert [] == line.seen(TlsClientSeen)


def test_a_connection_whose_first_acknowledgement_was_missed_is_still_one(line, hello):
    line.syn()
    line.answer(SYN | ACK)
    line.say(hello)

    assert 1 == len(line.seen(TlsClientSeen))


# Flows


def test_a_connection_is_told_when_it_has_ended(line):
    line.connect()
    line.say(b"x" * 100, after=1.0)
    line.answer(ACK, seq=OURS + 1, payload=b"y" * 300)
    line.say(b"x" * 100)  # again
    line.say(b"z" * 50, seq=201, after=2.0)
    line.close(seq=251, ours=OURS + 301)
    assert [] == line.seen(FlowEnded)
    (ended,) = line.seen(FlowEnded, after=flows.LINGER)
    fact = ended.fact

    assert (80, "closed", 7, 3, 250, 300, 1) == (
        fact.port, fact.reason, fact.packets_in, fact.packets_out, fact.bytes_in, fact.bytes_out, fact.retransmits,
    )  # fmt: skip
    gaps = [0.002, 1.0, 0.002, 2.0, 0.001, 0.002]
    mean = sum(gaps) / 6
    assert fact.gap_mean == pytest.approx(mean, abs=1e-5)
    assert fact.gap_std == pytest.approx((sum((gap - mean) ** 2 for gap in gaps) / 6) ** 0.5, abs=1e-5)
    assert (fact.gap_min, fact.gap_max) == pytest.approx((0.001, 2.0), abs=1e-5)
    assert fact.duration == pytest.approx(3.007, abs=1e-5)
    assert ("web-01", PEER, 40_000) == (ended.decky, ended.source, ended.source_port)


@pytest.mark.parametrize(
    ("end", "after", "reason"),
    [
        (lambda line: line.reset(), flows.LINGER, "reset"),
        (lambda _: None, flows.IDLE + flows.LINGER, "idle"),
    ],
)
def test_a_connection_ends_in_other_ways(line, end, after, reason):
    line.connect()
    line.say(b"hello")
    end(line)
    told = [*line.seen(FlowEnded, after), *line.seen(FlowEnded, after)]

    assert [reason] == [one.fact.reason for one in told]


def test_what_has_not_ended_is_told_when_nobody_looks_any_more(line):
    line.connect()
    line.say(b"hello")
    told = [one.fact for one in line.watch.end() if isinstance(one.fact, FlowEnded)]

    assert ["shutdown"] == [fact.reason for fact in told]
    assert [] == line.watch.end()


def test_a_connection_that_was_next_to_nothing_is_not_told(line):
    line.connect()  # three packets
    assert [] == [one for one in line.watch.end() if isinstance(one.fact, FlowEnded)]


def test_connections_that_never_came_about_are_forgotten(line):
    for port in range(1, 100):
        line.syn(80, sport=port)
        line.answer(SYN | ACK, sport=port)
    line.seen(FlowEnded, after=flows.BEGINNING)

    assert 0 == len(line.watch._flows)


# Bounds


@pytest.mark.slow
def test_a_flood_of_made_up_addresses_neither_grows_nor_drowns_who_is_there(line, hello):
    line.connect(6379, sport=5)
    rng = random.Random(7)
    told = []
    for number in range(12_000):
        address = f"172.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"
        line.syn(rng.randrange(1, 65_536), source=address, sport=rng.randrange(65_536), seq=number, after=1e-4)
        if not number % 1000:
            told += line.watch.taken(line.now)
    caps = flows.MAX_BEGINNINGS + scans.MAX_SCANS + 2 * watch.MAX_SOURCES + watch.MAX_TOLD + 2 * flows.MAX_FLOWS
    told += line.watch.taken(line.now)

    assert len(told) <= UNPROVEN_BURST + UNPROVEN_RATE * (line.now - START) + 1
    assert line.watch.counts["suppressed"] > 11_000
    assert line.watch.remembered <= caps
    line.say(hello, sport=5, dport=6379)
    assert 1 == len(line.seen(TlsClientSeen))  # who was connected before the flood still is


def test_one_source_is_told_of_so_often_and_others_still_are(line):
    for number in range(500):
        line.syn(
            80, sport=number + 1, seq=number, said=bytes([253, 4, number >> 8, number & 255]), window=1000 + number
        )
    line.syn(80, source=OTHER, sport=1)
    seen = line.seen(SynSeen)

    assert len([one for one in seen if one.source == PEER]) <= SOURCE_BURST
    assert 1 == len([one for one in seen if one.source == OTHER])


raw = st.binary(max_size=80) | st.builds(
    lambda flags, seq, ack, payload, inward, port: (
        ipv4(PEER, WEB, tcp(port, 80, flags=flags, seq=seq, ack=ack, payload=payload))
        if inward
        else ipv4(WEB, PEER, tcp(80, port, flags=flags, seq=seq, ack=ack, payload=payload))
    ),
    st.sampled_from([0, SYN, SYN | ACK, ACK, RST, 1, 17, 41, 255]),
    st.sampled_from([0, 100, 101, 2**32 - 1]),
    st.sampled_from([0, 101, OURS]),
    st.binary(max_size=20),
    st.booleans(),
    st.sampled_from([1, 2]),
)


@pytest.mark.slow
@given(st.lists(st.tuples(raw, st.floats(-10, 200)), max_size=30))
def test_whatever_comes_facts_or_nothing_come_out(packets):
    line = Line()
    for data, after in packets:
        line.put(data, after)
        for one in line.watch.taken(line.now):
            assert one.decky == "web-01"
    for one in line.watch.end():
        if isinstance(one.fact, FlowEnded):
            assert one.fact.gap_min <= one.fact.gap_max
            assert one.fact.reason


def test_a_capture_replayed_gives_the_same_facts(line, hello, tmp_path):
    line.connect(443)
    line.say(hello, dport=443)
    line.close(seq=101 + len(hello))
    for port in range(1, 30):
        line.syn(port, source=OTHER, sport=port)
    kinds = (SynSeen, TlsClientSeen, FlowEnded, PortScanSeen)
    live = [one.fact for one in line.watch.taken(line.now + 10)]
    write(tmp_path / "a.pcap", line.sent)
    again = Line()
    for time, data in read(tmp_path / "a.pcap"):
        again.watch.look(data, 0, len(data), time)
    got = [one.fact for one in again.watch.taken(line.now + 10)]

    assert {kind.__name__ for kind in kinds} - {"FlowEnded"} <= {type(fact).__name__ for fact in got}
    assert [type(fact) for fact in live] == [type(fact) for fact in got]
    assert [fact for fact in live if isinstance(fact, SynSeen | TlsClientSeen)] == [
        fact for fact in got if isinstance(fact, SynSeen | TlsClientSeen)
    ]

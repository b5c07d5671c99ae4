"""Headers of packets are read, whatever comes before TCP and UDP, and garbage is only refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.packets import SYN, Flaw, Packet, parse
from tests.pcaps import ipv4, ipv6, tcp, udp

HERE, THERE = "10.0.0.1", "10.0.0.2"
HERE6, THERE6 = "fd66::1", "fd66::2"
SEGMENT = tcp(40_000, 443, flags=SYN, seq=7, window=1024, options=b"\x02\x04\x05\xb4", payload=b"hello")


def extension(following: int, size: int = 8) -> bytes:
    return bytes([following, size // 8 - 1]) + bytes(size - 2)


def whole(data: bytes) -> Packet | Flaw:
    return parse(data, 0, len(data))


def test_a_segment_over_ipv4_is_read():
    got = whole(ipv4(HERE, THERE, SEGMENT, ttl=57, tos=0xBA, ident=54_321))

    assert isinstance(got, Packet)
    assert (4, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]), 57, 0xBA, 54_321, True) == (
        got.version, got.source, got.destination, got.ttl, got.tos, got.ident, got.df,
    )  # fmt: skip
    assert (40_000, 443, 7, SYN, 1024, b"\x02\x04\x05\xb4") == (
        got.source_port, got.destination_port, got.seq, got.flags, got.window, got.options,
    )  # fmt: skip
    assert (b"hello", 5) == (got.payload, got.payload_size)


@pytest.mark.parametrize(
    ("following", "before"),
    [
        (6, b""),
        (0, extension(6)),
        (0, extension(43) + extension(60, 16) + extension(6)),
        (44, struct.pack(">BxHI", 6, 0, 1)),  # an atomic fragment: all of it (RFC 6946)
    ],
)
def test_a_segment_over_ipv6_is_read_behind_extension_headers(following, before):
    got = whole(ipv6(HERE6, THERE6, before + SEGMENT, following=following, ttl=60, tos=0x28))

    assert isinstance(got, Packet)
    assert (6, 40_000, 60, 0x28, b"hello", 5) == (
        got.version, got.source_port, got.ttl, got.tos, got.payload, got.payload_size,
    )  # fmt: skip


def test_a_datagram_is_read_and_what_pads_it_is_not():
    data = ipv4(HERE, THERE, udp(5000, 443, b"quic"), protocol=17) + bytes(18)
    got = whole(data)

    assert isinstance(got, Packet)
    assert (b"quic", 4, 443) == (got.payload, got.payload_size, got.destination_port)


def test_what_was_cut_off_is_known_by_its_size():
    data = ipv4(HERE, THERE, tcp(1, 2, flags=16, payload=b"x" * 1000))
    got = parse(data, 0, 140)

    assert isinstance(got, Packet)
    assert (100, 1000) == (len(got.payload), got.payload_size)


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (b"", Flaw.MALFORMED),
        (b"\x45", Flaw.MALFORMED),
        (b"\x60" * 20, Flaw.MALFORMED),
        (b"\x00" * 60, Flaw.OTHER),
        (ipv4(HERE, THERE, SEGMENT, fragment=0x2000), Flaw.FRAGMENT),
        (ipv4(HERE, THERE, SEGMENT, fragment=100), Flaw.FRAGMENT),
        (ipv6(HERE6, THERE6, struct.pack(">BxHI", 6, 1, 1) + SEGMENT, following=44), Flaw.FRAGMENT),
        (ipv6(HERE6, THERE6, extension(0) * 9 + SEGMENT, following=0), Flaw.OTHER),  # more than MAX_EXTENSIONS
        (ipv6(HERE6, THERE6, b"\x06", following=0), Flaw.MALFORMED),
        (ipv4(HERE, THERE, SEGMENT, protocol=1), Flaw.OTHER),
        (ipv4(HERE, THERE, SEGMENT[:19]), Flaw.MALFORMED),
        (ipv4(HERE, THERE, SEGMENT[:12] + b"\xf0" + SEGMENT[13:]), Flaw.MALFORMED),  # options longer than it
        (ipv4(HERE, THERE, SEGMENT[:12] + b"\x40" + SEGMENT[13:]), Flaw.MALFORMED),  # a header of 16 bytes
        (b"\x41" + ipv4(HERE, THERE, SEGMENT)[1:], Flaw.MALFORMED),
        (ipv4(HERE, THERE, b"\x00\x01\x00\x02\x00\x07\x00\x00", protocol=17), Flaw.MALFORMED),
        (ipv4(HERE, THERE, b"\x00\x01\x00\x02\xff\xff\x00\x00", protocol=17), Flaw.MALFORMED),
    ],
)
def test_what_cannot_be_looked_at_is_told_why(data, flaw):
    assert flaw is whole(data)


@given(st.binary(max_size=120) | st.binary(max_size=100).map(lambda one: ipv4(HERE, THERE, one)), st.integers(0, 30))
def test_garbage_gives_a_packet_or_a_flaw_and_nothing_past_its_end(data, more):
    got = parse(data + b"\xff" * more, 0, len(data))

    assert isinstance(got, Packet | Flaw)
    if isinstance(got, Packet):
        assert got == whole(data)
        assert len(got.payload) <= got.payload_size

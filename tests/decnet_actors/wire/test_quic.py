"""The published packets are those of RFC 9001, appendix A.2 (version 1), and RFC 9369, appendix A.2 (version 2)."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.quic import MAX_DATAGRAM, MAX_DATAGRAMS, VERSIONS, InitialReader, Keys, initial_keys
from decnet_actors.wire.tls_records import MAX_HANDSHAKE
from tests import hellos

V1, V2 = 1, 0x6B3343CF
CID = bytes.fromhex("8394c8f03e515708")
KEYS = {
    V1: Keys(
        key=bytes.fromhex("1f369613dd76d5467730efcbe3b1a22d"),
        iv=bytes.fromhex("fa044b2f42a3fd3b46fb255c"),
        hp=bytes.fromhex("9f50449e04a0e810283a1e9933adedd2"),
    ),
    V2: Keys(
        key=bytes.fromhex("8b1a0bc121284290a29e0971b5cd045d"),
        iv=bytes.fromhex("91f73e2351d8fa91660e909f"),
        hp=bytes.fromhex("45b95e15235d6f45a6b19cbcb0294ba9"),
    ),
}
FRAME = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff"
)
ENDS = {  # the first and the last bytes of the protected packet; the last are the tag over all of it
    V1: ("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11", "e221af44860018ab0856972e194cd934"),
    V2: ("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485", "a18b2faa745b6fe189cf772a9f84cbfc"),
}
MESSAGE = FRAME[4:]


def packet(version, frames, number=0, cid=CID):
    return hellos.initial(version, VERSIONS[version].initial, initial_keys(VERSIONS[version], cid), cid, number, frames)


def read(datagrams):
    reader, found = InitialReader(), None
    for datagram in datagrams:
        hello = reader.feed(datagram)
        found = found or hello

        assert reader.buffered <= 3 * MAX_HANDSHAKE + 65_536
    return found, reader.failed


@pytest.mark.parametrize("version", [V1, V2])
def test_the_published_packet_is_opened(version):
    published = hellos.initial(version, VERSIONS[version].initial, KEYS[version], CID, 2, FRAME + bytes(917))
    start, end = map(bytes.fromhex, ENDS[version])

    assert 1200 == len(published)  # and the bytes made here are the published ones
    assert (start, end) == (published[:32], published[-16:])
    hello, failed = read([published])
    assert hello is not None
    assert not failed
    assert ("example.com", (b"alpn",), (0x1301, 0x1302)) == (hello.server_name, hello.alpn, hello.ciphers)


@pytest.mark.parametrize("version", [V1, V2])
def test_the_keys_are_the_published_ones(version):
    assert KEYS[version] == initial_keys(VERSIONS[version], CID)


@given(
    cuts=st.lists(st.integers(1, len(MESSAGE) - 1), max_size=9, unique=True),
    seed=st.integers(0, 1000),
    version=st.sampled_from([V1, V2]),
)
def test_a_hello_is_found_in_pieces_of_any_order_that_overlap_and_come_again(cuts, seed, version):
    chance = random.Random(seed)
    places = [0, *sorted(cuts), len(MESSAGE)]
    pieces = [(start, MESSAGE[start : end + 3]) for start, end in itertools.pairwise(places)]
    frames = [hellos.crypto(data, start) for start, data in pieces]
    chance.shuffle(frames)
    half = len(frames) // 2
    first = b"\x00\x01" + b"\x00".join(frames[:half]) + bytes(30)
    second = b"\x02\x00\x00\x01\x00\x00\x00" + b"".join(frames[half:]) + bytes(30)
    hello, failed = read([packet(version, first), packet(version, first), packet(version, second, number=1)])

    assert hello is not None
    assert not failed
    assert "example.com" == hello.server_name


def test_packets_in_one_datagram_are_all_looked_at():
    half = len(MESSAGE) // 2
    together = packet(V1, hellos.crypto(MESSAGE[:half])) + packet(V1, hellos.crypto(MESSAGE[half:], half), number=1)
    hello, _ = read([together + b"\x40short"])

    assert hello is not None


def test_what_follows_a_retry_is_opened_with_its_own_keys():
    half = len(MESSAGE) // 2
    first = packet(V1, hellos.crypto(MESSAGE[:half]))
    hello, _ = read([first, packet(V1, hellos.crypto(MESSAGE), number=1, cid=b"anotherid")])

    assert hello is not None


def test_later_packets_go_to_the_servers_own_id_with_the_first_keys():
    half = len(MESSAGE) // 2
    keys = initial_keys(VERSIONS[V1], CID)
    later = hellos.initial(V1, 0, keys, b"theirs", 1, hellos.crypto(MESSAGE[half:], half) + bytes(20))
    hello, _ = read([packet(V1, hellos.crypto(MESSAGE[:half])), later])

    assert hello is not None


def test_a_version_nobody_knows_may_be_followed_by_one():
    unknown = b"\xca" + b"\x1a\x2a\x3a\x4a" + bytes(1200)
    hello, failed = read([unknown, packet(V1, FRAME + bytes(900))])

    assert hello is not None
    assert not failed


def test_a_datagram_longer_than_any_client_sends_says_nothing():
    fits = MAX_DATAGRAM - len(packet(V1, FRAME))

    assert read([packet(V1, FRAME + bytes(fits))])[0] is not None
    assert (None, False) == read([packet(V1, FRAME + bytes(fits + 1))])


def test_a_packet_that_was_changed_says_nothing():
    whole = bytearray(packet(V1, FRAME + bytes(900)))
    whole[-1] ^= 1

    assert (None, False) == read([bytes(whole)])


@pytest.mark.parametrize(
    "frames",
    [
        hellos.crypto(b"\x02" + MESSAGE[1:]),
        hellos.crypto(b"\x01\xff\xff\xff"),
        hellos.crypto(b"x" * 20, 0x3FFF) + b"\x06\x80\x00\xff\xff\x01x",
        b"".join(hellos.crypto(b"x", 2 * place) for place in range(1, 99)),
        hellos.crypto(b"\x01\0\0\5abcde"),
    ],
    ids=["another message", "too long", "too far", "too many pieces", "no hello"],
)
def test_what_is_no_hello_ends_the_reading(frames):
    assert (None, True) == read([packet(V1, frames + bytes(20))])


def test_after_enough_datagrams_there_will_be_none():
    assert (None, False) == read([b"\xc0garbage"] * (MAX_DATAGRAMS - 1))
    assert (None, True) == read([b"\xc0garbage"] * MAX_DATAGRAMS)


@given(st.lists(st.binary(max_size=100), max_size=4))
def test_any_datagrams_are_borne(datagrams):
    assert read(datagrams)[0] is None


@given(frames=st.binary(max_size=200))
def test_any_frames_are_borne(frames):
    read([packet(V1, frames + bytes(20))])

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.tls import ClientHello, HelloReader
from decnet_actors.wire.tls_records import MAX_HANDSHAKE, MAX_RECORD
from decnet_actors.wire.tls_server import Certificates, ServerHello, ServerReader
from tests import hellos

FULL = hellos.client_hello(
    version=0x0303,
    ciphers=(hellos.GREASE, 0x1301, 0xC02F),
    session_id=bytes(32),
    extensions=(
        (hellos.GREASE, b""),
        hellos.server_name(b"deckies.example"),
        hellos.groups((hellos.GREASE, 29, 23)),
        hellos.point_formats((0,)),
        hellos.signature_algorithms((0x0403, 0x0804)),
        hellos.alpn(b"h2", b"http/1.1"),
        hellos.supported_versions((0x0304, 0x0303)),
        (35, b""),
    ),
)
MEANT = ClientHello(
    version=0x0303,
    ciphers=(hellos.GREASE, 0x1301, 0xC02F),
    extensions=(hellos.GREASE, 0, 10, 11, 13, 16, 43, 35),
    groups=(hellos.GREASE, 29, 23),
    point_formats=(0,),
    signature_algorithms=(0x0403, 0x0804),
    supported_versions=(0x0304, 0x0303),
    alpn=(b"h2", b"http/1.1"),
    server_name="deckies.example",
    session_id_size=32,
)


def read(chunks):
    """Return the one hello found, and whether the reader gave up."""
    reader, found = HelloReader(), []
    for chunk in chunks:
        hello = reader.feed(chunk)
        if hello is not None:
            found.append(hello)

        assert reader.buffered <= 5 + 2 * MAX_RECORD + MAX_HANDSHAKE
    assert len(found) <= 1
    return next(iter(found), None), reader.failed


def cut(stream, size):
    return [stream[place : place + size] for place in range(0, len(stream), size)]


def said(chunks):
    reader = ServerReader()
    return [what for chunk in chunks for what in reader.feed(chunk)], reader.done


def test_a_hello_says_what_a_client_offers():
    assert (MEANT, False) == read([hellos.records(FULL)])


@given(record=st.integers(1, 400), segment=st.integers(1, 400))
def test_a_hello_is_found_however_records_and_segments_are_cut(record, segment):
    assert (MEANT, False) == read(cut(hellos.records(FULL, record) + b"\x17\x03\x03\0\1x", segment))


def test_the_client_of_this_systems_library_is_read():
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="decky.example")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    hello, failed = read([outgoing.read()])

    assert hello is not None
    assert not failed
    assert ("decky.example", (b"http/1.1",), 32) == (hello.server_name, hello.alpn, hello.session_id_size)
    assert 0x0304 in hello.supported_versions
    offered = {cipher["id"] & 0xFFFF for cipher in context.get_ciphers()}
    assert offered == set(hello.ciphers) - {0x00FF}  # which says that renegotiation is safe, and is no cipher


def test_a_hello_of_old_has_no_extensions():
    hello, _ = read([hellos.records(hellos.client_hello(0x0301, (5, 4), extensions=None))])

    assert ClientHello(version=0x0301, ciphers=(5, 4), extensions=()) == hello


@pytest.mark.parametrize("extension", [(35, b"ticket"), (41, b"anything")])
def test_a_client_that_comes_again_is_told(extension):
    hello, _ = read([hellos.records(hellos.client_hello(extensions=(extension,)))])

    assert hello is not None
    assert hello.resumed


def test_a_name_of_other_bytes_is_escaped():
    hello, _ = read([hellos.records(hellos.client_hello(extensions=(hellos.server_name(b"a\xff\x00"),)))])

    assert hello is not None
    assert "a\\xff\x00" == hello.server_name


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x80\x2e\x01\x00\x02",
        b"\x16\x02\x00",
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\xff\xff",
        b"\x15\x03\x01\x00\x02\x02\x28",
        hellos.records(b"\2" + hellos.client_hello()[1:]),
        hellos.records(hellos.client_hello()[:3] + b"\x05" + hellos.client_hello()[4:9]),
        hellos.records(b"\1\xff\xff\xff"),
        hellos.records(hellos.client_hello(extensions=((13, b"\0\3abc"),))),
        hellos.records(hellos.client_hello(extensions=((16, b"\0\2\5a"),))),
    ],
    ids=[
        "http", "ssl 2", "another major version", "an empty record", "a long record", "an alert", "another message",
        "too short", "too long", "half a number", "a name cut off",
    ],
)  # fmt: skip
def test_what_is_no_hello_ends_the_reading(stream):
    assert (None, True) == read([stream])
    assert (None, True) == read(cut(stream, 1))


_pieces = st.one_of(
    st.sampled_from([hellos.records(FULL, 40), hellos.records(FULL)[:30], b"\x16\x03\x01", b"\x15\x03\x03\0\2\1\0"]),
    st.binary(max_size=40),
)
_streams = st.lists(_pieces, max_size=6).map(b"".join)


@given(stream=_streams, size=st.integers(1, 60))
def test_however_a_stream_is_cut_both_readers_find_the_same(stream, size):
    assert read([stream]) == read(cut(stream, size))
    assert said([stream]) == said(cut(stream, size))


@given(body=st.binary(max_size=300), kind=st.sampled_from([1, 2, 11]))
def test_any_message_is_read_or_refused(body, kind):
    stream = hellos.records(bytes((kind,)) + hellos.sized(3, body))

    assert read([stream])[1] == (read([stream])[0] is None)
    assert all(isinstance(what, ServerHello | Certificates) for what in said([stream])[0])


@given(where=st.integers(0, len(FULL) - 1), value=st.integers(0, 255))
def test_any_byte_of_a_hello_may_be_wrong(where, value):
    hello, failed = read([hellos.records(FULL[:where] + bytes((value,)) + FULL[where + 1 :])])

    assert not (hello is not None and failed)


def test_a_server_says_what_it_chose_and_who_it_is():
    chosen = hellos.server_hello(0x0303, 0xC02F, ((0xFF01, b"\0"), hellos.alpn(b"h2")))
    stream = hellos.records(chosen + hellos.certificate(b"own", b"issuer") + b"\x0e\0\0\0", 50)
    expected = ServerHello(version=0x0303, cipher=0xC02F, extensions=(0xFF01, 16), alpn=b"h2")

    assert ([expected, Certificates(chain=(b"own", b"issuer"))], False) == said(cut(stream, 7))


def test_a_server_of_tls_1_3_tells_its_version_and_encrypts():
    chosen = hellos.server_hello(0x0303, 0x1301, ((43, b"\3\4"),))
    what, done = said([hellos.records(chosen) + b"\x14\x03\x03\0\1\1"])

    assert done
    assert [ServerHello(version=0x0303, cipher=0x1301, extensions=(43,), selected_version=0x0304)] == what


def test_an_alert_is_all_a_server_says():
    assert ([], True) == said([b"\x15\x03\x03\0\2\2\x28"])

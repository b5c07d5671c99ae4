"""Packets of TFTP and netascii, any of them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire import tftp
from decnet_actors.wire.tftp import Ack, Data, Error, Oack, Op, Request, TftpError

_words = st.binary(min_size=1, max_size=20).map(lambda word: word.replace(b"\0", b"x"))
_pairs = st.lists(st.tuples(_words, _words), max_size=4).map(tuple)
_packets = st.one_of(
    st.builds(Request, st.sampled_from([Op.RRQ, Op.WRQ]), _words, _words, _pairs),
    st.builds(Data, st.integers(0, 65_535), st.binary(max_size=600)),
    st.builds(Ack, st.integers(0, 65_535)),
    st.builds(Error, st.integers(0, 65_535), _words),
    st.builds(Oack, _pairs),
)


@given(_packets)
def test_what_is_built_means_itself(packet):
    assert packet == tftp.parse(tftp.build(packet))


@given(st.binary(max_size=600))
def test_any_datagram_is_a_packet_or_an_error(data):
    with contextlib.suppress(TftpError):  # it is one or the other
        packet = tftp.parse(data)

        assert packet == tftp.parse(tftp.build(packet))


@given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=5))
def test_netascii_comes_back_however_it_is_cut(data, cuts):
    text = tftp.to_netascii(data)
    reader, out, at = tftp.FromNetascii(), b"", 0
    for cut in [*sorted(cuts), len(text)]:
        out += reader.receive(text[at:cut])
        at = max(at, cut)

    assert data == out + reader.end()


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\3\0", b"\0\7abc\0", b"\1\0a\0octet\0"])
def test_what_means_nothing_is_refused(data):
    with pytest.raises(TftpError):
        tftp.parse(data)

"""Answers of DNS are hostile: a name comes out of a good one, and nothing but an error out of any other."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.enrich.geo.dns import DnsError, answer, question

ADDRESS, NUMBER = "192.0.2.7", 0x1234
NAME = b"\x04host\x07example\x03net\x00"
TO_QUESTION = b"\xc0\x0c"


def record(data, kind=12, name=TO_QUESTION, ttl=600):
    return name + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def reply(*records, flags=0x8180, number=NUMBER, address=ADDRESS):
    asked = question(address, number)
    return struct.pack("!HHHHHH", number, flags, 1, len(records), 0, 0) + asked[12:] + b"".join(records)


def test_the_question_is_that_of_rfc_1035():
    expected = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x017\x012\x010\x03192\x07in-addr\x04arpa\x00\x00\x0c\x00\x01"

    assert expected == question(ADDRESS, NUMBER)
    assert b"\x03ip6\x04arpa\x00\x00\x0c\x00\x01" == question("2001:db8::1", 1)[-14:]


def test_a_name_is_read_also_behind_an_alias_and_made_printable():
    alias = record(b"\x017\x03sub" + b"\xc0\x0e", kind=5)
    hostile = b"\x05a\x1b[2J\x02\xff.\x00"

    assert ("host.example.net", 600) == answer(reply(record(NAME)), ADDRESS, NUMBER)
    assert ("host.example.net", 9) == answer(reply(alias, record(NAME, name=b"\x017\x00", ttl=9)), ADDRESS, NUMBER)
    assert "a\\x1b[2J.\\xff." == answer(reply(record(hostile)), ADDRESS, NUMBER)[0]
    assert (None, 0) == answer(reply(flags=0x8183), ADDRESS, NUMBER)
    assert (None, 600) == answer(reply(record(b"\x00")), ADDRESS, NUMBER)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (reply(record(NAME), number=1), "something else"),
        (reply(record(NAME), address="192.0.2.8"), "something else"),
        (reply(record(NAME), flags=0x0100), "something else"),
        (reply(record(NAME), flags=0x8380), "truncated"),
        (reply(flags=0x8182), "error 2"),
        (reply(record(b"\xc0\x34")), "makes no sense"),
        (reply(record(b"\x80")), "makes no sense"),
        (reply(record((b"\x3f" + b"x" * 63) * 5 + b"\0")), "too long"),
        (reply(record(NAME))[:-3], "too early"),
        (b"", "too early"),
    ],
)
def test_what_is_no_answer_is_refused(data, why):
    with pytest.raises(DnsError, match=why):
        answer(data, ADDRESS, NUMBER)


@given(st.binary(max_size=300), st.integers(0, 40))
def test_garbage_raises_nothing_else(data, count):
    head = reply()[:6] + struct.pack("!HHH", count, 0, 0) + reply()[12:]
    for garbage in (data, head + data):
        try:
            name, seconds = answer(garbage, ADDRESS, NUMBER)
        except DnsError:
            continue
        assert seconds >= 0
        assert name is None or (name.isprintable() and len(name) < 1100)

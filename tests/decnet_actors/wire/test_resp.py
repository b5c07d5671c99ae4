"""Tests of the RESP codec; what a real server does is in tests/plugins/decoy/redis/test_differential.py."""

import pytest

from decnet_actors.wire import resp
from decnet_actors.wire.resp import RespError, RespParser, split_inline


def parsed(data: bytes, *, trusted: bool = True) -> list[tuple[bytes, ...]]:
    return list(RespParser(trusted=trusted).receive(data))


def test_commands_of_both_forms_come_out():
    data = b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nPING\r\n\r\n*0\r\n*-1\r\nset a b\n"

    assert [(b"ECHO", b"hi"), (b"PING",), (b"set", b"a", b"b")] == parsed(data)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b"  a\t b ", [b"a", b"b"]),
        (b'set "a b" c', [b"set", b"a b", b"c"]),
        (rb'"\x41\n\r\t\b\a\q\""', [b'A\n\r\t\b\aq"']),
        (rb'"\xZZ"', [b"xZZ"]),
        (rb"'it\'s \n'", [rb"it's \n"]),
        (b"''", [b""]),
        (b'a"b"', [b"ab"]),
        (b"a\vb", [b"a\vb"]),
        (b"\va", [b"a"]),
    ],
)
def test_inline_words_are_quoted_as_redis_quotes(line, words):
    assert words == split_inline(line)


@pytest.mark.parametrize("line", [b'"open', b"'open", b'"a"b', b"'a'b", b'"a\\'])
def test_unbalanced_quotes_are_an_error(line):
    with pytest.raises(RespError) as caught:
        split_inline(line)

    assert b"-ERR Protocol error: unbalanced quotes in request\r\n" == caught.value.reply


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"*9999999999\r\n", "invalid multibulk length"),
        (b"*abc\r\n", "invalid multibulk length"),
        (b"*+1\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*\r\n", "invalid multibulk length"),
        (b"*99999999999999999999999\r\n", "invalid multibulk length"),
        (b"*9999999999999999999\r\n", "invalid multibulk length"),
        (b"*1\r\n$-5\r\n", "invalid bulk length"),
        (b"*1\r\n$1048577\r\n", "invalid bulk length"),
        (b"*1\r\n$x\r\n", "invalid bulk length"),
        (b"*1\r\n+OK\r\n", "expected '$', got '+'"),
        (b"*1\r\n\n\r\n", "expected '$', got ' '"),
        (b"a" * 65537, "too big inline request"),
        (b"a\0\r\n" + b"a" * 65537, "too big inline request"),
        (b"*" + b"1" * 65537, "too big mbulk count string"),
        (b"*1\r\n$" + b"1" * 65537, "too big bulk count string"),
    ],
)
def test_broken_protocol_gets_the_reply_of_the_real_server(data, text):
    with pytest.raises(RespError) as caught:
        parsed(data)

    assert f"-ERR Protocol error: {text}\r\n".encode() == caught.value.reply


@pytest.mark.parametrize(
    "data",
    [
        b"*1\r\n$4\r\nPING\r\n",
        b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n",
        b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
        b"*1\r\n$4\r\nPINGxx",
        b"*1\r\n$04\r\nPING\r\n",
        b"*2\r\n$4\r\nPING\r\n",
        b"*1\r\n$4\r\nPING\r\nPING\r\n",
        b"*0\r\n",
    ],
)
def test_whole_request_means_the_same_as_one_in_pieces(data):
    def outcome(chunks):
        parser = RespParser()
        found: list[object] = []
        try:
            for chunk in chunks:
                found += parser.receive(chunk)
        except RespError as error:
            found.append(error.reply)
        return found

    assert outcome([data]) == outcome([data[i : i + 1] for i in range(len(data))])


def test_commands_before_an_error_are_not_lost():
    commands = RespParser().receive(b"PING\r\n*x\r\n")

    assert (b"PING",) == next(commands)
    with pytest.raises(RespError):
        next(commands)


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"*11\r\n", "unauthenticated multibulk length"), (b"*1\r\n$16385\r\n", "unauthenticated bulk length")],
)
def test_stranger_may_send_small_requests_only(data, text):
    assert parsed(data) == []
    with pytest.raises(RespError) as caught:
        parsed(data, trusted=False)

    assert f"-ERR Protocol error: {text}\r\n".encode() == caught.value.reply


def test_trust_changes_between_two_commands_of_one_chunk():
    parser = RespParser(trusted=False)
    commands = parser.receive(b"AUTH x\r\n*11\r\n" + b"$1\r\na\r\n" * 11)
    next(commands)
    parser.trusted = True

    assert (b"a",) * 11 == next(commands)


def test_a_whole_command_is_capped():
    with pytest.raises(RespError):
        parsed(b"*3\r\n" + (b"$1048576\r\n" + b"x" * 1048576 + b"\r\n") * 2 + b"$1\r\n")


def test_minus_zero_is_not_a_number():
    with pytest.raises(RespError):
        parsed(b"*-0\r\n")


def test_replies_are_written():
    assert b"+OK\r\n" == resp.simple(b"OK")
    assert b"-ERR a  b\r\n" == resp.error(b"ERR a\r\nb")
    assert b":-3\r\n" == resp.integer(-3)
    assert b"$2\r\n\r\n\r\n" == resp.bulk(b"\r\n")
    assert b"*2\r\n:1\r\n+x\r\n" == resp.array([resp.integer(1), resp.simple(b"x")])
    assert b"*0\r\n" == resp.bulks([])

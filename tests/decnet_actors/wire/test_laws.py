"""The laws every parser in ``decnet_actors.wire`` obeys. Add yours to ``PARSERS``; the tests come by themselves."""

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire import ftp, http, http_events, resp, telnet
from decnet_actors.wire.errors import WireError
from decnet_actors.wire.http_dialect import HTTP_1_1, Dialect
from plugins.decoy.http.dialects import APACHE, NGINX


@frozen(kw_only=True)
class Case:
    """One parser under law.

    ``parse`` feeds one chunk to a parser and gives its events one by one, then raises ``WireError`` or gives it as
    the last one; ``buffered`` tells what the parser holds and ``cap`` the most it may; ``streams`` makes plausible
    bytes, ``built`` an event with the bytes that mean it.
    """

    name: str
    make: Callable[[], Any]  # Any: the parser's own class
    parse: Callable[[Any, bytes], Iterable[Any]]
    buffered: Callable[[Any], int]
    cap: int
    streams: st.SearchStrategy[bytes]
    built: st.SearchStrategy[tuple[Any, bytes]]
    long: bytes  # a mebibyte that is as hard to parse as legal input can be


_words = st.lists(st.binary(max_size=30), min_size=1, max_size=6)
_resp_pieces = st.one_of(
    _words.map(resp.bulks),
    st.sampled_from(
        [
            b"PING\r\n",
            b"\r\n",
            b"set \"a b\" 'c'\r\n",
            b'"open\r\n',
            b"*1\r\n",
            b"$3\r\nabc\r\n",
            b"$-1\r\n",
            b"*-1\r\n",
            b"*0\r\n",
            b"*x\r\n",
            b"*2\r\n$1\r\na\r\n+",
            b"\0",
            b"get a\0b\r\n",
        ]
    ),
    st.binary(max_size=40),
)


MAX_OCTETS = 1000  # longer than any stream drawn here; a flood is not taken apart


def _telnet_octets(events: Iterable[telnet.Event]) -> Iterable[telnet.Event]:
    """Give data octet by octet: where a stream is cut is not telnet's to keep."""
    for event in events:
        if isinstance(event, telnet.Data) and len(event.data) < MAX_OCTETS:
            yield from (telnet.Data(bytes((octet,))) for octet in event.data)
        else:
            yield event


_telnet_events = st.one_of(
    st.integers(0, 255).map(lambda octet: telnet.Data(bytes((octet,)))),
    st.sampled_from([telnet.Code.AYT, telnet.Code.IP, telnet.Code.NOP]).map(telnet.Command),
    st.builds(telnet.Negotiation, st.sampled_from(telnet.Verb), st.integers(0, 255)),
    st.builds(telnet.Subnegotiation, st.integers(0, 255), st.binary(max_size=40)),
)
_telnet_pieces = st.one_of(
    st.sampled_from([b"\xff", b"\xff\xff", b"\xff\xfa\x18", b"\xff\xf0", b"\xff\xfb\x1f", b"\xff\xfd", b"ab\r\n"]),
    st.binary(max_size=20),
)


_ftp_pieces = st.one_of(
    st.sampled_from([b"USER a\r\n", b"\n", b"\r\n", b"\xff\xf4\xff\xf2ABOR\r\n", b"\xff", b"PASS", b"x" * 4095, b"\r"]),
    st.binary(max_size=20),
)
_ftp_lines = st.text("USERPA /.-é", max_size=30).map(str.encode)


def _http_octets(events: Iterable[http_events.Event]) -> Iterable[http_events.Event]:
    """Give bodies octet by octet, as telnet's data above."""
    for event in events:
        if isinstance(event, http_events.Body):
            yield from (http_events.Body(bytes((octet,)), last=False) for octet in event.data[:MAX_OCTETS])
            if event.last:
                yield http_events.Body(b"", last=True)
        else:
            yield event


_http_lines = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n", b"GET /a\r\n", b"POST /login HTTP/1.1\n", b"PUT  /x HTTP/1.0 \r\n", b"\r\n", b"\n",
        b"\r\r\n", b"get / HTTP/1.1\r\n", b"GET / HTTP/2.0\r\n", b"Host: a\r\n", b"Host: b\n", b" folded\r\n",
        b"NoColon\r\n", b"A : b\r\n", b"A: \0\r\n", b"A: b\rc\r\n", b"Content-Length: 3\r\n", b"Content-Length: x\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"3\r\nabc\r\n", b"3;x\nabc\n",
        b"abc", b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"fffffffffffffffff\r\n", b"A: " + b"b" * 300 + b"\r\n", b"c" * 600,
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    ]
)  # fmt: skip
_http_pieces = st.one_of(_http_lines, _http_lines, st.binary(max_size=20))


def _http_built(method: bytes, target: bytes, values: list[bytes]) -> tuple[http_events.Event, bytes]:
    headers = [(b"Host", b"a"), *((b"X-%d" % number, value) for number, value in enumerate(values))]
    lines = [b"%b /%b HTTP/1.1" % (method, target), *(b"%b: %b" % header for header in headers)]
    request = http_events.Request(method, b"/" + target, HTTP_1_1, tuple(headers), {b"host": b"a"}, 0, None)
    return request, b"\r\n".join(lines) + b"\r\n\r\n"


_http_requests = st.builds(
    _http_built,
    st.sampled_from([b"GET", b"POST", b"BREW"]),
    st.text("abc/?=&%", max_size=20).map(str.encode),
    st.lists(st.text("abc:;=", max_size=30).map(str.encode), max_size=5),
)
_http_long = (
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1\r\na\r\n" * (1 << 17)
    + b"40000;" + b"x" * 400 + b"\r\n" + b"y" * (1 << 18)
)  # fmt: skip


def _http_case(name: str, dialect: Dialect) -> Case:
    return Case(
        name=name,
        make=lambda: http.RequestParser(dialect),
        parse=lambda parser, data: _http_octets(parser.receive(data)),
        buffered=lambda parser: parser.buffered,
        cap=dialect.first_buffer + (dialect.buffers + 1) * dialect.max_line,
        streams=st.lists(_http_pieces, max_size=12).map(b"".join),
        built=_http_requests,
        long=_http_long,
    )


PARSERS = [
    Case(
        name="ftp",
        make=ftp.LineParser,
        parse=lambda parser, data: parser.receive(data),
        buffered=lambda parser: parser.buffered,
        cap=ftp.MAX_LINE,
        streams=st.lists(_ftp_pieces, max_size=10).map(b"".join),
        built=_ftp_lines.map(lambda line: (ftp.Line(line), line + b"\r\n")),
        long=(b"x" * (ftp.MAX_LINE - 1) + b"\n") * 256,
    ),
    _http_case("http-nginx", NGINX),
    _http_case("http-apache", APACHE),
    Case(
        name="telnet",
        make=telnet.TelnetParser,
        parse=lambda parser, data: _telnet_octets(parser.receive(data)),
        buffered=lambda parser: parser.buffered,
        cap=telnet.MAX_SUBNEGOTIATION + 1,
        streams=st.lists(_telnet_pieces, max_size=10).map(b"".join),
        built=_telnet_events.map(lambda event: (event, telnet.build(event))),
        long=b"\xff\xfa\x18" + b"\xff\xff" * (1 << 19) + b"\xff\xf0",
    ),
    Case(
        name="resp",
        make=resp.RespParser,
        parse=lambda parser, data: parser.receive(data),
        buffered=lambda parser: parser.buffered,
        cap=resp.MAX_BUFFERED,
        streams=st.lists(_resp_pieces, max_size=8).map(b"".join),
        built=_words.map(lambda words: (tuple(words), resp.bulks(words))),
        long=resp.bulks([b"SET", b"key", b"\r" * (resp.MAX_BULK - 64)]),
    ),
]

every_parser = pytest.mark.parametrize("case", PARSERS, ids=lambda case: case.name)


def outcome(case: Case, chunks: Sequence[bytes]) -> tuple[list[Any], str | None]:
    """Return the events of the chunks, and the error that ended them, if any."""
    parser, events = case.make(), []
    for chunk in chunks:
        try:
            # One byte or many: what came before an error in the same chunk counts too.
            found: list[Any] = []
            for event in case.parse(parser, chunk):
                found.append(event)
                events.append(event)
        except WireError as error:
            return events, str(error)
        assert case.buffered(parser) <= case.cap
        if found and isinstance(found[-1], WireError):
            return events[:-1], str(found[-1])
    return events, None


def cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(places)] or [b""]


@every_parser
@given(data=st.data())
def test_any_split_of_the_stream_gives_the_same_events(case, data):
    stream = data.draw(case.streams)
    cuts = data.draw(st.lists(st.integers(0, 10_000), max_size=20))

    assert outcome(case, [stream]) == outcome(case, cut(stream, cuts))
    assert outcome(case, [stream]) == outcome(case, [stream[i : i + 1] for i in range(len(stream))])


@every_parser
@given(data=st.data())
def test_any_bytes_give_events_or_the_protocols_own_error(case, data):
    outcome(case, cut(data.draw(st.binary(max_size=500)), data.draw(st.lists(st.integers(0, 500), max_size=9))))


@every_parser
def test_buffer_stays_below_its_cap(case):
    chance = random.Random(1)
    for first in (b"*1\r\n$1048576\r\n", b"", b"*65536\r\n" + b"$100\r\n" + b"x" * 102):
        parser = case.make()
        try:
            list(case.parse(parser, first))
            for _ in range(200):
                list(case.parse(parser, chance.choice([b"a", b"\xff", b"1"]) * 65_536))

                assert case.buffered(parser) <= case.cap
        except WireError:
            pass


@every_parser
@given(data=st.data())
def test_events_of_a_prefix_are_a_prefix_of_the_events(case, data):
    stream = data.draw(case.streams)
    short = stream[: data.draw(st.integers(0, len(stream)))]
    whole, part = outcome(case, [stream])[0], outcome(case, [short])[0]

    assert whole[: len(part)] == part


@every_parser
@given(data=st.data())
def test_what_is_built_is_parsed_back(case, data):
    built = data.draw(st.lists(case.built, max_size=5))

    assert ([event for event, _ in built], None) == outcome(case, [b"".join(wire for _, wire in built)])


@every_parser
@pytest.mark.slow
@pytest.mark.timeout(20)  # linear work takes under a second, quadratic work minutes
def test_a_mebibyte_of_single_bytes_is_linear_work(case):
    parser = case.make()
    for byte in case.long:
        for event in case.parse(parser, bytes([byte])):
            assert not isinstance(event, WireError)

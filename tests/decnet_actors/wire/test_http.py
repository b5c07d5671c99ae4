"""What the parser makes of requests; how servers differ is asked of the real ones in ``tests/plugins/decoy/http``."""

import pytest

from decnet_actors.wire import http
from decnet_actors.wire.http import Stage
from decnet_actors.wire.http_dialect import CHUNKED, HTTP_0_9, HTTP_1_0, Dialect, Fault
from decnet_actors.wire.http_events import Body, Event, HttpError, Request
from plugins.decoy.http.dialects import APACHE, NGINX

BOTH = pytest.mark.parametrize("dialect", [NGINX, APACHE], ids=["nginx", "apache"])


def events(dialect: Dialect, *chunks: bytes) -> list[Event]:
    parser = http.RequestParser(dialect)
    return [event for chunk in chunks for event in parser.receive(chunk)]


def fault_of(dialect: Dialect, data: bytes) -> Fault | None:
    try:
        found = events(dialect, data)
    except HttpError as error:
        return error.fault
    return next((event.fault for event in found if isinstance(event, Request)), None)


@BOTH
def test_request_has_its_line_and_headers_as_sent(dialect):
    [request] = events(dialect, b"GET /a?b HTTP/1.0\r\nHOST: a\r\nX-y:  z \r\n\r\n")
    headers = ((b"HOST", b"a"), (b"X-y", b"z"))

    assert Request(b"GET", b"/a?b", HTTP_1_0, headers, {b"host": b"a"}, 0, None) == request


@BOTH
def test_body_of_a_given_length_ends_there(dialect):
    head, *bodies = events(
        dialect, b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", b"cdeGET", b" / HTTP/1.1\r\n\r\n"
    )

    assert isinstance(head, Request)
    assert 5 == head.length
    assert [Body(b"ab", last=False), Body(b"cde", last=True)] == bodies[:2]
    assert [b"GET"] == [event.method for event in bodies[2:] if isinstance(event, Request)]


@BOTH
def test_chunks_are_put_together(dialect):
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n"
    head, *bodies = events(dialect, data)

    assert isinstance(head, Request)
    assert CHUNKED == head.length
    assert [Body(b"abc", last=False), Body(b"0123456789", last=False), Body(b"", last=True)] == bodies


@BOTH
def test_several_headers_of_a_name_are_joined(dialect):
    [request] = events(dialect, b"GET / HTTP/1.1\r\nCookie: a=b\r\ncookie: c=d\r\n\r\n")

    assert isinstance(request, Request)
    assert {b"cookie": b"a=b, c=d"} == request.fields
    assert ((b"Cookie", b"a=b"), (b"cookie", b"c=d")) == request.headers


def test_folded_header_is_one():
    [request] = events(APACHE, b"GET / HTTP/1.1\r\nA: b \r\n \t c\r\nHost: d\r\n\r\n")

    assert isinstance(request, Request)
    assert ((b"A", b"b c"), (b"Host", b"d")) == request.headers


@BOTH
def test_http_0_9_is_a_line_and_nothing_after_it(dialect):
    assert [Request(b"GET", b"/a", HTTP_0_9, (), {}, 0, None)] == events(
        dialect, b"GET /a\r\nGET /b\r\n", b"GET /c\r\n"
    )


@pytest.mark.parametrize(
    ("data", "nginx", "apache"),
    [
        (b"GET / HTTP/1.1\nHost: a\n\n", None, Fault.BAD),
        (b"GET / HTTP/2.0\r\n\r\n", Fault.VERSION, None),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", Fault.BAD, Fault.BAD),
        (b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", Fault.BAD, None),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Fault.CODING, None),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", Fault.BAD, None),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", None, Fault.MANY_FIELDS),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1001 + b"\r\n", Fault.MANY_FIELDS, Fault.MANY_FIELDS),
        (b"GET /" + b"a" * 9000, Fault.LONG_LINE, Fault.LONG_LINE),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 9000, Fault.LONG_FIELD, Fault.LONG_FIELD),
        (b"GET / HTTP/1.1\r\n" + (b"A: " + b"a" * 5000 + b"\r\n") * 5, Fault.LONG_FIELD, None),
        (b"\r\n" * 11 + b"GET / HTTP/1.1\r\n\r\n", None, Fault.BAD),
    ],
)
def test_servers_differ(data, nginx, apache):
    assert (nginx, apache) == (fault_of(NGINX, data), fault_of(APACHE, data))


@BOTH
def test_nothing_is_read_after_a_fault(dialect):
    parser = http.RequestParser(dialect)
    with pytest.raises(HttpError, match="bad request"):
        list(parser.receive(b"\x16\x03\r\n"))

    assert [] == list(parser.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert 0 == parser.buffered


@BOTH
def test_error_has_the_head_of_the_request_that_broke(dialect):
    parser = http.RequestParser(dialect)
    with pytest.raises(HttpError) as caught:
        list(parser.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nX: \0\r\n\r\n"))

    assert b"GET /b HTTP/1.1\r\nX: \0\r" == caught.value.sample.removesuffix(b"\n")


@BOTH
def test_stage_tells_how_far_a_request_is(dialect):
    parser = http.RequestParser(dialect)
    stages = [parser.stage]
    for chunk in (b"POST", b" / HTTP/1.1\r\n", b"Content-Length: 2\r\n\r\n", b"a", b"b", b"\r\n"):
        list(parser.receive(chunk))
        stages.append(parser.stage)

    assert [Stage.IDLE, Stage.LINE, Stage.FIELDS, Stage.BODY, Stage.BODY, Stage.IDLE, Stage.LINE] == stages


@pytest.mark.parametrize(
    "begun", [b"", b"G", b"\r\r", b"GET /", b"GET  http://a", b"GET / HT", b"GET /a HTTP/1.", b"BREW"]
)
def test_beginning_of_a_request_is_not_refused(begun):
    parser = http.RequestParser(NGINX)

    assert [] == list(parser.receive(begun))
    assert parser.refused() is None


@pytest.mark.parametrize("begun", [b"g", b"\x16\x03", b" ", b"GET \0", b"GET /\x01", b"GET / HTQ", b"GET / HTTP/x"])
def test_what_cannot_become_a_request_is_refused_before_its_end(begun):
    lenient, strict = http.RequestParser(NGINX), http.RequestParser(APACHE)

    assert [] == list(lenient.receive(begun)) + list(strict.receive(begun))
    refused = lenient.refused()
    assert refused is not None
    assert (Fault.BAD, begun) == (refused.fault, refused.sample)
    assert strict.refused() is None


def test_small_head_is_read_alike_whole_and_in_pieces():
    data = b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    assert events(NGINX, data) == events(NGINX, data[:50], data[50:]) == events(APACHE, data)
    assert events(NGINX, data) == events(APACHE, data[:1], data[1:])

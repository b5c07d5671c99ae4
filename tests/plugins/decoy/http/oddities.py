"""This module lists requests, sound and odd, that tell one web server from another."""

from collections.abc import Iterable, Sequence

HOST = b"Host: web.example"
CHUNKED = b"Transfer-Encoding: chunked"


def lines(*given: bytes) -> bytes:
    """Return a head made of lines."""
    return b"\r\n".join(given) + b"\r\n\r\n"


def get(line: bytes, *headers: bytes) -> bytes:
    return lines(line, HOST, *headers)


def headed(*headers: bytes) -> bytes:
    return lines(b"GET /nope HTTP/1.1", *headers)


def posted(body: bytes, *headers: bytes, target: bytes = b"/nope", version: bytes = b"HTTP/1.1") -> bytes:
    return lines(b"POST " + target + b" " + version, HOST, *headers) + body


def sized(size: int, *, of_line: bool) -> bytes:
    """Return a request with a request line, or a header, of so many bytes."""
    if of_line:
        return get(b"GET /" + b"a/" * ((size - 14) // 2) + b"a" * (size % 2) + b" HTTP/1.1")
    return headed(HOST, b"A: " + b"a" * (size - 3))


ENDS_OF_LINES = [
    b"GET /nope HTTP/1.1\nHost: web.example\n\n",
    b"GET /nope HTTP/1.1\r\nHost: web.example\nA: b\r\n\r\n",
    b"GET /nope HTTP/1.1\r\nHost: web.example\r\n\n",
    b"GET /nope HTTP/1.1\rHost: web.example\r\r",
    headed(HOST, b"A: b\rc"),
    headed(HOST, b"A: b\r"),
    b"GET /nope HTTP/1.1\r\r\nHost: web.example\r\n\r\n",
    *(b"\r\n" * count + get(b"GET /nope HTTP/1.1") for count in (1, 5, 10, 11, 200, 5000)),
    b"\n\n" + get(b"GET /nope HTTP/1.1"),
    b"\r\r\r" + get(b"GET /nope HTTP/1.1"),
    b"\r\n\r\n",
]
REQUEST_LINES = [
    b"GET /nope\r\n",
    b"GET /nope\n",
    b"GET /nope \r\n",
    b"GET /nope\r\n\r\n",
    b"GET /\r\n",
    b"GET /admin/\r\n",
    b"POST /nope\r\n",
    b"GET http://web.example/nope\r\n",
    *(
        get(b"GET /nope " + version)
        for version in (
            b"HTTP/0.9",
            b"HTTP/0.1",
            b"HTTP/1",
            b"HTTP/1.",
            b"HTTP/1.2",
            b"HTTP/1.10",
            b"HTTP/1.100",
            b"HTTP/01.1",
            b"http/1.1",
            b"HTTQ/1.1",
            b"HTTP/2.0",
            b"HTTP/3.1",
            b"HTTP/9.9",
            b"HTTP/11.1",
            b"HTTP/1337",
            b"HTTP/2",
            b"HTTP/1.1x",
            b"HTTP/1.1 x",
            b"HTTP/1.1  ",
        )
    ),
    lines(b"GET /nope HTTP/1.9"),
    lines(b"PRI * HTTP/2.0", b"", b"SM"),
    *(
        get(line)
        for line in (
            b"GET  /nope HTTP/1.1",
            b"GET /nope  HTTP/1.1",
            b"GET\t/nope HTTP/1.1",
            b" GET /nope HTTP/1.1",
            b"GET /no pe HTTP/1.1",
            b"GET /no\tpe HTTP/1.1",
            b"GET /no\x01pe HTTP/1.1",
            b"GET /no\x7fpe HTTP/1.1",
            b"GET /no\xffpe HTTP/1.1",
            b"GET /no\0pe HTTP/1.1",
            b"GET nope HTTP/1.1",
            b"GET * HTTP/1.1",
            b"GET /nope#x HTTP/1.1",
            b'GET /no"<>{}|\\^` HTTP/1.1',
            b"GET //nope HTTP/1.1",
            b"GET /%2e%2e/x HTTP/1.1",
            b"GET /a%2fb HTTP/1.1",
            b"GET /..\\x HTTP/1.1",
            b"GET web.example:80 HTTP/1.1",
            b"get /nope HTTP/1.1",
            b"Get /nope HTTP/1.1",
            b"G-E_T /nope HTTP/1.1",
            b"G!T /nope HTTP/1.1",
            b"G/T /nope HTTP/1.1",
            b"GET1 /nope HTTP/1.1",
            b"A" * 300 + b" /nope HTTP/1.1",
            b"CONNECT /x HTTP/1.1",
            b"CONNECT web.example:443 HTTP/1.1",
            b"OPTIONS /nope HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"BREW /nope HTTP/1.1",
            b"PROPFIND /nope HTTP/1.1",
            b"PATCH /nope HTTP/1.1",
            b"SEARCH /nope HTTP/1.1",
            b"GET ftp://web.example/nope HTTP/1.1",
            b"GET http:///nope HTTP/1.1",
            b"GET http://web.example HTTP/1.1",
            b"GET https://web.example/nope HTTP/1.1",
            b"GET http://u:p@web.example/nope HTTP/1.1",
            b"GET http://web.example:81/nope HTTP/1.1",
            b"GET http://web_example/nope HTTP/1.1",
            b"GET HTTP://WEB.example/nope HTTP/1.1",
        )
    ),
    lines(b"GET http://web.example/nope HTTP/1.1"),
    lines(b"GET http://web.example/nope HTTP/1.1", b"Host: a b"),
]
HEADERS = [
    *(
        headed(HOST, line)
        for line in (
            b"NoColon",
            b": x",
            b"A : x",
            b"A: x\r\n y",
            b"A: x\r\n\ty",
            b"A: x\0y",
            b"A\0: x",
            b"A: x\x01y",
            b"A: x\x7fy",
            b"A: x\xffy",
            b"A_b: x",
            b"A@b: x",
            b"A\xff: x",
            b"A\x01: x",
            b"A\x7f: x",
            b"A(: x",
            b"A b: x",
            b"A:",
            b"A: b" + b"\r\n c" * 200,
            b"A: " + b"b" * 4000 + (b"\r\n " + b"c" * 4000) * 2,
            b"Host: other",
            HOST,
            b"Cookie: a=b\r\nCookie: c=d",
            b"User-Agent: a\r\nUser-Agent: b",
            b"Authorization: Basic YTpi\r\nAuthorization: Basic YTpi",
            b"Content-Type: a\r\nContent-Type: b",
            b"Connection: keep-alive\r\nConnection: close",
            b"Connection: foo, Close",
            b"Connection: xclosex",
            b"Connection: keep-alive, close",
        )
    ),
    headed(b" A: x", HOST),
    headed(b"H@st: x"),
    lines(b"GET /nope HTTP/1.0", b"Connection: foo, keep-alive"),
    lines(b"GET /nope HTTP/1.0", b"Host:"),
    lines(b"GET /nope HTTP/1.0", b"Host: a b"),
    *(
        headed(b"Host:" + host)
        for host in (
            b"",
            b" a:b",
            b" a_b",
            b" [::1]:80",
            b" a@b",
            b" a:",
            b" a.",
            b" <a>",
            b" 1.2.3.4:99999",
            b" a,b",
            b" \xff",
            b" web.example  ",
            b"\tweb.example\t",
            b" a..b",
            b" -a",
            b" 1.2.3",
            b" 10",
            b" 01.2.3.4",
            b" 1.2.3.4",
            b" .a",
            b" a:0",
            b" a:080",
            b" a:65535",
            b" a:65536",
            b" a~b",
            b" a%20b",
        )
    ),
]
LIMITS = [
    *(headed(HOST, *[b"A: b"] * count) for count in (99, 100, 999, 1000, 8000)),
    headed(HOST, *(b"A%d: b" % number for number in range(120))),
    *(sized(size, of_line=of_line) for size in (8190, 8191, 8192, 8200) for of_line in (False, True)),
    *(headed(HOST, *(b"A%d: " % number + b"a" * 7900 for number in range(count))) for count in (3, 4, 5)),
    *(get(b"GET /" + b"a" * size + b" HTTP/1.1") for size in (255, 256)),
]
BODIES = [
    *(
        posted(b"abc", b"Content-Length:" + size)
        for size in (
            b" 3",
            b" +3",
            b" -3",
            b" 0x3",
            b" 003",
            b"",
            b" 3 ",
            b"\t3\t",
            b" 3, 3",
            b" 99999999999999999999999",
            b" 9223372036854775808",
            b" 3\r\nContent-Length: 3",
            b" 3\r\nContent-Length: 4",
        )
    ),
    posted(b"0\r\n\r\n", b"Content-Length: 3", CHUNKED),
    posted(b"0\r\n\r\n", CHUNKED, version=b"HTTP/1.0"),
    posted(b"abc"),
    headed(HOST, b"Content-Length: 3") + b"abc",
    headed(HOST, CHUNKED) + b"3\r\nabc\r\n0\r\n\r\n",
    *(
        posted(b"0\r\n\r\n", b"Transfer-Encoding:" + coding)
        for coding in (
            b" Chunked",
            b" gzip, chunked",
            b" chunked\r\n" + CHUNKED,
            b" identity",
            b" chunked ",
            b"",
            b" odd",
            b" chunked, chunked",
            b" chunked, gzip",
        )
    ),
    *(
        posted(body, CHUNKED)
        for body in (
            b"3\r\nabc\r\n0\r\n\r\n",
            b"3\nabc\n0\n\n",
            b"3;x=y\r\nabc\r\n0;z\r\n\r\n",
            b"3\r\nabc\r\n0\r\nA: b\r\n\r\n",
            b"ZZ\r\n",
            b"3\r\nabcX0\r\n\r\n",
            b"3 \r\nabc\r\n0\r\n\r\n",
            b" 3\r\nabc\r\n0\r\n\r\n",
            b"0x3\r\nabc\r\n0\r\n\r\n",
            b"00003\r\nabc\r\n000\r\n\r\n",
            b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n",
            b"\r\n0\r\n\r\n",
            b"-1\r\n0\r\n\r\n",
            b"3\rabc\r\n0\r\n\r\n",
            b"0\r\n\0junk\r\n\r\n",
            b"3 junk\r\nabc\r\n0\r\n\r\n",
            b"0\r\nA: b\r\n c\r\n\r\n",
            b"3;x\nabc\r\n0\r\n\r\n",
            b"3;\x01\r\nabc\r\n0\r\n\r\n",
            b"3\t\r\nabc\r\n0\r\n\r\n",
            b"3\xff\r\nabc\r\n0\r\n\r\n",
            b"0" * 33 + b"3\r\nabc\r\n0\r\n\r\n",
            b"3\r\nabc\r\n0\r\n" + b"A: b\r\n" * 101 + b"\r\n",
        )
    ),
    *(posted(b"abc", b"Content-Length: 3", b"Expect: " + said) for said in (b"100-continue", b"100-Continue", b"odd")),
    posted(b"abc", b"Content-Length: 3", b"Expect: a", b"Expect: b"),
    posted(b"abc", b"Content-Length: 3", b"Expect: 100-continue", version=b"HTTP/1.0"),
    headed(HOST, b"Expect: 100-continue"),
]
SEVERAL = [
    get(b"GET /nope HTTP/1.1") * 3,
    posted(b"abc", b"Content-Length: 3") + get(b"GET /nope2 HTTP/1.1"),
    posted(b"3\r\nabc\r\n0\r\n\r\n", CHUNKED) + get(b"GET /nope2 HTTP/1.1"),
    posted(b"abc" + get(b"GET /nope2 HTTP/1.1"), b"Content-Length: 3", CHUNKED),
    get(b"GET /nope HTTP/1.1", b"Connection: close") + get(b"GET /nope2 HTTP/1.1"),
    get(b"GET /nope HTTP/1.1") + b"\r\n\r\n" + get(b"GET /nope2 HTTP/1.1"),
    get(b"GET /nope HTTP/1.1") + b"BAD\r\n\r\n",
    get(b"GET /nope HTTP/1.1") + b"GET /x\r\n",
    get(b"GET /nope HTTP/1.1", b"Connection: keep-alive") * 102,
]
CUT_SHORT = [
    b"",
    b"GARBAGE",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /x",
    b"GET /nope HTTP/1.1",
    b"GARBAGE\r\n",
    b"g",
    b" ",
    b"GET \x01",
    b"GET /x HTTP/1.1\r\nHost: a",
    b"GET /x HTTP/1.1\r\nHost: a\r\n",
    b"GET /a b HTTP/1.1\r\n",
    posted(b"", b"Content-Length: 10"),
    posted(b"abc", b"Content-Length: 10"),
    posted(b"3\r\nab", CHUNKED),
    posted(b"3\r\nabc\r\n", CHUNKED),
    posted(b"", b"Content-Length: 3", b"Expect: 100-continue"),
    b"GET / HTTP/1.1\r\nHost: a b\r\n",
    b"A" * 9000,
    b"GET / HTTP/1.1\r\nA: " + b"b" * 9000,
]


def unique(*lists: Sequence[bytes]) -> Iterable[bytes]:
    """Return the requests of all lists, each once."""
    return dict.fromkeys(request for requests in lists for request in requests)


ODDITIES = tuple(unique(ENDS_OF_LINES, REQUEST_LINES, HEADERS, LIMITS, BODIES, SEVERAL, CUT_SHORT))

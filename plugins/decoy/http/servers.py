"""This module knows how nginx and Apache write a response: header order, error pages, what they refuse.

Recorded from Debian 12's nginx 1.22.1 and apache2 2.4.71 on loopback; ``tests/plugins/decoy/http/test_against_real.py``
asks the real ones again wherever they are installed.
"""

import html
import re
from email.utils import formatdate
from functools import lru_cache
from math import inf
from typing import NamedTuple, Protocol

from attrs import frozen

from decnet_actors.wire.http import HTTP_0_9, HTTP_1_0, HTTP_1_1, Dialect, Fault
from plugins.decoy.http import dialects
from plugins.decoy.http.targets import climbs, host_of, is_escaped, is_host, is_strict_host, path_of

HTTP_PORT = 80
LINGERING = 5.0  # seconds of silence: how long a connection that is over still takes what is on its way

REASONS = {
    200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 408: "Request Time-out", 411: "Length Required",
    413: "Request Entity Too Large", 414: "Request-URI Too Large", 417: "Expectation Failed", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Temporarily Unavailable",
    505: "HTTP Version Not Supported",
}  # fmt: skip


@frozen(kw_only=True)
class Reply:
    """A response before a server has put its stamp on it."""

    status: int
    body: bytes = b""
    content_type: str = "text/html"  # empty: not told
    modified: float | None = None  # Unix seconds; the server adds Last-Modified and ETag
    extra: tuple[tuple[str, str], ...] = ()  # Location, Set-Cookie, WWW-Authenticate
    close: bool = False
    told: tuple[str, ...] = ("Content-Length", "Connection")  # headers that are left out of some errors of Apache's


class Asked(NamedTuple):
    """What a server looks at to shape its answer."""

    method: str
    target: str
    version: tuple[int, int] = HTTP_1_1
    named: str | None = None  # the Host header
    connection: str = ""  # the Connection header, lower case
    expect: str = ""  # the Expect header
    has_body: bool = False
    odd_framing: bool = False  # both a length and a coding were given
    number: int = 1  # of the request on its connection
    address: str = ""  # the one the client connected to
    port: int = HTTP_PORT  # as above

    @property
    def host(self) -> str:
        """The host of an absolute target, which counts more than the ``Host`` header."""
        return host_of(self.target) or self.named or ""

    @property
    def name(self) -> str:
        """The host asked for, without a port."""
        host = self.host
        name, colon, port = host.rpartition(":")
        return (name if colon and port.isdigit() else host).lower()


@frozen
class Patience:
    """How long a server waits for something to be whole."""

    seconds: float
    rate: float = inf  # bytes that earn it another second
    at_most: float = inf  # seconds
    renewed: bool = False  # whether each read starts the time anew

    def until(self, started: float, now: float, size: int) -> float:
        """Return when it ends for something that began to come at ``started`` and is ``size`` bytes by now."""
        return (now if self.renewed else started) + min(self.seconds + size / self.rate, self.at_most)


class Server(Protocol):
    """A web server's manners."""

    dialect: Dialect
    silent: float  # seconds a connection may stay without a byte
    keep_alive: float  # seconds between two requests
    head_patience: Patience
    body_patience: Patience

    def error(self, status: int, asked: Asked) -> Reply:
        """Return the built-in page of an error."""

    def fault(self, fault: Fault, asked: Asked) -> Reply:
        """Return the answer to what is not HTTP."""

    def late(self, *, fields: bool) -> Reply | None:
        """Return what is said to a client whose head does not end; ``fields``: its request line has come."""

    def cut_short(self, status: int, asked: Asked) -> Reply | None:
        """Return what is said to a client whose body does not end: it was too slow (408) or left (400)."""

    def reads_body(self, asked: Asked) -> bool:
        """Return whether a page that needs no body still waits for it."""

    def refusal(self, asked: Asked) -> Reply | None:
        """Return the answer to a method the server does not do, before any page is looked for."""

    def moved(self, path: str, asked: Asked) -> Reply:
        """Return a redirect to a path of this site."""

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return whether the connection ends with this response."""

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Return status line and headers, blank line included."""


@lru_cache(maxsize=4)  # of now and of a file or two
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


def upstream(version: str) -> str:
    """Return the part of a package's version that the server shows."""
    return version.rpartition(":")[2].partition("-")[0].partition("+")[0]


def _encoded(headers: tuple[tuple[str, str], ...]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1", "replace")


class Nginx:
    """nginx 1.18 to 1.24 as Debian and Ubuntu configure it."""

    dialect = dialects.NGINX
    silent = 60.0  # client_header_timeout
    keep_alive = 65.0  # keepalive_timeout of the packaged nginx.conf
    head_patience = Patience(60.0)  # client_header_timeout
    body_patience = Patience(60.0, renewed=True)  # client_body_timeout
    many_since = (1, 19, 10)  # keepalive_requests went from 100 to 1000
    always_close = frozenset({400, 413, 414, 408, 500, 501, 505})

    def __init__(self, version: str, token: str) -> None:
        self._name = f"nginx/{version}{token}"
        self._named = self._name.encode()
        numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
        self.max_requests = 1000 if numbers >= self.many_since else 100
        self._pages: dict[int, Reply] = {}

    def error(self, status: int, asked: Asked) -> Reply:
        """Return nginx's page; ``asked`` changes nothing."""
        del asked
        reply = self._pages.get(status)
        if reply is None:
            phrase = {302: "302 Found", 401: "401 Authorization Required"}.get(status, f"{status} {REASONS[status]}")
            reply = self._pages[status] = self._page(status, phrase)
        return reply

    def fault(self, fault: Fault, asked: Asked) -> Reply:
        """Return nginx's page of a fault; headers that are too long or too many have one of their own."""
        if fault is Fault.LONG_FIELD or fault is Fault.MANY_FIELDS:
            return self._page(400, "400 Bad Request", "Request Header Or Cookie Too Large")
        statuses = {Fault.VERSION: 505, Fault.CODING: 501, Fault.LONG_LINE: 414}
        return self.error(statuses.get(fault, 400), asked)

    def late(self, *, fields: bool) -> None:
        """Say nothing: nginx closes."""

    def cut_short(self, status: int, asked: Asked) -> None:
        """Say nothing: nginx closes."""

    def _page(self, status: int, phrase: str, why: str = "") -> Reply:
        title, line = (f"{status} {why}", f"<center>{why}</center>\r\n") if why else (phrase, "")
        page = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{phrase}</h1></center>\r\n{line}"
            f"<hr><center>{self._name}</center>\r\n</body>\r\n</html>\r\n"
        )
        return Reply(status=status, body=page.encode(), close=status in self.always_close)

    def reads_body(self, asked: Asked) -> bool:
        """Nginx answers first, and throws away what comes."""
        del asked
        return False

    def refusal(self, asked: Asked) -> Reply | None:
        """Nginx refuses what a static site cannot do; TRACE and CONNECT also end the connection."""
        target, named, method = asked.target, asked.named, asked.method
        if named is None and asked.version > HTTP_1_0:
            return self.error(400, asked)
        if (named is not None and not is_host(named)) or climbs(target) or not is_escaped(target):
            return self.error(400, asked)
        if not target.startswith("/") and _NGINX_URL.fullmatch(target) is None:
            return self.error(400, asked)
        if asked.version == HTTP_0_9 and method != "GET":
            return self.error(400, asked)
        if method in {"GET", "HEAD", "POST"}:
            return None
        if method in {"TRACE", "CONNECT"}:
            return Reply(status=405, body=self.error(405, asked).body, close=True)
        return self.error(405, asked)

    def moved(self, path: str, asked: Asked) -> Reply:
        """Nginx makes redirects absolute with the name asked for and its own port (absolute_redirect on)."""
        page = self.error(302, asked)
        port = "" if asked.port == HTTP_PORT else f":{asked.port}"
        location = f"http://{asked.name or asked.address}{port}{path}"
        return Reply(status=302, body=page.body, extra=(("Location", location),))

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return whether nginx closes after this response; it looks for words anywhere in Connection."""
        if reply.close or asked.number >= self.max_requests or asked.version == HTTP_0_9:
            return True
        said = asked.connection
        return "close" in said or (asked.version == HTTP_1_0 and "keep-alive" not in said)

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Headers in nginx's fixed order."""
        early = late = b""
        if reply.extra:
            early = _encoded(tuple(pair for pair in reply.extra if pair[0] == "Location"))
            late = _encoded(tuple(pair for pair in reply.extra if pair[0] != "Location"))
        size = len(reply.body)
        if reply.modified is not None:
            seconds = int(reply.modified)
            early = b"Last-Modified: %b\r\n%b" % (_date(seconds), early)
            late = b'ETag: "%x-%x"\r\nAccept-Ranges: bytes\r\n%b' % (seconds, size, late)
        return b"HTTP/1.1 %b\r\nServer: %b\r\nDate: %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b%b%b\r\n" % (
            _NGINX_STATUS[reply.status],
            self._named,
            _date(int(now)),
            reply.content_type.encode(),
            size,
            early,
            b"Connection: close\r\n" if self.closes(reply, asked) else b"Connection: keep-alive\r\n",
            late,
        )


_NGINX_STATUS = {
    status: f"{status} {'Moved Temporarily' if status == 302 else reason}".encode()  # noqa: PLR2004  HTTP's own number
    for status, reason in REASONS.items()
}
_NGINX_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9.-]+(?::[0-9]*)?(?:[/?].*)?", re.DOTALL)
_APACHE_URL = re.compile(r"(?:https?://[^/?#@]*)?(?:[/?][^#]*)?", re.DOTALL | re.IGNORECASE)
_BAD_REQUEST = "Your browser sent a request that this server could not understand.<br />\n"
_APACHE_SENTENCES = {
    400: _BAD_REQUEST,
    401: (
        "This server could not verify that you\nare authorized to access the document\nrequested.  "
        "Either you supplied the wrong\ncredentials (e.g., bad password), or your\n"
        "browser doesn't understand how to supply\nthe credentials required."
    ),
    403: "You don't have permission to access this resource.",
    404: "The requested URL was not found on this server.",
    405: "The requested method {method} is not allowed for this URL.",
    408: "Server timeout waiting for the HTTP request from the client.",
    413: "The requested resource does not allow request data with {method} requests, "
    "or the amount of data provided in\nthe request exceeds the capacity limit.",
    414: "The requested URL's length exceeds the capacity\nlimit for this server.<br />\n",
    417: "The expectation given in the Expect request-header\nfield could not be met by this server.\n"
    "The client sent<pre>\n    Expect: {expect}\n</pre>\n</p><p>Only the 100-continue expectation is supported.",
    500: "The server encountered an internal error or\nmisconfiguration and was unable to complete\nyour request.",
    501: "{method} not supported for current URL.<br />\n",
}
_APACHE_REASONS = {
    405: "Method Not Allowed", 408: "Request Timeout", 414: "Request-URI Too Long", 503: "Service Unavailable"
}  # fmt: skip
_APACHE_STATUS = {
    status: f"{status} {_APACHE_REASONS.get(status, reason)}".encode() for status, reason in REASONS.items()
}
_APACHE_METHODS = frozenset(
    {"PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK"}
)


class Apache:
    """Apache httpd 2.4 as Debian and Ubuntu configure it."""

    dialect = dialects.APACHE
    silent = 51.0  # 31 in the kernel (AcceptFilter http data), 20 of RequestReadTimeout
    keep_alive = 5.0  # KeepAliveTimeout of the packaged apache2.conf
    head_patience = Patience(20.0, rate=500, at_most=40.0)  # RequestReadTimeout of the packaged reqtimeout.conf
    body_patience = Patience(10.0, rate=500)  # as above
    max_requests = 100  # MaxKeepAliveRequests
    max_name = 255  # bytes of a file's name (NAME_MAX)
    max_path = 4096 - 1 - len("/var/www/html")  # as above of a path (PATH_MAX)
    methods = "GET,POST,OPTIONS,HEAD"
    new_doctype_since = (2, 4, 66)  # the error page says HTML 4.01 in Debian 12's 2.4.71; HTML 2.0 before
    always_close = frozenset({400, 408, 413, 414, 417, 500, 501})

    def __init__(self, version: str, token: str, hostname: str) -> None:
        self._name = f"Apache/{version}{token}"
        self._named = self._name.encode()
        numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
        self._doctype = (
            '"-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd"'
            if numbers >= self.new_doctype_since
            else '"-//IETF//DTD HTML 2.0//EN"'
        )
        self._hostname = hostname

    def error(self, status: int, asked: Asked) -> Reply:
        """Return Apache's page, which names the host it was asked for."""
        method = html.escape(asked.method)
        sentence = _APACHE_SENTENCES.get(status, "").replace("{method}", method)
        sentence = sentence.replace("{expect}", html.escape(asked.expect))
        extra: tuple[tuple[str, str], ...] = ()
        if status == 405:  # noqa: PLR2004  HTTP's own number, as in every table here
            extra = (("Allow", "" if asked.method == "TRACE" else self.methods),)
        elif status == 501:  # noqa: PLR2004  as above
            extra = (("Allow", self.methods),)
        return self._told(status, sentence, asked, extra)

    def fault(self, fault: Fault, asked: Asked) -> Reply:
        """Return Apache's page of a fault; most have the same."""
        if fault is Fault.LONG_LINE:
            return self.error(414, asked)
        if fault is Fault.LARGE:
            return self.error(413, asked)
        reasons = {
            Fault.LONG_FIELD: "Size of a request header field exceeds server limit.",
            Fault.MANY_FIELDS: "The number of request header fields exceeds this server's limit.",
        }
        return self._told(400, f"{_BAD_REQUEST}{reasons.get(fault, '')}", asked, unread=fault is Fault.CHUNK)

    def late(self, *, fields: bool) -> Reply | None:
        """Apache tells a client only once it has its request line."""
        return self.error(408, Asked("GET", "")) if fields else None

    def cut_short(self, status: int, asked: Asked) -> Reply | None:
        """Apache tells the client, if it is there to hear it."""
        return self.error(status, asked)

    def _told(
        self,
        status: int,
        sentence: str,
        asked: Asked,
        extra: tuple[tuple[str, str], ...] = (),
        *,
        unread: bool = False,
    ) -> Reply:
        reason = _APACHE_REASONS.get(status, REASONS[status])
        host, colon, port = asked.host.rpartition(":")
        if not colon or not port.isdigit():
            host, port = asked.host, str(HTTP_PORT)
        host = html.escape(host.lower().strip("[]").removesuffix(".") or self._hostname)
        paragraph = f"<p>{sentence}</p>" if status != 413 else sentence  # noqa: PLR2004  as Apache has it
        body = (
            f"<!DOCTYPE HTML PUBLIC {self._doctype}>\n<html><head>\n<title>{status} {reason}</title>\n</head><body>\n"
            f"<h1>{reason}</h1>\n{paragraph}\n<hr>\n"
            f"<address>{self._name} Server at {host} Port {int(port)}</address>\n</body></html>\n"
        ).encode("latin-1", "replace")
        told: tuple[str, ...] = ("Content-Length", "Connection")
        if unread or status == 413:  # noqa: PLR2004  the body's end is not known then
            told = ("Connection",)
        elif status == 417:  # noqa: PLR2004  closed without a word
            told = ("Content-Length",)
        return Reply(
            status=status,
            body=body,
            content_type="text/html; charset=iso-8859-1",
            extra=extra,
            close=status in self.always_close,
            told=told,
        )

    def reads_body(self, asked: Asked) -> bool:
        """Apache throws a body away before it answers, unless it does not trust where the body ends."""
        return not asked.odd_framing

    def refusal(self, asked: Asked) -> Reply | None:
        """Apache knows more methods than it allows, and does not mind odd versions."""
        target, method = asked.target, asked.method
        if asked.version >= HTTP_1_1 and not asked.named:
            return self._unnamed(asked)
        if not is_strict_host(asked.host):
            return self._unnamed(asked)
        if method == "CONNECT" and "/" not in target:
            return self.error(405, asked._replace(named=target))
        if target == "*" and method == "OPTIONS":
            return Reply(status=200, content_type="")
        if method == "CONNECT" or ((target[0] != "/" or "#" in target) and _APACHE_URL.fullmatch(target) is None):
            return self._unnamed(asked)
        if asked.expect and asked.expect.lower() != "100-continue" and asked.version >= HTTP_1_1:
            return self.error(417, asked)
        if climbs(target) or not is_escaped(target.replace("%00", "")):  # a NUL is just not found
            return self.error(400, asked)
        if method == "OPTIONS":
            return Reply(status=200, content_type="", extra=(("Allow", self.methods),))
        if method not in {"GET", "HEAD", "POST"}:
            return self.error(405 if method in _APACHE_METHODS else 501, asked)
        return self.error(403, asked) if len(target) > self.max_name and self._is_too_long(target) else None

    def _is_too_long(self, target: str) -> bool:
        path = path_of(target)
        return len(path) > self.max_path or any(len(name) > self.max_name for name in path.split("/"))

    def _unnamed(self, asked: Asked) -> Reply:
        """Return the page of a request that was refused before the Host header was looked at."""
        return self.error(400, asked._replace(named=None))

    def moved(self, path: str, asked: Asked) -> Reply:
        """Apache makes redirects absolute with the name and port asked for."""
        location = f"http://{asked.host.lower() or self._hostname}{path}"
        sentence = f'The document has moved <a href="{html.escape(location)}">here</a>.'
        return self._told(302, sentence, asked, (("Location", location),))

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return whether Apache closes after this response."""
        if reply.close or asked.number > self.max_requests or asked.odd_framing or asked.version < HTTP_1_0:
            return True
        if asked.expect and not asked.has_body and asked.version >= HTTP_1_1:
            return True  # the client may still send what it asked leave for
        if "close" not in asked.connection and asked.version != HTTP_1_0:
            return False
        said = [word.strip() for word in asked.connection.split(",")]
        return "close" in said or (asked.version == HTTP_1_0 and "keep-alive" not in said)

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Headers in Apache's order; Keep-Alive only for a client that asked for it."""
        late = b""
        size = len(reply.body)
        if reply.modified is not None:
            late = b'Last-Modified: %b\r\nETag: "%x-%x"\r\nAccept-Ranges: bytes\r\n' % (
                _date(int(reply.modified)),
                size,
                int(reply.modified * 1_000_000),
            )
        # Apache sends no length with a HEAD of its pages.
        if "Content-Length" in reply.told and (asked.method != "HEAD" or reply.status < 300):  # noqa: PLR2004  2xx
            late += b"Content-Length: %d\r\n" % size
        if self.closes(reply, asked):
            if "Connection" in reply.told:
                late += b"Connection: close\r\n"
        elif "keep-alive" in asked.connection:
            left = self.max_requests - asked.number + 1
            late += b"Keep-Alive: timeout=5, max=%d\r\nConnection: Keep-Alive\r\n" % left
        if reply.content_type:
            late += b"Content-Type: %b\r\n" % reply.content_type.encode()
        return b"HTTP/1.1 %b\r\nDate: %b\r\nServer: %b\r\n%b%b\r\n" % (
            _APACHE_STATUS[reply.status],
            _date(int(now)),
            self._named,
            _encoded(reply.extra) if reply.extra else b"",
            late,
        )

"""This module knows how nginx and Apache write a response: header order, error pages, what they refuse.

Recorded from Debian 12's nginx 1.22.1 and apache2 2.4.71 on loopback; ``tests/plugins/decoy/http/test_against_real.py``
asks the real ones again wherever they are installed.
"""

import html
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Protocol

from attrs import evolve, frozen

from plugins.decoy.http.targets import HEADER_TOO_LONG, is_host, is_target

HTTP_1_0 = (1, 0)
HTTP_PORT = 80

REASONS = {
    200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 408: "Request Time-out", 411: "Length Required",
    413: "Request Entity Too Large", 414: "Request-URI Too Large", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Temporarily Unavailable",
    505: "HTTP Version Not Supported",
}  # fmt: skip


@frozen(kw_only=True)
class Reply:
    """A response before a server has put its stamp on it."""

    status: int
    body: bytes = b""
    content_type: str = "text/html"
    modified: float | None = None  # Unix seconds; the server adds Last-Modified and ETag
    extra: tuple[tuple[str, str], ...] = ()  # Location, Set-Cookie, WWW-Authenticate
    close: bool = False


@frozen(kw_only=True)
class Asked:
    """What a server looks at to shape its answer."""

    method: str
    target: str
    port: int  # the one the client connected to
    version: tuple[int, int] = (1, 1)
    host: str = ""  # the Host header, or the host of an absolute target
    address: str = ""  # the one the client connected to
    connection: str = ""  # the Connection header, lower case
    count: int = 1  # requests on this connection, this one included

    @property
    def name(self) -> str:
        """The host asked for, without a port."""
        name, colon, port = self.host.rpartition(":")
        return (name if colon and port.isdigit() else self.host).lower()

    @property
    def wants_close(self) -> bool:
        """Whether the client said that this is its last request."""
        if self.version <= HTTP_1_0:
            return "keep-alive" not in self.connection
        return "close" in self.connection


class Server(Protocol):
    """A web server's manners."""

    keep_alive: float

    def error(self, status: int, asked: Asked) -> Reply:
        """Return the built-in page of an error."""

    def refusal(self, asked: Asked) -> Reply | None:
        """Return the answer to a method the server does not do, before any page is looked for."""

    def moved(self, path: str, asked: Asked) -> Reply:
        """Return a redirect to a path of this site."""

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return whether the connection ends with this response."""

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Return status line and headers, blank line included."""


@lru_cache(maxsize=4)  # of now and of a file or two
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def upstream(version: str) -> str:
    """Return the part of a package's version that the server shows."""
    return version.rpartition(":")[2].partition("-")[0].partition("+")[0]


def _lines(first: str, headers: Sequence[tuple[str, str]]) -> bytes:
    text = "".join((first, "\r\n", *(f"{name}: {value}\r\n" for name, value in headers), "\r\n"))
    return text.encode("latin-1", "replace")


class Nginx:
    """nginx 1.18 to 1.24 as Debian and Ubuntu configure it."""

    keep_alive = 65.0  # keepalive_timeout of the packaged nginx.conf
    many_since = (1, 19, 10)  # keepalive_requests went from 100 to 1000
    always_close = frozenset({400, 413, 414, 408, 500, 501, 505})

    def __init__(self, version: str, token: str) -> None:
        self._name = f"nginx/{version}{token}"
        numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
        self.max_requests = 1000 if numbers >= self.many_since else 100
        self._pages: dict[int, bytes] = {}

    def error(self, status: int, asked: Asked) -> Reply:
        """Return nginx's page; ``asked`` changes nothing."""
        del asked
        page = self._pages.get(status)
        if status == HEADER_TOO_LONG:
            why = "Request Header Or Cookie Too Large"
            page = (
                f"<html>\r\n<head><title>400 {why}</title></head>\r\n<body>\r\n"
                f"<center><h1>400 Bad Request</h1></center>\r\n<center>{why}</center>\r\n"
                f"<hr><center>{self._name}</center>\r\n</body>\r\n</html>\r\n"
            ).encode()
            return Reply(status=400, body=page, close=True)
        if page is None:
            phrase = {302: "302 Found", 401: "401 Authorization Required"}.get(status, f"{status} {REASONS[status]}")
            page = (
                f"<html>\r\n<head><title>{phrase}</title></head>\r\n<body>\r\n<center><h1>{phrase}</h1></center>\r\n"
                f"<hr><center>{self._name}</center>\r\n</body>\r\n</html>\r\n"
            ).encode()
            self._pages[status] = page
        return Reply(status=status, body=page, close=status in self.always_close)

    def refusal(self, asked: Asked) -> Reply | None:
        """Nginx refuses what a static site cannot do; TRACE also ends the connection."""
        if asked.version[0] > 1:
            return self.error(505, asked)
        if asked.version > HTTP_1_0 and not asked.host:
            return self.error(400, asked)
        if not asked.method.isupper() or not is_target(asked.target) or not is_host(asked.host):
            return self.error(400, asked)
        if asked.method == "TRACE":
            page = self.error(405, asked)
            return Reply(status=405, body=page.body, close=True)
        if asked.method not in {"GET", "HEAD", "POST"}:
            return self.error(405, asked)
        return None

    def moved(self, path: str, asked: Asked) -> Reply:
        """Nginx makes redirects absolute with the name asked for and its own port (absolute_redirect on)."""
        page = self.error(302, asked)
        port = "" if asked.port == HTTP_PORT else f":{asked.port}"
        location = f"http://{asked.name or asked.address}{port}{path}"
        return Reply(status=302, body=page.body, extra=(("Location", location),))

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return whether nginx closes after this response."""
        return reply.close or asked.wants_close or asked.count >= self.max_requests

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Headers in nginx's fixed order."""
        headers = [
            ("Server", self._name),
            ("Date", _date(int(now))),
            ("Content-Type", reply.content_type),
            ("Content-Length", str(len(reply.body))),
        ]
        late = [pair for pair in reply.extra if pair[0] != "Location"]
        if reply.modified is not None:
            headers.append(("Last-Modified", _date(int(reply.modified))))
        headers += [pair for pair in reply.extra if pair[0] == "Location"]
        headers.append(("Connection", "close" if self.closes(reply, asked) else "keep-alive"))
        if reply.modified is not None:
            headers.append(("ETag", f'"{int(reply.modified):x}-{len(reply.body):x}"'))
            headers.append(("Accept-Ranges", "bytes"))
        headers += late
        reason = {302: "Moved Temporarily"}.get(reply.status, REASONS[reply.status])
        return _lines(f"HTTP/1.1 {reply.status} {reason}", headers)


_APACHE_SENTENCES = {
    400: "Your browser sent a request that this server could not understand.<br />\n",
    401: (
        "This server could not verify that you\nare authorized to access the document\nrequested.  "
        "Either you supplied the wrong\ncredentials (e.g., bad password), or your\n"
        "browser doesn't understand how to supply\nthe credentials required."
    ),
    403: "You don't have permission to access this resource.",
    404: "The requested URL was not found on this server.",
    408: "Server timeout waiting for the HTTP request from the client.",
    413: "The requested resource does not allow request data with {method} requests, "
    "or the amount of data provided in\nthe request exceeds the capacity limit.",
    414: "The requested URL's length exceeds the capacity\nlimit for this server.<br />\n",
    500: "The server encountered an internal error or\nmisconfiguration and was unable to complete\nyour request.",
}
_APACHE_REASONS = {
    405: "Method Not Allowed", 408: "Request Timeout", 414: "Request-URI Too Long", 503: "Service Unavailable"
}  # fmt: skip


class Apache:
    """Apache httpd 2.4 as Debian and Ubuntu configure it."""

    keep_alive = 5.0  # KeepAliveTimeout of the packaged apache2.conf
    max_requests = 100  # MaxKeepAliveRequests
    methods = "GET,POST,OPTIONS,HEAD"
    new_doctype_since = (2, 4, 66)  # the error page says HTML 4.01 in Debian 12's 2.4.71; HTML 2.0 before
    always_close = frozenset({400, 408, 413, 414, 500, 501})

    def __init__(self, version: str, token: str, hostname: str) -> None:
        self._name = f"Apache/{version}{token}"
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
        if status in {501, 505} and not asked.target:  # it did not parse: Apache has one answer to that
            status = 400
        sentence = _APACHE_SENTENCES.get(status, "")
        extra: tuple[tuple[str, str], ...] = ()
        if status == HEADER_TOO_LONG:
            sentence = f"{_APACHE_SENTENCES[400]}Size of a request header field exceeds server limit."
            status = 400
        if status == 405:  # noqa: PLR2004  HTTP's own number, as in every table here
            sentence = f"The requested method {method} is not allowed for this URL."
            extra = (("Allow", "" if asked.method == "TRACE" else self.methods),)
        elif status == 501:  # noqa: PLR2004  as above
            sentence = f"{method} not supported for current URL.<br />\n"
            extra = (("Allow", self.methods),)
        return self._told(status, sentence.replace("{method}", method), asked, extra)

    def _told(self, status: int, sentence: str, asked: Asked, extra: tuple[tuple[str, str], ...]) -> Reply:
        reason = _APACHE_REASONS.get(status, REASONS[status])
        host = html.escape(asked.name or self._hostname)
        port = asked.host.rpartition(":")[2] if asked.name != asked.host.lower() else HTTP_PORT
        body = (
            f"<!DOCTYPE HTML PUBLIC {self._doctype}>\n<html><head>\n<title>{status} {reason}</title>\n</head><body>\n"
            f"<h1>{reason}</h1>\n<p>{sentence}</p>\n<hr>\n"
            f"<address>{self._name} Server at {host} Port {port}</address>\n</body></html>\n"
        ).encode("latin-1", "replace")
        return Reply(
            status=status,
            body=body,
            content_type="text/html; charset=iso-8859-1",
            extra=extra,
            close=status in self.always_close,
        )

    def refusal(self, asked: Asked) -> Reply | None:
        """Apache knows more methods than it allows, and does not mind odd versions."""
        if asked.version == (1, 1) and not asked.host:
            return self.error(400, asked)
        if not is_host(asked.host):
            return self.error(400, evolve(asked, host=""))
        if not is_target(asked.target.replace("%00", "")) and asked.target != "*":  # a NUL is just not found
            return self.error(400, asked)
        if asked.method == "OPTIONS":
            return Reply(status=200, extra=(("Allow", self.methods),))
        if asked.method in {"GET", "HEAD", "POST"}:
            return None
        known = {"PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK"}
        return self.error(405 if asked.method in known else 501, asked)

    def moved(self, path: str, asked: Asked) -> Reply:
        """Apache makes redirects absolute with the name and port asked for."""
        location = f"http://{asked.host.lower() or self._hostname}{path}"
        sentence = f'The document has moved <a href="{html.escape(location)}">here</a>.'
        return self._told(302, sentence, asked, (("Location", location),))

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return whether Apache closes after this response."""
        return reply.close or asked.wants_close or asked.count > self.max_requests

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Headers in Apache's order; Keep-Alive only for a client that asked for it."""
        headers = [("Date", _date(int(now))), ("Server", self._name), *reply.extra]
        if reply.modified is not None:
            microseconds = int(reply.modified * 1_000_000)
            headers += [
                ("Last-Modified", _date(int(reply.modified))),
                ("ETag", f'"{len(reply.body):x}-{microseconds:x}"'),
                ("Accept-Ranges", "bytes"),
            ]
        if asked.method != "HEAD" or reply.status < 300:  # noqa: PLR2004  Apache sends no length with a HEAD of its pages
            headers.append(("Content-Length", str(len(reply.body))))
        if self.closes(reply, asked):
            headers.append(("Connection", "close"))
        elif "keep-alive" in asked.connection:
            left = self.max_requests - asked.count + 1
            headers += [("Keep-Alive", f"timeout=5, max={left}"), ("Connection", "Keep-Alive")]
        headers.append(("Content-Type", reply.content_type))
        reason = _APACHE_REASONS.get(reply.status, REASONS[reply.status])
        return _lines(f"HTTP/1.1 {reply.status} {reason}", headers)

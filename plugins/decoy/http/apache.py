"""This module knows how Apache httpd answers: header order, error pages, what it refuses and how long it waits."""

import html
import re

from decnet_actors.wire.http_dialect import HTTP_1_0, HTTP_1_1, Fault
from plugins.decoy.http import dialects
from plugins.decoy.http.servers import HTTP_PORT, REASONS, Asked, Patience, Reply, date, encoded
from plugins.decoy.http.targets import climbs, is_escaped, is_strict_host, path_of

_URL = re.compile(r"(?:https?://[^/?#@]*)?(?:[/?][^#]*)?", re.DOTALL | re.IGNORECASE)
_BAD_REQUEST = "Your browser sent a request that this server could not understand.<br />\n"
_SENTENCES = {
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
_REASONS = {
    405: "Method Not Allowed", 408: "Request Timeout", 414: "Request-URI Too Long", 503: "Service Unavailable"
}  # fmt: skip
_STATUS = {status: f"{status} {_REASONS.get(status, reason)}".encode() for status, reason in REASONS.items()}
_METHODS = frozenset(
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
        sentence = _SENTENCES.get(status, "").replace("{method}", method)
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

    def late(self, status: int, *, fields: bool) -> Reply | None:
        """Apache tells a client only once it has its request line."""
        return self.error(status, Asked("GET", "")) if fields else None

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
        reason = _REASONS.get(status, REASONS[status])
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
        if method == "CONNECT" or ((target[0] != "/" or "#" in target) and _URL.fullmatch(target) is None):
            return self._unnamed(asked)
        if asked.expect and asked.expect.lower() != "100-continue" and asked.version >= HTTP_1_1:
            return self.error(417, asked)
        if climbs(target) or not is_escaped(target.replace("%00", "")):  # a NUL is just not found
            return self.error(400, asked)
        if method == "OPTIONS":
            return Reply(status=200, content_type="", extra=(("Allow", self.methods),))
        if method not in {"GET", "HEAD", "POST"}:
            return self.error(405 if method in _METHODS else 501, asked)
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
                date(int(reply.modified)),
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
            _STATUS[reply.status],
            date(int(now)),
            self._named,
            encoded(reply.extra) if reply.extra else b"",
            late,
        )

"""This module knows how lighttpd answers, as devices have it.

Recorded from Debian 12's 1.4.69 on loopback; the order of headers and the error pages are the same since 1.4.30.
"""

from decnet_actors.wire.http_dialect import HTTP_1_0, Fault
from plugins.decoy.http import dialects
from plugins.decoy.http.servers import HTTP_PORT, REASONS, Asked, Patience, Reply, date, encoded
from plugins.decoy.http.targets import is_host

_PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
         "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{phrase}</title>
 </head>
 <body>
  <h1>{phrase}</h1>
 </body>
</html>
"""
_REASONS = {405: "Method Not Allowed", 408: "Request Timeout", 413: "Request Entity Too Large",
            414: "Request-URI Too Long", 503: "Service Not Available"}  # fmt: skip
_CLOSES = frozenset({400, 408, 411, 413, 414, 417, 500, 501, 505})


def _phrase(status: int) -> str:
    return f"{status} {_REASONS.get(status, REASONS[status])}"


class Lighttpd:
    """lighttpd 1.4 with its packaged limits."""

    dialect = dialects.APACHE
    silent = 60.0  # server.max-read-idle
    keep_alive = 5.0  # server.max-keep-alive-idle
    head_patience = Patience(60.0, renewed=True)
    body_patience = Patience(60.0, renewed=True)
    max_requests = 100  # server.max-keep-alive-requests

    def __init__(self, version: str) -> None:
        self._named = f"lighttpd/{version}".encode()

    def error(self, status: int, asked: Asked) -> Reply:
        """Return lighttpd's page; ``asked`` changes nothing."""
        del asked
        return Reply(status=status, body=_PAGE.format(phrase=_phrase(status)).encode(), close=status in _CLOSES)

    def fault(self, fault: Fault, asked: Asked) -> Reply:
        """Return the page of a fault."""
        return self.error({Fault.VERSION: 505, Fault.CODING: 501, Fault.LONG_LINE: 414}.get(fault, 400), asked)

    def late(self, status: int, *, fields: bool) -> None:
        """Say nothing: lighttpd closes."""

    def cut_short(self, status: int, asked: Asked) -> None:
        """Say nothing: lighttpd closes."""

    def reads_body(self, asked: Asked) -> bool:
        """Lighttpd answers first, and closes."""
        del asked
        return False

    def refusal(self, asked: Asked) -> Reply | None:
        """Lighttpd knows methods by their names; OPTIONS it answers itself."""
        if (asked.named is None and asked.version > HTTP_1_0) or (asked.named is not None and not is_host(asked.named)):
            return self.error(400, asked)
        if not asked.target.startswith("/"):
            return self.error(400, asked)
        if asked.method == "OPTIONS":
            return Reply(status=200, content_type="", extra=(("Allow", "OPTIONS, GET, HEAD, POST"),))
        if asked.method in {"GET", "HEAD", "POST"}:
            return None
        return self.error(405 if asked.method in {"PUT", "DELETE", "TRACE", "CONNECT"} else 501, asked)

    def moved(self, path: str, asked: Asked) -> Reply:
        """Redirect with the name asked for; there is no page."""
        port = "" if asked.port == HTTP_PORT else f":{asked.port}"
        return Reply(
            status=302, content_type="", extra=(("Location", f"http://{asked.name or asked.address}{port}{path}"),)
        )

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return whether the connection ends with this response."""
        if reply.close or asked.number >= self.max_requests or asked.has_body:
            return True
        return "close" in asked.connection or (asked.version <= HTTP_1_0 and "keep-alive" not in asked.connection)

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Headers in lighttpd's order: its own last."""
        version = b"1.0" if asked.version <= HTTP_1_0 else b"1.1"
        lines = [b"HTTP/%b %b\r\n" % (version, _phrase(reply.status).encode())]
        if reply.content_type:
            lines.append(b"Content-Type: %b\r\n" % reply.content_type.encode())
        lines.append(encoded(reply.extra))
        if reply.modified is not None:
            seconds = int(reply.modified)
            tag = (seconds * 2_654_435_761 + len(reply.body)) % 2**32
            lines.append(b'ETag: "%d"\r\nLast-Modified: %b\r\n' % (tag, date(seconds)))
        lines.append(b"Content-Length: %d\r\n" % len(reply.body))
        if self.closes(reply, asked):
            lines.append(b"Connection: close\r\n")
        lines.append(b"Date: %b\r\nServer: %b\r\n\r\n" % (date(int(now)), self._named))
        return b"".join(lines)

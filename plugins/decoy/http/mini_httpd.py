"""This module knows how mini_httpd answers, as devices have it: one request a connection.

Headers were recorded from Debian 12's 1.30 on loopback; the error page is that of the 1.19 that devices are built with.
"""

from decnet_actors.wire.http_dialect import HTTP_1_0, Fault
from plugins.decoy.http import dialects
from plugins.decoy.http.servers import HTTP_PORT, REASONS, Asked, Patience, Reply, date, encoded

_PAGE = """<HTML>
<HEAD><TITLE>{phrase}</TITLE></HEAD>
<BODY BGCOLOR="#cc9999" TEXT="#000000" LINK="#2020ff" VLINK="#4040cc">
<H4>{phrase}</H4>
{text}
<HR>
<ADDRESS><A HREF="http://www.acme.com/software/mini_httpd/">{name}</A></ADDRESS>
</BODY>
</HTML>
"""
_TEXTS = {
    302: "The actual URL is here.", 400: "Can't parse request.", 401: "Authorization required.",
    404: "File not found.", 408: "No request appeared within a reasonable time period.",
    501: "That method is not implemented.",
}  # fmt: skip
_REASONS = {200: "Ok", 401: "Unauthorized", 408: "Request Timeout"}
_KNOWN = frozenset(_TEXTS)


def _phrase(status: int) -> str:
    return f"{status} {_REASONS.get(status, REASONS[status])}"


class MiniHttpd:
    """mini_httpd with its own limits."""

    dialect = dialects.APACHE
    silent = 60.0  # READ_TIMEOUT
    keep_alive = 0.0
    head_patience = Patience(60.0)
    body_patience = Patience(60.0)

    def __init__(self, version: str) -> None:
        self._name = f"mini_httpd/{version}"

    def error(self, status: int, asked: Asked) -> Reply:
        """Return mini_httpd's page; what it has no words for is a bad request."""
        del asked
        known = status if status in _KNOWN else 400
        page = _PAGE.format(phrase=_phrase(known), text=_TEXTS[known], name=self._name)
        # The program forgets to fill in the character set.
        return Reply(status=known, body=page.encode(), content_type="text/html; charset=%s", close=True)

    def fault(self, fault: Fault, asked: Asked) -> Reply:
        """Return the page of a fault: all are alike."""
        del fault
        return self.error(400, asked)

    def late(self, status: int, *, fields: bool) -> None:
        """Say nothing: mini_httpd closes."""

    def cut_short(self, status: int, asked: Asked) -> None:
        """Say nothing: mini_httpd closes."""

    def reads_body(self, asked: Asked) -> bool:
        """It answers first, and throws away what comes."""
        del asked
        return False

    def refusal(self, asked: Asked) -> Reply | None:
        """It knows three methods, and asks for no name."""
        if asked.method not in {"GET", "HEAD", "POST"}:
            return self.error(501, asked)
        return None if asked.target.startswith("/") else self.error(400, asked)

    def moved(self, path: str, asked: Asked) -> Reply:
        """Redirect with the name asked for."""
        page = self.error(302, asked)
        port = "" if asked.port == HTTP_PORT else f":{asked.port}"
        location = f"http://{asked.name or asked.address}{port}{path}"
        return Reply(
            status=302, body=page.body, content_type=page.content_type, extra=(("Location", location),), close=True
        )

    def closes(self, reply: Reply, asked: Asked) -> bool:
        """Return that the connection ends: a process serves one request."""
        del reply, asked
        return True

    def head(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Headers in mini_httpd's order; an error has no length."""
        version = b"1.0" if asked.version <= HTTP_1_0 else b"1.1"
        lines = [
            b"HTTP/%b %b\r\nServer: %b\r\nDate: %b\r\n"
            % (version, _phrase(reply.status).encode(), self._name.encode(), date(int(now)))
        ]
        if reply.content_type.endswith("%s"):
            lines.append(b"Cache-Control: no-cache,no-store\r\n")
            lines.append(encoded(reply.extra) + b"Content-Type: %b\r\n" % reply.content_type.encode())
        else:
            kind = reply.content_type or "text/html"
            lines.append(
                b"Content-Type: %b; charset=UTF-8\r\nContent-Length: %d\r\n" % (kind.encode(), len(reply.body))
            )
            lines.append(encoded(reply.extra))
        if reply.modified is not None:
            lines.append(b"Last-Modified: %b\r\n" % date(int(reply.modified)))
        lines.append(b"Connection: close\r\n\r\n")
        return b"".join(lines)

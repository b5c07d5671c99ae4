"""This module knows how nginx answers: header order, error pages, what it refuses and how long it waits."""

import re

from decnet_actors.wire.http_dialect import HTTP_0_9, HTTP_1_0, Fault
from plugins.decoy.http import dialects
from plugins.decoy.http.servers import HTTP_PORT, REASONS, Asked, Patience, Reply, date, encoded
from plugins.decoy.http.targets import climbs, is_escaped, is_host

_STATUS = {
    status: f"{status} {'Moved Temporarily' if status == 302 else reason}".encode()  # noqa: PLR2004  HTTP's own number
    for status, reason in REASONS.items()
}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9.-]+(?::[0-9]*)?(?:[/?].*)?", re.DOTALL)


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

    def late(self, status: int, *, fields: bool) -> None:
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
        if not target.startswith("/") and _URL.fullmatch(target) is None:
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
            early = encoded(tuple(pair for pair in reply.extra if pair[0] == "Location"))
            late = encoded(tuple(pair for pair in reply.extra if pair[0] != "Location"))
        size = len(reply.body)
        if reply.modified is not None:
            seconds = int(reply.modified)
            early = b"Last-Modified: %b\r\n%b" % (date(seconds), early)
            late = b'ETag: "%x-%x"\r\nAccept-Ranges: bytes\r\n%b' % (seconds, size, late)
        return b"HTTP/1.1 %b\r\nServer: %b\r\nDate: %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b%b%b\r\n" % (
            _STATUS[reply.status],
            self._named,
            date(int(now)),
            reply.content_type.encode(),
            size,
            early,
            b"Connection: close\r\n" if self.closes(reply, asked) else b"Connection: keep-alive\r\n",
            late,
        )

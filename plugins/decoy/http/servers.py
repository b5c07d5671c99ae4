"""This module says what makes a web server's manners: how it reads and waits, what it refuses, how it writes.

What nginx and Apache do was recorded from Debian 12's nginx 1.22.1 and apache2 2.4.71 on loopback;
``tests/plugins/decoy/http/test_against_real.py`` asks the real ones again wherever they are installed.
"""

from email.utils import formatdate
from functools import lru_cache
from math import inf
from typing import NamedTuple, Protocol

from attrs import frozen

from decnet_actors.wire.http_dialect import HTTP_1_1, Dialect, Fault
from plugins.decoy.http.targets import host_of

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

    def late(self, status: int, *, fields: bool) -> Reply | None:
        """Return what is said to a client whose head does not end; ``fields``: its request line has come.

        ``status`` tells why: the client was too slow (408) or left (400).
        """

    def cut_short(self, status: int, asked: Asked) -> Reply | None:
        """Return what is said to a client whose body does not end; ``status`` as for ``late``."""

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
def date(seconds: int) -> bytes:
    """Return an HTTP date."""
    return formatdate(seconds, usegmt=True).encode()


def upstream(version: str) -> str:
    """Return the part of a package's version that the server shows."""
    return version.rpartition(":")[2].partition("-")[0].partition("+")[0]


def encoded(headers: tuple[tuple[str, str], ...]) -> bytes:
    """Return headers as lines."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1", "replace")

"""This module refuses requests a browser was tricked into: wrong host names and other sites' writes."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.web.boundary import Next
from decnet_actors.web.problems import FORBIDDEN

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def host_name(host: str) -> str:
    """Return the name in a Host header, without port, brackets and case; empty if it has none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_allowed_host(host: str, names: Iterable[str]) -> bool:
    """Return whether we answer to a Host header.

    An address written as digits is always fine: DNS rebinding, which this stops, needs a name.
    """
    name = host_name(host)
    if name == "localhost" or name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_same_origin(request: web.Request, public_origin: str) -> bool:
    """Return whether our own pages sent the request, by what browsers say of it (Fetch Metadata, else Origin)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":
        return False
    return origin == public_origin or urlsplit(origin).netloc == request.headers.get("Host")


def has_bearer(request: web.Request) -> bool:
    """Return whether the caller authenticates with a token, which no browser attaches by itself."""
    return request.headers.get("Authorization", "")[:7].lower() == "bearer "


class Guard:
    """Checks each request before anything else looks at it.

    Args:
        names: host names we answer to, beside addresses.
        public_origin: scheme and host as browsers see them behind a reverse proxy, or empty.

    """

    def __init__(self, names: Iterable[str], public_origin: str = "") -> None:
        self._names = frozenset(name.lower() for name in names if name)
        self._origin = public_origin

    def check(self, request: web.Request) -> None:
        """Let the request pass, or raise what it is answered with."""
        if not is_allowed_host(request.headers.get("Host", ""), self._names):
            raise web.HTTPMisdirectedRequest
        if request.method in SAFE_METHODS:
            return
        if not has_bearer(request) and not is_same_origin(request, self._origin):
            raise OperatorError(FORBIDDEN, "the request does not come from the console's own pages")
        if request.content_type != "application/json" and (request.body_exists or not has_bearer(request)):
            raise web.HTTPUnsupportedMediaType


def as_middleware(guard: Guard) -> Middleware:
    """Return the guard in the shape aiohttp wants."""

    @web.middleware
    async def middleware(request: web.Request, handler: Next) -> web.StreamResponse:
        guard.check(request)
        return await handler(request)

    return middleware

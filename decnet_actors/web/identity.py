"""This module tells handlers who asks: the session cookie or bearer token of a request, looked up once."""

import math

from aiohttp import web

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operations import Caller
from decnet_actors.web.allowance import Allowance
from decnet_actors.web.doorkeeper import Doorkeeper, SignedIn, Visitor
from decnet_actors.web.guard import has_bearer
from decnet_actors.web.problems import NOT_SIGNED_IN, TooManyRequestsError

SECURE_COOKIE = "__Host-decnet"
PLAIN_COOKIE = "decnet_session"  # browsers refuse the prefix without TLS
ALLOWANCE = web.RequestKey("allowance", Allowance)


class Identity:
    """Reads and writes credentials of requests.

    Args:
        doorkeeper: knows sessions and tokens.
        secure: whether browsers reach us over TLS.

    """

    def __init__(self, doorkeeper: Doorkeeper, *, secure: bool) -> None:
        self.doorkeeper = doorkeeper
        self._secure = secure

    @property
    def cookie(self) -> str:
        """The session cookie's name."""
        return SECURE_COOKIE if self._secure else PLAIN_COOKIE

    def visitor(self, request: web.Request) -> Visitor:
        """Return where the request comes from."""
        return Visitor(address=request.remote or "", user_agent=request.headers.get("User-Agent", ""))

    def secret(self, request: web.Request) -> str:
        """Return the session cookie's value, or nothing."""
        return request.cookies.get(self.cookie, "")

    async def find(self, request: web.Request, *, touch: bool = True) -> tuple[Caller | None, float | None]:
        """Return who asks, and when their session ends at the latest; ``touch`` counts it as a sign of life."""
        if has_bearer(request):
            token = request.headers["Authorization"][7:].strip()
            return await self.doorkeeper.by_token(token, self.visitor(request)), None
        found = await self.doorkeeper.by_cookie(self.secret(request), self.visitor(request), touch=touch)
        return (None, None) if found is None else (found[0], found[1].expires)

    async def require(self, request: web.Request) -> Caller:
        """Return who asks.

        Raises:
            OperatorError: DN4001 nobody we know, DN4029 a token that asks too often.

        """
        caller, _ = await self.find(request)
        if caller is None:
            raise OperatorError(NOT_SIGNED_IN, "Sign in, or send an API token.", fix=("decnetctl api-token create",))
        allowance = self.doorkeeper.spend(caller)
        if allowance is not None:
            request[ALLOWANCE] = allowance
            if allowance.wait > 0:
                raise TooManyRequestsError(
                    f"This token made more than {allowance.limit} requests in {allowance.window:.0f} s", allowance.wait
                )
        return caller

    def welcome(self, response: web.Response, signed_in: SignedIn) -> web.Response:
        """Give the browser its new session."""
        response.set_cookie(
            self.cookie,
            signed_in.secret,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Strict",
            max_age=round(signed_in.session.expires - signed_in.session.created),
        )
        return response

    def farewell(self, response: web.Response) -> web.Response:
        """Take the session away from the browser."""
        response.del_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="Strict")
        return response


async def tell_allowance(request: web.Request, response: web.StreamResponse) -> None:
    """Tell a machine how much it may still ask (draft-ietf-httpapi-ratelimit-headers-10)."""
    allowance = request.get(ALLOWANCE)
    if allowance is not None:
        response.headers["RateLimit-Policy"] = f'"token";q={allowance.limit};w={allowance.window:.0f}'
        response.headers["RateLimit"] = f'"token";r={allowance.left};t={math.ceil(allowance.full_in)}'

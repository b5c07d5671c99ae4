"""This module answers what needs no sign-in: liveness, readiness and the meaning of error codes."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.web.bodies import reply
from decnet_actors.web.identity import Identity

Readiness = Callable[[], Awaitable[Sequence[str]]]


class Health:
    """Handlers of ``/healthz``, ``/readyz`` and ``/help/errors/{code}``.

    Args:
        ready: returns why the daemon is not ready; nothing when it is.
        identity: reasons are told to signed-in callers only.

    """

    def __init__(self, ready: Readiness, identity: Identity) -> None:
        self._ready = ready
        self._identity = identity

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/healthz", self.alive),
            web.get("/readyz", self.readiness),
            web.get("/help/errors/{code}", self.explain),
        ]

    async def alive(self, request: web.Request) -> web.Response:
        """Tell that the process answers."""
        del request
        return reply({"status": "ok"})

    async def readiness(self, request: web.Request) -> web.Response:
        """Tell whether the daemon does its work."""
        reasons = await self._ready()
        if not reasons:
            return reply({"status": "ready"})
        caller, _ = await self._identity.find(request, touch=False)
        return reply({"status": "not ready", **({"reasons": list(reasons)} if caller else {})}, status=503)

    async def explain(self, request: web.Request) -> web.Response:
        """Tell what an error code means, as plain text."""
        kind = CATALOGUE.get(request.match_info["code"])
        if kind is None:
            raise web.HTTPNotFound
        fixes = "".join(f"fix: {fix}\n" for fix in kind.fix)
        return web.Response(text=f"{kind.code}: {kind.title}\n\n{kind.why}\n{fixes}")

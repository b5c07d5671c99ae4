"""This module answers what needs no sign-in: liveness, readiness and the meaning of error codes."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from attrs import frozen

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.web.addresses import Access, Address, Answer, Parameter, Place
from decnet_actors.web.bodies import reply
from decnet_actors.web.identity import Identity

Readiness = Callable[[], Awaitable[Sequence[str]]]


@frozen(kw_only=True)
class Health:
    """How the daemon is, in a word or two."""

    status: str


@frozen(kw_only=True)
class Sickness(Health):
    """What it lacks."""

    reasons: tuple[str, ...]


class HealthRoutes:
    """Handlers of ``/healthz``, ``/readyz`` and ``/help/errors/{code}``.

    Args:
        ready: returns why the daemon is not ready; nothing when it is.
        identity: reasons are told to signed-in callers only.

    """

    def __init__(self, ready: Readiness, identity: Identity) -> None:
        self._ready = ready
        self._identity = identity

    def addresses(self) -> tuple[Address, ...]:
        """Return what is answered here."""
        return (
            Address(
                method="GET",
                path="/healthz",
                handler=self.alive,
                name="health.alive",
                summary="Tell that the process answers.",
                access=Access.ANYONE,
                answers={"200": Answer(help="It does", shapes=(Health,))},
            ),
            Address(
                method="GET",
                path="/readyz",
                handler=self.readiness,
                name="health.ready",
                summary="Tell whether the daemon does its work; why not, to those signed in.",
                access=Access.EITHER,
                answers={
                    "200": Answer(help="It does", shapes=(Health,)),
                    "503": Answer(help="It does not", shapes=(Health, Sickness)),
                },
            ),
            Address(
                method="GET",
                path="/help/errors/{code}",
                handler=self.explain,
                name="help.error",
                summary="Tell what an error code means; the type of every problem document leads here.",
                access=Access.ANYONE,
                parameters=(Parameter(name="code", place=Place.PATH, help="Code of the error, e.g. DN2107."),),
                answers={"200": Answer(help="What happened, why, and how to fix it", content="text/plain")},
                refusals=("404",),
            ),
        )

    async def alive(self, request: web.Request) -> web.Response:
        """Tell that the process answers."""
        del request
        return reply(Health(status="ok"))

    async def readiness(self, request: web.Request) -> web.Response:
        """Tell whether the daemon does its work."""
        reasons = await self._ready()
        if not reasons:
            return reply(Health(status="ready"))
        caller, _ = await self._identity.find(request, touch=False)
        sick, reasons = "not ready", tuple(reasons)
        return reply(Sickness(status=sick, reasons=reasons) if caller else Health(status=sick), status=503)

    async def explain(self, request: web.Request) -> web.Response:
        """Tell what an error code means, as plain text."""
        kind = CATALOGUE.get(request.match_info["code"])
        if kind is None:
            raise web.HTTPNotFound
        fixes = "".join(f"fix: {fix}\n" for fix in kind.fix)
        return web.Response(text=f"{kind.code}: {kind.title}\n\n{kind.why}\n{fixes}")

"""This module puts the console together: one aiohttp application out of its parts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware
from attrs import field, frozen

from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.web import boundary as boundary_of
from decnet_actors.web import guard as guard_of
from decnet_actors.web.addresses import Access, Address, Answer
from decnet_actors.web.auth_routes import AuthRoutes
from decnet_actors.web.bodies import MAX_BODY, reply
from decnet_actors.web.boundary import Boundary, Next
from decnet_actors.web.guard import Guard
from decnet_actors.web.health import HealthRoutes, Readiness
from decnet_actors.web.identity import Identity, tell_allowance
from decnet_actors.web.live import LiveHub
from decnet_actors.web.openapi import document
from decnet_actors.web.rest import Rest
from decnet_actors.web.sse import HEARTBEAT, Stream
from decnet_actors.web.static import StaticTree

Report = Callable[[str, str, str, BaseException], None]


@frozen(kw_only=True)
class Parts:
    """What the application is made of."""

    identity: Identity
    table: OperationTable
    hub: LiveHub
    files: StaticTree
    ready: Readiness
    new_id: Callable[[], str]
    report: Report
    hosts: tuple[str, ...] = ()
    public_origin: str = ""
    stream_clients: int = 64
    version: str = ""
    heartbeat: float = field(default=HEARTBEAT)


def build(parts: Parts) -> web.Application:
    """Return the application. Every operation with a route must be bound in the table already."""
    app = web.Application(
        middlewares=[
            boundary_of.as_middleware(Boundary(parts.new_id, parts.report)),
            guard_of.as_middleware(Guard(parts.hosts, parts.public_origin)),
            _lost_people(parts.files),
        ],
        client_max_size=MAX_BODY,
    )
    app.on_response_prepare.append(tell_allowance)
    stream = Stream(parts.hub, parts.identity, limit=parts.stream_clients, heartbeat=parts.heartbeat)
    description = _Description(
        parts,
        (
            *AuthRoutes(parts.identity, parts.table).addresses(),
            *HealthRoutes(parts.ready, parts.identity).addresses(),
            stream.address(),
            *parts.files.addresses(),
        ),
    )
    app.add_routes(Rest(parts.table, parts.identity).routes())
    app.add_routes(address.route() for address in description.addresses)
    return app


def _lost_people(files: StaticTree) -> Middleware:
    """Show people who follow a wrong link a page of ours instead of a problem document."""

    @web.middleware
    async def middleware(request: web.Request, handler: Next) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
            if not wants_page or request.path.startswith(("/api/", "/static/")):
                raise
            page = await files.shell(request)
            page.set_status(404)
            return page

    return middleware


class _Description:
    """The OpenAPI document, for those who are signed in; made when first asked for."""

    def __init__(self, parts: Parts, others: Sequence[Address]) -> None:
        self._parts = parts
        own = Address(
            method="GET",
            path="/api/v1/openapi.json",
            handler=self.serve,
            name="description",
            summary="Describe everything this server answers.",
            access=Access.SIGNED_IN,
            answers={"200": Answer(help="An OpenAPI 3.1 document", content="application/json")},
            refusals=("401", "429", "500"),
        )
        self.addresses = (*others, own)
        self._document: Mapping[str, Any] | None = None  # Any: JSON

    async def serve(self, request: web.Request) -> web.Response:
        await self._parts.identity.require(request)
        if self._document is None:
            self._document = document(
                self._parts.table.operations(),
                self.addresses,
                version=self._parts.version,
                cookie=self._parts.identity.cookie,
            )
        return reply(self._document)

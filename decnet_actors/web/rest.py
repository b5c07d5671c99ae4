"""This module turns the operations registry into REST routes."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import AnyOperation, OperationTable
from decnet_actors.contracts.operations import Caller, Mode, Route
from decnet_actors.web.bodies import read_object, reply
from decnet_actors.web.boundary import REQUEST_ID
from decnet_actors.web.conditional import (
    entity_tag,
    is_change,
    is_known,
    is_resource,
    require_state,
    resources,
)
from decnet_actors.web.identity import Identity
from decnet_actors.web.problems import INVALID

PREFIX = "/api/v1"
NDJSON = "application/x-ndjson"
_PARAMETER = re.compile(r"\{(\w+)\}")


def path_parameters(path: str) -> tuple[str, ...]:
    """Return the names in ``/sessions/{id}``."""
    return tuple(_PARAMETER.findall(path))


class Rest:
    """Answers every operation that has a route.

    Arguments come from the path, the query string and, for methods that have one, the JSON body. A stream is
    newline-delimited JSON; a failure after its first line is its last line, ``{"problem": ...}``.
    """

    def __init__(self, table: OperationTable, identity: Identity) -> None:
        self._table = table
        self._identity = identity
        self._resources = resources(table.operations())
        self._changing = asyncio.Lock()  # between looking at a state and changing it nobody else's change comes

    def routes(self) -> list[web.RouteDef]:
        """Return one route an operation."""
        return [
            self._route(operation, operation.route)
            for operation in self._table.operations()
            if operation.route is not None
        ]

    def _route(self, operation: AnyOperation, route: Route) -> web.RouteDef:
        names = path_parameters(route.path)

        async def handler(request: web.Request) -> web.StreamResponse:
            caller = await self._identity.require(request)
            raw = await self._arguments(request, names)
            if operation.mode is Mode.STREAM:
                return await self._stream(request, operation, raw, caller)
            if is_change(operation) and caller.role.includes(operation.role):
                return await self._change(request, operation, self._resources[route.path], raw, caller)
            result = await self._table.call(operation.name, raw, caller)
            response = _answered(operation, result)
            if is_resource(operation):
                return _tagged(request, response)
            if isinstance(result, dict) and isinstance(result.get("next"), str):
                response.headers["Link"] = f'<{_next_page(request, result["next"])}>; rel="next"'
            return response

        return web.route(route.method, PREFIX + route.path, handler)

    async def _change(
        self,
        request: web.Request,
        operation: AnyOperation,
        shown: AnyOperation,
        raw: Mapping[str, Any],  # Any: JSON
        caller: Caller,
    ) -> web.Response:
        """Change what ``shown`` shows, if it is in the state the caller knows."""
        place = {name: raw[name] for name in request.match_info}
        async with self._changing:
            state = reply(await self._table.call(shown.name, place, caller))
            require_state(request, entity_tag(state))
            return _answered(operation, await self._table.call(operation.name, raw, caller))

    async def _arguments(self, request: web.Request, names: tuple[str, ...]) -> Mapping[str, Any]:  # Any: JSON
        raw: dict[str, Any] = await read_object(request) if request.body_exists else {}  # Any: JSON
        for key in request.query:
            values = request.query.getall(key)
            if key in raw or key in names:
                raise OperatorError(INVALID, "An argument is given twice.", errors=(f"/{key}: is given twice",))
            raw[key] = values[0] if len(values) == 1 else values
        for name in names:
            if name in raw:
                raise OperatorError(INVALID, "An argument is given twice.", errors=(f"/{name}: is given twice",))
            raw[name] = request.match_info[name]
        return raw

    async def _stream(
        self, request: web.Request, operation: AnyOperation, raw: Mapping[str, Any], caller: Caller
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": NDJSON, "X-Request-Id": request[REQUEST_ID]})
        items = self._table.stream(operation.name, raw, caller)
        async with aclosing(cast("AsyncGenerator[Any, None]", items)) as lines:  # Any: JSON; stream() is a generator
            try:
                async for item in lines:
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(msgspec.json.encode(item) + b"\n")
            except OperatorError as error:
                if not response.prepared:
                    raise
                problem = {"code": error.kind.code, "title": error.kind.title, "detail": error.detail}
                await response.write(msgspec.json.encode({"problem": problem}) + b"\n")
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof()
        return response


def _answered(operation: AnyOperation, result: Any) -> web.Response:  # Any: JSON
    """Return the answer; when work goes on after it, say where to look."""
    response = reply(result)
    if operation.outlasts and result["operation"] is not None:
        response.set_status(HTTPStatus.ACCEPTED)
        response.headers["Location"] = f"{PREFIX}/operations/{result['operation']['id']}"
    return response


def _tagged(request: web.Request, response: web.Response) -> web.Response:
    """Name the state an answer shows, and leave its body out for a caller who has it."""
    tag = entity_tag(response)
    if is_known(request, tag):
        response = web.Response(status=304)
    response.etag = tag
    return response


def _next_page(request: web.Request, cursor: str) -> str:
    pairs = [(key, value) for key, value in request.query.items() if key != "cursor"]
    return f"{request.rel_url.raw_path}?{urlencode([*pairs, ('cursor', cursor)])}"

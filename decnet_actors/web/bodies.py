"""This module reads and writes JSON bodies."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from decnet_actors.contracts.arguments import structure
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.web.problems import INVALID

MAX_BODY = 1024 * 1024  # bytes

T = TypeVar("T")


async def read_object(request: web.Request) -> dict[str, Any]:  # Any: JSON
    """Return the JSON object in a request's body; an empty body is an empty object.

    Raises:
        OperatorError: DN5001, it is not a JSON object.

    """
    data = await request.read()
    try:
        value = msgspec.json.decode(data) if data else {}
    except (msgspec.DecodeError, RecursionError) as error:
        raise OperatorError(INVALID, f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise OperatorError(INVALID, "The body is not a JSON object.")
    return value


async def read_as(request: web.Request, cls: type[T], *, operation: str) -> T:
    """Return the body as an attrs class; every problem is reported under its JSON pointer."""
    return structure(cls, await read_object(request), operation=operation)


def reply(value: object, *, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")

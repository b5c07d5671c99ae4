"""This module tells states of one thing apart (RFC 9110, section 13), by rules that follow from the operations alone.

What answers a GET with one thing (no page, no stream) carries an entity tag. What changes a thing with PUT, PATCH or
DELETE names the tag of the state it is meant for; that state is what the GET of the same path answers now.
"""

import hashlib
import typing
from collections.abc import Iterable, Mapping

from aiohttp import web

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import AnyOperation
from decnet_actors.contracts.operations import Mode, Page

CHANGES = frozenset({"PUT", "PATCH", "DELETE"})
ANY = "*"
TAG_LENGTH = 32  # hexadecimal digits of a SHA-256


def is_resource(operation: AnyOperation) -> bool:
    """Return whether the operation answers a GET with one thing."""
    return (
        operation.route is not None
        and operation.route.method == "GET"
        and operation.mode is Mode.REPLY
        and typing.get_origin(operation.result) is not Page
    )


def is_change(operation: AnyOperation) -> bool:
    """Return whether the operation changes the thing at its path, so that a caller must say which state of it."""
    return operation.route is not None and operation.route.method in CHANGES


def resources(operations: Iterable[AnyOperation]) -> Mapping[str, AnyOperation]:
    """Return path -> the operation that shows what is there.

    Raises:
        ValueError: an operation changes what none shows.

    """
    operations = tuple(operations)
    shown = {item.route.path: item for item in operations if item.route is not None and is_resource(item)}
    for operation in operations:
        if operation.route is not None and is_change(operation) and operation.route.path not in shown:
            raise ValueError(f"{operation.name} changes what no GET of {operation.route.path} shows")
    return shown


def entity_tag(answer: web.Response) -> str:
    """Return the tag of the state an answer shows, without quotes."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    return hashlib.sha256(body).hexdigest()[:TAG_LENGTH]


def is_known(request: web.Request, tag: str) -> bool:
    """Return whether the caller has this state already (If-None-Match, weak comparison)."""
    return any(known.value in {ANY, tag} for known in request.if_none_match or ())


def require_state(request: web.Request, tag: str) -> None:
    """Refuse a change that is not meant for the state ``tag`` (If-Match, strong comparison).

    Raises:
        OperatorError: DN4028 the caller names no state, DN4012 another one.

    """
    wanted = request.if_match
    if wanted is None:
        raise OperatorError(CATALOGUE["DN4028"], f"{request.method} needs If-Match with the ETag that GET answers.")
    if not any(known.value == ANY or (known.value == tag and not known.is_weak) for known in wanted):
        raise OperatorError(
            CATALOGUE["DN4012"], f'The thing is in another state than If-Match says; it is "{tag}" now.'
        )

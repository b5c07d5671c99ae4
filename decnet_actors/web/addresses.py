"""This module defines what the console answers besides operations: an address, its handler, and how it is described.

The application is built of these and of the operations' routes alone, so that the OpenAPI document leaves nothing out.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

from aiohttp import web
from attrs import frozen

_PATTERN = re.compile(r"\{(\w+):[^}]*\}")


class Access(StrEnum):
    """Who is answered."""

    ANYONE = "anyone"
    EITHER = "either"  # anyone, but those signed in are told more
    SIGNED_IN = "signed-in"


class Place(StrEnum):
    """Where a parameter stands."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"


@frozen(kw_only=True)
class Parameter:
    """One parameter: text, unless ``type`` says otherwise."""

    name: str
    place: Place
    help: str
    type: str = "string"


@frozen(kw_only=True)
class Answer:
    """What an answer holds: JSON of one of ``shapes`` (attrs classes), or text of another ``content`` type."""

    help: str
    shapes: tuple[type[Any], ...] = ()  # Any: attrs classes of many kinds
    content: str = "application/json"


@frozen(kw_only=True)
class Address:
    """One address that is no operation's. ``path`` is aiohttp's, ``refusals`` are statuses of problem documents."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    name: str
    summary: str
    access: Access
    answers: Mapping[str, Answer]
    refusals: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: type[Any] | None = None  # Any: an attrs class

    @property
    def described_path(self) -> str:
        """The path as OpenAPI writes it: without the patterns of its parts."""
        return _PATTERN.sub(r"{\1}", self.path)

    def route(self) -> web.RouteDef:
        """Return the route; what answers GET answers HEAD, too."""
        if self.method == "GET":
            return web.get(self.path, self.handler)
        return web.route(self.method, self.path, self.handler)

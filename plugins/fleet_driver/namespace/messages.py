"""This module defines what the driver asks of the helper and how both write it down: one JSON object a datagram.

A request names things (a decky, a stack, an address) and never carries anything that is executed.
"""

import json
import re
from typing import Any, Literal, TypeAlias

from attrs import frozen

from decnet_actors.contracts.fleet_driver import Transport
from plugins.fleet_driver.namespace.errors import RefusedError

VERSION = 3  # of these messages
MAX_MESSAGE = 64 * 1024  # bytes
MAX_DESCRIPTORS = 4  # that one request may bring
PAGE = 64  # deckies in one answer to Observe; with the longest names and texts it stays below MAX_MESSAGE

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_ID = 2**53
_MAX_TEXT = 64  # characters; IPv6 addresses have up to 45
_MAX_PORT = 65_535
_MAX_LIST = 16


@frozen(kw_only=True)
class Hello:
    """Begin: the helper must be of this version and have these rules."""

    id: int
    version: int
    digest: str


@frozen(kw_only=True)
class Create:
    """Make a decky's place, or give the one that is there. Answered with an anchor: a socket that keeps it alive."""

    id: int
    decky: str
    addresses: tuple[str, ...]  # that it keeps; none are needed when one is leased
    mac: str
    stack: str
    leased: bool  # an IPv4 address is got from a DHCP server


@frozen(kw_only=True)
class Adopt(Create):
    """Take over the namespace of the socket that comes with this: it was made by a helper before this one."""

    lease: str  # the address it has by now; empty if none


@frozen(kw_only=True)
class Lease:
    """Open the socket a DHCP client of the decky speaks by."""

    id: int
    decky: str


@frozen(kw_only=True)
class Assign:
    """Give a decky the address that was leased for it, in place of the one before; empty takes that away."""

    id: int
    decky: str
    address: str


@frozen(kw_only=True)
class Destroy:
    """Undo ``Create``."""

    id: int
    decky: str


@frozen(kw_only=True)
class Abandon:
    """Let go of deckies, at most a page; each is gone, not at once, when the client has let go of it too."""

    id: int
    deckies: tuple[str, ...]


@frozen(kw_only=True)
class Listen:
    """Open a listening (UDP: bound) socket as the decky."""

    id: int
    decky: str
    port: int
    protocol: Transport


@frozen(kw_only=True)
class Probe:
    """Connect to the decky from inside its own namespace: the host it runs on cannot reach it by its interface."""

    id: int
    decky: str
    port: int


@frozen(kw_only=True)
class Observe:
    """Tell the deckies there are whose names come after ``after``, at most a page."""

    id: int
    after: str


@frozen(kw_only=True)
class Capture:
    """Listen on the deckies' interface. Answered with a socket that packets come out of, and none go in."""

    id: int


@frozen(kw_only=True)
class Leave:
    """Let go of every decky: the daemon stops in order."""

    id: int


Request: TypeAlias = (
    Hello | Create | Adopt | Lease | Assign | Destroy | Abandon | Listen | Probe | Observe | Capture | Leave
)
Fields: TypeAlias = dict[str, Any]  # Any: JSON


def parse(data: bytes) -> Request:
    """Return the request in a datagram.

    Raises:
        RefusedError: it is none.

    """
    fields = _Fields(data)
    number = fields.number("id", _MAX_ID)
    match fields.text("op"):
        case "hello":
            made: Request = Hello(id=number, version=fields.number("version", _MAX_ID), digest=fields.text("digest"))
        case "create":
            made = Create(id=number, **_house(fields))
        case "adopt":
            made = Adopt(id=number, lease=fields.text("lease"), **_house(fields))
        case "lease":
            made = Lease(id=number, decky=fields.name("decky"))
        case "assign":
            made = Assign(id=number, decky=fields.name("decky"), address=fields.text("address"))
        case "destroy":
            made = Destroy(id=number, decky=fields.name("decky"))
        case "abandon":
            made = Abandon(id=number, deckies=fields.names("deckies"))
        case "listen":
            protocol: Transport = "udp" if fields.one_of("protocol", ("tcp", "udp")) == "udp" else "tcp"
            port = fields.number("port", _MAX_PORT)
            made = Listen(id=number, decky=fields.name("decky"), port=port, protocol=protocol)
        case "probe":
            made = Probe(id=number, decky=fields.name("decky"), port=fields.number("port", _MAX_PORT))
        case "observe":
            made = Observe(id=number, after=fields.text("after"))
        case "capture":
            made = Capture(id=number)
        case "leave":
            made = Leave(id=number)
        case op:
            raise RefusedError(f"no request is called {op!r}")
    fields.finish()
    return made


def _house(fields: "_Fields") -> Fields:
    return {
        "decky": fields.name("decky"),
        "addresses": fields.texts("addresses"),
        "mac": fields.text("mac"),
        "stack": fields.text("stack"),
        "leased": fields.flag("leased"),
    }


def write(fields: Fields) -> bytes:
    """Return a datagram."""
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def read(data: bytes) -> Fields:
    """Return what is in a datagram.

    Raises:
        RefusedError: it is not one of ours.

    """
    if len(data) > MAX_MESSAGE:
        raise RefusedError(f"more than {MAX_MESSAGE} bytes")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise RefusedError("not JSON") from None
    if not isinstance(found, dict):
        raise RefusedError("not an object")
    return found


def id_of(data: bytes) -> int:
    """Return the number a request may be answered under, also when the rest of it is wrong; 0 if there is none."""
    try:
        return _Fields(data).number("id", _MAX_ID)
    except RefusedError:
        return 0


def _name(key: str, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise RefusedError(f"{key} {value!r} is not a name: lower-case letters, digits and dashes, 63 at most")
    return value


class _Fields:
    """The fields of an object, taken out one by one."""

    def __init__(self, data: bytes) -> None:
        self._left = read(data)

    def _take(self, key: str) -> Any:  # Any: JSON
        if key not in self._left:
            raise RefusedError(f"{key} is missing")
        return self._left.pop(key)

    def number(self, key: str, most: int) -> int:
        value = self._take(key)
        if type(value) is not int or not 0 <= value <= most:
            raise RefusedError(f"{key} is not a number from 0 to {most}")
        return value

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or len(value) > _MAX_TEXT or not value.isascii():
            raise RefusedError(f"{key} is not a text of at most {_MAX_TEXT} characters")
        return value

    def texts(self, key: str, most: int = _MAX_LIST) -> tuple[str, ...]:
        value = self._take(key)
        if not isinstance(value, list) or len(value) > most:
            raise RefusedError(f"{key} is not a list of at most {most}")
        if not all(isinstance(one, str) and len(one) <= _MAX_TEXT and one.isascii() for one in value):
            raise RefusedError(f"{key} is not a list of texts of at most {_MAX_TEXT} characters")
        return tuple(value)

    def flag(self, key: str) -> bool:
        value = self._take(key)
        if not isinstance(value, bool):
            raise RefusedError(f"{key} is neither true nor false")
        return value

    def name(self, key: str) -> str:
        return _name(key, self.text(key))

    def names(self, key: str) -> tuple[str, ...]:
        return tuple(_name(key, value) for value in self.texts(key, PAGE))

    def one_of(self, key: str, choices: tuple[Literal["tcp", "udp"], ...]) -> str:
        value = self.text(key)
        if value not in choices:
            raise RefusedError(f"{key} {value!r} is none of {', '.join(choices)}")
        return value

    def finish(self) -> None:
        if self._left:
            raise RefusedError(f"{len(self._left)} fields that mean nothing here")

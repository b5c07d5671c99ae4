"""This module defines the operations on deckies and their services."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

from attrs import field, frozen

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet_driver import Tier
from decnet_actors.contracts.operations import Caller, Nothing, Operation, Page, Role, Route, about
from decnet_actors.domain.text import escaped

MAX_NAME = 64  # characters of an unknown name repeated in the error


class ServiceState(StrEnum):
    """Whether a service can be reached."""

    UP = "up"
    DOWN = "down"


@frozen(kw_only=True)
class ServiceRow:
    """One service of one decky. ``port`` is the one it really has, 0 while it is down."""

    decky: str
    service: str
    state: ServiceState
    address: str
    port: int
    claimed_port: int  # what it would be on a real machine
    sessions: int = 0
    restarts: int = 0
    error: str = ""  # why it is down


@frozen(kw_only=True)
class DeckyRow:
    """One decky."""

    name: str
    state: ServiceState  # up while any of its services is
    address: str
    system: str  # Debian GNU/Linux 12 (bookworm)
    hostname: str
    services: tuple[str, ...]
    sessions: int = 0


@frozen(kw_only=True)
class DeckyDetail(DeckyRow):
    """One decky with its services and its persona."""

    details: tuple[ServiceRow, ...] = ()
    kernel: str = ""
    mac: str = ""
    addresses: tuple[str, ...] = ()
    stack: str = ""  # the TCP/IP stack it pretends to have; empty: the driver gives none
    stack_tier: Tier = Tier.NONE  # how much of that is in force
    booted: float = 0.0  # Unix seconds
    users: tuple[str, ...] = ()
    baits: tuple[str, ...] = ()  # users with bait laid out; the secrets are in the configuration
    weak_credentials: int = 0


@frozen(kw_only=True)
class DeckyArgs:
    """Which decky."""

    name: str = field(metadata=about("Name of the decky.", positional=True))


@frozen(kw_only=True)
class ServiceListArgs:
    """Which services."""

    decky: str | None = field(default=None, metadata=about("Only services of this decky."))


DECKY_LIST = Operation(
    name="decky.list",
    summary="List the deckies, whether they are up and what they serve.",
    args=Nothing,
    result=Page[DeckyRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/deckies"),
    examples=("decnetctl decky list",),
    columns=("name", "state", "address", "system", "services", "sessions"),
)

DECKY_SHOW = Operation(
    name="decky.show",
    summary="Show one decky: its persona, its services and where they listen.",
    args=DeckyArgs,
    result=DeckyDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/deckies/{name}"),
    examples=("decnetctl decky show web-01",),
)

SERVICE_LIST = Operation(
    name="service.list",
    summary="List the services of all deckies, where they listen and how busy they are.",
    args=ServiceListArgs,
    result=Page[ServiceRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/services"),
    examples=("decnetctl service list", "decnetctl service list --decky web-01"),
    columns=("decky", "service", "state", "address", "port", "sessions", "error"),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (DECKY_LIST, DECKY_SHOW, SERVICE_LIST)  # Any: unlike classes


class FleetView(Protocol):
    """What the handlers ask; the composition root knows the plan, the personas and the live tree."""

    async def deckies(self) -> Sequence[DeckyDetail]:
        """Return every decky, in fleet order, as it is now."""


class FleetHandlers:
    """Answers the operations from a live view; bind ``list``, ``show`` and ``services``."""

    def __init__(self, view: FleetView) -> None:
        self._view = view

    async def list(self, args: Nothing, caller: Caller) -> Page[DeckyRow]:  # noqa: ARG002  a handler's signature
        """Answer ``decky.list``."""
        rows = [
            DeckyRow(
                name=decky.name,
                state=decky.state,
                address=decky.address,
                system=decky.system,
                hostname=decky.hostname,
                services=decky.services,
                sessions=decky.sessions,
            )
            for decky in await self._view.deckies()
        ]
        return Page(items=rows)

    async def show(self, args: DeckyArgs, caller: Caller) -> DeckyDetail:  # noqa: ARG002  a handler's signature
        """Answer ``decky.show``."""
        return await self._find(args.name)

    async def services(self, args: ServiceListArgs, caller: Caller) -> Page[ServiceRow]:  # noqa: ARG002  a handler's signature
        """Answer ``service.list``."""
        deckies = await self._view.deckies() if args.decky is None else [await self._find(args.decky)]
        return Page(items=[row for decky in deckies for row in decky.details])

    async def _find(self, name: str) -> DeckyDetail:
        deckies = {decky.name: decky for decky in await self._view.deckies()}
        if name in deckies:
            return deckies[name]
        from decnet_actors.contracts.arguments import did_you_mean  # not for the command line, which is to start fast

        raise OperatorError(
            CATALOGUE["DN2001"], f'no decky is called "{escaped(name, MAX_NAME)}"{did_you_mean(name, deckies)}'
        )

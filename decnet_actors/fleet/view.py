"""This module answers the operations on deckies as they are now."""

from collections.abc import Sequence
from typing import Protocol

from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Nothing, Page
from decnet_actors.domain.text import escaped
from decnet_actors.fleet import decky_operations as ops
from decnet_actors.fleet.decky_operations import DeckyArgs, DeckyDetail, DeckyRow, ServiceListArgs, ServiceRow

MAX_NAME = 64  # characters of an unknown name repeated in the error


class FleetView(Protocol):
    """What the handlers ask; the composition root knows the plan, the personas and the live tree."""

    async def deckies(self) -> Sequence[DeckyDetail]:
        """Return every decky, in fleet order, as it is now."""


class FleetHandlers:
    """Answers the operations from a live view."""

    def __init__(self, view: FleetView) -> None:
        self._view = view

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.DECKY_LIST, self.list)
        table.bind(ops.DECKY_SHOW, self.show)
        table.bind(ops.SERVICE_LIST, self.services)

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
        raise OperatorError(
            CATALOGUE["DN2001"], f'no decky is called "{escaped(name, MAX_NAME)}"{did_you_mean(name, deckies)}'
        )

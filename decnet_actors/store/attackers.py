"""This module answers the operations on attackers."""

from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.text import escaped
from decnet_actors.store import attacker_operations as operations
from decnet_actors.store.attacker_export import export
from decnet_actors.store.attacker_queries import AttackerQueries
from decnet_actors.store.paging import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from decnet_actors.store.handlers import Table

MAX_NAME = 80  # characters of an unknown address repeated in an error


class AttackerHandlers:
    """The handlers of the operations on attackers.

    Args:
        engine: of a migrated database.

    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._attackers = AttackerQueries(engine)

    def bind(self, table: "Table") -> None:
        """Bind them."""
        table.bind(operations.ATTACKER_LIST, self.list)
        table.bind(operations.ATTACKER_SHOW, self.show)
        table.bind(operations.ATTACKER_EXPORT, self.export)

    async def list(self, args: operations.AttackerListArgs, _caller: Caller) -> Page[operations.AttackerRow]:
        after = None
        if args.cursor is not None:
            rank, address = decode_cursor(args.cursor, int, str)
            after = (int(rank), str(address))
        found = await self._attackers.page(args, after=after)
        following = encode_cursor(*found[-1][0]) if len(found) == args.limit else None
        return Page(items=tuple(row for _, row in found), next=following)

    async def show(self, args: operations.AttackerArgs, _caller: Caller) -> operations.AttackerDetail:
        return await self._get(args.address)

    async def export(self, args: operations.AttackerExportArgs, _caller: Caller) -> operations.AttackerExport:
        return export(await self._get(args.address), args.format)

    async def _get(self, address: str) -> operations.AttackerDetail:
        found = await self._attackers.get(address)
        if found is None:
            raise OperatorError(
                CATALOGUE["DN3001"],
                f"there is no attacker {escaped(address, MAX_NAME)}",
                fix=("decnetctl attacker list",),
            )
        return found

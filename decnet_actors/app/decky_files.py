"""This module answers the operations on what was changed of deckies' files."""

from collections.abc import Callable, Mapping

from decnet_actors.app.fleet_view import Inhabitant
from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.decky_files import Author, Hand
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.file_history import DeckyFilesArgs, DeckyRestoreArgs, FileChange, FilesRestored
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.text import escaped
from decnet_actors.fleet.file_operations import DECKY_FILES, DECKY_RESTORE
from decnet_actors.machine.decky_tree import DeckyTree
from decnet_actors.machine.machine import DeckyMachine
from decnet_actors.store.decky_files import DeckyFileTable
from decnet_actors.store.file_changes import FileChanges
from decnet_actors.store.paging import decode_number, encode_cursor

MAX_NAME = 80  # characters of an unknown name repeated in an error


class DeckyFiles:
    """The handlers.

    Args:
        inhabitants: the deckies, whose trees are put back.
        table: what was changed, also of deckies that are gone.
        changes: on their way to the table.
        now: Unix seconds.

    """

    def __init__(
        self,
        inhabitants: Callable[[], Mapping[str, Inhabitant]],
        table: DeckyFileTable,
        changes: FileChanges,
        now: Callable[[], float],
    ) -> None:
        self._inhabitants = inhabitants
        self._table = table
        self._changes = changes
        self._now = now

    def bind(self, table: OperationTable) -> None:
        """Bind every operation."""
        table.bind(DECKY_FILES, self.list)
        table.bind(DECKY_RESTORE, self.restore)

    async def list(self, args: DeckyFilesArgs, _caller: Caller) -> Page[FileChange]:
        rows = await self._table.page(args, before=decode_number(args.cursor))
        if not rows and args.cursor is None and not await self._table.knows(args.name):
            self._there(args.name)
        following = encode_cursor(rows[-1].number) if len(rows) == args.limit else None
        return Page(items=rows, next=following)

    async def restore(self, args: DeckyRestoreArgs, caller: Caller) -> FilesRestored:
        tree = self._tree(args.name)
        path = tree.resolve(args.path)
        undone = tree.restore(path, Author(hand=Hand.PLANTING, name=caller.name), self._now())
        await self._changes.write(everything=True)  # who is told that it is done must not find it undone
        return FilesRestored(name=args.name, path=escaped(path), undone=undone)

    def _tree(self, name: str) -> DeckyTree:
        machine = self._there(name).machine
        if not isinstance(machine, DeckyMachine):
            raise OperatorError(
                CATALOGUE["DN4010"],
                f"the files of {name} are a real machine's, and no changes of theirs are kept",
                fix=(f"decnetctl decky restart {name}",),
            )
        return machine.tree

    def _there(self, name: str) -> Inhabitant:
        inhabitants = self._inhabitants()
        if name not in inhabitants:
            shown = escaped(name, MAX_NAME)
            raise OperatorError(CATALOGUE["DN2001"], f'no decky is called "{shown}"{did_you_mean(name, inhabitants)}')
        return inhabitants[name]

"""This module is the actor that makes changes of deckies' files durable, a moment after they were made.

::

    shell, sftp, ... -> tree (memory, at once) -> ledger -> FileChanges -> decky_file, artifacts
                                               tells        every LINGER    one transaction a decky

Nothing waits for it: replies wait for facts, which the journal commits before. So a kill -9 loses of the *tree* what
was changed in the last LINGER seconds and the transaction after them, and of the *evidence* nothing. A file of more
than a megabyte that grows is written when it rests, at the latest after a few seconds. After an orderly stop nothing
is missing.
"""

import asyncio
from collections.abc import Mapping, Sequence

from decnet_actors.contracts.decky_files import FileVersion, Ledger, StoredFiles
from decnet_actors.store.decky_files import DeckyFileTable
from decnet_actors.store.faults import FAILURES, Fault, describe, fault_of
from supervisors.actor import LoopActor
from supervisors.log import get_logger
from supervisors.restart import RestartPolicy, backoff

LINGER = 0.2  # seconds in which changes gather for one transaction
BATCH = 500  # versions in one transaction
RETRY = RestartPolicy(backoff_min=0.2, backoff_max=5.0)
log = get_logger(__name__)


class FileChanges:
    """The changes that are on their way to the store (``contracts.decky_files.Told``); outlives the actor."""

    def __init__(self, table: DeckyFileTable) -> None:
        self._table = table
        self._ledgers: dict[int, Ledger] = {}  # by identity
        self._taken: dict[int, tuple[Ledger, list[FileVersion]]] = {}  # and not durable yet
        self._something = asyncio.Event()
        self._writing = asyncio.Lock()

    def tell(self, ledger: Ledger) -> None:
        self._ledgers[id(ledger)] = ledger
        self._something.set()

    @property
    def waiting(self) -> bool:
        """Whether something is not durable."""
        return bool(self._ledgers or self._taken)

    async def wait(self) -> None:
        """Return when something is to be written."""
        await self._something.wait()

    async def write(self, *, everything: bool = False) -> None:
        """Make what there is durable; after one of ``faults.FAILURES`` it is tried again by the next call."""
        async with self._writing:
            ledgers, self._ledgers = self._ledgers, {}
            for key, ledger in ledgers.items():
                versions = ledger.take(everything=everything)
                if versions:
                    self._taken.setdefault(key, (ledger, []))[1].extend(versions)
            for key, (ledger, versions) in list(self._taken.items()):
                while versions:
                    del versions[: await self._add(ledger, versions)]
                del self._taken[key]
            if not self.waiting:
                self._something.clear()

    async def _add(self, ledger: Ledger, versions: Sequence[FileVersion]) -> int:
        """Write the front of some versions; one that no database takes is told and left out."""
        size = min(len(versions), BATCH)
        while True:
            part = versions[:size]
            try:
                contents = await self._table.add(ledger.decky, part)
            except FAILURES as error:
                if fault_of(error) is not Fault.ROW:
                    raise
                if size == 1:
                    log.error("files.not_kept", decky=ledger.decky, error=describe(error))  # noqa: TRY400  one line
                    return 1
                size //= 2
            else:
                for version, content in zip(part, contents, strict=True):
                    if content is not None:
                        ledger.stored(version, content)
                return size

    async def load(self, deckies: Sequence[str]) -> Mapping[str, StoredFiles]:
        """Return what there is of some deckies' files, changes that are on their way included."""
        await self.write(everything=True)
        return await self._table.load(deckies)


class FileWriter(LoopActor):
    """Writes what ``changes`` gathers; nobody sends it anything."""

    def __init__(self, changes: FileChanges) -> None:
        super().__init__()
        self._changes = changes
        self._failures = 0

    async def on_start(self) -> None:
        self._writer = self.spawn(self._keep_writing(), name="write")

    async def on_stop(self) -> None:
        """Write what is left; the supervisor's ``shutdown`` bounds how long that may take."""
        while self._changes.waiting:
            await self._try(everything=True)

    async def _keep_writing(self) -> None:
        while True:
            await self._changes.wait()
            await asyncio.sleep(LINGER)
            await self._try(everything=False)

    async def _try(self, *, everything: bool) -> None:
        try:
            await self._changes.write(everything=everything)
        except FAILURES as error:
            if fault_of(error) is Fault.OURS:
                raise
            if not self._failures:
                log.error("files.not_written", error=describe(error))  # noqa: TRY400  the world's fault, in one line
            self._failures += 1
            await asyncio.sleep(backoff(self._failures, RETRY, self.rng))
        else:
            if self._failures:
                log.info("files.written_again", failures=self._failures)
            self._failures = 0

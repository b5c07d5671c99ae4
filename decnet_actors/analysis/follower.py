"""This module is the actor that lets one analysis follow the journal."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing, suppress
from itertools import islice
from typing import ClassVar, NoReturn

from decnet_actors.contracts.analysis import Ledger, Study
from decnet_actors.contracts.journal import JournalReader
from decnet_actors.domain.records import Entry
from supervisors.actor import LoopActor
from supervisors.mailbox import MailboxSpec, WhenFull

LINGER = 0.2  # seconds
PAGE = 250  # entries a look: a study may take some tens of milliseconds for them, and decoys answer in between


class Follower(LoopActor):
    """Gathers what is committed and keeps what a study makes of it; nobody sends it anything.

    What comes live and what is replayed is the same, in the same order. A restart goes on where the tables are, with a
    study that knows nothing but them.

    Args:
        study: makes the study of this incarnation.
        reader: of the journal.
        ledger: where findings are kept.
        linger: seconds in which what is committed gathers for one look.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=1, when_full=WhenFull.DROP_OLDEST)

    def __init__(
        self, study: Callable[[], Study], reader: JournalReader, ledger: Ledger, *, linger: float = LINGER
    ) -> None:
        super().__init__()
        self._study = study()
        self._reader = reader
        self._ledger = ledger
        self._linger = linger
        self._waiting: deque[Entry] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def on_start(self) -> None:
        position = await self._ledger.position(self._study.name)
        self._gathering = self.spawn(self._gather(position), name="gather")
        self._studying = self.spawn(self._follow(position), name="study")

    async def _gather(self, position: int) -> None:
        async with aclosing(self._reader.follow(after=position)) as entries:
            async for entry in entries:
                self._waiting.append(entry)
                self._news.set()
                while len(self._waiting) >= 2 * PAGE:
                    self._room.clear()
                    await self._room.wait()

    async def _follow(self, position: int) -> NoReturn:
        while True:
            page = await self._page()
            findings = await self._study.study(page)
            seq = page[-1].seq
            await self._ledger.keep(self._study.name, findings, before=position, seq=seq)
            position = seq

    async def _page(self) -> list[Entry]:
        """Return what was committed since the last look, once there is something and a moment for more to come."""
        if len(self._waiting) < PAGE:
            await self._news.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._linger):
                    await self._full()
        page = list(islice(self._waiting, PAGE))
        for _ in page:
            self._waiting.popleft()
        if not self._waiting:
            self._news.clear()
        self._room.set()
        return page

    async def _full(self) -> None:
        while len(self._waiting) < PAGE:
            self._news.clear()
            await self._news.wait()

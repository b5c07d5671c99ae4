"""This module is the actor that asks providers of intelligence about the addresses attackers come from.

It asks the world, so it is no fold of the journal: the same facts read twice may bring other answers. What it keeps is
as safe all the same: rows, verdicts, the finding and how far sources were looked at are one transaction of the ledger,
where its own position counts what it kept (ADR 23).
"""

import asyncio
import heapq
import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from itertools import islice
from typing import ClassVar, NoReturn, assert_never

from attrs import define, frozen

from decnet_actors.contracts.analysis import Findings, Found, Ledger
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.intel import IntelStore, Known
from decnet_actors.contracts.journal import JournalReader
from decnet_actors.domain.addresses import off_internet
from decnet_actors.domain.intel import Verdict
from decnet_actors.enrich.correspondent import Correspondent, Reply
from decnet_actors.enrich.opinions import outcome
from decnet_actors.enrich.settings import DAY, IntelSettings
from supervisors.actor import LoopActor
from supervisors.futures import HybridFuture
from supervisors.mailbox import MailboxSpec, WhenFull

NAME = "enrich"  # the token of its actor and of its position
BATCH = 50  # addresses asked about together
WITHIN = 20.0  # seconds for the requests of a batch to begin; the rest waits for its turn
MAX_WANTED = 1000  # addresses that wait to be asked about; then nothing more is read of the journal
MAX_DUE = 10_000  # that are asked about again; a restart finds the others
MAX_FRESH = 50_000  # addresses of which it is remembered that nobody need be asked
MAX_REFRESH = 100  # operators who wait
FAR = 10_000  # entries after which it is kept how far sources were looked at, though nothing was asked


@frozen(kw_only=True)
class Refresh:
    """Ask about an address now; answered when that has been kept."""

    address: str  # in its shortest form, of the Internet


@define
class Batch:
    """What is asked about together: addresses, when each was wanted, and those that are asked about in any case."""

    wanted: dict[str, float]
    forced: dict[str, list["HybridFuture[None]"]]


class Enricher(LoopActor):
    """Asks about addresses that come, and again when an opinion is old or a request brought nothing.

    Args:
        settings: how long opinions are good for.
        correspondents: the providers; they outlive an incarnation, so a crash makes nobody ask more often.
        store: what is known.
        ledger: where answers are kept.
        reader: of the journal.
        ours: tells addresses of deckies, about which nobody is asked.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=1000, when_full=WhenFull.FAIL)
    expected: ClassVar[tuple[type[Exception], ...]] = (OperatorError,)

    def __init__(
        self,
        settings: IntelSettings,
        correspondents: Sequence[Correspondent],
        store: IntelStore,
        ledger: Ledger,
        reader: JournalReader,
        ours: Callable[[], Collection[str]],
    ) -> None:
        super().__init__()
        self._settings = settings
        self._correspondents = correspondents
        self._store = store
        self._ledger = ledger
        self._reader = reader
        self._ours = ours
        self._wanted: OrderedDict[str, tuple[int, float]] = OrderedDict()  # with the seq and time it was seen first
        self._fresh: OrderedDict[str, float] = OrderedDict()  # until when nobody need be asked about it
        self._due: list[tuple[float, str, float]] = []  # a heap: when, address, when it was wanted
        self._refresh: deque[tuple[str, HybridFuture[None]]] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._kept = 0  # how often the ledger kept something
        self._position = 0  # what was kept of how far sources were looked at
        self._read = 0  # seq of the newest entry looked at

    async def on_start(self) -> None:
        self._working = self.spawn(self._work(), name="work")

    async def handle(self, message: Refresh) -> None:
        match message:
            case Refresh():
                if len(self._refresh) >= MAX_REFRESH:
                    raise OperatorError(CATALOGUE["DN4010"], f"{MAX_REFRESH} others wait for providers already")
                if (reply := self.defer()) is not None:
                    self._refresh.append((message.address, reply))
                    self._news.set()
            case _:
                assert_never(message)

    async def _work(self) -> NoReturn:
        await self._take_up()
        self._gathering = self.spawn(self._gather(self._position), name="gather")
        while True:
            await self._enrich(await self._next())

    async def _take_up(self) -> None:
        """Find out what was kept: how often, how far, whom to ask again, and what was spent."""
        now = self.clock.now()
        self._kept = await self._ledger.position(NAME)
        position = await self._store.position()
        for one in self._correspondents:
            if one.is_new:
                one.begin(await self._store.asked_since(one.name, now - DAY))
        for due, address in await self._store.waiting(now - self._settings.ttl, MAX_DUE):
            self._schedule(due, address, now)
        if position is None:
            self._read = await self._reader.head()
            await self._keep((), {}, ())
        else:
            self._read = self._position = position

    async def _gather(self, position: int) -> None:
        """Note the sources of facts, not faster than they are asked about."""
        async with aclosing(self._reader.follow(after=position)) as entries:
            async for entry in entries:
                self._read = entry.seq
                source = entry.record.source
                if source and source not in self._wanted and self._fresh.get(source, 0.0) <= self.clock.now():
                    self._wanted[source] = (entry.seq, entry.record.time)
                    self._news.set()
                    while len(self._wanted) >= MAX_WANTED:
                        self._room.clear()
                        await self._room.wait()
                if self._read - self._position >= FAR:
                    self._news.set()

    async def _next(self) -> Batch:
        """Return what to ask about, once there is something; nothing when only the position is to be kept."""
        while True:
            self._news.clear()
            batch = self._batch(self.clock.now())
            if batch.wanted or self._looked_at() - self._position >= FAR:
                return batch
            wait = self._due[0][0] - self.clock.now() if self._due else None
            with suppress(TimeoutError):
                async with asyncio.timeout(None if wait is None else max(wait, 0.0)):
                    await self._news.wait()

    def _batch(self, now: float) -> Batch:
        batch = Batch({}, {})
        while self._refresh and len(batch.wanted) < BATCH:
            address, reply = self._refresh.popleft()
            batch.wanted[address] = now
            batch.forced.setdefault(address, []).append(reply)
        for address, (_, time) in islice(self._wanted.items(), BATCH - len(batch.wanted)):
            batch.wanted.setdefault(address, time)
        while self._due and self._due[0][0] <= now and len(batch.wanted) < BATCH:
            _, address, time = heapq.heappop(self._due)
            batch.wanted.setdefault(address, time)
        return batch

    async def _enrich(self, batch: Batch) -> None:
        wanted = {address: time for address, time in batch.wanted.items() if self._may_ask(address)}
        known = await self._store.known(tuple(wanted)) if wanted else {}
        replies = await self._replies(known, batch.forced, self.clock.now())
        settings = self._settings
        done = outcome(
            known,
            replies,
            good_for={one.name: one.good_for(settings.ttl) for one in self._correspondents},
            wanted=wanted,
            now=self.clock.now(),
            retry=settings.retry,
        )
        for address in batch.wanted:
            self._wanted.pop(address, None)
        self._room.set()
        if done.rows or self._looked_at() - self._position >= FAR:
            await self._keep(done.rows, done.verdicts, done.found)
        self._remember(batch.wanted, known, done.rows)
        for waiting in batch.forced.values():
            for reply in waiting:
                if not reply.done():
                    reply.set(None)

    def _may_ask(self, address: str) -> bool:
        """Return whether the address is one of the Internet, and nobody's of us."""
        try:
            return not off_internet(ipaddress.ip_address(address)) and address not in self._ours()
        except ValueError:
            return False

    async def _replies(
        self, known: Mapping[str, Mapping[str, Known]], forced: Collection[str], now: float
    ) -> Mapping[str, Mapping[str, Reply]]:
        """Ask every provider about the addresses of which it has no good opinion; all of them at once."""
        replies: dict[str, Mapping[str, Reply]] = {}

        async def ask(one: Correspondent, addresses: Sequence[str]) -> None:
            replies[one.name] = await one.opinions(addresses, WITHIN)

        async with asyncio.TaskGroup() as group:
            for one in self._correspondents:
                asked = [
                    address
                    for address, rows in known.items()
                    if one.knows(address)
                    and (address in forced or one.name not in rows or rows[one.name].expires <= now)
                ]
                if asked:
                    _task = group.create_task(ask(one, asked))
        return replies

    async def _keep(
        self, rows: Sequence[Known], verdicts: Mapping[str, tuple[Verdict, float]], found: Sequence[Found]
    ) -> None:
        position = self._looked_at()
        findings = Findings(work=self._store.work(rows, verdicts, position), found=found)
        await self._ledger.keep(NAME, findings, before=self._kept, seq=self._kept + 1)
        self._kept += 1
        self._position = position

    def _looked_at(self) -> int:
        """Return the seq up to which every source was asked about, or need not be."""
        first = next(iter(self._wanted.values()), None)
        return self._read if first is None else first[0] - 1

    def _remember(
        self, wanted: Mapping[str, float], known: Mapping[str, Mapping[str, Known]], rows: Sequence[Known]
    ) -> None:
        """Note until when nobody need be asked, and whom to ask again though nobody comes."""
        now = self.clock.now()
        changed: dict[str, dict[str, Known]] = {}
        for row in rows:
            changed.setdefault(row.address, {})[row.provider] = row
        for address, time in wanted.items():
            merged = {**known.get(address, {}), **changed.get(address, {})}
            asked = [merged[one.name] for one in self._correspondents if one.name in merged and one.knows(address)]
            self._fresh.pop(address, None)
            self._fresh[address] = min((row.expires for row in asked), default=now + self._settings.ttl)
            again = [row.expires for row in asked if row.error]
            if again and time >= now - self._settings.ttl:
                self._schedule(min(again), address, time)
        while len(self._fresh) > MAX_FRESH:
            self._fresh.popitem(last=False)

    def _schedule(self, due: float, address: str, wanted: float) -> None:
        if len(self._due) < MAX_DUE:
            heapq.heappush(self._due, (due, address, wanted))

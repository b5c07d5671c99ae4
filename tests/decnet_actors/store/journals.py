"""This module runs journal actors for tests: start, kill, stop, and what was published."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.records import Entry, Record
from decnet_actors.store import tables
from decnet_actors.store.intake import Intake
from decnet_actors.store.journal import AskStatus, Journal, JournalStatus
from decnet_actors.store.settings import JournalConfig
from supervisors.clock import Clock
from supervisors.errors import Exit
from supervisors.testing import ManualClock, launch, settle

QUICK = JournalConfig(linger=0.0, hurry=0.0, project=0.0, retry_min=0.001, retry_max=0.002)


class Harness:
    """One database, the observers' window, and one journal actor at a time."""

    _producers = itertools.count(1)

    def __init__(self, engine: AsyncEngine, config: JournalConfig = QUICK, clock: Clock | None = None, **caps) -> None:
        self.engine = engine
        self.config = config
        self.caps = caps
        self.clock = clock or ManualClock()
        self.published: list[Entry] = []
        self.sinks: list[Callable[[Entry], None]] = []
        self.journal: Journal | None = None
        self.new_process()

    def new_process(self) -> None:
        """Forget everything that was only in memory."""
        self.intake = Intake(f"process{next(self._producers)}", **self.caps)
        self.writer = self.intake.writer()

    async def start(self) -> None:
        self.journal = Journal(self.engine, self.intake, self.publish, self.config)
        launch(self.journal, "store/journal", clock=self.clock)
        await self.journal.started

    def publish(self, entries: Sequence[Entry]) -> None:
        self.published += entries
        for sink in self.sinks:
            for entry in entries:
                sink(entry)

    def subscribe(self, sink: Callable[[Entry], None]) -> Callable[[], None]:
        self.sinks.append(sink)
        return lambda: self.sinks.remove(sink)

    async def kill(self) -> None:
        assert self.journal is not None
        ended = asyncio.Event()
        self.journal.add_exit_callback(lambda _reason: ended.set())
        self.journal.kill()
        await ended.wait()
        self.journal = None

    async def stop(self) -> None:
        assert self.journal is not None
        ended = asyncio.Event()
        self.journal.add_exit_callback(lambda _reason: ended.set())
        self.journal.request_stop(Exit.SHUTDOWN)
        await ended.wait()
        self.journal = None

    async def aclose(self) -> None:
        if self.journal is not None and self.journal.exit_reason is None:
            await self.kill()

    async def keep(self, *records: Record) -> int:
        """Put records and return the number of the last once it is durable, and known to the small tables."""
        number = 0
        for item in records:
            number = self.writer.put(item)
        await self.writer.durable(number)
        while (status := await self.status()).projected < status.head:
            await settle()
        return number

    async def status(self) -> JournalStatus:
        assert self.journal is not None
        status: JournalStatus = await self.journal.ref.ask(AskStatus(), within=5.0)
        return status

    async def stored(self) -> list[tuple[int, str, int, str]]:
        """Return (seq, producer, number, id) of every fact."""
        fact = tables.fact.c
        async with self.engine.connect() as connection:
            query = select(fact.seq, fact.producer, fact.number, fact.id).order_by(fact.seq)
            return [tuple(row) for row in await connection.execute(query)]


class CancelledAt:
    """Run a scenario, cancel its task at the ``index``-th suspension (never, if 0); the number of suspensions.

    Like ``supervisors.testing.crash_at``, with what really interrupts a driver. A kill is a cancellation; any other
    exception thrown into a driver's await would leave its connection in the middle of a message.
    """

    def __init__(self, index: int, scenario: Coroutine[Any, Any, Any]) -> None:
        self.index = index
        self.scenario = scenario

    def __await__(self) -> Generator[Any, Any, int]:
        suspensions = 0
        task = asyncio.current_task()
        assert task is not None
        try:
            awaited = self.scenario.send(None)
            while True:
                suspensions += 1
                if suspensions == self.index:
                    task.cancel()  # what the scenario waits for is cancelled as soon as the loop sees it
                try:
                    sent = yield awaited
                except BaseException as error:  # noqa: BLE001  handed on to the scenario, which decides
                    awaited = self.scenario.throw(error)
                else:
                    awaited = self.scenario.send(sent)
        except StopIteration:
            return suspensions
        finally:
            if task.cancelling():
                task.uncancel()


Attempt: TypeAlias = tuple[Coroutine[Any, Any, None], Callable[[], Awaitable[None]]]  # a scenario and its check


async def cancelled_everywhere(make: Callable[[], Attempt]) -> int:
    """Run a scenario whole and then cut off at each of its suspensions, checking after each; how many there are."""
    scenario, check = make()
    total = await CancelledAt(0, scenario)
    await check()
    for index in range(1, total + 1):
        scenario, check = make()
        with suppress(asyncio.CancelledError):
            await CancelledAt(index, scenario)
        await check()
    return total

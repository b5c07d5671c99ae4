"""This module is the journal actor: the single writer that makes evidence durable and then tells of it.

The order for each batch is commit, acknowledge, publish. What is published is durable, what is acknowledged is
durable, and what is not acknowledged stays in the ``Intake``, which a restart finds as it was.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, ClassVar, assert_never

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.analysis import MovedError
from decnet_actors.domain.records import Entry
from decnet_actors.store.batch import Committed, Committer
from decnet_actors.store.faults import FAILURES, Fault, describe, fault_of
from decnet_actors.store.intake import IDLE, Explanation, Intake
from decnet_actors.store.projector import PAGE, Projector
from decnet_actors.store.settings import JournalConfig
from supervisors.actor import LoopActor
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec, WhenFull
from supervisors.restart import RestartPolicy, backoff

CROWD = 10  # facts; a commit of more came from a crowd
QUIET = 0.05  # seconds without a commit
log = get_logger(__name__)


@frozen(kw_only=True)
class AskStatus:
    """Ask for a ``JournalStatus``."""


@frozen(kw_only=True)
class JournalStatus:
    """How the journal is doing."""

    head: int  # highest committed seq
    pending: int
    pending_bytes: int
    crowded: bool
    committed: int  # facts, since this incarnation started
    batches: int
    projected: int  # highest seq the small tables know of
    dead_letters: int
    stalled_since: float | None  # Unix seconds
    last_error: str | None
    commit_seconds: float  # of the last batch


class Journal(LoopActor):
    """Writes what ``intake`` takes.

    Args:
        engine: of a migrated database; this actor is the only writer of facts.
        intake: shared with every incarnation.
        publish: called on the loop with each batch of committed entries, in order. After a crash entries may come
            again that were published before it.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=1000, when_full=WhenFull.FAIL)

    def __init__(
        self,
        engine: AsyncEngine,
        intake: Intake,
        publish: Callable[[Sequence[Entry]], None],
        config: JournalConfig | None = None,
    ) -> None:
        super().__init__()
        self._config = config or JournalConfig()
        self._intake = intake
        self._publish = publish
        self._committer = Committer(engine, timeout=self._config.commit_timeout)
        self._projector = Projector(engine.dialect, self._committer.transact)
        self._project_by = math.inf  # loop time
        self._retry = RestartPolicy(backoff_min=self._config.retry_min, backoff_max=self._config.retry_max)
        self._committed = self._batches = self._dead = self._failures = 0
        self._stalled_since: float | None = None
        self._last_error: str | None = None
        self._commit_seconds = 0.0
        self._flushed = asyncio.Event()
        self._flushed_at = -math.inf  # loop time
        self._gathered = 0  # facts in the last commit
        self._taken_up = False

    async def on_start(self) -> None:
        try:
            await self._take_up()
        except FAILURES as error:
            self._note_failure(error)  # a database that is away at a restart is waited for, like at any other time
        else:
            self._end_idle_stall()
        self._writing = self.spawn(self._write(), name="write")

    async def handle(self, message: AskStatus) -> JournalStatus:
        match message:
            case AskStatus():
                return self._status()
            case _:
                assert_never(message)

    async def on_stop(self) -> None:
        """Commit what is left and fold it; the supervisor's ``shutdown`` bounds how long that may take."""
        while self._intake.pending or self._projector.behind:
            self._flushed.clear()
            self._intake.hurry()
            await self._flushed.wait()

    def last_rites(self) -> Coroutine[Any, Any, None] | None:
        return self._committer.close()

    async def _write(self) -> None:
        if self._failures:
            await self._recover()
            self._end_idle_stall()
        while True:
            await self._gather()
            loop = asyncio.get_running_loop()
            if self._intake.pending:
                await self._flush()
                self._flushed_at = loop.time()
            while self._intake.explanations:
                await self._explain(self._intake.explanations[0])
            if loop.time() >= self._project_at or self._projector.backlog >= PAGE:
                await self._project()
            self._flushed.set()

    async def _gather(self) -> None:
        """Return when a batch is worth committing, or nothing is pending and it is time to fold."""
        intake, config = self._intake, self._config
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._project_at if self._projector.behind else None):
                await intake.wait(IDLE)
        if not intake.pending:
            return
        if not intake.urgent:
            with suppress(TimeoutError):
                async with asyncio.timeout(config.linger):
                    await intake.wait(config.batch)
        if intake.urgent and self._gathered > CROWD:
            # A lone reply goes at once; in a crowd, the replies of many sessions are let go by one commit.
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._flushed_at + config.hurry):
                    await intake.wait_for_count(config.batch)

    @property
    def _project_at(self) -> float:
        """When to fold: as soon as it is quiet, and at a set time if it never is."""
        return min(self._project_by, self._flushed_at + QUIET)

    async def _flush(self) -> None:
        batch = self._intake.front(self._config.batch, self._config.batch_bytes)
        loop = asyncio.get_running_loop()
        self._gathered = len(batch)
        while batch:
            started = loop.time()
            try:
                done: Committed | None = await self._committer.commit(batch)
            except FAILURES as error:
                self._note_failure(error)
                done = await self._recover()
            if done is not None:
                self._commit_seconds = loop.time() - started
                self._note_success()
                self._projector.add(done.entries)
                self._settle(done)
                batch = batch[done.count :]

    async def _explain(self, wanted: Explanation) -> None:
        """Keep what an analysis found; it stays the first until that is done, also for the next incarnation."""
        try:
            entries = await self._committer.explain(wanted)
        except MovedError as error:
            self._answer(error)
        except FAILURES as error:
            if fault_of(error) is Fault.ROW:  # no database takes it
                self._answer(error)
                return
            self._note_failure(error)
            noticed = await self._recover()
            if noticed is not None:
                self._projector.add(noticed.entries)
                self._tell(noticed.entries)
        else:
            self._note_success()
            self._projector.add(entries)
            self._tell(entries)
            self._answer(None)

    def _answer(self, error: Exception | None) -> None:
        explanation = self._intake.explanations.popleft()
        explanation.over.set()
        done = explanation.done
        if done.done():  # whoever waited was cut off
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    async def _project(self) -> None:
        """Bring the small tables up to the facts."""
        while self._projector.behind:
            try:
                await self._projector.run(self._committer.connection)
            except FAILURES as error:
                self._note_failure(error)
                await self._recover()
        self._project_by = math.inf
        self._note_success()

    def _settle(self, done: Committed) -> None:
        self._batches += 1
        if done.error is not None:
            self._dead += done.count
            log.error("journal.dead_letter", error=done.error)
        self._intake.acknowledge(done.count)
        self._tell(done.entries)

    def _tell(self, entries: Sequence[Entry]) -> None:
        """Tell of what is durable."""
        if not entries:
            return
        self._committed += len(entries)
        self._intake.head = entries[-1].seq
        if self._project_by == math.inf:
            self._project_by = asyncio.get_running_loop().time() + self._config.project
        self._publish(entries)

    async def _take_up(self) -> None:
        """Find out where the journal is, and what of the window an earlier incarnation committed."""
        await self._committer.reopen()
        if self._intake.head is None:
            self._intake.head = self._committer.head
        known = await self._committer.known(self._intake.windows(), self._intake.head)
        front = self._intake.front(len(known), 1 << 62) if known else ()
        if front:
            # commits are prefixes of the window, so what is known is its front
            entries = [
                Entry(seq=seq, record=item.record)
                for item in front
                if (seq := known[item.producer, item.number]) is not None
            ]
            self._settle(Committed(count=len(front), entries=entries))
        self._project_by = -math.inf  # an earlier process may have left something to fold
        self._taken_up = True

    async def _recover(self) -> Committed | None:
        """Wait until the database answers again; return a commit that had gone unnoticed."""
        while True:
            await asyncio.sleep(backoff(self._failures, self._retry, self.rng))
            try:
                if self._taken_up:
                    return await self._committer.reopen()
                await self._take_up()
            except FAILURES as error:
                self._note_failure(error)
            else:
                return None

    def _note_failure(self, error: BaseException) -> None:
        """Begin or prolong a stall; a defect of ours is raised again."""
        if fault_of(error) is Fault.OURS:
            raise error
        self._failures += 1
        self._last_error = describe(error)
        if self._stalled_since is None:
            self._stalled_since = self.clock.now()
            self._intake.set_stalled(stalled=True)
            log.error("journal.stalled", error=self._last_error, pending=len(self._intake.pending))

    def _end_idle_stall(self) -> None:
        """End a stall that no commit can end: nothing is pending, and observers put nothing while it lasts."""
        if not self._intake.pending:
            self._note_success()

    def _note_success(self) -> None:
        self._failures = 0
        if self._intake.stalled:  # perhaps since an earlier incarnation
            self._intake.set_stalled(stalled=False)
        if self._stalled_since is not None:
            seconds = self.clock.now() - self._stalled_since
            self._stalled_since = None
            log.info("journal.recovered", seconds=round(seconds, 3), pending=len(self._intake.pending))

    def _status(self) -> JournalStatus:
        return JournalStatus(
            head=max(self._committer.head, 0),
            pending=len(self._intake.pending),
            pending_bytes=self._intake.pending_bytes,
            crowded=self._intake.crowded,
            committed=self._committed,
            batches=self._batches,
            projected=self._projector.cursor,
            dead_letters=self._dead,
            stalled_since=self._stalled_since,
            last_error=self._last_error,
            commit_seconds=self._commit_seconds,
        )

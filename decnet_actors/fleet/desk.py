"""This module is the desk where lifecycle operations are handed in, and where whoever asks learns how they go."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress

from attrs import evolve

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.lifecycle import DeckyOutcome, Lifecycle, Lifecycles, Outcome, State
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.facts import Fact, OperationEnded, OperationProgressed, OperationStarted
from decnet_actors.domain.text import escaped
from decnet_actors.fleet import lifecycle_operations as ops
from supervisors.clock import Clock
from supervisors.log import get_logger

log = get_logger(__name__)

MAX_SHOWN = 64  # characters of an id repeated in an error
MAX_NAMED = 3  # deckies named in an error
MAX_WAITING = 100  # operations that have not ended
PACE = 0.2  # seconds between two answers of progress to followers
BEAT = 2.0  # seconds after which a follower is told again although nothing happened, so that it can look at its watch
TOLD_EVERY = 1.0  # seconds between two facts of progress


class Desk:
    """Where lifecycle operations are kept and told of. It outlives whoever carries them out.

    The records are the truth; facts tell of them, and a daemon that dies between the two leaves one untold.

    Args:
        records: keeps them.
        clock: time.
        new_id: makes identifiers, each greater than the one before.
        note: records a fact about the fleet.
        wake: tells whoever carries them out that there is something to do.

    """

    def __init__(
        self,
        records: Lifecycles,
        *,
        clock: Clock,
        new_id: Callable[[], str],
        note: Callable[[Fact], None],
        wake: Callable[[], object],
    ) -> None:
        self.undisturbed = asyncio.Lock()  # held by whoever touches deckies, one at a time
        self.wake = wake
        self._records = records
        self._clock = clock
        self._new_id = new_id
        self._note = note
        self._running: Lifecycle | None = None  # farther than its record
        self._told = self._shown = 0.0  # when facts and followers last heard of progress, monotonic seconds
        self._news = asyncio.Event()

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.OPERATION_LIST, self.list)
        table.bind(ops.OPERATION_SHOW, self.show)
        table.bind(ops.OPERATION_FOLLOW, self.follow)

    # For those who want something.

    async def admit(self) -> None:
        """Refuse whoever asks for more while much waits already.

        Raises:
            OperatorError: DN4010.

        """
        newest = await self._records.list(limit=MAX_WAITING)
        if sum(not one.state.is_end for one in newest) >= MAX_WAITING:
            raise OperatorError(
                CATALOGUE["DN4010"],
                f"{MAX_WAITING} operations wait already",
                fix=("decnetctl operation list", "decnetctl actor start decnetd/conductor    if none of them runs"),
            )

    def write(self, kind: str, caller: Caller, *, revision: int, reason: str, decky: str = "") -> Lifecycle:
        """Return a new lifecycle operation; whoever keeps it calls ``wake`` then."""
        return Lifecycle(
            id=self._new_id(),
            kind=kind,
            author=caller.name,
            via=caller.via,
            reason=reason,
            revision=revision,
            decky=decky,
            requested=self._clock.now(),
        )

    async def hand_in(self, lifecycle: Lifecycle) -> None:
        """Keep one and have it carried out."""
        try:
            await self._records.add(lifecycle)
        finally:
            self.wake()  # also when this was cut off: it may be kept

    async def ended(self, id: str) -> Lifecycle:  # noqa: A002  the field's own word
        """Return a lifecycle operation once it has ended."""
        async with aclosing(self._followed(id)) as news:
            async for lifecycle in news:
                if lifecycle.state.is_end:
                    break
        return lifecycle

    async def list(self, args: ops.LifecycleListArgs, caller: Caller) -> Page[Lifecycle]:
        """Answer operation.list."""
        del caller
        rows = [self._newest(row) for row in await self._records.list(before=args.cursor, limit=args.limit)]
        return Page(items=rows, next=rows[-1].id if len(rows) == args.limit else None)

    async def show(self, args: ops.LifecycleArgs, caller: Caller) -> Lifecycle:
        """Answer operation.show."""
        del caller
        return await self._get(args.id)

    async def follow(self, args: ops.LifecycleArgs, caller: Caller) -> AsyncGenerator[Lifecycle, None]:
        """Answer operation.follow."""
        del caller
        async with aclosing(self._followed(args.id)) as news:
            async for lifecycle in news:
                yield lifecycle

    # For who carries them out.

    async def next(self) -> Lifecycle | None:
        """Return the oldest that has not ended."""
        return await self._records.next()

    async def begin(self, lifecycle: Lifecycle) -> Lifecycle:
        """Keep that it runs now, and tell."""
        running = evolve(
            lifecycle,
            state=State.RUNNING,
            started=self._clock.now() if lifecycle.started is None else lifecycle.started,
            attempts=lifecycle.attempts + 1,
        )
        await self._records.change(running)
        self._show(running)
        self._told = self._shown = self._clock.monotonic()
        self._note(
            OperationStarted(operation=running.id, kind=running.kind, author=running.author, revision=running.revision)
        )
        return running

    def progress(self, done: int, total: int) -> None:
        """Tell how far the one that runs is, now and then: a thousand deckies are done in seconds."""
        if self._running is None:
            return
        now = self._clock.monotonic()
        self._running = evolve(self._running, done=done, total=total)
        if now - self._shown >= PACE:
            self._shown = now
            self._show(self._running)
        if now - self._told >= TOLD_EVERY:
            self._told = now
            self._note(OperationProgressed(operation=self._running.id, done=done, total=total))

    async def end(self, lifecycle: Lifecycle, outcomes: Sequence[DeckyOutcome], error: str = "") -> None:
        """Keep how it ended, and tell; ``error`` says why nothing, or nothing more, could be done."""
        error = error or failure(outcomes)
        ended = evolve(
            lifecycle,
            state=State.FAILED if error else State.SUCCEEDED,
            ended=self._clock.now(),
            error=error,
            done=len(outcomes),
            total=len(outcomes),
            outcomes=tuple(outcomes),
        )
        try:
            await self._records.change(ended)
        finally:
            self._show(None)  # also when this was cut off: only the record knows then
        log.info("fleet.operation_ended", id=ended.id, kind=ended.kind, state=ended.state.value, error=error)
        self._note(
            OperationEnded(
                operation=ended.id,
                kind=ended.kind,
                succeeded=not error,
                error=error,
                done=ended.done,
                total=ended.total,
            )
        )

    def _show(self, running: Lifecycle | None) -> None:
        self._running = running
        self._news.set()
        self._news = asyncio.Event()

    def _newest(self, kept: Lifecycle) -> Lifecycle:
        running = self._running
        return running if running is not None and running.id == kept.id and not kept.state.is_end else kept

    async def _get(self, id: str) -> Lifecycle:  # noqa: A002  the field's own word
        if (running := self._running) is not None and running.id == id:
            return running
        found = await self._records.get(id)
        if found is None:
            raise OperatorError(
                CATALOGUE["DN3001"],
                f'no operation has the id "{escaped(id, MAX_SHOWN)}"',
                fix=("decnetctl operation list",),
            )
        return found

    async def _followed(self, id: str) -> AsyncGenerator[Lifecycle, None]:  # noqa: A002  the field's own word
        while True:
            news = self._news  # taken before looking: what happens after is not missed
            lifecycle = await self._get(id)
            yield lifecycle
            if lifecycle.state.is_end:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await news.wait()


def failure(outcomes: Sequence[DeckyOutcome]) -> str:
    """Return which deckies are not up and why; empty when none is down."""
    down = [one for one in outcomes if one.state is Outcome.DOWN]
    if not down:
        return ""
    named = "; ".join(f"{one.name}: {one.error}" for one in down[:MAX_NAMED])
    more = f"; and {len(down) - MAX_NAMED} more" if len(down) > MAX_NAMED else ""
    return f"{len(down)} of {len(outcomes)} not up: {named}{more}"

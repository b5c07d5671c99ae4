"""This module is for tests of actors: clocks and loops that obey, a probe, a crash at every await."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

from supervisors.actor import LoopActor
from supervisors.clock import Clock
from supervisors.context import ActorContext, Supervised
from supervisors.ref import ActorRef

T = TypeVar("T")
EPOCH = 1_700_000_000.0  # Unix seconds at which manual and virtual time begin
_IDLE_LIMIT = 1000  # polls of a loop with nothing to wait for


class ManualClock:
    """A clock that moves when told to."""

    def __init__(self, now: float = EPOCH, monotonic: float = 1000.0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass for both clocks."""
        self._now += seconds
        self._monotonic += seconds

    def set(self, now: float) -> None:
        """Set the wall clock alone, as an operator or NTP does."""
        self._now = now


class _VirtualSelector(selectors.SelectSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is not None:
            self.loop.skip(timeout)
        else:
            self.loop.idle()
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on which waiting costs nothing: when nothing is ready, time jumps to the next timer.

    For code without threads and real sockets only.
    """

    def __init__(self) -> None:
        self._virtual_now = 1000.0
        self._idle = 0
        selector = _VirtualSelector()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual_now

    def skip(self, seconds: float) -> None:
        """Jump ahead."""
        self._virtual_now += seconds
        self._idle = 0

    def idle(self) -> None:
        """Count a poll without end; RuntimeError when that is a deadlock."""
        self._idle += 1
        if self._idle > _IDLE_LIMIT:
            raise RuntimeError("deadlock: every task waits and no timer is set")


class LoopClock:
    """The virtual loop's time as a ``Clock``."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return EPOCH + self._loop.time()

    def monotonic(self) -> float:
        return self._loop.time()


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on a fresh ``VirtualLoop``; what it leaves behind is an error.

    Raises:
        AssertionError: tasks were still alive at the end.

    """
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(main)
        left = [task.get_name() for task in asyncio.all_tasks(loop) if not task.done()]
        assert not left, f"tasks left behind: {left}"  # noqa: S101 - this is a test's assertion
        return result
    finally:
        loop.close()


async def settle(rounds: int = 50) -> None:
    """Let everything that is ready run; no time passes."""
    for _ in range(rounds):
        await asyncio.sleep(0)


class Probe(LoopActor):
    """Keeps what it is told; answers asks with ``answers[type(message)]`` (called with it, if callable)."""

    def __init__(self, answers: dict[type, Any] | None = None) -> None:
        super().__init__()
        self.received: list[Any] = []
        self.answers = answers or {}
        self._arrivals: list[tuple[int, asyncio.Future[None]]] = []

    async def handle(self, message: Any) -> Any:  # it takes everything
        self.received.append(message)
        for count, waiter in self._arrivals:
            if len(self.received) >= count and not waiter.done():
                waiter.set_result(None)
        answer = self.answers.get(type(message))
        return answer(message) if callable(answer) else answer

    async def wait_for(self, count: int, within: float = 1.0) -> list[Any]:
        """Return what was received as soon as that is ``count`` messages."""
        if len(self.received) < count:
            waiter = asyncio.get_running_loop().create_future()
            self._arrivals.append((count, waiter))
            async with asyncio.timeout(within):
                await waiter
        return self.received


def launch(
    actor: Supervised, path: str = "test", *, clock: Clock | None = None, seed: int = 0, **extra: Any
) -> ActorRef:
    """Start one actor without a supervisor; ``extra`` are further fields of its ``ActorContext``."""
    return actor.launch(ActorContext(path=path, clock=clock or ManualClock(), seed=seed, **extra))


class CrashError(Exception):
    """What ``crash_at`` raises inside the scenario."""


async def crash_at(index: int, scenario: Coroutine[Any, Any, Any]) -> int | None:
    """Run ``scenario`` and raise ``CrashError`` at its ``index``-th suspension.

    Returns:
        None when the crash happened and nothing caught it; else how often the scenario suspended.
        ``index`` 0 never crashes, so it counts.

    """
    steps = _Steps(index, scenario)
    try:
        await steps
    except CrashError:
        return None
    finally:
        scenario.close()
    return steps.suspensions


async def crash_everywhere(make: Callable[[], tuple[Coroutine[Any, Any, Any], Callable[[], Awaitable[None]]]]) -> int:
    """Crash a scenario at each of its suspensions in turn, and check after each.

    Args:
        make: returns a fresh scenario and the check of its invariant.

    Returns:
        How many suspensions the scenario has.

    """
    scenario, check = make()
    total = await crash_at(0, scenario)
    assert total is not None  # noqa: S101 - index 0 does not crash
    await check()
    for index in range(1, total + 1):
        scenario, check = make()
        await crash_at(index, scenario)
        await check()
    return total


class _Steps(Generator[Any, Any, Any]):
    """Runs a coroutine and counts its suspensions; throws into it at one of them."""

    def __init__(self, index: int, scenario: Coroutine[Any, Any, Any]) -> None:
        self.index = index
        self.scenario = scenario
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        return self

    def send(self, value: Any) -> Any:
        return self._suspended(self.scenario.send(value))

    def throw(self, kind: Any, value: Any = None, trace: Any = None, /) -> Any:
        _ = trace
        return self._suspended(self.scenario.throw(kind if value is None else value))

    def _suspended(self, awaited: Any) -> Any:
        self.suspensions += 1
        if self.suspensions == self.index:
            return self.throw(CrashError())
        return awaited

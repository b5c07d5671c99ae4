"""This module watches the loop itself: how late it is, and whether it still turns."""

import asyncio
import os
import sys
import traceback
from collections import deque
from collections.abc import Callable
from threading import Event, Thread

from attrs import frozen

from supervisors.actor import LoopActor
from supervisors.errors import Reason
from supervisors.log import get_logger

log = get_logger(__name__)

MAX_FRAMES = 60  # innermost frames of each thread's stack in a dump


@frozen(kw_only=True)
class LoopLag:
    """How late a timer of the loop fires, over the last minute by default; seconds."""

    p50: float
    p99: float
    max: float
    samples: int
    stalls: int  # since the start


@frozen
class AskLag:
    """Answers the present ``LoopLag``."""


class Watchdog(LoopActor):
    """Measures the loop's lateness; a thread of its own tells when the loop stands still.

    Args:
        interval: seconds between two beats.
        samples: beats the percentiles cover.
        stall_after: seconds without a beat after which all threads' stacks are logged.
        abort_after: seconds without a beat after which ``abort`` is called; None never does.
        abort: ends the process.

    """

    def __init__(
        self,
        *,
        interval: float = 0.1,
        samples: int = 600,
        stall_after: float = 2.0,
        abort_after: float | None = None,
        abort: Callable[[], object] = os.abort,
    ) -> None:
        super().__init__()
        self.interval = interval
        self.stall_after = stall_after
        self.abort_after = abort_after
        self.abort = abort
        self.stalls = 0
        self._lateness: deque[float] = deque(maxlen=samples)
        self._last_beat = 0.0
        self._in_stall = False
        self._over = Event()

    async def on_start(self) -> None:
        self._last_beat = self.clock.monotonic()
        self._arm()
        Thread(target=self._watch, name="loop-watchdog", daemon=True).start()

    async def handle(self, message: object) -> LoopLag | None:
        return self.snapshot() if isinstance(message, AskLag) else None

    def on_exit(self, reason: Reason) -> None:
        _ = reason
        self._over.set()

    def snapshot(self) -> LoopLag:
        """Return the present percentiles; zeros before the first beat."""
        late = sorted(self._lateness) or [0.0]
        return LoopLag(
            p50=late[len(late) // 2],
            p99=late[min(len(late) - 1, len(late) * 99 // 100)],
            max=late[-1],
            samples=len(self._lateness),
            stalls=self.stalls,
        )

    def check(self, now: float) -> None:
        """Look at the age of the last beat; ``now`` is the clock's monotonic time. Called by the thread."""
        age = now - self._last_beat
        if age <= self.stall_after:
            self._in_stall = False
            return
        if not self._in_stall:
            self._in_stall = True
            self.stalls += 1
            log.critical("loop.stalled", seconds=round(age, 3), stacks=stacks())
        if self.abort_after is not None and age > self.abort_after:
            log.critical("loop.aborting", seconds=round(age, 3))
            self.abort()

    def _arm(self) -> None:
        due = asyncio.get_running_loop().time() + self.interval
        self.call_after(self.interval, lambda: self._beat(due))

    def _beat(self, due: float) -> None:
        self._lateness.append(max(0.0, asyncio.get_running_loop().time() - due))
        self._last_beat = self.clock.monotonic()
        self._arm()

    def _watch(self) -> None:
        while not self._over.wait(self.stall_after / 4):
            self.check(self.clock.monotonic())


def stacks() -> str:
    """Return what every thread is doing, innermost frame last."""
    parts = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - the documented way to see other threads
        lines = traceback.format_stack(frame)[-MAX_FRAMES:]
        parts.append(f"thread {ident}\n{''.join(lines)}")
    return "\n".join(parts)

"""This module slows replies down: what a service sends waits first and then goes a little at a time, as on a bad line.

One layer under both shapes of service: every connection writes to its ``Outflow``, which hands on at once while no
tarpit is set. What a peer sends is taken, recorded and answered as ever; only the answer is late. A tarpit costs what
waits, which is bounded, and one timer of the service.
"""

import asyncio
import heapq
import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from decnet_actors.contracts.fleet import Tarpit

MAX_CONNECTIONS = (
    1_000  # of one service while it is slowed; a crowd of those who wait must not keep others out of memory
)
HIGH, LOW = 16 * 1024, 4 * 1024  # bytes that wait when a connection is told to write no more, and when it may again
STEP = 0.25  # seconds from one piece to the next
LOOK = 1.0  # seconds after which a waiting reply is looked at again: the tarpit may have been cleared
_NEVER = math.inf


class Tarpits:
    """The tarpits of one decky that are in force now; its services ask whenever they send."""

    def __init__(self, tarpits: Iterable[Tarpit] = ()) -> None:
        self._by_service: dict[str, Tarpit] = {}
        self.set(tarpits)

    def set(self, tarpits: Iterable[Tarpit]) -> None:
        """Put others in force, for running connections too."""
        self._by_service = {tarpit.service: tarpit for tarpit in tarpits}

    def of(self, service: str) -> Tarpit | None:
        """Return what slows a service: its own tarpit, or else the decky's."""
        return self._by_service.get(service) or self._by_service.get("")


class Delayed(Protocol):
    """The connection whose bytes wait."""

    heard: float
    stalled_since: float

    def pause_writing(self) -> None:
        """Too much waits."""

    def resume_writing(self) -> None:
        """There is room again."""


class Outflows:
    """What waits at one service.

    Args:
        tarpit: tells what is in force.
        monotonic: seconds.
        arm: leads to ``tick`` after some seconds.

    """

    def __init__(
        self, tarpit: Callable[[], Tarpit | None], monotonic: Callable[[], float], arm: Callable[[float], None]
    ) -> None:
        self.tarpit = tarpit
        self.monotonic = monotonic
        self._arm = arm
        self._due: list[tuple[float, int, Outflow]] = []  # a heap; the number only tells entries apart
        self._order = 0

    def wait(self, outflow: "Outflow", due: float) -> None:
        """Call ``outflow.go_on`` at ``due``, or sooner."""
        now = self.monotonic()
        due = min(due, now + LOOK)
        self._order += 1
        heapq.heappush(self._due, (due, self._order, outflow))
        self._arm(due - now)

    def tick(self, now: float) -> None:
        """Send what is due, and arm for the next."""
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2].go_on(now)
        if self._due:
            self._arm(self._due[0][0] - now)


class Outflow(asyncio.Transport):
    """The transport a connection writes to."""

    __slots__ = ("_at_end", "_connection", "_due", "_full", "_outflows", "_sent", "_transport", "_waiting")

    def __init__(self, outflows: Outflows, transport: asyncio.Transport, connection: Delayed) -> None:
        self._outflows = outflows
        self._transport = transport
        self._connection = connection
        self._waiting = bytearray()
        self._due = _NEVER  # monotonic: when the next piece goes; never while nothing waits
        self._full = False
        self._sent: asyncio.Future[None] | None = None  # done when nothing waits, for who asked
        self._at_end: Callable[[], None] | None = None  # what to do once nothing waits

    async def bare(self) -> asyncio.Transport:
        """Return the transport below, once nothing waits for it: for whoever goes on under TLS."""
        while self._waiting and not self._transport.is_closing():
            sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sent = sent
            await sent
        return self._transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        tarpit = self._outflows.tarpit()
        if tarpit is None and not self._waiting:
            self._transport.write(data)
            return
        if not data or self.is_closing():
            return
        self._waiting += data
        if self._due is _NEVER:
            self._due = self._outflows.monotonic() + (0.0 if tarpit is None else tarpit.delay)
            self._outflows.wait(self, self._due)
        if len(self._waiting) > HIGH and not self._full:
            self._full = True
            self._connection.pause_writing()

    def go_on(self, now: float) -> None:
        """Send what is due."""
        if not self._waiting or self._transport.is_closing():
            self._waiting.clear()
            self._tell_sent()
            return
        tarpit = self._outflows.tarpit()
        if tarpit is None:
            self._send(len(self._waiting))
        elif self._transport.get_write_buffer_size():  # the line is slower than we are
            self._due = max(self._due, now + STEP)
        else:
            self._connection.heard = now  # it is being served: neither idle
            if self._full:
                self._connection.stalled_since = now  # nor taking nothing
            if now >= self._due:
                self._due = now + STEP
                self._send(max(1, int(tarpit.rate * STEP)) if tarpit.rate else len(self._waiting))
        if self._waiting:
            self._outflows.wait(self, self._due)

    def _send(self, size: int) -> None:
        piece = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._transport.write(piece)
        if self._full and len(self._waiting) <= LOW:
            self._full = False
            self._connection.resume_writing()
        if not self._waiting:
            self._due = _NEVER
            self._tell_sent()
            at_end, self._at_end = self._at_end, None
            if at_end is not None:
                at_end()

    def writelines(self, list_of_data: Any) -> None:  # Any: asyncio's own signature
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self._finish(self._transport.write_eof)

    def close(self) -> None:
        self._finish(self._transport.close)

    def _finish(self, end: Callable[[], None]) -> None:
        if self._waiting:
            self._at_end = end
        else:
            end()

    def _tell_sent(self) -> None:
        if self._sent is not None and not self._sent.done():
            self._sent.set_result(None)

    def abort(self) -> None:
        self._waiting.clear()
        self._tell_sent()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._at_end is not None or self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() + len(self._waiting)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # Any: asyncio's own signature
        return self._transport.get_extra_info(name, default)

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()

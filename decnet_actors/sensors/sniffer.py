"""This module is the actor that listens to the packets of deckies and records what they tell of whoever sent them.

Under a flood the kernel drops packets, and counts them, before this takes time that decoys need: after so many
packets it rests for a moment.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias, assert_never

from attrs import define, field, frozen

from decnet_actors.contracts.fleet_driver import Tap
from decnet_actors.kernel.capture import packets
from decnet_actors.sensors.watch import Sighting, Watch
from supervisors.actor import LoopActor
from supervisors.log import get_logger

TURN = 512  # packets, and the rest of a block, looked at before others have a turn; 5 to 20 ms
REST = 0.02  # seconds after that
TICK = 1.0  # seconds between looks at what has ended
RETRY = 30.0  # seconds until listening is tried again
log = get_logger(__name__)


@define
class Gauge:
    """How the sniffer is doing. It outlives the actor, so that its numbers count from the start of the daemon."""

    interface: str = ""  # empty while it does not listen
    problem: str = "it has not started yet"  # why it does not
    packets: int = 0  # to and from deckies
    dropped: int = 0  # by the kernel: there were too many
    fragments: int = 0  # and malformed ones, which are not looked at
    suppressed: int = 0  # facts not told: there were too many


@frozen
class Readable:
    """Packets are there."""


@frozen
class Tick:
    """Time has passed."""


@frozen
class Listen:
    """Try to listen."""


Message: TypeAlias = Readable | Tick | Listen


@frozen(kw_only=True)
class Means:
    """What the sniffer is made with."""

    open: Callable[[], Awaitable[Tap]]  # raises OSError where it may not listen
    deckies: Callable[[], Mapping[bytes, str]]  # addresses as in packets, and whose they are
    note: Callable[[Sequence[Sighting]], None]  # records them
    crowded: Callable[[], bool]  # whether nothing more should be recorded now
    gauge: Gauge = field(factory=Gauge)


class Sniffer(LoopActor):
    """Listens as soon as it may, and again when whoever gave it the packets has gone."""

    def __init__(self, means: Means) -> None:
        super().__init__()
        self._means = means
        self._gauge = means.gauge
        self._before = (means.gauge.packets, means.gauge.dropped, means.gauge.fragments, means.gauge.suppressed)
        self._watch = Watch()
        self._tap: Tap | None = None
        self._missed = 0  # packets that taps before this one dropped
        self._reading = False

    async def on_start(self) -> None:
        await self._listen()
        self.after(TICK, Tick())

    async def handle(self, message: Message) -> None:
        match message:
            case Readable():
                self._turn()
            case Tick():
                self._watch.follow(self._means.deckies())
                self._means.note(self._watch.taken(self.clock.now()))
                self._count()
                self.after(TICK, Tick())
            case Listen():
                if self._tap is None:
                    await self._listen()
            case _:
                assert_never(message)

    async def on_stop(self) -> None:
        self._means.note(self._watch.end())

    def on_exit(self, reason: object) -> None:
        self._close(f"it has ended: {reason}")

    async def _listen(self) -> None:
        """Begin to listen, or try again later."""
        try:
            self._tap = await self._means.open()
        except OSError as error:
            problem = str(error.strerror or error)
            if problem != self._gauge.problem:
                log.info("sniffer.does_not_listen", reason=problem)
            self._gauge.problem = problem
            self.after(RETRY, Listen())
            return
        self._watch.follow(self._means.deckies())
        self._gauge.interface, self._gauge.problem = self._tap.interface, ""
        log.info("sniffer.listens", interface=self._tap.interface)
        self._wait()

    def _wait(self) -> None:
        """Be told when packets are there."""
        if self._tap is not None and not self._reading:
            self._reading = True
            asyncio.get_running_loop().add_reader(self._tap.fileno(), self._readable)

    def _readable(self) -> None:
        self._pause()
        self.tell_self(Readable())

    def _pause(self) -> None:
        if self._tap is not None and self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(self._tap.fileno())

    def _turn(self) -> None:
        """Look at some of the packets there are."""
        left = TURN
        while left > 0 and self._tap is not None and not self._means.crowded():
            try:
                block = self._tap.take()
            except OSError as error:
                log.warning("sniffer.cut_off", reason=str(error))
                self._close(str(error))
                self.after(RETRY, Listen())
                return
            if block is None:
                break
            look = self._watch.look
            for now, start, end, _ in packets(block):
                look(block, start, end, now)
                left -= 1
        self._means.note(self._watch.taken(self.clock.now()))
        self.call_after(REST, self._wait)

    def _count(self) -> None:
        counts, (packets_, dropped, fragments, suppressed) = self._watch.counts, self._before
        self._gauge.packets = packets_ + counts["packets"]
        self._gauge.fragments = fragments + counts["fragment"] + counts["malformed"]
        self._gauge.suppressed = suppressed + counts["suppressed"]
        if self._tap is not None:
            self._gauge.dropped = dropped + self._missed + self._tap.dropped()

    def _close(self, why: str) -> None:
        self._pause()
        tap, self._tap = self._tap, None
        if tap is not None:
            self._missed += tap.dropped()
            tap.close()
            self._gauge.interface, self._gauge.problem = "", why

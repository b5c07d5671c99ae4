"""This module is the actor that looks back at attackers: it asks ports of theirs what they are, and records it.

It hears the committed ``SessionOpened`` on the bus. What it misses while it is restarted or overrun, or has no time
for, is looked at when its next session opens.
"""

from collections import deque
from collections.abc import Callable
from typing import ClassVar, TypeAlias, assert_never

from attrs import frozen

from decnet_actors.domain.facts import Fact, SessionOpened
from decnet_actors.domain.findings import AttackerFingerprinted
from decnet_actors.domain.records import Record
from decnet_actors.sensors.prober_guard import Guard
from decnet_actors.sensors.prober_settings import ProberSettings
from decnet_actors.sensors.probes import Target, look_at_ssh, look_at_tls
from supervisors.actor import LoopActor
from supervisors.bus import Bus, Envelope
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec, WhenFull

TOPIC = "decky.*.*.session_opened"
MAX_WAITING = 100  # addresses that wait for those before them
Note: TypeAlias = Callable[[Fact], None]
log = get_logger(__name__)


@frozen(kw_only=True)
class Looked:
    """All ports of an address were looked at."""

    address: str


class Prober(LoopActor):
    """Looks at a few addresses at a time, at the ports of each one after the other.

    Args:
        bus: where sessions are heard of.
        guard: decides whom we look at.
        settings: where, how long, how many.
        note: records what was found.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=1000, when_full=WhenFull.DROP_OLDEST)

    def __init__(self, bus: Bus, guard: Guard, settings: ProberSettings, note: Note) -> None:
        super().__init__()
        self._bus = bus
        self._guard = guard
        self._settings = settings
        self._note = note
        self._waiting: deque[tuple[str, str]] = deque()  # addresses, and where to connect to them from
        self._running = 0

    async def on_start(self) -> None:
        self._subscription = self._bus.subscribe(TOPIC, self.ref)

    async def handle(self, message: Envelope | Looked) -> None:
        match message:
            case Envelope():
                self._take(message.payload.record)
            case Looked():
                self._running -= 1
                log.debug("prober.looked", address=message.address)
            case _:
                assert_never(message)
        while self._waiting and self._running < self._settings.at_once:
            self._running += 1
            _task = self.spawn(self._look(*self._waiting.popleft()), name="look", tag=lambda looked: looked)

    def _take(self, record: Record) -> None:
        if not isinstance(record.fact, SessionOpened) or len(self._waiting) >= MAX_WAITING:
            return
        address = record.source
        source = self._guard.source(address)
        if source is None or self._guard.refusal(address):
            return
        if self._guard.take(address, self.clock.monotonic()):
            self._waiting.append((address, source))

    async def _look(self, address: str, source: str) -> Looked:
        def target(port: int) -> Target:
            return Target(address=address, port=port, source=source, timeout=self._settings.timeout)

        for port in self._settings.ssh_ports:
            self._tell(await look_at_ssh(target(port), self._settings.ssh_version))
        for port in self._settings.tls_ports:
            self._tell(await look_at_tls(target(port), self.rng.randbytes))
        return Looked(address=address)

    def _tell(self, found: list[AttackerFingerprinted]) -> None:
        for finding in found:
            self._note(finding)

"""This module serves the HTTP decoy to a test: what is asked goes into a session, its effects come out."""

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from decnet_actors.conformance.fakes import FakeTime, fake_deps
from decnet_actors.conformance.memory_transport import FakeLog
from decnet_actors.contracts.decoy import (
    CapturingSession,
    DecoyDeps,
    DecoyService,
    HangUp,
    Note,
    Send,
    SessionEffect,
    WakeAt,
)
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from plugins.decoy.http import PLUGIN, HttpConfig

PEER = Peer(address="198.51.100.7", port=40_000, local_address="192.0.2.10", local_port=80)


@define
class Connection:
    """One peer of the decoy."""

    session: CapturingSession
    time: FakeTime
    facts: list[Fact]
    artifacts: list[bytes]
    sent: bytes = b""
    _over: bool = False
    wake: float = float("inf")

    def is_over(self) -> bool:
        return self._over

    def say(self, data: bytes) -> bytes:
        """Send bytes and return the answer."""
        return self._took(self.session.received(data, self.time()))

    def finish(self) -> bytes:
        """Half-close and return what is still answered."""
        return b"" if self._over else self._took(self.session.ended(self.time()))

    def vanish(self) -> None:
        """Go without a word; only facts may follow."""
        self._took([effect for effect in self.session.closed(self.time()) if isinstance(effect, Note)])

    def pass_time(self, seconds: float) -> bytes:
        """Let time pass and return what is said meanwhile."""
        end, said = self.time() + seconds, b""
        while self.wake <= end and not self._over:
            self.time.seconds, self.wake = max(self.wake, self.time()), float("inf")
            said += self._took(self.session.tick(self.time()))
        self.time.seconds = end
        return said

    def _took(self, effects: Sequence[SessionEffect]) -> bytes:
        said = b""
        for effect in effects:
            assert not self._over
            match effect:
                case Send(data=data):
                    said += data
                case Note(fact=fact):
                    self.facts.append(fact)
                case WakeAt(when=when):
                    self.wake = when
                case HangUp():
                    self._over = True
                case _:
                    raise AssertionError(f"nothing is done beside it here: {effect}")
        self.artifacts += self.session.take_artifacts()
        self.sent += said
        return said


@define
class Served:
    """The decoy, and what all its peers left."""

    service: DecoyService
    deps: DecoyDeps
    time: FakeTime
    facts: list[Fact] = field(factory=list)
    artifacts: list[bytes] = field(factory=list)

    def connect(self) -> Connection:
        session: Any = self.service.connect(
            FakeLog(self.time, peer=PEER)
        )  # Any: it captures, which the port does not say
        connection = Connection(session, self.time, self.facts, self.artifacts)
        connection._took(session.opened(self.time()))
        return connection

    def ask(self, request: bytes) -> bytes:
        """Connect, send, half-close, and return all that is answered."""
        connection = self.connect()
        connection.say(request)
        connection.finish()
        return connection.sent

    def of(self, *kinds: type[Fact]) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kinds)]


def served(config: HttpConfig | None = None, **deps: Any) -> Served:
    """Return the decoy with fakes around it."""
    time = FakeTime()
    given = fake_deps(service="http", now=time, **deps)
    return Served(PLUGIN.create(config or HttpConfig(), given), given, time)

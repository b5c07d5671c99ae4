"""This module checks what a service of datagrams promises; ``check_decoy`` calls it."""

import math
from collections.abc import Sequence

from decnet_actors.conformance.fakes import FakeTime
from decnet_actors.conformance.memory_transport import PEER
from decnet_actors.conformance.promises import MAX_GROWTH, anonymous, promise, reachable
from decnet_actors.contracts.decoy import (
    Conversation,
    DatagramEffect,
    DatagramService,
    HangUp,
    Note,
    OwnPort,
    Send,
    WakeAt,
)

MAX_TO_STRANGERS = 1  # datagrams to somebody who sends one and answers nothing
MAX_TICKS = 2_000  # of one silent conversation in a day
FLOOD = 400  # datagrams fed to find out what is held
_SIZE = 1_400  # bytes of each
_DAY = 86_400.0


def check_answers(plugin: str, service: DatagramService, time: FakeTime, data: bytes) -> list[object]:
    """Return what follows a datagram, and then the same one again.

    Raises:
        ConformanceError: too much does, or it names us.

    """
    silent = _Stage(plugin, service, time)
    silent.feed(data)
    silent.pass_a_day()
    promise(
        len(silent.sent) <= MAX_TO_STRANGERS,
        f"{plugin}: {len(silent.sent)} datagrams to somebody who answers nothing: {data[:80]!r}",
    )
    silent.end()
    talking = _Stage(plugin, service, time)
    for piece in (data, data, b"", data[::-1], data[:9]):
        talking.feed(piece)
    talking.end()
    for reply in (*silent.sent, *talking.sent):
        anonymous(plugin, reply)
    return [*silent.said, *talking.said]


def check_memory(plugin: str, service: DatagramService, time: FakeTime) -> None:
    """Raise ``ConformanceError`` if a conversation holds more than ``MAX_GROWTH`` after a flood."""
    shared = reachable([service], set())[1]
    stage = _Stage(plugin, service, time)
    for number in range(FLOOD):
        stage.feed(number.to_bytes(2) + b"\0\1" * (_SIZE // 2))
    held = reachable([stage.conversation], shared)[0]
    promise(held < MAX_GROWTH, f"{plugin}: holds {held} bytes after a flood")


class _Stage:
    """Plays the host for one conversation."""

    def __init__(self, plugin: str, service: DatagramService, time: FakeTime) -> None:
        self.conversation: Conversation = service.converse("session-1", PEER)
        self.sent: list[bytes] = []
        self.said: list[object] = []
        self._plugin = plugin
        self._time = time
        self._wake = math.inf
        self._over = False

    def feed(self, data: bytes) -> None:
        if not self._over:
            self._take(self.conversation.received(data, self._time()))

    def pass_a_day(self) -> None:
        end, ticks = self._time() + _DAY, 0
        while self._wake <= end and not self._over:
            ticks += 1
            promise(ticks <= MAX_TICKS, f"{self._plugin}: more than {MAX_TICKS} wake-ups of a silent conversation")
            self._time.seconds = max(self._time(), self._wake)
            self._wake = math.inf
            self._take(self.conversation.tick(self._time()))

    def end(self) -> None:
        self.said += [effect.fact for effect in self.conversation.closed(self._time()) if isinstance(effect, Note)]

    def _take(self, effects: Sequence[DatagramEffect]) -> None:
        for effect in effects:
            promise(not self._over, f"{self._plugin}: effects after HangUp: {effect}")
            match effect:
                case Send(data=data):
                    self.sent.append(data)
                    self.said.append(data)
                case Note(fact=fact):
                    self.said.append(fact)
                case WakeAt(when=when):
                    self._wake = when
                case HangUp():
                    self._over = True
                    self.said.append(effect)
                case OwnPort():
                    self.said.append(effect)

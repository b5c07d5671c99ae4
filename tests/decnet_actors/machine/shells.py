"""Runs our shell to its end on a manual clock, for tests."""

import random
from collections.abc import Callable

from attrs import frozen

from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send, WakeAt
from decnet_actors.contracts.machine import Login, Pty
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.persona import Persona
from decnet_actors.machine import generate, make_machine
from decnet_actors.machine.machine import DeckyMachine
from decnet_actors.machine.quota import Caps
from decnet_actors.machine.shell.state import Limits

NOW = 1_795_275_767.0


def persona(seed: int = 7, distribution: str = "debian:12") -> Persona:
    return generate(seed, "web01", "10.0.0.5", NOW, distribution=distribution)


def machine(
    seed: int = 7,
    *,
    distribution: str = "debian:12",
    caps: Caps | None = None,
    limits: Limits | None = None,
    work: Callable[[], float] | None = None,
) -> DeckyMachine:
    return make_machine(persona(seed, distribution), random.Random(1), caps=caps, limits=limits, work=work)


@frozen
class Ran:
    """What one command gave."""

    output: bytes
    status: int
    facts: list[Fact]
    artifacts: list[bytes]
    seconds: float
    ended: bool


class Visitor:
    """A peer at a terminal; time passes only as the shell asks for it."""

    def __init__(
        self,
        host: DeckyMachine,
        *,
        user: str = "root",
        command: str | None = None,
        pty: Pty | None = None,
        service: str = "ssh",
    ) -> None:
        login = Login(
            user=user,
            address="203.0.113.9",
            port=50_123,
            service=service,
            local_address="10.0.0.5",
            local_port=22,
            command=command,
            pty=pty,
        )
        self.terminal = host.terminal(login)
        self.now = NOW
        self.wake = float("inf")
        self.output = b""
        self.facts: list[Fact] = []
        self.effects: list[Effect] = []
        self.ended = False
        self.artifacts: list[bytes] = []

    def take(self, effects) -> None:
        for effect in effects:
            assert not self.ended
            self.effects.append(effect)
            match effect:
                case Send(data):
                    self.output += data
                case Note(fact):
                    self.facts.append(fact)
                case WakeAt(when):
                    self.wake = when
                case HangUp():
                    self.ended = True
                case _:
                    raise AssertionError(effect)
        self.artifacts.extend(self.terminal.take_artifacts())

    def open(self) -> "Visitor":
        self.take(self.terminal.opened(self.now))
        return self

    def type(self, text: str | bytes) -> bytes:
        """Type, let it run until the shell waits for input, return what it wrote."""
        before = len(self.output)
        self.take(self.terminal.received(text.encode() if isinstance(text, str) else text, self.now))
        self.settle()
        return self.output[before:]

    def settle(self, until: float = float("inf"), rounds: int = 20_000) -> None:
        """Let time pass while the shell asks for it."""
        while not self.ended and self.wake < float("inf") and self.wake <= until and rounds:
            rounds -= 1
            self.now, self.wake = max(self.now, self.wake), float("inf")
            self.take(self.terminal.tick(self.now))

    def close(self) -> None:
        if not self.ended:
            self.take(self.terminal.ended(self.now))
            self.settle()


def run(host: DeckyMachine, command: str, *, user: str = "root", stdin: bytes = b"") -> Ran:
    """Run one command without a terminal."""
    visitor = Visitor(host, user=user, command=command).open()
    if stdin and not visitor.ended:
        visitor.type(stdin)
    visitor.close()
    visitor.settle()
    return Ran(
        visitor.output,
        visitor.terminal.status,
        visitor.facts,
        visitor.artifacts,
        visitor.now - NOW,
        visitor.ended,
    )

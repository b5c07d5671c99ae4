"""A daemon of sample answers, and a way to run a command line against it."""

from datetime import UTC

import attrs

from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.main import run
from decnet_actors.ctl.world import World
from tests.decnet_actors.ctl.samples import NOW, OPERATIONS, answer


class Stdin:
    """Standard input that is, or is not, a terminal."""

    def __init__(self, text="", *, terminal=False):
        self._lines = text.splitlines(keepends=True)
        self._terminal = terminal

    def isatty(self):
        return self._terminal

    def readline(self):
        return self._lines.pop(0) if self._lines else ""

    def read(self, size):
        text = "".join(self._lines)
        self._lines = [text[size:]]
        return text[:size]


class CannedDaemon:
    """Answers every operation with samples of its result class, or with what it was given; keeps what it was asked."""

    address = "ipc:///run/decnet/control.sock"

    def __init__(self, text="text", answers=None, error=None):
        self.text = text
        self.answers = answers or {}
        self.error = error
        self.asked = []
        self.closed = 0

    def call(self, name, args):
        self.asked.append((name, dict(args)))
        if self.error is not None:
            raise CommandFailed.of(*self.error)
        if name in self.answers:
            made = self.answers[name]
            return made(args) if callable(made) else made
        return answer(OPERATIONS[name], self.text)

    def stream(self, name, args):
        try:
            yield from self.call(name, args)
        finally:
            self.closed += 1


def world(daemon, **changes):
    """Return a world with a fixed clock, in UTC, that talks to ``daemon``."""
    fixed = World(
        environ={},
        now=lambda: NOW,
        monotonic=lambda: 0.0,
        sleep=lambda _seconds: None,
        zone=UTC,
        connect=lambda _settings: daemon,
        stdin=Stdin(),
    )
    return attrs.evolve(fixed, **changes)


@attrs.frozen
class Done:
    """What a command line came to."""

    code: int
    out: str
    err: str


def runner(capsys):
    """Return a function that runs a command line and returns what it wrote and its exit code."""

    def command(*words, daemon=None, **changes):
        capsys.readouterr()
        code = run(list(words), world(daemon or CannedDaemon(), **changes))
        written = capsys.readouterr()
        return Done(code, written.out, written.err)

    return command

r"""This module runs plays: golden transcripts of a decoy service, fed whole and again byte by byte.

    # what this play shows
    % password = "secret"       config of the plugin, as TOML; before the first line of the conversation
    % persona.packages.redis = "5:6.0.16-1"
    % accepts = ["root:toor"]   credentials the policy lets in
    > PING\r\n                  the peer sends
    ! CommandSeen(verb='PING')  a fact; fields that have their default are left out
    < +PONG\r\n                 we reply
    @ 30                        seconds pass
    >x                          the peer finishes sending
    x                           we hang up

``python -m tests.plays accept FILE...`` rewrites plays from the present behaviour; the diff is what a reviewer reads.
"""

import importlib
import sys
import tomllib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import frozen
from msgspec.structs import fields

from decnet_actors.conformance.fakes import FakeTime, fake_deps
from decnet_actors.contracts.decoy import HangUp, Note, Send, SessionEffect, WakeAt
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer

INPUTS = (">x", "> ", "@ ")
OUTPUTS = ("< ", "! ")


class Feeding(StrEnum):
    WHOLE = "whole"
    BYTES = "byte by byte"


@frozen
class Step:
    """One input and what must follow it."""

    line: str
    expected: tuple[str, ...]


@frozen
class Play:
    """A transcript, parsed."""

    settings: dict[str, Any]
    opening: tuple[str, ...]  # expected before the first input
    steps: tuple[Step, ...]


class Log:
    """What a session is given."""

    id = "session-1"
    peer = Peer(address="192.0.2.7", port=40_000, local_address="192.0.2.80", local_port=1)

    def __init__(self, time: FakeTime) -> None:
        self._time = time

    def now(self) -> float:
        return self._time()

    def note(self, fact: Fact) -> None:
        raise NotImplementedError(fact)

    async def settled(self) -> None:
        raise NotImplementedError

    def hang_up(self, *, reset: bool = False) -> None:
        raise NotImplementedError(reset)


def parse(text: str) -> Play:
    """Return the play; raises ValueError for a line that is none."""
    settings: list[str] = []
    groups: list[tuple[str, list[str]]] = [("", [])]
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("% "):
            settings.append(line[2:])
        elif line.startswith(INPUTS):
            groups.append((line, []))
        elif line.startswith(OUTPUTS) or line == "x":
            groups[-1][1].append(line)
        else:
            raise ValueError(f"not a line of a play: {line!r}")
    steps = tuple(Step(line, tuple(_merged(expected))) for line, expected in groups[1:])
    return Play(tomllib.loads("\n".join(settings)), tuple(_merged(groups[0][1])), steps)


def _merged(lines: Sequence[str]) -> Iterator[str]:
    """Join replies that follow one another: where one ends is the transport's business."""
    reply = b""
    for line in lines:
        if line.startswith("< "):
            reply += unescape(line[2:])
            continue
        if reply:
            yield "< " + escape(reply)
        reply = b""
        yield line
    if reply:
        yield "< " + escape(reply)


def perform(plugin: str, play: Play, feeding: Feeding) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each input line ("" is the opening) with what followed it."""
    stage = _Stage(plugin, play.settings)
    yield "", stage.taken(stage.session.opened(stage.time()))
    for step in play.steps:
        yield step.line, stage.given(step.line, feeding)


class _Stage:
    def __init__(self, plugin: str, settings: dict[str, Any]) -> None:
        found = importlib.import_module(f"plugins.decoy.{plugin}").PLUGIN
        settings = dict(settings)
        packages = settings.pop("persona", {}).get("packages", {})
        accepts = [pair.split(":", 1) for pair in settings.pop("accepts", [])]
        self.time = FakeTime()
        deps = fake_deps(
            service=plugin,
            now=self.time,
            packages=packages,
            accepts=[(user, secret.encode()) for user, secret in accepts],
        )
        service = found.create(found.config(**settings), deps)
        self.session = service.connect(Log(self.time))
        self._wake = float("inf")

    def given(self, line: str, feeding: Feeding) -> tuple[str, ...]:
        if line == ">x":
            return self.taken(self.session.ended(self.time()))
        if line.startswith("@ "):
            return self._passed(float(line[2:]))
        data = unescape(line[2:])
        pieces = [data] if feeding is Feeding.WHOLE else [data[i : i + 1] for i in range(len(data))]
        effects: list[SessionEffect] = []
        for piece in pieces:
            found = self.session.received(piece, self.time())
            effects += found
            if any(isinstance(effect, HangUp) for effect in found):
                break
        return self.taken(effects)

    def _passed(self, seconds: float) -> tuple[str, ...]:
        end = self.time() + seconds
        shown: list[str] = []
        while self._wake <= end:
            self.time.seconds = max(self._wake, self.time())
            self._wake = float("inf")
            shown += self.taken(self.session.tick(self.time()))
        self.time.seconds = end
        return tuple(_merged(shown))

    def taken(self, effects: Sequence[SessionEffect]) -> tuple[str, ...]:
        lines: list[str] = []
        for effect in effects:
            match effect:
                case Send(data=data):
                    lines.append("< " + escape(data))
                case Note(fact=fact):
                    lines.append("! " + shown_fact(fact))
                case WakeAt(when=when):
                    self._wake = when
                case HangUp():
                    lines.append("x")
                    break
                case _:
                    raise AssertionError(f"nothing is done beside it here: {effect}")
        return tuple(_merged(lines))


def shown_fact(fact: Fact) -> str:
    """Return the fact without the fields that have their default."""
    shown = [
        f"{field.name}={value.value!r}" if isinstance(value, StrEnum) else f"{field.name}={value!r}"
        for field in fields(fact)
        if (value := getattr(fact, field.name)) != field.default
    ]
    return f"{type(fact).__name__}({', '.join(shown)})"


def escape(data: bytes) -> str:
    """Return bytes as one line of text."""
    text = data.decode("latin-1").encode("unicode_escape").decode("ascii")
    return text[:-1] + r"\x20" if text.endswith(" ") else text


def unescape(text: str) -> bytes:
    """Return the bytes a line stands for."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def accept(path: Path) -> None:
    """Rewrite a play: comments, settings and inputs stay, what follows them is replaced."""
    play = parse(path.read_text(encoding="utf-8"))
    performed = iter(perform(path.parent.name, play, Feeding.WHOLE))
    lines: list[str] = []
    opened = False

    def opening() -> None:
        nonlocal opened
        if not opened:
            opened = True
            lines.extend(_split(next(performed)[1]))

    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(OUTPUTS) or line == "x":
            continue
        if line.startswith(INPUTS):
            opening()
            lines.append(line)
            lines += _split(next(performed)[1])
        else:
            lines.append(line)
    opening()
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _split(lines: Sequence[str]) -> list[str]:
    """Cut replies at their ends of line, for the reader."""
    found: list[str] = []
    for line in lines:
        if line.startswith("< "):
            parts = unescape(line[2:]).splitlines(keepends=True)
            found += ["< " + escape(part) for part in parts]
        else:
            found.append(line)
    return found


def main(arguments: Sequence[str]) -> int:
    """Answer the command line."""
    if len(arguments) < 2 or arguments[0] != "accept":
        print("usage: python -m tests.plays accept FILE...", file=sys.stderr)
        return 2
    for name in arguments[1:]:
        accept(Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

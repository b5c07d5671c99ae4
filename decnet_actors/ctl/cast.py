"""This module plays recordings of terminals (asciicast v2) so that they cannot drive the terminal they play on."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from attrs import frozen

from decnet_actors.ctl.cells import shown

Plain: TypeAlias = Any  # the shape of JSON

MAX_LINE = 1 << 20  # characters of one line of a recording; longer ones are passed over
SHOWN = {"o", "r", "m"}  # output, resize, marker; input is echoed by the recorded terminal itself


# SGR, bracketed paste on and off, window title (ECMA-48; xterm control sequences)
_SILENT = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?2004[hl]|\x1b\][012];[^\x07\x1b]*(?:\x07|\x1b\\)")


@frozen(kw_only=True)
class Frame:
    """One piece of output, ``wait`` seconds after the one before it."""

    wait: float
    text: str


@frozen(kw_only=True)
class Pace:
    """How to play: ``speed`` times as fast, no pause longer than ``max_idle`` seconds, none before ``start``."""

    speed: float = 1.0
    max_idle: float | None = None
    start: float = 0.0  # seconds of the recording


AS_IT_WAS = Pace()


def frames(lines: Iterable[str], pace: Pace = AS_IT_WAS) -> Iterator[Frame]:
    """Yield what was shown, with its pauses.

    Lines that are not of the format are passed over: a recording cut short by a crash still plays.
    """
    before = 0.0
    for line in lines:
        event = _event(line)
        if event is None:
            continue
        when, kind, text = event
        if kind not in SHOWN:
            continue
        wait = max(0.0, when - max(before, pace.start))
        before = max(before, when)
        if pace.max_idle is not None:
            wait = min(wait, pace.max_idle)
        yield Frame(wait=wait / pace.speed, text=text if kind == "o" else f"[{text}]" if kind == "m" else "")


def safe(text: str) -> str:
    r"""Return terminal output as lines of text that cannot act.

    ``\r\n`` ends a line and tabs stay. Colours, titles and bracketed paste, which change no text, are left out;
    everything else that could act is escaped.
    """
    parts = _SILENT.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(shown, part.removeprefix("\r").split("\t"))) for part in parts)


def _event(line: str) -> tuple[float, str, str] | None:
    if len(line) > MAX_LINE:
        return None
    try:
        event: Plain = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match event:
        case [int() | float() as when, str() as kind, str() as text] if 0 <= when < float("inf"):
            return float(when), kind, text
        case _:
            return None

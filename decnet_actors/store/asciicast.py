"""This module makes an asciicast v2 file of what crossed a terminal (asciinema's format, version 2)."""

import codecs
import json
from collections.abc import Iterable

from attrs import frozen

from decnet_actors.domain.facts import Direction, TerminalResized, TerminalSeen
from decnet_actors.domain.records import Entry

MAX_BYTES = 8 * 2**20  # of terminal data in one recording
DEFAULT_SIZE = (80, 24)


@frozen(kw_only=True)
class Recording:
    """The lines of the file, without newlines; the header is the first."""

    lines: tuple[str, ...]
    duration: float  # seconds
    truncated: bool


def record_terminal(entries: Iterable[Entry], *, title: str) -> Recording | None:
    """Return the recording of the first channel that ``entries`` (in order) have, ``None`` when they have none.

    Bytes that are not UTF-8 become U+FFFD; a character that was cut in two by a read is put together again.
    """
    decoders = {way: codecs.getincrementaldecoder("utf-8")("replace") for way in Direction}
    lines: list[str] = []
    header: dict[str, object] = {}
    channel: int | None = None
    began = duration = 0.0
    total = 0
    for entry in entries:
        fact = entry.record.fact
        if not isinstance(fact, (TerminalSeen, TerminalResized)):
            continue
        if channel is None:
            channel, began = fact.channel, entry.record.time
            header = {"version": 2, "width": DEFAULT_SIZE[0], "height": DEFAULT_SIZE[1]}
            header |= {"timestamp": int(began), "title": title}
        if fact.channel != channel:
            continue
        if isinstance(fact, TerminalResized):
            text = f"{fact.columns}x{fact.rows}"
            if not lines:
                header |= {"width": fact.columns, "height": fact.rows, "env": {"TERM": fact.term}}
                continue
            code = "r"
        else:
            total += len(fact.data)
            if total > MAX_BYTES:
                return Recording(lines=(json.dumps(header), *lines), duration=duration, truncated=True)
            text = decoders[fact.direction].decode(fact.data)
            code = "o" if fact.direction is Direction.OUT else "i"
        duration = max(duration, entry.record.time - began)
        if text:
            lines.append(json.dumps([round(duration, 6), code, text]))
    if channel is None:
        return None
    return Recording(lines=(json.dumps(header), *lines), duration=duration, truncated=False)

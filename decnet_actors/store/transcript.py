"""This module makes lines of text of what crossed terminals, which is what a search looks through.

A pure fold over facts in their order. A line may come one key a fact, so what of it came so far is kept (``Hand``)
until its end, when it is read and can be found; a later batch goes on with it. Two texts are made of a typed line: as
it stood when it was sent, and the keys in the order they were struck, in which nothing is lost that was erased.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from attrs import frozen
from msgspec import Struct

from decnet_actors.domain.facts import (
    CommandSeen,
    Direction,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    TerminalSeen,
)
from decnet_actors.domain.records import Entry
from decnet_actors.domain.text import escaped
from decnet_actors.store.search_operations import MAX_TEXT, LineKind

MAX_RAW = 2048  # bytes of one line; a longer one goes on in the next
OVERLAP = 4 * MAX_TEXT  # bytes the next one begins with again, so that nothing one can look for is cut in two
MAX_LINES = 20_000  # of one session; the journal has the rest, and a replay shows it

WRITTEN = frozenset({TerminalSeen, CommandSeen, ShellCommandSeen, SessionClosed})  # facts that change lines

_ESCAPED = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|O.|[^\[\]O])"
_SEQUENCE = re.compile(_ESCAPED, re.DOTALL)
_KEYS = re.compile(rf"{_ESCAPED}|[\x20-\x7e]+|.", re.DOTALL)  # letters in one piece, anything else key by key
_BACKSPACES = "\b\x7f"


_END = {
    LineKind.TYPED: re.compile(rb"[\r\n\x03]"),  # carriage return, line feed, Ctrl-C
    LineKind.SHOWN: re.compile(rb"\n"),
}


class LineRow(Struct, gc=False):
    """A line as it is stored; fields in the order of ``statements.LINE_COLUMNS``."""

    number: int  # 1, 2, ... in the order in which lines began
    seq: int  # of the fact it began with
    time: float  # when it began
    session: str
    channel: int
    kind: str
    text: str  # escaped
    keys: str  # escaped; empty when the text says it all
    folded: str  # lower case of both: what is searched
    open: bytes | None  # what came of a line that goes on; None: it is over


class OpenLine(Struct, gc=False):
    """A line that goes on."""

    number: int
    seq: int
    time: float
    raw: bytes


Place: TypeAlias = tuple[int, LineKind]  # channel, and which way


class Hand(Struct):
    """What is known of one session between two batches; ``write`` changes none that it is given."""

    lines: int = 0  # that it has
    open: dict[Place, OpenLine] = {}
    typed: str = ""  # the last line that was sent


@frozen
class Written:
    """What a batch adds: rows by number, the sessions' hands after it (``None``: over), and the next free number."""

    rows: Mapping[int, LineRow]
    hands: Mapping[str, Hand | None]
    number: int


def sessions_of(entries: Iterable[Entry]) -> tuple[set[str], set[str]]:
    """Return the sessions whose hands ``write`` needs for these facts, and those that begin in them."""
    opened = {entry.record.session for entry in entries if type(entry.record.fact) is SessionOpened}
    sessions = {entry.record.session for entry in entries if type(entry.record.fact) in WRITTEN} - {""}
    return sessions | opened, opened


def write(entries: Sequence[Entry], hands: Mapping[str, Hand], number: int) -> Written:
    """Return the lines that ``entries`` (in order) begin, prolong and end.

    Args:
        entries: a batch.
        hands: of the sessions that had lines before it.
        number: of the next line that begins.

    """
    pen = _Pen(hands, number)
    for entry in entries:
        fact = entry.record.fact
        if isinstance(fact, TerminalSeen):
            pen.terminal(entry, fact)
        elif isinstance(fact, ShellCommandSeen):
            pen.command(entry, escaped(fact.line[:MAX_RAW]), repeated=fact.interactive)
        elif isinstance(fact, CommandSeen):
            words = (fact.verb.encode("utf-8", "surrogateescape"), *fact.args)
            pen.command(entry, escaped(b" ".join(words)[:MAX_RAW]), repeated=False)
        elif isinstance(fact, SessionClosed):
            pen.over(entry.record.session)
    return pen.written()


class _Pen:
    """Writes one batch."""

    def __init__(self, before: Mapping[str, Hand], number: int) -> None:
        self._before = before
        self._hands: dict[str, Hand | None] = {}  # as they are now, of the sessions of this batch
        self._number = number
        self._rows: dict[int, LineRow] = {}
        self._open: dict[tuple[str, Place], None] = {}  # where a line was prolonged: each is a row once a batch

    def command(self, entry: Entry, text: str, *, repeated: bool) -> None:
        """A command ran; what was typed a moment ago is not kept twice."""
        session = entry.record.session
        hand = self._hand(session)
        if not session or not text or hand.lines >= MAX_LINES or (repeated and text == hand.typed):
            return
        line = self._begin(entry, hand)
        self._row(line, session, (0, LineKind.COMMAND), (text, ""), None)

    def terminal(self, entry: Entry, fact: TerminalSeen) -> None:
        """Bytes crossed a terminal."""
        session, data = entry.record.session, fact.data
        kind = LineKind.TYPED if fact.direction is Direction.IN else LineKind.SHOWN
        place = (fact.channel, kind)
        start = 0
        for found in _END[kind].finditer(data):
            self._prolong(entry, session, place, data[start : found.start()])
            self._end(session, place)
            start = found.end()
        if start < len(data):
            self._prolong(entry, session, place, data[start:])

    def over(self, session: str) -> None:
        """The session is over; its last lines stay as they are."""
        for place in tuple(self._hand(session).open):
            self._end(session, place)
        self._hands[session] = None

    def written(self) -> Written:
        """Return everything."""
        for session, place in self._open:
            hand = self._hands[session]
            if hand is not None and (line := hand.open.get(place)) is not None:
                self._row(line, session, place, ("", ""), line.raw)
        return Written(self._rows, self._hands, self._number)

    def _prolong(self, entry: Entry, session: str, place: Place, data: bytes) -> None:
        hand = self._hand(session)
        while data:
            line = hand.open.get(place)
            if line is None:
                if hand.lines >= MAX_LINES:
                    return
                line = hand.open[place] = self._begin(entry, hand)
            room = MAX_RAW - len(line.raw)
            line.raw += data[:room]
            data = data[room:]
            if data:
                self._end(session, place)
                data = line.raw[-OVERLAP:] + data
        self._open[session, place] = None

    def _end(self, session: str, place: Place) -> None:
        hand = self._hand(session)
        line = hand.open.pop(place, None)
        if line is not None:
            texts = _texts(place[1], line.raw)
            self._row(line, session, place, texts, None)
            if place[1] is LineKind.TYPED:
                hand.typed = texts[0]

    def _begin(self, entry: Entry, hand: Hand) -> OpenLine:
        line = OpenLine(self._number, entry.seq, entry.record.time, b"")
        self._number += 1
        hand.lines += 1
        return line

    def _row(self, line: OpenLine, session: str, place: Place, texts: tuple[str, str], rest: bytes | None) -> None:
        channel, kind = place
        text, keys = texts
        folded = f"{text}\n{keys}".lower() if keys else text.lower()
        self._rows[line.number] = LineRow(
            line.number, line.seq, line.time, session, channel, kind.value, text, keys, folded, rest
        )

    def _hand(self, session: str) -> Hand:
        hand = self._hands.get(session)
        if hand is None:
            before = self._before.get(session) or Hand()
            kept = {place: OpenLine(old.number, old.seq, old.time, old.raw) for place, old in before.open.items()}
            hand = self._hands[session] = Hand(before.lines, kept, before.typed)
        return hand


def _texts(kind: LineKind, raw: bytes) -> tuple[str, str]:
    return typed_texts(raw) if kind is LineKind.TYPED else (shown_text(raw), "")


def typed_texts(raw: bytes) -> tuple[str, str]:
    """Return a typed line as it stood at its end, and its keys in order if they were others; both escaped.

    What keys do is what a Linux terminal and Bash's line editor do with them; what the shell put there by itself
    (completion, history) only the output tells.
    """
    keys = raw.decode("utf-8", "surrogateescape")
    if keys.isprintable():
        return escaped(keys), ""
    before, behind = "", ""  # the cursor is between them
    for found in _KEYS.finditer(keys):
        key = found[0]
        before, behind = _struck(key, before, behind)
    return escaped(before + behind), escaped(keys)


def shown_text(raw: bytes) -> str:
    """Return a line that was shown without what moves and colours; escaped."""
    text = raw.decode("utf-8", "surrogateescape")
    return escaped(text if text.isprintable() else _SEQUENCE.sub("", text).replace("\r", "")).rstrip()


def _struck(key: str, before: str, behind: str) -> tuple[str, str]:
    """Return the line on both sides of the cursor after a key."""
    if key.isprintable() or "\udc80" <= key <= "\udcff":  # a byte that is no UTF-8
        return before + key, behind
    if key in _BACKSPACES:
        return before[:-1], behind
    match key:
        case "\x15":  # Ctrl-U
            return "", behind
        case "\x17":  # Ctrl-W
            return before[: before.rstrip(" ").rfind(" ") + 1], behind
        case "\x0b":  # Ctrl-K
            return before, ""
        case "\x01" | "\x1b[H" | "\x1b[1~" | "\x1bOH":  # Ctrl-A, Home
            return "", before + behind
        case "\x05" | "\x1b[F" | "\x1b[4~" | "\x1bOF":  # Ctrl-E, End
            return before + behind, ""
        case "\x02" | "\x1b[D" | "\x1bOD":  # Ctrl-B, left
            return before[:-1], before[-1:] + behind
        case "\x06" | "\x1b[C" | "\x1bOC":  # Ctrl-F, right
            return before + behind[:1], behind[1:]
        case "\x04" | "\x1b[3~":  # Ctrl-D, Delete
            return before, behind[1:]
        case _:
            return before, behind

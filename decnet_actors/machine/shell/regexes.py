"""This module searches with POSIX regular expressions, in time bounded by pattern times text, for the longest match.

It advances all ways a pattern could go on at once instead of trying one after another, so there is no pattern that
takes for ever, and a search can be interrupted. (K. Thompson, "Regular Expression Search Algorithm", 1968; groups
as in R. Pike's text editor sam.)
"""

import re
from collections.abc import Generator, Sequence
from functools import lru_cache
from typing import TypeAlias

from attrs import field, frozen

from decnet_actors.machine.shell.regex_parser import (
    Choices,
    Edge,
    Group,
    One,
    Repeat,
    Tree,
    UnsafePatternError,
    literal_of,
    parse_posix,
)
from decnet_actors.machine.shell.state import Budget
from decnet_actors.machine.shell.streams import BREATHE, Pause

MAX_FIXED = 10_000  # characters of a pattern that is plain text
MAX_CODES = 4000  # instructions of one pattern
MAX_KNOWN = 256  # characters whose membership a set remembers
MAX_STARTS = 20  # sets a match can begin with, to look for those first
CACHED = 16  # patterns; each may be MAX_CODES long
VISITS_A_STEP = 200  # instructions that cost as much as running a command does

_Groups: TypeAlias = tuple[int, ...]  # start of the match, then start and end of each group, -1 for none
_Threads: TypeAlias = list[tuple[int, _Groups]]  # places in the instructions, the preferred first
_Code: TypeAlias = "tuple[str, int, int] | tuple[str, _Set, int]"  # what to do, two places or a set


@frozen
class Found:
    """A match: where it begins and ends, and its groups."""

    text: str
    end: int
    places: _Groups

    @property
    def groups(self) -> int:
        """How many groups the pattern has."""
        return len(self.places) // 2

    def group(self, number: int) -> str | None:
        """Return a group's text; 0 is all of it."""
        if number == 0:
            return self.text[self.places[0] : self.end]
        start, end = self.places[2 * number - 1 : 2 * number + 1]
        return self.text[start:end] if 0 <= start <= end else None

    def span(self) -> tuple[int, int]:
        """Return where it matched."""
        return self.places[0], self.end


class _Set(dict[str, bool]):
    """Characters: whether one is in the set, remembered for the first of them."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        super().__init__()
        self._match = pattern.match

    def __missing__(self, char: str) -> bool:
        inside = self._match(char) is not None
        if len(self) < MAX_KNOWN:
            self[char] = inside
        return inside


@frozen
class Regex:
    """A compiled pattern."""

    codes: Sequence[_Code]
    groups: int
    literal: str | None = None  # the text it stands for, if it is nothing else
    ignore_case: bool = False
    anchored: bool = False  # it can only match at the beginning
    starts: re.Pattern[str] | None = field(default=None)  # what a match begins with

    def search(
        self, text: str, budget: Budget, start: int = 0, *, shortest: bool = False
    ) -> Generator[Pause, None, Found | None]:
        """Return the first match, the longest of those that begin there unless the ``shortest`` is wanted."""
        if self.literal is not None:
            at = self._plain(text, start)
            return None if at < 0 else Found(text, at + len(self.literal), (at,))
        threads: _Threads = []
        best: Found | None = None
        visits = 0
        at = start
        while True:
            if not threads and best is None and self.starts is not None:
                ahead = self.starts.search(text, at)
                if ahead is None:
                    break
                at = ahead.start()
            seen: set[int] = set()
            here: _Threads = []
            for place, known in threads:
                self._enter(place, known, text, at, here, seen)
            if best is None and not (self.anchored and at):
                self._enter(0, (at, *(-1,) * (2 * self.groups)), text, at, here, seen)
            visits += len(seen) + 1
            best, threads = self._read(here, text, at, best)
            if best is not None and shortest:
                break
            if at >= len(text) or (not threads and (best is not None or self.anchored)):
                break
            at += 1
            if visits >= VISITS_A_STEP:
                budget.step(visits // VISITS_A_STEP)
                visits = 0
                if budget.due:
                    yield BREATHE
        return best

    def _read(self, here: _Threads, text: str, at: int, best: Found | None) -> tuple[Found | None, _Threads]:
        """Read the character here; return the best match so far and the threads that go on."""
        char = text[at : at + 1]
        threads: _Threads = []
        for place, known in here:
            if best is not None and known[0] > best.places[0]:
                break  # those after it begin later still
            kind, chars, _ = self.codes[place]
            if kind == "end":
                if best is None or at > best.end:
                    best = Found(text, at, known)
            elif char and isinstance(chars, _Set) and chars[char]:
                threads.append((place + 1, known))
        return best, threads

    def _plain(self, text: str, start: int) -> int:
        literal = self.literal or ""
        if not self.ignore_case:
            return text.find(literal, start)
        return text.lower().find(literal.lower(), start)

    def _enter(
        self,
        place: int,
        known: _Groups,
        text: str,
        at: int,
        here: _Threads,
        seen: set[int],
    ) -> None:
        """Add every place that is reached from one without reading a character, the preferred first."""
        todo = [(place, known)]
        while todo:
            place, known = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            kind, first, second = self.codes[place]
            if kind in {"set", "end"}:
                here.append((place, known))
            elif kind == "fork" and isinstance(first, int):
                todo.append((second, known))
                todo.append((first, known))
            elif kind == "save" and isinstance(first, int):
                todo.append((place + 1, (*known[:first], at, *known[first + 1 :])))
            elif _holds(kind, text, at):
                todo.append((place + 1, known))


def _holds(edge: str, text: str, at: int) -> bool:
    if edge == "^":
        return at == 0
    if edge == "$":
        return at == len(text)
    before, after = (bool(char) and (char.isalnum() or char == "_") for char in (text[at - 1 : at], text[at : at + 1]))
    return (before != after) == (edge == "b")


@lru_cache(maxsize=CACHED)
def compile_posix(pattern: str, *, extended: bool, ignore_case: bool = False, fixed: bool = False) -> Regex:
    """Return a compiled pattern.

    Raises:
        UnsafePatternError: it is too big.
        ValueError: it is no pattern.

    """
    if fixed:
        if len(pattern) > MAX_FIXED:
            raise UnsafePatternError(pattern[:20])
        return Regex((), 0, literal=pattern, ignore_case=ignore_case)
    choices, groups = parse_posix(pattern, extended=extended)
    literal = literal_of(choices)
    if literal is not None:
        return Regex((), 0, literal=literal, ignore_case=ignore_case)
    try:
        return compile_choices(choices, groups=groups, ignore_case=ignore_case)
    except re.error as error:
        raise ValueError(str(error)) from None


def compile_choices(choices: Choices, *, groups: int = 0, ignore_case: bool = False) -> Regex:
    """Return a compiled tree.

    Raises:
        UnsafePatternError: it is too big.

    """
    compiler = _Compiler(re.IGNORECASE if ignore_case else 0)
    compiler.choices(choices)
    compiler.emit("end", 0, 0)
    return Regex(
        tuple(compiler.codes),
        groups,
        anchored=all(choice[:1] == (Edge("^"),) for choice in choices),
        starts=compiler.starts(),
    )


class _Compiler:
    """Turns a tree into instructions: ``set`` reads a character, ``fork`` goes both ways, ``save`` notes a place."""

    def __init__(self, flags: int) -> None:
        self.codes: list[_Code] = []
        self._flags = flags
        self._items = 0
        self._sets: dict[str, _Set] = {}
        self._sources: dict[int, str] = {}  # of the instructions that read

    def emit(self, kind: str, first: "int | _Set", second: int) -> int:
        if len(self.codes) >= MAX_CODES:
            raise UnsafePatternError
        self.codes.append((kind, first, second))  # type: ignore[arg-type]  # one of the two kinds
        return len(self.codes) - 1

    def choices(self, choices: Choices) -> None:
        leaving: list[int] = []
        for choice in choices[:-1]:
            fork = self.emit("fork", 0, 0)
            self.sequence(choice)
            leaving.append(self.emit("fork", 0, 0))
            self.codes[fork] = ("fork", fork + 1, len(self.codes))
        self.sequence(choices[-1])
        for place in leaving:
            self.codes[place] = ("fork", len(self.codes), len(self.codes))

    def sequence(self, items: Sequence[Tree]) -> None:
        for item in items:
            self.item(item)

    def item(self, item: Tree) -> None:
        self._items += 1
        if self._items > MAX_CODES:  # what repeats nothing makes no instructions, however often
            raise UnsafePatternError
        match item:
            case One(source=source):
                if source not in self._sets:
                    self._sets[source] = _Set(re.compile(source, self._flags))
                self._sources[self.emit("set", self._sets[source], 0)] = source
            case Edge(kind=kind):
                self.emit(kind, 0, 0)
            case Group(number=0, choices=choices):
                self.choices(choices)
            case Group(number=number, choices=choices):
                self.emit("save", 2 * number - 1, 0)
                self.choices(choices)
                self.emit("save", 2 * number, 0)
            case Repeat():
                self.repeat(item)

    def repeat(self, repeat: Repeat) -> None:
        for _ in range(repeat.least):
            self.item(repeat.item)
        if repeat.most is None:
            fork = self.emit("fork", 0, 0)
            self.item(repeat.item)
            self.emit("fork", fork, fork)
            self.codes[fork] = ("fork", fork + 1, len(self.codes))
            return
        forks: list[int] = []
        for _ in range(repeat.most - repeat.least):
            forks.append(self.emit("fork", 0, 0))
            self.item(repeat.item)
        for fork in forks:
            self.codes[fork] = ("fork", fork + 1, len(self.codes))

    def starts(self) -> re.Pattern[str] | None:
        """Return what a match begins with; ``None`` if it can be empty, or begin with too much."""
        sources: set[str] = set()
        todo, seen = [0], set[int]()
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            kind, first, second = self.codes[place]
            if kind == "end":
                return None
            if kind == "set":
                sources.add(self._sources[place])
            elif kind == "fork" and isinstance(first, int):
                todo += [first, second]
            else:
                todo.append(place + 1)
        return re.compile("|".join(sorted(sources)), self._flags) if len(sources) <= MAX_STARTS else None

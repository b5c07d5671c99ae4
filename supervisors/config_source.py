"""This module reads TOML into a tree that knows where each key and value stands.

``tomllib`` decides what is TOML and what it means; the scanner here only finds the places, so it may assume valid text.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from supervisors.config_errors import INVALID, SYNTAX, UNREADABLE, ConfigError, Place, Problem, problem_at, quote

MAX_FILE = 1 << 20  # bytes

_Steps = tuple[str | int, ...]
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[A-Za-z0-9_-]+')
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")'
    r"|'''.*?'''(?!')"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'"
    r"|\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*"  # a date and a time parted by a space
    r"|[^\s,\]}#]+",
    re.DOTALL,
)
_AT = re.compile(r"\(at line (\d+), column (\d+)\)$")


@frozen
class Node:
    """A value with its place. ``value`` is a scalar, a list of nodes, or a dict of nodes."""

    value: Any  # whatever TOML can hold
    place: Place
    key_place: Place

    def plain(self) -> Any:  # whatever TOML can hold
        """Return the value as builtins."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def leaves(self, key: str = "") -> Iterator[tuple[str, "Node"]]:
        """Yield every scalar and empty container with its dotted key."""
        if isinstance(self.value, dict) and self.value:
            for name, node in self.value.items():
                yield from node.leaves(join(key, name))
        elif isinstance(self.value, list) and any(isinstance(node.value, dict) for node in self.value):
            for index, node in enumerate(self.value):
                yield from node.leaves(f"{key}[{index}]")
        else:
            yield key, self


def join(key: str, name: str) -> str:
    """Return the dotted path of a key inside another; a name that is not a bare key is quoted."""
    part = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quote(name)
    return f"{key}.{part}" if key else part


def read_file(path: Path) -> Node:
    """Return the tree of a file.

    Raises:
        ConfigError: it cannot be read, or is not TOML.

    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise ConfigError([_whole(path, f"is larger than {MAX_FILE} bytes")])
        text = data.decode()
    except OSError as error:
        raise ConfigError([_whole(path, f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([_whole(path, f"is not UTF-8 (byte {error.start + 1})")]) from error
    return parse(text, str(path))


def parse(text: str, file: str) -> Node:
    """Return the tree of a TOML document.

    Raises:
        ConfigError: the text is not TOML.

    """
    text = text.replace("\r\n", "\n")  # as tomllib does
    lines = text.split("\n")
    try:
        data = tomllib.loads(text)
        spans = scan(text)
    except RecursionError as error:
        raise ConfigError([problem_at(Place(file), SYNTAX, "values are nested too deeply")]) from error
    except ValueError as error:
        raise ConfigError([_syntax(error, file, lines)]) from error
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return _Placer(file, lines, starts, spans).node(data, ())


def empty() -> Node:
    """Return the tree of no file at all."""
    return Node({}, Place(), Place())


def unplaced(value: Any) -> Node:  # builtins of any depth
    """Return the tree of a value that stands in no file."""
    if isinstance(value, Mapping):
        return Node({str(key): unplaced(item) for key, item in value.items()}, Place(), Place())
    if isinstance(value, list | tuple):
        return Node([unplaced(item) for item in value], Place(), Place())
    return Node(value, Place(), Place())


def merge(base: Node, over: Node) -> Node:
    """Return both trees as one: tables merge by key, arrays of tables by ``name``, anything else is replaced."""
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        merged = dict(base.value)
        for key, node in over.value.items():
            merged[key] = merge(merged[key], node) if key in merged else node
        return Node(merged, base.place if base.place.line else over.place, over.key_place)
    ours, theirs = _by_name(base), _by_name(over)
    if ours is None or theirs is None:
        return over
    for name, node in theirs.items():
        ours[name] = merge(ours[name], node) if name in ours else node
    return Node(list(ours.values()), base.place, over.key_place)


def repeated_names(node: Node, key: str = "") -> Iterator[Problem]:
    """Yield a problem for each name that stands twice in one array of tables: merging would join the two."""
    if isinstance(node.value, dict):
        for name, item in node.value.items():
            yield from repeated_names(item, join(key, name))
    elif isinstance(node.value, list):
        first: dict[str, int] = {}
        for index, item in enumerate(node.value):
            yield from repeated_names(item, f"{key}[{index}]")
            name = item.value.get("name") if isinstance(item.value, dict) else None
            if name is None or not isinstance(name.value, str):
                continue
            line = first.setdefault(name.value, name.place.line)
            if line != name.place.line:
                text = f"{quote(name.value)} is the name of another one (line {line})"
                yield problem_at(name.place, INVALID, text, key=f"{key}[{index}].name")


@frozen
class Span:
    """Offsets into the text: of the key (its last part) and of the value (a header's table: the header)."""

    key: tuple[int, int]
    value: tuple[int, int]


def scan(text: str) -> dict[_Steps, Span]:
    """Return the span of every key and list item of a valid TOML document."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: dict[_Steps, Span] = {}
        self.counts: dict[_Steps, int] = {}  # of arrays of tables

    def run(self) -> dict[_Steps, Span]:
        table: _Steps = ()
        while self.skip(_BLANK) < len(self.text):
            table = self.header() if self.text[self.at] == "[" else self.pair(table)
        return self.spans

    def skip(self, pattern: re.Pattern[str]) -> int:
        self.at = self.match(pattern).end()
        return self.at

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:  # tomllib accepted what we do not know
            raise ValueError(f"unexpected text (at offset {self.at})")
        return found

    def keys(self) -> list[tuple[str, int, int]]:
        found = []
        while True:
            self.skip(_SPACE)
            match = self.match(_KEY)
            self.at = match.end()
            raw = match.group()
            name = next(iter(tomllib.loads(f"{raw}=0"))) if raw[0] in "\"'" else raw
            found.append((name, match.start(), match.end()))
            self.skip(_SPACE)
            if self.text[self.at] != ".":
                return found
            self.at += 1

    def header(self) -> _Steps:
        start, many = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        keys = self.keys()
        self.at += 2 if many else 1
        table: _Steps = ()
        for position, (name, key_start, key_end) in enumerate(keys):
            table = (*table, name)
            self.spans.setdefault(table, Span((key_start, key_end), (start, self.at)))
            if many and position == len(keys) - 1:
                self.counts[table] = self.counts.get(table, 0) + 1
            if table in self.counts:
                table = (*table, self.counts[table] - 1)
                self.spans.setdefault(table, Span((key_start, key_end), (start, self.at)))
        return table

    def pair(self, table: _Steps) -> _Steps:
        keys, path = self.keys(), table
        self.at += 1  # =
        self.skip(_SPACE)
        start = self.at
        for name, key_start, key_end in keys:
            path = (*path, name)
            self.spans.setdefault(path, Span((key_start, key_end), (key_start, key_end)))
        self.value(path)
        self.spans[path] = Span(keys[-1][1:], (start, self.at))
        return table

    def value(self, path: _Steps) -> None:
        opening = self.text[self.at]
        if opening not in "[{":
            self.skip(_SCALAR)
            return
        self.at += 1
        index = 0
        while self.text[self.skip(_BLANK)] not in "]}":
            if self.text[self.at] == ",":
                self.at += 1
            elif opening == "{":
                self.pair(path)
            else:
                start = self.at
                self.value((*path, index))
                self.spans[*path, index] = Span((start, self.at), (start, self.at))
                index += 1
        self.at += 1


@frozen
class _Placer:
    file: str
    lines: list[str]
    starts: list[int]
    spans: dict[_Steps, Span]

    def node(self, value: Any, path: _Steps) -> Node:  # whatever TOML can hold
        span = self.spans.get(path)
        place = self.place(span.value) if span else Place(self.file)
        key_place = self.place(span.key) if span else place
        if isinstance(value, dict):
            return Node({key: self.node(item, (*path, key)) for key, item in value.items()}, place, key_place)
        if isinstance(value, list):
            return Node([self.node(item, (*path, index)) for index, item in enumerate(value)], place, key_place)
        return Node(value, place, key_place)

    def place(self, span: tuple[int, int]) -> Place:
        start, end = span
        low, high = 0, len(self.lines)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= start else (low, middle)
        source = self.lines[low]
        column = start - self.starts[low] + 1
        return Place(self.file, low + 1, column, max(1, min(end - start, len(source) - column + 1)), source)


def _by_name(node: Node) -> dict[str, Node] | None:
    if not isinstance(node.value, list):
        return None
    names: dict[str, Node] = {}
    for item in node.value:
        name = item.value.get("name") if isinstance(item.value, dict) else None
        if name is None or not isinstance(name.value, str):
            return None
        names[name.value] = item
    return names


def _whole(path: Path, text: str) -> Problem:
    return problem_at(Place(str(path)), UNREADABLE, text)


def _syntax(error: ValueError, file: str, lines: list[str]) -> Problem:
    text = str(error)
    if found := _AT.search(text):
        line, column = int(found[1]), int(found[2])
        text = text[: found.start()].rstrip()
    elif text.endswith("(at end of document)"):
        line = max(number for number, source in enumerate(lines, 1) if source or number == 1)
        column = len(lines[line - 1]) + 1
        text = text.removesuffix("(at end of document)").rstrip()
    else:
        return problem_at(Place(file), SYNTAX, text[:200])
    source = lines[line - 1] if line <= len(lines) else ""
    return problem_at(Place(file, line, column, 1, source), SYNTAX, text[0].lower() + text[1:])

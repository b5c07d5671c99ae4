"""This module reads YAML into a tree that knows where each key and value stands.

PyYAML says what the events of the text are; nothing is constructed from tags, anchors and aliases are refused (a few
lines of them stand for gigabytes), and scalars are what YAML 1.2 says: ``on`` and ``no`` are words.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # no stubs of it here

from supervisors.config_errors import INVALID, SYNTAX, UNREADABLE, ConfigError, Place, problem_at, quote
from supervisors.config_source import Node

MAX_FILE = 256 * 1024  # bytes
MAX_DEPTH = 16
MAX_NODES = 20_000

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,3})?")


def read_file(path: Path) -> Node:
    """Return the tree of a file.

    Raises:
        ConfigError: it cannot be read, or is not the YAML that is read here.

    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        text = data.decode()
    except OSError as error:
        raise _whole(path, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _whole(path, f"is not UTF-8 (byte {error.start + 1})") from error
    if len(data) > MAX_FILE:
        raise _whole(path, f"is larger than {MAX_FILE} bytes")
    return parse(text, str(path))


def parse(text: str, file: str) -> Node:
    """Return the tree of one YAML document; of an empty one a list of nothing.

    Raises:
        ConfigError: the text is not the YAML that is read here.

    """
    reader = _Reader(file, text.splitlines())
    try:
        return reader.document(yaml.parse(text, yaml.SafeLoader))
    except yaml.reader.ReaderError as error:
        raise ConfigError([problem_at(Place(file), SYNTAX, f"holds the character {error.character!r}")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = reader.place(mark) if mark is not None else Place(file)
        raise ConfigError([problem_at(place, SYNTAX, str(error.problem or error.context))]) from error


class _Reader:
    def __init__(self, file: str, lines: Sequence[str]) -> None:
        self._file = file
        self._lines = lines
        self._nodes = 0

    def document(self, events: Iterator[yaml.Event]) -> Node:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                node = self._node(event, events, 1)
                self._end(events)
                return node
        return Node([], Place(self._file), Place(self._file))

    def place(self, mark: yaml.Mark, end: yaml.Mark | None = None) -> Place:
        source = self._lines[mark.line] if mark.line < len(self._lines) else ""
        width = end.column - mark.column if end is not None and end.line == mark.line else 1
        return Place(self._file, mark.line + 1, mark.column + 1, max(1, width), source)

    def _end(self, events: Iterator[yaml.Event]) -> None:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise self._refused(event, "a file holds one document")

    def _node(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], depth: int) -> Node:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise self._refused(event, "values are nested too deeply, or too many")
        if event.anchor is not None:
            raise self._refused(event, "anchors and aliases are not read")
        if getattr(event, "tag", None) not in {None, "!"}:
            raise self._refused(event, "tags are not read")
        place = self.place(event.start_mark, event.end_mark)
        match event:
            case yaml.ScalarEvent():
                return Node(_scalar(event), place, place)
            case yaml.SequenceStartEvent():
                return Node(self._items(events, depth), place, place)
            case _:
                return Node(self._table(events, depth), place, place)

    def _items(self, events: Iterator[yaml.Event], depth: int) -> list[Node]:
        found = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self._node(event, events, depth + 1))
        return found

    def _table(self, events: Iterator[yaml.Event], depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused(event, "a key is a text")
            key = event.value
            if key in found:
                raise self._refused(event, f"the key {quote(key)} stands here twice", INVALID)
            value = self._node(next(events), events, depth + 1)
            found[key] = Node(value.value, value.place, self.place(event.start_mark, event.end_mark))
        return found

    def _refused(self, event: yaml.Event, text: str, code: str = SYNTAX) -> ConfigError:
        return ConfigError([problem_at(self.place(event.start_mark, event.end_mark), code, text)])


def _scalar(event: yaml.ScalarEvent) -> Any:  # Any: text, number or truth
    text: str = event.value
    if event.style is not None:
        return text
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _whole(path: Path, text: str) -> ConfigError:
    return ConfigError([problem_at(Place(str(path)), UNREADABLE, text)])

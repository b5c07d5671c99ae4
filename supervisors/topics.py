"""This module matches topics with patterns: dot-separated words, ``*`` for one word, ``>`` for one or more at the end.

Text that a peer chose never becomes part of a topic; it belongs in the payload.
"""

import re
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MAX_TOPIC = 255  # characters
MAX_CACHED = 4096  # topics; then the cache starts afresh

_WORD = r"[A-Za-z0-9_-]+"
_TOPIC = re.compile(rf"{_WORD}(?:\.{_WORD})*")
_PATTERN = re.compile(rf"(?:>|(?:{_WORD}|\*)(?:\.(?:{_WORD}|\*))*(?:\.>)?)")

S = TypeVar("S", bound=Hashable)


class TopicError(ValueError):
    """Not a topic, or not a pattern."""


def is_topic(text: str) -> bool:
    """Return whether the text is a topic: words of ASCII letters, digits, ``_`` and ``-``."""
    return len(text) <= MAX_TOPIC and _TOPIC.fullmatch(text) is not None


def validate_topic(topic: str) -> str:
    """Return the topic.

    Raises:
        TopicError: it is none.

    """
    if not is_topic(topic):
        raise TopicError(f"not a topic: {topic[:MAX_TOPIC]!r}")
    return topic


def validate_pattern(pattern: str) -> str:
    """Return the pattern.

    Raises:
        TopicError: it is none.

    """
    if len(pattern) > MAX_TOPIC or _PATTERN.fullmatch(pattern) is None:
        raise TopicError(f"not a pattern: {pattern[:MAX_TOPIC]!r}")
    return pattern


def root_of(topic: str) -> str:
    """Return the first word of a topic or pattern, which is what sequence numbers count by."""
    return topic.partition(".")[0]


def matches(pattern: str, topic: str) -> bool:
    """Return whether the topic matches; for one look at a time (a ``TopicTrie`` is faster for many patterns)."""
    wanted, words = pattern.split("."), topic.split(".")
    if wanted[-1] == ">":
        if len(words) < len(wanted):
            return False
        wanted.pop()
    elif len(words) != len(wanted):
        return False
    return all(want in {"*", word} for want, word in zip(wanted, words, strict=False))


def wire_topic(topic: str) -> bytes:
    """Return the first frame of a message. The dot at the end keeps ``a.b`` from being a prefix of ``a.bc``."""
    return topic.encode("ascii") + b"."


def wire_prefix(pattern: str) -> bytes:
    """Return the longest prefix that every matching ``wire_topic`` has; what it lets through must still be matched."""
    literal: list[str] = []
    for word in pattern.split("."):
        if word in {"*", ">"}:
            break
        literal.append(word)
    return b"".join(wire_topic(word) for word in literal)


class _Branch(Generic[S]):
    __slots__ = ("any", "here", "rest", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Branch[S]] = {}
        self.any: _Branch[S] | None = None  # below "*"
        self.rest: list[S] = []  # of patterns that end in ">" here
        self.here: list[S] = []

    def empty(self) -> bool:
        return not (self.words or self.any or self.rest or self.here)


class TopicTrie(Generic[S]):
    """Subscribers by pattern. ``match`` returns each of them once, however many of its patterns match."""

    def __init__(self) -> None:
        self._root: _Branch[S] = _Branch()
        self._cache: dict[str, tuple[S, ...]] = {}

    def add(self, pattern: str, subscriber: S) -> None:
        """Raise ``TopicError`` if the pattern is none."""
        branch = self._root
        for word in (words := validate_pattern(pattern).split(".")):
            match word:
                case ">":
                    break
                case "*":
                    branch.any = branch.any or _Branch()
                    branch = branch.any
                case _:
                    branch = branch.words.setdefault(word, _Branch())
        (branch.rest if words[-1] == ">" else branch.here).append(subscriber)
        self._cache.clear()

    def remove(self, pattern: str, subscriber: S) -> None:
        """Undo one ``add``; raise ``ValueError`` if there was none."""
        prune: list[Callable[[], object]] = []
        branch = self._root
        for word in (words := pattern.split(".")):
            if word == ">":
                break
            below = branch.any if word == "*" else branch.words.get(word)
            if below is None:
                raise ValueError(f"nobody subscribed to {pattern!r}")
            prune.append(_pruner(branch, word, below))
            branch = below
        (branch.rest if words[-1] == ">" else branch.here).remove(subscriber)
        for step in reversed(prune):
            step()
        self._cache.clear()

    def match(self, topic: str) -> tuple[S, ...]:
        """Return who subscribed to a topic, in no particular order; raise ``TopicError`` if it is none."""
        found = self._cache.get(topic)
        if found is None:
            found = self._search(validate_topic(topic))
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            self._cache[topic] = found
        return found

    def _search(self, topic: str) -> tuple[S, ...]:
        out: list[S] = []
        level = [self._root]
        for word in topic.split("."):
            below = []
            for branch in level:
                out += branch.rest
                if (literal := branch.words.get(word)) is not None:
                    below.append(literal)
                if branch.any is not None:
                    below.append(branch.any)
            level = below
        for branch in level:
            out += branch.here
        return tuple(dict.fromkeys(out))


def _pruner(above: _Branch[S], word: str, below: _Branch[S]) -> Callable[[], object]:
    def prune() -> None:
        if not below.empty():
            return
        if word == "*":
            above.any = None
        else:
            del above.words[word]

    return prune

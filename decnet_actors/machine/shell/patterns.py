"""This module matches glob patterns, in time bounded by pattern times text, and finds the paths they name."""

import re
import stat
from collections.abc import Callable, Sequence
from functools import lru_cache

from decnet_actors.contracts.machine import FileSystem

MAX_PATTERN = 2000  # characters
MAX_TRIED = 1000  # characters a star is tried on
MAX_PATHS = 5000  # names one pattern gives
_MAGIC = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CLASSES: dict[str, Callable[[str], bool]] = {
    "alpha": str.isalpha, "digit": str.isdigit, "alnum": str.isalnum, "space": str.isspace, "upper": str.isupper,
    "lower": str.islower, "punct": lambda c: c.isprintable() and not c.isalnum() and c != " ",
    "blank": lambda c: c in " \t", "xdigit": lambda c: c in "0123456789abcdefABCDEF", "print": str.isprintable,
    "cntrl": lambda c: not c.isprintable(), "graph": lambda c: c.isprintable() and c != " ",
}  # fmt: skip

_Set = tuple[bool, frozenset[str], tuple[tuple[str, str], ...], tuple[str, ...]]
_Item = str | _Set | None  # a character, a set; "*" as None


def has_magic(pattern: str) -> bool:
    """Return whether a pattern (backslash quotes) holds a live wildcard."""
    return _MAGIC.search(_ESCAPED.sub("", pattern)) is not None


def unescaped(pattern: str) -> str:
    """Return a pattern without wildcards as the text it stands for."""
    return _ESCAPED.sub(r"\1", pattern)


def matches(pattern: str, text: str) -> bool:
    """Return whether the pattern covers the whole text."""
    return _covers(_compiled(pattern[:MAX_PATTERN]), text)


def longest(pattern: str) -> int:
    """Return how many characters the pattern can cover; with a star, how many are tried."""
    items = _compiled(pattern[:MAX_PATTERN])
    return MAX_TRIED if None in items else max(len(items), 1)


def prefix_lengths(pattern: str, text: str) -> list[int]:
    """Return every length of a prefix of the text that the pattern covers, ascending."""
    items = _compiled(pattern[:MAX_PATTERN])
    states = {0}
    out: list[int] = []
    for at in range(len(text) + 1):
        states = _closed(items, states)
        if len(items) in states:
            out.append(at)
        if at == len(text) or not states:
            break
        states = {
            place if items[place] is None else place + 1
            for place in states
            if place < len(items) and (items[place] is None or _is(items[place], text[at]))
        }
    return out


def _closed(items: Sequence[_Item | str], states: set[int]) -> set[int]:
    out = set(states)
    for place in states:
        here = place
        while here < len(items) and items[here] is None:
            here += 1
            out.add(here)
    return out


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[_Item, ...]:
    items: list[_Item] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "\\" and at < len(pattern):
            items.append(pattern[at])
            at += 1
        elif char == "*":
            if not items or items[-1] is not None:
                items.append(None)
        elif char == "?":
            items.append((True, frozenset(), (), ()))
        elif char == "[" and (found := _set(pattern, at)) is not None:
            items.append(found[0])
            at = found[1]
        else:
            items.append(char)
    return tuple(items)


def _set(pattern: str, at: int) -> tuple[_Set, int] | None:
    negated = pattern[at : at + 1] in {"!", "^"} and pattern[at : at + 1] != ""
    at += negated
    singles: set[str] = set()
    ranges: list[tuple[str, str]] = []
    classes: list[str] = []
    first = True
    while at < len(pattern):
        char = pattern[at]
        if char == "]" and not first:
            return (negated, frozenset(singles), tuple(ranges), tuple(classes)), at + 1
        first = False
        if char == "[" and (found := re.compile(r"\[:(\w+):\]").match(pattern, at)):
            classes.append(found[1])
            at = found.end()
            continue
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            char = pattern[at]
        if pattern[at + 1 : at + 2] == "-" and pattern[at + 2 : at + 3] not in {"]", ""}:
            ranges.append((char, pattern[at + 2]))
            at += 3
        else:
            singles.add(char)
            at += 1
    return None


def _is(item: _Item, char: str) -> bool:
    if item is None:
        return True
    if isinstance(item, str):
        return item == char
    negated, singles, ranges, classes = item
    inside = (
        char in singles
        or any(low <= char <= high for low, high in ranges)
        or any(_CLASSES[name](char) for name in classes if name in _CLASSES)
    )
    return inside != negated


def _covers(items: tuple[_Item, ...], text: str) -> bool:
    place = at = 0
    star = mark = -1
    while at < len(text):
        if place < len(items) and items[place] is not None and _is(items[place], text[at]):
            place += 1
            at += 1
        elif place < len(items) and items[place] is None:
            star, mark = place, at
            place += 1
        elif star >= 0:
            mark += 1
            place, at = star + 1, mark
        else:
            return False
    while place < len(items) and items[place] is None:
        place += 1
    return place == len(items)


def paths(pattern: str, files: FileSystem, *, cwd: str, uid: int, dots: bool = False) -> list[str]:
    """Return the paths a pattern names, sorted; none if it names none."""
    absolute = pattern.startswith("/")
    parts = [part for part in re.split(r"/+", pattern) if part]
    found = ["/"] if absolute else [""]
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        following: list[str] = []
        for base in found:
            if not has_magic(part):
                candidate = base + unescaped(part)
                if _exists(files, candidate, cwd, uid, directory=not last):
                    following.append(candidate if last else f"{candidate}/")
                continue
            try:
                names = files.list(files.resolve(base or ".", cwd=cwd), uid=uid)
            except OSError:
                continue
            for name in names:
                if name.startswith(".") and not (part.startswith(".") or dots):
                    continue
                if matches(part, name):
                    candidate = base + name
                    if last or _exists(files, candidate, cwd, uid, directory=True):
                        following.append(candidate if last else f"{candidate}/")
            if len(following) > MAX_PATHS:
                break
        found = following[:MAX_PATHS]
    if pattern.endswith("/"):
        found = [f"{path}/" for path in found if _exists(files, path, cwd, uid, directory=True)]
    return sorted(found, key=_collation)


def _collation(path: str) -> tuple[str, str]:
    """Return a key near a UTF-8 locale's order: punctuation and case last."""
    return "".join(char for char in path.lower() if char.isalnum()), path.swapcase()


def _exists(files: FileSystem, path: str, cwd: str, uid: int, *, directory: bool) -> bool:
    try:
        found = files.stat(files.resolve(path, cwd=cwd), follow=directory, uid=uid)
    except OSError:
        return False
    return not directory or stat.S_ISDIR(found.mode)

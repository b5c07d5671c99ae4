"""This module matches glob patterns, in time bounded by pattern times text, and finds the paths they name."""

import re
import stat
from collections.abc import Callable, Generator, Sequence
from functools import lru_cache
from typing import Any

from attrs import frozen

from decnet_actors.contracts.machine import FileSystem
from decnet_actors.machine.shell.ordering import locale_key, ordered
from decnet_actors.machine.shell.regex_parser import CLASSES, NAMED, Edge, One, Repeat, Tree, one
from decnet_actors.machine.shell.regexes import Regex, compile_choices
from decnet_actors.machine.shell.state import Budget
from decnet_actors.machine.shell.streams import BREATHE, Pause

MAX_PATTERN = 2000  # characters
MAX_TRIED = 4_000_000  # places of a text times places of a piece that are compared
CACHED = 16  # patterns
MAX_PATHS = 5000  # names one pattern gives
_MAGIC = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
ANY = One("(?s:.)")
NONE = r"[^\s\S]"  # no character at all


def has_magic(pattern: str) -> bool:
    """Return whether a pattern (backslash quotes) holds a live wildcard."""
    return _MAGIC.search(_ESCAPED.sub("", pattern)) is not None


def unescaped(pattern: str) -> str:
    """Return a pattern without wildcards as the text it stands for."""
    return _ESCAPED.sub(r"\1", pattern)


def matches(pattern: str, text: str) -> bool:
    """Return whether the pattern covers the whole text."""
    pieces = _pieces(pattern[:MAX_PATTERN])
    first, last = pieces[0], pieces[-1]
    at, end = first.size, len(text) - last.size
    if len(pieces) == 1:
        return len(text) == first.size and first.fits(text, 0)
    if at > end or not first.fits(text, 0) or not last.fits(text, end):
        return False
    for piece in pieces[1:-1]:
        found = piece.find(text, at, end)
        if found < 0:
            return False
        at = found + piece.size
    return True


def prefix(pattern: str) -> Regex:
    """Return the search for what the pattern covers at the beginning of a text."""
    return _compiled(pattern, before="^")


def suffix(pattern: str) -> Regex:
    """Return the search for the longest end of a text that the pattern covers."""
    return _compiled(pattern, after="$")


def mirrored(pattern: str) -> Regex:
    """Return the search for an end of a text, at the beginning of the text in reverse."""
    return _compiled(pattern, before="^", reverse=True)


def anywhere(pattern: str) -> Regex:
    """Return the search for what the pattern covers."""
    return _compiled(pattern)


@lru_cache(maxsize=CACHED)
def _compiled(pattern: str, *, before: str = "", after: str = "", reverse: bool = False) -> Regex:
    items: list[Tree] = [Repeat(ANY, 0, None) if item is None else item for item in _items(pattern[:MAX_PATTERN])]
    if reverse:
        items.reverse()
    head, tail = ([Edge(edge)] if edge else [] for edge in (before, after))
    return compile_choices(((*head, *items, *tail),))


@frozen
class _Piece:
    """What stands between two stars: text, or sets of characters one after another."""

    items: tuple[One, ...]
    size: int
    text: str | None
    regex: re.Pattern[str] | None

    def fits(self, text: str, at: int) -> bool:
        if self.regex is None:
            return text.startswith(self.text or "", at)
        return self.regex.match(text, at) is not None

    def find(self, text: str, at: int, end: int) -> int:
        """Return where the piece is found first, -1 without one or when the search would be long."""
        if self.regex is None:
            return text.find(self.text or "", at, end)
        if (end - at) * self.size > MAX_TRIED:
            return -1
        found = self.regex.search(text, at, end)
        return -1 if found is None else found.start()


@lru_cache(maxsize=CACHED)
def _pieces(pattern: str) -> tuple[_Piece, ...]:
    out: list[_Piece] = []
    run: list[One] = []
    for item in (*_items(pattern), None):
        if item is not None:
            run.append(item)
            continue
        plain = all(one.text for one in run)
        regex = None if plain else re.compile("".join(one.source for one in run))
        out.append(_Piece(tuple(run), len(run), "".join(one.text for one in run) if plain else None, regex))
        run = []
    return tuple(out)


def _items(pattern: str) -> Sequence[One | None]:
    """Return what a pattern covers, character by character; a star as ``None``."""
    items: list[One | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "\\" and at < len(pattern):
            items.append(one(pattern[at]))
            at += 1
        elif char == "*":
            if not items or items[-1] is not None:
                items.append(None)
        elif char == "?":
            items.append(ANY)
        elif char == "[" and (found := _set(pattern, at)) is not None:
            items.append(found[0])
            at = found[1]
        else:
            items.append(one(char))
    return items


def _set(pattern: str, at: int) -> tuple[One, int] | None:
    """Return the set that begins here and where it ends, ``None`` if it does not."""
    negated = pattern.startswith(("!", "^"), at)
    at += negated
    members: list[str] = []
    first = True
    while at < len(pattern):
        char = pattern[at]
        if char == "]" and not first:
            return One(f"[{'^' if negated else ''}{''.join(members)}]" if members else NONE), at + 1
        first = False
        if char == "[" and (found := NAMED.match(pattern, at)):
            members.append(CLASSES.get(found[1], ""))
            at = found.end()
            continue
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            char = pattern[at]
        at += 1
        if pattern.startswith("-", at) and pattern[at + 1 : at + 2] not in {"]", ""}:
            high = pattern[at + 1]
            at += 2
            members.append(f"{re.escape(char)}-{re.escape(high)}" if char <= high else "")
        else:
            members.append(re.escape(char))
    return None


@frozen(kw_only=True)
class Look:
    """How names are looked for: the shell's options, and the order they come in."""

    dots: bool = False
    deep: bool = False
    ignore_case: bool = False
    collation: Callable[[str], Any] = locale_key  # Any: whatever compares with its like


def paths(
    pattern: str,
    files: FileSystem,
    budget: Budget,
    *,
    cwd: str,
    uid: int,
    look: Look = Look(),
) -> Generator[Pause, None, list[str]]:
    """Return the paths a pattern names, sorted; none if it names none."""
    absolute = pattern.startswith("/")
    parts = [part for part in re.split(r"/+", pattern) if part]
    found = ["/"] if absolute else [""]
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        following: list[str] = []
        for base in found:
            budget.step()
            if budget.due:
                yield BREATHE
            if part == "**" and look.deep:
                following.extend((yield from _below(base, files, budget, look, cwd=cwd, uid=uid, everything=last)))
                continue
            if not has_magic(part):
                candidate = base + unescaped(part)
                if _exists(files, candidate, cwd, uid, directory=not last):
                    following.append(candidate if last else f"{candidate}/")
                continue
            for name in _names(files, base, cwd, uid):
                if budget.due:
                    yield BREATHE
                candidate = base + name
                if _chosen(part, name, look) and (last or _exists(files, candidate, cwd, uid, directory=True)):
                    following.append(candidate if last else f"{candidate}/")
            if len(following) > MAX_PATHS:
                break
        found = following[:MAX_PATHS]
    if pattern.endswith("/"):
        found = [f"{path}/" for path in found if _exists(files, path, cwd, uid, directory=True)]
    return (yield from ordered(found, look.collation, budget))


def _names(files: FileSystem, base: str, cwd: str, uid: int) -> Sequence[str]:
    try:
        return files.list(files.resolve(base or ".", cwd=cwd), uid=uid)
    except OSError:
        return ()


def _chosen(part: str, name: str, look: Look) -> bool:
    if name.startswith(".") and not (part.startswith(".") or look.dots):
        return False
    return matches(part.lower(), name.lower()) if look.ignore_case else matches(part, name)


def _below(
    base: str, files: FileSystem, budget: Budget, look: Look, *, cwd: str, uid: int, everything: bool
) -> Generator[Pause, None, list[str]]:
    """Return what ``**`` names below a folder: all folders with their slash, or every path at the end of a pattern."""
    out = [] if everything else [base]
    todo = [base]
    while todo and len(out) < MAX_PATHS:
        here = todo.pop()
        budget.step()
        if budget.due:
            yield BREATHE
        try:
            names = files.list(files.resolve(here or ".", cwd=cwd), uid=uid)
        except OSError:
            continue
        for name in names:
            if name.startswith(".") and not look.dots:
                continue
            try:
                found = files.stat(files.resolve(here + name, cwd=cwd), follow=False, uid=uid)
            except OSError:
                continue
            is_dir = stat.S_ISDIR(found.mode)
            if everything:
                out.append(here + name)
            elif is_dir:
                out.append(f"{here}{name}/")
            if is_dir:
                todo.append(f"{here}{name}/")
    return out


def _exists(files: FileSystem, path: str, cwd: str, uid: int, *, directory: bool) -> bool:
    try:
        found = files.stat(files.resolve(path, cwd=cwd), follow=directory, uid=uid)
    except OSError:
        return False
    return not directory or stat.S_ISDIR(found.mode)

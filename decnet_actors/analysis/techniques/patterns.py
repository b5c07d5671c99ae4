"""This module keeps patterns cheap, whoever wrote them: expressions of rules, and wildcards that peers typed.

Python's expressions backtrack. How often one can is known before it runs: the ways it can divide a text among its
repeats and alternatives, times the places it can begin at. A rule whose expression has too many does not load. The
standard library has no other engine, and RE2 would be one more compiled dependency for some twenty expressions.
"""

import re
from collections.abc import Sequence
from re import _constants as ops  # type: ignore[attr-defined]  # no public name tells what an expression is made of
from re import _parser as parser  # type: ignore[attr-defined]  # as above
from typing import Any

MAX_TEXT = 2048  # characters an expression looks at
MAX_EXPRESSION = 500  # characters of one
MAX_WAYS = 2 * MAX_TEXT**2  # one unbounded repeat, begun anywhere
MAX_TIMES = 40  # of a repeat with several ways inside: two of them forty times are too many by far
MAX_WILD = 256  # characters of a wildcard that are looked at

_REPEATS = {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}
_SINGLE = {ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN, ops.CATEGORY}


def compiled(expression: str) -> re.Pattern[str]:
    """Return an expression that no text of ``MAX_TEXT`` characters makes slow.

    Raises:
        ValueError: it is none, or one that could be slow.

    """
    if len(expression) > MAX_EXPRESSION:
        raise ValueError(f"an expression has {MAX_EXPRESSION} characters at most")
    try:
        tree = parser.parse(expression)
        found = re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    anchored = bool(tree.data) and tree.data[0] in [(ops.AT, ops.AT_BEGINNING), (ops.AT, ops.AT_BEGINNING_STRING)]
    if _ways(tree) * (1 if anchored else MAX_TEXT) > MAX_WAYS:
        raise ValueError(
            "could be slow: it may have one unbounded repeat (* or +) of a single character, and no repeat inside "
            "another; begin it with ^, or give repeats an upper bound such as {0,20}"
        )
    return found


def holds(pattern: re.Pattern[str], text: str) -> bool:
    """Return whether a compiled expression is found in the head of a text."""
    return pattern.search(text, 0, MAX_TEXT) is not None


def _ways(items: Any) -> int:  # Any: what the parser makes
    """Return a bound of the ways in which a sequence of items can match at one place."""
    ways = 1
    for kind, value in items:
        ways = min(ways * _ways_of(kind, value), MAX_WAYS + 1)
    return ways


def _ways_of(kind: Any, value: Any) -> int:  # Any: as above
    if kind in _SINGLE or kind is ops.AT:
        return 1
    if kind in _REPEATS:
        least, most, inner = int(value[0]), min(int(value[1]), MAX_TEXT), value[2]
        each = _ways(inner)
        if each == 1:
            return most - least + 1
        ways: int = sum(each**count for count in range(least, min(most, MAX_TIMES) + 1))
        return min(ways, MAX_WAYS + 1)
    if kind is ops.SUBPATTERN:
        return _ways(value[-1])
    if kind is ops.BRANCH:
        return sum(map(_ways, value[1]))
    return MAX_WAYS + 1  # references back and looks around


class Wild(str):
    """A word with wildcards, which the shell would have replaced by the names of files that fit."""

    __slots__ = ()


def fits(wild: str, name: str) -> bool:
    """Return whether a shell's wildcard stands for a name; takes the product of their lengths at most."""
    parts = _parts(wild[:MAX_WILD])
    at = begun = 0
    star = -1
    position = 0
    while position < len(name):
        if at < len(parts) and parts[at] is None:
            star, begun = at, position
            at += 1
        elif at < len(parts) and _one(parts[at], name[position]):
            at += 1
            position += 1
        elif star >= 0:
            begun += 1
            at, position = star + 1, begun
        else:
            return False
    return all(part is None for part in parts[at:])


def _one(part: str | None, character: str) -> bool:
    return part is not None and (part == "" or (character not in part[1:] if part[0] == "!" else character in part[1:]))


def _parts(wild: str) -> Sequence[str | None]:
    """Return what each character may be: None any number of them, "" any, "=" and the ones or "!" and all others."""
    found: list[str | None] = []
    at = 0
    while at < len(wild):
        character = wild[at]
        end = wild.find("]", at + 2) if character == "[" else -1
        if character == "*":
            found.append(None)
        elif character == "?":
            found.append("")
        elif end > 0:
            found.append(_set(wild[at + 1 : end]))
            at = end
        else:
            found.append(f"={character}")
        at += 1
    return found


def _set(inside: str) -> str:
    sign = "!" if inside[0] in "!^" and len(inside) > 1 else "="
    members = inside[1:] if sign == "!" else inside
    for low, high in re.findall(r"(.)-(.)", members, re.DOTALL):
        members += "".join(map(chr, range(ord(low), min(ord(high), ord(low) + 100) + 1)))
    return sign + members

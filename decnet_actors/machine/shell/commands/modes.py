"""This module reads file modes, octal and symbolic."""

import re

ALL_BITS = 0o7777

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_ACTION = re.compile(r"([-+=])([rwxXst]*|[ugo])")
_SHIFT = {"u": 6, "g": 3, "o": 0}


class BadModeError(ValueError):
    """The mode cannot be read."""


def changed_mode(text: str, before: int, *, umask: int, directory: bool) -> int:
    """Return the permission bits after applying a mode (``755``, ``u+x,go-w``).

    Raises:
        BadModeError: it is no mode.

    """
    if re.fullmatch(r"[0-7]{1,5}", text):
        number = int(text, 8)
        if number > ALL_BITS:
            raise BadModeError(text)
        return number
    bits = before & 0o7777
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise BadModeError(text)
        who = found[1] or "a"
        masked = 0 if found[1] else umask
        for operator, letters in _ACTION.findall(found[2]):
            bits = _apply(bits, who.replace("a", "ugo"), operator, letters, masked, directory=directory)
    return bits


def _apply(bits: int, who: str, operator: str, letters: str, masked: int, *, directory: bool) -> int:
    value = 0
    clear = 0
    for person in set(who):
        shift = _SHIFT[person]
        clear |= 7 << shift
        if letters in _SHIFT:
            value |= (bits >> _SHIFT[letters] & 7) << shift
            continue
        for letter in letters:
            if letter in "rwx":
                value |= {"r": 4, "w": 2, "x": 1}[letter] << shift
            elif letter == "X" and (directory or bits & 0o111):
                value |= 1 << shift
            elif letter == "s" and person in "ug":
                value |= 0o4000 if person == "u" else 0o2000
    if "t" in letters:
        value |= 0o1000
    value &= ~masked
    if operator == "+":
        return bits | value
    if operator == "-":
        return bits & ~value
    return bits & ~clear | value

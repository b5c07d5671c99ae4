"""This module holds what awk computes with: numbers, texts, texts that may be numbers, and their printed form."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from decnet_actors.machine.shell.words import byte_text

MAX_WIDTH = 10_000  # characters a format pads to
MAX_INT = (1 << 31) - 1  # what mawk prints as a whole number
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?)")
_DIRECTIVE = re.compile(r"%([-+ #0]{0,5})(\*|\d{0,9})(?:\.(\*|\d{0,9}))?[hlL]{0,2}([a-zA-Z%])")


class Input(str):
    """Text that came from outside: where it looks like a number it compares as one."""

    __slots__ = ()


class Unset(Input):
    """What a variable is before it is set: nothing, and zero."""

    __slots__ = ()


UNSET = Unset()
Value: TypeAlias = "float | str"


def number(value: Value) -> float:
    """Return a value as a number: what its text begins with."""
    if isinstance(value, float):
        return value
    found = _NUMBER.match(value[:400])
    return float(found[1]) if found else 0.0


def text(value: Value, layout: str = "%.6g") -> str:
    """Return a value as text."""
    if isinstance(value, str):
        return value
    if math.isfinite(value) and value == int(value) and abs(value) <= MAX_INT:
        return str(int(value))
    if not math.isfinite(value):
        return ("-" if math.copysign(1, value) < 0 else "") + ("nan" if math.isnan(value) else "inf")
    return formatted(layout, [value])


def whole(value: Value) -> int:
    """Return a value as a whole number; what is none, or too large, as one that is in nobody's way."""
    found = number(value)
    return 0 if found != found else int(max(min(found, MAX_INT), -MAX_INT))  # noqa: PLR0124  not a number


def truth(value: Value) -> bool:
    """Return whether a condition holds."""
    if isinstance(value, float):
        return value != 0
    return bool(number(value)) if numeric(value) else bool(value)


def numeric(value: Value) -> bool:
    """Return whether a value compares as a number."""
    if isinstance(value, float):
        return True
    if not isinstance(value, Input):
        return False
    found = _NUMBER.match(value[:400])
    return isinstance(value, Unset) or (found is not None and not value[found.end() :].strip())


def compare(operator: str, left: Value, right: Value) -> bool:
    """Return whether a comparison holds."""
    if numeric(left) and numeric(right):
        return _order(operator, number(left), number(right))
    return _order(operator, text(left), text(right))


def _order(operator: str, a: Value, b: Value) -> bool:
    match operator:
        case "==":
            return a == b
        case "!=":
            return a != b
        case "<":
            return a < b  # type: ignore[operator]  # both are of one kind
        case "<=":
            return a <= b  # type: ignore[operator]  # both are of one kind
        case ">":
            return a > b  # type: ignore[operator]  # both are of one kind
        case _:
            return a >= b  # type: ignore[operator]  # both are of one kind


def compute(operator: str, a: float, b: float) -> float:
    """Return the result of an operator.

    Raises:
        ZeroDivisionError: as it says.

    """
    try:
        match operator:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return math.copysign(math.inf, a) if not b and a else math.nan if not b else a / b
            case "%":
                return math.fmod(a, b) if b else math.nan
            case _:
                raised = a**b
                return raised if isinstance(raised, float) else math.nan
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        return math.nan


def formatted(layout: str, values: Sequence[Value]) -> str:
    """Return what ``printf`` writes."""
    left = iter(values)
    return _DIRECTIVE.sub(lambda found: _directive(found, left), layout)


def _directive(found: re.Match[str], left: Iterator[Value]) -> str:
    flags, width, precision, letter = found[1], found[2], found[3], found[4]
    if letter == "%":
        return "%"
    if width == "*":
        size = whole(next(left, 0.0))
        flags, width = flags + ("-" if size < 0 else ""), str(abs(size))
    if precision == "*":
        precision = str(max(whole(next(left, 0.0)), 0))
    value = next(left, UNSET)
    wide = min(int(width or 0), MAX_WIDTH)
    places = None if precision is None else min(int(precision or 0), MAX_WIDTH)
    if letter == "s":
        shown = text(value)[:places]
    elif letter == "c":
        shown = byte_text(whole(value) & 0xFF) if isinstance(value, float) else text(value)[:1]
    else:
        return _numeral(flags.replace("#", "#" if letter in "oxXeEfgG" else ""), wide, places, letter, number(value))
    return shown.ljust(wide) if "-" in flags else shown.rjust(wide)


def _numeral(flags: str, wide: int, places: int | None, letter: str, value: float) -> str:
    if not math.isfinite(value):
        return text(value).rjust(wide)
    point = "" if places is None else f".{min(places, 300)}"
    if letter in "diouxX":
        kind = "d" if letter in "iu" else letter
        return f"%{flags}{wide or ''}{point}{kind}" % int(value)
    if letter in "eEfFgG":
        return f"%{flags}{wide or ''}{point}{letter}" % value
    return f"%{letter}"

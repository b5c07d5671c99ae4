"""This module turns what a surface received (query strings, CLI words, msgpack) into an operation's argument class.

All problems of one call are reported together, each under its JSON pointer.
"""

import collections.abc
import difflib
import enum
import math
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import attrs
import msgspec

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.domain.text import escaped

A = TypeVar("A")

MAX_PROBLEMS = 50  # reported for one call
MAX_TEXT = 80  # characters of a caller's own text repeated in a message
MAX_DEPTH = 32  # of nested values looked into
MAX_INTEGER = 2**63 - 1  # what msgpack, JSON readers and databases hold

_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_PATH_PART = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[^\]]*)\]")
_SEQUENCES = (tuple, list, set, frozenset, collections.abc.Sequence)


def structure(cls: type[A], raw: Any, *, operation: str) -> A:  # Any: builtins from outside
    """Return an instance of the attrs class ``cls`` made of ``raw``.

    Text is read as the number, boolean, ``null``, enum member or comma-separated sequence the field's type asks for.

    Raises:
        OperatorError: DN5001 with every problem as ``/pointer: text``.

    """
    fields = {field.name: field for field in attrs.fields(typing.cast("type[attrs.AttrsInstance]", cls))}
    hints = typing.get_type_hints(cls)
    problems = [] if isinstance(raw, Mapping) else ["/: must be an object with the arguments by name"]
    raw = {} if problems else raw
    problems += _unknown_keys(cls, raw, "")
    values: dict[str, Any] = {}  # Any: as ``raw``
    for name, field in fields.items():
        if name in raw:
            value, wrong = _convert(raw[name], hints[name], f"/{name}")
            problems += wrong
            if not wrong:
                values[name] = value
        elif field.default is attrs.NOTHING:
            problems.append(f"/{name}: is required")
    if not problems:
        problems += _refused_by_validators(cls, fields, values)
    if not problems:
        try:
            return cls(**values)
        except (ValueError, TypeError) as error:  # from __attrs_post_init__
            problems.append(f"/: {_text_of(error)}")
    first = problems[0] if len(problems) == 1 else f"{len(problems)} problems"
    raise OperatorError(
        CATALOGUE["DN5001"],
        f"{operation}: {first}",
        fix=(f"decnetctl {operation.replace('.', ' ', 1)} --help",),
        errors=problems[:MAX_PROBLEMS],
    )


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return `` (did you mean "x"?)``, or nothing when no known name is near."""
    near = difflib.get_close_matches(str(word)[:MAX_TEXT], list(known), n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def _convert(value: object, hint: Any, pointer: str) -> tuple[Any, list[str]]:  # Any: a type form, and its value
    """Return the value and the problems with it; the value means nothing when there are problems."""
    options = _options(hint)
    if isinstance(value, str):
        value, problem = _from_text(value, options)
        if problem:
            return None, [f"{pointer}: {problem}"]
    problems = list(_unknown_inside(value, options, pointer, 0))
    if problems:
        return None, problems
    try:
        converted = msgspec.convert(value, hint, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
        return None, [_located(error, pointer)]
    if isinstance(converted, float) and not math.isfinite(converted):
        return None, [f"{pointer}: must be a finite number"]
    if isinstance(converted, int) and abs(converted) > MAX_INTEGER:
        return None, [f"{pointer}: is out of range"]
    return converted, []


def _from_text(text: str, options: tuple[Any, ...]) -> tuple[object, str]:  # Any: type forms
    """Return what ``text`` stands for, and what is wrong with it (empty when nothing is)."""
    if str in options:
        return text, ""
    if type(None) in options and text in {"", "null"}:
        return None, ""
    for option in options:
        if isinstance(option, type) and issubclass(option, enum.Enum):
            known = [str(member.value) for member in option]
            if text in known:
                return text, ""
            hint = did_you_mean(text, known)
            return None, f'"{escaped(text, MAX_TEXT)}" is not one of {", ".join(known)}{hint}'
        if (typing.get_origin(option) or option) in _SEQUENCES:
            return [part for part in text.split(",") if part], ""
    return text, ""


def _options(hint: Any) -> tuple[Any, ...]:  # Any: type forms
    """Return the members of a union, or the one type."""
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return typing.get_args(hint)
    return (hint,)


def _unknown_keys(cls: type, raw: Mapping[Any, Any], pointer: str) -> Iterator[str]:  # Any: builtins from outside
    known = [field.name for field in attrs.fields(cls)]
    for key in raw:
        if key not in known:
            yield f"{pointer}/{escaped(str(key), MAX_TEXT)}: is not an argument{did_you_mean(key, known)}"


def _unknown_inside(value: object, options: tuple[Any, ...], pointer: str, depth: int) -> Iterator[str]:
    """Look for keys nothing reads in nested argument classes, which msgspec would pass over."""
    if depth > MAX_DEPTH:
        yield f"{pointer}: is nested too deeply"
        return
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        yield f"{pointer}: is out of range"
        return
    for option in options:
        origin, inner = typing.get_origin(option), typing.get_args(option)
        if isinstance(value, Mapping) and isinstance(option, type) and attrs.has(option):
            yield from _unknown_keys(option, value, pointer)
            hints = typing.get_type_hints(option)
            for name, item in value.items():
                if name in hints:
                    yield from _unknown_inside(item, _options(hints[name]), f"{pointer}/{name}", depth + 1)
        elif isinstance(value, list | tuple) and origin in _SEQUENCES and inner:
            for index, item in enumerate(value):
                yield from _unknown_inside(item, _options(inner[0]), f"{pointer}/{index}", depth + 1)


def _refused_by_validators(
    cls: type[A],
    fields: Mapping[str, "attrs.Attribute[Any]"],
    values: Mapping[str, Any],  # Any: values of many types
) -> Iterator[str]:
    """Run every validator, not only up to the first that refuses, on an instance nobody else sees."""
    probe = cls.__new__(cls)
    for name, field in fields.items():
        if name in values:
            object.__setattr__(probe, name, values[name])
        elif not isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # a class, typed as a function
            object.__setattr__(probe, name, field.default)
    for name, field in fields.items():
        if name in values and field.validator is not None:
            try:
                field.validator(probe, field, values[name])
            except (ValueError, TypeError) as error:
                yield f"/{name}: {_text_of(error)}"


def _text_of(error: Exception) -> str:
    return escaped(str(error.args[0]) if error.args else type(error).__name__, 4 * MAX_TEXT)


def _located(error: Exception, pointer: str) -> str:
    text = str(error.args[0]) if error.args and isinstance(error, msgspec.ValidationError) else "is out of range"
    place = _PATH.search(text)
    if place is not None:
        text = text[: place.start()]
        for part in _PATH_PART.finditer(place["path"]):
            pointer += f"/{part['name'] or part['index']}"
    return f"{escaped(pointer, 4 * MAX_TEXT)}: {escaped(text.replace('`', ''), 4 * MAX_TEXT)}"

"""This module turns a configuration tree into frozen attrs classes and names everything that does not fit.

A field's type says what is accepted: bool, int, float, str, Path, date, datetime, Literal, Enum, Secret, Any,
``X | None``, nested attrs classes, and lists, tuples, sets and string-keyed mappings of these. Its metadata may say

* ``help``: one sentence for people (required by the documentation tests);
* ``hot``: True when a reload applies it; tables inherit it to their keys;
* ``unit``: ``"bytes"`` (an int that is also given as "20GiB"), ``"seconds"`` (default of float: also "90d", "30m"), or
  anything else, which takes numbers only.
"""

import datetime as dt
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar

import attrs

from supervisors.config_errors import INVALID, UNKNOWN_KEY, Place, Problem, closest, problem_at, quote
from supervisors.config_source import Node, join
from supervisors.config_units import parse_duration, parse_size

MAX_SECRET = 64 * 1024  # bytes

T = TypeVar("T")
TypeForm: TypeAlias = Any  # a class, or a form such as ``int | None`` for which Python 3.11 has no type
Report: TypeAlias = Callable[[Problem], None]
_HUGE = 1e300  # near the end of what a float holds
_LISTS = {list: list, tuple: tuple, Sequence: tuple, frozenset: frozenset, set: set, AbstractSet: frozenset}


class _Bad:
    """Marks a value that did not fit; the reason has been reported."""


_BAD: Final = _Bad()


@attrs.frozen(repr=False)
class Secret:
    """A secret of ours, read from where the configuration points to. Never shown: not by repr, not by str."""

    _value: str
    origin: str  # "file /etc/...", "env NAME", "credential NAME"

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return f"<Secret from {self.origin}>"


class Table(dict[str, Any]):
    """A table of free form that remembers where it stands, so that a later check can point at its lines."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.plain())
        self.node = node


@cache
def hints(cls: type) -> Mapping[str, TypeForm]:
    """Return the types of a class's fields."""
    return typing.get_type_hints(cls)


def origin_of(kind: TypeForm) -> Any:  # a class or a special form
    """Return what ``typing.get_origin`` does; its declared result is narrower than the truth."""
    return typing.get_origin(kind)


def fields_of(cls: type) -> "Mapping[str, attrs.Attribute[Any]]":
    """Return the fields that a configuration may set, by key."""
    return {str(field.alias): field for field in attrs.fields(cls) if field.init}


def is_optional(kind: TypeForm) -> bool:
    """Return whether the type is ``X | None``."""
    return origin_of(kind) in {types.UnionType, typing.Union} and type(None) in typing.get_args(kind)


def strip_optional(kind: TypeForm) -> TypeForm:
    """Return X of ``X | None``, and any other type as it is."""
    rest = [arg for arg in typing.get_args(kind) if arg is not type(None)]
    return rest[0] if is_optional(kind) and len(rest) == 1 else kind


def unit_of(field: "attrs.Attribute[Any]") -> str | None:
    """Return what ``metadata["unit"]`` says."""
    unit = field.metadata.get("unit")
    return None if unit is None else str(unit)


class Structurer:
    """Builds values of one tree. Problems go to ``report``; a value with a problem is not built."""

    def __init__(self, report: Report, environ: Mapping[str, str]) -> None:
        self._report = report
        self._environ = environ

    def build(self, node: Node, cls: type[T], key: str = "") -> T | None:
        """Return the instance, or ``None`` after reporting why there is none."""
        built = self._table(node, cls, key, "")
        return None if built is _BAD else typing.cast("T", built)  # _table returns cls or _BAD

    def _bad(self, place: Place, key: str, text: str, suggestion: str | None = None) -> _Bad:
        self._report(problem_at(place, INVALID, text, key=key, suggestion=suggestion))
        return _BAD

    def _table(self, node: Node, cls: type, key: str, parent: str) -> Any:  # an instance of cls, or _BAD
        if not isinstance(node.value, dict):
            return self._bad(node.place, key, f"expected a table, got {describe(node.value)}")
        fields = fields_of(cls)
        label = _label(node, key, parent)
        for name, item in node.value.items():
            if name not in fields:
                near = closest(name, list(fields))
                text = f"unknown key {quote(name)} {f'in {label}' if label else 'at the top level'}"
                self._report(problem_at(item.key_place, UNKNOWN_KEY, text, key=join(key, name), suggestion=near))
        given: dict[str, Any] = {}
        for name, field in fields.items():
            value = self._field(node, (hints(cls)[field.name], field), name, key, label)
            if value is not None or name in node.value:
                given[name] = value
        return self._instance(node, cls, given, key)

    def _field(
        self, table: Node, typed: "tuple[TypeForm, attrs.Attribute[Any]]", name: str, parent: str, label: str
    ) -> Any:
        """Return the value, _BAD, or None to leave it to the class's default."""
        (kind, field), key, node = typed, join(parent, name), table.value.get(name)
        if node is not None:
            return self._value(node, kind, key, unit_of(field), label)
        if field.default is not attrs.NOTHING:
            return None
        if isinstance(kind, type) and attrs.has(kind):  # a table nobody wrote is an empty one
            return self._table(Node({}, table.place, table.key_place), kind, key, label)
        return self._bad(table.place, key, "is required")

    def _instance(self, node: Node, cls: type, given: Mapping[str, Any], key: str) -> Any:
        """Run every validator, not just the first that fails, then construct."""
        draft: Any = object.__new__(cls)
        fields = fields_of(cls)
        whole = all(value is not _BAD for value in given.values())
        sound = {name: value for name, value in given.items() if value is not _BAD and value is not None}
        for name, value in sound.items():
            object.__setattr__(draft, fields[name].name, value)
        for name, value in sound.items():
            field, item = fields[name], node.value.get(name, node)
            try:
                if field.validator is not None:
                    field.validator(draft, field, value)
            except AttributeError:  # it looks at another field, which has its own problem or its default
                continue
            except (ValueError, TypeError) as error:
                whole = False
                self._bad(item.place, join(key, name), _reason(error, field.name))
        if not whole:
            return _BAD
        try:
            return cls(**given)
        except (ValueError, TypeError) as error:  # a rule over several fields
            return self._bad(node.place, key, _reason(error, ""))

    def _value(self, node: Node, kind: TypeForm, key: str, unit: str | None, label: str) -> Any:  # kind or _BAD
        origin, args = origin_of(kind), typing.get_args(kind)
        if origin in {types.UnionType, typing.Union}:
            if node.value is None and is_optional(kind):  # only a table that came as builtins holds a None
                return None
            return self._union(node, [arg for arg in args if arg is not type(None)], key, unit, label)
        if origin is Literal:
            return self._choice(node, {str(arg): arg for arg in args}, key)
        if isinstance(kind, type) and origin is None:
            if attrs.has(kind) and kind is not Secret:
                return self._table(node, kind, key, label)
            if issubclass(kind, Enum):
                return self._choice(node, {str(member.value): member for member in kind}, key)
        if origin in _LISTS:
            return self._list(node, _LISTS[origin], args, (key, unit, label))
        if origin in {dict, Mapping}:
            return self._mapping(node, args[1], key, unit, label)
        if kind is Any:
            return Table(node) if isinstance(node.value, dict) else node.plain()
        return self._scalar(node, kind, key, unit)

    def _union(self, node: Node, kinds: Sequence[TypeForm], key: str, unit: str | None, label: str) -> Any:
        if len(kinds) == 1:
            return self._value(node, kinds[0], key, unit, label)
        for kind in kinds:
            problems: list[Problem] = []
            value = Structurer(problems.append, self._environ)._value(node, kind, key, unit, label)  # noqa: SLF001 our own class
            if not problems:
                return value
        names = " or ".join(type_name(kind, unit) for kind in kinds)
        return self._bad(node.place, key, f"expected {names}, got {describe(node.value)}")

    def _choice(self, node: Node, choices: Mapping[str, Any], key: str) -> Any:  # one of the choices
        value = node.value
        word = value if isinstance(value, str) else describe(value, bare=True)
        if word in choices:
            return choices[word]
        text = f"{describe(value, bare=True)} is not one of {', '.join(choices)}"
        return self._bad(node.place, key, text, closest(word, list(choices)))

    def _list(
        self, node: Node, make: Callable[[Any], Any], args: Sequence[TypeForm], at: tuple[str, str | None, str]
    ) -> Any:  # what make returns, or _BAD
        key, unit, label = at
        if not isinstance(node.value, list):
            hint = " (put it in brackets)" if not isinstance(node.value, dict) else ""
            return self._bad(node.place, key, f"expected a list, got {describe(node.value)}{hint}")
        items = [self._value(item, args[0], f"{key}[{n}]", unit, label) for n, item in enumerate(node.value)]
        return _BAD if any(item is _BAD for item in items) else make(items)

    def _mapping(self, node: Node, kind: TypeForm, key: str, unit: str | None, label: str) -> Any:
        if not isinstance(node.value, dict):
            return self._bad(node.place, key, f"expected a table, got {describe(node.value)}")
        if kind is Any:
            return Table(node)
        label = _label(node, key, label)
        items = {name: self._value(item, kind, join(key, name), unit, label) for name, item in node.value.items()}
        return _BAD if any(item is _BAD for item in items.values()) else items

    def _scalar(self, node: Node, kind: TypeForm, key: str, unit: str | None) -> Any:  # of that type, or _BAD
        if kind is Secret:
            return self._secret(node, key)
        value = node.value
        try:
            fits, built = _convert(value, kind, unit)
        except ValueError as error:
            return self._bad(node.place, key, str(error))
        if fits:
            return built
        text = f"expected {type_name(kind, unit)}, got {describe(value)}"
        if kind is str and isinstance(value, int | float):
            text += " (put it in quotes)"
        elif isinstance(value, str) and kind in {int, float, bool} and _is_literal(value):
            text += " (leave out the quotes)"
        return self._bad(node.place, key, text)

    def _secret(self, node: Node, key: str) -> Any:  # Secret or _BAD
        forms = '{ file = "..." }, { env = "..." } or { credential = "..." }'
        if not isinstance(node.value, dict):
            return self._bad(node.place.hidden(), key, f"a secret never stands in the configuration: give {forms}")
        (how, item), *more = list(node.value.items()) or [("", node)]
        if more or how not in {"file", "env", "credential"} or not isinstance(item.value, str):
            return self._bad(node.place, key, f"expected {forms}")
        try:
            return Secret(self._fetch(how, item), f"{how} {item.value}")
        except LookupError:
            where = "no such variable" if how == "env" else "the service manager passed no credentials"
            return self._bad(item.place, key, f"cannot read secret {how} {quote(item.value)}: {where}")
        except OSError as error:
            text = f"cannot read secret {how} {quote(item.value)}: {error.strerror or error}"
            return self._bad(item.place, key, text)
        except UnicodeDecodeError:
            return self._bad(item.place, key, f"secret {how} {quote(item.value)} is not UTF-8")
        except ValueError as error:
            return self._bad(item.place, key, f"cannot read secret {how} {quote(item.value)}: {error}")

    def _fetch(self, how: str, item: Node) -> str:
        name: str = item.value
        if how == "env":
            return self._environ[name]
        if how == "credential":
            if "/" in name or name in {"", ".", ".."}:
                raise ValueError("the name of a credential is not a path")
            path = Path(self._environ["CREDENTIALS_DIRECTORY"]) / name
        else:
            path = Path(item.place.file).parent / name
        with path.open("rb") as file:
            data = file.read(MAX_SECRET + 1)
        if len(data) > MAX_SECRET:
            raise ValueError(f"larger than {MAX_SECRET} bytes")
        return data.decode().removesuffix("\n").removesuffix("\r")


def type_name(kind: TypeForm, unit: str | None = None) -> str:
    """Return what a type is called in front of an operator."""
    kind = strip_optional(kind)
    origin, args = origin_of(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return " or ".join(type_name(arg, unit) for arg in args)
    if origin in _LISTS:
        return f"a list of {type_name(args[0], unit).split(' ', 1)[-1]}"
    if origin in {dict, Mapping} or (isinstance(kind, type) and attrs.has(kind) and kind is not Secret):
        return "a table"
    if choices := choices_of(kind):
        return f"one of {', '.join(choices)}"
    if kind is int and unit == "bytes":
        return 'a size such as 4096 or "20GiB"'
    if kind is float:
        return "a number" if unit not in {None, "seconds"} else 'a duration such as 1.5 (seconds) or "30m"'
    names: dict[Any, str] = {
        bool: "true or false",
        int: "a whole number",
        str: "a text",
        Path: "a path",
        Secret: "a secret reference",
    }
    names |= {dt.date: "a date", dt.datetime: "a date and time", Any: "a value"}
    return names.get(kind, str(kind))


def choices_of(kind: TypeForm) -> tuple[str, ...]:
    """Return the values a Literal or Enum allows, else nothing."""
    kind = strip_optional(kind)
    if origin_of(kind) is Literal:
        return tuple(str(arg) for arg in typing.get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    return ()


def describe(value: object, *, bare: bool = False) -> str:
    """Return what a TOML value is, for a message; ``bare`` leaves out the word for its type."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quote(value) if bare else f"text {quote(value)}"
        case int() | float():
            number = str(value) if abs(value) < 10**18 else "a huge number"
            return number if bare else f"the number {number}"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return str(value) if bare else f"the date {value}"


def _convert(value: Any, kind: TypeForm, unit: str | None) -> tuple[bool, Any]:  # of that type
    """Return whether the value fits, and what it becomes."""
    if kind is float:
        if isinstance(value, str) and unit in {None, "seconds"}:
            return True, parse_duration(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if abs(value) > _HUGE or not math.isfinite(value):
                raise ValueError("expected a finite number")
            return True, float(value)
        return False, None
    if kind is int and unit == "bytes" and isinstance(value, str):
        return True, parse_size(value)
    if kind is Path and isinstance(value, str):
        if not value or "\0" in value:
            raise ValueError(f"{quote(value)} is not a path")
        return True, Path(value)
    if kind not in {bool, int, str, dt.date, dt.datetime}:
        if kind is Path:
            return False, None
        raise TypeError(f"a configuration field cannot have the type {kind!r}")
    return type(value) is kind, value  # exactly: a bool is no int, a date-time no date


def _is_literal(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+(\.\d+)?|true|false", text))


def _label(node: Node, key: str, parent: str) -> str:
    """Return how a table is called in front of an operator: decky "web-01", [web.tls]."""
    name = node.value.get("name") if key.endswith("]") else None
    if name is not None and isinstance(name.value, str):
        return f"{key.rpartition('[')[0].rpartition('.')[2]} {quote(name.value)}"
    if parent and not parent.startswith("["):
        return f"{key.rpartition('.')[2]} of {parent}"
    return f"[{key}]" if key else ""


def _reason(error: Exception, name: str) -> str:
    """Return the sentence of a validator's error (attrs adds the attribute, the rule and the value as arguments)."""
    text = str(error.args[0]) if error.args else type(error).__name__
    return text.removeprefix(f"'{name}' ")

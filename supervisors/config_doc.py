"""This module describes a configuration class: the commented default file, and one key for people."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any, get_args

import attrs

from supervisors.config_errors import closest, quote
from supervisors.config_source import join
from supervisors.config_types import (
    Secret,
    TypeForm,
    choices_of,
    fields_of,
    hints,
    origin_of,
    strip_optional,
    type_name,
    unit_of,
)
from supervisors.config_units import BYTES, SECONDS

_WIDTH = 110


class NoSuchKeyError(LookupError):
    """No configuration key has that name; ``suggestion`` is one that comes near."""

    def __init__(self, key: str, suggestion: str | None) -> None:
        super().__init__(key, suggestion)
        self.key = key
        self.suggestion = suggestion

    def __str__(self) -> str:
        guess = f" (did you mean {quote(self.suggestion)}?)" if self.suggestion else ""
        return f"no configuration key {quote(self.key)}{guess}"


@attrs.frozen(kw_only=True)
class KeyDoc:
    """What is known of a key. ``default`` is TOML text; ``None`` if there is none."""

    key: str
    type: str
    default: str | None
    required: bool
    help: str
    hot: bool  # a reload applies it
    choices: tuple[str, ...] = ()


def explain(root: type, key: str) -> KeyDoc:
    """Return what is known of ``web.listen``, ``output[].url`` or ``output.url``.

    Raises:
        NoSuchKeyError: there is no such key.

    """
    docs = {doc.key: doc for doc in keys(root)}
    wanted = re.sub(r"\[[^]]*\]", "", key)
    found = {name.replace("[]", "").replace(".*", ""): name for name in docs}
    if name := found.get(wanted) or next((n for n in docs if _fits(n.replace("[]", ""), wanted)), None):
        return docs[name]
    raise NoSuchKeyError(key, closest(wanted, list(found)))


def keys(root: type, prefix: str = "", *, hot: bool = False) -> Iterator[KeyDoc]:
    """Yield every key in order; ``[]`` stands for an item of a list, ``*`` for a name of the operator's choice."""
    for name, field in fields_of(root).items():
        kind, key = hints(root)[field.name], prefix + name
        is_hot = bool(field.metadata.get("hot", hot))
        inner = _nested(kind)
        default = None if inner and not inner[1] else _default(field)  # a table's keys have their own
        yield KeyDoc(
            key=key,
            type=type_name(kind, unit_of(field)),
            default=None if default is None else toml_value(default, unit_of(field)),
            required=field.default is attrs.NOTHING and inner is None,
            help=str(field.metadata.get("help", "")),
            hot=is_hot,
            choices=choices_of(kind),
        )
        if inner:
            yield from keys(inner[0], f"{key}{inner[1]}.", hot=is_hot)


def in_force(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every key of a configuration object that has a value, and the value as TOML text, in the class's order.

    An item of a list of tables is ``decky[0]``; a secret is shown as where it comes from.
    """
    for name, field in fields_of(type(value)).items():
        yield from _values(join(key, name), getattr(value, field.name), unit_of(field))


def to_toml(root: type) -> str:
    """Return the default file: every key commented out at its default, so that the file changes nothing.

    ``(hot)`` marks what a reload applies; on a table it holds for all its keys.
    """
    return "\n".join(_lines(root, "", "", hot=False)).strip() + "\n"


def _values(key: str, value: object, unit: str | None) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case Secret():
            source, _, place = value.origin.partition(" ")
            yield key, toml_value({source: place})
        case Mapping():
            for name, item in value.items():
                yield from _values(join(key, str(name)), item, unit)
        case list() | tuple() if any(isinstance(item, Mapping) or attrs.has(type(item)) for item in value):
            for index, item in enumerate(value):
                yield from _values(f"{key}[{index}]", item, unit)
        case _ if attrs.has(type(value)):
            yield from in_force(value, key)
        case _:
            yield key, toml_value(value, unit)


def _lines(cls: type, path: str, off: str, *, hot: bool) -> Iterator[str]:
    """Yield the lines of a table: first its own keys, then the tables inside it. ``off`` comments out headers."""
    tables = []
    for name, field in fields_of(cls).items():
        kind = hints(cls)[field.name]
        if (inner := _nested(kind)) is not None:
            tables.append((f"{path}{name}", field, *inner))
            continue
        yield from _comment(field, kind, hot=bool(field.metadata.get("hot", hot)) and not hot)
        default = _default(field)
        value = "..." if default is None else toml_value(default, unit_of(field))
        yield f"#{name} = {value}"
    for name, field, inner_cls, mark in tables:
        is_hot = bool(field.metadata.get("hot", hot))
        yield ""
        if help_text := str(field.metadata.get("help", "")):
            yield f"# {help_text}{' (hot)' if is_hot and not hot else ''}"
        inner_off = "#" if mark else off
        yield {"[]": f"{inner_off}[[{name}]]", ".*": f"{inner_off}[{name}.NAME]", "": f"{inner_off}[{name}]"}[mark]
        inner_path = f"{name}.NAME." if mark == ".*" else f"{name}."
        yield from _lines(inner_cls, inner_path, inner_off, hot=is_hot)


def _comment(field: "attrs.Attribute[Any]", kind: TypeForm, *, hot: bool) -> Iterator[str]:
    text = str(field.metadata.get("help", ""))
    choices = choices_of(kind)
    if len(choices) > 1:
        text += f"{': ' if text else ''}{' | '.join(choices)}"
    elif field.default is attrs.NOTHING:
        text += f"{'; ' if text else ''}required: {type_name(kind, unit_of(field))}"
    elif _default(field) is None:
        text += f"{'; ' if text else ''}{type_name(kind, unit_of(field))}, none by default"
    text = f"{text} (hot)".lstrip() if hot else text
    while text:
        cut = len(text) if len(text) <= _WIDTH else text.rfind(" ", 0, _WIDTH)
        cut = cut if cut > 0 else len(text)
        yield f"# {text[:cut]}"
        text = text[cut:].lstrip()


def _nested(kind: TypeForm) -> tuple[type, str] | None:
    """Return the class of a table inside, and "" for the table itself, "[]" for a list of them, ".*" for named ones."""
    kind = strip_optional(kind)
    args = get_args(kind)
    if isinstance(kind, type) and attrs.has(kind) and "reveal" not in vars(kind):
        return kind, ""
    for arg in args:
        if isinstance(arg, type) and attrs.has(arg) and "reveal" not in vars(arg):
            return arg, ".*" if origin_of(kind) in {dict, Mapping} else "[]"
    return None


def _fits(pattern: str, key: str) -> bool:
    wanted, given = pattern.split("."), key.split(".")
    return len(wanted) == len(given) and all(w in {"*", g} for w, g in zip(wanted, given, strict=True))


def _default(field: "attrs.Attribute[Any]") -> Any:  # whatever the field holds, or None
    default: Any = field.default  # attrs declares its Factory as a function
    if hasattr(default, "takes_self"):
        return None if default.takes_self else default.factory()
    return None if default is attrs.NOTHING else default


def toml_value(value: object, unit: str | None = None) -> str:
    """Return a value as TOML text; ``unit`` as in a field's metadata."""
    match value:
        case bool():
            return str(value).lower()
        case Enum():
            return toml_value(value.value, unit)
        case int() if unit == "bytes":
            return _amount(value, {name: BYTES[name] for name in ("TiB", "GiB", "MiB", "KiB")})
        case float() if unit in {None, "seconds"} and value >= 1 and value == int(value):
            return _amount(int(value), {name: int(SECONDS[name]) for name in "dhm"}, "s")
        case int() | float() | dt.date() | dt.datetime():
            return str(value)
        case str() | PurePath():
            return json.dumps(str(value), ensure_ascii=False)
        case Mapping():
            held = {key: item for key, item in value.items() if item is not None}
            inside = ", ".join(f"{json.dumps(str(key))} = {toml_value(item, unit)}" for key, item in held.items())
            return f"{{ {inside} }}" if inside else "{}"
        case list() | tuple():
            return f"[{', '.join(toml_value(item, unit) for item in value)}]"
        case set() | frozenset():
            return f"[{', '.join(sorted(toml_value(item, unit) for item in value))}]"
        case _ if attrs.has(type(value)):
            return toml_value(
                {name: getattr(value, field.name) for name, field in fields_of(type(value)).items()}, unit
            )
        case _:
            raise TypeError(f"no TOML for {value!r}")


def _amount(value: int, units: Mapping[str, int], least: str = "") -> str:
    """Return the value in the largest unit that divides it, as TOML text."""
    for name, factor in units.items():
        if value and value % factor == 0:
            return f'"{value // factor}{name}"'
    return f'"{value}{least}"' if least else str(value)

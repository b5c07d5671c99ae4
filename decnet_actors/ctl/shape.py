"""This module gives answers back the order of fields their classes have, which the wire does not keep."""

import types
import typing
from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from decnet_actors.contracts.operations import Page

Plain: TypeAlias = Any  # the shape of JSON


BYTES = {"text": "", "base64": ""}.keys()  # how ``domain.codec.plain`` writes bytes


def ordered(value: Plain, hint: Any) -> Plain:  # Any: a type form
    """Return ``value`` with the fields of every class of ``hint`` in order; fields a newer daemon has come last."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        known = [option for option in inner if option is not type(None)]
        return ordered(value, known[0]) if len(known) == 1 else value
    if isinstance(value, list) and inner:
        return [ordered(item, inner[0]) for item in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == BYTES:
        return {name: value[name] for name in BYTES}
    if origin is Page and "items" in value:
        items = ordered(value["items"], list[inner[0]])  # type: ignore[valid-type]  # made at run time
        return {"items": items, **{key: item for key, item in value.items() if key != "items"}}
    if isinstance(hint, type) and attrs.has(hint):
        hints = typing.get_type_hints(hint)
        fields = [field.name for field in attrs.fields(hint) if field.name in value]
        others = [name for name in value if name not in hints]
        return {name: ordered(value[name], hints.get(name)) for name in (*fields, *others)}
    return value

"""Sample answers and command lines, made from the operations' own classes."""

import enum
import types
import typing
from collections.abc import Mapping, Sequence

import attrs

from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.contracts.operations import File, Mode, Nothing, Page
from decnet_actors.ctl import registry

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
DEPTH = 3  # of classes that hold themselves

OPERATIONS = {operation.name: operation for operation in registry.operations()}


def sample(hint, text, depth=0, name=""):
    """Return builtins of the type ``hint``, with ``text`` wherever text is."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return sample(next(option for option in inner if option is not type(None)), text, depth, name)
    if origin is Page:
        return {"items": [sample(inner[0], text, depth)] * 2, "next": None}
    if origin is typing.Literal:
        return inner[0]
    if isinstance(origin or hint, type):
        kind = origin or hint
        if attrs.has(kind):
            hints = typing.get_type_hints(kind)
            return {field.name: sample(hints[field.name], text, depth + 1, field.name) for field in attrs.fields(kind)}
        if issubclass(kind, enum.Enum):
            return str(next(iter(kind)).value)
        if issubclass(kind, bool):
            return True
        if issubclass(kind, (int, float)):
            return NOW - 60 if name in {"time", "started", "created"} else kind(3)
        if issubclass(kind, bytes):
            return {"text": text, "base64": "AA=="}
        if issubclass(kind, str):
            return text
        if issubclass(kind, Mapping):
            return {text or "key": text}
        if issubclass(kind, Sequence):
            if depth > DEPTH:
                return []
            return [sample(item, text, depth) for item in inner if item is not Ellipsis]
    return text


def answer(operation, text="text"):
    """Return what the daemon would answer; a list for a stream."""
    if operation.result is Nothing:
        return {}
    made = sample(operation.result, text)
    if operation.mode is not Mode.STREAM:
        return made
    return [made, {**made, "state": "succeeded"} if operation.result is Lifecycle else made]


def command_of(operation):
    """Return the words of the operation's command, without arguments."""
    for noun, entry in registry.NOUNS.items():
        if entry.operation == operation.name:
            return [noun]
    return [operation.noun, operation.verb]


def line_of(operation):
    """Return a command line that gives every required argument."""
    words = command_of(operation)
    hints = typing.get_type_hints(operation.args)
    for field in attrs.fields(operation.args):
        if field.default is not attrs.NOTHING or field.metadata.get("secret"):
            continue
        value = __file__ if hints[field.name] is File else str(sample(hints[field.name], "word"))
        words += [value] if field.metadata.get("positional") else [f"--{field.name.replace('_', '-')}", value]
    return words

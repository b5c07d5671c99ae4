"""This module makes the argument fields that operations on evidence share."""

from typing import Any

from attrs import Attribute, field, validators

from decnet_actors.contracts.operations import about

MAX_LIMIT = 1000
MAX_TEXT = 500  # characters of a filter
MAX_KINDS = 4000  # characters of a list of classes of facts: room for all there are


def word(text: str) -> str:
    """Return the field of a required, positional text."""
    value: str = field(validator=_short, metadata=about(text, positional=True))
    return value


def matching(text: str) -> str | None:
    """Return the field of an optional filter."""
    value: str | None = field(default=None, validator=_short, metadata=about(text))
    return value


def kinds(text: str) -> str | None:
    """Return the field of an optional list of classes of facts, with commas."""
    value: str | None = field(
        default=None, validator=validators.optional(validators.max_len(MAX_KINDS)), metadata=about(text)
    )
    return value


def moment(text: str) -> float | None:
    """Return the field of an optional time, Unix seconds."""
    value: float | None = field(default=None, metadata=about(text))
    return value


def count(text: str, default: int, lowest: int, highest: int) -> int:
    """Return the field of a bounded number."""
    value: int = field(default=default, validator=[validators.ge(lowest), validators.le(highest)], metadata=about(text))
    return value


def limit(text: str) -> int:
    """Return the field of a page's length."""
    return count(text, 100, 1, MAX_LIMIT)


def cursor() -> str | None:
    """Return the field of a page's cursor."""
    return matching("Where the page before this one ended.")


def _short(_instance: object, attribute: "Attribute[Any]", value: str | None) -> None:  # Any: text, or its absence
    if value is not None and len(value) > MAX_TEXT:
        raise ValueError(f"{attribute.name} is longer than {MAX_TEXT} characters")

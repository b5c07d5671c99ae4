"""This module turns a fleet into the one document that is kept of it, and back.

The document is canonical JSON: what has its default is left out, services and their options are sorted, deckies keep
the operator's order. So equal fleets have equal documents, and a new field with a default changes none.

Each decky has a number of its own for as long as it exists; the address that is chosen for it follows from the number,
so a decky that comes or goes moves no other.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
from attrs import field, frozen

from decnet_actors.fleet.settings import DeckySettings
from supervisors.config import ConfigError, Table, structure
from supervisors.config_errors import INVALID, Place, problem_at

Plain: TypeAlias = Any  # the shape of JSON

MAX_DOCUMENT = 2**24 - 1  # bytes, what the store holds


@frozen(kw_only=True)
class Document:
    """A fleet: its deckies in order, the number of each, and whether it rests (nothing changes it by itself)."""

    deckies: tuple[DeckySettings, ...] = ()
    numbers: Mapping[str, int] = field(factory=dict)  # of each name, unlike ones
    paused: bool = False


EMPTY = Document()


def numbered(fleet: Sequence[DeckySettings], before: Document = EMPTY) -> Document:
    """Return the document of a fleet: who was there ``before`` keeps the number, the others get the smallest free ones.

    Raises:
        ConfigError: an option of a service is a value that cannot be kept.

    """
    kept = {item.name: before.numbers[item.name] for item in fleet if item.name in before.numbers}
    taken = set(kept.values())
    free = (number for number in itertools.count() if number not in taken)
    numbers = {item.name: kept[item.name] if item.name in kept else next(free) for item in fleet}
    same = {id(item) for item in before.deckies}  # of a large fleet most stay: they are normal, and known by identity
    deckies = tuple(item if id(item) in same else normal(item) for item in fleet)
    return Document(deckies=deckies, numbers=numbers, paused=before.paused)


def normal(settings: DeckySettings) -> DeckySettings:
    """Return the settings with services as sorted tables, however they were written.

    Raises:
        ConfigError: an option is a date, or a number that is none.

    """
    return attrs.evolve(settings, services=_services(settings))


def plain(settings: DeckySettings) -> dict[str, Plain]:
    """Return what an operator would have to write down, as builtins."""
    return _table(normal(settings))


def to_json(document: Document) -> str:
    """Return the canonical JSON of a document."""
    rows = [{"number": document.numbers[item.name], **_table(item)} for item in document.deckies]
    return _canonical({"deckies": rows, **({"paused": True} if document.paused else {})})


def from_json(text: str) -> Document:
    """Return the document that ``to_json`` gave.

    Raises:
        ConfigError: the settings are not valid any more.

    """
    deckies, numbers = [], {}
    kept = json.loads(text)
    for row in kept["deckies"]:
        number = row.pop("number")
        settings = structure(DeckySettings, row)
        numbers[settings.name] = number
        deckies.append(normal(settings))
    return Document(deckies=tuple(deckies), numbers=numbers, paused=kept.get("paused", False))


def digest(text: str) -> str:
    """Return the SHA-256 of a document as hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(fleet: Sequence[DeckySettings]) -> str:
    """Return what tells this fleet, as it is written, from every other; numbers play no part."""
    return digest(_canonical([plain(item) for item in fleet]))


def _canonical(value: Plain) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _table(value: object) -> dict[str, Plain]:
    """Return the fields that differ from their defaults, in the order of the class."""
    found: dict[str, Plain] = {}
    for one in attrs.fields(type(value)):  # type: ignore[arg-type]  # of an attrs instance
        item = getattr(value, one.name)
        default = one.default.factory() if hasattr(one.default, "factory") else one.default
        if item == default or (one.name == "services" and not item):
            continue
        if attrs.has(type(item)):
            item = _table(item)
        elif isinstance(item, tuple):
            item = [_table(each) for each in item]
        found[one.name] = item
    return found


def _services(settings: DeckySettings) -> dict[str, Plain]:
    services = settings.services
    tables = services if isinstance(services, Mapping) else {name: {} for name in services}
    problems = [
        problem_at(
            services.node.place if isinstance(services, Table) else Place(),
            INVALID,
            text,
            key=f"decky.{settings.name}.services.{path}",
        )
        for path, text in _unkept(tables, "")
    ]
    if problems:
        raise ConfigError(problems)
    return {name: _sorted(tables[name]) for name in sorted(tables)}


def _sorted(value: Plain) -> Plain:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def _unkept(value: Plain, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each value that JSON has no word for, and what is wrong with it."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unkept(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _unkept(item, f"{path}[{index}]")
    elif isinstance(value, str) and any(_is_surrogate(character) for character in value):
        yield path, "is not Unicode"
    elif isinstance(value, float) and (value != value or value in {float("inf"), float("-inf")}):  # noqa: PLR0124  NaN
        yield path, "must be a finite number"
    elif value is not None and not isinstance(value, str | int | float):
        yield path, "a date cannot be kept; write it as a text"


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"  # half of a character; UTF-8 has no bytes for it

"""This module knows what so many attackers share that sharing it says nothing (``commodity.toml``)."""

import functools
import tomllib
from collections.abc import Iterable
from importlib import resources

from attrs import frozen

_FILE = "commodity.toml"


@frozen(kw_only=True)
class Commodity:
    """Client names by how they begin, command lines, users with their secrets."""

    clients: tuple[str, ...] = ()
    commands: frozenset[str] = frozenset()
    credentials: frozenset[tuple[str, bytes]] = frozenset()


@functools.cache
def shipped() -> Commodity:
    """Return the list that comes with the program."""
    found = tomllib.loads(resources.files(__package__).joinpath(_FILE).read_text())
    return Commodity(
        clients=tuple(found["clients"]),
        commands=frozenset(found["commands"]),
        credentials=frozenset(_pairs(found["credentials"])),
    )


def _pairs(found: Iterable[tuple[str, str]]) -> Iterable[tuple[str, bytes]]:
    return ((user, secret.encode()) for user, secret in found)

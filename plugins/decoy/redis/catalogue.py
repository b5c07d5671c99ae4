"""This module knows the commands of a Redis version: names, arities, flags, and what COMMAND tells of them.

``data/commands.json`` holds what a redis-server 7.0.15 answers to COMMAND, with the version each command came with;
older servers are that list cut at their version.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from attrs import frozen

from decnet_actors.wire import resp

Version: TypeAlias = tuple[int, ...]
Entry: TypeAlias = Any  # COMMAND's nested lists as JSON holds them: text, numbers, lists; "+x" is a status

_OLD_ENTRY = 7  # elements of an entry before 7.0
_CATEGORIES_SINCE: Version = (6, 0)
_LONG_ENTRIES_SINCE: Version = (7, 0)


@frozen(kw_only=True)
class Command:
    """A command, or a subcommand of a container."""

    name: str  # config, config|get
    arity: int  # > 0: exactly so many words; < 0: at least
    flags: frozenset[str]
    categories: frozenset[str]
    subcommands: Mapping[str, "Command"]
    entry: Entry

    def accepts(self, words: int) -> bool:
        """Return whether the number of words, the name included, fits."""
        return words == self.arity if self.arity >= 0 else words >= -self.arity


@cache
def catalogue(version: Version) -> Mapping[bytes, Command]:
    """Return the commands of a version by lower-case name."""
    data = json.loads((files("plugins.decoy.redis") / "data" / "commands.json").read_text(encoding="utf-8"))
    found: dict[bytes, Command] = {}
    for name, known in data.items():
        if parse_version(known["since"]) <= version:
            since = known.get("subcommands", {})
            found[name.encode()] = _command(known["entry"], version, since)
    return found


def parse_version(text: str) -> Version:
    """Return ``5:7.0.15-1~deb12u1`` as (7, 0, 15)."""
    upstream = text.rpartition(":")[2].partition("-")[0].partition("~")[0].partition("+")[0]
    return tuple(int(part) for part in upstream.split(".") if part.isdigit())


@cache
def everything(version: Version) -> bytes:
    """Return the reply to COMMAND."""
    return resp.array([described(command) for command in catalogue(version).values()])


def described(command: Command) -> bytes:
    """Return a command as COMMAND INFO shows it."""
    return encoded(command.entry)


def encoded(value: Entry) -> bytes:
    """Return JSON as a reply."""
    if isinstance(value, list):
        return resp.array([encoded(item) for item in value])
    if isinstance(value, int):
        return resp.integer(value)
    return resp.simple(value[1:].encode()) if value.startswith("+") else resp.bulk(value.encode())


def _command(entry: Entry, version: Version, since: Mapping[str, str]) -> Command:
    containers = version >= _LONG_ENTRIES_SINCE
    subcommands = {}
    for sub in entry[9]:  # before 7.0 servers had them too, but COMMAND did not tell
        if parse_version(since.get(sub[0], "0")) <= version:
            subcommands[sub[0].partition("|")[2]] = _command(sub, version, {})
    shown = entry if containers else entry[: _OLD_ENTRY if version >= _CATEGORIES_SINCE else _OLD_ENTRY - 1]
    return Command(
        name=entry[0],
        arity=entry[1],
        flags=frozenset(flag.removeprefix("+") for flag in entry[2]),
        categories=frozenset(category.removeprefix("+@") for category in entry[6]),
        subcommands=subcommands,
        entry=shown,
    )

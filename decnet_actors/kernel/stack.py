"""This module puts a stack personality into the calling thread's namespace, and reads back what is in force."""

import functools
import os
import re
from collections.abc import Mapping

from attrs import frozen

from decnet_actors.kernel import netns, nftables, sysctl
from decnet_actors.kernel.nftables import NftablesError
from decnet_actors.kernel.personality import PERSONALITIES, Personality

_TABLE = "table inet persona"
_OFFSET = 4711  # stands for a decky's own where listings are compared


@frozen(kw_only=True)
class Found:
    """What a namespace was found to have."""

    wrong: tuple[str, ...]  # switches of the stack that are not as they must be
    missing: str  # why its packet rules are not there; empty if they are
    tables: Mapping[str, str]  # all packet rules, as they are listed


def apply(stack: str, mac: str, *, switches: Mapping[str, str], rules: str, again: bool = False) -> Found:
    """Apply a personality as far as this machine allows, and other rules; return what is in force then.

    Args:
        stack: a name in ``PERSONALITIES``.
        mac: the decky's; what must differ from decky to decky follows from it.
        switches: to be set as well, as far as possible.
        rules: to be loaded as well, for certain; may be empty.
        again: whether packet rules of a stack may be there already, to be replaced.

    Raises:
        NftablesError: the other rules cannot be loaded.

    """
    personality = PERSONALITIES[stack]
    sysctl.set_all({**switches, **personality.sysctls})
    try:
        # At once: the kernel waits for a grace period between one change of rules and the next.
        cleared = f"add {_TABLE}\ndelete {_TABLE}\n" if again else ""
        nftables.apply(f"{cleared}{_rules(personality, _offset(mac))}{rules}")
    except NftablesError:  # without the stack's rules, then; reading back tells
        if rules:
            nftables.apply(rules)
    return in_force(stack, mac)


def in_force(stack: str, mac: str) -> Found:
    """Return what is in force in the namespace."""
    personality = PERSONALITIES[stack]
    missing, tables = "", {}
    try:
        tables = dict(_tables(nftables.listing().replace(f"offset {_offset(mac)} ", f"offset {_OFFSET} ")))
        if personality.rules and tables.get("persona") != _expected(personality.name):
            missing = "the packet rules are not those of the stack"
    except NftablesError as error:
        missing = str(error) if personality.rules else ""
    return Found(wrong=sysctl.differing(personality.sysctls), missing=missing, tables=tables)


@functools.cache
def listed(rules: str) -> Mapping[str, str]:
    """Return how this kernel and library list rules, tried out in a namespace of their own.

    Raises:
        NftablesError: they cannot be loaded here.

    """
    with netns.new() as scratch:
        os.close(scratch)
        nftables.apply(rules)
        return _tables(nftables.listing())


def _expected(stack: str) -> str:
    return listed(_rules(PERSONALITIES[stack], _OFFSET))["persona"]


def _offset(mac: str) -> int:
    return int(mac[-5:].replace(":", ""), 16) | 1  # not 0, which listings leave out


def _rules(personality: Personality, offset: int) -> str:
    return personality.rules.replace("{offset}", str(offset))


def _tables(listing: str) -> Mapping[str, str]:
    """Return the text of each table by its name."""
    parts = re.split(r"^(?=table )", listing, flags=re.MULTILINE)
    return {part.split()[2]: part.strip() for part in parts if part.startswith("table ")}

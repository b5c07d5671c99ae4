"""This module bounds what may be changed of a decky's files, in all and by one attacker, and makes room again."""

import errno
import ipaddress
import os
from collections.abc import Callable, Container

from attrs import define, frozen

from decnet_actors.contracts.decky_files import Author, Hand
from decnet_actors.machine.layer import Upper

_V6_SITE = 64  # bits: who has one address of it has them all


@frozen(kw_only=True)
class Caps:
    """How much may be changed: what does not fit fails as on a disk with quotas."""

    total_bytes: int = 64 << 20
    file_bytes: int = 16 << 20  # what is captured of a file; work on one is done in a few milliseconds
    nodes: int = 20_000
    source_bytes: int = 24 << 20  # of one attacker
    source_nodes: int = 6_000


@define
class Tally:
    """What somebody has used up."""

    bytes: int = 0
    nodes: int = 0


class Quota:
    """Counts the changes of all layers of a decky.

    An attacker that is at its own caps gets EDQUOT. When the whole is full, ``make_room`` is asked to remove what
    other attackers left longest ago; if that is not enough, the answer is ENOSPC.
    """

    def __init__(self, caps: Caps, make_room: Callable[[str, Container[str]], None]) -> None:
        self.caps = caps
        self.used = Tally()
        self._by_payer: dict[str, Tally] = {}
        self._make_room = make_room

    def charge(self, upper: Upper, size: int, author: Author, path: str, *, spare: Container[str]) -> None:
        """Count ``size`` bytes of content of our own in a node: against the attacker who made or first changed it.

        Args:
            upper: the node.
            size: bytes.
            author: who changes it.
            path: for the error.
            spare: keys of nodes that must not be removed to make room.

        Raises:
            OSError: EDQUOT, ENOSPC; nothing is different then.

        """
        caps, payer = self.caps, upper.payer or payer_of(author)
        if size > caps.file_bytes:
            raise _failure(errno.EDQUOT, path)
        mine = self._by_payer.get(payer, Tally())
        paid = upper.payer == payer
        more = Tally(size - upper.charge, upper.payer is None)
        grown = Tally(mine.bytes + size - (upper.charge if paid else 0), mine.nodes + (not paid))
        if payer and (more.bytes > 0 or not paid) and not self._within(grown):
            raise _failure(errno.EDQUOT, path)
        if self._full(more):
            self._make_room(payer_of(author), spare)
            if self._full(more):
                raise _failure(errno.ENOSPC, path)
        self.release(upper)
        self._add(payer, size, 1)
        upper.payer, upper.charge = payer, size

    def claim(self, upper: Upper, author: Author, path: str, *, spare: Container[str]) -> None:
        """Count a node as changed, whatever was changed of it. Directories of the base are not: they are only so many.

        Raises:
            OSError: as ``charge``.

        """
        if upper.payer is None and not (upper.inherited and upper.is_dir):
            self.charge(upper, 0, author, path, spare=spare)

    def release(self, upper: Upper) -> None:
        """Count a node no longer."""
        if upper.payer is not None:
            self._add(upper.payer, -upper.charge, -1)
            upper.payer, upper.charge = None, 0

    def admit(self, upper: Upper, size: int) -> None:
        """Count a node that was changed in an earlier life, whatever the caps are now."""
        if upper.inherited and upper.is_dir:
            return
        upper.payer, upper.charge = payer_of(upper.author), size
        self._add(upper.payer, size, 1)

    @property
    def roomy(self) -> bool:
        """Whether an eighth of everything is free."""
        caps, used = self.caps, self.used
        return used.bytes <= caps.total_bytes * 7 // 8 and used.nodes <= caps.nodes * 7 // 8

    def _within(self, tally: Tally) -> bool:
        return tally.bytes <= self.caps.source_bytes and tally.nodes <= self.caps.source_nodes

    def _full(self, more: Tally) -> bool:
        used, caps = self.used, self.caps
        too_large = more.bytes > 0 and used.bytes + more.bytes > caps.total_bytes
        return too_large or (more.nodes > 0 and used.nodes + more.nodes > caps.nodes)

    def _add(self, payer: str, size: int, nodes: int) -> None:
        for tally in (self.used, self._by_payer.setdefault(payer, Tally())):
            tally.bytes += size
            tally.nodes += nodes
        if not self._by_payer[payer].nodes:
            del self._by_payer[payer]


def payer_of(author: Author) -> str:
    """Return whose quota a change counts against: an attacker's address, an IPv6 site; empty for everybody else."""
    if author.hand is not Hand.ATTACKER:
        return ""
    if ":" in author.source:
        return str(ipaddress.ip_network((author.source.partition("%")[0], _V6_SITE), strict=False))
    return author.source or "?"


def _failure(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)

"""This module reads an SSH client's key exchange offer and fingerprints it (HASSH; RFC 4253, section 7.1)."""

import hashlib

from attrs import frozen

from decnet_actors.domain.facts import SshClientSeen
from decnet_actors.domain.text import escaped

MAX_LIST = 4096  # characters kept of the hashed lists; the longest known client sends about 1,500

_COOKIE_END = 17  # after the message number and 16 random bytes
_LISTS = 10
_KEX, _HOST_KEY = 0, 1
_HASHED = (_KEX, 2, 4, 6)  # kex; ciphers, macs, compressions from client to server


@frozen(kw_only=True)
class Offer:
    """A KEXINIT message: its name lists, in the order of the message."""

    lists: tuple[bytes, ...]
    guessed: bool  # the first packet of an exchange follows unasked

    def guess_is_wrong(self, kex: bytes, host_key: bytes) -> bool:
        """Return whether that packet must be dropped: one side's first choice is not the other's."""
        firsts = [self.lists[index].partition(b",")[0] for index in (_KEX, _HOST_KEY)]
        return self.guessed and firsts != [kex, host_key]


def read_offer(payload: bytes) -> Offer | None:
    """Return the offer in a KEXINIT payload; ``None`` when it is malformed."""
    lists, position = [], _COOKIE_END
    for _ in range(_LISTS):
        size = int.from_bytes(payload[position : position + 4], "big")
        position += 4
        lists.append(payload[position : position + size])
        position += size
    if position >= len(payload):
        return None
    return Offer(lists=tuple(lists), guessed=bool(payload[position]))


def client_seen(version: bytes, offer: Offer) -> SshClientSeen:
    """Return the fact for a client's identification line and offer."""
    hashed = b";".join(offer.lists[index] for index in _HASHED)
    digest = hashlib.md5(hashed, usedforsecurity=False).hexdigest()
    return SshClientSeen(version=escaped(version), hassh=digest, algorithms=escaped(hashed, MAX_LIST))

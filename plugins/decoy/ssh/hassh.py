"""This module fingerprints an SSH client by its key exchange offer (HASSH; RFC 4253, section 7.1)."""

import hashlib
import struct

from decnet_actors.domain.facts import SshClientSeen
from decnet_actors.domain.text import escaped

MAX_LIST = 4096  # characters kept of a name list; the longest known client sends about 1,500

_COOKIE_END = 17  # after the message number and 16 random bytes
_LISTS = 10
_HASHED = (0, 2, 4, 6)  # kex; ciphers, macs, compressions from client to server


def client_seen(version: bytes, kexinit: bytes) -> SshClientSeen | None:
    """Return the fact for a client's KEXINIT payload; ``None`` when it is malformed."""
    lists, position = [], _COOKIE_END
    for _ in range(_LISTS):
        if position + 4 > len(kexinit):
            return None
        (size,) = struct.unpack_from(">I", kexinit, position)
        position += 4
        lists.append(kexinit[position : position + size])
        position += size
    if position > len(kexinit):
        return None
    hashed = b";".join(lists[index] for index in _HASHED)
    digest = hashlib.md5(hashed, usedforsecurity=False).hexdigest()
    return SshClientSeen(version=escaped(version), hassh=digest, algorithms=escaped(hashed, MAX_LIST))

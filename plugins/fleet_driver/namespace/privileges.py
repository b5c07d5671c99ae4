"""This module gives up capabilities of this process (capabilities(7))."""

import ctypes
import os
import struct
from collections.abc import Collection

CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN = 12, 13, 21  # linux/capability.h
NEEDED = (CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_NET_RAW)  # for namespaces; the last to listen to what deckies are sent
_VERSION_3 = 0x20080522
_WORDS = 2  # of 32 bits for each of the three sets
_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)


def drop(kept: Collection[int] = NEEDED) -> None:
    """Keep of what this process may do only these capabilities; nothing it starts gets more.

    Raises:
        OSError: the kernel refuses.

    """
    have = _permitted() & sum(1 << one for one in kept)
    words = [have & 0xFFFFFFFF, have >> 32]
    header = struct.pack("=Ii", _VERSION_3, 0)
    data = b"".join(struct.pack("=III", word, word, 0) for word in words)  # effective, permitted, inheritable
    _check(_libc.capset(header, data))
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _permitted() -> int:
    header = ctypes.create_string_buffer(struct.pack("=Ii", _VERSION_3, 0))
    data = ctypes.create_string_buffer(struct.calcsize("=III") * _WORDS)
    _check(_libc.capget(header, data))
    sets = struct.unpack_from("=IIIIII", data)
    return int(sets[1] | sets[4] << 32)


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

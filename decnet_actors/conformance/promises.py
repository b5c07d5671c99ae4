"""This module is what the checks of promises have in common: their error, and what they measure."""

import gc
import sys
import types
from collections.abc import Sequence

MAX_GROWTH = 4 * 1024 * 1024  # bytes one session may hold after any input

# What must never be seen on the wire (compared in lower case): it would name what is behind the decoy.
GIVE_AWAYS = (b"decnet", b"python", b"traceback", b"asyncssh", b"aiohttp", b"honeypot", b"cowrie", b"twisted")


class ConformanceError(AssertionError):
    """A plugin does not keep a promise of its kind."""


def promise(kept: bool, text: str) -> None:  # noqa: FBT001  an assertion
    """Raise ``ConformanceError`` if a promise is not kept."""
    if not kept:
        raise ConformanceError(text)


def anonymous(plugin: str, sent: bytes) -> None:
    """Raise ``ConformanceError`` if what was sent names what is behind the decoy."""
    lowered = sent.lower()
    for word in GIVE_AWAYS:
        promise(word not in lowered, f"{plugin}: {word.decode()!r} on the wire: {sent[:200]!r}")


def reachable(roots: Sequence[object], known: set[int]) -> tuple[int, set[int]]:
    """Return how many bytes the objects reachable from the roots take, but for those known, and all their ids."""
    seen, size, waiting = set(known), 0, list(roots)
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type | types.ModuleType | types.FunctionType | types.CodeType):
            continue
        seen.add(id(item))
        size += sys.getsizeof(item)
        waiting += gc.get_referents(item)
    return size, seen

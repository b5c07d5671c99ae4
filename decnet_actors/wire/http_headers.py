"""This module fingerprints HTTP clients by the order and the letters of their headers' names. Pure.

The hashes are this project's: FoxIO's JA4H, which is alike, is under a licence that is not free.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum

MAX_NAMES = 100  # that count; more are a test of us, not a client's habit

# What depends on the request rather than on who sends it.
_OF_THE_REQUEST = {b"authorization", b"content-length", b"content-type", b"cookie", b"expect", b"referer"}


class Casing(StrEnum):
    """How names are written."""

    NONE = "none"  # there are no names
    LOWER = "lower"  # user-agent
    UPPER = "upper"  # USER-AGENT
    TITLE = "title"  # User-Agent
    MIXED = "mixed"  # some other way, or some one way and some another


def order_hash(names: Sequence[bytes]) -> str:
    """Return 12 hex characters for the order of a request's headers, however they are written."""
    return _hashed([name.lower() for name in _kept(names)])


def casing_hash(names: Sequence[bytes]) -> str:
    """Return 12 hex characters for a request's headers as they are written, however they are ordered."""
    return _hashed(sorted(_kept(names)))


def casing(names: Sequence[bytes]) -> Casing:
    """Return how a request's headers are written; names of one letter, or without letters, are title and upper."""
    kept = _kept(names)
    if not kept:
        return Casing.NONE
    for way, written in ((Casing.LOWER, bytes.lower), (Casing.TITLE, bytes.title), (Casing.UPPER, bytes.upper)):
        if all(name == written(name) for name in kept):
            return way
    return Casing.MIXED


def _kept(names: Sequence[bytes]) -> list[bytes]:
    return [name for name in names if name.lower() not in _OF_THE_REQUEST][:MAX_NAMES]


def _hashed(names: list[bytes]) -> str:
    return hashlib.sha256(b"\n".join(names)).hexdigest()[:12]

"""This module makes a keystroke rhythm comparable: a simhash of how long hands take from key to key.

Simhash: M. Charikar, "Similarity estimation techniques from rounding algorithms", 2002. A feature is a pair of keys
with the time between them on a scale of eight steps; what is pasted or sent by a program has no rhythm.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import pairwise

BITS = 64
MIN_PAIRS = 40  # of keys; fewer say nothing
LONGEST = 1.0  # seconds between two keys of one movement
SHORTEST = 0.02  # hands are not faster
LIKE = 20  # bits apart at which two rhythms say nothing; those of strangers are 32 apart


def rhythm_of(keys: Iterable[tuple[float, int]]) -> int | None:
    """Return the simhash of keystrokes (Unix seconds, byte); ``None`` when there are too few."""
    found: Counter[tuple[int, int, int]] = Counter()
    for (before, one), (after, other) in pairwise(sorted(set(keys))):
        gap = after - before
        if SHORTEST <= gap <= LONGEST:
            found[one, other, int(math.log2(gap / SHORTEST) * 1.4)] += 1
    if found.total() < MIN_PAIRS:
        return None
    return majority((_bits(feature), weight) for feature, weight in found.items())


def centroid(hashes: Collection[int]) -> int | None:
    """Return what most of the hashes have, bit by bit."""
    return majority((one, 1) for one in hashes) if hashes else None


def likeness(one: int | None, other: int | None) -> float:
    """Return 1.0 for the same rhythm, 0.0 from where they are no more alike than those of strangers may be."""
    if one is None or other is None:
        return 0.0
    return max(0.0, 1.0 - (one ^ other).bit_count() / LIKE)


def majority(hashes: Iterable[tuple[int, int]]) -> int:
    """Return the bits that weigh more set than not."""
    sums = [0] * BITS
    for one, weight in hashes:
        for bit in range(BITS):
            sums[bit] += weight if one >> bit & 1 else -weight
    return sum(1 << bit for bit, total in enumerate(sums) if total > 0)


def _bits(feature: tuple[int, int, int]) -> int:
    return int.from_bytes(hashlib.blake2b(repr(feature).encode(), digest_size=8).digest(), "big")

"""This module classifies how a stack chooses what ought not to be foretold: IP-IDs and initial sequence numbers."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

KEPT = 8  # samples of a source that are looked at: the newest
NEEDED = 4
STEP = 4096  # the most that counts as one step of a counter
ID_BITS, ISN_BITS = 16, 32


class Choice(StrEnum):
    """How the numbers follow one another."""

    UNKNOWN = "unknown"  # too few of them
    ZERO = "zero"
    CONSTANT = "constant"
    INCREMENTAL = "incremental"
    RANDOM = "random"


def classify(samples: Sequence[int], bits: int) -> Choice:
    """Return how the samples, in the order they came, were chosen; a counter of ``bits`` bits wraps to 0."""
    if len(samples) < NEEDED:
        return Choice.UNKNOWN
    if not any(samples):
        return Choice.ZERO
    if len(set(samples)) == 1:
        return Choice.CONSTANT
    size = 1 << bits
    if all(0 < (after - before) % size <= STEP for before, after in pairwise(samples)):
        return Choice.INCREMENTAL
    return Choice.RANDOM

"""This module defines what is thought of an address when others were asked about it."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What is thought of an address; a later one outweighs those before it."""

    UNKNOWN = "unknown"
    BENIGN = "benign"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"


_ORDER = tuple(Verdict)


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that outweighs the others."""
    return max(verdicts, key=_ORDER.index, default=Verdict.UNKNOWN)

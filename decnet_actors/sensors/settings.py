"""This module defines what an operator can say about the sniffer."""

from enum import StrEnum

from attrs import field, frozen
from attrs.validators import matches_re


class When(StrEnum):
    """Whether the sniffer runs."""

    AUTO = "auto"  # where it may
    ON = "on"  # and it is a problem if it may not
    OFF = "off"


@frozen(kw_only=True)
class SnifferSettings:
    """Whether packets to and from deckies are looked at; nothing is ever sent."""

    enabled: When = field(
        default=When.AUTO,
        metadata={"help": "auto listens where that is permitted, on reports a problem where it is not, off does not"},
    )
    interface: str = field(
        default="",
        validator=matches_re(r"([a-zA-Z0-9_.-]{1,15})?"),
        metadata={
            "help": "where it listens, with CAP_NET_RAW of its own; empty: where the fleet driver has the deckies"
        },
    )

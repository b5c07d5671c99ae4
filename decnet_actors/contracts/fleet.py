"""This module defines the plan of a fleet: which deckies there are and what each serves, ready to be hosted."""

import re
from typing import Any

from attrs import Attribute, evolve, field, frozen
from attrs.validators import ge, gt, le

from decnet_actors.contracts.decky_files import Isolation

MIN_LITERAL = 4  # characters of a secret pattern that must be literal; fewer would let strangers in by chance
MAX_PATTERN = 128  # characters
MAX_STARS = 2  # more make matching expensive for whoever sends the secret


@frozen(kw_only=True)
class Limits:
    """Caps of one service of one decky; each one that is reached becomes a ``LimitReached`` fact."""

    connections: int = field(default=10_000, validator=gt(0), metadata={"help": "connections held at once"})
    connections_per_source: int = field(
        default=2_500, validator=gt(0), metadata={"help": "connections held at once by one address"}
    )
    data_connections: int = field(
        default=500, validator=gt(0), metadata={"help": "second connections and ports held at once, as of FTP and TFTP"}
    )
    session_bytes: int = field(
        default=256 * 1024 * 1024, validator=gt(0), metadata={"help": "bytes taken from one session"}
    )
    unsent_bytes: int = field(
        default=4 * 1024 * 1024, validator=gt(0), metadata={"help": "bytes kept for a peer that reads slowly"}
    )
    idle: float = field(default=600.0, validator=gt(0), metadata={"help": "seconds a session may say nothing"})
    session_time: float = field(default=86_400.0, validator=gt(0), metadata={"help": "seconds a session may last"})
    stall: float = field(
        default=60.0, validator=gt(0), metadata={"help": "seconds a peer may take nothing of what waits for it"}
    )
    replies: int = field(
        default=10_000, validator=gt(0), metadata={"help": "datagrams sent in a second, to everybody together"}
    )
    replies_per_source: int = field(
        default=2_000, validator=gt(0), metadata={"help": "datagrams sent in a second to one address"}
    )
    reply_factor: int = field(
        default=3,
        validator=[ge(1), le(10)],
        metadata={"help": "how many times the bytes of its datagrams an address gets that has not shown to be its own"},
    )
    unproven_bytes: int = field(
        default=128,
        validator=[ge(0), le(4096)],
        metadata={"help": "bytes a second beyond that, to all such addresses together; 16 seconds' worth can be saved"},
    )


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _literal(pattern: str) -> int:
    return len(re.sub(r"\[[^\]]*\]|[*?]", "", pattern))


def _narrow(_: object, attribute: "Attribute[str]", value: str) -> None:
    if not _is_pattern(value):
        return
    if _literal(value) < MIN_LITERAL:
        raise ValueError(
            f"{attribute.name}: the pattern {value!r} would accept almost anything; "
            f"keep at least {MIN_LITERAL} literal characters"
        )
    if len(value) > MAX_PATTERN or value.count("*") > MAX_STARS:
        raise ValueError(f"{attribute.name}: a pattern has at most {MAX_PATTERN} characters and {MAX_STARS} stars")


def _exact(_: object, attribute: "Attribute[str]", value: str) -> None:
    if _is_pattern(value):
        raise ValueError(f"{attribute.name}: {value!r} is a pattern; a user is given exactly")


@frozen(kw_only=True)
class Bait:
    """A credential laid out for somebody to find: whoever uses it has been where it was left."""

    user: str = field(validator=_exact, metadata={"help": "exact user name"})
    secret: str = field(
        validator=_narrow,
        metadata={"help": "exact password, or a glob (* ? []) with at least 4 literal characters"},
    )
    service: str = field(default="", metadata={"help": "only at this service; empty is everywhere"})

    @property
    def is_pattern(self) -> bool:
        """Whether ``secret`` is a glob."""
        return _is_pattern(self.secret)


MAX_DELAY = 300.0  # seconds
MAX_RATE = 1_000_000  # bytes a second


def _slows(instance: "Tarpit", attribute: "Attribute[int]", value: int) -> None:
    if not value and not instance.delay:
        raise ValueError(f"{attribute.name}: a tarpit without a delay needs a rate")


@frozen(kw_only=True)
class Tarpit:
    """How replies are slowed down; a service's own replaces the one of its decky."""

    service: str = field(default="", metadata={"help": "only of this service; empty is all of the decky's"})
    delay: float = field(
        default=0.0, validator=[ge(0), le(MAX_DELAY)], metadata={"help": "time before each reply begins"}
    )
    rate: int = field(
        default=0,
        validator=[ge(0), le(MAX_RATE), _slows],
        metadata={"help": "bytes a second of a reply; 0: no limit"},
    )


@frozen(kw_only=True)
class ServicePlan:
    """One service of a decky. ``name`` is the plugin's name: what facts, actor paths and the CLI call it."""

    name: str  # redis
    plugin: str  # decoy.redis
    config: Any  # Any: the plugin's own config class, already validated
    port: int  # what it would be on a real machine; a driver may have to shift it
    limits: Limits = field(factory=Limits)


@frozen(kw_only=True)
class DeckyPlan:
    """One decky. ``index`` is its own for life, counted from 0: what is chosen for it follows from it.

    Empty ``address``, ``distribution``, ``stack`` or ``mac`` means ours to choose.
    """

    name: str
    index: int
    services: tuple[ServicePlan, ...]
    address: str = ""
    distribution: str = ""
    systems: tuple[str, ...] = ()  # what is chosen from when ``distribution`` is empty; none: general servers
    baits: tuple[Bait, ...] = ()
    weak_credentials: int = 2  # how many common pairs open a door of this decky
    stack: str = ""  # name of a TCP/IP stack personality; empty: the one that fits the system
    mac: str = ""
    isolation: Isolation | None = None  # which attackers see one another's files; ``None``: as the fleet has it
    running: bool = True  # False: it is kept, but nothing of it listens
    tarpits: tuple[Tarpit, ...] = ()

    def lasts_as(self, other: "DeckyPlan") -> bool:
        """Return whether the plans are equal but for what is put in force while services run."""
        return self is other or evolve(self, tarpits=()) == evolve(other, tarpits=())

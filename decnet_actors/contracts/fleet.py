"""This module defines the plan of a fleet: which deckies there are and what each serves, ready to be hosted."""

from typing import Any

from attrs import field, frozen
from attrs.validators import ge, gt


@frozen(kw_only=True)
class Limits:
    """Caps of one service of one decky; each one that is reached becomes a ``LimitReached`` fact."""

    connections: int = field(default=10_000, validator=gt(0), metadata={"help": "connections held at once"})
    connections_per_source: int = field(
        default=2_500, validator=gt(0), metadata={"help": "connections held at once by one address"}
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
    tarpit: float = field(default=0.0, validator=ge(0), metadata={"help": "seconds every reply is held back"})


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
    """One decky. ``index`` counts from 0 in fleet order; empty ``address`` or ``distribution`` means ours to choose."""

    name: str
    index: int
    services: tuple[ServicePlan, ...]
    address: str = ""
    distribution: str = ""

"""This module defines the operations on tarpits: how the replies of a decky are slowed down."""

from attrs import field, frozen
from attrs.validators import ge, le

from decnet_actors.contracts.fleet import MAX_DELAY, MAX_RATE
from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route, about
from decnet_actors.fleet.decky_operations import DeckyArgs, DeckyChangeArgs
from decnet_actors.fleet.fleet_operations import FleetChange


@frozen(kw_only=True)
class TarpitClearArgs(DeckyChangeArgs):
    """Which tarpit of which decky."""

    service: str = field(default="", metadata=about("Only of this service; without it the one of the whole decky."))


@frozen(kw_only=True)
class TarpitSetArgs(TarpitClearArgs):
    """How slow."""

    delay: float = field(
        default=0.0, validator=[ge(0), le(MAX_DELAY)], metadata=about("Seconds before each reply begins, 300 at most.")
    )
    rate: int = field(
        default=0, validator=[ge(0), le(MAX_RATE)], metadata=about("Bytes a second of a reply; 0: no limit.")
    )


@frozen(kw_only=True)
class TarpitRow:
    """One tarpit; an empty ``service`` is all services of the decky that have none of their own."""

    decky: str
    service: str
    delay: float  # seconds
    rate: int  # bytes a second; 0: no limit


TARPIT_SHOW = Operation(
    name="decky.tarpit-show",
    summary="Show how a decky's replies are slowed down.",
    args=DeckyArgs,
    result=Page[TarpitRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/deckies/{name}/tarpit"),
    examples=("decnetctl decky tarpit-show web-02",),
    columns=("decky", "service", "delay", "rate"),
)
TARPIT_SET = Operation(
    name="decky.tarpit-set",
    summary="Slow a decky's replies down, also those of connections that are open; no service is interrupted.",
    args=TarpitSetArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}/tarpit:set"),
    examples=(
        "decnetctl decky tarpit-set web-02 --delay 2.5 --rate 20",
        "decnetctl decky tarpit-set web-02 --service ssh --rate 5",
    ),
)
TARPIT_CLEAR = Operation(
    name="decky.tarpit-clear",
    summary="Let a decky answer at its own pace again.",
    args=TarpitClearArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}/tarpit:clear"),
    examples=("decnetctl decky tarpit-clear web-02", "decnetctl decky tarpit-clear web-02 --service ssh"),
)

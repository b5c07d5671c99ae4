"""This module decides what brings a fleet from what is there to what is wanted. Pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from attrs import frozen

from decnet_actors.contracts.fleet_driver import Observed, Place, PlaceState
from decnet_actors.domain.facts import DeckyState

GONE = "its place is gone"
UNWANTED = "nobody wants it"
STOPPED = "it is stopped"


class Move(StrEnum):
    """What is done about one decky."""

    START = "start"  # bring its services up; whoever starts first makes the place
    REBUILD = "rebuild"  # remove the place and bring the services up in a new one
    MOVE = "move"  # put it together anew at the address its place has now
    REMOVE = "remove"  # remove the place


@frozen(kw_only=True)
class Expected:
    """One decky as it should be."""

    place: Place  # where the driver would put it
    running: bool
    serving: bool  # whether any of its services believes that it listens


@frozen(kw_only=True)
class Step:
    """One thing to do."""

    decky: str
    move: Move
    reason: str


@frozen(kw_only=True)
class Transition:
    """A decky's state is another one than at the last look; ``old`` is ``None`` for one seen for the first time."""

    decky: str
    old: DeckyState | None
    new: DeckyState | None  # None: the decky is gone


def steps(expected: Mapping[str, Expected], observed: Mapping[str, Observed]) -> tuple[Step, ...]:
    """Return what to do, what goes first: its addresses may be wanted by what comes."""
    return (*_leaving(expected, observed), *_coming(expected, observed))


def _leaving(expected: Mapping[str, Expected], observed: Mapping[str, Observed]) -> Iterator[Step]:
    for decky in observed:
        wanted = expected.get(decky)
        if wanted is None or not wanted.running:
            yield Step(decky=decky, move=Move.REMOVE, reason=UNWANTED if wanted is None else STOPPED)


def _coming(expected: Mapping[str, Expected], observed: Mapping[str, Observed]) -> Iterator[Step]:
    for decky, wanted in expected.items():
        if not wanted.running:
            continue
        there = observed.get(decky)
        if there is None:
            # services that listen in a place that is gone hear nobody any more
            yield Step(decky=decky, move=Move.REBUILD if wanted.serving else Move.START, reason=GONE)
        elif there.state is PlaceState.BROKEN:
            yield Step(decky=decky, move=Move.REBUILD, reason=there.detail or "its place is broken")
        elif difference := _difference(wanted.place, there.place):
            yield Step(decky=decky, move=Move.REBUILD, reason=difference)
        elif wanted.place.leased and there.state is PlaceState.UP and there.place.address != wanted.place.address:
            reason = f"its lease is for {there.place.address}, not {wanted.place.address or 'known before'}"
            yield Step(decky=decky, move=Move.MOVE, reason=reason)


def _difference(wanted: Place, there: Place) -> str:
    for what in ("mac", "stack") if wanted.leased else ("address", "mac", "stack"):
        should, is_ = getattr(wanted, what), getattr(there, what)
        if should and should != is_:
            return f"its {what} is {is_ or 'not set'}, should be {should}"
    return ""


def transitions(before: Mapping[str, DeckyState], after: Mapping[str, DeckyState]) -> tuple[Transition, ...]:
    """Return what changed between two looks; nothing when nothing did."""
    names = dict.fromkeys((*before, *after))
    return tuple(
        Transition(decky=name, old=before.get(name), new=after.get(name))
        for name in names
        if before.get(name) is not after.get(name)
    )

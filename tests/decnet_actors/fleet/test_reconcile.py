import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.fleet_driver import Observed, Place, PlaceState
from decnet_actors.domain.facts import DeckyState
from decnet_actors.fleet.reconcile import Expected, Move, Transition, steps, transitions

PLACE = Place(decky="web-01", address="192.0.2.1", mac="52:54:00:00:00:01", stack="linux")
UP = Observed(place=PLACE, state=PlaceState.UP)
RUNNING = Expected(place=PLACE, running=True, serving=True)
STARTING = evolve(RUNNING, serving=False)
LEASED = evolve(RUNNING, place=evolve(PLACE, leased=True))
OTHER_LEASE = evolve(PLACE, leased=True, address="192.0.2.9")
STOPPED = evolve(RUNNING, running=False, serving=False)
BROKEN = evolve(UP, state=PlaceState.BROKEN, detail="its link is down")


@pytest.mark.parametrize(
    ("desired", "observed", "expected"),
    [
        (None, None, None),
        (None, UP, (Move.REMOVE, "nobody wants it")),
        (None, BROKEN, (Move.REMOVE, "nobody wants it")),
        (STOPPED, None, None),
        (STOPPED, UP, (Move.REMOVE, "it is stopped")),
        (STARTING, None, (Move.START, "its place is gone")),
        (STARTING, UP, None),
        (RUNNING, None, (Move.REBUILD, "its place is gone")),
        (RUNNING, UP, None),
        (RUNNING, BROKEN, (Move.REBUILD, "its link is down")),
        (RUNNING, evolve(BROKEN, detail=""), (Move.REBUILD, "its place is broken")),
        (
            RUNNING,
            evolve(UP, place=evolve(PLACE, address="192.0.2.9")),
            (Move.REBUILD, "its address is 192.0.2.9, should be 192.0.2.1"),
        ),
        (
            RUNNING,
            evolve(UP, place=evolve(PLACE, mac="")),
            (Move.REBUILD, "its mac is not set, should be 52:54:00:00:00:01"),
        ),
        (RUNNING, evolve(UP, place=evolve(PLACE, stack="bsd")), (Move.REBUILD, "its stack is bsd, should be linux")),
        (evolve(RUNNING, place=evolve(PLACE, mac="", stack="")), UP, None),  # nobody asked for them
        (LEASED, UP, None),
        (LEASED, evolve(UP, place=OTHER_LEASE), (Move.MOVE, "its lease is for 192.0.2.9, not 192.0.2.1")),
        (
            evolve(LEASED, place=evolve(LEASED.place, address="")),
            UP,
            (Move.MOVE, "its lease is for 192.0.2.1, not known before"),
        ),
        (LEASED, evolve(UP, state=PlaceState.WAITING, place=evolve(PLACE, address="")), None),
        (
            LEASED,
            evolve(UP, place=evolve(OTHER_LEASE, mac="")),
            (Move.REBUILD, "its mac is not set, should be 52:54:00:00:00:01"),
        ),
    ],
)
def test_the_truth_table(desired, observed, expected) -> None:
    got = steps({} if desired is None else {"web-01": desired}, {} if observed is None else {"web-01": observed})

    assert [(step.move, step.reason) for step in got] == ([] if expected is None else [expected])
    assert all(step.decky == "web-01" for step in got)


def test_who_leaves_goes_before_who_comes() -> None:
    new = Expected(place=Place(decky="new", address=PLACE.address), running=True, serving=False)

    assert [step.move for step in steps({"new": new}, {"web-01": UP})] == [Move.REMOVE, Move.START]


STATES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(DeckyState))


@given(STATES, STATES)
def test_transitions_lead_from_one_look_to_the_next(before, after) -> None:
    now = dict(before)
    for one in transitions(before, after):
        assert now.pop(one.decky, None) is one.old
        if one.new is not None:
            now[one.decky] = one.new

    assert now == after


@given(STATES)
def test_a_quiet_look_has_no_transitions(states) -> None:
    assert transitions(states, dict(states)) == ()


def test_a_decky_that_came_has_no_old_state() -> None:
    assert transitions({}, {"a": DeckyState.UP}) == (Transition(decky="a", old=None, new=DeckyState.UP),)

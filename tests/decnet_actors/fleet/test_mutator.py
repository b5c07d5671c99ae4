"""Deckies change by themselves when their interval has passed, and only then."""

from attrs import evolve

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.fleet.document import Document, numbered
from decnet_actors.fleet.mutator import LookAround, Mutator, Waiting, due, waiting
from decnet_actors.fleet.settings import DeckySettings
from supervisors.testing import ManualClock, launch, settle

OFTEN = DeckySettings(name="often", services=("ssh",), mutate_interval=60.0)
RARELY = DeckySettings(name="rarely", services=("ssh",), mutate_interval=3600.0)
NEVER = DeckySettings(name="never", services=("ssh",))
FLEET = numbered((RARELY, OFTEN, NEVER, evolve(OFTEN, name="resting", state="stopped")))


def test_who_runs_and_has_an_interval_waits_from_when_it_is_first_seen():
    first = waiting(FLEET, {}, 1000.0)
    later = waiting(FLEET, first, 1010.0)

    assert first == later == {"rarely": Waiting(interval=3600, since=1000), "often": Waiting(interval=60, since=1000)}


def test_another_interval_begins_anew_and_who_goes_is_forgotten():
    changed = numbered((evolve(OFTEN, mutate_interval=120.0),))

    assert waiting(changed, waiting(FLEET, {}, 1000.0), 1050.0) == {"often": Waiting(interval=120, since=1050)}


def test_nobody_waits_in_a_fleet_that_rests():
    assert waiting(evolve(FLEET, paused=True), waiting(FLEET, {}, 1000.0), 1010.0) == {}


def test_the_longest_overdue_comes_first():
    found = waiting(FLEET, {}, 1000.0)

    assert [due(found, now) for now in (1059.9, 1060.0, 4700.0)] == [(), ("often",), ("often", "rarely")]


class Fleet:
    """A fleet whose deckies can be changed, but one."""

    def __init__(self, document: Document):
        self.document = document
        self.changed: list[str] = []

    async def wanted(self) -> Document:
        return self.document

    async def mutate(self, name: str) -> None:
        self.changed.append(name)
        if name == "rarely":
            raise OperatorError(CATALOGUE["DN4010"], "there is nothing else it could serve")


async def test_each_decky_is_changed_once_an_interval_also_when_one_cannot_be():
    fleet, clock = Fleet(FLEET), ManualClock()
    actor = Mutator(fleet.wanted, fleet.mutate)
    launch(actor, clock=clock)
    for seconds in (0.0, 3600.0, 30.0, 30.0):
        clock.advance(seconds)
        actor.ref.tell(LookAround())
        await settle()

    assert fleet.changed == ["often", "rarely", "often"]
    actor.ref.stop()
    await settle()

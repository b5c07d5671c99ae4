"""Whatever is asked for, crashes and restarts in whatever order: all ends, in order, and the newest holds."""

import asyncio
from typing import Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from decnet_actors.contracts.lifecycle import Lifecycle, State
from decnet_actors.fleet.desired import DesiredFleet
from tests.decnet_actors.fleet.test_conductor import ask_for
from tests.decnet_actors.fleet.undertakings import Company, company

Step: TypeAlias = tuple[Literal["ask", "turn", "crash", "reboot"], int]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.just(0)),
        st.tuples(st.just("turn"), st.integers(1, 12)),
        st.tuples(st.just("crash"), st.just(0)),
        st.tuples(st.just("reboot"), st.just(0)),
    ),
    max_size=12,
)


async def newest(desired: DesiredFleet) -> list[str]:
    return [settings.name for settings in (await desired.newest()).document.deckies]


async def reboot(founded: Company) -> None:
    """Do what a start of the daemon does: put together what the newest revision says."""
    hostable = await founded.desired.hostable((await founded.desired.newest()).document)
    founded.crew.plans = {plan.name: plan for plan in hostable.plans}
    founded.crew.revision = (await founded.desired.newest()).revision.number


async def play(wanted: list[Step]) -> None:
    async with company() as founded:
        asked: list[Lifecycle] = []
        rebooted = False
        for step, turns in wanted:
            assert founded.conductor is not None
            match step:
                case "ask":
                    asked.append(await ask_for(founded, f"d-{len(asked)}"))
                case "turn":
                    for _ in range(turns):
                        await asyncio.sleep(0)
                case "crash":
                    founded.conductor.kill()
                    await founded.hire()
                case "reboot":
                    rebooted = True
                    founded.conductor.kill()
                    while founded.desk.undisturbed.locked():
                        await asyncio.sleep(0)
                    await reboot(founded)
                    await founded.hire()
        async with asyncio.timeout(5):
            ends = [await founded.desk.ended(one.id) for one in asked]

        for end in ends:
            if end.state is State.FAILED:
                # a crash at the same moment again and again ends it too
                assert "superseded" in end.error or end.error.startswith("it was begun 3 times"), end
                assert rebooted or "superseded" not in end.error
        if ends and ends[-1].state is State.SUCCEEDED:
            assert await newest(founded.desired) == list(founded.crew.plans)
        begun = [int(line.partition(" ")[0]) for line in founded.crew.log if line.endswith("begins")]
        assert begun == sorted(begun), "a revision is never gone back from"


@settings(max_examples=60, deadline=None)
@given(steps)
def test_everything_ends_in_order(wanted: list[Step]) -> None:
    asyncio.run(play(wanted))

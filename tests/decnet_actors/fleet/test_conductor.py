"""What is asked of the deckies is done in order, told of, and comes to one end whatever is killed in between."""

import asyncio
from collections import Counter

import pytest

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.lifecycle import Lifecycle, State
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.facts import OperationEnded, OperationProgressed, OperationStarted, Trigger
from decnet_actors.fleet.conductor import ITSELF, MAX_ATTEMPTS, Work
from decnet_actors.fleet.decky_operations import DeckyCreateArgs
from decnet_actors.fleet.document import numbered
from decnet_actors.fleet.edits import created
from decnet_actors.fleet.lifecycle_operations import LifecycleArgs
from supervisors.testing import settle
from tests.decnet_actors.fleet.undertakings import Company, company

ANA = Caller(name="ana", role=Role.ADMIN, via="web")


async def ask_for(founded: Company, name: str, caller: Caller = ANA) -> Lifecycle:
    """Ask for one decky more."""
    before = await founded.desired.newest()
    args = DeckyCreateArgs(name=name, services=("ssh",))
    proposal = await founded.desired.propose(before, lambda old: numbered(created(old.deckies, args), old))
    wanted = founded.desk.write("decky.create", caller, revision=before.revision.number + 1, reason="more")
    await founded.desired.add(before, proposal, caller, reason="more", lifecycle=wanted)
    founded.desk.wake()
    return wanted


async def test_what_is_asked_for_is_done_and_kept_with_who_and_when() -> None:
    async with company() as founded:
        wanted = await ask_for(founded, "web-01")
        ended = await founded.desk.ended(wanted.id)

        assert founded.records.rows[wanted.id] == ended
        assert (ended.state, ended.author, ended.revision, ended.attempts) == (State.SUCCEEDED, "ana", 1, 1)
        assert (ended.done, ended.total, [one.name for one in ended.outcomes]) == (1, 1, ["web-01"])
        assert wanted.requested == ended.started == ended.ended == founded.clock.now()
        assert founded.crew.triggers == [Trigger.OPERATOR]


async def test_what_the_daemon_asks_for_is_not_an_operators_doing() -> None:
    async with company() as founded:
        wanted = await ask_for(founded, "web-01", Caller(name="mutator", role=Role.ADMIN, via=ITSELF))
        await founded.desk.ended(wanted.id)

        assert founded.crew.triggers == [Trigger.SCHEDULED]


async def test_two_that_are_asked_for_at_once_are_done_one_after_the_other() -> None:
    async with company() as founded:
        first = await ask_for(founded, "web-01")
        second = await ask_for(founded, "web-02")
        ends = [await founded.desk.ended(one.id) for one in (second, first)]

        assert [end.state for end in ends] == [State.SUCCEEDED] * 2
        assert founded.crew.log == ["1 begins", "1 ends", "2 begins", "2 ends"]


async def test_one_that_waits_for_another_is_queued_and_the_reconciler_waits_too() -> None:
    async with company() as founded:
        founded.crew.gate = asyncio.Event()
        first = await ask_for(founded, "web-01")
        second = await ask_for(founded, "web-02")
        await settle()
        rows = {one.id: one.state for one in await founded.records.list()}
        assert rows == {first.id: State.RUNNING, second.id: State.QUEUED}
        assert founded.desk.undisturbed.locked()
        founded.crew.gate.set()

        assert (await founded.desk.ended(second.id)).state is State.SUCCEEDED
        await settle()
        assert not founded.desk.undisturbed.locked()


async def test_a_decky_that_does_not_come_up_makes_it_fail_and_is_named() -> None:
    async with company() as founded:
        founded.crew.failing["web-01"] = "ssh: port 22 is taken"
        ended = await founded.desk.ended((await ask_for(founded, "web-01")).id)

        assert (ended.state, ended.error) == (State.FAILED, "1 of 1 not up: web-01: ssh: port 22 is taken")


async def test_killed_at_any_moment_it_is_taken_up_and_comes_to_its_end() -> None:
    kills = 0
    for steps in range(40):
        async with company() as founded:
            async with founded.desk.undisturbed:  # nothing is begun before all is asked for
                first = await ask_for(founded, "web-01")
                second = await ask_for(founded, "web-02")
                restart = founded.desk.write("decky.restart", ANA, revision=2, reason="", decky="web-01")
                await founded.desk.hand_in(restart)
            for _ in range(steps):
                await asyncio.sleep(0)
            done = founded.records.rows[restart.id].state.is_end
            kills += not done
            assert founded.conductor is not None
            founded.conductor.kill()
            await founded.hire()
            async with asyncio.timeout(5):
                ends = [await founded.desk.ended(one.id) for one in (first, second, restart)]

            assert [end.state for end in ends] == [State.SUCCEEDED] * 3, steps
            assert list(founded.crew.plans) == ["web-01", "web-02"]
            assert sum(end.attempts for end in ends) <= 4
            order = [line for line in founded.crew.log if line.endswith(("ends", "restarts"))]
            assert list(dict.fromkeys(order)) == ["1 ends", "2 ends", "web-01 restarts"]
            told = Counter(fact.operation for fact in founded.facts if isinstance(fact, OperationEnded))
            assert set(told.values()) <= {1}, "nobody hears of an end twice"
    assert 10 < kills < 40, "the kills must cover the whole way, and more"


async def test_after_a_restart_what_a_newer_revision_superseded_has_failed_and_the_newest_succeeds() -> None:
    async with company() as founded:
        assert founded.conductor is not None
        founded.conductor.kill()  # the daemon dies before anything is done
        first = await ask_for(founded, "web-01")
        second = await ask_for(founded, "web-02")
        hostable = await founded.desired.hostable((await founded.desired.newest()).document)
        founded.crew.plans = {plan.name: plan for plan in hostable.plans}  # what a boot does
        founded.crew.revision = 2
        await founded.hire()
        ends = [await founded.desk.ended(one.id) for one in (first, second)]

        assert [end.state for end in ends] == [State.FAILED, State.SUCCEEDED]
        assert ends[0].error == "revision 2 superseded it before it was done"


async def test_what_is_taken_up_again_tells_of_deckies_an_earlier_attempt_touched() -> None:
    async with company() as founded:
        founded.crew.gate = asyncio.Event()
        wanted = await ask_for(founded, "web-01")
        await settle()
        assert founded.conductor is not None
        founded.conductor.kill()
        hostable = await founded.desired.hostable((await founded.desired.newest()).document)
        founded.crew.plans = {plan.name: plan for plan in hostable.plans}
        founded.crew.failing["web-01"] = "ssh: port 22 is taken"
        await founded.hire()
        ended = await founded.desk.ended(wanted.id)

        assert (ended.attempts, ended.state) == (2, State.FAILED)
        assert ended.error == "1 of 1 not up: web-01: ssh: port 22 is taken"


async def test_what_a_defect_of_ours_cuts_off_each_time_is_given_up_and_the_next_is_done() -> None:
    async with company() as founded:
        founded.crew.broken = RuntimeError("a defect")
        poison = await ask_for(founded, "web-01")
        for _ in range(MAX_ATTEMPTS):
            await settle()
            assert founded.conductor is not None
            assert not founded.conductor.is_up, "our own fault ends the actor"
            await founded.hire()
        await settle()
        ended = await founded.desk.ended(poison.id)
        founded.crew.broken = None
        after = await founded.desk.ended((await ask_for(founded, "web-02")).id)

        assert (ended.state, ended.attempts) == (State.FAILED, MAX_ATTEMPTS)
        assert ended.error.startswith("it was begun 3 times")
        assert (after.state, list(founded.crew.plans)) == (State.SUCCEEDED, ["web-01", "web-02"])


async def test_progress_is_told_to_followers_and_now_and_then_to_everybody() -> None:
    async with company() as founded:
        founded.crew.gate = asyncio.Event()
        wanted = await ask_for(founded, "web-01")
        seen: list[Lifecycle] = []

        async def follow() -> None:
            seen.extend([one async for one in founded.desk.follow(LifecycleArgs(id=wanted.id), ANA)])

        async with asyncio.TaskGroup() as group:
            group.create_task(follow())
            await settle()
            for done in range(100):
                founded.clock.advance(0.05)
                founded.desk.progress(done, 100)
                await settle(3)
            founded.crew.gate.set()
        progressed = [fact for fact in founded.facts if isinstance(fact, OperationProgressed)]

        assert [one.state for one in seen[:2]] == [State.QUEUED, State.RUNNING]
        assert (seen[-1].state, seen[-1].done, seen[-1].total) == (State.SUCCEEDED, 1, 1)
        assert 20 <= len(seen) <= 30, "five times a second, for five seconds"
        assert 4 <= len(progressed) <= 5, "once a second"
        assert isinstance(founded.facts[0], OperationStarted)
        assert founded.facts[-1] == OperationEnded(
            operation=wanted.id, kind="decky.create", succeeded=True, error="", done=1, total=1
        )


async def test_they_are_listed_shown_and_followed_by_viewers() -> None:
    viewer = Caller(name="bo", role=Role.VIEWER, via="web")
    async with company() as founded:
        table = OperationTable(None, founded.clock.now)
        founded.desk.bind(table)
        founded.crew.gate = asyncio.Event()
        wanted = await ask_for(founded, "web-01")
        later = await ask_for(founded, "web-02")
        await settle()
        founded.clock.advance(1)
        founded.desk.progress(3, 7)
        first = await table.call("operation.list", {"limit": "1"}, viewer)
        rest = await table.call("operation.list", {"cursor": first["next"]}, viewer)
        shown = await table.call("operation.show", {"id": wanted.id}, viewer)
        founded.crew.gate.set()
        followed = [one async for one in table.stream("operation.follow", {"id": later.id}, viewer)]

        assert ([row["id"] for row in first["items"]], first["next"]) == ([later.id], later.id)
        assert [(row["id"], row["done"], row["total"]) for row in rest["items"]] == [(wanted.id, 3, 7)]
        assert (shown["state"], shown["done"]) == ("running", 3)
        assert (followed[0]["state"], followed[-1]["state"]) == ("queued", "succeeded")
        assert followed[-1]["outcomes"] == [{"name": "web-02", "state": "up", "error": ""}]
        with pytest.raises(OperatorError, match='DN3001: no operation has the id "x\\\\x1b"'):
            await table.call("operation.show", {"id": "x\x1b"}, viewer)


async def test_something_that_comes_while_it_looks_is_not_forgotten() -> None:
    async with company() as founded:
        assert founded.conductor is not None
        for steps in range(12):
            founded.conductor.ref.tell(Work())
            for _ in range(steps):
                await asyncio.sleep(0)
            wanted = await ask_for(founded, f"d-{steps}")
            async with asyncio.timeout(5):
                assert (await founded.desk.ended(wanted.id)).state is State.SUCCEEDED

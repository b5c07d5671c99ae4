from typing import Any

from attrs import evolve

from decnet_actors.app.house import Means, clear, settle, settle_all
from decnet_actors.conformance.fakes import NOW, FakeArtifacts, FakeJournal, FakeVault, _at_once
from decnet_actors.contracts.fleet import Bait, DeckyPlan, ServicePlan
from decnet_actors.contracts.fleet_driver import Wanted
from decnet_actors.decoys.decky import PATIENCE
from decnet_actors.decoys.host import Household
from decnet_actors.decoys.sessions import OpenSessions
from plugins.decoy.redis import PLUGIN, RedisConfig
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift
from supervisors.spec import ChildSpec
from supervisors.testing import ManualClock


def means(clock: ManualClock) -> Means:
    return Means(
        host="host",
        seed=1,
        founded=NOW,
        now=clock.now,
        work=clock.monotonic,
        driver=LoopbackDriver(network="127.0.0.0/8", shift=Shift.ALWAYS),
        sessions=OpenSessions(),
        artifacts=FakeArtifacts(),
        vault=lambda _decky: FakeVault(),
        writer=lambda _path: FakeJournal(),
        offload=_at_once,
        patience=PATIENCE,
        plugin=lambda _id: PLUGIN,
    )


def test_a_deckys_proc_moves_with_the_daemons_clock_though_nobody_is_at_a_shell():
    clock = ManualClock(NOW)
    redis = ServicePlan(name="redis", plugin="decoy.redis", config=RedisConfig(), port=6379)
    _, spec = settle(DeckyPlan(name="db-01", index=0, services=(redis,)), means(clock))
    service = spec.children[0]
    assert isinstance(service, ChildSpec)
    host: Any = service.start()  # Any: what is looked at is its own affair
    files = host._household.machine.files

    before = float(files.read("/proc/uptime").split()[0])
    clock.advance(90)

    assert 90 == round(float(files.read("/proc/uptime").split()[0]) - before, 3)


async def test_places_of_an_earlier_start_that_are_nobodys_now_or_elsewhere_are_removed():
    given = means(ManualClock(NOW))
    redis = ServicePlan(name="redis", plugin="decoy.redis", config=RedisConfig(), port=6379)
    plans = [DeckyPlan(name=name, index=index, services=(redis,)) for index, name in enumerate(["stays", "moved"])]
    inhabitants, _ = settle_all(plans, given, {})
    for name, address in (("stays", ""), ("moved", "127.9.9.9"), ("forgotten", "127.9.9.8")):
        index = 0 if name == "stays" else 7
        await given.driver.create(Wanted(decky=name, index=index, address=address))

    await clear(given.driver, inhabitants)

    assert {"stays"} == set(await given.driver.observe())


def household_of(plan: DeckyPlan) -> Any:  # Any: what is looked at is its own affair
    service = settle(plan, means(ManualClock(NOW)))[1].children[0]
    assert isinstance(service, ChildSpec)
    host: Any = service.start()  # Any: as above
    return host._household


def added_uid(household: Household) -> int:
    return next(a.uid for a in household.machine.persona.accounts if a.name == "deploy")


def test_bait_lives_on_the_machine_and_moves_nobody_elses_password():
    redis = ServicePlan(name="redis", plugin="decoy.redis", config=RedisConfig(), port=6379)
    plan = DeckyPlan(name="db-01", index=0, services=(redis,))
    laid = evolve(plan, baits=(Bait(user="deploy", secret="s"), Bait(user="shop", secret="s", service="http")))
    plain, baited = household_of(plan), household_of(laid)

    assert {"deploy"} == {a.name for a in baited.machine.persona.accounts} - {
        a.name for a in plain.machine.persona.accounts
    }
    assert plain.policy.weak == baited.policy.weak
    assert b"deploy:x:" in baited.machine.files.read("/etc/passwd")
    assert b"deploy:x:" in baited.machine.files.read("/etc/group")
    assert added_uid(baited) == baited.machine.files.stat("/home/deploy").uid

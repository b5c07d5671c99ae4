"""A service of an attacker that is told by something else is noticed: live, replayed, after a restart, once."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.analysis.follower import Follower
from decnet_actors.analysis.rotations import Rotations, look
from decnet_actors.contracts.fingerprints import Service, Told
from decnet_actors.domain.findings import AttackerFingerprinted, FingerprintRotated
from decnet_actors.domain.records import Entry, Record
from decnet_actors.store.fingerprints import FingerprintTable
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.reader import Reader
from supervisors.testing import launch, settle
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import NOW

ADDRESS = "203.0.113.7"
SSH, WEB = Service(ADDRESS, 22, "hassh_server"), Service(ADDRESS, 443, "jarm")
NEVER = Told(value="", rotations=0, first_seen=0.0, last_seen=0.0)
_numbers = itertools.count(1)


def new_id() -> str:
    return f"{next(_numbers):032x}"


def looked(service: Service, value: str, time: float = NOW) -> Record:
    fact = AttackerFingerprinted(address=service.address, port=service.port, probe=service.probe, value=value)
    return Record(id=new_id(), time=time, host="manager", decky="", service="", fact=fact)


def rotated(service: Service, old: str, new: str, rotations: int) -> FingerprintRotated:
    return FingerprintRotated(
        address=service.address, port=service.port, probe=service.probe, old=old, new=new, rotations=rotations
    )


async def follow(harness: Harness) -> Follower:
    ledger = JournalLedger(harness.engine, harness.intake, host="manager", new_id=new_id)
    table = FingerprintTable(harness.engine)
    follower = Follower(lambda: Rotations(table), Reader(harness.engine, harness.subscribe), ledger, linger=0.0)
    launch(follower, "analysis/rotations")
    await follower.started
    return follower


def told(harness: Harness) -> list[FingerprintRotated]:
    return [entry.record.fact for entry in harness.published if isinstance(entry.record.fact, FingerprintRotated)]


async def test_each_rotation_is_told_once_whoever_is_killed_meanwhile(engine: AsyncEngine) -> None:
    harness = Harness(engine)
    await harness.start()
    for number, value in enumerate(["a", "a", "b", "b", "a", "c"]):
        follower = await follow(harness)
        await harness.keep(looked(SSH, value, NOW + number), looked(WEB, "same", NOW + number))
        while (await FingerprintTable(engine).last([WEB])).get(WEB, NEVER).last_seen < NOW + number:
            await settle()
        follower.kill()

    assert [rotated(SSH, "a", "b", 1), rotated(SSH, "b", "a", 2), rotated(SSH, "a", "c", 3)] == told(harness)
    assert ["attacker.fingerprint_rotated"] * 3 == [
        entry.record.topic for entry in harness.published if isinstance(entry.record.fact, FingerprintRotated)
    ]
    assert {
        SSH: Told(value="c", rotations=3, first_seen=NOW, last_seen=NOW + 5),
        WEB: Told(value="same", rotations=0, first_seen=NOW, last_seen=NOW + 5),
    } == await FingerprintTable(engine).last([SSH, WEB, Service(ADDRESS, 22, "jarm")])
    await harness.stop()


async def test_what_is_replayed_is_what_was_live(engine: AsyncEngine) -> None:
    harness = Harness(engine)
    await harness.start()
    await harness.keep(*(looked(SSH, value) for value in "aabba"), looked(WEB, "x"), looked(WEB, "y"))
    follower = await follow(harness)
    while len(told(harness)) < 3:
        await settle()

    assert [rotated(SSH, "a", "b", 1), rotated(SSH, "b", "a", 2), rotated(WEB, "x", "y", 1)] == told(harness)
    follower.kill()
    await harness.stop()


async def test_other_facts_come_to_nothing(engine: AsyncEngine) -> None:
    record = looked(SSH, "a")
    other = Record(id=new_id(), time=NOW, host="manager", decky="", service="", fact=rotated(SSH, "a", "b", 1))
    study = Rotations(FingerprintTable(engine))

    assert () == (await study.study([Entry(seq=1, record=other)])).work
    assert () == tuple((await study.study([Entry(seq=2, record=record)])).found)


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_rotations_are_the_times_a_value_follows_another(values):
    told_by = None
    for time, value in enumerate(values):
        told_by = look(told_by, value, float(time))

    changes = sum(one != other for one, other in itertools.pairwise(values))
    assert Told(value=values[-1], rotations=changes, first_seen=0.0, last_seen=float(len(values) - 1)) == told_by

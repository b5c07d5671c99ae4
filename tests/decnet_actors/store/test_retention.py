import asyncio
from functools import partial
from pathlib import Path

import attrs
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.facts import Direction, TerminalSeen
from decnet_actors.store.artifacts import ArtifactStore
from decnet_actors.store.engine import make_engine
from decnet_actors.store.reader import Reader
from decnet_actors.store.retention import Retention, SweepNow, Swept
from decnet_actors.store.settings import DAY, RetentionConfig
from decnet_actors.store.sweep import Sweep
from decnet_actors.store.tables import credential, credential_use, dead_letter, line, minute, session, source
from supervisors.testing import ManualClock, launch, settle
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.reusing import contents, follow
from tests.decnet_actors.store.samples import NOW, login, record, session_id

FOREVER = RetentionConfig(
    events=0, terminals=0, sessions=0, credentials=0, sources=0, artifacts=0, batch=3, pause=0.0, every=3600.0
)


@pytest.fixture
async def harness(engine: AsyncEngine):
    """Twenty days of evidence: each day a session from an address of its own, with a credential of its own."""
    harness = Harness(engine)
    await harness.start()
    for day in range(20):
        time = NOW + day * DAY
        seen = partial(record, session=day, source=f"192.0.2.{day}", time=time)
        await harness.keep(
            seen(3 * day, login(secret=b"%d" % day)),
            seen(3 * day + 1, TerminalSeen(direction=Direction.OUT, data=b"$ ")),
            seen(3 * day + 2),
        )
    yield harness
    await harness.aclose()


def sweep(engine: AsyncEngine, folder: Path, **changes) -> Sweep:
    return Sweep(engine, folder, attrs.evolve(FOREVER, **changes), offload=asyncio.to_thread)


async def left(engine: AsyncEngine, table) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar() or 0


NOON = NOW + 20 * DAY


async def test_nothing_is_removed_that_is_kept_for_ever(harness: Harness, tmp_path: Path) -> None:
    assert await sweep(harness.engine, tmp_path).run(NOON) == {}


@pytest.mark.parametrize("what", ["terminals", "events"])
async def test_lines_go_with_what_they_were_made_of(harness: Harness, tmp_path: Path, what: str) -> None:
    before = await left(harness.engine, line)
    removed = await sweep(harness.engine, tmp_path, **{what: 5 * DAY}).run(NOON)

    assert removed["line"] == 15 * before // 20
    assert await left(harness.engine, line) == before - removed["line"]


async def test_old_events_are_removed_and_the_journal_goes_on(harness: Harness, tmp_path: Path) -> None:
    removed = await sweep(harness.engine, tmp_path, events=5.0 * DAY).run(NOON)

    assert removed == {"fact": 45, "line": 30, "minute": 15}
    assert [seq for seq, *_ in await harness.stored()] == list(range(46, 61))
    await harness.keep(record(99))
    assert [entry.seq for entry in await Reader(harness.engine).read(after=0)] == list(range(46, 62))


async def test_the_newest_event_stays_so_that_numbers_go_on(harness: Harness, tmp_path: Path) -> None:
    await sweep(harness.engine, tmp_path, events=1.0 * DAY).run(NOON + 1000 * DAY)
    await harness.stop()
    await harness.start()
    await harness.keep(record(99))

    assert [seq for seq, *_ in await harness.stored()] == [60, 61]


async def test_terminals_are_removed_earlier_and_looked_at_once(harness: Harness, tmp_path: Path) -> None:
    sweeper = sweep(harness.engine, tmp_path, terminals=5.0 * DAY)

    assert await sweeper.run(NOON) == {"terminal": 15, "line": 30}
    assert await sweeper.run(NOON) == {}
    assert await sweeper.run(NOON + DAY) == {"terminal": 1, "line": 2}
    assert len(await harness.stored()) == 44
    async with harness.engine.connect() as connection:
        rows = await connection.execute(select(session.c.terminal).order_by(session.c.first_seq))
        assert [row.terminal for row in rows] == [0] * 16 + [1] * 4


async def test_sessions_credentials_and_sources_have_ages_of_their_own(harness: Harness, tmp_path: Path) -> None:
    sweeper = sweep(harness.engine, tmp_path, sessions=5.0 * DAY, credentials=5.0 * DAY, sources=10.0 * DAY)

    assert await sweeper.run(NOON) == {"session": 15, "credential": 15, "source": 10}
    assert [await left(harness.engine, table) for table in (session, credential, credential_use, source)] == [
        5,
        5,
        5,
        10,
    ]


async def test_a_credential_in_use_is_kept(harness: Harness, tmp_path: Path) -> None:
    assert await sweep(harness.engine, tmp_path, credentials=5.0 * DAY).run(NOON) == {}


async def test_old_artifacts_are_removed_with_their_files(engine: AsyncEngine, tmp_path: Path) -> None:
    times = iter((NOW, NOW + 10 * DAY))
    store = ArtifactStore(engine, tmp_path, now=lambda: next(times), offload=asyncio.to_thread)
    old, new = await store.keep(b"old"), await store.keep(b"new")

    assert await sweep(engine, tmp_path, artifacts=5.0 * DAY).run(NOON - 6 * DAY) == {"artifact": 1}
    assert not store.path(old).exists()
    assert store.path(new).read_bytes() == b"new"


async def test_dead_letters_are_as_old_as_events(engine: AsyncEngine, tmp_path: Path) -> None:
    harness = Harness(engine)
    await harness.start()
    await harness.keep(record(1, time=float("nan")), record(2))
    async with engine.begin() as connection:
        await connection.execute(update(dead_letter).values(time=NOW))

    assert await sweep(engine, tmp_path, events=5.0 * DAY).run(NOON) == {"dead_letter": 1, "line": 1, "minute": 1}
    await harness.aclose()


async def test_too_much_on_disk_removes_the_oldest_events(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    harness = Harness(sqlite_engine)
    await harness.start()
    await harness.keep(*(record(n, login(secret=bytes(2000))) for n in range(200)))
    before = await sweep(sqlite_engine, tmp_path).used()
    limit = before - 200_000
    removed = await sweep(sqlite_engine, tmp_path, max_disk=limit).run(NOW)

    assert 0 < removed["fact"] < 199
    assert await sweep(sqlite_engine, tmp_path).used() <= limit
    assert await sweep(sqlite_engine, tmp_path, max_disk=1).run(NOW) == {"fact": 199 - removed["fact"]}
    await harness.aclose()


async def test_the_journal_writes_between_two_batches(harness: Harness, tmp_path: Path) -> None:
    sweeping = asyncio.ensure_future(sweep(harness.engine, tmp_path, events=1.0 * DAY).run(NOON))
    for n in range(5):
        await harness.keep(record(100 + n, session=None, source="", time=NOON))
    await sweeping

    assert len(await harness.stored()) == 3 + 5
    assert await left(harness.engine, minute) == 2


async def swept(actor: Retention, times: int) -> Swept:
    seen: Swept | None = None
    for _ in range(times):
        before = actor.last
        actor.ref.tell(SweepNow())
        while actor.last is before:
            await settle()
        seen = actor.last
    assert seen is not None
    return seen


async def test_the_actor_sweeps_when_told_and_by_its_clock(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    harness = Harness(sqlite_engine)
    await harness.start()
    await harness.keep(record(1), record(2, time=NOW + 9 * DAY, session=2))
    actor = Retention(sqlite_engine, tmp_path, attrs.evolve(FOREVER, sessions=5.0 * DAY), offload=asyncio.to_thread)
    ref = launch(actor, "store/retention", clock=ManualClock(NOW + 10 * DAY))
    await actor.started

    assert (await swept(actor, 1)).removed == {"session": 1}
    assert (await swept(actor, 1)).removed == {}
    async with sqlite_engine.connect() as connection:
        rows = await connection.execute(select(session.c.id))
        assert rows.scalars().all() == [session_id(2)]
    ref.stop(block=False)
    while actor.exit_reason is None:
        await settle()
    await harness.aclose()


async def test_a_database_that_is_away_does_not_crash_the_actor(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/empty.db")  # without tables
    actor = Retention(engine, tmp_path, attrs.evolve(FOREVER, sessions=5.0 * DAY), offload=asyncio.to_thread)
    launch(actor, "store/retention", clock=ManualClock(NOW))
    await actor.started
    first = await swept(actor, 2)

    assert "no such table" in str(first.error)
    actor.kill()
    while actor.exit_reason is None:
        await settle()
    await engine.dispose()


async def test_secrets_that_nobody_tries_any_more_go_with_all_that_names_them(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    old = [record(n, login(secret=b"Kx7!vQ2z"), source=f"192.0.2.{n}", time=NOW + n) for n in range(3)]
    new = [record(10 + n, login(secret=b"zz9 Plural"), source=f"192.0.2.{n + 1}", time=NOON - n) for n in range(2)]
    await follow(engine, [old, new])
    await sweep(engine, tmp_path, credentials=DAY, events=DAY, sources=DAY).run(NOON)
    rows = await contents(engine)

    assert [1, 2, 2, 2] == [
        len(rows[name]) for name in ("reuse_secret", "reuse_source", "reuse_guesser", "reuse_attempt")
    ]
    assert 1 == len(rows["reuse_target"])

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.journal import JournalWriter
from decnet_actors.store.batch import Committer
from decnet_actors.store.errors import OtherWriterError
from decnet_actors.store.settings import JournalConfig
from supervisors.testing import ManualClock, settle
from tests.decnet_actors.store.journals import QUICK, Harness
from tests.decnet_actors.store.samples import record


@pytest.fixture
async def harness(engine: AsyncEngine):
    harness = Harness(engine)
    await harness.start()
    yield harness
    await harness.aclose()


@pytest.fixture
async def quick(sqlite_engine: AsyncEngine):
    """A harness for what does not depend on the kind of engine."""
    harness = Harness(sqlite_engine)
    await harness.start()
    yield harness
    await harness.aclose()


def is_crowded(harness: Harness) -> bool:
    return harness.writer.crowded


def as_port(writer: JournalWriter) -> JournalWriter:
    return writer


async def drop_connections(engine: AsyncEngine) -> None:
    """Cut every other connection to the database, as a server that restarts does."""
    async with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            )
            return
        rows = await connection.execute(
            text("SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()")
        )
        for row in rows.all():
            await connection.execute(text(f"KILL {row.id}"))


async def test_what_is_durable_is_stored_and_published_in_order(harness: Harness) -> None:
    numbers = [as_port(harness.writer).put(record(n)) for n in range(5)]
    await harness.writer.durable(numbers[-1])

    assert numbers == [1, 2, 3, 4, 5]
    assert [(seq, number) for seq, _, number, _ in await harness.stored()] == [(n, n) for n in numbers]
    assert [(entry.seq, entry.record) for entry in harness.published] == [(n + 1, record(n)) for n in range(5)]


async def test_what_is_durable_already_is_not_waited_for(quick: Harness) -> None:
    await quick.keep(record(1))

    await quick.writer.durable(1)
    with pytest.raises(ValueError, match="never put"):
        await quick.writer.durable(2)


async def test_writers_are_numbered_each_for_itself(quick: Harness) -> None:
    other = quick.intake.writer()
    first = quick.writer.put(record(1))
    second = other.put(record(2))
    await other.durable(second)
    await quick.writer.durable(first)

    assert (first, second) == (1, 1)
    assert [(producer[-2:], number) for _, producer, number, _ in await quick.stored()] == [(".0", 1), (".1", 1)]


async def test_numbers_go_on_after_a_restart(harness: Harness) -> None:
    await harness.keep(record(1), record(2))
    await harness.stop()
    await harness.start()
    await harness.keep(record(3))

    assert [seq for seq, *_ in await harness.stored()] == [1, 2, 3]
    assert [entry.seq for entry in harness.published] == [1, 2, 3]


async def test_an_orderly_stop_commits_what_is_left(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, JournalConfig(linger=3600.0))
    await harness.start()
    harness.writer.put(record(1))
    await settle()
    await harness.stop()

    assert len(await harness.stored()) == 1


async def test_without_anybody_waiting_a_batch_gathers(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, JournalConfig(linger=3600.0, hurry=0.0, batch=3))
    await harness.start()
    for n in range(2):
        harness.writer.put(record(n))
        await settle()
    assert await harness.stored() == []

    harness.writer.put(record(2))  # the batch is full
    await harness.writer.durable(3)
    status = await harness.status()

    assert (status.batches, status.committed, status.head, status.pending) == (1, 3, 3, 0)
    await harness.aclose()


async def test_somebody_waiting_ends_the_gathering(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, JournalConfig(linger=3600.0, hurry=0.0))
    await harness.start()
    await harness.keep(record(1))

    assert len(await harness.stored()) == 1
    await harness.aclose()


async def test_only_a_crowd_waits_for_the_next_commit(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, JournalConfig(linger=0.0, hurry=3600.0))
    await harness.start()
    async with asyncio.timeout(5):
        for n in range(3):  # one peer, one question after the other
            await harness.writer.durable(harness.writer.put(record(n)))
        crowd = [harness.writer.put(record(n)) for n in range(3, 30)]
        await harness.writer.durable(crowd[-1])
    held = asyncio.ensure_future(harness.writer.durable(harness.writer.put(record(30))))
    await settle(50)

    assert not held.done()
    held.cancel()
    await harness.aclose()


async def test_a_killed_journal_is_replaced_and_nothing_is_lost_or_doubled(harness: Harness) -> None:
    await harness.keep(record(0))
    for n in range(1, 30):
        harness.writer.put(record(n))
        await settle(n % 4)
    await harness.kill()
    harness.writer.put(record(30))
    await harness.start()
    await harness.writer.durable(31)

    stored = await harness.stored()
    assert [(seq, number) for seq, _, number, _ in stored] == [(n, n) for n in range(1, 32)]
    assert {entry.seq: entry.record for entry in harness.published} == {n + 1: record(n) for n in range(31)}


async def test_a_commit_nobody_was_told_of_is_told_by_the_next_incarnation(harness: Harness) -> None:
    await harness.kill()
    for n in range(3):
        harness.writer.put(record(n))
    committer = Committer(harness.engine)  # an incarnation that dies between commit and acknowledgement
    await committer.reopen()
    await committer.commit(harness.intake.front(2, 1 << 30))
    await committer.close()
    await harness.start()
    await harness.writer.durable(3)

    assert [(seq, number) for seq, _, number, _ in await harness.stored()] == [(1, 1), (2, 2), (3, 3)]
    assert [(entry.seq, entry.record) for entry in harness.published] == [(n + 1, record(n)) for n in range(3)]


async def test_a_lost_connection_is_made_again(harness: Harness) -> None:
    if harness.engine.dialect.name == "sqlite":
        pytest.skip("a file has no connection to lose")
    await harness.keep(record(1))
    await drop_connections(harness.engine)
    await harness.keep(record(2))

    assert [seq for seq, *_ in await harness.stored()] == [1, 2]
    assert [entry.seq for entry in harness.published] == [1, 2]
    assert (await harness.status()).stalled_since is None


async def test_observers_are_told_to_stop_reading_at_four_fifths_of_the_cap(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, max_records=10)
    for n in range(7):
        harness.writer.put(record(n))
    assert is_crowded(harness) is False

    harness.writer.put(record(8))
    assert is_crowded(harness) is True
    room = asyncio.ensure_future(harness.writer.room())
    await settle()
    assert room.done() is False
    await harness.start()
    await room

    assert is_crowded(harness) is False
    await harness.aclose()


async def test_bytes_count_too(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, max_bytes=90)
    harness.writer.put(record(1))
    assert is_crowded(harness) is False
    harness.writer.put(record(2))

    assert is_crowded(harness) is True
    await harness.start()
    await harness.writer.durable(2)
    assert is_crowded(harness) is False
    assert harness.intake.pending_bytes == 0
    await harness.aclose()


async def test_a_batch_is_bounded_in_bytes(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, JournalConfig(linger=0.0, hurry=0.0, batch_bytes=50))
    for n in range(4):
        harness.writer.put(record(n))
    await harness.start()
    await harness.writer.durable(4)

    assert (await harness.status()).batches == 4
    await harness.aclose()


async def test_text_that_is_not_unicode_is_recorded_escaped(quick: Harness) -> None:
    from decnet_actors.domain.facts import ShellCommandSeen

    await quick.keep(record(1, ShellCommandSeen(line="echo \udcff", interactive=True)))

    (entry,) = quick.published
    assert entry.record.fact == ShellCommandSeen(line="echo \\xed\\xb3\\xbf", interactive=True)


async def test_a_second_journal_on_one_database_ends_in_a_crash(quick: Harness) -> None:
    other = Harness(quick.engine)
    await other.start()
    await quick.keep(record(1))
    assert other.journal is not None
    ended = asyncio.Event()
    other.journal.add_exit_callback(lambda _reason: ended.set())
    other.writer.put(record(2))
    await ended.wait()

    assert isinstance(other.journal.exit_reason, OtherWriterError)


async def test_status_tells_how_it_goes(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine, QUICK, ManualClock())
    await harness.start()
    await harness.keep(record(1))
    status = await harness.status()

    assert (status.head, status.pending, status.crowded, status.dead_letters, status.stalled_since) == (
        1,
        0,
        False,
        0,
        None,
    )
    assert status.commit_seconds > 0
    await harness.aclose()

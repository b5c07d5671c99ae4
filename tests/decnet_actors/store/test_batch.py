"""Commits, without an actor."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.codec import decode_fact
from decnet_actors.store import tables
from decnet_actors.store.batch import Committer
from decnet_actors.store.errors import OtherWriterError
from decnet_actors.store.intake import Intake, Pending
from tests.decnet_actors.store.samples import login, record

MAX = 1 << 30


def pending(*records) -> tuple[Pending, ...]:
    intake = Intake("test")
    writer = intake.writer()
    for item in records:
        writer.put(item)
    return tuple(intake.front(MAX, MAX))


@pytest.fixture
async def committer(engine: AsyncEngine):
    committer = Committer(engine)
    await committer.reopen()
    yield committer
    await committer.close()


async def rows(engine: AsyncEngine, table) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        keys = list(table.primary_key.columns)
        return [dict(row._mapping) for row in await connection.execute(select(table).order_by(*keys))]


async def test_facts_are_numbered_without_holes_in_the_order_they_came(engine, committer) -> None:
    await committer.commit(pending(*(record(n) for n in range(3))))
    second = Intake("other")
    second.writer().put(record(3))
    await committer.commit(second.front(MAX, MAX))

    got = [(row["seq"], row["producer"], row["number"]) for row in await rows(engine, tables.fact)]
    assert got == [(1, "test.0", 1), (2, "test.0", 2), (3, "test.0", 3), (4, "other.0", 1)]
    assert committer.head == 4


async def test_a_fact_is_kept_to_the_byte(engine, committer) -> None:
    fact = login("r\x00\N{SNOWMAN}\\t", bytes(range(256)))
    done = await committer.commit(pending(record(1, fact)))

    (row,) = await rows(engine, tables.fact)
    assert fact == decode_fact(row["kind"], bytes(row["payload"]))
    assert done.entries[0].record == record(1, fact)


async def test_a_row_that_cannot_be_stored_does_not_sink_its_batch(engine, committer) -> None:
    good = [record(n) for n in range(7)]
    bad = record(9, source="x" * 300, session=None)  # 45 characters fit
    if engine.dialect.name == "sqlite":
        bad = record(9, time=float("nan"))  # SQLite takes text of any length
    batch = pending(*good[:4], bad, *good[4:])
    settled = 0
    entries = []
    errors = []
    while settled < len(batch):
        done = await committer.commit(batch[settled:])
        settled += done.count
        entries += done.entries
        errors += [done.error] if done.error else []

    assert [entry.record for entry in entries] == good
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6, 7]
    assert len(errors) == 1
    (dead,) = await rows(engine, tables.dead_letter)
    assert (dead["producer"], dead["number"]) == ("test.0", 5)


async def test_a_commit_whose_answer_was_lost_is_noticed(engine, committer) -> None:
    batch = pending(record(1), record(2))
    prepared = committer._prepare(batch)
    await committer._store(prepared)
    committer._uncertain = prepared  # as it is when the connection breaks during COMMIT

    done = await committer.reopen()

    assert done is not None
    assert (done.count, [entry.seq for entry in done.entries]) == (2, [1, 2])
    assert committer.head == 2


async def test_a_resend_of_what_is_stored_is_noticed(engine, committer) -> None:
    batch = pending(record(1), record(2))
    await committer._store(committer._prepare(batch))

    done = await committer.commit(batch)  # the numbers are taken

    assert (done.count, [entry.seq for entry in done.entries]) == (2, [1, 2])
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(tables.fact))).scalar() == 2
        assert (await connection.execute(select(func.count()).select_from(tables.dead_letter))).scalar() == 0


async def test_a_second_writer_is_not_tolerated(engine, committer) -> None:
    other = Committer(engine)
    await other.reopen()
    await committer.commit(pending(record(1)))
    intruder = Intake("intruder")
    intruder.writer().put(record(2))

    with pytest.raises(OtherWriterError):
        await other.commit(intruder.front(MAX, MAX))
    await other.close()


async def test_what_is_durable_of_a_window_is_known(engine, committer) -> None:
    await committer.commit(pending(*(record(n) for n in range(3))))
    buried = pending(record(3, time=float("nan")))
    await committer.commit(buried)

    assert await committer.known([("test.0", 1)], 1) == {
        ("test.0", 2): 2,
        ("test.0", 3): 3,
        ("test.0", 1): None,  # the dead letter; the only record of another window of that name
    }
    assert await committer.known([("nobody", 1)], 3) == {}

"""Commits, without an actor."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.codec import decode_fact
from decnet_actors.domain.facts import CloseReason, SessionClosed, SessionOpened
from decnet_actors.store import tables
from decnet_actors.store.batch import Committer
from decnet_actors.store.errors import OtherWriterError
from decnet_actors.store.intake import Intake, Pending
from tests.decnet_actors.store.samples import login, record, session_id

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


async def test_the_small_tables_add_up_over_batches(engine, committer) -> None:
    opened = record(0, SessionOpened(local_address="192.0.2.1", local_port=22))
    closed = record(5, SessionClosed(reason=CloseReason.PEER, duration=5.0, bytes_in=10, bytes_out=20))
    await committer.commit(pending(opened, record(1, login("root\x00")), record(2, login(secret=b"x"))))
    rest = Intake("rest")
    writer = rest.writer()
    for item in (record(3, login("root\x00")), record(4, login("admin", accepted=True)), closed):
        writer.put(item)
    await committer.commit(rest.front(MAX, MAX))

    (session,) = await rows(engine, tables.session)
    assert {
        "id": session_id(1),
        "first_seq": 1,
        "last_seq": 6,
        "host": "manager",
        "decky": "web-01",
        "service": "ssh",
        "source": "203.0.113.7",
        "source_port": 40_000,
        "opened": opened.time,
        "last_seen": closed.time,
        "closed": closed.time,
        "reason": "peer",
        "duration": 5.0,
        "bytes_in": 10,
        "bytes_out": 20,
        "events": 6,
        "commands": 0,
        "credentials": 4,
        "files": 0,
        "terminal": 0,
        "user": "admin",
        "client": None,
    } == session
    (source,) = await rows(engine, tables.source)
    assert (1, 6, 6, 1, 4, 1) == tuple(
        source[name] for name in ("first_seq", "last_seq", "events", "sessions", "credentials", "accepted")
    )
    counts = {(row["user"], bytes(row["secret"])): row["count"] for row in await rows(engine, tables.credential)}
    assert {(r"root\x00", b"123456"): 2, ("root", b"x"): 1, ("admin", b"123456"): 1} == counts
    assert sum(row["count"] for row in await rows(engine, tables.credential_use)) == 4
    (minute,) = await rows(engine, tables.minute)
    assert (6, 1, 4, 1) == tuple(minute[name] for name in ("events", "sessions", "credentials", "accepted"))


async def test_a_row_that_cannot_be_stored_does_not_sink_its_batch(engine, committer) -> None:
    good = [record(n) for n in range(7)]
    bad = record(9, source="x" * 300, session=None)  # 45 characters fit
    if engine.dialect.name == "sqlite":
        bad = record(9, time=float("nan"))  # SQLite takes text of any length, but NaN is NULL to it
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

    done = await committer.commit(batch)  # the unique key refuses it

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


async def test_what_a_producer_has_stored_is_known(committer) -> None:
    await committer.commit(pending(*(record(n) for n in range(3))))

    assert await committer.known("test.0", 2) == [(2, 2), (3, 3)]
    assert await committer.known("nobody", 1) == []

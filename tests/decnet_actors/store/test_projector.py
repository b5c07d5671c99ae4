"""The small tables follow the facts, whatever happens between two transactions."""

from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.facts import CloseReason, SessionClosed, SessionOpened
from decnet_actors.store import tables
from decnet_actors.store.batch import Committer
from decnet_actors.store.intake import Intake
from decnet_actors.store.projector import Projector, projected
from tests.decnet_actors.store.journals import cancelled_everywhere
from tests.decnet_actors.store.samples import login, record, session_id

MAX = 1 << 30


class Store:
    """A committer and what follows it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.committer = Committer(engine)
        self.projector = Projector(engine.dialect, self.committer.transact)
        self.intake = Intake("test")
        self.writer = self.intake.writer()

    async def commit(self, *records, told: bool = True) -> None:
        for item in records:
            self.writer.put(item)
        done = await self.committer.commit(self.intake.front(MAX, MAX))
        self.intake.acknowledge(done.count)
        if told:
            self.projector.add(done.entries)

    async def project(self) -> None:
        await self.projector.run(self.committer.connection)

    async def rows(self, table) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            keys = list(table.primary_key.columns)
            return [dict(row._mapping) for row in await connection.execute(select(table).order_by(*keys))]

    async def cursor(self) -> int:
        async with self.engine.connect() as connection:
            return await projected(connection)


@pytest.fixture
async def store(engine: AsyncEngine):
    store = Store(engine)
    await store.committer.reopen()
    yield store
    await store.committer.close()


async def test_the_small_tables_add_up_over_transactions(store) -> None:
    opened = record(0, SessionOpened(local_address="192.0.2.1", local_port=22))
    closed = record(5, SessionClosed(reason=CloseReason.PEER, duration=5.0, bytes_in=10, bytes_out=20))
    await store.commit(opened, record(1, login("root\x00")), record(2, login(secret=b"x")))
    await store.project()
    await store.commit(record(3, login("root\x00")), record(4, login("admin", accepted=True)), closed)
    await store.project()

    (session,) = await store.rows(tables.session)
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
    (source,) = await store.rows(tables.source)
    assert (1, 6, 6, 1, 4, 1) == tuple(
        source[name] for name in ("first_seq", "last_seq", "events", "sessions", "credentials", "accepted")
    )
    counts = {(row["user"], bytes(row["secret"])): row["count"] for row in await store.rows(tables.credential)}
    assert {(r"root\x00", b"123456"): 2, ("root", b"x"): 1, ("admin", b"123456"): 1} == counts
    assert sum(row["count"] for row in await store.rows(tables.credential_use)) == 4
    (minute,) = await store.rows(tables.minute)
    assert (6, 1, 4, 1) == tuple(minute[name] for name in ("events", "sessions", "credentials", "accepted"))


async def test_what_nobody_told_is_read_from_the_journal(store) -> None:
    await store.commit(record(1, login()), record(2, login()), told=False)  # by a process that died before it folded
    await store.commit(record(3, login()))

    await store.project()

    (session,) = await store.rows(tables.session)
    assert (session["credentials"], session["first_seq"], session["last_seq"]) == (3, 1, 3)
    assert await store.cursor() == 3
    assert not store.projector.behind


async def test_nothing_is_counted_twice_after_a_restart(store) -> None:
    await store.commit(record(1, login()))
    await store.project()

    heir = Projector(store.engine.dialect, store.committer.transact)
    await heir.run(store.committer.connection)

    (session,) = await store.rows(tables.session)
    assert session["credentials"] == 1
    assert heir.cursor == 1


async def test_a_transaction_whose_answer_was_lost_is_noticed(store) -> None:
    usual = store.committer.transact

    async def deaf(work) -> None:
        await usual(work)
        raise OperationalError("", {}, ConnectionResetError())

    await store.commit(record(1, login()))
    projector = Projector(store.engine.dialect, deaf)
    projector.add(store.projector._backlog)
    with pytest.raises(OperationalError):
        await projector.run(store.committer.connection)
    projector._transact = usual  # the connection was made again

    await projector.run(store.committer.connection)

    (session,) = await store.rows(tables.session)
    assert session["credentials"] == 1


async def test_a_fact_that_cannot_be_folded_is_left_out_alone(store, engine) -> None:
    usual = store.committer.transact

    async def picky(work) -> None:
        if any("admin" in row for _, rows in work for row in rows):
            raise OverflowError("no such number")
        await usual(work)

    store.projector._transact = picky
    await store.commit(*(record(n, login("admin" if n == 2 else "root")) for n in range(5)))

    await store.project()

    (session,) = await store.rows(tables.session)
    assert session["credentials"] == 4
    assert await store.cursor() == 5
    assert len(await store.rows(tables.fact)) == 5


async def test_a_fact_damaged_on_the_disk_does_not_stop_the_others(store) -> None:
    await store.commit(record(1, login()), record(2, login()), record(3, login()), told=False)
    async with store.engine.begin() as connection:
        damaged = update(tables.fact).where(tables.fact.c.seq == 2).values(payload=b"\xc1")
        await connection.execute(damaged)

    await store.project()

    (session,) = await store.rows(tables.session)
    assert session["credentials"] == 2
    assert await store.cursor() == 3


async def test_a_crash_at_any_await_folds_each_fact_once(engine: AsyncEngine) -> None:
    def make():
        store = Store(engine)

        async def scenario() -> None:
            await store.committer.reopen()
            await store.commit(record(1, login()), record(2, login()))
            await store.project()
            await store.commit(record(3, login()))
            await store.project()

        async def check() -> None:
            await store.committer.close()
            heir = Store(engine)
            await heir.committer.reopen()
            await heir.project()
            await heir.committer.close()
            async with engine.begin() as connection:
                facts = (await connection.execute(text("SELECT count(*) FROM fact"))).scalar()
                row = (await connection.execute(select(tables.session.c.credentials, tables.session.c.id))).first()
            assert (0 if row is None else row.credentials) == facts
            assert row is None or row.id == session_id(1)

        return scenario(), check

    total = await cancelled_everywhere(make)
    assert total > 5

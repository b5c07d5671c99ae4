"""A database that fails: nothing acknowledged is lost, nothing is acknowledged early, it recovers by itself."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from decnet_actors.store.batch import Committer
from decnet_actors.store.engine import make_engine
from decnet_actors.store.intake import Intake
from decnet_actors.store.journal import Journal
from decnet_actors.store.migrations import migrate
from decnet_actors.store.projector import Projector
from supervisors import log
from supervisors.testing import ManualClock, settle
from tests.decnet_actors.store.journals import QUICK, Harness, cancelled_everywhere
from tests.decnet_actors.store.samples import login, record

MAX = 1 << 30


class Sick:
    """Makes every new SQLite connection fail to write, the way ``pragma`` says, until it is well again."""

    def __init__(self, engine: AsyncEngine, pragma: str) -> None:
        self.pragma: str | None = pragma
        event.listen(engine.sync_engine, "connect", self._connected)

    def _connected(self, connection, _record) -> None:
        if self.pragma is not None:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {self.pragma}")
            cursor.close()


@contextmanager
def logged() -> Iterator[list[Any]]:
    log.configure("info")
    try:
        with capture_logs() as lines:
            yield lines
    finally:
        log.configure("critical")  # as tests/conftest.py has it


async def until_stalled(harness: Harness) -> None:
    while (await harness.status()).stalled_since is None:
        await settle()


@pytest.mark.parametrize(
    ("pragma", "error"),
    [("max_page_count = 1", "disk is full"), ("query_only = ON", "readonly database")],
)
async def test_a_database_that_cannot_be_written_is_waited_for(tmp_path: Path, pragma: str, error: str) -> None:
    url = f"sqlite:///{tmp_path}/decnet.db"
    maker = make_engine(url)
    await migrate(maker)
    await maker.dispose()
    engine = make_engine(url)
    sick = Sick(engine, pragma)
    clock = ManualClock()
    harness = Harness(engine, clock=clock)
    await harness.start()
    with logged() as logs:
        numbers = [harness.writer.put(record(n, login(secret=bytes(5000)))) for n in range(20)]
        await until_stalled(harness)
        status = await harness.status()
        assert error in str(status.last_error)
        assert status.stalled_since == clock.now()
        assert harness.writer.crowded is True
        assert harness.published == []
        assert len(harness.intake.pending) == 20
        clock.advance(7.0)

        sick.pragma = None
        await harness.writer.durable(numbers[-1])
        await harness.writer.room()

    assert [(entry.seq, entry.record.time) for entry in harness.published] == [
        (n + 1, record(n).time) for n in range(20)
    ]
    assert (await harness.status()).stalled_since is None
    assert [(line["event"], line.get("seconds")) for line in logs] == [
        ("journal.stalled", None),
        ("journal.recovered", 7.0),
    ]
    await harness.aclose()
    await engine.dispose()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_a_full_disk_is_waited_for(small_disk: Path) -> None:
    engine = make_engine(f"sqlite:///{small_disk}/decnet.db")
    await migrate(engine)
    harness = Harness(engine)
    await harness.start()
    await harness.keep(record(0))
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    numbers = [harness.writer.put(record(n, login(secret=bytes(20_000)))) for n in range(1, 20)]
    await until_stalled(harness)
    assert len(harness.published) == 1

    filler.unlink()
    await harness.writer.durable(numbers[-1])

    assert [entry.seq for entry in harness.published] == list(range(1, 21))
    assert [seq for seq, *_ in await harness.stored()] == list(range(1, 21))
    await harness.aclose()
    await engine.dispose()


async def test_a_journal_started_while_the_database_is_away_waits_for_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state/decnet.db"
    maker = make_engine(url)
    await migrate(maker)
    await maker.dispose()
    engine = make_engine(url)
    (tmp_path / "state").rename(tmp_path / "away")
    harness = Harness(engine)
    await harness.start()
    harness.writer.put(record(1))
    await until_stalled(harness)

    (tmp_path / "away").rename(tmp_path / "state")
    await harness.writer.durable(1)

    assert [entry.seq for entry in harness.published] == [1]
    await harness.aclose()
    await engine.dispose()


async def test_a_stall_without_anything_pending_ends_too(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/state/decnet.db")
    await migrate(engine)
    await engine.dispose()
    (tmp_path / "state").rename(tmp_path / "away")
    harness = Harness(engine)
    await harness.start()
    assert harness.writer.crowded is True

    (tmp_path / "away").rename(tmp_path / "state")
    await harness.writer.room()

    assert (await harness.status()).stalled_since is None
    await harness.aclose()
    await engine.dispose()


async def test_a_journal_killed_while_the_database_is_full_leaves_everything_to_the_next(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/decnet.db"
    maker = make_engine(url)
    await migrate(maker)
    await maker.dispose()
    engine = make_engine(url)
    sick = Sick(engine, "query_only = ON")
    harness = Harness(engine)
    await harness.start()
    harness.writer.put(record(1))
    await until_stalled(harness)
    await harness.kill()
    assert harness.writer.crowded is True
    sick.pragma = None
    await engine.dispose()
    await harness.start()
    harness.writer.put(record(2))
    await harness.writer.durable(2)
    await harness.writer.room()

    assert [seq for seq, *_ in await harness.stored()] == [1, 2]
    await harness.aclose()
    await engine.dispose()


async def test_a_defect_of_ours_crashes_the_journal(sqlite_engine: AsyncEngine) -> None:
    harness = Harness(sqlite_engine)

    def publish(_entries) -> None:
        raise KeyError("a defect")

    journal = Journal(sqlite_engine, harness.intake, publish, QUICK)
    harness.journal = journal
    from supervisors.testing import launch

    launch(journal, "store/journal")
    await journal.started
    harness.writer.put(record(1))
    harness.intake.hurry()
    while journal.exit_reason is None:
        await settle()

    assert isinstance(journal.exit_reason, KeyError)
    assert len(await harness.stored()) == 1


async def test_a_crash_at_any_await_of_a_commit_loses_and_doubles_nothing(engine: AsyncEngine) -> None:
    expected: list[tuple[str, int]] = []

    def make():
        intake = Intake(f"crash{len(expected)}")
        writer = intake.writer()
        for n in range(4):
            writer.put(record(n, login()))
            expected.append((writer.producer, n + 1))
        committer = Committer(engine)

        async def scenario() -> None:
            await committer.reopen()
            intake.head = committer.head
            for _ in range(2):
                done = await committer.commit(intake.front(2, MAX))
                intake.acknowledge(done.count)
                intake.head = committer.head

        async def check() -> None:
            """Let the next incarnation take up what is left; then every record is there once, in order."""
            await committer.close()
            heir = Committer(engine)
            await heir.reopen()
            intake.acknowledge(len(await heir.known(intake.windows(), intake.head or heir.head)))
            while intake.pending:
                intake.acknowledge((await heir.commit(intake.front(10, MAX))).count)
            await Projector(engine.dialect, heir.transact).run(heir.connection)
            await heir.close()
            async with engine.connect() as connection:
                rows = (await connection.execute(text("SELECT seq, producer, number FROM fact ORDER BY seq"))).all()
                sessions = (await connection.execute(text("SELECT credentials FROM session"))).scalar()
            assert [(row.producer, row.number) for row in rows] == expected
            assert [row.seq for row in rows] == list(range(1, len(expected) + 1))
            assert sessions == len(expected)

        return scenario(), check

    total = await cancelled_everywhere(make)
    assert total > 5  # a transaction of SQLite is one visit to a thread

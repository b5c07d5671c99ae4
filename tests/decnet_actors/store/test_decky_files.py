import asyncio
import hashlib
import itertools

import pytest
from msgspec import structs
from sqlalchemy import func, select

from decnet_actors.contracts.decky_files import Author, FileVersion, Hand, Kept
from decnet_actors.contracts.file_history import DeckyFilesArgs
from decnet_actors.store import decky_files
from decnet_actors.store.artifacts import ArtifactStore
from decnet_actors.store.decky_files import DeckyFileTable
from decnet_actors.store.file_changes import FileChanges, FileWriter
from decnet_actors.store.settings import RetentionConfig
from decnet_actors.store.sweep import Sweep
from decnet_actors.store.tables import artifact, decky_file
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.system import System
from supervisors.testing import ManualClock

ALICE = Author(hand=Hand.ATTACKER, source="192.0.2.1", session="a" * 32)
NAME = "\udcff\x00 é"  # what no text column takes


async def offload(work):
    return work()


def version(number: int, **given) -> FileVersion:
    values = {
        "number": number,
        "live": True,
        "layer": "",
        "node": f"#{number}",
        "inherited": False,
        "removed": False,
        "time": 1000.0 + number,
        "author": ALICE,
        "action": "create",
        "path": f"/tmp/{number}",
        "parent": "/tmp",
        "name": str(number),
        "mode": 0o100644,
        "content": b"x",
        "size": 1,
    }
    return FileVersion(**{**values, **given})


class Listed:
    """A ledger of a list."""

    def __init__(self, *versions: FileVersion, decky: str = "web-01") -> None:
        self.decky = decky
        self.versions = list(versions)
        self.durable: list[tuple[int, object]] = []
        self.done = asyncio.Event()

    def take(self, *, everything):
        taken, self.versions = self.versions, []
        return taken

    def stored(self, version, content):
        self.durable.append((version.number, content))
        self.done.set()


def table_of(engine, folder) -> DeckyFileTable:
    artifacts = ArtifactStore(engine, folder / "artifacts", now=lambda: 5.0, offload=offload)
    return DeckyFileTable(engine, artifacts)


async def test_a_version_comes_back_as_it_was(engine, tmp_path):
    table = table_of(engine, tmp_path)
    wanted = version(
        1,
        node=f"/home/{NAME}",
        parent="/home",
        name=NAME,
        path=f"/home/{NAME}",
        target=NAME,
        inherited=True,
        uid=4_294_967_295,
        accessed=-1.5,
        inode=3_000_001,
    )
    await table.add("web-01", [wanted])
    (found,) = (await table_of(engine, tmp_path).load(["web-01", "other"]))["web-01"].versions

    assert r"/home/\xff\x00 é" == found.path
    assert wanted == structs.replace(found, path=wanted.path)


async def test_large_content_is_an_artifact_that_nobody_brought_twice(sqlite_engine, tmp_path):
    table = table_of(sqlite_engine, tmp_path)
    data = bytes(range(256)) * 100
    (kept,) = await table.add("web-01", [version(1, content=data, size=len(data))])
    (found,) = (await table.load(["web-01"]))["web-01"].versions

    assert isinstance(kept, Kept)
    assert hashlib.sha256(data).hexdigest() == kept.sha256
    assert isinstance(found.content, Kept)
    assert data == found.content()
    assert data[1000:1010] == found.content.part(1000, 10)
    assert b"" == found.content.part(len(data) + 5, 10)
    async with sqlite_engine.connect() as connection:
        assert 0 == (await connection.execute(select(artifact.c.count))).scalar()


async def test_content_that_is_gone_is_an_error_of_the_disk(sqlite_engine, tmp_path):
    table = table_of(sqlite_engine, tmp_path)
    (kept,) = await table.add("web-01", [version(1, content=b"x" * 9000, size=9000)])
    assert isinstance(kept, Kept)
    for path in (tmp_path / "artifacts").rglob("?" * 64):
        path.unlink()

    with pytest.raises(OSError, match="Input/output"):
        kept()


async def test_only_what_is_true_now_is_loaded_and_the_rest_is_history(engine, tmp_path):
    table = table_of(engine, tmp_path)
    await table.add("web-01", [version(1), version(2, supersedes=1, node="#1", path="/tmp/1", content=b"yy", size=2)])
    await table.add("web-01", [version(3), version(4, supersedes=3, live=False, removed=True, path="/tmp/3")])
    await table.add("web-01", [version(5, layer="session:1", live=False)])
    stored = (await table.load(["web-01"]))["web-01"]
    everything = await table.page(DeckyFilesArgs(name="web-01"), before=None)
    below = await table.page(DeckyFilesArgs(name="web-01", path="/tmp/1"), before=None)

    assert [2] == [one.number for one in stored.versions]
    assert 6 == next(stored.numbers)
    assert [5, 4, 3, 2, 1] == [row.number for row in everything]
    assert [2, 1] == [row.number for row in below]
    assert [2] == [row.number for row in await table.page(DeckyFilesArgs(name="web-01", current=True), before=None)]
    assert [3] == [row.number for row in await table.page(DeckyFilesArgs(name="web-01", limit=1), before=4)]
    assert () == await table.page(DeckyFilesArgs(name="web-01", source="192.0.2.9"), before=None)
    assert () == await table.page(DeckyFilesArgs(name="web-01", hand=Hand.LIFE), before=None)


async def test_adding_again_what_is_there_changes_nothing(sqlite_engine, tmp_path):
    table = table_of(sqlite_engine, tmp_path)
    await table.add("web-01", [version(1)])
    await table.add("web-01", [version(1), version(2)])

    assert [1, 2] == [one.number for one in (await table.load(["web-01"]))["web-01"].versions]


async def test_old_history_is_removed_and_what_is_true_is_not(sqlite_engine, tmp_path, monkeypatch):
    monkeypatch.setattr(decky_files, "HISTORY", 10)
    monkeypatch.setattr(decky_files, "PRUNE", 5)
    table = table_of(sqlite_engine, tmp_path)
    await table.add("web-01", [version(1, node="#0")])
    for number in range(2, 41):
        await table.add("web-01", [version(number, node="#9", supersedes=number - 1 if number > 2 else 0)])
    async with sqlite_engine.connect() as connection:
        count = (await connection.execute(select(func.count()).select_from(decky_file))).scalar()

    assert 11 == count
    assert [1, 40] == [one.number for one in (await table.load(["web-01"]))["web-01"].versions]


async def test_retention_leaves_what_a_deckys_files_hold(sqlite_engine, tmp_path):
    table = table_of(sqlite_engine, tmp_path)
    await table.add("web-01", [version(1, content=b"a" * 9000, size=9000), version(2, content=b"b" * 9000, size=9000)])
    await table.add("web-01", [version(3, supersedes=2, removed=True, live=False, content=None)])
    sweep = Sweep(sqlite_engine, tmp_path / "artifacts", RetentionConfig(artifacts=10.0), offload=offload)

    assert 1 == (await sweep.run(1000.0))["artifact"]
    (found,) = (await table.load(["web-01"]))["web-01"].versions
    assert isinstance(found.content, Kept)
    assert b"a" * 9000 == found.content()


async def test_loading_waits_for_what_is_on_its_way(sqlite_engine, tmp_path):
    changes = FileChanges(table_of(sqlite_engine, tmp_path))
    ledger = Listed(version(1))
    changes.tell(ledger)

    assert [1] == [one.number for one in (await changes.load(["web-01"]))["web-01"].versions]
    assert [(1, b"x")] == ledger.durable
    assert not changes.waiting


async def test_what_a_database_can_never_take_is_left_out_and_told(sqlite_engine, tmp_path):
    changes = FileChanges(table_of(sqlite_engine, tmp_path))
    changes.tell(Listed(*(version(number, uid=1 << 70 if number == 3 else 0) for number in range(1, 6))))
    await changes.write(everything=True)

    assert [1, 2, 4, 5] == [one.number for one in (await changes.load(["web-01"]))["web-01"].versions]


class Flaky:
    """A table that is away for a while."""

    def __init__(self, table: DeckyFileTable, failures: int) -> None:
        self.table = table
        self.failures = itertools.chain([True] * failures, itertools.repeat(False))

    async def add(self, decky, versions):
        if next(self.failures):
            raise ConnectionError("away")
        return await self.table.add(decky, versions)

    async def load(self, deckies):
        return await self.table.load(deckies)


@pytest.mark.slow
async def test_a_database_that_is_away_is_waited_for_and_a_stop_writes_what_is_left(sqlite_engine, tmp_path):
    table = table_of(sqlite_engine, tmp_path)
    changes = FileChanges(Flaky(table, 2))  # type: ignore[arg-type]  # as much of a table as is used
    spec = SupervisorSpec("root", [ChildSpec("files", lambda: FileWriter(changes), shutdown=10.0)])
    system = System(spec, clock=ManualClock(), seed=1)
    await system.start()
    ledger = Listed(version(1))
    changes.tell(ledger)
    async with asyncio.timeout(10):
        await ledger.done.wait()
    changes.tell(Listed(version(2)))
    await system.stop(within=10.0)

    assert [1, 2] == [one.number for one in (await table.load(["web-01"]))["web-01"].versions]

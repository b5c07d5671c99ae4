import asyncio
import io
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.accounts import AuditRow, User
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.facts import SessionOpened
from decnet_actors.store import archive
from decnet_actors.store.accounts import Accounts
from decnet_actors.store.artifacts import ArtifactStore
from decnet_actors.store.backups import Backups, Target, bind_operations, restore
from decnet_actors.store.engine import make_engine
from decnet_actors.store.errors import BackupDamagedError, BackupError, NotEmptyError
from decnet_actors.store.reader import Reader
from decnet_actors.store.tables import SCHEMA_VERSION, metadata
from tests.decnet_actors.store.conftest import database
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import NOW, login, record

ROOT = Caller(name="root", role=Role.ADMIN, via="local")
NAME = "decnet-20270115T080000Z.tar"


async def live(engine: AsyncEngine, folder: Path) -> Backups:
    """Fill a database with some of everything; return its backups."""
    harness = Harness(engine)
    await harness.start()
    await harness.keep(
        record(0, SessionOpened(local_address="192.0.2.1", local_port=22)),
        record(1, login("r\x00t", bytes(range(256)))),
        *(record(n) for n in range(2, 2500)),
        record(2500, time=float("nan")),  # a dead letter
    )
    await harness.stop()
    accounts = Accounts(engine)
    await accounts.add_user(User(name="ana", role=Role.ADMIN, created=1.25))
    for number in range(3):
        await accounts.add_audit(
            AuditRow(
                time=NOW + number / 3,
                caller="ana",
                via="web",
                address="",
                operation="x.y",
                arguments="{}",
                outcome="ok",
            )
        )
    store = ArtifactStore(engine, folder / "artifacts", now=lambda: NOW, offload=asyncio.to_thread)
    for data in (b"one", bytes(3_000_000)):
        await store.keep(data)
    config = folder / "decnet.toml"
    config.write_text("[web]\n")
    return Backups(
        engine,
        folder / "backups",
        artifacts=folder / "artifacts",
        config=lambda: [config, folder / "gone.toml"],
        now=lambda: NOW,
        offload=asyncio.to_thread,
    )


@pytest.fixture
async def backups(engine: AsyncEngine, tmp_path: Path) -> Backups:
    return await live(engine, tmp_path)


async def counts(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as connection:
        return {
            table.name: (await connection.execute(select(func.count()).select_from(table))).scalar() or 0
            for table in metadata.sorted_tables
        }


async def test_a_backup_restores_to_the_same_counts_and_contents(
    engine: AsyncEngine, backups: Backups, tmp_path: Path
) -> None:
    path, manifest = await backups.create()
    into = tmp_path / "new"
    await backups.restore(path.name, into)

    assert path.name == NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in path.parent.iterdir()] == [NAME]
    other = make_engine(f"sqlite:///{into}/decnet.db")
    assert await counts(other) == await counts(engine) == dict(manifest.tables)
    assert manifest.tables["fact"] == 2500
    assert manifest.tables["dead_letter"] == 1
    assert await Reader(other).read(after=0, limit=5000) == await Reader(engine).read(after=0, limit=5000)
    assert await Accounts(other).verify_audit() == 3
    assert sorted(path.stat().st_size for path in (into / "artifacts").rglob("?" * 64)) == [3, 3_000_000]
    assert (into / "config/00-decnet.toml").read_text() == "[web]\n"
    await other.dispose()


@pytest.mark.server
async def test_a_backup_of_sqlite_restores_to_postgresql_and_back(
    sqlite_engine: AsyncEngine, postgresql_server: str, tmp_path: Path
) -> None:
    first = await live(sqlite_engine, tmp_path)
    path, manifest = await first.create()
    async with database(postgresql_server, "restored") as url:
        target = Target(url=url, artifacts=tmp_path / "pg/artifacts", config=tmp_path / "pg/config")
        await restore(path, target, offload=asyncio.to_thread)
        engine = make_engine(url)
        assert await counts(engine) == dict(manifest.tables)
        again = Backups(
            engine,
            tmp_path / "pg/backups",
            artifacts=target.artifacts,
            config=tuple,
            now=lambda: NOW,
            offload=asyncio.to_thread,
        )
        second, _ = await again.create()
        await again.restore(second.name, tmp_path / "back")
        await engine.dispose()
    back = make_engine(f"sqlite:///{tmp_path}/back/decnet.db")

    assert await counts(back) == dict(manifest.tables)
    assert await Reader(back).read(after=0, limit=5000) == await Reader(sqlite_engine).read(after=0, limit=5000)
    assert await Accounts(back).verify_audit() == 3
    harness = Harness(back)  # and it goes on from there
    await harness.start()
    await harness.keep(record(1), record(2, time=float("nan")))
    await harness.aclose()
    await back.dispose()


@pytest.fixture
async def small(sqlite_engine: AsyncEngine, tmp_path: Path) -> Backups:
    return Backups(
        sqlite_engine,
        tmp_path / "backups",
        artifacts=tmp_path / "artifacts",
        config=tuple,
        now=lambda: NOW,
        offload=asyncio.to_thread,
    )


async def test_backups_of_one_second_have_names_of_their_own(small: Backups) -> None:
    await small.create()
    await small.create()

    assert [path.name for path, _ in await small.list()] == [NAME, NAME.replace("Z.tar", "Z-1.tar")]


async def test_every_changed_byte_of_a_member_is_found(small: Backups) -> None:
    path, _ = await small.create()
    data = bytearray(path.read_bytes())
    with tarfile.open(path) as tar:
        member = tar.getmembers()[0]
    for offset in (member.offset_data, member.offset_data + member.size - 1):
        damaged = bytearray(data)
        damaged[offset] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(BackupDamagedError, match=r"database\.sqlite"):
            await small.verify(path.name)


@pytest.mark.parametrize("size", [0, 100, 512, 20_000, -1024])
async def test_a_backup_that_was_cut_short_is_damaged(small: Backups, size: int) -> None:
    path, _ = await small.create()
    path.write_bytes(path.read_bytes()[:size] if size >= 0 else path.read_bytes()[: -11 * 1024])

    with pytest.raises(BackupDamagedError):
        await small.verify(path.name)
    assert await small.list() == ()


async def test_a_member_that_the_manifest_does_not_name_is_refused(small: Backups) -> None:
    path, _ = await small.create()
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo("../../etc/cron.d/evil")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))

    with pytest.raises(BackupDamagedError, match="other files"):
        await small.verify(path.name)


async def test_a_manifest_with_a_path_that_leads_out_is_refused(tmp_path: Path) -> None:
    path = tmp_path / NAME
    body = b'{"format": 1, "created": 1, "engine": "x", "schema": "0001", "tables": {}, "files": {"../x": [1, "0"]}}'
    with tarfile.open(path, "w") as tar:
        for name, data in (("../x", b"x"), (archive.MANIFEST, body)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))

    with pytest.raises(BackupDamagedError, match="other files"):
        archive.read_manifest(path)


async def test_a_backup_of_a_newer_program_is_refused(small: Backups, monkeypatch, tmp_path: Path) -> None:
    from decnet_actors.store import backups as module

    path, _ = await small.create()
    monkeypatch.setattr(module, "SCHEMA_VERSION", "0000")

    with pytest.raises(BackupError, match=f"is of schema {SCHEMA_VERSION}"):
        await small.restore(path.name, tmp_path / "new")


async def test_a_dry_run_writes_nothing(small: Backups, tmp_path: Path) -> None:
    path, manifest = await small.create()

    assert await small.restore(path.name, tmp_path / "new", dry_run=True) == manifest
    assert not (tmp_path / "new").exists()


async def test_a_folder_that_is_not_empty_is_left_alone(small: Backups, tmp_path: Path) -> None:
    path, _ = await small.create()
    (tmp_path / "new").mkdir()
    (tmp_path / "new/file").write_text("mine")

    with pytest.raises(NotEmptyError):
        await small.restore(path.name, tmp_path / "new")


async def test_a_database_that_is_not_empty_is_left_alone(small: Backups, sqlite_engine, tmp_path: Path) -> None:
    path, _ = await small.create()
    await Accounts(sqlite_engine).add_user(User(name="ana", role=Role.ADMIN, created=1.0))
    target = Target(
        url=sqlite_engine.url.render_as_string(), artifacts=tmp_path / "a/artifacts", config=tmp_path / "a/config"
    )

    with pytest.raises(NotEmptyError, match="web_user"):
        await restore(path, target, offload=asyncio.to_thread)


async def test_a_backup_that_fails_leaves_nothing(small: Backups, monkeypatch, tmp_path: Path) -> None:
    def fail(*_args) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_sync", fail)
    with pytest.raises(OSError, match="No space"):
        await small.create()

    assert list((tmp_path / "backups").iterdir()) == []


@pytest.fixture
def table(small: Backups) -> OperationTable:
    table = OperationTable(None, lambda: NOW)
    bind_operations(table, small)
    return table


async def test_the_operations_make_list_check_and_restore(table: OperationTable, tmp_path: Path) -> None:
    made = await table.call("backup.create", {}, ROOT)
    listed = await table.call("backup.list", {}, ROOT)
    checked = await table.call("backup.verify", {"name": made["name"]}, ROOT)
    into = str(tmp_path / "new")
    tried = await table.call("backup.restore", {"name": made["name"], "into": into, "dry_run": True}, ROOT)
    done = await table.call("backup.restore", {"name": made["name"], "into": into}, ROOT)

    assert made["engine"] == "sqlite"
    assert listed["items"] == [made]
    assert checked == made
    assert (tried["restored"], done["restored"]) == (False, True)
    assert (tmp_path / "new/decnet.db").is_file()


@pytest.mark.parametrize(
    ("name", "into", "code"),
    [
        ("decnet-20200101T000000Z.tar", "/nowhere/x", "DN3001"),
        ("../../etc/passwd", "/nowhere/x", "DN3001"),
        (NAME, "relative", "DN5001"),
        (NAME, "/etc", "DN5001"),
    ],
)
async def test_what_cannot_be_restored_is_explained(table: OperationTable, name: str, into: str, code: str) -> None:
    await table.call("backup.create", {}, ROOT)

    with pytest.raises(OperatorError) as caught:
        await table.call("backup.restore", {"name": name, "into": into}, ROOT)

    assert caught.value.kind.code == code


async def test_a_damaged_backup_has_its_code(table: OperationTable, tmp_path: Path) -> None:
    made = await table.call("backup.create", {}, ROOT)
    (tmp_path / "backups" / made["name"]).write_bytes(b"")

    with pytest.raises(OperatorError) as caught:
        await table.call("backup.verify", {"name": made["name"]}, ROOT)

    assert caught.value.kind.code == "DN3003"

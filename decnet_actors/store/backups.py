"""This module makes, lists, checks and restores backups, and answers the operations on them."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Caller, Handler, Nothing, Operation, Page
from decnet_actors.domain.text import escaped
from decnet_actors.store import archive, dump
from decnet_actors.store import backup_operations as operations
from decnet_actors.store.archive import SNAPSHOT, Manifest
from decnet_actors.store.engine import make_engine, sqlite_path
from decnet_actors.store.errors import BackupDamagedError, BackupError, NotEmptyError
from decnet_actors.store.migrations import migrate
from decnet_actors.store.tables import SCHEMA_VERSION

NAME = re.compile(r"decnet-\d{8}T\d{6}Z(-\d{1,3})?\.tar")
DATABASE = "decnet.db"  # of a restored state directory
MAX_NAME = 80  # characters of an unknown name repeated in an error


class Table(Protocol):
    """Where operations are bound (``contracts.operation_table.OperationTable``)."""

    def bind(self, operation: Operation[Any, Any], handler: Handler) -> None: ...  # Any: operations of unlike classes


@frozen(kw_only=True)
class Target:
    """Where a backup is restored to: an empty database and two folders."""

    url: str
    artifacts: Path
    config: Path


class Backups:
    """Backups of a running daemon, in one folder.

    Args:
        engine: of the store.
        folder: of the backups; made when missing, closed to others.
        artifacts: folder of the artifact store.
        config: tells the configuration files that are in force.
        now: Unix seconds.
        offload: runs a blocking function off the loop.

    """

    def __init__(
        self,
        engine: AsyncEngine,
        folder: Path,
        *,
        artifacts: Path,
        config: Callable[[], Sequence[Path]],
        now: Callable[[], float],
        offload: dump.Offload,
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._artifacts = artifacts
        self._config = config
        self._now = now
        self._offload = offload

    async def create(self, *, artifacts: bool = True) -> tuple[Path, Manifest]:
        """Write a backup of this moment; evidence goes on being recorded meanwhile."""
        now = self._now()
        target: Path = await self._offload(lambda: self._free_name(now))
        work = target.with_suffix(".work")
        try:
            await self._offload(lambda: work.mkdir(mode=0o700))
            database = sqlite_path(self._engine)
            if database is not None:
                tables = await self._offload(lambda: dump.snapshot(database, work / SNAPSHOT))
            else:
                tables = await dump.dump(self._engine, work, self._offload)
            manifest = await self._offload(
                lambda: archive.pack(
                    target,
                    database=sorted(work.iterdir()),
                    artifacts=self._artifacts if artifacts else None,
                    config=[path for path in self._config() if path.is_file()],
                    created=now,
                    engine=self._engine.dialect.name,
                    schema=SCHEMA_VERSION,
                    tables=tables,
                )
            )
        finally:
            await self._offload(lambda: shutil.rmtree(work, ignore_errors=True))
        return target, manifest

    async def list(self) -> Sequence[tuple[Path, Manifest]]:
        """Return the backups in the folder, newest first; what is none is passed over."""
        found: Sequence[tuple[Path, Manifest]] = await self._offload(self._list)
        return found

    async def verify(self, name: str) -> tuple[Path, Manifest]:
        """Check every checksum of a backup."""
        path = await self._find(name)
        return path, await self._offload(lambda: archive.verify(path))

    async def restore(self, name: str, into: Path, *, dry_run: bool = False) -> Manifest:
        """Restore a backup to a state directory that is missing or empty."""
        path = await self._find(name)
        return await restore(path, state_target(into), offload=self._offload, into=into, dry_run=dry_run)

    async def _find(self, name: str) -> Path:
        path = self._folder / name
        if NAME.fullmatch(name) is None or not await self._offload(path.is_file):
            raise FileNotFoundError(name)
        return path

    def _list(self) -> Sequence[tuple[Path, Manifest]]:
        found = []
        for path in sorted(self._folder.glob("decnet-*.tar"), reverse=True):
            try:
                found.append((path, archive.read_manifest(path)))
            except (BackupError, OSError):
                continue
        return tuple(found)

    def _free_name(self, now: float) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        for suffix in ("", *(f"-{number}" for number in range(1, 1000))):
            path = self._folder / f"decnet-{stamp}{suffix}.tar"
            if not path.exists() and not path.with_suffix(".work").exists():
                return path
        raise BackupError("a thousand backups were made in this second")


def state_target(state: Path) -> Target:
    """Return the target that is a state directory with an embedded database."""
    return Target(url=f"sqlite:///{state / DATABASE}", artifacts=state / "artifacts", config=state / "config")


async def restore(
    path: Path, target: Target, *, offload: dump.Offload, into: Path | None = None, dry_run: bool = False
) -> Manifest:
    """Restore a backup of any engine to an empty database of any engine.

    Args:
        path: the archive; every checksum is checked first.
        target: what to fill.
        offload: runs a blocking function off the loop.
        into: a folder that must be missing or empty.
        dry_run: check all that can be checked, write nothing.

    Raises:
        BackupDamagedError: a checksum does not match.
        NotEmptyError: there is something already where the backup should go.
        BackupError: it is of a newer program, or fewer rows arrived than it holds.

    """
    manifest: Manifest = await offload(lambda: archive.verify(path))
    if manifest.schema > SCHEMA_VERSION or (manifest.schema < SCHEMA_VERSION and SNAPSHOT not in manifest.files):
        raise BackupError(path.name, f"is of schema {manifest.schema}, this program has {SCHEMA_VERSION}")
    for folder in (into, target.artifacts, target.config):
        if folder is not None and await offload(lambda folder=folder: folder.exists() and any(folder.iterdir())):  # type: ignore[misc]  # the default is the folder
            raise NotEmptyError(str(folder))
    if dry_run:
        return manifest
    work = target.artifacts.with_name(target.artifacts.name + ".restore")
    engine = make_engine(target.url)
    try:
        await offload(lambda: work.mkdir(mode=0o700, parents=True))
        await migrate(engine)
        await dump.check_empty(engine)
        await offload(lambda: archive.unpack(path, work, artifacts=target.artifacts, config=target.config))
        counts = await _fill(engine, work, manifest, offload)
    finally:
        await engine.dispose()
        await offload(lambda: shutil.rmtree(work, ignore_errors=True))
    if dict(counts) != dict(manifest.tables):
        raise BackupError(path.name, "fewer rows arrived than the backup holds")
    return manifest


async def _fill(engine: AsyncEngine, work: Path, manifest: Manifest, offload: dump.Offload) -> Mapping[str, int]:
    if SNAPSHOT not in manifest.files:
        return await dump.load(engine, work, offload)
    source = make_engine(f"sqlite:///{work / SNAPSHOT}")
    try:
        await migrate(source)
        return await dump.copy(source, engine)
    finally:
        await source.dispose()


def bind_operations(table: Table, backups: Backups) -> None:
    """Bind the operations on backups."""
    handlers = Handlers(backups)
    table.bind(operations.BACKUP_CREATE, handlers.create)
    table.bind(operations.BACKUP_LIST, handlers.list)
    table.bind(operations.BACKUP_VERIFY, handlers.verify)
    table.bind(operations.BACKUP_RESTORE, handlers.restore)


class Handlers:
    """The handlers of the operations on backups."""

    def __init__(self, backups: Backups) -> None:
        self._backups = backups

    async def create(self, args: operations.BackupCreateArgs, _caller: Caller) -> operations.BackupRow:
        try:
            return _row(*await self._backups.create(artifacts=args.artifacts))
        except OSError as error:
            raise OperatorError(CATALOGUE["DN3002"], f"the backup cannot be written: {error.strerror}") from error

    async def list(self, _args: Nothing, _caller: Caller) -> Page[operations.BackupRow]:
        return Page(items=tuple(_row(*found) for found in await self._backups.list()))

    async def verify(self, args: operations.BackupArgs, _caller: Caller) -> operations.BackupRow:
        try:
            return _row(*await self._backups.verify(args.name))
        except (BackupError, OSError) as error:
            raise _refusal(error, args.name) from error

    async def restore(self, args: operations.BackupRestoreArgs, _caller: Caller) -> operations.RestoreReport:
        into = Path(args.into)
        if not into.is_absolute():
            raise OperatorError(
                CATALOGUE["DN5001"],
                "/into: must be an absolute path, because the daemon has another working directory",
                fix=(f"decnetctl backup restore {escaped(args.name, MAX_NAME)} /var/lib/decnet-new",),
            )
        try:
            manifest = await self._backups.restore(args.name, into, dry_run=args.dry_run)
        except (BackupError, OSError) as error:
            raise _refusal(error, args.name) from error
        return operations.RestoreReport(
            name=args.name,
            into=args.into,
            restored=not args.dry_run,
            tables=dict(manifest.tables),
            artifacts=manifest.artifacts,
        )


def _refusal(error: BackupError | OSError, name: str) -> OperatorError:
    shown = escaped(name, MAX_NAME)
    match error:
        case FileNotFoundError():
            return OperatorError(CATALOGUE["DN3001"], f"there is no backup {shown}", fix=("decnetctl backup list",))
        case BackupDamagedError():
            return OperatorError(CATALOGUE["DN3003"], f"{shown}: {error.args[-1]}", fix=("decnetctl backup list",))
        case NotEmptyError():
            return OperatorError(
                CATALOGUE["DN5001"],
                f"/into: {error.args[0]} is not empty",
                fix=("name a folder that does not exist yet",),
            )
        case OSError():
            return OperatorError(CATALOGUE["DN3002"], f"{shown}: {error.strerror}")
        case _:
            return OperatorError(CATALOGUE["DN5001"], " ".join(str(part) for part in error.args))


def _row(path: Path, manifest: Manifest) -> operations.BackupRow:
    size = sum(size for size, _ in manifest.files.values())
    return operations.BackupRow(
        name=path.name,
        created=manifest.created,
        size=size,
        version=manifest.schema,
        engine=manifest.engine,
        rows=manifest.rows,
        artifacts=manifest.artifacts,
    )

"""This module defines the operations on backups."""

from collections.abc import Mapping

from attrs import field, frozen

from decnet_actors.contracts.operations import Audit, Nothing, Operation, Page, Role, Route, about
from decnet_actors.store.argument_fields import word


@frozen(kw_only=True)
class BackupRow:
    """One backup in the backup folder."""

    name: str
    created: float
    size: int  # bytes
    version: str  # of the schema
    engine: str
    rows: int
    artifacts: int


@frozen(kw_only=True)
class BackupCreateArgs:
    """What goes into the backup."""

    artifacts: bool = field(default=True, metadata=about("With the files peers brought."))


@frozen(kw_only=True)
class BackupArgs:
    """Which backup."""

    name: str = word("Name of the backup, as `backup list` shows it.")


@frozen(kw_only=True)
class BackupRestoreArgs:
    """Which backup, and where to."""

    name: str = word("Name of the backup, as `backup list` shows it.")
    into: str = word("Folder to restore to: a state directory that is missing or empty.")
    dry_run: bool = field(default=False, metadata=about("Check only, change nothing."))


@frozen(kw_only=True)
class RestoreReport:
    """What was, or would be, restored."""

    name: str
    into: str
    restored: bool
    tables: Mapping[str, int]  # rows of each
    artifacts: int


BACKUP_CREATE = Operation(
    name="backup.create",
    summary="Write a backup of database, artifacts and configuration while the daemon runs.",
    args=BackupCreateArgs,
    result=BackupRow,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/backups"),
    examples=("decnetctl backup create",),
    columns=("name", "created", "size", "rows", "artifacts"),
)
BACKUP_LIST = Operation(
    name="backup.list",
    summary="List the backups, newest first.",
    args=Nothing,
    result=Page[BackupRow],
    role=Role.ADMIN,
    route=Route(method="GET", path="/backups"),
    examples=("decnetctl backup list",),
    columns=("name", "created", "size", "version", "engine", "rows", "artifacts"),
)
BACKUP_VERIFY = Operation(
    name="backup.verify",
    summary="Check every checksum of a backup.",
    args=BackupArgs,
    result=BackupRow,
    role=Role.ADMIN,
    audit=Audit.READ,
    route=Route(method="POST", path="/backups/{name}/verify"),
    examples=("decnetctl backup verify decnet-20260131T093000Z.tar",),
    columns=("name", "created", "size", "rows", "artifacts"),
)
BACKUP_RESTORE = Operation(
    name="backup.restore",
    summary="Restore a backup to a state directory that is empty; the daemon's own is never touched.",
    args=BackupRestoreArgs,
    result=RestoreReport,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/backups/{name}/restore"),
    examples=("decnetctl backup restore decnet-20260131T093000Z.tar /var/lib/decnet-new --dry-run",),
)

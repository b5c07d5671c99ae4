"""This module writes, checks and unpacks backup archives: a plain tar with a manifest as its last member.

``database.sqlite`` (a snapshot) or ``tables/<name>.msgpack`` (the column names, then one array a row),
``artifacts/<sha256>``, ``config/<name>``, and ``manifest.json`` with the SHA-256 of each of the others.
Everything here blocks.
"""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from decnet_actors.store.artifacts import artifact_path, sync_folder
from decnet_actors.store.errors import BackupDamagedError, BackupError

FORMAT = 1
MANIFEST = "manifest.json"
MAX_MANIFEST = 64 * 2**20  # bytes
CHUNK = 2**20  # bytes
SNAPSHOT = "database.sqlite"
TABLES = "tables/"
ARTIFACTS = "artifacts/"
CONFIG = "config/"

_MEMBER = re.compile(
    r"database\.sqlite|tables/[a-z_]{1,64}\.msgpack|artifacts/[0-9a-f]{64}|config/[A-Za-z0-9][A-Za-z0-9._-]{0,100}"
)


@frozen(kw_only=True)
class Manifest:
    """What a backup holds."""

    created: float  # Unix seconds
    engine: str
    schema: str
    tables: Mapping[str, int]  # rows of each
    files: Mapping[str, tuple[int, str]]  # size and SHA-256 of each member

    @property
    def artifacts(self) -> int:
        """How many artifacts it holds."""
        return sum(name.startswith(ARTIFACTS) for name in self.files)

    @property
    def rows(self) -> int:
        """How many rows of all tables it holds."""
        return sum(self.tables.values())


def pack(
    target: Path,
    *,
    database: Sequence[Path],
    artifacts: Path | None,
    config: Iterable[Path],
    created: float,
    engine: str,
    schema: str,
    tables: Mapping[str, int],
) -> Manifest:
    """Write the archive durably; ``target`` appears only when it is complete.

    Args:
        target: the archive, must not exist.
        database: the snapshot, or the files of the tables.
        artifacts: the folder of the artifact store, ``None`` leaves them out.
        config: files to keep; two of one name are told apart by a number.
        created: Unix seconds.
        engine: of the database.
        schema: its version.
        tables: rows of each.

    """
    partial = target.with_suffix(".part")
    files: dict[str, tuple[int, str]] = {}
    try:
        with partial.open("xb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            partial.chmod(0o600)
            for path in database:
                name = SNAPSHOT if path.name == SNAPSHOT else TABLES + path.name
                files[name] = _add(tar, name, path)
            for number, path in enumerate(config):
                name = f"{CONFIG}{number:02}-{re.sub(r'[^A-Za-z0-9._-]', '_', path.name)[:90]}"
                files[name] = _add(tar, name, path)
            for path in sorted(artifacts.glob("??/" + "?" * 64)) if artifacts is not None else ():
                files[ARTIFACTS + path.name] = _add(tar, ARTIFACTS + path.name, path)
            manifest = Manifest(created=created, engine=engine, schema=schema, tables=tables, files=files)
            _add_manifest(tar, manifest)
            tar.close()
            raw.flush()
        _sync(partial)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(target.parent)
    return manifest


def read_manifest(archive: Path) -> Manifest:
    """Return what the archive says it holds.

    Raises:
        BackupDamagedError: it is no archive of ours, or cut short.

    """
    try:
        with tarfile.open(archive, mode="r:") as tar:
            names = [member.name for member in tar.getmembers()]
            file = tar.extractfile(MANIFEST)
            raw = {} if file is None else json.loads(file.read(MAX_MANIFEST))
        manifest = Manifest(
            created=float(raw["created"]),
            engine=str(raw["engine"]),
            schema=str(raw["schema"]),
            tables={str(name): int(rows) for name, rows in raw["tables"].items()},
            files={str(name): (int(size), str(digest)) for name, (size, digest) in raw["files"].items()},
        )
        known = raw["format"] == FORMAT
    except (tarfile.TarError, KeyError, TypeError, ValueError, AttributeError, EOFError) as error:
        raise BackupDamagedError(archive.name, "is no backup, or cut short") from error
    if not known:
        raise BackupError(archive.name, "is of another format than this program reads")
    if sorted(names) != sorted([*manifest.files, MANIFEST]) or not all(map(_MEMBER.fullmatch, manifest.files)):
        raise BackupDamagedError(archive.name, "holds other files than its manifest says")
    return manifest


def verify(archive: Path) -> Manifest:
    """Check every checksum; return the manifest.

    Raises:
        BackupDamagedError: one does not match; name and member are given.

    """
    manifest = read_manifest(archive)
    with tarfile.open(archive, mode="r:") as tar:
        for name, (size, digest) in manifest.files.items():
            sink = _Digest()
            _copy(tar, name, sink)
            if (sink.size, sink.hexdigest()) != (size, digest):
                raise BackupDamagedError(archive.name, f"{name} has another checksum than the manifest says")
    return manifest


def unpack(archive: Path, folder: Path, *, artifacts: Path, config: Path) -> None:
    """Write the members of a *verified* archive: the database's to ``folder``, the others where they belong."""
    manifest = read_manifest(archive)
    with tarfile.open(archive, mode="r:") as tar:
        for name in manifest.files:
            target = folder / Path(name).name
            if name.startswith(ARTIFACTS):
                target = artifact_path(artifacts, Path(name).name)
            elif name.startswith(CONFIG):
                target = config / Path(name).name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with target.open("xb") as file:
                target.chmod(0o600)
                _copy(tar, name, file)


class _Digest(io.RawIOBase):
    """Takes bytes and keeps their size and SHA-256."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self._hash = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # Any: anything that is bytes
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class _Hashing(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__()
        self._file = file
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.hash.update(data)
        return data


def _add(tar: tarfile.TarFile, name: str, path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        info = tar.gettarinfo(arcname=name, fileobj=file)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mode = 0o600
        hashing = _Hashing(file)
        tar.addfile(info, hashing)
    return info.size, hashing.hash.hexdigest()


def _add_manifest(tar: tarfile.TarFile, manifest: Manifest) -> None:
    body = {
        "format": FORMAT,
        "created": manifest.created,
        "engine": manifest.engine,
        "schema": manifest.schema,
        "tables": dict(manifest.tables),
        "files": {name: list(value) for name, value in manifest.files.items()},
    }
    data = json.dumps(body, indent=1).encode()
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode, info.mtime = len(data), 0o600, int(manifest.created)
    tar.addfile(info, io.BytesIO(data))


def _copy(tar: tarfile.TarFile, name: str, sink: Any) -> None:  # Any: anything to write bytes to
    file = tar.extractfile(name)
    if file is None:
        raise BackupDamagedError(name, "is no regular file")
    with file:
        shutil.copyfileobj(file, sink, CHUNK)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())

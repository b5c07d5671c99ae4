import asyncio
import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.decoy import Artifacts
from decnet_actors.store.artifacts import ArtifactStore, ArtifactTooLargeError, artifact_path
from decnet_actors.store.tables import artifact

DATA = b"#!/bin/sh\nexit\n"
DIGEST = hashlib.sha256(DATA).hexdigest()


def store(engine: AsyncEngine, folder: Path, now: float = 1.0) -> ArtifactStore:
    return ArtifactStore(engine, folder / "artifacts", now=lambda: now, offload=asyncio.to_thread, max_size=1000)


def as_port(artifacts: ArtifactStore) -> Artifacts:
    return artifacts


async def test_a_file_is_kept_once_per_content(engine: AsyncEngine, tmp_path: Path) -> None:
    first, later = store(engine, tmp_path), store(engine, tmp_path, now=5.0)

    assert await as_port(first).keep(DATA) == DIGEST
    assert await later.keep(DATA) == DIGEST

    assert first.path(DIGEST).read_bytes() == DATA
    assert first.path(DIGEST).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "artifacts").rglob("*") if path.is_file()] == [DIGEST]
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(select(artifact))]
    assert rows == [(DIGEST, len(DATA), 1.0, 5.0, 2)]


async def test_a_file_that_was_cut_by_a_crash_is_written_again(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    artifacts = store(sqlite_engine, tmp_path)
    artifacts.path(DIGEST).parent.mkdir(parents=True)
    artifacts.path(DIGEST).write_bytes(DATA[:3])

    await artifacts.keep(DATA)

    assert artifacts.path(DIGEST).read_bytes() == DATA


async def test_a_file_that_is_too_large_is_refused(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    with pytest.raises(ArtifactTooLargeError) as caught:
        await store(sqlite_engine, tmp_path).keep(bytes(1001))

    assert caught.value.args == (1001, 1000)


async def test_a_failed_write_leaves_nothing(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    artifacts = store(sqlite_engine, tmp_path)
    target = artifacts.path(DIGEST)
    target.mkdir(parents=True)  # a folder where the file should go: the rename fails

    with pytest.raises(OSError, match="directory"):
        await artifacts.keep(DATA)

    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", DIGEST.upper(), DIGEST + "\n"])
def test_only_a_digest_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        artifact_path(tmp_path, name)

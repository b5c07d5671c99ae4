"""This module keeps files that peers brought, once per content, as files named by their SHA-256."""

import errno
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.statements import upsert
from decnet_actors.store.tables import artifact

MAX_SIZE = 64 * 2**20  # bytes; observers cut files well before (``FileCaptured.truncated``)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MERGE = {"last_seen": "greatest", "count": "sum"}


class ArtifactTooLargeError(ValueError):
    """An artifact is larger than we keep; size and limit are ``args``."""


class ArtifactStore:
    """Files in ``folder``, and a row for each in the store (``contracts.decoy.Artifacts``).

    Args:
        engine: of the store.
        folder: made when missing, closed to others; holds ``ab/abcdef...``, never executable.
        now: Unix seconds.
        offload: runs a blocking function off the loop.

    """

    def __init__(
        self,
        engine: AsyncEngine,
        folder: Path,
        *,
        now: Callable[[], float],
        offload: Callable[[Callable[[], str]], Awaitable[str]],
        max_size: int = MAX_SIZE,
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._now = now
        self._offload = offload
        self._max_size = max_size

    async def keep(self, data: bytes, *, times: int = 1) -> str:
        """Store the bytes durably (once per content) and return the SHA-256 as 64 hex digits.

        Args:
            data: the content.
            times: how often a peer brought it just now; 0 for what is only held in a decky's files.

        Raises:
            ArtifactTooLargeError: more than the limit.
            OSError: the disk is full or gone.

        """
        if len(data) > self._max_size:
            raise ArtifactTooLargeError(len(data), self._max_size)
        digest: str = await self._offload(lambda: write_artifact(self._folder, data))
        now = self._now()
        values = {"sha256": digest, "size": len(data), "first_seen": now, "last_seen": now, "count": times}
        async with self._engine.begin() as connection:
            await connection.execute(upsert(artifact, _MERGE, self._engine.dialect).values(values))
        return digest

    def read(self, sha256: str, offset: int, size: int) -> bytes:
        """Return some of an artifact; blocks.

        Raises:
            OSError: EIO, it is not there any more.

        """
        try:
            with self.path(sha256).open("rb", buffering=0) as file:
                return os.pread(file.fileno(), size, offset)
        except OSError as error:
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from error

    def path(self, sha256: str) -> Path:
        """Return where the artifact is, or would be.

        Raises:
            ValueError: not 64 hex digits.

        """
        return artifact_path(self._folder, sha256)


def artifact_path(folder: Path, sha256: str) -> Path:
    """Return where the artifact is, or would be; ``ValueError`` when that is no SHA-256."""
    if _SHA256.fullmatch(sha256) is None:
        raise ValueError("not a SHA-256 in hex digits")
    return folder / sha256[:2] / sha256


def write_artifact(folder: Path, data: bytes) -> str:
    """Write the file durably unless it is there, and return its name; blocks."""
    digest = hashlib.sha256(data).hexdigest()
    path = artifact_path(folder, digest)
    if path.exists() and path.stat().st_size == len(data):
        return digest
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f"{digest}.{os.getpid()}.{id(data)}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    sync_folder(folder)
    return digest


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable; blocks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""This module reaches into containers: files by the engine's archives, programs by its ``exec``."""

import contextlib
import errno
import io
import os
import posixpath
import signal
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiodocker.execs import Exec
from aiodocker.stream import Stream

from decnet_actors.contracts.inside import Output
from decnet_actors.contracts.machine import Pty
from plugins.fleet_driver.docker.container import Container
from plugins.fleet_driver.docker.engine import Engine
from plugins.fleet_driver.docker.errors import EngineError

MAX_PLANTED = 16 * 1024 * 1024  # bytes
_HEADERS = 64 * 1024  # bytes an archive may spend before a file's own: names and extended attributes
_LONGEST_PATH = 4096  # bytes; PATH_MAX
_STDERR = 2
_ERRNO = {HTTPStatus.NOT_FOUND: errno.ENOENT, HTTPStatus.FORBIDDEN: errno.EROFS}
_READ_ONLY = "read-only"  # how engines say that only /tmp and /run can be written, with one status or another


class DockerProgram:
    """A program that the engine runs in a container."""

    def __init__(self, engine: Engine, started: Exec, stream: Stream) -> None:
        self._engine = engine
        self._exec = started
        self._stream = stream

    async def read(self) -> Output | None:
        """Return what it has printed since."""
        with self._engine.wording():
            message = await self._stream.read_out()
        return None if message is None else Output(data=message.data, is_error=message.stream == _STDERR)

    async def write(self, data: bytes) -> None:
        """Give it input."""
        async with self._engine.asking():
            await self._stream.write_in(data)

    async def resize(self, pty: Pty) -> None:
        """Change its terminal's size."""
        async with self._engine.asking():
            await self._exec.resize(h=pty.rows, w=pty.columns)

    async def status(self) -> int | None:
        """Return its exit status."""
        async with self._engine.asking():
            told = await self._exec.inspect()
        return None if told["Running"] else int(told["ExitCode"])

    async def kill(self) -> None:
        """End it: the engine lets a program run on whose reader has gone."""
        async with self._engine.asking():
            await self._stream.close()
            told = await self._exec.inspect()
            if not told["Running"] or not told["Pid"]:
                return
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process = os.pidfd_open(told["Pid"])
                try:
                    # The number may have become another's before it was opened, not while the program still runs.
                    if (await self._exec.inspect())["Running"]:
                        signal.pidfd_send_signal(process, signal.SIGKILL)
                finally:
                    os.close(process)


class DockerInside:
    """Reaches into the containers behind deckies.

    Args:
        engine: where they run.
        find: returns a decky's container, and raises ``OSError`` when it has none that runs.

    """

    def __init__(self, engine: Engine, find: Callable[[str], Awaitable[Container]]) -> None:
        self._engine = engine
        self._find = find

    async def plant(self, decky: str, path: str, data: bytes, *, mode: int, modified: float) -> None:
        """Put a file there."""
        folder, name = _split(decky, path)
        if len(data) > MAX_PLANTED:
            raise OSError(errno.EFBIG, f"{decky}: {path} would have {len(data)} bytes, and {MAX_PLANTED} are planted")
        container = await self._find(decky)
        archive = _archive(name, data, mode, modified)
        with _explained(decky, path):
            await self._engine.extract(container.id, folder, archive)

    async def read(self, decky: str, path: str, *, limit: int) -> bytes:
        """Return what a regular file holds."""
        _split(decky, path)
        container = await self._find(decky)
        with _explained(decky, path):
            archive = await self._engine.archive(container.id, path, limit + _HEADERS)
        return _only_file(archive, f"{decky}: {path}", limit)

    @asynccontextmanager
    async def run(
        self, decky: str, command: tuple[str, ...], *, user: str = "", pty: Pty | None = None
    ) -> AsyncIterator[DockerProgram]:
        """Run a program."""
        container = await self._find(decky)
        environment = {} if pty is None else {"TERM": pty.term}
        with _explained(decky, command[0]):
            async with self._engine.asking() as docker:
                made = await docker.containers.container(container.id).exec(
                    list(command), stdin=True, tty=pty is not None, user=user, environment=environment
                )
                stream = made.start(detach=False)
                await stream.__aenter__()  # entered within the time for an answer, left whenever the program is
        program = DockerProgram(self._engine, made, stream)
        try:
            if pty is not None:
                await program.resize(pty)
            yield program
        finally:
            await program.kill()


@contextlib.contextmanager
def _explained(decky: str, what: str) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        number = errno.EROFS if _READ_ONLY in str(error) else _ERRNO.get(HTTPStatus(error.status), errno.EIO)
        raise OSError(number, f"{decky}: {what}: {error}") from error


def _split(decky: str, path: str) -> tuple[str, str]:
    folder, name = posixpath.split(path)
    if not folder.startswith("/") or name in {"", ".", ".."} or "\0" in path or len(path.encode()) > _LONGEST_PATH:
        raise ValueError(f"{decky}: {path!r} is not the absolute path of a file")
    return folder, name


def _archive(name: str, data: bytes, mode: int, modified: float) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(data), mode, modified
        tar.addfile(member, io.BytesIO(data))
    return made.getvalue()


def _only_file(archive: bytes, what: str, limit: int) -> bytes:
    """Return what the first member of an archive holds, which may be cut off behind ``limit`` bytes of it."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r|") as tar:
            member = tar.next()
            if member is None or not member.isreg():
                raise OSError(errno.EINVAL, f"{what} is not a regular file")
            if member.size > limit:
                raise OSError(errno.EFBIG, f"{what} has {member.size} bytes, and {limit} are read")
            file = tar.extractfile(member)
            return b"" if file is None else file.read(limit)
    except tarfile.TarError as error:
        raise OSError(errno.EIO, f"{what}: the engine's archive cannot be read: {error}") from error

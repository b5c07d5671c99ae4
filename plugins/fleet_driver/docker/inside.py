"""This module reaches into containers: files by the engine's archives, programs by its ``exec``."""

import asyncio
import contextlib
import errno
import io
import os
import posixpath
import signal
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiodocker.execs import Exec
from aiodocker.stream import Stream

from decnet_actors.contracts.fleet_driver import DriverUnreachableError
from decnet_actors.contracts.inside import Command, File, Output, System
from decnet_actors.contracts.machine import Pty
from plugins.fleet_driver.docker.container import MEMORY, Container
from plugins.fleet_driver.docker.engine import Engine
from plugins.fleet_driver.docker.errors import EngineError
from plugins.fleet_driver.docker.image import MAX_FILE, PASSWD, RELEASES, system_of
from plugins.fleet_driver.docker.processes import end_others

MAX_PLANTED = 16 * 1024 * 1024  # bytes
_HEADERS = 64 * 1024  # bytes an archive may spend before a file's own: names and extended attributes
_LONGEST_PATH = 4096  # bytes; PATH_MAX
_PACK = 'set --; while IFS= read -r file; do set -- "$@" "$file"; done; test $# = 0 || tar -cf - "$@" 2>/dev/null'
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
        """Give it input; how long it takes is the program's to say."""
        with self._engine.wording():
            await self._stream.write_in(data)

    async def end_input(self) -> None:
        """Tell it that no more comes."""
        answer = self._stream._resp  # noqa: SLF001  aiodocker can only close both ways at once
        if answer is not None and answer.connection is not None and answer.connection.transport is not None:
            answer.connection.transport.write_eof()

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
        self._system: System | None = None

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

    @property
    def system(self) -> System:
        """What the image is installed with."""
        if self._system is None:
            raise RuntimeError("not open")
        return self._system

    async def open(self, image: str, name: str) -> None:
        """Read what an image is installed with, from a container of that name which never runs."""
        await self._engine.remove(name)  # an earlier start may have been cut off here
        container = await self._engine.make(
            name, {"Image": image, "Entrypoint": ["-"], "HostConfig": {"NetworkMode": "none"}}
        )
        try:
            files = [await self._content(container, path, MAX_FILE) or b"" for path in (PASSWD, *RELEASES)]
        finally:
            await self._engine.remove(container)
        kernel = os.uname()
        release = next((text for text in files[1:] if text), b"")
        self._system = system_of(files[0], release, (kernel.release, kernel.version, kernel.machine))

    @asynccontextmanager
    async def run(self, decky: str, command: Command) -> AsyncIterator[DockerProgram]:
        """Run a program."""
        container = await self._find(decky)
        pty = command.pty
        environment = {**command.environment, **({} if pty is None else {"TERM": pty.term})}
        with _explained(decky, command.words[0]):
            async with self._engine.asking() as docker:
                made = await docker.containers.container(container.id).exec(
                    list(command.words),
                    stdin=True,
                    tty=pty is not None,
                    user=command.user,
                    environment=environment,
                    workdir=command.folder or None,
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

    async def tidy(self, decky: str) -> None:
        """Kill everything but the idle program."""
        await end_visitors(await self._find(decky))

    async def brought(self, decky: str, *, user: str, count: int, limit: int) -> Sequence[File]:
        """Return what visitors left, in the memory file systems, which begin empty, and on the disk."""
        container = await self._find(decky)
        found = files_of(await self._listed(decky, user, count, limit), limit)
        left = limit - sum(len(file.data) for file in found)
        with _explained(decky, "its changes"):
            changed = await self._engine.changes(container.id)
        for path in changed[: max(0, count - len(found))]:
            data = await self._content(container.id, path, left)
            if data is not None:
                found.append(File(path=path, data=data))
                left -= len(data)
        return found

    async def _listed(self, decky: str, user: str, count: int, limit: int) -> bytes:
        """Return the beginning of an archive of what a user may read in the memory file systems."""
        archive = bytearray()
        script = f"find {' '.join(MEMORY)} -xdev -type f 2>/dev/null | head -n {count} | {{ {_PACK}; }}"
        async with self.run(decky, Command(words=("sh", "-c", script), user=user, folder="/")) as program:
            while len(archive) < limit + _HEADERS and (output := await program.read()) is not None:
                if not output.is_error:
                    archive += output.data
        return bytes(archive)

    async def _content(self, container: str, path: str, limit: int) -> bytes | None:
        """Return what a regular file holds; ``None`` if it is none, or larger."""
        try:
            return _only_file(await self._engine.archive(container, path, limit + _HEADERS), path, limit)
        except DriverUnreachableError:
            raise
        except OSError:
            return None


async def end_visitors(container: Container) -> None:
    """Kill everything in a container but its idle program."""
    await asyncio.to_thread(end_others, container.pid)


def files_of(archive: bytes, limit: int) -> list[File]:
    """Return the files of an archive that a visitor may have had a hand in, up to where it makes no sense."""
    found: list[File] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r|") as tar:
            while (member := tar.next()) is not None:
                file = tar.extractfile(member) if member.isreg() and member.size <= limit else None
                if file is not None:
                    data = file.read(member.size)
                    if len(data) < member.size:
                        break
                    limit -= len(data)
                    found.append(File(path="/" + member.name.lstrip("/"), data=data))
    except (tarfile.TarError, ValueError, OverflowError, RecursionError):  # the rest is lost, and stays where it is
        pass
    return found


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

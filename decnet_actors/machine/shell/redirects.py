"""This module opens what redirects name: files, descriptors, and the devices an attacker tries."""

import errno
import os
import stat

from decnet_actors.machine.shell.context import World
from decnet_actors.machine.shell.state import ShellState
from decnet_actors.machine.shell.streams import Input, Nowhere, Sink
from decnet_actors.machine.shell.syntax import Redirect


class FileSink:
    """Writes to a file, as the user who opened it."""

    def __init__(self, world: World, sh: ShellState, path: str) -> None:
        self._world = world
        self._path = path
        self._uid = sh.uid
        self._gid = sh.gid

    def write(self, data: bytes) -> None:
        # Root's eyes: permission was checked when the file was opened.
        self._world.files.write(self._path, data, now=self._world.now, uid=0, gid=self._gid, append=True)


def opened(world: World, sh: ShellState, redirect: Redirect, name: str) -> None:
    """Apply one redirect to the shell's streams.

    Raises:
        OSError: what it names cannot be opened.

    """
    operator, fd = redirect.operator, redirect.fd
    if operator in {">&", "<&"}:
        if name == "-":
            if fd > 2:  # noqa: PLR2004  the standard ones stay, and swallow
                sh.streams.pop(fd, None)
            else:
                sh.streams[fd] = Nowhere()
            return
        if name.isdigit() or (name.endswith("-") and name[:-1].isdigit()):
            source = sh.streams.get(int(name.rstrip("-")[:9]))
            if source is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF), name)
            sh.streams[fd] = source
            return
        if operator == "<&":
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), name)
        operator = "&>"
    if name.startswith(("/dev/tcp/", "/dev/udp/")):
        _connect(world, name)
    stream: Input | Sink
    if operator == "<":
        stream = _reader(world, sh, name)
    elif operator == "<>":
        stream = _reader(world, sh, name) if _exists(world, sh, name) else _writer(world, sh, name, append=False)
    else:
        if operator == ">" and "C" in sh.options and _exists(world, sh, name):
            raise OSError(errno.EEXIST, "cannot overwrite existing file", name)
        stream = _writer(world, sh, name, append=operator.endswith(">>"))
    sh.streams[fd] = stream
    if operator.startswith("&>"):
        sh.streams[1] = sh.streams[2] = stream


def _connect(world: World, name: str) -> None:
    """Record a connection bash's pseudo-device was to make; it fails as behind a firewall."""
    kind, _, rest = name[5:].partition("/")
    host, _, port = rest.partition("/")
    world.download(f"{kind}://{host}:{port}", f"/dev/{kind}")
    raise OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED), name)


def _absolute(sh: ShellState, name: str) -> str:
    return name if name.startswith("/") else f"{sh.cwd.rstrip('/')}/{name}" if name else ""


def _exists(world: World, sh: ShellState, name: str) -> bool:
    try:
        found = world.files.stat(_absolute(sh, name), uid=sh.uid)
    except OSError:
        return False
    return stat.S_ISREG(found.mode)


def _reader(world: World, sh: ShellState, name: str) -> Input:
    path = _absolute(sh, name)
    if path in {"/dev/stdin", "/dev/fd/0"}:
        stream = sh.streams.get(0)
        if isinstance(stream, Input):
            return stream
    numbered = path.removeprefix("/dev/fd/")
    if numbered.isdigit() and isinstance(opened_before := sh.streams.get(int(numbered[:9])), Input):
        return opened_before
    if path == "/dev/tty" and isinstance(tty := sh.streams.get(0), Input) and tty.terminal:
        return tty
    if stat.S_ISDIR(world.files.stat(path, uid=sh.uid).mode):
        world.files.list(path, uid=sh.uid)
        return Input()
    return Input(world.files.read(path, uid=sh.uid))


def _writer(world: World, sh: ShellState, name: str, *, append: bool) -> Sink:
    path = _absolute(sh, name)
    if path == "/dev/null":
        return Nowhere()
    if path in {"/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/1", "/dev/fd/2"}:
        stream = sh.streams.get(2 if path.endswith(("stderr", "2")) else 1)
        if stream is not None and not isinstance(stream, Input):
            return stream
    mode = 0o666 & ~sh.umask
    world.files.write(path, b"", now=world.now, uid=sh.uid, gid=sh.gid, append=append, mode=mode)
    try:
        real = world.files.real(path, uid=sh.uid)
    except OSError:
        real = path
    if not real.startswith(("/dev/", "/proc/", "/sys/")):
        world.drop(real, "redirect", whole=not append)
    return FileSink(world, sh, real)

"""This module drives plain ZeroMQ sockets from an event loop, and binds them to paths nobody else can take.

A ZeroMQ socket's descriptor is edge-triggered: it tells once that something changed, any call on the socket may eat
that edge, and it does not tell again. Hence the rules of ``FdReader``; zmq.asyncio hides them at four times the CPU.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import zmq

MAX_PATH = 107  # bytes of a socket's path, sun_path of <sys/un.h> less its NUL


class PathTakenError(OSError):
    """Another process serves the path. Binding would not fail: ZeroMQ would take the path away from it."""


class FdReader:
    """Says when a socket has something to receive.

    ``wake()`` is called on the loop, once, when there may be messages; the owner then iterates ``drain()`` soon. It
    also calls ``kick()`` after every send, subscribe or getsockopt on the socket.

    Args:
        socket: plain, not of zmq.asyncio.
        wake: must not raise.
        copy: False to get frames instead of bytes.
        safety: seconds between looks at the socket in case an edge was lost all the same.

    """

    def __init__(
        self, socket: "zmq.Socket[bytes]", wake: Callable[[], None], *, copy: bool = True, safety: float = 0.5
    ) -> None:
        self._socket = socket
        self._wake = wake
        self._copy = copy
        self._safety = safety
        self._loop = asyncio.get_running_loop()
        self._fd = int(socket.getsockopt(zmq.FD))
        self._woken = False
        self._closed = False
        self._loop.add_reader(self._fd, self._readable)
        self._timer = self._loop.call_soon(self._look)  # messages may have come before the reader

    def drain(self, budget: int = 64) -> Iterator[list[Any]]:  # bytes, or frames if not copy
        """Yield messages until there are none, or enough for one turn of the loop; then ``wake`` will come again."""
        self._woken = False
        receive, copy = self._socket.recv_multipart, self._copy
        for _ in range(budget):
            try:
                frames = receive(zmq.DONTWAIT, copy=copy)
            except zmq.Again:
                return
            yield frames
        self.kick()

    def kick(self) -> None:
        """Look whether there is something to receive, as the last call may have eaten the edge."""
        if not self._woken and not self._closed and int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._readable()

    def close(self) -> None:
        """Stop watching; the socket remains the owner's."""
        if not self._closed:
            self._closed = True
            self._timer.cancel()
            self._loop.remove_reader(self._fd)

    def _readable(self) -> None:
        if not self._woken and not self._closed:
            self._woken = True
            self._wake()

    def _look(self) -> None:
        self.kick()
        self._timer = self._loop.call_later(self._safety, self._look)


class PathLock:
    """Holds a lock file as long as it lives, so that one process at a time serves the paths beside it.

    Raises:
        PathTakenError: another process holds it.

    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise PathTakenError(f"another process holds {path}") from None

    def release(self) -> None:
        """Let others have it; the file stays, as removing it would race with its next holder."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def make_private_folder(folder: Path) -> None:
    """Make the folder with mode 0700 if it is not there.

    Raises:
        PermissionError: it is there, and others may replace what it holds.

    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    if folder.stat().st_mode & 0o022:
        raise PermissionError(f"{folder} can be written by others; run: chmod go-w {folder}")


def bind_private(socket: "zmq.Socket[bytes]", path: Path, *, mode: int = 0o600) -> None:
    """Bind a socket to a path with just this mode from its first moment.

    Raises:
        ValueError: the path is too long for a socket.

    """
    if len(os.fsencode(path)) > MAX_PATH:
        raise ValueError(f"a socket's path has at most {MAX_PATH} bytes: {path}")
    mask = os.umask(0o777 & ~mode)
    try:
        socket.bind(f"ipc://{path}")
    finally:
        os.umask(mask)

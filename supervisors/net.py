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

_MORE = int(zmq.DONTWAIT | zmq.SNDMORE)
_LAST = int(zmq.DONTWAIT)
MAX_PATH = 107  # bytes of a socket's path, sun_path of <sys/un.h> less its NUL


class PathTakenError(OSError):
    """Another process serves the path. Binding would not fail: ZeroMQ would take the path away from it."""


Receive = Callable[[], list[Any]]  # one message or zmq.Again; bytes, or frames


def receive_frames(socket: "zmq.Socket[bytes]") -> Receive:
    """Return how to receive messages as frames, which carry what the peer was authenticated as."""
    return lambda: socket.recv_multipart(zmq.DONTWAIT, copy=False)


def receive_pairs(socket: "zmq.Socket[bytes]") -> Receive:
    """Return how to receive from a sender of ours whose every message has two parts.

    Asking whether there is more costs three times what receiving a part costs, so only the second part tells.
    """
    flags, receive = int(zmq.DONTWAIT), socket.recv

    def pair() -> list[bytes]:
        parts, last = [receive(flags)], receive(flags, copy=False)
        parts.append(last.bytes)
        while last.more:
            last = receive(flags, copy=False)
            parts.append(last.bytes)
        return parts

    return pair


def send_pair(socket: "zmq.Socket[bytes]", pair: tuple[bytes, bytes]) -> None:
    """Send a message of two parts without waiting; at half the cost of ``send_multipart``, which checks types first."""
    first, second = pair
    socket.send(first, _MORE)
    socket.send(second, _LAST)


class FdReader:
    """Says when a socket has something to receive.

    ``wake()`` is called on the loop, once, when there may be messages; the owner then iterates ``drain()`` soon. It
    also calls ``kick()`` after every send, subscribe or getsockopt on the socket.

    Args:
        socket: plain, not of zmq.asyncio.
        wake: must not raise.
        receive: takes one message off the socket; as lists of bytes by default.
        safety: seconds between looks at the socket in case an edge was lost all the same.

    """

    def __init__(
        self,
        socket: "zmq.Socket[bytes]",
        wake: Callable[[], None],
        *,
        receive: Receive | None = None,
        safety: float = 0.5,
    ) -> None:
        self._socket = socket
        self._wake = wake
        self._receive = receive or (lambda: socket.recv_multipart(zmq.DONTWAIT))
        self._safety = safety
        self._loop = asyncio.get_running_loop()
        self._fd = int(socket.getsockopt(zmq.FD))
        self._woken = False
        self._kicked = False
        self._closed = False
        self._loop.add_reader(self._fd, self._readable)
        self._timer = self._loop.call_soon(self._guard)  # messages may have come before the reader

    def drain(self, budget: int = 64) -> Iterator[list[Any]]:  # what ``receive`` gives
        """Yield messages until there are none, or enough for one turn of the loop; then ``wake`` will come again."""
        self._woken = False
        receive = self._receive
        for _ in range(budget):
            try:
                frames = receive()
            except zmq.Again:
                return
            yield frames
        self._look()

    def kick(self) -> None:
        """Look, once in this turn of the loop, whether there is something to receive: a call may eat the edge."""
        if not self._kicked and not self._closed:
            self._kicked = True
            self._loop.call_soon(self._look)

    def close(self) -> None:
        """Stop watching; the socket remains the owner's."""
        if not self._closed:
            self._closed = True
            self._timer.cancel()
            self._loop.remove_reader(self._fd)

    def _look(self) -> None:
        self._kicked = False
        if not self._woken and not self._closed and int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._readable()

    def _readable(self) -> None:
        if not self._woken and not self._closed:
            self._woken = True
            self._wake()

    def _guard(self) -> None:
        self._look()
        self._timer = self._loop.call_later(self._safety, self._guard)


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

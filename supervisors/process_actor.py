"""This module is the actor with a process of its own, for CPU-bound work and for code that must not live in ours.

The actor on the loop is a shell: it passes plain values (what msgpack knows) through a socket pair to a child
of a fork server, one request at a time, and notices through a pidfd when the child ends. Nothing that comes
back is unpickled, so a child that an attacker took over cannot run code here.
"""

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar

import msgspec

from supervisors.actor import LoopActor, Message
from supervisors.errors import ChildProcessEndedError, Reason, RemoteError
from supervisors.futures import HybridFuture
from supervisors.log import get_logger

log = get_logger(__name__)

MAX_FRAME = 16 * 1024 * 1024  # bytes of one request or answer
LAST_WORDS = 1.0  # seconds for what an ended process said to be read
_READ = 256 * 1024
_LENGTH = struct.Struct(">I")
_MAX_TEXT = 2000  # characters of a child's error text

Plain = Any  # None, bool, int, float, str, bytes, list, dict of these
Say = Callable[[Plain], None]
Answer = Callable[[Plain], Plain]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class ProcessActor(LoopActor):
    """Answers what ``work`` in its process answers.

    ``work`` is a function at the top of a module: ``work(say, *arguments) -> answer``. It runs once in the new
    process; ``answer(request)`` then runs for every request, and ``say(value)`` reaches ``on_said`` at any time.
    An exception of ``answer`` comes back as RemoteError; the process lives on, the actor only if RemoteError is
    ``expected``. An exception of ``work`` fails the start.
    """

    work: ClassVar[Callable[..., Answer]]
    preload: ClassVar[tuple[str, ...]] = ()  # modules the fork server imports once for all
    kill_grace: float = 2.0

    _process: BaseProcess | None = None
    _pidfd: int = -1
    _socket: socket.socket | None = None
    _waiting: "HybridFuture[Plain] | None" = None
    _starting: asyncio.Future[None] | None = None
    _reading: asyncio.Task[None] | None = None

    def __init__(self) -> None:
        super().__init__()
        self._ended = asyncio.Event()  # the process, not the actor

    def arguments(self) -> tuple[Plain, ...]:
        """Return what ``work`` gets besides ``say``; plain values."""
        return ()

    async def handle(self, message: Message) -> Plain:
        return await self.call(message)

    async def on_said(self, value: Plain) -> None:
        """Take a value the process said by itself; not called while another one is being taken."""

    async def call(self, request: Plain) -> Plain:
        """Send one request to the process and return its answer; one at a time.

        Raises:
            RemoteError: the process raised.

        """
        if self._waiting is not None:
            raise RuntimeError("a request is under way")
        waiting: HybridFuture[Plain] = HybridFuture()
        self._waiting = waiting
        await self._send(request)
        return await waiting

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def on_start(self) -> None:
        ready: HybridFuture[Plain] = HybridFuture()
        self._waiting = ready
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._socket = ours
        context = get_context("forkserver")
        context.set_forkserver_preload(["supervisors.process_actor", *self.preload])
        process = context.Process(
            target=_child_main, args=(theirs, type(self).work, self.arguments()), name=self.path, daemon=True
        )
        self._process = process
        self._starting = asyncio.get_running_loop().run_in_executor(None, _start, process, theirs)
        await asyncio.shield(self._starting)
        self._hold(process)
        self._reading = self.spawn(self._read(ours), name="read")
        await ready

    async def on_stop(self) -> None:
        if self._socket is not None and not self._ended.is_set():
            self._socket.shutdown(socket.SHUT_WR)  # the child sees the end of its requests
            await self._ended.wait()

    def last_rites(self) -> Coroutine[Any, Any, None] | None:
        """Make sure that the process is gone before the actor counts as gone."""
        return self._make_sure() if self._process is not None else None

    def on_exit(self, reason: Reason) -> None:
        _ = reason
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            with suppress(ValueError):  # not reaped yet; the garbage collector closes it then
                self._process.close()

    def _hold(self, process: BaseProcess) -> None:
        assert process.pid is not None  # noqa: S101 - it was started
        self._pidfd = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._process_ended)

    async def _make_sure(self) -> None:
        if self._starting is not None and not self._starting.done():  # killed in the middle of the start
            await asyncio.wait((self._starting,))
        if self._process is None or self._process.pid is None:
            return
        if self._pidfd < 0:
            self._hold(self._process)
        if not self._ended.is_set():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            await self._ended.wait()
        os.close(self._pidfd)
        self._pidfd = -1

    def _process_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._ended.set()
        if not self.actor_stopped.is_set():
            _dying = self.spawn(self._die(), name="die")

    async def _die(self) -> None:
        """End the actor once the last words of its process are read: they may say why it ended."""
        if self._reading is not None:
            await asyncio.wait((self._reading,), timeout=LAST_WORDS)  # a stranger may hold the socket open
        assert self._process is not None  # noqa: S101 - its pidfd told us
        self.kill(ChildProcessEndedError(self._process.exitcode))

    async def _send(self, value: Plain) -> None:
        frame = _encode(value)
        if len(frame) > MAX_FRAME:
            raise ValueError(f"a request of {len(frame)} bytes")
        assert self._socket is not None  # noqa: S101 - on_start made it
        await asyncio.get_running_loop().sock_sendall(self._socket, _LENGTH.pack(len(frame)) + frame)

    async def _read(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        buffer = bytearray()
        while data := await loop.sock_recv(sock, _READ):
            buffer += data
            while len(buffer) >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(buffer)
                if length > MAX_FRAME:
                    raise ValueError(f"an answer of {length} bytes")
                end = _LENGTH.size + length
                if len(buffer) < end:
                    break
                frame = bytes(buffer[_LENGTH.size : end])
                del buffer[:end]
                await self._take(_decode(frame))

    async def _take(self, frame: Plain) -> None:
        kind, value = frame
        if kind == "said":
            await self.on_said(value)
            return
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            raise ValueError(f"an answer nobody asked for: {kind}")
        if kind == "error":
            waiting.fail(RemoteError(*value))
        else:
            waiting.set(value)


def _start(process: BaseProcess, theirs: socket.socket) -> None:
    """Start the child (the first time also the fork server, tens of milliseconds); in a thread."""
    with theirs:
        process.start()


# In the child.


def _child_main(sock: socket.socket, work: Callable[..., Answer], arguments: tuple[Plain, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which then stops us
    with sock, sock.makefile("rb") as requests:

        def reply(kind: str, value: Plain) -> None:
            frame = _encode((kind, value))
            sock.sendall(_LENGTH.pack(len(frame)) + frame)

        def attempt(function: Callable[..., Plain], *args: Plain) -> Plain:
            """Run ``function`` and reply with what it raises; the raised flag is in the pair returned."""
            try:
                return True, function(*args)
            except Exception as error:  # noqa: BLE001 - the parent decides what an error means
                reply("error", (type(error).__name__, str(error)[:_MAX_TEXT]))
                return False, None

        up, answer = attempt(work, lambda value: reply("said", value), *arguments)
        if not up:
            return
        reply("up", None)
        while len(header := requests.read(_LENGTH.size)) == _LENGTH.size:
            (length,) = _LENGTH.unpack(header)
            done, value = attempt(answer, _decode(requests.read(length)))
            if done:
                reply("answer", value)

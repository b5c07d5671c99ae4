"""This module serves the control socket: local programs ask, each request is a task of its own, answers may stream.

The protocol stands in ``supervisors.control_client``. The peer is who the kernel says it is; what it may do is decided
where the request is carried out. No bytes of a peer can end the server: messages that make no sense are counted.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias, assert_never

import msgspec
import zmq
from attrs import frozen

from supervisors.actor import LoopActor
from supervisors.control_client import BAD_REQUEST, BEAT, BUSY, CANCELLED, CREDIT, DEADLINE, DEFECT
from supervisors.control_peer import DOMAIN, ControlPeer, Doorkeeper, RoleOf
from supervisors.errors import Reason
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec
from supervisors.net import FdReader, PathLock, bind_private, make_private_folder, receive_frames

MAX_MESSAGE = 1 << 20  # bytes of one frame of a peer
MAX_IN_FLIGHT = 64  # requests of one connection
MAX_REQUESTS = 512  # of all
MAX_CREDIT = 1024
MAX_DEADLINE = 3600.0
_END_GRACE = 1.0  # seconds a cancelled request has to end

Plain: TypeAlias = Any  # the shape of msgpack
Call: TypeAlias = Callable[[str, dict[str, Plain], ControlPeer], Awaitable[Plain] | AsyncIterator[Plain]]
ErrorOf: TypeAlias = Callable[[BaseException], Mapping[str, Plain] | None]

log = get_logger(__name__)


class _Head(msgspec.Struct, frozen=True, array_like=True):
    kind: str
    request: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
    name: Annotated[str, msgspec.Meta(max_length=128)] = ""
    n: Annotated[int, msgspec.Meta(ge=0, le=MAX_CREDIT)] = 0
    deadline: float = 0.0  # seconds; 0: none


_head = msgspec.msgpack.Decoder(_Head).decode
_args = msgspec.msgpack.Decoder(dict[str, Any]).decode
_encode = msgspec.msgpack.Encoder().encode
_Key: TypeAlias = tuple[bytes, int]  # connection, request


@frozen
class _Knocked:
    """Somebody wants to connect."""


@frozen
class _Received:
    """Frames may have come."""


@frozen
class _Beat:
    """Time to tell those who wait that we are alive, and to find out which of them are gone."""


_ControlMsg: TypeAlias = _Knocked | _Received | _Beat


class _Request:
    """One request in hand."""

    def __init__(self, credit: int) -> None:
        self.work: asyncio.Task[None] | None = None
        self._credit = credit
        self._more = asyncio.Event()

    def add(self, credit: int) -> None:
        self._credit = min(self._credit + credit, MAX_CREDIT)
        self._more.set()

    async def spend(self) -> None:
        """Return when one more item may be sent."""
        while self._credit <= 0:
            self._more.clear()
            await self._more.wait()
        self._credit -= 1


class ControlServer(LoopActor):
    """Owns the control socket.

    Args:
        path: of the socket. Its folder is made with mode 0700 if it is not there.
        call: carries out a request; gives an awaitable of builtins or an async iterator of them.
        role_of: says which role a local user has, ``None`` to keep it out; must be quick.
        error_of: gives the body (code, detail, why, fix, errors) of an expected error, ``None`` for a defect of ours.
        mode: of the socket.
        group: that may use it with mode 0660.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=16)

    def __init__(
        self,
        path: Path,
        *,
        call: Call,
        role_of: RoleOf,
        error_of: ErrorOf,
        mode: int = 0o600,
        group: int | None = None,
        beat: float = BEAT,
    ) -> None:
        super().__init__()
        self._path = path
        self._call = call
        self._role_of = role_of
        self._error_of = error_of
        self._mode = mode
        self._group = group
        self._beat = beat
        self.garbage = 0  # messages that made no sense
        self._requests: dict[_Key, _Request] = {}
        self._in_flight: Counter[bytes] = Counter()
        self._lock: PathLock | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._readers: list[FdReader] = []

    @property
    def in_flight(self) -> int:
        """How many requests are in hand."""
        return len(self._requests)

    async def on_start(self) -> None:
        """Raise PathTakenError while another process serves the path."""
        make_private_folder(self._path.parent)
        self._lock = PathLock(self._path.with_name(f"{self._path.name}.lock"))
        self._context = context = zmq.Context()
        self._door = Doorkeeper(context, self._role_of, lambda: self.tell_self(_Knocked()))
        self._readers.append(self._door.reader)
        self._socket = socket = context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
        socket.setsockopt(zmq.SNDHWM, 2 * MAX_IN_FLIGHT * CREDIT)
        socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
        bind_private(socket, self._path, mode=self._mode)
        if self._group is not None:
            os.chown(self._path, -1, self._group)
        received = receive_frames(socket)
        self._reader = FdReader(socket, lambda: self.tell_self(_Received()), receive=received)
        self._readers.append(self._reader)
        self.after(self._beat, _Beat())

    async def handle(self, message: _ControlMsg) -> None:
        match message:
            case _Knocked():
                self._door.answer()
            case _Received():
                for frames in self._reader.drain():
                    self._receive(frames)
            case _Beat():
                for connection in list(self._in_flight):
                    self._send(connection, "BEAT", 0)
                self.after(self._beat, message)
            case _:
                assert_never(message)

    def on_exit(self, reason: Reason) -> None:  # noqa: ARG002 - whatever the reason
        for reader in self._readers:
            reader.close()
        if self._context is not None:
            self._context.destroy(linger=0)
        if self._lock is not None:
            self._path.unlink(missing_ok=True)  # while we hold the lock: nobody else can have bound it
            self._lock.release()

    def _receive(self, frames: list[zmq.Frame]) -> None:
        try:
            connection, head_frame, body = (frame.bytes for frame in frames)
            head = _head(head_frame)
        except (ValueError, msgspec.MsgspecError, RecursionError):
            self.garbage += 1
            return
        key = (connection, head.request)
        request = self._requests.get(key)
        match head.kind:
            case "REQ":
                refusal = self._refusal(key)
                try:
                    args = _args(body)
                except (ValueError, msgspec.MsgspecError, RecursionError):
                    refusal = refusal or (BAD_REQUEST, "the arguments are not a map with text keys")
                    args = {}
                if refusal:
                    self._send_error(key, *refusal)
                else:
                    peer = ControlPeer.unpack(str(frames[1].get("User-Id")))
                    self._begin(key, head, args, peer)
            case "CREDIT" if request is not None:
                request.add(head.n)
            case "CANCEL" if request is not None and request.work is not None:
                request.work.cancel()
            case "CREDIT" | "CANCEL":
                pass  # it has just been answered
            case "PING":
                self._send(connection, "PONG", head.request)
            case _:
                self.garbage += 1

    def _refusal(self, key: _Key) -> tuple[str, str] | None:
        if key in self._requests:
            return BAD_REQUEST, f"request {key[1]} is in hand"
        if self._in_flight[key[0]] >= MAX_IN_FLIGHT or len(self._requests) >= MAX_REQUESTS:
            return BUSY, "too many requests at once"
        return None

    def _begin(self, key: _Key, head: _Head, args: dict[str, Plain], peer: ControlPeer) -> None:
        self._requests[key] = request = _Request(head.n or CREDIT)
        self._in_flight[key[0]] += 1
        request.work = asyncio.get_running_loop().create_task(self._answer(key, request, head.name, args, peer))
        deadline = head.deadline if 0 < head.deadline < MAX_DEADLINE else None
        watch = self.spawn(self._watch(key, request.work, deadline), name=f"request-{head.request}")
        watch.add_done_callback(lambda _: self._ended(key))

    async def _watch(self, key: _Key, work: asyncio.Task[None], deadline: float | None) -> None:
        """See a request to its end; an error of its is an answer, not ours."""
        try:
            await asyncio.wait({work}, timeout=deadline)
            if not work.done():
                self._send_error(key, DEADLINE, f"not done after {deadline:g} s")
            elif work.cancelled():
                self._send_error(key, CANCELLED, "cancelled")
            elif (error := work.exception()) is not None:
                self._fail(key, error)
        finally:
            work.cancel()
            await asyncio.wait({work}, timeout=_END_GRACE)

    def _ended(self, key: _Key) -> None:
        """Forget a request; also one whose watch was cancelled before it began."""
        request = self._requests.pop(key)
        if request.work is not None:
            request.work.cancel()
        self._in_flight[key[0]] -= 1
        if not self._in_flight[key[0]]:
            del self._in_flight[key[0]]

    async def _answer(self, key: _Key, request: _Request, name: str, args: dict[str, Plain], peer: ControlPeer) -> None:
        result = self._call(name, args, peer)
        if not isinstance(result, AsyncIterator):
            self._send(key[0], "OK", key[1], await result)
            return
        sent = 0
        try:
            async for item in result:
                await request.spend()
                sent += 1
                self._send(key[0], "ITEM", key[1], item, n=sent)
        finally:
            if (close := getattr(result, "aclose", None)) is not None:  # generators have it
                await close()
        self._send(key[0], "END", key[1], n=sent)

    def _fail(self, key: _Key, error: BaseException) -> None:
        body = self._error_of(error)
        if body is None:
            log.error("control.request_failed", request=key[1], exc_info=error)
            self._send_error(key, DEFECT, f"{type(error).__name__} in request {key[1]}; see the daemon's log")
        else:
            self._send(key[0], "ERR", key[1], {**_NO_ERROR, **body})

    def _send_error(self, key: _Key, code: str, detail: str) -> None:
        self._send(key[0], "ERR", key[1], {**_NO_ERROR, "code": code, "detail": detail})

    def _send(self, connection: bytes, kind: str, request: int, body: Plain = None, *, n: int = 0) -> None:
        frames = [connection, _encode([kind, request, "", n, 0.0]), _encode(body)]
        try:
            self._socket.send_multipart(frames, zmq.DONTWAIT)
        except zmq.ZMQError as error:
            if error.errno not in {zmq.EHOSTUNREACH, zmq.EAGAIN}:
                raise
            self._give_up(connection)  # it has gone, or reads nothing
        self._reader.kick()

    def _give_up(self, connection: bytes) -> None:
        for (owner, _), request in self._requests.items():
            if owner == connection and request.work is not None:
                request.work.cancel()


_NO_ERROR: dict[str, Plain] = {"code": DEFECT, "detail": "", "why": "", "fix": (), "errors": ()}

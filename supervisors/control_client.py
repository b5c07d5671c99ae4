"""This module asks a daemon over its control socket: synchronous, and light enough for a command-line tool.

A request is two frames, a header ``[kind, request, name, n, deadline]`` and a body, both msgpack. The server answers
with OK, or ITEM after ITEM and END, or ERR; BEAT in between says that it is alive. A stream sends as many items as it
was given credit for.
"""

import itertools
import struct
from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgpack  # type: ignore[import-untyped]  # it publishes no stubs
import zmq

from supervisors.clock import Clock, SystemClock

BAD_REQUEST = "DN5001"
DENIED = "DN4003"
DEADLINE = "DN6004"
BUSY = "DN6005"
CANCELLED = "DN6006"
DEFECT = "DN6500"

CREDIT = 32  # items a stream may be ahead of its reader
BEAT = 5.0  # seconds between signs of life while a request is in hand
SILENCE = 4 * BEAT  # seconds without any after which the server counts as gone
_GRACE = 1.0  # seconds given to the server's own answer that the deadline has passed
_FLUSH = 200  # milliseconds to let a CANCEL out
_MONITOR = struct.Struct("=hi")

Plain = Any  # the shape of msgpack


class ControlError(Exception):
    """The server's answer is an error, in the one shape all surfaces use."""

    def __init__(
        self, code: str, detail: str, *, why: str = "", fix: Sequence[str] = (), errors: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.why = why
        self.fix = tuple(fix)
        self.errors = tuple(errors)


class ControlUnavailable(ConnectionError):  # noqa: N818 - a state of the world, not of the request
    """Nobody answers on the socket."""


class ControlClient:
    """One connection; one request at a time.

    Args:
        address: ``ipc://`` and a path.
        clock: measures how long answers take.

    """

    def __init__(self, address: str, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._ids = itertools.count(1)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, _FLUSH)
        self._monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_CONNECT_RETRIED)
        self._poller = zmq.Poller()
        self._poller.register(socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        socket.connect(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        self._socket.disable_monitor()
        self._context.destroy()

    def call(self, name: str, args: Mapping[str, Plain] | None = None, timeout: float = 30.0) -> Plain:
        """Return the answer.

        Raises:
            ControlError: the server's answer is an error, or it refuses this user.
            ControlUnavailable: no answer in ``timeout`` seconds.

        """
        request = next(self._ids)
        self._send("REQ", request, args or {}, name=name, deadline=timeout)
        end = self._clock.monotonic() + timeout + _GRACE
        try:
            kind, body = self._receive(request, end, timeout + _GRACE)
        except BaseException:
            self._send("CANCEL", request)
            raise
        if kind != "OK":
            self._send("CANCEL", request)
            raise ControlError(BAD_REQUEST, f"{name} answers with a stream")
        return body

    def stream(self, name: str, args: Mapping[str, Plain] | None = None) -> Generator[Plain, None, None]:
        """Yield the answers until the server has no more; closing the generator cancels the request.

        Raises:
            ControlError: as ``call``.
            ControlUnavailable: the server fell silent.

        """
        request = next(self._ids)
        self._send("REQ", request, args or {}, name=name, n=CREDIT)
        ended, used = False, 0
        try:
            while True:
                kind, body = self._receive(request, self._clock.monotonic() + SILENCE, SILENCE, beats_prolong=True)
                if kind != "ITEM":
                    ended = True
                    if kind == "OK":  # one answer: a stream of one
                        yield body
                    return
                yield body
                used += 1
                if used == CREDIT // 2:
                    self._send("CREDIT", request, n=used)
                    used = 0
        except ControlError:
            ended = True
            raise
        finally:
            if not ended:
                self._send("CANCEL", request)

    def _send(
        self, kind: str, request: int, body: Plain = None, *, name: str = "", n: int = 0, deadline: float = 0.0
    ) -> None:
        frames = [msgpack.packb([kind, request, name, n, deadline]), msgpack.packb(body)]
        try:
            self._socket.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:  # a server that refused us leaves nobody to send to, ever: waiting would hang
            if kind == "REQ":
                raise ControlUnavailable("nobody listens") from None

    def _receive(self, request: int, end: float, wait: float, *, beats_prolong: bool = False) -> tuple[str, Plain]:
        """Return kind and body of the next frame that belongs to the request; a BEAT prolongs the wait of a stream."""
        while True:
            left = end - self._clock.monotonic()
            ready = dict(self._poller.poll(max(0, int(left * 1000))))
            if not ready:
                raise ControlUnavailable(f"no answer within {wait:.0f} s")
            if self._monitor in ready:
                self._look_at_connection()
            if self._socket not in ready:
                continue
            head, body = (msgpack.unpackb(frame) for frame in self._socket.recv_multipart())
            kind, answers = head[0], head[1]
            if kind == "BEAT" and beats_prolong:
                end = self._clock.monotonic() + wait
            elif answers != request:
                continue  # of a request given up
            elif kind == "ERR":
                raise ControlError(
                    body["code"], body["detail"], why=body["why"], fix=body["fix"], errors=body["errors"]
                )
            elif kind != "BEAT":
                return kind, body

    def _look_at_connection(self) -> None:
        event, _ = _MONITOR.unpack(self._monitor.recv_multipart()[0])
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            raise ControlError(DENIED, "the daemon does not let this user in")
        raise ControlUnavailable("nobody listens")  # the connection failed or broke, and ZeroMQ would try again

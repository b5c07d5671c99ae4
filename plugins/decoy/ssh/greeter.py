"""This module greets a client and reads its identification line; only then is there a connection of the library's.

Most of what connects to port 22 never says a proper line. Such a connection costs no more than this object. What comes
before the host keys are there waits for them.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from attrs import evolve

from decnet_actors.contracts.decoy import SessionLog
from decnet_actors.domain.facts import ProtocolViolated
from plugins.decoy.ssh.identification import Identification, Identified, LineReader, Refused

LOGIN_TIME = 120.0  # seconds; LoginGraceTime, sshd_config(5)
MAX_SAMPLE = 256  # bytes of a wrong line that are recorded


class Identifiable(Protocol):
    """What takes over from the greeter."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""

    def offer(self) -> None:
        """Offer a key exchange."""

    def identified(self, line: bytes, rest: bytes) -> None:
        """Take the client's line and what came behind it."""

    def data_received(self, data: bytes) -> None:
        """Take bytes."""

    def eof_received(self) -> None:
        """The peer finished sending."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""

    def pause_writing(self) -> None:
        """The peer does not take what was sent."""

    def resume_writing(self) -> None:
        """It does again."""


class Completing(Protocol):
    """What has to be there before there is a connection."""

    @property
    def complete(self) -> bool:
        """Whether it is."""

    def completed(self) -> "asyncio.Task[None]":
        """Hurry; the task ends when it is there."""


class Greeter(asyncio.Protocol):
    """One connection, from its first byte to its last."""

    __slots__ = (
        "_banner",
        "_begun",
        "_identification",
        "_judged",
        "_keys",
        "_log",
        "_make",
        "_next",
        "_offers_first",
        "_timer",
        "_transport",
    )

    def __init__(
        self,
        banner: bytes,
        log: SessionLog,
        keys: Completing,
        make: Callable[[SessionLog], Identifiable],
        *,
        reader: Callable[[], LineReader] = Identification,
        offers_first: bool = False,
    ) -> None:
        self._offers_first = offers_first
        self._banner = banner
        self._log = log
        self._keys = keys
        self._make = make
        self._identification = reader()
        self._judged: Identified | None = None  # a good line that waits for the keys
        self._begun: Identifiable | None = None  # made before the client's line, where the server offers first
        self._next: Identifiable | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream's
        self._timer = asyncio.get_running_loop().call_later(LOGIN_TIME, self._log.hang_up)
        self._transport.write(b"SSH-2.0-" + self._banner + b"\r\n")
        if self._offers_first:
            self._begun = self._begin()
            self._begun.offer()

    def data_received(self, data: bytes) -> None:
        if self._next is not None:
            self._next.data_received(data)
            return
        if self._judged is not None:  # read before the pause took hold
            self._judged = evolve(self._judged, rest=self._judged.rest + data)
            return
        transport = self._transport
        if transport is None:
            return
        judged = self._identification.receive(data)
        if judged is None:
            return
        self._done()
        if isinstance(judged, Refused):
            self._transport = None
            self._log.note(ProtocolViolated(detail="identification", sample=judged.line[:MAX_SAMPLE]))
            if judged.refusal:
                transport.write(judged.refusal.value.encode())
            self._log.hang_up(reset=judged.unread)
            return
        if self._keys.complete:
            self._hand_over(judged)
        else:
            self._judged = judged
            transport.pause_reading()
            self._keys.completed().add_done_callback(self._resume)

    def _resume(self, keys: "asyncio.Task[None]") -> None:
        """Go on, now that the keys are there."""
        judged, self._judged = self._judged, None
        failed = keys.cancelled() or keys.exception() is not None  # the service has, or ends, and cuts who is here
        if self._transport is None or judged is None or failed:
            return
        self._hand_over(judged)
        self._transport.resume_reading()

    def _hand_over(self, judged: Identified) -> None:
        self._next, self._begun = self._begun or self._begin(), None
        self._next.identified(judged.line, judged.rest)

    def _begin(self) -> Identifiable:
        made = self._make(self._log)
        made.connection_made(cast("asyncio.Transport", self._transport))  # it is there: it opened, or bytes just came
        return made

    def eof_received(self) -> None:
        if self._next is not None:
            self._next.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done()
        self._transport = None
        made = self._next or self._begun
        if made is not None:
            made.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._next is not None:
            self._next.pause_writing()

    def resume_writing(self) -> None:
        if self._next is not None:
            self._next.resume_writing()

    def _done(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

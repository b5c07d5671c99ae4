"""This module serves one connection: it turns effects into bytes and records, and keeps the caps of its service.

One object per connection, no task and no timer of its own: durability, room and time come from the ``Keeper``,
which does them for all connections of a service at once.
"""

import asyncio
import math
import socket
import struct
from collections.abc import Callable, Sequence
from typing import cast

from decnet_actors.contracts.decoy import CapturingSession, Effect, HangUp, Note, Send, Session, WakeAt
from decnet_actors.decoys.keeper import Keeper, place_of
from decnet_actors.decoys.library import CountedTransport
from decnet_actors.domain.facts import (
    CloseReason,
    Fact,
    FileCaptured,
    LimitReached,
    SessionClosed,
    SessionCrashed,
    SessionOpened,
)
from decnet_actors.domain.peer import Peer

MAX_FEED = 16 * 1024  # bytes a session is given in one turn of the loop; PROTO_IOBUF_LEN of Redis, and a TLS record
_MAPPED = "::ffff:"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger: close() sends RST

# Why reading is paused; any one is enough.
_HOLDING = 1  # data came while replies wait for the journal
_CROWDED = 2  # the journal has no room
_STALLED = 4  # the peer does not take what we send
_LIBRARY = 8  # the hosted library asked


class Connection(asyncio.Protocol):
    """One peer at one service: the host's side of ``Session`` and of ``SessionLog``."""

    # fmt: off
    __slots__ = (
        "_barrier", "_blocked", "_captured", "_due", "_ended", "_hang_up", "_held", "_keeper", "_library",
        "_out", "_pauses", "_reason", "_session", "_transport", "alarm", "bytes_in", "bytes_out",
        "closing_since", "heard", "id", "local_address", "local_port", "opened", "source", "source_port",
        "stalled_since", "wake_at",
    )
    # fmt: on

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._library: asyncio.Protocol | None = None
        self._barrier = 0  # the last barrier not known to be durable
        self._blocked = False  # replies wait; the session is not called
        self._out = b""
        self._hang_up: HangUp | None = None
        self._held = b""
        self._ended = False
        self._due = False
        self._captured: tuple[bytes, ...] = ()
        self._pauses = 0
        self._reason = CloseReason.PEER
        self.bytes_in = 0
        self.bytes_out = 0
        self.opened = self.heard = 0.0  # monotonic
        self.stalled_since = self.closing_since = 0.0  # monotonic; 0 is never
        self.wake_at = math.inf  # what the session asked for last
        self.alarm = math.inf  # when the keeper will look
        self.id = ""
        self.source = self.local_address = ""
        self.source_port = self.local_port = 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        keeper = self._keeper
        self._transport = keeper.outflow(cast("asyncio.Transport", transport), self)  # a stream server's, no other
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not local:  # gone before it was here
            self._transport.abort()
            return
        self.source, self.source_port = peer[0].removeprefix(_MAPPED), peer[1]
        self.local_address, self.local_port = local[0].removeprefix(_MAPPED), local[1]
        if not keeper.admit(self):
            self._transport.abort()
            return
        self.opened = self.heard = keeper.clock.monotonic()
        self.id = keeper.new_id()
        keeper.put(self, SessionOpened(local_address=self.local_address, local_port=self.local_port))
        try:
            served = keeper.service.connect(self)
            if isinstance(served, asyncio.Protocol):
                self._library = served
                served.connection_made(CountedTransport(self._transport, self))
                return
            self._session = served
            effects = served.opened(keeper.clock.now())
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            self._crash(error)
            return
        if effects:
            self._perform(effects)

    def data_received(self, data: bytes) -> None:
        keeper = self._keeper
        self.bytes_in += len(data)
        self.heard = keeper.clock.monotonic()
        if self.bytes_in > keeper.limits.session_bytes:
            self._limit("session_bytes", self.bytes_in)
        elif self._library is not None:
            try:
                self._library.data_received(data)
            except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
                self._crash(error)
        elif self._blocked or self._pauses:
            self._held += data
            self._pause(_HOLDING)
        elif keeper.crowded:
            self._held += data
            self.crowd()
        elif len(data) > MAX_FEED:
            self._held = data
            self._pause(_HOLDING)
            self._catch_up()
        elif self._session is not None:
            self._call(self._session.received, data)

    def eof_received(self) -> bool | None:
        if self._library is not None:
            return self._library.eof_received()
        self._ended = True
        if not self._held:
            self._go_on()
        return True

    def pause_writing(self) -> None:
        self.stalled_since = self._keeper.clock.monotonic()
        if self._library is not None:
            self._library.pause_writing()
        self._pause(_STALLED)

    def resume_writing(self) -> None:
        self.stalled_since = 0.0
        if self._library is not None:
            self._library.resume_writing()
        self._resume(_STALLED)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.id:  # never admitted
            return
        keeper = self._keeper
        self._out = self._held = b""
        try:
            if self._library is not None:
                self._library.connection_lost(exc)
            elif self._session is not None:
                self._perform([e for e in self._session.closed(keeper.clock.now()) if type(e) is Note])
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            keeper.put(self, SessionCrashed(error=place_of(error)))
        self._session = self._library = None
        keeper.put(
            self,
            SessionClosed(
                reason=self._reason,
                duration=round(keeper.clock.monotonic() - self.opened, 6),
                bytes_in=self.bytes_in,
                bytes_out=self.bytes_out,
            ),
        )
        keeper.left(self)

    # SessionLog

    @property
    def peer(self) -> Peer:
        """Both ends of the connection."""
        return Peer(
            address=self.source,
            port=self.source_port,
            local_address=self.local_address,
            local_port=self.local_port,
        )

    def now(self) -> float:
        """Return Unix seconds."""
        return self._keeper.clock.now()

    def note(self, fact: Fact) -> None:
        """Record a fact now."""
        self._barrier = self._keeper.put(self, fact)

    async def settled(self) -> None:
        """Return when everything noted so far is durable, and the journal has room for more."""
        await self._keeper.durable(self._barrier)

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection after what was written is sent."""
        self.close(CloseReason.DECOY, reset=reset)

    # the keeper's side

    def release(self, number: int) -> None:
        """Let the replies go that waited for this record, then serve what came meanwhile."""
        if self._transport is None or not self._blocked or number < self._barrier:
            return
        self._blocked = False
        self._barrier = 0
        out, hang_up = self._out, self._hang_up
        self._out, self._hang_up = b"", None
        if out:
            self._write(out)
        if hang_up is not None:
            self.close(CloseReason.DECOY, reset=hang_up.reset)
            return
        self._catch_up()

    def room(self) -> None:
        """Go on reading: the journal has room again."""
        self._resume(_CROWDED)
        self._go_on()

    def crowd(self) -> None:
        """Stop reading until the keeper calls ``room``."""
        if not self._pauses & _CROWDED:
            self._pause(_CROWDED)
            self._keeper.hold(self)

    def tick(self, now: float) -> None:
        """The time the session asked for has come."""
        self.wake_at = math.inf
        if self._blocked:
            self._due = True
        elif self._session is not None and not self.closing_since:
            self._call(self._session.tick, now=now)

    def take_captured(self) -> Sequence[bytes]:
        """Return (once) the artifacts that must be kept before ``release``."""
        taken, self._captured = self._captured, ()
        return taken

    def library_paused(self, *, paused: bool) -> None:
        """The hosted library pauses or resumes reading."""
        if paused:
            self._pause(_LIBRARY)
        else:
            self._resume(_LIBRARY)

    def library_closed(self, *, at_once: bool) -> None:
        """The hosted library ends the connection."""
        self.close(CloseReason.DECOY, at_once=at_once)

    def close(self, reason: CloseReason, *, reset: bool = False, at_once: bool = False) -> None:
        """End the connection, after what was written is sent unless ``reset`` or ``at_once``."""
        if (transport := self._transport) is None:
            return
        if not self.closing_since:
            self._reason = reason
            self.closing_since = self._keeper.clock.monotonic()
        if reset:
            link = transport.get_extra_info("socket")
            if link is not None:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if reset or at_once:
            transport.abort()
        else:
            transport.close()

    def sent(self, size: int) -> None:
        """Count bytes on their way to the peer, and end a peer that lets too many wait."""
        self.bytes_out += size
        if self.stalled_since and self._transport is not None:
            waiting = self._transport.get_write_buffer_size()
            if waiting > self._keeper.limits.unsent_bytes:
                self._limit("unsent_bytes", waiting)

    def sweep(self, now: float) -> None:
        """End what lasts too long; ``now`` is monotonic."""
        limits = self._keeper.limits
        if self.closing_since:
            if now - self.closing_since > limits.stall and self._transport is not None:
                self._transport.abort()
        elif self.stalled_since and now - self.stalled_since > limits.stall:
            self._limit("stall", int(now - self.stalled_since))
        elif now - self.opened > limits.session_time:
            self._limit("session_time", int(now - self.opened))
        elif now - self.heard > limits.idle and not self._blocked and not self._pauses:
            self.close(CloseReason.IDLE)

    # effects

    def _call(self, ask: Callable[..., Sequence[Effect]], *data: bytes, now: float | None = None) -> None:
        try:
            effects = ask(*data, self._keeper.clock.now() if now is None else now)
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            self._crash(error)
            return
        if effects:
            self._perform(effects)

    def _perform(self, effects: Sequence[Effect]) -> None:
        """Do what the session asked: facts at once, replies no sooner than the barriers before them are durable."""
        keeper = self._keeper
        chunks: list[bytes] = []
        hang_up: HangUp | None = None
        for effect in effects:
            kind = type(effect)
            if kind is Note:
                fact = cast("Note", effect).fact
                number = keeper.put(self, fact)
                if fact.barrier:
                    if chunks and not self._barrier:
                        self._write(b"".join(chunks))
                        chunks = []
                    self._barrier = number
                    if type(fact) is FileCaptured:
                        self._capture(number)
            elif kind is Send:
                chunks.append(cast("Send", effect).data)
            elif kind is WakeAt:
                self.wake_at = cast("WakeAt", effect).when
                keeper.wake(self, self.wake_at)
            else:
                hang_up = cast("HangUp", effect)
                break
        if self._barrier and (chunks or hang_up is not None):
            self._blocked = True
            self._out = b"".join(chunks)
            self._hang_up = hang_up
            keeper.settle(self, self._barrier)
        elif chunks or hang_up is not None:
            if chunks:
                self._write(b"".join(chunks))
            if hang_up is not None:
                self.close(CloseReason.DECOY, reset=hang_up.reset)

    def _capture(self, number: int) -> None:
        """Take over the session's artifacts; they are kept even if the peer leaves before the fact is durable."""
        if self._session is not None and hasattr(self._session, "take_artifacts"):
            self._captured += tuple(cast("CapturingSession", self._session).take_artifacts())  # it is one
            self._keeper.settle(self, number)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self.closing_since:
            self._transport.write(data)
            self.sent(len(data))

    def _catch_up(self) -> None:
        """Serve what waited: held data first, then time, then the end of the stream."""
        if self.closing_since or self._session is None:
            return
        if self._held and not self._pauses & ~_HOLDING:
            data, self._held = self._held[:MAX_FEED], self._held[MAX_FEED:]
            if not self._held:
                self._resume(_HOLDING)
            self._call(self._session.received, data)
            if self._held and not self._blocked:
                asyncio.get_running_loop().call_soon(self._go_on)  # others first
                return
        if self._due and not self._blocked and self._session is not None:
            self._due = False
            self.tick(self._keeper.clock.now())
        if self._ended and not self._blocked and not self._held:
            self._end()

    def _go_on(self) -> None:
        if not self._blocked:
            self._catch_up()

    def _end(self) -> None:
        if self._session is not None and not self.closing_since:
            self._call(self._session.ended)

    # ends

    def _limit(self, name: str, value: int) -> None:
        if not self.closing_since:
            self._keeper.put(self, LimitReached(limit=name, value=value))
        self.close(CloseReason.LIMIT, at_once=True)

    def _crash(self, error: Exception) -> None:
        self._keeper.put(self, SessionCrashed(error=place_of(error)))
        self.close(CloseReason.CRASH)

    # reading

    def _pause(self, why: int) -> None:
        if not self._pauses and self._transport is not None:
            self._transport.pause_reading()
        self._pauses |= why

    def _resume(self, why: int) -> None:
        if self._pauses & why:
            self._pauses &= ~why
            if not self._pauses and self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

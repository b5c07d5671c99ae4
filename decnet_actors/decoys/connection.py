"""This module serves one connection: it turns effects into bytes and records, and keeps the caps of its service.

One object per connection, no task and no timer of its own: durability, room and time come from the ``Keeper``,
which does them for all connections of a service at once.
"""

import asyncio
import math
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias, cast

from decnet_actors.contracts.decoy import (
    Attend,
    CapturingSession,
    DataEffect,
    DataSession,
    HangUp,
    Heed,
    Note,
    Send,
    Session,
    SessionEffect,
    StartTls,
    WakeAt,
    Work,
)
from decnet_actors.decoys.attending import Attending
from decnet_actors.decoys.data_connections import DataConnections
from decnet_actors.decoys.keeper import Keeper, place_of
from decnet_actors.decoys.library import CountedTransport
from decnet_actors.decoys.link import CROWDED, HEEDLESS, HOLDING, STALLED, Link
from decnet_actors.decoys.tarpit import Outflow
from decnet_actors.decoys.tls import secured
from decnet_actors.domain.facts import (
    CloseReason,
    Fact,
    FileCaptured,
    ProtocolViolated,
    SessionClosed,
    SessionCrashed,
    SessionOpened,
)

MAX_FEED = 16 * 1024  # bytes a session is given in one turn of the loop; PROTO_IOBUF_LEN of Redis, and a TLS record

_Aside: TypeAlias = StartTls | DataEffect  # what waits for durability as replies do


class Connection(Link):
    """One peer at one service: the host's side of ``Session`` and of ``SessionLog``."""

    # fmt: off
    __slots__ = (
        "_aside", "_attending", "_barrier", "_blocked", "_captured", "_data", "_due", "_ended", "_hang_up", "_held",
        "_is_tls", "_library", "_out", "_session",
    )
    # fmt: on

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper)
        self._session: Session | None = None
        self._library: asyncio.Protocol | None = None
        self._attending: Attending | None = None
        self._data: DataConnections | None = None
        self._is_tls = False
        self._barrier = 0  # the last barrier not known to be durable
        self._blocked = False  # replies wait; the session is not called
        self._out = b""
        self._aside: Sequence[_Aside] = ()
        self._hang_up: HangUp | None = None
        self._held = b""
        self._ended = False
        self._due = False
        self._captured: tuple[bytes, ...] = ()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        keeper = self._keeper
        self._transport = keeper.outflow(cast("asyncio.Transport", transport), self)  # a stream server's, no other
        if not self.identify(transport) or not keeper.admit(self):  # gone before it was here, or one too many
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
        if not self.took(len(data)):
            return
        if self._library is not None:
            try:
                self._library.data_received(data)
            except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
                self._crash(error)
        elif self._blocked or self._pauses:
            self._held += data
            self._pause(HOLDING)
        elif keeper.crowded:
            self._held += data
            self.crowd()
        elif len(data) > MAX_FEED:
            self._held = data
            self._pause(HOLDING)
            self._catch_up()
        elif self._session is not None:
            self.call(self._session.received, data)

    def eof_received(self) -> bool | None:
        if self._library is not None:
            return self._library.eof_received()
        self._ended = True
        if not self._held:
            self._go_on()
        return not (self._transport is None or self._is_tls)  # TLS is never half closed

    def pause_writing(self) -> None:
        self.stalled_since = self._keeper.clock.monotonic()
        if self._library is not None:
            self._library.pause_writing()
        self._pause(STALLED)

    def resume_writing(self) -> None:
        self.stalled_since = 0.0
        if self._library is not None:
            self._library.resume_writing()
        self._resume(STALLED)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        transport, self._transport = self._transport, None
        if transport is None or not self.id:  # told before, or never admitted
            return
        self._out = self._held = b""
        if self._data is not None:
            self._data.close()
            self._data = None
        gone = partial(self._gone, exc)
        gone() if self._attending is None else self._attending.end(gone)

    def _gone(self, exc: Exception | None) -> None:
        """Tell whom we serve that the peer is gone, and record the end."""
        keeper = self._keeper
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

    def attend(
        self, work: Work, ready: Callable[[], None], over: Callable[[], None] | None = None
    ) -> Callable[[], object]:
        """Do work beside the connection."""
        if self._attending is None:
            self._attending = Attending(self._keeper.spawn, self._crash)
        return self._attending.attend(work, ready, over)

    # the keeper's side

    def release(self, number: int) -> None:
        """Let the replies go that waited for this record, then serve what came meanwhile."""
        if self._transport is None or not self._blocked or number < self._barrier:
            return
        self._blocked = False
        self._barrier = 0
        out, aside, hang_up = self._out, self._aside, self._hang_up
        self._out, self._aside, self._hang_up = b"", (), None
        self._go(out, aside, hang_up)
        self._catch_up()

    def room(self) -> None:
        """Go on reading: the journal has room again."""
        self._resume(CROWDED)
        self._go_on()

    def tick(self, now: float) -> None:
        """The time the session asked for has come."""
        self.wake_at = math.inf
        if self._blocked or self._pauses & STALLED:
            self._due = True
        elif self._session is not None and not self.closing_since:
            self.call(self._session.tick, now=now)

    def take_captured(self) -> Sequence[bytes]:
        """Return (once) the artifacts that must be kept before ``release``."""
        taken, self._captured = self._captured, ()
        return taken

    def sweep(self, now: float) -> None:
        """End what lasts too long; ``now`` is monotonic."""
        limits = self._keeper.limits
        if self._data is not None:
            self._data.sweep(now)
        if self.closing_since:
            if now - self.closing_since > limits.stall and self._transport is not None:
                self._transport.abort()
        elif self.stalled_since and now - self.stalled_since > limits.stall:
            self._limit("stall", int(now - self.stalled_since))
        elif now - self.opened > limits.session_time:
            self._limit("session_time", int(now - self.opened))
        elif now - self.heard > limits.idle and not self._blocked and not self._pauses:
            self.close(CloseReason.IDLE)

    # what is beside it

    @property
    def busy(self) -> bool:
        """Whether the session is not to be called now."""
        return bool(self._blocked or self._pauses & (CROWDED | STALLED) or self.closing_since)

    # effects

    def call(self, ask: Callable[..., Sequence[SessionEffect]], *data: object, now: float | None = None) -> None:
        """Call the session and do what it says."""
        try:
            effects = ask(*data, self._keeper.clock.now() if now is None else now)
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            self._crash(error)
            return
        if effects:
            self._perform(effects)

    def _perform(self, effects: Sequence[SessionEffect]) -> None:
        """Do what the session asked: facts at once, replies no sooner than the barriers before them are durable."""
        keeper = self._keeper
        chunks: list[bytes] = []
        aside: list[_Aside] = []
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
            elif kind is HangUp:
                hang_up = cast("HangUp", effect)
                break
            elif kind is Attend:
                self.attend(cast("Attend", effect).work, lambda: self.tick(keeper.clock.now()))
            elif kind is Heed:
                self._heed(peer=cast("Heed", effect).peer)
            else:
                aside.append(cast("_Aside", effect))
        if self._barrier and (chunks or aside or hang_up is not None):
            self._blocked = True
            self._out = b"".join(chunks)
            self._aside = aside
            self._hang_up = hang_up
            keeper.settle(self, self._barrier)
        elif chunks or aside or hang_up is not None:
            self._go(b"".join(chunks), aside, hang_up)

    def _go(self, out: bytes, aside: Sequence[_Aside], hang_up: HangUp | None) -> None:
        """Do what nothing holds back any more."""
        if out:
            self._write(out)
        if hang_up is not None:
            self.close(CloseReason.DECOY, reset=hang_up.reset)
            return
        for effect in aside:
            if self._transport is None or self._session is None:
                return
            if isinstance(effect, StartTls):
                self._blocked = self._is_tls = True
                self._held = b""
                self._resume(HOLDING)
                _task = self._keeper.spawn(self._secure(self._transport, effect.context), name="tls")
                continue
            if self._data is None:
                asking = cast("DataSession", self._session)  # else it would not ask
                self._data = DataConnections(self, self._keeper, asking)
            self._data.perform(effect)

    async def _secure(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        """Go on under TLS; without it the connection is gone."""
        made: asyncio.Transport | None = None
        try:
            bare = await cast("Outflow", transport).bare()  # keepers give no other
            made = await secured(bare, self, context)
        except OSError as error:
            self._keeper.put(self, ProtocolViolated(detail=f"TLS: {type(error).__name__}"))
        self._blocked = False
        if self._transport is None:
            return
        if made is None:
            self._transport.abort()
            self.connection_lost(None)
        else:
            self._replace(self._keeper.outflow(made, self))
            self._catch_up()

    def _heed(self, *, peer: bool) -> None:
        if not peer:
            self._pause(HEEDLESS)
        elif self._pauses & HEEDLESS:
            self._resume(HEEDLESS)
            asyncio.get_running_loop().call_soon(self._go_on)  # the session is in the middle of a call

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
        if self._data is not None:
            self._data.catch_up()
        if self._held and not self._blocked and not self._pauses & ~HOLDING:
            data, self._held = self._held[:MAX_FEED], self._held[MAX_FEED:]
            if not self._held:
                self._resume(HOLDING)
            self.call(self._session.received, data)
            if self._held and not self._blocked:
                asyncio.get_running_loop().call_soon(self._go_on)  # others first
                return
        if self._due and not self._blocked and not self._pauses & STALLED and self._session is not None:
            self._due = False
            self.tick(self._keeper.clock.now())
        if self._ended and not self._blocked and not self._held:
            self._end()

    def _go_on(self) -> None:
        if not self._blocked:
            self._catch_up()

    def _end(self) -> None:
        if self._session is not None and not self.closing_since:
            self.call(self._session.ended)

    # ends

    def _crash(self, error: Exception) -> None:
        self._keeper.put(self, SessionCrashed(error=place_of(error)))
        self.close(CloseReason.CRASH)

"""This module serves one conversation in datagrams, as ``connection`` serves one connection.

It holds no reply that it could not send at once but for those of one call: while they wait for the journal, or for a
port of their own, the conversation is not called, and what comes meanwhile is kept up to ``MAX_HELD`` datagrams.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, cast

from decnet_actors.contracts.decoy import (
    Conversation,
    DatagramEffect,
    HangUp,
    Note,
    OwnPort,
    Send,
    WakeAt,
)
from decnet_actors.decoys.keeper import Keeper, place_of
from decnet_actors.domain.facts import (
    CloseReason,
    FileCaptured,
    LimitReached,
    SessionClosed,
    SessionCrashed,
    SessionOpened,
)
from decnet_actors.domain.peer import Peer

MAX_HELD = 16  # datagrams; more are dropped, as a full socket buffer drops them

Address: TypeAlias = tuple[Any, ...]  # Any: what the family of the socket makes of an address


class Post(Protocol):
    """The letterbox of the service."""

    def may_send(self, talk: "Talk", size: int) -> bool:
        """Return whether a datagram of this size may go out, and count it if so."""

    def answered(self, talk: "Talk") -> None:
        """The peer has answered from where it says it is."""

    def moved(self, talk: "Talk") -> None:
        """The conversation has a port of its own."""


class Talk:
    """One address and port at one service of datagrams."""

    # fmt: off
    __slots__ = (
        "_barrier", "_blocked", "_captured", "_conversation", "_due", "_held", "_keeper", "_own", "_post",
        "_transport", "_waiting", "address", "alarm", "bytes_in", "bytes_out", "heard", "id", "is_proven", "opened",
        "over", "peer", "source", "source_port", "wake_at",
    )
    # fmt: on

    def __init__(
        self, keeper: Keeper, post: Post, transport: asyncio.DatagramTransport, address: Address, peer: Peer
    ) -> None:
        self._keeper = keeper
        self._post = post
        self._transport = transport
        self.address = address
        self._own: asyncio.DatagramTransport | None = None
        self._conversation: Conversation | None = None
        self._barrier = 0  # the last barrier not known to be durable
        self._blocked = False  # replies wait; the conversation is not called
        self._waiting: tuple[Sequence[bytes], bool, bool] | None = None  # datagrams, for a port of its own, then over
        self._held: deque[bytes] = deque()
        self._due = False
        self._captured: tuple[bytes, ...] = ()
        self.peer = peer
        self.source, self.source_port = peer.address, peer.port
        self.id = ""
        self.bytes_in = self.bytes_out = 0
        self.opened = self.heard = keeper.clock.monotonic()
        self.wake_at = self.alarm = math.inf
        self.is_proven = False  # the peer has answered what only it can have got
        self.over = False

    def begin(self, make: Callable[[str, Peer], Conversation]) -> None:
        """Start; the peer was admitted."""
        keeper = self._keeper
        self.id = keeper.new_id()
        keeper.put(self, SessionOpened(local_address=self.peer.local_address, local_port=self.peer.local_port))
        try:
            self._conversation = make(self.id, self.peer)
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            self._crash(error)

    def received(self, data: bytes) -> None:
        """Take one datagram."""
        if self.over:
            return
        keeper = self._keeper
        self.bytes_in += len(data)
        self.heard = keeper.clock.monotonic()
        if self.bytes_in > keeper.limits.session_bytes:
            keeper.put(self, LimitReached(limit="session_bytes", value=self.bytes_in))
            self.close(CloseReason.LIMIT)
        elif not self._blocked:
            self._call(partial(self._asked().received, data))
        elif len(self._held) < MAX_HELD:
            self._held.append(data)

    def answered(self, data: bytes) -> None:
        """Take one datagram that came to the conversation's own port."""
        if not self.is_proven and not self.over:
            self.is_proven = True
            self._post.answered(self)
        self.received(data)

    # the keeper's side

    def release(self, number: int) -> None:
        """Let the replies go that waited for this record, then serve what came meanwhile."""
        if self.over or self._waiting is None or number < self._barrier:
            return
        self._barrier = 0
        waiting, self._waiting = self._waiting, None
        self._blocked = False
        self._go(*waiting)
        self._catch_up()

    def take_captured(self) -> Sequence[bytes]:
        """Return (once) the artifacts that must be kept before ``release``."""
        taken, self._captured = self._captured, ()
        return taken

    def tick(self, now: float) -> None:  # noqa: ARG002  as a connection's; the clock tells the same
        """The time the conversation asked for has come."""
        self.wake_at = math.inf
        if self._blocked:
            self._due = True
        elif not self.over:
            self._call(self._asked().tick)

    def sweep(self, now: float) -> None:
        """End what lasts too long; ``now`` is monotonic."""
        limits = self._keeper.limits
        if now - self.opened > limits.session_time:
            self._keeper.put(self, LimitReached(limit="session_time", value=int(now - self.opened)))
            self.close(CloseReason.LIMIT)
        elif now - self.heard > limits.idle and not self._blocked:
            self.close(CloseReason.IDLE)

    def crowd(self) -> None:
        """The journal has no room: the letterbox drops what comes, which is all there is to do."""

    def room(self) -> None:
        """The journal has room again."""

    def close(self, reason: CloseReason, *, reset: bool = False, at_once: bool = False) -> None:  # noqa: ARG002  as a connection's; datagrams have no end to tell the peer
        """End it."""
        if self.over:
            return
        self.over = True
        keeper, conversation = self._keeper, self._conversation
        try:
            if conversation is not None:
                self._record(conversation.closed(keeper.clock.now()))
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            keeper.put(self, SessionCrashed(error=place_of(error)))
        self._conversation = None
        self._held.clear()
        if self._own is not None:
            self._own.close()
            self._own = None
        keeper.data_ended(self)
        self._post.moved(self)
        duration = round(keeper.clock.monotonic() - self.opened, 6)
        keeper.put(
            self, SessionClosed(reason=reason, duration=duration, bytes_in=self.bytes_in, bytes_out=self.bytes_out)
        )
        keeper.left(self)

    # effects

    def _asked(self) -> Conversation:
        return cast("Conversation", self._conversation)  # there is one until it is over

    def _call(self, ask: Callable[[float], Sequence[DatagramEffect]]) -> None:
        try:
            effects = ask(self._keeper.clock.now())
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            self._crash(error)
            return
        if effects:
            self._perform(effects)

    def _perform(self, effects: Sequence[DatagramEffect]) -> None:
        """Record at once; send no sooner than what was recorded is durable."""
        keeper = self._keeper
        sends = [effect.data for effect in effects if isinstance(effect, Send)]
        is_own = any(isinstance(effect, OwnPort) for effect in effects)
        is_end = any(isinstance(effect, HangUp) for effect in effects)
        self._record(effects)
        for effect in effects:
            if isinstance(effect, WakeAt):
                self.wake_at = effect.when
                keeper.wake(self, self.wake_at)
        if not (sends or is_own or is_end):
            return
        if self._barrier:
            self._blocked = True
            self._waiting = (sends, is_own, is_end)
            keeper.settle(self, self._barrier)
        else:
            self._go(sends, is_own, is_end)

    def _record(self, effects: Sequence[DatagramEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Note):
                number = self._keeper.put(self, effect.fact)
                if effect.fact.barrier:
                    self._barrier = number
                if isinstance(effect.fact, FileCaptured) and self._conversation is not None:
                    self._captured += tuple(self._conversation.take_artifacts())
                    self._keeper.settle(self, number)

    def _go(self, sends: Sequence[bytes], is_own: bool, is_end: bool) -> None:  # noqa: FBT001  what waited, as it was kept
        """Send what nothing holds back any more."""
        if is_own and self._own is None:
            self._blocked = True
            _task = self._keeper.spawn(self._move(sends, is_end), name="datagrams")
            return
        for data in sends:
            if self._post.may_send(self, len(data)):
                self.bytes_out += len(data)
                (self._own or self._transport).sendto(data, self.address)
        if is_end:
            self.close(CloseReason.DECOY)

    async def _move(self, sends: Sequence[bytes], is_end: bool) -> None:  # noqa: FBT001  likewise
        """Go on from a port of its own."""
        if self._conversation is None:  # over before it began
            return
        try:
            bound = await self._keeper.listen_data(self, 0, "udp")
        except OSError:  # none is left, or too many are held
            self.close(CloseReason.LIMIT)
            return
        loop = asyncio.get_running_loop()
        own, _ = await loop.create_datagram_endpoint(lambda: _OwnPort(self), sock=bound)
        if self.over:
            own.close()
            self._keeper.data_ended(self)
            return
        self._own = own
        self._post.moved(self)
        self._blocked = False
        self._go(sends, is_own=False, is_end=is_end)
        self._catch_up()

    def _catch_up(self) -> None:
        while self._held and not self._blocked and not self.over:
            self._call(partial(self._asked().received, self._held.popleft()))
        if self._due and not self._blocked and not self.over:
            self._due = False
            self.tick(self._keeper.clock.now())

    def _crash(self, error: Exception) -> None:
        self._keeper.put(self, SessionCrashed(error=place_of(error)))
        self.close(CloseReason.CRASH)


class _OwnPort(asyncio.DatagramProtocol):
    """The port that one conversation has for itself."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if addr[:2] == self._talk.address[:2]:  # strangers are not heard
            self._talk.answered(data)

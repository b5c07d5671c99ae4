"""This module keeps the second connections of one session, one at a time, for what it moves beside the first.

Made by a connection for the first effect of that kind, so that those who never ask pay nothing. Nothing here connects
to anybody: a second connection is one that the peer opens, from the address it has already.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, assert_never, cast

from decnet_actors.contracts.decoy import (
    DataEffect,
    DataSession,
    EndData,
    ListenData,
    SecureData,
    SendData,
    SessionEffect,
)
from decnet_actors.decoys.keeper import Keeper
from decnet_actors.decoys.link import MAPPED
from decnet_actors.decoys.tls import secured
from decnet_actors.domain.facts import LimitReached, ProtocolViolated

BACKLOG = 1

_Event: TypeAlias = tuple[Callable[..., Sequence[SessionEffect]], tuple[object, ...]]


class Control(Protocol):
    """The connection that the session is about."""

    source: str

    @property
    def busy(self) -> bool:
        """Whether the session is not to be called now."""

    def call(self, ask: Callable[..., Sequence[SessionEffect]], *data: object) -> None:
        """Call the session and do what it says."""

    def took(self, size: int) -> bool:
        """Count bytes of the peer; return whether they are still within the caps."""


class DataConnections:
    """The second connections of one session."""

    __slots__ = ("_channel", "_control", "_events", "_keeper", "_order", "_server", "_session")

    def __init__(self, control: Control, keeper: Keeper, session: DataSession) -> None:
        self._control = control
        self._keeper = keeper
        self._session = session
        self._events: deque[_Event] = deque()  # wait for the session; reading pauses, so they are few
        self._server: asyncio.Server | None = None
        self._channel: _Channel | None = None
        self._order = 0  # of the last ListenData; what an earlier one led to is of no use any more

    def perform(self, effect: DataEffect) -> None:
        """Do what was asked."""
        match effect:
            case ListenData(port=port):
                self._order += 1
                self._drop()
                _task = self._keeper.spawn(self._listen(port, self._order), name="data")
            case SecureData(context=context):
                if self._channel is not None:
                    self._channel.secure(context, self._keeper)
            case SendData(data=data):
                if self._channel is not None:
                    self._channel.send(data)
            case EndData():
                self._order += 1
                if self._server is not None:
                    self._server.close()
                    self._server = None
                if self._channel is not None:
                    self._channel.end()
                else:
                    self._keeper.data_ended(self)
            case _:
                assert_never(effect)

    def catch_up(self) -> None:
        """Tell the session what it could not be told, for as long as it can be."""
        while self._events and not self._control.busy:
            ask, arguments = self._events.popleft()
            self._control.call(ask, *arguments)
        if self._channel is not None and not self._events:
            self._channel.read(on=True)

    def close(self) -> None:
        """The session is over."""
        self._order += 1
        self._events.clear()
        self._drop()
        self._keeper.data_ended(self)

    def sweep(self, now: float) -> None:
        """Cut a peer that has taken nothing for too long; ``now`` is monotonic."""
        channel = self._channel
        if channel is not None and channel.stalled_since and now - channel.stalled_since > self._keeper.limits.stall:
            self._keeper.put(self._control, LimitReached(limit="stall", value=int(now - channel.stalled_since)))
            channel.cut()

    # the channel's side

    def opened(self, channel: "_Channel", source: str) -> bool:
        """Return whether this connection is the one that is waited for."""
        if source != self._control.source:
            stranger = ProtocolViolated(detail="somebody else connected to the data port", sample=source.encode())
            self._keeper.put(self._control, stranger)
            return False
        if self._channel is not None or self._server is None:
            return False
        self._server.close()
        self._server = None
        self._channel = channel
        self._tell(self._session.data_opened)
        return True

    def received(self, data: bytes) -> None:
        """Take what came."""
        if self._control.took(len(data)):
            self._tell(self._session.data_received, data)

    def ended(self) -> None:
        """The peer has finished sending."""
        self._tell(self._session.data_ended)

    def wanted(self) -> None:
        """Everything sent is gone."""
        self._tell(self._session.data_wanted)

    def lost(self, channel: "_Channel") -> None:
        """The second connection is gone."""
        if self._channel is channel:
            self._channel = None
            self._keeper.data_ended(self)
            self._tell(self._session.data_closed)

    def _tell(self, ask: Callable[..., Sequence[SessionEffect]], *arguments: object) -> None:
        if self._control.busy or self._events:
            self._events.append((ask, arguments))
            if self._channel is not None:
                self._channel.read(on=False)
        else:
            self._control.call(ask, *arguments)

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._channel is not None:
            channel, self._channel = self._channel, None
            channel.cut()

    async def _listen(self, port: int, order: int) -> None:
        if order != self._order:  # before it began: nobody would count it off again
            return
        found = 0
        try:
            listener = await self._keeper.listen_data(self, port)
        except OSError:  # taken, or too many wait already: the session says so
            listener = None
            if order == self._order:
                self._keeper.data_ended(self)
        if listener is not None:
            if order != self._order:
                listener.close()
                return
            found = listener.getsockname()[1]
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: _Channel(self), sock=listener, backlog=BACKLOG)
            if order != self._order:
                server.close()
                return
            self._server = server
        if order == self._order:
            self._tell(self._session.data_listening, found)


class _Channel(asyncio.Protocol):
    """The second connection."""

    __slots__ = (
        "_closing",
        "_connections",
        "_is_tls",
        "_paused",
        "_securing",
        "_sending",
        "_transport",
        "_unsent",
        "stalled_since",
    )

    def __init__(self, connections: DataConnections) -> None:
        self.stalled_since = 0.0  # monotonic; 0 is never
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._sending = False
        self._securing = False
        self._is_tls = False
        self._unsent = b""
        self._closing = False
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream server makes nothing else
        peer = transport.get_extra_info("peername")
        if not peer or not self._connections.opened(self, peer[0].removeprefix(MAPPED)):
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=0)  # resume_writing means that everything is gone

    def data_received(self, data: bytes) -> None:
        self._connections.received(data)

    def eof_received(self) -> bool | None:
        self._connections.ended()
        return not self._is_tls  # which has no half-closed connections

    def pause_writing(self) -> None:
        self.stalled_since = asyncio.get_running_loop().time()

    def resume_writing(self) -> None:
        self.stalled_since = 0.0
        self._gone()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._transport = None
        self._connections.lost(self)

    def read(self, *, on: bool) -> None:
        """Go on reading, or pause."""
        if self._transport is None or on is not self._paused or self._transport.is_closing():
            return
        self._paused = not on
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def send(self, data: bytes) -> None:
        """Send, and say so once it is gone."""
        if self._transport is None or self._transport.is_closing():
            return
        self._sending = True
        if self._securing:
            self._unsent += data
            return
        self._transport.write(data)
        if not self.stalled_since:
            asyncio.get_running_loop().call_soon(self._gone)

    def _gone(self) -> None:
        if self._sending and not self.stalled_since and not self._closing:
            self._sending = False
            self._connections.wanted()

    def end(self) -> None:
        """Close once everything is sent."""
        self._closing = True
        if self._transport is not None and not self._securing:
            self._transport.close()

    def cut(self) -> None:
        """Close now."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    def secure(self, context: ssl.SSLContext, keeper: Keeper) -> None:
        """Go on under TLS; what is to be sent waits for it."""
        self._securing = self._is_tls = True
        _task = keeper.spawn(self._secure(context), name="tls")

    async def _secure(self, context: ssl.SSLContext) -> None:
        if self._transport is None:
            return
        try:
            made = await secured(self._transport, self, context)
        except OSError:
            self.connection_lost(None)
            return
        if self._paused:  # by what came with the end of the handshake
            self._transport.resume_reading()
            made.pause_reading()
        self._transport = made
        self._securing = False
        made.set_write_buffer_limits(high=0)
        unsent, self._unsent = self._unsent, b""
        if unsent:
            self.send(unsent)
        if self._closing:
            self.end()

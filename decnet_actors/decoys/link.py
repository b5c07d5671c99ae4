"""This module is a connection without what it serves: both ends, the bytes counted, what holds it up, how it ends."""

import asyncio
import math
import socket
import struct

from decnet_actors.decoys.keeper import Keeper
from decnet_actors.domain.facts import CloseReason, LimitReached
from decnet_actors.domain.peer import Peer

# Why reading is paused; any one is enough.
HOLDING = 1  # data came while replies wait for the journal
CROWDED = 2  # the journal has no room
STALLED = 4  # the peer does not take what we send
LIBRARY = 8  # the hosted library asked
HEEDLESS = 16  # the session asked

MAPPED = "::ffff:"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger: close() sends RST


class Link(asyncio.Protocol):
    """The part of a connection that serves nothing."""

    # fmt: off
    __slots__ = (
        "_keeper", "_pauses", "_reason", "_transport", "alarm", "bytes_in", "bytes_out", "closing_since", "heard", "id",
        "local_address", "local_port", "opened", "source", "source_port", "stalled_since", "wake_at",
    )
    # fmt: on

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._transport: asyncio.Transport | None = None
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

    # ends

    @property
    def peer(self) -> Peer:
        """Both ends of the connection."""
        return Peer(
            address=self.source,
            port=self.source_port,
            local_address=self.local_address,
            local_port=self.local_port,
        )

    def identify(self, transport: asyncio.BaseTransport) -> bool:
        """Take both ends from a transport; return whether there are still two."""
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not local:
            return False
        self.source, self.source_port = peer[0].removeprefix(MAPPED), peer[1]
        self.local_address, self.local_port = local[0].removeprefix(MAPPED), local[1]
        return True

    # bytes

    def took(self, size: int) -> bool:
        """Count bytes of the peer; return whether they are still within the caps."""
        self.bytes_in += size
        self.heard = self._keeper.clock.monotonic()
        if self.bytes_in > self._keeper.limits.session_bytes:
            self._limit("session_bytes", self.bytes_in)
            return False
        return True

    def sent(self, size: int) -> None:
        """Count bytes on their way to the peer, and end a peer that lets too many wait."""
        self.bytes_out += size
        if self.stalled_since and self._transport is not None:
            waiting = self._transport.get_write_buffer_size()
            if waiting > self._keeper.limits.unsent_bytes:
                self._limit("unsent_bytes", waiting)

    # what holds it up

    def crowd(self) -> None:
        """Stop reading until the keeper calls ``room``."""
        if not self._pauses & CROWDED:
            self._pause(CROWDED)
            self._keeper.hold(self)

    def library_paused(self, *, paused: bool) -> None:
        """The hosted library pauses or resumes reading."""
        (self._pause if paused else self._resume)(LIBRARY)

    # how it ends

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

    def library_closed(self, *, at_once: bool) -> None:
        """The hosted library ends the connection."""
        self.close(CloseReason.DECOY, at_once=at_once)

    def _limit(self, name: str, value: int) -> None:
        if not self.closing_since:
            self._keeper.put(self, LimitReached(limit=name, value=value))
        self.close(CloseReason.LIMIT, at_once=True)

    # its transport

    def _pause(self, why: int) -> None:
        if not self._pauses and self._transport is not None:
            self._transport.pause_reading()
        self._pauses |= why

    def _resume(self, why: int) -> None:
        if self._pauses & why:
            self._pauses &= ~why
            if not self._pauses and self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def _replace(self, transport: asyncio.Transport) -> None:
        """Go on with another transport over the same socket; what was paused before it came is the one below."""
        if self._pauses and self._transport is not None:
            self._transport.resume_reading()
            transport.pause_reading()
        self._transport = transport

"""This module is the transport's side of a connection: when nothing is read from the peer, and how it is left."""

import asyncio
import socket
import struct

from decnet_actors.decoys.keeper import Keeper
from decnet_actors.domain.facts import CloseReason

# Why reading is paused; any one is enough.
HOLDING = 1  # data came while replies wait for the journal
CROWDED = 2  # the journal has no room
STALLED = 4  # the peer does not take what we send
LIBRARY = 8  # the hosted library asked
HEEDLESS = 16  # the session asked

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger: close() sends RST


class Link(asyncio.Protocol):
    """What a connection does with its transport."""

    __slots__ = ("_keeper", "_pauses", "_reason", "_transport", "closing_since")

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._transport: asyncio.Transport | None = None
        self._pauses = 0
        self._reason = CloseReason.PEER
        self.closing_since = 0.0  # monotonic; 0 is never

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

    def _pause(self, why: int) -> None:
        if not self._pauses and self._transport is not None:
            self._transport.pause_reading()
        self._pauses |= why

    def _resume(self, why: int) -> None:
        if self._pauses & why:
            self._pauses &= ~why
            if not self._pauses and self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

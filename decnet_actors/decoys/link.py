"""This module is what is known of a connection: both ends, what was counted, and why nothing is read from it now."""

import asyncio
import math

from decnet_actors.domain.peer import Peer

# Why reading is paused; any one is enough.
HOLDING = 1  # data came while replies wait for the journal
CROWDED = 2  # the journal has no room
STALLED = 4  # the peer does not take what we send
LIBRARY = 8  # the hosted library asked
MAPPED = "::ffff:"


class Link:
    """The part of a connection that serves nothing."""

    # fmt: off
    __slots__ = (
        "_pauses", "_transport", "alarm", "bytes_in", "bytes_out", "closing_since", "heard", "id", "local_address",
        "local_port", "opened", "source", "source_port", "stalled_since", "wake_at",
    )
    # fmt: on

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._pauses = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.opened = self.heard = 0.0  # monotonic
        self.stalled_since = self.closing_since = 0.0  # monotonic; 0 is never
        self.wake_at = math.inf  # what the session asked for last
        self.alarm = math.inf  # when the keeper will look
        self.id = ""
        self.source = self.local_address = ""
        self.source_port = self.local_port = 0

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

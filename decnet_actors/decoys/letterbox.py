"""This module takes the datagrams of one service: tells who talks, and sends nobody more than is safe.

Nobody can tell whether the source of a datagram is its sender. So what goes out is bounded by ``Replies`` in the host,
whatever a decoy asks for, and datagrams that come while the journal has no room are dropped, as networks drop them.
"""

import asyncio
import math
import socket
from collections.abc import Sequence
from typing import cast

from decnet_actors.contracts.decoy import DatagramService
from decnet_actors.decoys.keeper import Keeper
from decnet_actors.decoys.link import MAPPED
from decnet_actors.decoys.replies import Replies
from decnet_actors.decoys.talk import Address, Talk
from decnet_actors.domain.facts import LimitReached
from decnet_actors.domain.peer import Peer

SAY_AGAIN = 60.0  # seconds after which a limit that is still reached is recorded again


class Letterbox:
    """Where a service's datagrams come in; one conversation for each address and port."""

    def __init__(self, keeper: Keeper, service: DatagramService) -> None:
        self._keeper = keeper
        self._service = service
        self._replies = Replies(keeper.limits)
        self._talks: dict[Address, Talk] = {}
        self._ends: list[asyncio.DatagramTransport] = []
        self._said: dict[str, float] = {}

    async def open(self, sockets: Sequence[socket.socket]) -> None:
        """Take over bound sockets and begin to serve."""
        loop = asyncio.get_running_loop()
        for one in sockets:
            end, _ = await loop.create_datagram_endpoint(lambda: _Slot(self), sock=one)
            self._ends.append(end)

    def close(self) -> None:
        """Take nothing more."""
        for end in self._ends:
            end.close()
        self._ends.clear()

    def take(self, slot: asyncio.DatagramTransport, data: bytes, address: Address) -> None:
        """Serve one datagram."""
        talk = self._talks.get(address)
        if talk is None:
            talk = self._opened(slot, address)
        if talk is not None and not self._keeper.crowded:
            talk.received(data)

    # the talk's side

    def may_send(self, talk: Talk, size: int) -> bool:
        """Return whether a datagram of this size may go out, and count it if so."""
        now = self._keeper.clock.monotonic()
        credit = math.inf if talk.is_proven else self._keeper.limits.reply_factor * talk.bytes_in - talk.bytes_out
        refused = self._replies.refusal(talk.source, size, credit, now)
        if refused:
            self._say(talk, *refused)
        return not refused

    def answered(self, talk: Talk) -> None:
        """The peer has answered from where it says it is."""
        self._replies.prove(talk.source, self._keeper.clock.monotonic())

    def moved(self, talk: Talk) -> None:
        """The conversation has a port of its own, or is over."""
        if self._talks.get(talk.address) is talk:
            del self._talks[talk.address]

    def _opened(self, slot: asyncio.DatagramTransport, address: Address) -> Talk | None:
        keeper = self._keeper
        local = slot.get_extra_info("sockname")
        if keeper.crowded or not address[1] or not local:
            return None
        peer = Peer(
            address=address[0].removeprefix(MAPPED),
            port=address[1],
            local_address=local[0].removeprefix(MAPPED),
            local_port=local[1],
        )
        talk = Talk(keeper, self, slot, address, peer)
        if (refused := self._replies.exhausted(peer.address, keeper.clock.monotonic())) is not None:
            self._say(talk, *refused)
            return None
        if not keeper.admit(talk):
            return None
        self._talks[address] = talk
        talk.begin(self._service.converse)
        return None if talk.over else talk

    def _say(self, talk: Talk, limit: str, value: int) -> None:
        """Record that a limit is reached, now and then: refusals must cost less than replies."""
        now = self._keeper.clock.monotonic()
        if now - self._said.get(limit, -SAY_AGAIN) >= SAY_AGAIN:
            self._said[limit] = now
            self._keeper.put(talk, LimitReached(limit=limit, value=value))


class _Slot(asyncio.DatagramProtocol):
    """One bound socket."""

    def __init__(self, box: Letterbox) -> None:
        self._box = box
        self._end: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._end = cast("asyncio.DatagramTransport", transport)  # a datagram endpoint makes nothing else

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self._end is not None:
            self._box.take(self._end, data, addr)

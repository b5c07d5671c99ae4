"""This module connects a hosted library to nothing: a transport in memory and the log of one session."""

import asyncio
from collections.abc import Callable
from typing import Any

from decnet_actors.conformance.fakes import FakeTime
from decnet_actors.contracts.decoy import Work
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer

PEER = Peer(address="192.0.2.7", port=40_000, local_address="192.0.2.80", local_port=1)


class MemoryTransport(asyncio.Transport):
    """Keeps what is written; closing tells the protocol at the loop's next turn, as a real one does."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": (PEER.address, PEER.port), "sockname": (PEER.local_address, PEER.local_port)})
        self.protocol = protocol
        self.written = bytearray()
        self.paused = False
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the bytes."""
        if not self.closed:
            self.written += data

    def writelines(self, list_of_data: Any) -> None:  # Any: asyncio's own signature
        """Keep the bytes."""
        self.write(b"".join(list_of_data))

    def pause_reading(self) -> None:
        """Remember it."""
        self.paused = True

    def resume_reading(self) -> None:
        """Remember it."""
        self.paused = False

    def is_reading(self) -> bool:
        """Return whether data would come."""
        return not self.paused and not self.closed

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        return self.closed

    def can_write_eof(self) -> bool:
        """Return that one side can be closed alone."""
        return True

    def write_eof(self) -> None:
        """Nothing is kept of it."""

    def get_write_buffer_size(self) -> int:
        """Return that everything is sent."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There are none."""

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return whom it serves."""
        return self.protocol

    def close(self) -> None:
        """End it."""
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        """End it."""
        self.close()


class FakeLog:
    """What the host gives to one session; everything noted is durable at once."""

    def __init__(self, time: FakeTime, session: str = "session-1", peer: Peer = PEER) -> None:
        self.id = session
        self.peer = peer
        self.facts: list[Fact] = []
        self.transport: MemoryTransport | None = None
        self.hung_up = False
        self.attended: list[Work] = []
        self._time = time

    def now(self) -> float:
        """Return Unix seconds."""
        return self._time()

    def note(self, fact: Fact) -> None:
        """Keep the fact."""
        self.facts.append(fact)

    async def settled(self) -> None:
        """Return at once, but not before others had a turn."""
        await asyncio.sleep(0)

    def hang_up(self, *, reset: bool = False) -> None:  # noqa: ARG002  the port's signature
        """Close the transport, if there is one."""
        self.hung_up = True
        if self.transport is not None:
            self.transport.close()

    def attend(
        self,
        work: Work,
        ready: Callable[[], None],  # noqa: ARG002  the port's signature
        over: Callable[[], None] | None = None,
    ) -> Callable[[], object]:
        """Keep the work, which nobody does; cancelling it ends it."""
        self.attended.append(work)
        return over or (lambda: None)

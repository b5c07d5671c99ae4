"""This module follows TCP connections with deckies: how much crosses them, how fast, and how they begin."""

import math
from collections.abc import Iterator
from enum import StrEnum
from typing import TypeAlias

from attrs import define, field

from decnet_actors.domain.sensed import FlowEnded
from decnet_actors.sensors.tables import Recent
from decnet_actors.wire.packets import ACK, FIN, RST, SYN, Packet
from decnet_actors.wire.prefix import Prefix, distance
from decnet_actors.wire.tls import ClientHello, HelloReader

MAX_BEGINNINGS = 4096  # connections that have not come about
MAX_FLOWS = 8192  # that have
BEGINNING = 30.0  # seconds a connection may take to come about
IDLE = 120.0  # seconds without a packet after which one has ended
LINGER = 5.0  # seconds one that was closed is kept: packets may still come
FEW, BRIEF = 4, 1.0  # packets and seconds below which a connection is not told of
_HANDSHAKE = 0x16  # TLS record type; what does not begin with it is no ClientHello


class Step(StrEnum):
    """What a packet of a peer does to its connection."""

    NONE = "none"  # there is no connection, or nothing new
    CAME_ABOUT = "came about"
    WENT_ON = "went on"
    ABANDONED = "abandoned"  # the peer has got its answer and does not want to connect


Key: TypeAlias = tuple[bytes, int, bytes, int]  # peer, its port, decky, its port


@define
class Side:
    """What one side sent."""

    packets: int = 0
    size: int = 0
    first: int = 0  # the sequence number after its SYN
    next: int | None = None  # the one after the highest seen

    def count(self, packet: Packet) -> bool:
        """Count a packet; return whether all that it carries had been sent before."""
        self.packets += 1
        self.size += packet.payload_size
        length = packet.payload_size + (1 if packet.flags & SYN else 0) + (1 if packet.flags & FIN else 0)
        end = (packet.seq + length) & 0xFFFFFFFF
        if self.next is None:
            self.first = end
        if self.next is None or distance(end, self.next) > 0:
            self.next = end
            return False
        return length > 0

    def acknowledged(self, packet: Packet) -> bool:
        """Return whether a packet answers what this side sent: whoever knows its numbers is where it says it is."""
        return (
            self.next is not None
            and bool(packet.flags & ACK)
            and distance(packet.ack, self.first) >= 0
            and distance(self.next, packet.ack) >= 0
        )


@define
class Gaps:
    """The times between packets, without keeping them (Welford's algorithm)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    least: float = math.inf
    most: float = 0.0

    def add(self, gap: float) -> None:
        """Count one."""
        self.count += 1
        off = gap - self.mean
        self.mean += off / self.count
        self.squares += off * (gap - self.mean)
        self.least = min(self.least, gap)
        self.most = max(self.most, gap)

    @property
    def deviation(self) -> float:
        """The standard deviation of all."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0


@define
class Flow:
    """A connection, from its SYN on."""

    key: Key
    source: str
    decky: str
    started: float  # Unix seconds
    last: float
    isn: int
    theirs: Side = field(factory=Side)
    ours: Side = field(factory=Side)
    gaps: Gaps = field(factory=Gaps)
    retransmits: int = 0
    heard: float = 0.0  # when the peer's last packet came
    prefix: Prefix | None = None
    hello: HelloReader | None = None
    fins: int = 0  # one for the peer's, two for ours
    ended: str = ""  # why; empty while it lives

    def count(self, packet: Packet, now: float, *, inward: bool) -> None:
        """Count a packet of it."""
        side = self.theirs if inward else self.ours
        self.retransmits += side.count(packet)
        if inward:
            if self.theirs.packets > 1:
                self.gaps.add(max(0.0, now - self.heard))
            self.heard = now
        self.last = max(self.last, now)
        if packet.flags & RST:
            self.ended = self.ended or "reset"
        if packet.flags & FIN:
            self.fins |= 1 if inward else 2
            if self.fins == 3:  # noqa: PLR2004  both sides
                self.ended = self.ended or "closed"

    def read(self, packet: Packet) -> ClientHello | None:
        """Return the ClientHello that is complete with a packet of the peer's."""
        if self.hello is None or self.prefix is None or not packet.payload_size:
            return None
        data = self.prefix.feed(packet.seq, packet.payload, packet.payload_size)
        if data and self.hello.buffered == 0 and data[0] != _HANDSHAKE:
            self.hello = self.prefix = None
            return None
        found = self.hello.feed(data) if data else None
        if found is not None or self.hello.failed or self.prefix.over:
            self.hello = self.prefix = None
        return found

    def told(self) -> FlowEnded | None:
        """Return what is told of it; ``None`` if it was nothing."""
        packets, duration = self.theirs.packets + self.ours.packets, self.last - self.started
        if packets < FEW and not self.retransmits and duration < BRIEF:
            return None
        return FlowEnded(
            port=self.key[3],
            reason=self.ended,
            duration=duration,
            packets_in=self.theirs.packets,
            packets_out=self.ours.packets,
            bytes_in=self.theirs.size,
            bytes_out=self.ours.size,
            retransmits=self.retransmits,
            gap_mean=self.gaps.mean,
            gap_std=self.gaps.deviation,
            gap_min=self.gaps.least if self.gaps.count else 0.0,
            gap_max=self.gaps.most,
        )


class Flows:
    """All connections. Those that do not come about, such as a flood's, do not push out those that did."""

    def __init__(self) -> None:
        self._beginnings: Recent[Key, Flow] = Recent(MAX_BEGINNINGS)
        self._flows: Recent[Key, Flow] = Recent(MAX_FLOWS)
        self._closed: Recent[Key, Flow] = Recent(MAX_FLOWS)
        self.crowded: list[Flow] = []  # that had to go for others

    def __len__(self) -> int:
        return len(self._beginnings) + len(self._flows) + len(self._closed)

    def knows(self, key: Key) -> bool:
        """Return whether there is such a connection, or the beginning or end of one."""
        return any(key in table for table in (self._flows, self._beginnings, self._closed))

    def begin(self, key: Key, packet: Packet, now: float, *, source: str, decky: str) -> bool:
        """Take the SYN of a peer; return whether it is a new one, not one that was sent again."""
        known = self._beginnings.get(key) or self._flows.get(key)
        if known is not None and known.isn == packet.seq:
            known.count(packet, now, inward=True)
            return False
        self._retire(self._flows.pop(key), "reset")  # the peer began anew
        flow = Flow(key, source, decky, now, now, packet.seq)
        flow.count(packet, now, inward=True)
        self._beginnings.put(key, flow)
        return True

    def inward(self, key: Key, packet: Packet, now: float) -> tuple[Flow | None, Step]:
        """Count a packet of a peer; return its connection, if it came about, and what the packet does to it."""
        flow = self._flows.get(key)
        if flow is not None:
            self._count(flow, packet, now, inward=True)
            return flow, Step.WENT_ON
        flow = self._beginnings.get(key)
        if flow is None:
            self._late(key, packet, now, inward=True)
            return None, Step.NONE
        self._count(flow, packet, now, inward=True)
        if flow.ended:
            return None, Step.NONE if flow.ours.next is None else Step.ABANDONED
        if not flow.ours.acknowledged(packet):
            return None, Step.NONE
        self._beginnings.pop(key)
        flow.prefix, flow.hello = Prefix((flow.isn + 1) & 0xFFFFFFFF), HelloReader()
        self._retire(self._flows.put(key, flow), "crowded")
        return flow, Step.CAME_ABOUT

    def outward(self, key: Key, packet: Packet, now: float) -> None:
        """Count a packet of a decky."""
        flow = self._flows.get(key) or self._beginnings.get(key)
        if flow is not None:
            self._count(flow, packet, now, inward=False)
        else:
            self._late(key, packet, now, inward=False)

    def over(self, now: float) -> Iterator[Flow]:
        """Yield the connections that have ended, and forget them and those that never came about."""
        while (oldest := self._beginnings.oldest()) is not None and now - oldest[1].last >= BEGINNING:
            self._beginnings.pop(oldest[0])
        while (oldest := self._flows.oldest()) is not None and now - oldest[1].last >= IDLE:
            self._flows.pop(oldest[0])
            self._retire(oldest[1], "idle")
        while (oldest := self._closed.oldest()) is not None and now - oldest[1].last >= LINGER:
            self._closed.pop(oldest[0])
            yield oldest[1]
        yield from self._taken()

    def end(self) -> Iterator[Flow]:
        """Yield all connections there are."""
        while (oldest := self._flows.oldest()) is not None:
            self._flows.pop(oldest[0])
            self._retire(oldest[1], "shutdown")
        while (oldest := self._closed.oldest()) is not None:
            self._closed.pop(oldest[0])
            yield oldest[1]
        yield from self._taken()

    def _taken(self) -> list[Flow]:
        taken, self.crowded = self.crowded, []
        return taken

    def _count(self, flow: Flow, packet: Packet, now: float, *, inward: bool) -> None:
        flow.count(packet, now, inward=inward)
        if flow.ended:
            self._beginnings.pop(flow.key)
            self._retire(self._flows.pop(flow.key), flow.ended)

    def _late(self, key: Key, packet: Packet, now: float, *, inward: bool) -> None:
        flow = self._closed.get(key)
        if flow is not None:
            flow.count(packet, now, inward=inward)

    def _retire(self, flow: Flow | None, why: str) -> None:
        """Keep what has ended for a moment."""
        if flow is None:
            return
        flow.ended = flow.ended or why
        flow.prefix = flow.hello = None
        before = self._closed.pop(flow.key)
        pushed = self._closed.put(flow.key, flow)
        self.crowded += [one for one in (before, pushed) if one is not None]

"""This module makes facts of packets: who came from what machine, with which client, and how.

It is pure: packets and the time go in, sightings come out. Everything it remembers is in bounded tables.
"""

import ipaddress
from collections import Counter, deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from attrs import define, field, frozen

from decnet_actors.domain.facts import Fact
from decnet_actors.domain.sensed import FlowEnded, QuicClientSeen, SynSeen, TlsClientSeen
from decnet_actors.domain.text import escaped
from decnet_actors.sensors.flows import Flows, Key, Step
from decnet_actors.sensors.scans import Kind, Scanned, Scans, odd_kind
from decnet_actors.sensors.systems import guess
from decnet_actors.sensors.tables import Bucket, Recent
from decnet_actors.wire import ipid
from decnet_actors.wire.ja import ja3, ja4
from decnet_actors.wire.packets import ACK, FIN, IPV4, RST, SYN, UDP, Flaw, Packet, parse
from decnet_actors.wire.quic import InitialReader
from decnet_actors.wire.syn import hops, initial_ttl, options
from decnet_actors.wire.tls import ClientHello

AGAIN = 300.0  # seconds in which the same is told once
MAX_TOLD = 16_384  # things that are remembered as told
MAX_SOURCES = 8192  # whose numbers are remembered
MAX_QUIC = 1024  # conversations whose ClientHello is not complete
QUIC = 10.0  # seconds it may take
INITIAL_BURST, INITIAL_RATE = 200, 100.0  # datagrams that are decrypted, which takes a hundred times a look
SOURCE_BURST, SOURCE_RATE = 30, 0.5  # facts of one source at once, and a second from then on
# Facts of all sources; those whose address may be made up do not take the room of those who answered us.
UNPROVEN_BURST, UNPROVEN_RATE = 500, 20.0
PROVEN_BURST, PROVEN_RATE = 2000, 200.0
MAX_NAME, MAX_PROTOCOLS = 255, 16  # characters and entries a peer may have in a fact

_BEGIN = SYN | ACK | FIN | RST
_INITIAL = 0xC0  # bits of a long header (RFC 9000, section 17.2)
_VERSIONS = {0x0300: "3.0", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}  # 3.0 is SSL's


@frozen
class Sighting:
    """A fact and whom it is about."""

    fact: Fact
    time: float  # Unix seconds
    decky: str
    source: str
    source_port: int


@define
class _Source:
    """What the SYNs of a peer had for numbers."""

    idents: deque[int] = field(factory=lambda: deque(maxlen=ipid.KEPT))
    isns: deque[int] = field(factory=lambda: deque(maxlen=ipid.KEPT))


class Watch:
    """Looks at packets to and from deckies.

    ``counts``: packets looked at (``packets``), not looked at and why, and facts that were not told because there
    were too many (``suppressed``).
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._deckies: Mapping[bytes, str] = {}
        self._found: list[Sighting] = []
        self._flows = Flows()
        self._scans = Scans()
        self._sources: Recent[bytes, _Source] = Recent(MAX_SOURCES)
        self._told: Recent[tuple[object, ...], float] = Recent(MAX_TOLD)
        self._budgets: Recent[str, Bucket] = Recent(MAX_SOURCES)
        self._proven = Bucket(PROVEN_BURST, PROVEN_RATE)
        self._unproven = Bucket(UNPROVEN_BURST, UNPROVEN_RATE)
        self._initials = Bucket(INITIAL_BURST, INITIAL_RATE)
        self._quic: Recent[Key, tuple[InitialReader, float]] = Recent(MAX_QUIC)

    def follow(self, deckies: Mapping[bytes, str]) -> None:
        """Look at these from now on: addresses as they are in packets, and whose they are."""
        self._deckies = deckies

    @property
    def remembered(self) -> int:
        """How many rows all tables have."""
        tables = (self._flows, self._scans, self._sources, self._told, self._budgets, self._quic)
        return sum(len(table) for table in tables)

    def look(self, data: bytes, start: int, end: int, now: float) -> None:
        """Look at the packet in ``data[start:end]``, which begins with its IP header and came at ``now``."""
        packet = parse(data, start, end)
        if isinstance(packet, Flaw):
            self.counts[packet.value] += 1
            return
        deckies = self._deckies
        inward, outward = deckies.get(packet.destination), deckies.get(packet.source)
        if inward is None and outward is None:
            return
        self.counts["packets"] += 1
        if packet.protocol == UDP:
            if inward is not None:
                self._datagram(packet, inward, now)
        elif inward is not None and (outward is None or packet.flags & _BEGIN == SYN or self._is_inward(packet)):
            self._inward(packet, inward, now)
        else:
            key = packet.destination, packet.destination_port, packet.source, packet.source_port
            self._flows.outward(key, packet, now)

    def taken(self, now: float) -> list[Sighting]:
        """Return what was found until now, what has ended meanwhile included."""
        for flow in self._flows.over(now):
            self._flow_ended(flow.told(), flow.key, flow.source, flow.decky, flow.last)
        for scan in self._scans.over(now):
            self._scanned(scan)
        while (oldest := self._quic.oldest()) is not None and now - oldest[1][1] >= QUIC:
            self._quic.pop(oldest[0])
        return self._give()

    def end(self) -> list[Sighting]:
        """Return what is known of that which has not ended: nobody looks any more."""
        for flow in self._flows.end():
            self._flow_ended(flow.told(), flow.key, flow.source, flow.decky, flow.last)
        for scan in self._scans.over():
            self._scanned(scan)
        return self._give()

    def _give(self) -> list[Sighting]:
        found, self._found = self._found, []
        return found

    def _is_inward(self, packet: Packet) -> bool:
        return self._flows.knows((packet.source, packet.source_port, packet.destination, packet.destination_port))

    def _inward(self, packet: Packet, decky: str, now: float) -> None:
        key = packet.source, packet.source_port, packet.destination, packet.destination_port
        odd = odd_kind(packet)
        if odd is not None and not self._flows.knows(key):
            kind, probe = odd
            source = text_of(packet.source)
            self._scanned(self._scans.tried(packet, kind, source=source, decky=decky, now=now, probe=probe))
        if packet.flags & _BEGIN == SYN:
            self._began(packet, key, decky, now, is_probe=odd is not None)
            return
        flow, step = self._flows.inward(key, packet, now)
        if step in {Step.CAME_ABOUT, Step.ABANDONED}:
            self._scans.answered(packet.source, completed=step is Step.CAME_ABOUT)
        hello = None if flow is None else flow.read(packet)
        if hello is not None:
            self._client(TlsClientSeen(port=key[3], **_client(hello, "t")), packet, decky, now, proven=True)

    def _began(self, packet: Packet, key: Key, decky: str, now: float, *, is_probe: bool) -> None:
        """Look at a SYN."""
        source = text_of(packet.source)
        if not self._flows.begin(key, packet, now, source=source, decky=decky):
            return
        if not is_probe:
            self._scanned(self._scans.tried(packet, Kind.SYN, source=source, decky=decky, now=now))
        known = self._sources.get(packet.source)
        if known is None:
            known = _Source()
            self._sources.put(packet.source, known)
        known.isns.append(packet.seq)
        if packet.version == IPV4:
            known.idents.append(packet.ident)
        said = options(packet.options)
        system = "nmap" if is_probe else guess(packet, said)
        idents, isns = ipid.classify(known.idents, ipid.ID_BITS), ipid.classify(known.isns, ipid.ISN_BITS)
        if not self._is_news((packet.source, "syn", system, said.order, idents, isns), source, now, proven=False):
            return
        fact = SynSeen(
            port=packet.destination_port,
            ttl=packet.ttl,
            initial_ttl=initial_ttl(packet.ttl),
            hops=hops(packet.ttl),
            window=packet.window,
            mss=said.mss,
            wscale=said.scale,
            options=said.order,
            df=packet.df,
            tos=packet.tos,
            dscp=packet.tos >> 2,
            ecn=packet.tos & 3,
            ipid_class=idents.value,
            ipid_samples=len(known.idents),
            isn_class=isns.value,
            isn_samples=len(known.isns),
            os_guess=system,
        )
        self._found.append(Sighting(fact, now, decky, source, packet.source_port))

    def _datagram(self, packet: Packet, decky: str, now: float) -> None:
        """Look at what may be the beginning of QUIC."""
        key = packet.source, packet.source_port, packet.destination, packet.destination_port
        known = self._quic.get(key)
        if known is None:
            if not packet.payload or packet.payload[0] & _INITIAL != _INITIAL:
                return
            known = InitialReader(), now
            self._quic.put(key, known)
        if not self._initials.takes(now):
            self.counts["suppressed"] += 1
            return
        reader = known[0]
        hello = reader.feed(packet.payload) if len(packet.payload) == packet.payload_size else None
        if hello is not None:
            self._quic.pop(key)
            self._client(QuicClientSeen(port=key[3], **_client(hello, "q")), packet, decky, now, proven=False)
        elif reader.failed:
            self._quic.pop(key)

    def _client(
        self, fact: TlsClientSeen | QuicClientSeen, packet: Packet, decky: str, now: float, *, proven: bool
    ) -> None:
        source = text_of(packet.source)
        if self._is_news((packet.source, type(fact), fact.ja3, fact.ja4, fact.sni), source, now, proven=proven):
            self._found.append(Sighting(fact, now, decky, source, packet.source_port))

    def _is_news(self, seen: tuple[object, ...], source: str, now: float, *, proven: bool) -> bool:
        """Return whether to tell of it: the same was not told a while ago, and not too much is told."""
        before = self._told.get(seen)
        if before is not None and now - before < AGAIN:
            return False
        if not self._has_room(source, now, proven=proven):
            return False
        self._told.put(seen, now)
        return True

    def _flow_ended(self, fact: FlowEnded | None, key: Key, source: str, decky: str, time: float) -> None:
        if fact is not None and self._has_room(source, time, proven=True):
            self._found.append(Sighting(fact, time, decky, source, key[1]))

    def _scanned(self, scan: Scanned | None) -> None:
        if scan is not None and self._has_room(scan.source, scan.time, proven=scan.fact.completed > 0):
            self._found.append(Sighting(scan.fact, scan.time, scan.decky, scan.source, scan.source_port))

    def _has_room(self, source: str, now: float, *, proven: bool) -> bool:
        """Return whether one more fact may be told."""
        own = self._budgets.get(source)
        if own is None:
            own = Bucket(SOURCE_BURST, SOURCE_RATE)
            self._budgets.put(source, own)
        everybody = self._proven if proven else self._unproven
        if own.takes(now) and everybody.takes(now):
            return True
        self.counts["suppressed"] += 1
        return False


@lru_cache(MAX_SOURCES)
def text_of(address: bytes) -> str:
    """Return an address as it is written."""
    return str(ipaddress.ip_address(address))


def _client(hello: ClientHello, transport: Literal["t", "q"]) -> dict[str, Any]:  # Any: the fields of two facts
    return {
        "ja3": ja3(hello),
        "ja4": ja4(hello, transport),
        "sni": escaped(hello.server_name, MAX_NAME),
        "alpn": tuple(escaped(name, MAX_NAME) for name in hello.alpn[:MAX_PROTOCOLS]),
        "version": _version(hello),
        "resumed": hello.resumed,
    }


def _version(hello: ClientHello) -> str:
    offered = [one for one in (*hello.supported_versions, hello.version) if one in _VERSIONS]
    return _VERSIONS[max(offered)] if offered else f"0x{hello.version:04x}"

"""This module recognises port scans: many ports in a short time, and packets that only scanners send."""

import math
from collections.abc import Iterator
from enum import StrEnum

from attrs import define, field

from decnet_actors.domain.sensed import PortScanSeen
from decnet_actors.sensors.tables import Recent
from decnet_actors.wire.packets import ACK, FIN, PSH, RST, SYN, URG, Packet

MAX_SCANS = 4096  # at a time
MAX_TARGETS = 1024  # counted of one scan
MAX_PORTS, MAX_DECKIES = 64, 16  # told of one scan
QUIET = 5.0  # seconds after which a scan is over
LONGEST = 60.0  # seconds after which one that goes on is told
NEEDED = 5  # ports of deckies that are no coincidence
NEEDED_PROBES = 3  # of nmap's that are none

_CONTROL = FIN | SYN | RST | PSH | ACK | URG
# Everything of these probes is from nmap.org/book/osdetect-methods.html, "TCP probes".
_STAMP = "080affffffff00000000"
_T2_TO_T6 = bytes.fromhex(f"03030a0102040109{_STAMP}0402")
_T7 = bytes.fromhex(f"03030f0102040109{_STAMP}0402")
_PROBES = {  # what is set, window, options: the name there
    (0, 128, _T2_TO_T6): "T2",
    (SYN | FIN | URG | PSH, 256, _T2_TO_T6): "T3",
    (ACK, 1024, _T2_TO_T6): "T4",
    (SYN, 31_337, _T2_TO_T6): "T5",
    (ACK, 32_768, _T2_TO_T6): "T6",
    (FIN | PSH | URG, 65_535, _T7): "T7",
    (SYN, 1, bytes.fromhex(f"03030a01020405b4{_STAMP}0402")): "P1",
    (SYN, 63, bytes.fromhex(f"020405780303000402{_STAMP}00")): "P2",
    (SYN, 4, bytes.fromhex(f"{_STAMP}01010303050102040280")): "P3",
    (SYN, 4, bytes.fromhex(f"0402{_STAMP}03030a00")): "P4",
    (SYN, 16, bytes.fromhex(f"020402180402{_STAMP}03030a00")): "P5",
    (SYN, 512, bytes.fromhex(f"020401090402{_STAMP}")): "P6",
    (SYN, 3, bytes.fromhex("03030a01020405b404020101")): "ECN",
}


class Kind(StrEnum):
    """How ports are tried."""

    SYN = "syn"
    CONNECT = "connect"
    NULL = "null"
    FIN = "fin"
    XMAS = "xmas"
    NMAP_OS = "nmap_os"


_ODD = {0: Kind.NULL, FIN: Kind.FIN, FIN | PSH | URG: Kind.XMAS}  # control bits that no connection ever has alone


def odd_kind(packet: Packet) -> tuple[Kind, str] | None:
    """Return which scan a packet belongs to that nobody else sends, and the name of nmap's probe it is."""
    control = packet.flags & _CONTROL
    if packet.options and (probe := _PROBES.get((control, packet.window, packet.options))):
        return Kind.NMAP_OS, probe
    kind = _ODD.get(control)
    return None if kind is None else (kind, "")


@define
class _Scan:
    source: str
    source_port: int
    decky: str  # the first
    started: float  # Unix seconds
    last: float
    packets: int = 0
    completed: int = 0
    abandoned: int = 0
    targets: set[tuple[str, int]] = field(factory=set)
    probes: set[str] = field(factory=set)


@define(frozen=True)
class Scanned:
    """A scan to be told of."""

    fact: PortScanSeen
    source: str
    source_port: int
    decky: str
    time: float  # of its last packet


class Scans:
    """Every scan that goes on."""

    def __init__(self) -> None:
        self._scans: Recent[tuple[bytes, Kind], _Scan] = Recent(MAX_SCANS)

    def __len__(self) -> int:
        return len(self._scans)

    def tried(
        self, packet: Packet, kind: Kind, *, source: str, decky: str, now: float, probe: str = ""
    ) -> Scanned | None:
        """Count a packet; return the scan it belongs to if that has gone on for long."""
        key = packet.source, kind
        scan = self._scans.get(key)
        told = None
        if scan is not None and now - scan.started > LONGEST:
            told, scan = _told(kind, scan), None
        if scan is None:
            scan = _Scan(source, packet.source_port, decky, now, now)
            self._scans.put(key, scan)  # a flood's scans push out one another's: each is one packet
        scan.last = max(scan.last, now)
        scan.packets += 1
        if len(scan.targets) < MAX_TARGETS:
            scan.targets.add((decky, packet.destination_port))
        if probe:
            scan.probes.add(probe)
        return told

    def answered(self, source: bytes, *, completed: bool) -> None:
        """Count a connection that came about, or one the peer left when a decky had answered."""
        scan = self._scans.get((source, Kind.SYN))
        if scan is not None:
            scan.completed += completed
            scan.abandoned += not completed

    def over(self, now: float = math.inf) -> Iterator[Scanned]:
        """Yield the scans that have ended by ``now``, and forget them."""
        while (oldest := self._scans.oldest()) is not None:
            key, scan = oldest
            if now - scan.last < QUIET:
                return
            self._scans.pop(key)
            told = _told(key[1], scan)
            if told is not None:
                yield told


def _told(kind: Kind, scan: _Scan) -> Scanned | None:
    """Return what is told of a scan; ``None`` if it was none."""
    if kind is Kind.SYN and len(scan.targets) < NEEDED:
        return None
    if kind is Kind.NMAP_OS and len(scan.probes) < NEEDED_PROBES:
        return None
    ports = sorted({port for _, port in scan.targets})
    fact = PortScanSeen(
        kind=(Kind.CONNECT if kind is Kind.SYN and scan.completed > scan.abandoned else kind).value,
        packets=scan.packets,
        targets=len(scan.targets),
        ports=tuple(ports[:MAX_PORTS]),
        deckies=tuple(sorted({decky for decky, _ in scan.targets})[:MAX_DECKIES]),
        completed=scan.completed,
        duration=scan.last - scan.started,
        probes=tuple(sorted(scan.probes)),
    )
    return Scanned(fact, scan.source, scan.source_port, scan.decky, scan.last)

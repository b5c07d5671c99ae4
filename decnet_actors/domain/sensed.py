"""This module defines the facts of sensors: what was seen on the wire beside what the decoys saw.

Their records name the peer as source and, where it is known, the decky; rules for new ones are those of ``facts``.
"""

from typing import ClassVar

from decnet_actors.domain.facts import Fact


class SynSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer began a TCP connection; what its SYN says of the machine it runs on.

    Told once in 300 s of a peer, and again when its system, options or one of the two classes is another.
    """

    tail: ClassVar[str] = "traffic.syn"

    port: int  # of the decky
    ttl: int
    initial_ttl: int  # what it must have been: 32, 64, 128 or 255
    hops: int | None  # None: the TTL does not tell
    window: int
    mss: int | None
    wscale: int | None
    options: tuple[str, ...]  # in their order: mss, nop, ws, sok, ts, eol, ...
    df: bool
    tos: int
    dscp: int
    ecn: int
    ipid_class: str  # unknown, zero, constant, incremental or random
    ipid_samples: int
    isn_class: str  # likewise, of the initial sequence numbers
    isn_samples: int
    os_guess: str  # linux, windows, macos, nmap, ...; empty: none of those we know


class TlsClientSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer sent a TLS ClientHello over TCP."""

    tail: ClassVar[str] = "traffic.tls_client"

    port: int
    ja3: str  # MD5 as 32 hex digits
    ja4: str
    sni: str
    alpn: tuple[str, ...]
    version: str  # the highest it offers: 1.3, 1.2, ...
    resumed: bool  # it brings a session ticket or pre-shared key


class QuicClientSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer sent a TLS ClientHello in QUIC Initial packets."""

    tail: ClassVar[str] = "traffic.quic_client"

    port: int
    ja3: str
    ja4: str
    sni: str
    alpn: tuple[str, ...]
    version: str
    resumed: bool


class PortScanSeen(Fact, frozen=True, kw_only=True, gc=False):
    """A peer tried port after port, or sent packets that only scanners send. Told when it pauses, and each minute.

    ``kind``: syn (most of what answered was left without connecting), connect, null, fin, xmas, or nmap_os, which is
    the probes of nmap -O.
    """

    tail: ClassVar[str] = "traffic.port_scan"

    kind: str
    packets: int
    targets: int  # different ports of different deckies; counted up to 1024
    ports: tuple[int, ...]  # the first 64 different ones, sorted
    deckies: tuple[str, ...]  # the first 16, sorted
    completed: int  # connections that came about
    duration: float  # seconds
    probes: tuple[str, ...] = ()  # of nmap -O: T2, T3, ... as its documentation calls them


class FlowEnded(Fact, frozen=True, kw_only=True, gc=False):
    """A TCP connection with a peer ended: how much crossed it, and the rhythm of the peer's packets.

    Not told of those with less than 4 packets and no retransmits within a second.
    """

    tail: ClassVar[str] = "traffic.flow"

    port: int
    reason: str  # closed, reset, idle (nothing for 120 s), crowded (too many at once) or shutdown
    duration: float  # seconds
    packets_in: int
    packets_out: int
    bytes_in: int  # payload as the packets carried it, retransmits included
    bytes_out: int
    retransmits: int  # of both sides
    gap_mean: float  # seconds between packets of the peer
    gap_std: float
    gap_min: float
    gap_max: float

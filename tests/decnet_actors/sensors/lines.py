"""This module makes the packets of peers and deckies, one after the other in time, for tests of the watch."""

import ipaddress

from decnet_actors.sensors.watch import Sighting, Watch
from decnet_actors.wire.packets import ACK, FIN, RST, SYN
from tests.pcaps import SYN_OPTIONS, ipv4, tcp

WEB, DB = "10.66.0.2", "10.66.0.1"
PEER, OTHER = "10.66.255.1", "10.66.255.2"
DECKIES = {ipaddress.ip_address(WEB).packed: "web-01", ipaddress.ip_address(DB).packed: "db-01"}
START = 1_795_000_000.0
OURS = 5_000_000  # the initial sequence number of deckies


class Line:
    """A watch and the time. What packets say is given by keyword, as ``tests.pcaps`` has it."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.watch.follow(DECKIES)
        self.now = START
        self.sent: list[tuple[float, bytes]] = []

    def put(self, data: bytes, after: float = 0.001) -> None:
        self.now += after
        self.sent.append((self.now, data))
        self.watch.look(data, 0, len(data), self.now)

    def seen(self, kind: type, after: float = 0.0) -> list[Sighting]:
        """Return what was found of a kind by then."""
        self.now += after
        return [one for one in self.watch.taken(self.now) if isinstance(one.fact, kind)]

    def syn(
        self, dport=80, *, sport=40_000, source=PEER, to=WEB, seq=100, after=0.001, said=SYN_OPTIONS["linux"], **ip
    ):
        body = tcp(sport, dport, flags=SYN, seq=seq, window=ip.pop("window", 64_240), options=said)
        self.put(ipv4(source, to, body, **ip), after)

    def odd(self, dport, flags, *, to=WEB, sport=50_000, **said):
        self.put(ipv4(PEER, to, tcp(sport, dport, flags=flags, **said)))

    def answer(self, flags, *, sport=40_000, dport=80, seq=OURS, ack=101, payload=b"", after=0.001):
        self.put(ipv4(WEB, PEER, tcp(dport, sport, flags=flags, seq=seq, ack=ack, payload=payload)), after)

    def say(self, payload=b"", *, sport=40_000, dport=80, seq=101, ack=OURS + 1, flags=ACK, after=0.001):
        self.put(ipv4(PEER, WEB, tcp(sport, dport, flags=flags, seq=seq, ack=ack, payload=payload)), after)

    def connect(self, dport=80, *, sport=40_000) -> None:
        self.syn(dport, sport=sport)
        self.answer(SYN | ACK, sport=sport, dport=dport)
        self.say(sport=sport, dport=dport)

    def close(self, *, seq=101, ours=OURS + 1) -> None:
        self.say(flags=FIN | ACK, seq=seq)
        self.answer(FIN | ACK, seq=ours, ack=seq + 1)
        self.say(seq=seq + 1, ack=ours + 1)

    def reset(self, *, sport=40_000, dport=80, seq=101) -> None:
        self.say(flags=RST, sport=sport, dport=dport, seq=seq, ack=0)

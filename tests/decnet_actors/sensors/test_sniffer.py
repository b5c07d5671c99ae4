"""The sniffer listens when it may, looks at so much at a time, and says how it is."""

import asyncio
import errno
import socket
import struct

from decnet_actors.domain.sensed import SynSeen
from decnet_actors.sensors.sniffer import TURN, Gauge, Listen, Means, Readable, Sniffer, Tick
from decnet_actors.sensors.watch import Sighting
from decnet_actors.wire.packets import SYN
from supervisors.errors import Exit
from supervisors.testing import ManualClock, launch
from tests.decnet_actors.sensors.lines import DECKIES, PEER, WEB
from tests.pcaps import SYN_OPTIONS, ipv4, tcp

BEGIN = ipv4(PEER, WEB, tcp(4000, 80, flags=SYN, options=SYN_OPTIONS["linux"]))


def block(*frames: bytes) -> bytes:
    """Return a block as the kernel makes it."""
    made = b""
    for number, data in enumerate(frames):
        size = 48 + -(-len(data) // 8) * 8
        step = 0 if number == len(frames) - 1 else size
        made += (struct.pack("=6I2H", step, 1000, 0, len(data), len(data), 0, 48, 48) + bytes(20) + data).ljust(
            size, b"\0"
        )
    return struct.pack("=5I", 1, 0, 1, len(frames), 48).ljust(48, b"\0") + made


class Tap:
    """Gives blocks that were put in; readable while there are some."""

    interface = "lan9"

    def __init__(self, *blocks: bytes) -> None:
        self.blocks = list(blocks)
        self.near, self.far = socket.socketpair()
        self.lost = 0
        self.is_closed = False
        if blocks:
            self.far.send(b"x")

    def fileno(self) -> int:
        return self.near.fileno()

    def take(self) -> bytes | None:
        if self.lost < 0:
            raise ConnectionResetError("whoever relayed the packets has ended")
        return self.blocks.pop(0) if self.blocks else None

    def dropped(self) -> int:
        return max(0, self.lost)

    def close(self) -> None:
        self.is_closed = True
        self.near.close()
        self.far.close()


class Bench:
    """A sniffer with taps that are there, or errors that come instead, one after the other."""

    def __init__(self, *taps: Tap | OSError) -> None:
        self.clock = ManualClock()
        self.taps = list(taps)
        self.noted: list[Sighting] = []
        self.is_crowded = False
        self.looked = asyncio.Event()
        self.gauge = Gauge()
        means = Means(
            open=self.open,
            deckies=lambda: DECKIES,
            note=self.note,
            crowded=lambda: self.is_crowded,
            gauge=self.gauge,
        )
        self.sniffer = Sniffer(means)

    async def open(self) -> Tap:
        found = self.taps.pop(0)
        if isinstance(found, OSError):
            raise found
        return found

    def note(self, sightings) -> None:
        self.noted += sightings
        self.looked.set()

    async def start(self) -> None:
        launch(self.sniffer, "sniffer", clock=self.clock)
        await self.sniffer.started

    async def look(self, message) -> None:
        await self.sniffer.ref.ask(message, within=5)

    async def until_looked(self) -> None:
        async with asyncio.timeout(5):
            await self.looked.wait()

    async def stop(self) -> None:
        ended = asyncio.get_running_loop().create_future()
        self.sniffer.add_exit_callback(ended.set_result)
        self.sniffer.request_stop(Exit.SHUTDOWN)
        async with asyncio.timeout(5):
            await ended


async def test_what_comes_is_looked_at_and_recorded():
    tap = Tap(block(BEGIN))
    bench = Bench(tap)
    await bench.start()
    assert ("lan9", "") == (bench.gauge.interface, bench.gauge.problem)
    await bench.until_looked()
    await bench.look(Tick())

    assert [(SynSeen, "web-01", PEER, 1000.0)] == [
        (type(one.fact), one.decky, one.source, one.time) for one in bench.noted
    ]
    assert (1, 0) == (bench.gauge.packets, bench.gauge.dropped)
    await bench.stop()
    assert tap.is_closed
    assert bench.gauge.interface == ""


async def test_where_it_may_not_listen_it_says_why_and_tries_again():
    tap = Tap(block(BEGIN))
    bench = Bench(PermissionError(errno.EPERM, "listening on lo needs CAP_NET_RAW"), tap)
    await bench.start()
    assert ("", "listening on lo needs CAP_NET_RAW") == (bench.gauge.interface, bench.gauge.problem)
    await bench.look(Listen())
    await bench.until_looked()

    assert ("lan9", "", 1) == (bench.gauge.interface, bench.gauge.problem, len(bench.noted))
    await bench.stop()


async def test_when_the_packets_end_it_says_so_and_listens_again_with_all_it_counted():
    first, second = Tap(block(BEGIN)), Tap()
    bench = Bench(first, second)
    await bench.start()
    await bench.until_looked()
    first.lost = 5
    await bench.look(Tick())
    assert 5 == bench.gauge.dropped
    first.lost = -1
    await bench.look(Readable())
    assert ("", True) == (bench.gauge.interface, first.is_closed)
    assert "ended" in bench.gauge.problem
    second.lost = 2
    await bench.look(Listen())
    await bench.look(Tick())

    assert "lan9" == bench.gauge.interface
    await bench.stop()


async def test_it_looks_at_so_much_in_a_row_and_rests():
    full = [block(*[BEGIN] * 100)] * 15
    tap = Tap(*full)
    bench = Bench(tap)
    await bench.start()
    await bench.until_looked()

    assert len(tap.blocks) == 15 - -(-TURN // 100)
    await bench.stop()


async def test_while_the_journal_has_no_room_it_leaves_packets_to_the_kernel():
    tap = Tap(block(BEGIN))
    bench = Bench(tap)
    bench.is_crowded = True
    await bench.start()
    await bench.until_looked()
    assert [] == bench.noted
    bench.is_crowded = False
    await bench.look(Readable())

    assert 1 == len(bench.noted)
    await bench.stop()

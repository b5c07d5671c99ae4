"""Who opens a session is looked back at: once, if allowed, and what is found is recorded."""

import asyncio
import itertools
from contextlib import AsyncExitStack

from decnet_actors.domain.facts import Fact, SessionOpened
from decnet_actors.domain.findings import AttackerFingerprinted
from decnet_actors.domain.records import Entry, Record
from decnet_actors.sensors.prober import MAX_WAITING, Prober
from decnet_actors.sensors.prober_guard import Guard
from decnet_actors.sensors.prober_settings import ProberSettings
from supervisors.bus import Bus
from supervisors.testing import ManualClock, launch
from tests.decnet_actors.sensors.servers import LOOPBACK, context, saying, serving, silent
from tests.decnet_actors.wire.test_ssh_kex import NAMES, kexinit, packet

SSH = b"SSH-2.0-dropbear\r\n" + packet(kexinit(NAMES))


class World:
    """A prober, the bus it hears, and what it records."""

    def __init__(self, permitted=(LOOPBACK,), **settings) -> None:
        self.clock = ManualClock()
        numbers = itertools.count(1)
        self.bus = Bus(clock=self.clock, host="local", new_id=lambda: f"{next(numbers):032x}")
        made = ProberSettings(**{"enabled": True, "source": (LOOPBACK,), "ssh_ports": (), "tls_ports": (), **settings})
        self.noted: asyncio.Queue[Fact] = asyncio.Queue()
        guard = Guard(made, lambda: ("93.184.216.34",), permitted=permitted)
        self.prober = Prober(self.bus, guard, made, self.noted.put_nowait)
        self._seq = itertools.count(1)

    async def start(self) -> None:
        launch(self.prober, "prober", clock=self.clock)
        await self.prober.started

    def open(self, *sources: str) -> None:
        for source in sources:
            seq = next(self._seq)
            record = Record(
                id=f"event-{seq}",
                time=1.0,
                host="local",
                decky="web-01",
                service="ssh",
                session=f"s{seq}",
                source=source,
                fact=SessionOpened(local_address="10.0.0.1", local_port=22),
            )
            self.bus.publish(record.topic, Entry(seq=seq, record=record), seq=seq, id=record.id, ts=record.time)

    async def told(self) -> AttackerFingerprinted:
        async with asyncio.timeout(5):
            fact = await self.noted.get()

        assert isinstance(fact, AttackerFingerprinted)
        return fact

    async def stop(self) -> None:
        self.prober.kill()
        await asyncio.sleep(0)


async def test_who_attacks_is_looked_at_port_by_port(tmp_path):
    tls, _ = context(tmp_path)
    async with AsyncExitStack() as stack:
        closed = await AsyncExitStack().enter_async_context(serving(silent))
        ssh = await stack.enter_async_context(serving(saying(SSH)))
        web = await stack.enter_async_context(serving(silent, tls))
        world = World(ssh_ports=(closed, ssh), tls_ports=(ssh, web), timeout=0.3)
        await world.start()
        world.open(LOOPBACK)
        found = [await world.told() for _ in range(3)]

        assert [(ssh, "hassh_server"), (web, "jarm"), (web, "tls_certificate")] == [
            (one.port, one.probe) for one in found
        ]
        assert ("f11a6ec21e8fff5d713875f514f3bac9", "SSH-2.0-dropbear") == (
            found[0].value,
            dict(found[0].details)["version"],
        )
        await world.stop()


async def test_an_address_is_left_alone_for_a_day_and_may_say_something_else_then():
    said = [SSH, SSH.replace(b"dropbear", b"OpenSSH")]
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        writer.write(said[connections - 1])
        await silent(reader, writer)

    async with serving(serve) as port:
        world = World(ssh_ports=(port,))
        await world.start()
        world.open(LOOPBACK, LOOPBACK)
        first = await world.told()
        world.open(LOOPBACK)
        world.clock.advance(86_400.0)
        world.open(LOOPBACK)
        second = await world.told()

        assert 2 == connections
        assert ["SSH-2.0-dropbear", "SSH-2.0-OpenSSH"] == [dict(one.details)["version"] for one in (first, second)]
        await world.stop()


async def test_who_may_not_be_looked_at_is_not_even_connected_to():
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        await silent(reader, writer)

    async with serving(serve) as port:
        world = World(permitted=(), ssh_ports=(port,))
        await world.start()
        world.open(LOOPBACK, "", "10.0.0.1", "93.184.216.34")
        for _ in range(20):
            await asyncio.sleep(0)

        assert 0 == connections
        await world.stop()


async def test_only_so_many_wait():
    async with serving(silent) as port:
        world = World(
            permitted=(LOOPBACK, *(f"127.0.1.{number}" for number in range(250))),
            ssh_ports=(port,),
            at_once=1,
            per_minute=1000,
            timeout=60.0,
        )
        await world.start()
        world.open(LOOPBACK, *(f"127.0.1.{number}" for number in range(250)))
        for _ in range(2000):
            await asyncio.sleep(0)

        assert MAX_WAITING == len(world.prober._waiting)
        await world.stop()

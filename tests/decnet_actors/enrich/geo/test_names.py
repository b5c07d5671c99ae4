"""Names are asked for a few at a time, each once in a while, and nobody is waited for long."""

import asyncio
import itertools
import struct
from contextlib import asynccontextmanager

import pytest

from decnet_actors.enrich.geo.names import LEAST, SILENCE, ReverseNames, resolver
from decnet_actors.enrich.geo.settings import PtrSettings
from supervisors.testing import ManualClock
from tests.decnet_actors.enrich.geo.test_dns import NAME, record

HOME = "127.0.0.1"


class Resolver(asyncio.DatagramProtocol):
    """A server that answers what it is told to, when it is told to."""

    def __init__(self):
        self.asked = []
        self.mute = False
        self.lie = False
        self.heard = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.asked.append((data, addr))
        self.heard.set()
        if not self.mute:
            self.answer(data, addr)

    def answer(self, data, addr):
        if self.lie:
            self.transport.sendto(b"\0\0" + data[2:], addr)
            self.transport.sendto(b"nonsense", addr)
        head = data[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
        self.transport.sendto(head + data[12:] + record(NAME, ttl=1), addr)

    async def until(self, count):
        async with asyncio.timeout(5):
            while len(self.asked) < count:
                self.heard.clear()
                await self.heard.wait()


@asynccontextmanager
async def serving(**options):
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(Resolver, local_addr=(HOME, 0))
    settings = PtrSettings(enabled=True, port=transport.get_extra_info("sockname")[1], **options)
    clock = ManualClock()
    try:
        yield ReverseNames(HOME, settings, clock, itertools.count(7).__next__), server, clock
    finally:
        transport.close()


async def test_a_name_is_asked_for_once_until_its_time_is_over():
    async with serving() as (names, server, clock):
        assert "host.example.net" == await names.name("192.0.2.7")
        assert "host.example.net" == await names.name("::ffff:192.0.2.7")
        clock.advance(LEAST)  # a second is what its owner says
        assert "host.example.net" == await names.name("192.0.2.7")

    assert 2 == len(server.asked)
    assert len({addr for _, addr in server.asked}) == 2  # each from a port of its own


async def test_lies_and_nonsense_are_not_taken_for_the_answer():
    async with serving() as (names, server, _):
        server.lie = True

        assert "host.example.net" == await names.name("2001:db8::1")


async def test_who_says_nothing_is_not_waited_for_and_not_asked_again_at_once():
    async with serving(timeout=0.05) as (names, server, clock):
        server.mute = True
        assert await names.name("192.0.2.7") is None
        assert await names.name("192.0.2.7") is None
        assert 1 == len(server.asked)
        server.mute = False
        clock.advance(SILENCE)
        assert "host.example.net" == await names.name("192.0.2.7")


async def test_only_so_many_are_asked_about_at_once_and_each_by_one_question():
    async with serving(at_once=2) as (names, server, _):
        server.mute = True
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(names.name(f"192.0.2.{n}")) for n in (1, 1, 2, 3)]
            await server.until(2)
            assert 2 == len(server.asked)
            server.mute = False
            for data, addr in list(server.asked):
                server.answer(data, addr)

    assert ["host.example.net"] * 4 == [task.result() for task in asking]
    assert 3 == len(server.asked)


@pytest.mark.parametrize(
    "address", ["", "x", "127.0.0.1", "::1", "fe80::1%eth0", "169.254.1.1", "224.0.0.1", "0.0.0.0"]
)
async def test_nobody_is_asked_about_addresses_without_a_name(address):
    async with serving() as (names, server, _):
        assert await names.name(address) is None

    assert [] == server.asked


async def test_a_resolver_that_cannot_be_reached_has_no_names():
    names = ReverseNames(HOME, PtrSettings(enabled=True, port=1, timeout=0.05), ManualClock(), lambda: 1)

    assert await names.name("192.0.2.7") is None


def test_the_resolver_is_the_first_of_the_system(tmp_path):
    conf = tmp_path / "resolv.conf"
    conf.write_text(
        "# nameserver 192.0.2.1\nsearch x\nnameserver nonsense\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n"
    )

    assert "192.0.2.53" == resolver(conf)
    assert resolver(tmp_path / "none") is None

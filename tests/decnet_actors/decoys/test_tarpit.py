"""A tarpit slows what is sent and nothing else."""

import asyncio

import pytest

from decnet_actors.contracts.decoy import HangUp, Note, Send
from decnet_actors.contracts.fleet import Limits, Tarpit
from decnet_actors.decoys import doorkeeper
from decnet_actors.decoys.tarpit import HIGH, LOOK, STEP, Tarpits
from decnet_actors.domain.facts import CloseReason, CommandSeen, LimitReached, SessionClosed, SessionOpened
from tests.decnet_actors.decoys.test_doorkeeper import Library, Service, scripted
from tests.hosting import Hosted, hosted

PING = scripted(ping=[Note(CommandSeen(verb="PING")), Send(b"pong")], bye=[Send(b"0123456789"), HangUp()])


async def ticks(host: Hosted, seconds: float) -> None:
    """Let time pass as the door's timer would."""
    for _ in range(round(seconds / STEP)):
        await host.pass_time(STEP)


async def arrived(reader: asyncio.StreamReader, size: int) -> bytes:
    async with asyncio.timeout(5):
        return await reader.readexactly(size)


async def nothing_more(reader: asyncio.StreamReader) -> bool:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await reader.read(1)
    return True


async def test_a_reply_waits_and_then_comes_in_pieces_while_its_fact_is_there_at_once() -> None:
    async with hosted(PING, tarpits=Tarpits([Tarpit(delay=2.0, rate=8)])) as host:
        reader, writer = await host.connect()
        writer.write(b"ping\n")
        await host.until_facts(CommandSeen)
        await ticks(host, 1.75)
        assert await nothing_more(reader)
        await ticks(host, STEP)
        assert await arrived(reader, 2) == b"po"
        assert await nothing_more(reader)
        await ticks(host, STEP)

        assert await arrived(reader, 2) == b"ng"
        writer.close()


async def test_what_comes_while_a_reply_waits_is_recorded_at_once() -> None:
    async with hosted(PING, tarpits=Tarpits([Tarpit(delay=300.0)])) as host:
        reader, writer = await host.connect()
        writer.write(b"ping\n" * 3)
        await host.until_facts(CommandSeen, 3)
        writer.write(b"ping\n")

        await host.until_facts(CommandSeen, 4)
        assert await nothing_more(reader)
        writer.close()


async def test_a_tarpit_is_put_on_and_taken_off_connections_that_are_open() -> None:
    tarpits = Tarpits()
    async with hosted(PING, tarpits=tarpits) as host:
        reader, writer = await host.connect()
        writer.write(b"ping\n")
        assert await arrived(reader, 4) == b"pong"
        tarpits.set([Tarpit(delay=300.0)])
        writer.write(b"ping\n")
        await host.until_facts(CommandSeen, 2)
        assert await nothing_more(reader)
        tarpits.set(())
        await host.pass_time(LOOK)

        assert await arrived(reader, 4) == b"pong"
        writer.write(b"ping\n")
        assert await arrived(reader, 4) == b"pong"
        assert [] == host.journal.of(SessionClosed)
        writer.close()


def test_a_service_has_its_own_tarpit_or_that_of_its_decky() -> None:
    all_of_it, own = Tarpit(delay=1.0), Tarpit(service="ssh", rate=5)
    tarpits = Tarpits([all_of_it, own])

    assert (own, all_of_it) == (tarpits.of("ssh"), tarpits.of("http"))
    assert Tarpits([own]).of("http") is None


async def test_a_decoy_that_hangs_up_does_so_after_its_last_byte() -> None:
    async with hosted(PING, tarpits=Tarpits([Tarpit(rate=20)])) as host:
        reader, writer = await host.connect()
        writer.write(b"bye\n")
        await host.until(lambda: host.door.connections and next(iter(host.door.connections)).closing_since)
        await ticks(host, STEP)
        assert await arrived(reader, 5) == b"01234"
        assert await nothing_more(reader)
        await ticks(host, STEP)

        assert await reader.read() == b"56789"
        writer.close()
        closed = (await host.until_facts(SessionClosed))[0]
        assert (CloseReason.DECOY, 10) == (closed.reason, closed.bytes_out)


async def test_a_hosted_library_is_slowed_like_our_own_services() -> None:
    async with hosted(Service(Library), tarpits=Tarpits([Tarpit(delay=1.0, rate=12)])) as host:
        reader, writer = await host.connect()
        writer.write(b"hello\n")
        await host.until(lambda: host.door.connections and next(iter(host.door.connections)).closing_since)
        assert await nothing_more(reader)
        await ticks(host, 1.0)
        assert await arrived(reader, 3) == b"don"
        await ticks(host, STEP)

        assert await reader.read() == b"e\n"
        writer.close()


async def test_what_waits_is_bounded_and_neither_idle_nor_stalled() -> None:
    flood = scripted(more=[Send(b"x" * HIGH)], ping=[Note(CommandSeen(verb="PING"))])
    limits = Limits(idle=5.0, stall=5.0, unsent_bytes=4 * HIGH)
    async with hosted(flood, limits=limits, tarpits=Tarpits([Tarpit(rate=400)])) as host:
        reader, writer = await host.connect()
        writer.write(b"more\nmore\n")
        await host.until(lambda: host.door.connections and next(iter(host.door.connections)).stalled_since)
        writer.write(b"ping\n")
        await ticks(host, 20.0)

        assert await arrived(reader, 100 * 79) == b"x" * 7900
        assert [] == host.journal.of(SessionClosed)
        assert [] == host.journal.of(CommandSeen)  # left in the kernel until there is room
        await ticks(host, 75.0)
        await host.until_facts(CommandSeen)
        writer.close()


async def test_a_library_that_writes_without_end_is_ended() -> None:
    class Endless(Library):
        def data_received(self, data: bytes) -> None:
            for _ in range(20):
                self.transport.write(b"x" * HIGH)

    limits = Limits(unsent_bytes=4 * HIGH)
    async with hosted(Service(Endless), limits=limits, tarpits=Tarpits([Tarpit(rate=1)])) as host:
        _reader, writer = await host.connect()
        writer.write(b"go\n")

        assert "unsent_bytes" == (await host.until_facts(LimitReached))[0].limit
        writer.close()


async def test_nothing_waits_for_ever_for_a_peer_that_left() -> None:
    async with hosted(PING, tarpits=Tarpits([Tarpit(delay=300.0)])) as host:
        _reader, writer = await host.connect()
        writer.write(b"ping\n")
        await host.until_facts(CommandSeen)
        writer.transport.abort()
        await host.until(lambda: host.door.connections and next(iter(host.door.connections)).closing_since)
        await ticks(host, Limits().stall + 2 * LOOK)

        await host.until_facts(SessionClosed)
        assert not host.door._outflows._due


async def test_only_so_many_may_wait_at_one_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "MAX_CONNECTIONS", 2)
    async with hosted(PING, tarpits=Tarpits([Tarpit(rate=1)])) as host:
        kept = [await host.connect() for _ in range(2)]
        await host.until_facts(SessionOpened, 2)
        refused, writer = await host.connect()
        assert b"" == await _end(refused)

        assert [("tarpit_connections", 2)] == [(fact.limit, fact.value) for fact in host.journal.of(LimitReached)]
        for _, one in [*kept, (refused, writer)]:
            one.close()


async def _end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("wrong", [{}, {"delay": -1.0}, {"delay": 301.0}, {"rate": -1}, {"rate": 2_000_000}])
def test_a_tarpit_slows_something_within_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"delay|rate"):
        Tarpit(**wrong)  # type: ignore[arg-type]  # what is wrong is the test

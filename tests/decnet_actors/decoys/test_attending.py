"""Tests of work that is done beside a session: it wakes the session, holds its peer up, and ends before it."""

import asyncio
from collections.abc import Callable

from decnet_actors.contracts.decoy import Attend, HangUp, Heed, Note, Send
from decnet_actors.domain.facts import ProtocolViolated, SessionClosed, SessionCrashed
from tests.decnet_actors.decoys.test_doorkeeper import Service
from tests.hosting import hosted

WITHIN = 5.0  # seconds


class Attending:
    """A session beside which something is done that a test decides about."""

    def __init__(self) -> None:
        self.ready: Callable[[], None] = lambda: None
        self.begun, self.finish, self.ended_work = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.broken = False
        self.effects: list[object] = []
        self.heard = b""
        self.closed_after_work = False

    async def work(self, ready):
        self.ready = ready
        self.begun.set()
        try:
            await self.finish.wait()
            if self.broken:
                raise ValueError("ours")
        finally:
            await asyncio.sleep(0)  # what it tidies up takes a while
            self.ended_work.set()

    def opened(self, now):
        return [Attend(self.work)]

    def received(self, data, now):
        self.heard += data
        return [Heed(peer=False)]

    def ended(self, now):
        return [HangUp()]

    def tick(self, now):
        effects, self.effects = self.effects, []
        return effects

    def closed(self, now):
        self.closed_after_work = self.ended_work.is_set()
        return [Note(ProtocolViolated(detail="last"))]


def attending():
    session = Attending()
    return session, hosted(Service(lambda log: session))


async def test_what_it_has_is_taken_at_once():
    session, hosting = attending()
    async with hosting as host:
        reader, writer = await host.connect()
        await session.begun.wait()
        session.effects = [Send(b"printed\n")]
        session.ready()

        async with asyncio.timeout(WITHIN):
            assert await reader.readline() == b"printed\n"
        writer.close()
        await host.until_facts(SessionClosed)


async def test_its_peer_waits_until_there_is_room():
    session, hosting = attending()
    async with hosting as host:
        _, writer = await host.connect()
        await session.begun.wait()
        writer.write(b"one")
        async with asyncio.timeout(WITHIN):
            while not session.heard:
                await asyncio.sleep(0)
        writer.write(b"two")
        await writer.drain()
        for _ in range(100):
            await asyncio.sleep(0)
        assert session.heard == b"one"

        session.effects = [Heed(peer=True)]
        session.ready()
        async with asyncio.timeout(WITHIN):
            while session.heard != b"onetwo":
                await asyncio.sleep(0)
        writer.close()
        session.effects = [Heed(peer=True)]
        session.ready()
        await host.until_facts(SessionClosed)


async def test_it_is_over_before_the_session_is_and_the_last_facts_are_kept():
    session, hosting = attending()
    async with hosting as host:
        _, writer = await host.connect()
        await session.begun.wait()
        writer.close()
        await host.until_facts(SessionClosed)

        assert session.closed_after_work
        assert [ProtocolViolated, SessionClosed] == [type(fact) for fact in host.journal.facts][-2:]


async def test_a_failure_of_ours_in_it_ends_this_session_alone():
    session, hosting = attending()
    async with hosting as host:
        reader, writer = await host.connect()
        await session.begun.wait()
        session.broken = True
        session.finish.set()

        async with asyncio.timeout(WITHIN):
            assert await reader.read() == b""
        (crashed,) = await host.until_facts(SessionCrashed)
        assert crashed.error.startswith("ValueError at test_attending.py")
        writer.close()
        await host.until_facts(SessionClosed)

"""Conversations in datagrams behind their door, with real sockets on loopback."""

import asyncio
import contextlib
import socket

import pytest

from decnet_actors.contracts.decoy import HangUp, Note, OwnPort, Send, WakeAt
from decnet_actors.contracts.fleet import Limits
from decnet_actors.domain.facts import (
    CloseReason,
    CommandSeen,
    LimitReached,
    SessionClosed,
    SessionCrashed,
    SessionOpened,
)
from tests.hosting import bound, hosted


class Scripted:
    """Answers as it is told: datagram -> effects."""

    def __init__(self, **answers):
        self.answers = answers

    async def open(self):
        pass

    async def aclose(self):
        pass

    def converse(self, session, peer):
        return Speaker(self.answers, session, peer)


class Speaker:
    def __init__(self, answers, session, peer):
        self.answers = answers

    def received(self, data, now):
        if data == b"crash":
            raise ValueError(data)
        if data == b"wake":
            return [WakeAt(now + 5)]
        return self.answers.get(data.decode(), [])

    def tick(self, now):
        return [Send(b"tick"), HangUp()]

    def closed(self, now):
        return [Note(CommandSeen(verb="LAST"))]

    def take_artifacts(self):
        return ()


class Peer:
    """A socket of somebody's."""

    def __init__(self, served):
        self.socket = bound()
        self.socket.setblocking(False)
        self.address = served.address

    def say(self, data, to=None):
        self.socket.sendto(data, to or self.address)

    async def hear(self):
        async with asyncio.timeout(5):
            return await asyncio.get_running_loop().sock_recvfrom(self.socket, 2048)

    async def hears_nothing(self):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await asyncio.get_running_loop().sock_recvfrom(self.socket, 2048)


@contextlib.asynccontextmanager
async def talking(limits=None, **answers):
    async with hosted(Scripted(**answers), limits=limits, name="tftp") as served:
        peer = Peer(served)
        with peer.socket:
            yield served, peer


async def test_conversation_is_a_session_with_a_beginning_and_an_end():
    async with talking(hi=[Send(b"ho")], bye=[Send(b"bye"), HangUp()]) as (served, peer):
        peer.say(b"hi")

        assert (b"ho", served.address) == await peer.hear()

        peer.say(b"bye")
        await peer.hear()
        (closed,) = await served.until_facts(SessionClosed)
        records = served.journal.records

        assert (CloseReason.DECOY, 5, 5) == (closed.reason, closed.bytes_in, closed.bytes_out)
        assert ["SessionOpened", "CommandSeen", "SessionClosed"] == [type(one.fact).__name__ for one in records]
        assert {peer.socket.getsockname()[1]} == {one.source_port for one in records}
        assert 1 == len({one.session for one in records})


async def test_reply_waits_until_what_it_follows_is_durable():
    asked = [Note(CommandSeen(verb="GET")), OwnPort(), Send(b"ok")]
    async with talking(get=asked) as (served, peer):
        served.journal.held = True
        peer.say(b"get")
        await served.until_facts(CommandSeen)
        await peer.hears_nothing()
        served.journal.commit()

        assert b"ok" == (await peer.hear())[0]


async def test_own_port_hears_its_peer_only_and_frees_the_first():
    async with talking(move=[OwnPort(), Send(b"here")], hi=[Send(b"ho")]) as (served, peer):
        peer.say(b"move")
        _, own = await peer.hear()

        assert own != served.address

        with bound() as stranger:
            stranger.sendto(b"hi", own)
        peer.say(b"hi", to=own)

        assert (b"ho", own) == await peer.hear()

        peer.say(b"hi")

        assert (b"ho", served.address) == await peer.hear()
        assert 2 == len(served.journal.of(SessionOpened))


async def test_stranger_gets_three_times_what_came_and_one_who_has_answered_gets_all():
    big = [Send(b"x" * 500)]
    async with talking(Limits(unproven_bytes=0), move=[OwnPort(), Send(b"y" * 12)], big=big) as (served, peer):
        peer.say(b"big")
        (limit,) = await served.until_facts(LimitReached)

        assert ("unproven_bytes", 0) == (limit.limit, limit.value)

        await peer.hears_nothing()
        peer.say(b"move")  # the source has sent seven bytes by now: 21 may go there
        data, own = await peer.hear()

        assert b"y" * 12 == data

        peer.say(b"big", to=own)

        assert 500 == len((await peer.hear())[0])


async def test_conversations_of_one_source_are_counted():
    async with talking(Limits(connections_per_source=1), hi=[Send(b"ho")]) as (served, peer):
        peer.say(b"hi")
        await peer.hear()
        with bound() as other:
            other.sendto(b"hi", served.address)
            (limit,) = await served.until_facts(LimitReached)

        assert ("connections_per_source", 1) == (limit.limit, limit.value)
        assert 1 == len(served.door.connections)


async def test_ports_are_counted_with_second_connections():
    async with talking(Limits(data_connections=1), move=[OwnPort(), Send(b"here")]) as (served, peer):
        peer.say(b"move")
        await peer.hear()
        peer.say(b"move")
        (closed,) = await served.until_facts(SessionClosed)

        assert CloseReason.LIMIT is closed.reason
        assert ["data_connections"] == [one.limit for one in served.journal.of(LimitReached)]


async def test_crash_of_one_conversation_is_its_own():
    async with talking(hi=[Send(b"ho")]) as (served, peer):
        peer.say(b"crash")
        (crashed,) = await served.until_facts(SessionCrashed)
        peer.say(b"hi")

        assert b"ho" == (await peer.hear())[0]
        assert crashed.error.startswith("ValueError at test_talk.py")


async def test_time_is_told_and_silence_ends():
    async with talking(Limits(idle=10.0), hi=[Send(b"ho")]) as (served, peer):
        peer.say(b"wake")
        await served.until_facts(SessionOpened)
        await served.pass_time(6)

        assert b"tick" == (await peer.hear())[0]

        peer.say(b"hi")
        await peer.hear()
        await served.pass_time(11)
        reasons = [one.reason for one in await served.until_facts(SessionClosed, 2)]

        assert [CloseReason.DECOY, CloseReason.IDLE] == reasons


async def test_nothing_is_taken_while_the_journal_has_no_room():
    async with talking(hi=[Send(b"ho")]) as (served, peer):
        peer.say(b"hi")
        await peer.hear()
        served.journal.crowded = True
        with bound() as other:
            other.sendto(b"hi", served.address)
        served.door.note(CommandSeen(verb="X"))
        served.door.crowded = True
        peer.say(b"hi")
        await peer.hears_nothing()

        assert 1 == len(served.journal.of(SessionOpened))


async def test_shutdown_ends_conversations_and_closes_every_port():
    async with talking(move=[OwnPort(), Send(b"here")]) as (served, peer):
        peer.say(b"move")
        _, own = await peer.hear()
        served.door.close()

        assert [CloseReason.SHUTDOWN] == [one.reason for one in served.journal.of(SessionClosed)]

        await asyncio.sleep(0)
        for port in (own[1], served.address[1]):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
                free.bind(("127.0.0.1", port))

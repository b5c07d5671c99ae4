"""Tests of the door of a service, with real sockets, a journal in memory and a clock that stands still."""

import asyncio
import contextlib
import math
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from attrs import define, field

from decnet_actors.conformance.fakes import FakeJournal
from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send, SessionLog, WakeAt
from decnet_actors.contracts.fleet import Limits
from decnet_actors.domain.facts import (
    CloseReason,
    CommandSeen,
    CredentialSeen,
    Direction,
    FileCaptured,
    LimitReached,
    ProtocolViolated,
    SessionClosed,
    SessionCrashed,
    SessionOpened,
)
from tests.hosting import hosted

Table = dict[str, Sequence[Effect]]

ATTEMPT = CredentialSeen(user="root", secret=b"toor")


@define
class Scripted:
    """A session that answers each line by the effects of a table."""

    table: dict[bytes, Sequence[Effect]]
    greeting: Sequence[Effect] = ()
    at_eof: Sequence[Effect] = (HangUp(),)
    at_close: Sequence[Effect] = ()
    artifacts: list[bytes] = field(factory=list)
    ticks: list[float] = field(factory=list)
    _rest: bytes = b""

    def opened(self, now):
        return self.greeting

    def received(self, data, now):
        *lines, self._rest = (self._rest + data).split(b"\n")
        effects: list[Effect] = []
        for line in lines:
            if line == b"boom":
                raise ValueError(line)
            effects += self.table[line]
        return effects

    def ended(self, now):
        return self.at_eof

    def tick(self, now):
        self.ticks.append(now)
        return [Send(b"tick\n")]

    def closed(self, now):
        return self.at_close

    def take_artifacts(self):
        taken, self.artifacts = self.artifacts, []
        return taken


class Service:
    """A service whose sessions are made by a function."""

    def __init__(self, make: Callable[[SessionLog], Any]) -> None:
        self.make = make
        self.sessions: list[Any] = []

    async def open(self):
        pass

    def connect(self, log):
        session = self.make(log)
        self.sessions.append(session)
        return session

    async def aclose(self):
        pass


def scripted(**table: Sequence[Effect]) -> Service:
    return Service(lambda log: Scripted({name.encode(): effects for name, effects in table.items()}))


async def test_session_is_recorded_from_first_to_last_byte():
    async with hosted(scripted(ask=[Note(ATTEMPT), Send(b"no\n"), HangUp()])) as host:
        answer = await host.exchange(b"ask\n")
        closed = await host.until_facts(SessionClosed)

        assert answer == b"no\n"
        records = host.journal.records
        assert [SessionOpened, CredentialSeen, SessionClosed] == [type(record.fact) for record in records]
        assert closed == [SessionClosed(reason=CloseReason.DECOY, duration=0.0, bytes_in=4, bytes_out=3)]
        assert len({record.session for record in records}) == 1
        assert len({record.id for record in records}) == 3
        opened = records[0]
        assert ("host-1", "web-01", "redis", "127.0.0.1") == (opened.host, opened.decky, opened.service, opened.source)
        assert SessionOpened(local_address="127.0.0.1", local_port=host.address[1]) == opened.fact


async def test_reply_waits_until_its_fact_is_durable():
    async with hosted(
        scripted(ask=[Send(b"before\n"), Note(ATTEMPT), Send(b"after\n")]), journal=FakeJournal(held=True)
    ) as host:
        reader, writer = await host.connect()
        writer.write(b"ask\n")

        assert await reader.readline() == b"before\n"
        await host.until_facts(CredentialSeen)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.readline()
        host.journal.commit()
        assert await reader.readline() == b"after\n"
        writer.close()


async def test_reply_without_a_barrier_does_not_wait():
    table: Table = {"ask": [Note(ProtocolViolated(detail="x")), Send(b"at once\n")]}
    async with hosted(scripted(**table), journal=FakeJournal(held=True)) as host:
        assert await host.exchange(b"ask\n", until=b"\n") == b"at once\n"


async def test_barrier_without_a_reply_holds_the_next_reply():
    table: Table = {"quiet": [Note(ATTEMPT)], "ask": [Send(b"late\n")]}
    async with hosted(scripted(**table), journal=FakeJournal(held=True)) as host:
        reader, writer = await host.connect()
        writer.write(b"quiet\n")
        await host.until_facts(CredentialSeen)
        writer.write(b"ask\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.readline()
        host.journal.commit()

        assert await reader.readline() == b"late\n"
        writer.close()


async def test_replies_are_released_in_the_order_of_their_facts():
    table: Table = {"a": [Note(ATTEMPT), Send(b"a\n")], "b": [Note(ATTEMPT), Send(b"b\n")]}
    async with hosted(scripted(**table), journal=FakeJournal(held=True)) as host:
        first, second = await host.connect(), await host.connect()
        first[1].write(b"a\n")
        await host.until_facts(CredentialSeen, 1)
        second[1].write(b"b\n")
        await host.until_facts(CredentialSeen, 2)
        number = [type(record.fact) for record in host.journal.records].index(CredentialSeen) + 1
        host.journal.commit(number)

        assert await first[0].readline() == b"a\n"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await second[0].readline()
        host.journal.commit()
        assert await second[0].readline() == b"b\n"
        first[1].close()
        second[1].close()


async def test_what_comes_while_replies_wait_is_held_and_served_in_order():
    table: Table = {"ask": [Note(ATTEMPT), Send(b"1\n")], "more": [Send(b"2\n")], "end": [Send(b"3\n"), HangUp()]}
    async with hosted(scripted(**table), journal=FakeJournal(held=True)) as host:
        reader, writer = await host.connect()
        writer.write(b"ask\n")
        await host.until_facts(CredentialSeen)
        connection = next(iter(host.door.connections))
        writer.write(b"more\nend\n")
        await host.until(lambda: connection.bytes_in == 13)
        host.journal.commit()

        assert await reader.read() == b"1\n2\n3\n"
        writer.close()


async def test_flood_while_replies_wait_is_left_in_the_kernel():
    async with hosted(scripted(ask=[Note(ATTEMPT), Send(b"1\n")]), journal=FakeJournal(held=True)) as host:
        _reader, writer = await host.connect()
        writer.write(b"ask\n")
        await host.until_facts(CredentialSeen)
        connection = next(iter(host.door.connections))
        writer.write(b"x" * 8_000_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await writer.drain()

        assert connection.bytes_in <= 300_000
        writer.transport.abort()


async def test_long_input_is_served_in_turns():
    class Counting(Scripted):
        sizes: list[int] = []  # noqa: RUF012  of this one test

        def received(self, data, now):
            self.sizes.append(len(data))
            return [Send(b"x")] if sum(self.sizes) < 200_000 else [Send(b"end\n")]

    async with hosted(Service(lambda log: Counting({}))) as host:
        reader, writer = await host.connect()
        writer.write(b"y" * 200_000)
        answer = await reader.readuntil(b"end\n")

        assert max(Counting.sizes) <= 16 * 1024
        assert sum(Counting.sizes) == 200_000
        assert len(answer) == len(Counting.sizes) + 3
        writer.close()


async def test_half_close_is_told_after_everything_that_came_before():
    table: Table = {"ask": [Note(ATTEMPT), Send(b"1\n")]}
    async with hosted(scripted(**table), journal=FakeJournal(held=True)) as host:
        reader, writer = await host.connect()
        writer.write(b"ask\n")
        writer.write_eof()
        await host.until_facts(CredentialSeen)
        host.journal.commit()

        assert await reader.read() == b"1\n"
        writer.close()


async def test_crash_of_a_session_is_a_fact_and_closes_only_that_session():
    async with hosted(scripted(ping=[Send(b"pong\n")])) as host:
        reader, writer = await host.connect()
        answer = await host.exchange(b"boom\n")
        crashed = await host.until_facts(SessionCrashed)

        assert answer == b""
        assert "ValueError" in crashed[0].error
        assert "boom" not in crashed[0].error
        writer.write(b"ping\n")
        assert await reader.readline() == b"pong\n"
        writer.close()


async def test_crash_while_connecting_is_a_fact():
    def refuse(log):
        raise KeyError(log.id)

    async with hosted(Service(refuse)) as host:
        assert await host.exchange(b"") == b""
        assert len(await host.until_facts(SessionCrashed)) == 1
        assert (await host.until_facts(SessionClosed))[0].reason == CloseReason.CRASH


async def test_last_facts_of_a_session_come_before_its_end():
    seen = ProtocolViolated(detail="last words")
    async with hosted(Service(lambda log: Scripted({}, at_close=[Note(seen), Send(b"nobody reads this")]))) as host:
        _, writer = await host.connect()
        await host.until_facts(SessionOpened)
        writer.close()
        await host.until_facts(SessionClosed)

        assert [SessionOpened, ProtocolViolated, SessionClosed] == [type(fact) for fact in host.journal.facts]


async def test_wake_up_comes_at_its_time_and_once():
    service = Service(lambda log: Scripted({}, greeting=[WakeAt(log.now() + 3), Send(b"hi\n")]))
    async with hosted(service) as host:
        reader, writer = await host.connect()
        await reader.readline()
        session = service.sessions[0]
        await host.pass_time(2.9)
        assert session.ticks == []
        await host.pass_time(0.2)
        await host.pass_time(5)

        assert len(session.ticks) == 1
        assert await reader.readline() == b"tick\n"
        writer.close()


async def test_later_wake_up_replaces_the_earlier_one_and_inf_cancels():
    table: Table = {"later": [WakeAt(math.inf)], "ok": [Send(b"ok\n")]}
    service = Service(
        lambda log: Scripted(
            {name.encode(): effects for name, effects in table.items()}, greeting=[WakeAt(log.now() + 3)]
        )
    )
    async with hosted(service) as host:
        reader, writer = await host.connect()
        writer.write(b"later\nok\n")
        await reader.readline()
        await host.pass_time(10)

        assert service.sessions[0].ticks == []
        assert host.door._wakes == []
        writer.close()


async def test_many_wake_ups_of_gone_sessions_leave_no_trace():
    service = Service(lambda log: Scripted({}, greeting=[WakeAt(log.now() + 3600), HangUp()]))
    async with hosted(service) as host:
        for _ in range(3):
            for _ in range(500):
                await host.exchange(b"")
        await host.until(lambda: not host.door.connections)

        assert len(host.door._wakes) <= 1100


async def test_idle_session_is_ended():
    async with hosted(scripted(), limits=Limits(idle=5.0)) as host:
        reader, writer = await host.connect()
        await host.until_facts(SessionOpened)
        await host.pass_time(4)
        assert len(host.door.connections) == 1
        await host.pass_time(2)

        assert await reader.read() == b""
        assert (await host.until_facts(SessionClosed))[0].reason == CloseReason.IDLE
        writer.close()


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(session_bytes=10), "session_bytes"),
        (Limits(session_time=3.0), "session_time"),
        (Limits(unsent_bytes=100_000), "unsent_bytes"),
        (Limits(stall=2.0, unsent_bytes=1 << 40), "stall"),
    ],
)
async def test_limit_ends_the_session_and_is_recorded(limits, name):
    async with hosted(scripted(ask=[Send(b"x" * 30_000_000)], **{"": []}), limits=limits) as host:
        _reader, writer = await host.connect()
        cast("asyncio.Transport", writer.transport).pause_reading()
        if name != "session_time":
            writer.write(b"\n" * 11 if name == "session_bytes" else b"ask\n")
        await host.until_facts(SessionOpened)
        await host.until(
            lambda: (
                host.journal.of(LimitReached)
                or next(iter(host.door.connections)).stalled_since
                or name == "session_time"
            )
        )
        await host.pass_time(4)
        closed = await host.until_facts(SessionClosed)

        assert [fact.limit for fact in host.journal.of(LimitReached)] == [name]
        assert closed[0].reason == CloseReason.LIMIT
        writer.transport.abort()


@pytest.mark.parametrize(
    ("limits", "name"),
    [(Limits(connections=2), "connections"), (Limits(connections_per_source=2), "connections_per_source")],
)
async def test_connections_over_the_limit_are_refused_and_said_once(limits, name):
    async with hosted(scripted(ping=[Send(b"pong\n")]), limits=limits) as host:
        held = [await host.connect() for _ in range(2)]
        await host.until_facts(SessionOpened, 2)
        for _ in range(5):
            with contextlib.suppress(ConnectionResetError):
                assert await host.exchange(b"ping\n") == b""

        assert [fact.limit for fact in host.journal.of(LimitReached)] == [name]
        assert len(host.journal.of(SessionOpened)) == 2
        held[0][1].write(b"ping\n")
        assert await held[0][0].readline() == b"pong\n"
        held[0][1].close()
        await host.until_facts(SessionClosed)
        assert await host.exchange(b"ping\n", until=b"\n") == b"pong\n"
        held[1][1].close()


async def test_crowded_journal_stops_readers_and_newcomers_until_there_is_room():
    journal = FakeJournal()
    async with hosted(scripted(ask=[Note(ATTEMPT), Send(b"ok\n")]), journal=journal) as host:
        talker, quiet = await host.connect(), await host.connect()
        await host.until_facts(SessionOpened, 2)
        journal.crowded = True
        talker[1].write(b"ask\n")
        await host.until_facts(CredentialSeen)
        await host.until(lambda: host.door.crowded)
        talker[1].write(b"ask\nask\n")
        quiet[1].write(b"ask\n")
        newcomer = await host.connect()
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert len(journal.of(CredentialSeen)) == 1
        assert len(journal.of(SessionOpened)) == 2

        journal.crowded = False
        await host.until_facts(CredentialSeen, 4)
        newcomer[1].write(b"ask\n")
        assert await newcomer[0].readline() == b"ok\n"
        for _, writer in (talker, quiet, newcomer):
            writer.close()


async def test_captured_files_are_kept_before_the_reply():
    captured = FileCaptured(path="/tmp/x", sha256="0" * 64, size=3, direction=Direction.IN, mechanism="redirect")
    service = Service(lambda log: Scripted({b"put": [Note(captured), Send(b"ok\n")]}, artifacts=[b"abc"]))
    async with hosted(service) as host:
        answer = await host.exchange(b"put\n", until=b"\n")

        assert answer == b"ok\n"
        assert list(host.artifacts.kept.values()) == [b"abc"]


async def test_captured_file_is_kept_though_its_peer_left_before_the_fact_was_durable():
    captured = FileCaptured(path="/tmp/x", sha256="0" * 64, size=3, direction=Direction.IN, mechanism="redirect")
    service = Service(lambda log: Scripted({b"put": [Note(captured)]}, artifacts=[b"abc"]))
    async with hosted(service, journal=FakeJournal(held=True)) as host:
        _, writer = await host.connect()
        writer.write(b"put\n")
        await host.until_facts(FileCaptured)
        link = writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()  # a reset: nothing is waited for
        await host.until_facts(SessionClosed)
        assert host.artifacts.kept == {}
        host.journal.commit()
        await host.until(lambda: host.artifacts.kept)

        assert list(host.artifacts.kept.values()) == [b"abc"]


async def test_file_captured_with_the_last_facts_is_kept():
    captured = FileCaptured(path="/tmp/x", sha256="0" * 64, size=3, direction=Direction.IN, mechanism="scp")
    service = Service(lambda log: Scripted({}, at_close=[Note(captured)], artifacts=[b"abc"]))
    async with hosted(service) as host:
        _, writer = await host.connect()
        await host.until_facts(SessionOpened)
        writer.close()
        await host.until(lambda: host.artifacts.kept)

        assert list(host.artifacts.kept.values()) == [b"abc"]


async def test_refused_artifact_holds_the_reply_until_it_is_kept(monkeypatch):
    monkeypatch.setattr("decnet_actors.decoys.doorkeeper.RETRY_AFTER", 0.02)
    captured = FileCaptured(path="/tmp/x", sha256="0" * 64, size=3, direction=Direction.IN, mechanism="redirect")
    service = Service(lambda log: Scripted({b"put": [Note(captured), Send(b"ok\n")]}, artifacts=[b"abc"]))
    async with hosted(service) as host:
        failures = [OSError(28, "No space left on device")] * 3
        keep = host.artifacts.keep

        async def full(data):
            if failures:
                raise failures.pop()
            return await keep(data)

        monkeypatch.setattr(host.artifacts, "keep", full)
        assert await host.exchange(b"put\n", until=b"\n") == b"ok\n"
        assert failures == []


async def test_reset_is_what_the_peer_sees():
    async with hosted(scripted(rst=[HangUp(reset=True)])) as host:
        with pytest.raises(ConnectionResetError):
            await host.exchange(b"rst\n")


class Library(asyncio.Protocol):
    """A hosted library: records, waits, answers."""

    def __init__(self, log: SessionLog) -> None:
        self.log = log
        self.tasks: list[asyncio.Task[None]] = []
        self.lost = False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if data == b"boom\n":
            raise ValueError(data)
        self.log.note(CommandSeen(verb=data.decode().strip()))
        self.tasks.append(asyncio.get_running_loop().create_task(self.answer()))

    async def answer(self):
        await self.log.settled()
        self.transport.write(b"done\n")
        self.transport.close()

    def connection_lost(self, exc):
        self.lost = True


async def test_hosted_library_answers_after_what_it_noted_is_durable():
    service = Service(Library)
    async with hosted(service, journal=FakeJournal(held=True)) as host:
        reader, writer = await host.connect()
        writer.write(b"hello\n")
        await host.until_facts(CommandSeen)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.readline()
        host.journal.commit()

        assert await reader.read() == b"done\n"
        writer.close()
        closed = (await host.until_facts(SessionClosed))[0]
        assert (CloseReason.DECOY, 6, 5) == (closed.reason, closed.bytes_in, closed.bytes_out)
        assert service.sessions[0].lost


async def test_crash_of_a_hosted_library_is_a_fact():
    async with hosted(Service(Library)) as host:
        assert await host.exchange(b"boom\n") == b""
        assert "ValueError" in (await host.until_facts(SessionCrashed))[0].error


@pytest.mark.slow
async def test_out_of_descriptors_only_pauses_accepting(caplog):
    failures = [OSError(24, "Too many open files")]

    class Listener(socket.socket):
        def accept(self):
            if failures:
                raise failures.pop()
            return super().accept()

    listener = Listener(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    async with hosted(scripted(ping=[Send(b"pong\n")]), listener=listener) as host:
        assert await host.exchange(b"ping\n", until=b"\n") == b"pong\n"
        assert failures == []

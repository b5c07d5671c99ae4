"""Tests of second connections beside other things: work that is done beside the same session, and leaving early."""

import asyncio

from decnet_actors.contracts.decoy import Attend, HangUp, ListenData, Note, Send, SendData
from decnet_actors.contracts.fleet import Limits
from decnet_actors.domain.facts import ProtocolViolated, SessionClosed
from tests.decnet_actors.decoys.test_doorkeeper import Service
from tests.hosting import hosted

WITHIN = 5.0  # seconds


class Both:
    """A session that runs something, and passes what it prints to a second connection."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.ready = lambda: None
        self.may_end = asyncio.Event()

    async def work(self, ready):
        self.ready = ready
        try:
            await asyncio.Event().wait()
        finally:
            await self.may_end.wait()  # what it tidies up takes a while
            self.calls.append("work over")

    def opened(self, now):
        return [Attend(self.work), ListenData()]

    def data_listening(self, port, now):
        return [Send(b"%d\n" % port)]

    def data_opened(self, now):
        self.calls.append("data opened")
        return []

    def data_received(self, data, now):
        self.calls.append(f"data {data!r}")
        return []

    def data_wanted(self, now):
        return []

    def data_ended(self, now):
        self.calls.append("data ended")
        return []

    def data_closed(self, now):
        self.calls.append("data closed")
        return []

    def received(self, data, now):
        return []

    def ended(self, now):
        return [HangUp()]

    def tick(self, now):
        return [SendData(b"printed\n")]

    def closed(self, now):
        self.calls.append("closed")
        return [Note(ProtocolViolated(detail="last"))]


async def test_what_a_program_prints_goes_to_a_second_connection_which_ends_before_the_program_does():
    session = Both()
    async with hosted(Service(lambda log: session)) as host:
        reader, writer = await host.connect()
        async with asyncio.timeout(WITHIN):
            data_reader, data_writer = await asyncio.open_connection("127.0.0.1", int(await reader.readline()))
            await host.until(lambda: session.calls)
            session.ready()

            assert await data_reader.readline() == b"printed\n"
            writer.close()
            assert await data_reader.read() == b""
        assert session.calls == ["data opened"]  # the program is not over: the session hears of its end after that
        assert host.journal.of(SessionClosed) == []

        session.may_end.set()
        await host.until_facts(SessionClosed)
        assert session.calls == ["data opened", "work over", "closed"]
        assert [ProtocolViolated, SessionClosed] == [type(fact) for fact in host.journal.facts][-2:]
        data_writer.close()


class Leaving(Both):
    """A session that may hang up and ask for a port in one go."""

    def __init__(self, log) -> None:
        super().__init__()
        self.log = log

    def opened(self, now):
        return []

    def received(self, data, now):
        if data == b"leave\n":
            self.log.hang_up()
        return [ListenData()]


async def test_one_that_leaves_before_its_port_is_open_takes_no_place():
    async with hosted(Service(Leaving), limits=Limits(data_connections=1)) as host:
        assert await host.exchange(b"leave\n") == b""
        await host.until_facts(SessionClosed)

        assert (await host.exchange(b"stay\n", until=b"\n")) != b"0\n"

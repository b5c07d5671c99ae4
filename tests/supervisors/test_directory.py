import asyncio

import pytest

from supervisors.actor import ActorDeadError
from supervisors.directory import Directory
from supervisors.errors import AskTimeoutError, MailboxFullError
from supervisors.mailbox import MailboxSpec
from supervisors.testing import Probe, launch, run_virtual, settle


class Small(Probe):
    mailbox_spec = MailboxSpec(limit=1)


class Slow(Probe):
    async def handle(self, message):
        await asyncio.sleep(100)


def test_address_follows_the_name_through_incarnations():
    async def main():
        directory = Directory()
        address = directory.address("top/a")
        first, second = Probe({str: "first"}), Probe({str: "second"})
        ref = launch(first)
        assert address.tell("lost") is False
        directory.register("top/a", ref)
        assert address.tell("x") is True
        assert "first" == await address.ask("y", within=1)
        await address.send("z")
        await ref.stop()
        assert directory.whereis("top/a") is None  # even before it is struck out
        assert address.tell("lost") is False
        for call in (address.ask("y", within=1), address.send("z")):
            with pytest.raises(ActorDeadError):
                await call
        newer = launch(second)
        directory.register("top/a", newer)
        directory.unregister("top/a", ref)  # a late one of the older incarnation
        assert "second" == await address.ask("y", within=1)
        directory.unregister("top/a", newer)

        assert ["x", "y", "z"] == first.received
        assert (2, ()) == (directory.dead_letters, directory.paths())
        assert "Address('top/a')" == repr(address)
        await newer.stop()

    run_virtual(main())


def test_tell_to_a_full_mailbox_is_the_senders_problem():
    async def main():
        directory = Directory()
        ref = launch(Small())
        directory.register("a", ref)
        directory.address("a").tell(1)
        with pytest.raises(MailboxFullError):
            directory.address("a").tell(2)
        assert 0 == directory.dead_letters
        await ref.stop()

    run_virtual(main())


def test_ask_times_out():
    async def main():
        directory = Directory()
        probe = Slow()
        ref = launch(probe)
        directory.register("a", ref)
        with pytest.raises(AskTimeoutError):
            await directory.address("a").ask("x", within=1)
        probe.kill()
        await settle()

    run_virtual(main())


def test_wait_up_returns_when_somebody_comes_and_gives_up_in_time():
    async def main():
        directory = Directory()
        loop = asyncio.get_running_loop()
        waiting = [loop.create_task(directory.address("a").wait_up(5)) for _ in range(2)]
        late = loop.create_task(directory.wait_up("b", 1))
        await asyncio.sleep(2)
        with pytest.raises(TimeoutError):
            await late
        ref = launch(Probe())
        directory.register("a", ref)

        assert [ref, ref, ref] == [await waiting[0], await waiting[1], await directory.wait_up("a", 0)]
        assert {} == directory._waiters
        await ref.stop()

    run_virtual(main())

import asyncio
import threading
from collections import deque

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pykka import ActorDeadError
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from supervisors.futures import HybridFuture
from supervisors.mailbox import Mailbox, MailboxFullError, MailboxSpec, WhenFull
from supervisors.testing import VirtualLoop, settle


class MailboxMachine(RuleBasedStateMachine):
    """The mailbox against a list of what it holds and a list of who waits for room."""

    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()

    def run(self, coroutine):
        async def main():
            result = await coroutine
            await settle(5)
            return result

        return self.loop.run_until_complete(main())

    @initialize(limit=st.integers(1, 4), when_full=st.sampled_from(WhenFull))
    def begin(self, limit, when_full):
        self.limit, self.when_full = limit, when_full
        self.box = Mailbox(MailboxSpec(limit=limit, when_full=when_full))

        async def bind():
            self.box.bind(self.loop)

        self.run(bind())
        self.held: deque[int] = deque()  # numbers
        self.waiting: deque[tuple[int, asyncio.Task[None]]] = deque()  # number and sender
        self.dropped, self.high, self.number = 0, 0, 0
        self.getter = None  # the consumer's task, while it waits
        self.got, self.expected = [], []
        self.replies = {}

    def envelope(self, *, asked=False):
        self.number += 1
        if asked:
            self.replies[self.number] = HybridFuture()
        return Envelope(self.number, self.replies.get(self.number))

    def put_in_model(self, number):
        self.held.append(number)
        self.high = max(self.high, len(self.held))
        self.consume()

    def take_from_model(self):
        number = self.held.popleft()
        while self.waiting and len(self.held) < self.limit:
            self.held.append(self.waiting.popleft()[0])
            self.high = max(self.high, len(self.held))
        return number

    def consume(self):
        if self.getter is not None and self.held:
            self.getter = None
            self.expected.append(self.take_from_model())

    @rule(force=st.booleans(), asked=st.booleans())
    def put(self, force, asked):
        envelope = self.envelope(asked=asked)
        number = envelope.message

        async def go():
            self.box.put(envelope, force=force)

        if len(self.held) < self.limit or force:
            self.run(go())
            self.put_in_model(number)
        elif self.when_full is WhenFull.DROP_OLDEST:
            self.run(go())
            gone = self.held.popleft()
            self.dropped += 1
            self.put_in_model(number)
            if gone in self.replies:
                with pytest.raises(MailboxFullError):
                    self.replies[gone].get()
        else:
            with pytest.raises(MailboxFullError):
                self.run(go())
            self.dropped += 1

    @rule()
    def send(self):
        envelope = self.envelope()
        number = envelope.message

        async def go():
            return self.loop.create_task(self.box.put_wait(envelope))

        task = self.run(go())
        if len(self.held) < self.limit:
            assert task.done()
            self.put_in_model(number)
        else:
            assert not task.done()
            self.waiting.append((number, task))

    @rule(data=st.data())
    def sender_gives_up(self, data):
        if self.waiting:
            index = data.draw(st.integers(0, len(self.waiting) - 1))
            _number, task = self.waiting[index]
            del self.waiting[index]

            async def go():
                task.cancel()

            self.run(go())
            assert task.cancelled()

    @rule()
    def get(self):
        if self.getter is None:
            if self.held:
                assert self.take_from_model() == self.run(self.take())
            else:
                with pytest.raises(IndexError):
                    self.run(self.take())

    async def take(self):
        return self.box.get().message

    @rule()
    def consumer_waits(self):
        if self.getter is None:

            async def wait():
                await self.box.wait()
                self.got.append(self.box.get().message)

            async def go():
                return self.loop.create_task(wait())

            self.getter = self.run(go())
            self.consume()

    @rule()
    def consumer_gives_up(self):
        if self.getter is not None:

            async def go(task):
                task.cancel()

            self.run(go(self.getter))
            self.getter = None

    @invariant()
    def agrees(self):
        if not hasattr(self, "box"):
            return
        assert list(self.held) == [envelope.message for envelope in self.box._items]
        assert self.expected == self.got  # no wake-up was lost
        assert (self.dropped, self.high) == (self.box.dropped, self.box.high)
        assert all(not task.done() for _, task in self.waiting)
        assert len(self.waiting) == len(self.box._senders or ())

    def teardown(self):
        async def close():
            self.box.close()

        if hasattr(self, "box"):
            if self.getter is not None:
                self.getter.cancel()
            self.run(close())
            for _, task in self.waiting:
                assert isinstance(task.exception(), ActorDeadError)
            assert all(reply.done() for number, reply in self.replies.items() if number in self.held)
        self.loop.close()


TestMailbox = MailboxMachine.TestCase


async def test_full_mailbox_takes_a_stop_and_never_drops_it():
    box = Mailbox(MailboxSpec(limit=1, when_full=WhenFull.DROP_OLDEST))
    stop = Envelope(_ActorStop())
    box.put(Envelope("a"))
    box.put(stop)
    assert box.stop_waits()
    box.put(Envelope("b"))

    assert [_ActorStop(), "b"] == [box.get().message, box.get().message]
    assert (1, True) == (box.dropped, box.empty())


async def test_stops_meant_for_an_earlier_incarnation_are_forgotten():
    box = Mailbox(MailboxSpec())
    reply: HybridFuture[bool] = HybridFuture()
    for envelope in (Envelope("a"), Envelope(_ActorStop(), reply), Envelope(_ActorStop()), Envelope("b")):
        box.put(envelope)
    box.forget_stops()

    assert ["a", "b"] == [box.get().message, box.get().message]
    assert reply.get() is True


async def test_closed_mailbox_answers_everybody_and_takes_no_more():
    box = Mailbox(MailboxSpec())
    asked: HybridFuture[object] = HybridFuture()
    stopped: HybridFuture[bool] = HybridFuture()
    box.put(Envelope("tell"))
    box.put(Envelope("ask", asked))
    box.put(Envelope(_ActorStop(), stopped))
    box.close()

    with pytest.raises(ActorDeadError):
        asked.get()
    assert stopped.get() is True
    with pytest.raises(ActorDeadError):
        box.put(Envelope("late"))
    with pytest.raises(ActorDeadError):
        await box.put_wait(Envelope("late"))


async def test_head_of_the_queue_wakes_the_consumer():
    box = Mailbox(MailboxSpec())
    box.bind(asyncio.get_running_loop())
    waiting = asyncio.get_running_loop().create_task(box.wait())
    await asyncio.sleep(0)
    envelope = Envelope("first")
    box.put_first(envelope)
    await waiting

    assert envelope in box
    assert Envelope("first") not in box


@pytest.mark.parametrize("when_full", WhenFull)
async def test_threads_and_loop_lose_nothing_and_count_every_drop(when_full):
    box = Mailbox(MailboxSpec(limit=8, when_full=when_full))
    loop = asyncio.get_running_loop()
    box.bind(loop)
    each, refused = 2000, [0, 0, 0]
    got: list[tuple[int, int]] = []

    def produce(sender):
        for number in range(each):
            try:
                box.put(Envelope((sender, number)))
            except MailboxFullError:
                refused[sender] += 1

    async def consume():
        while True:
            try:
                got.append(box.get().message)
            except IndexError:
                await box.wait()

    consumer = loop.create_task(consume())
    threads = [threading.Thread(target=produce, args=(sender,)) for sender in (0, 1)]
    for thread in threads:
        thread.start()
    for number in range(each):
        await box.put_wait(Envelope((2, number)))
    while any(thread.is_alive() for thread in threads):
        await asyncio.sleep(0)
    await settle()
    consumer.cancel()

    assert 3 * each == len(got) + box.dropped
    assert box.high <= 8
    for sender in (0, 1, 2):
        numbers = [number for who, number in got if who == sender]
        assert sorted(numbers) == numbers
    if when_full is WhenFull.BLOCK:
        assert 0 == box.dropped
    if when_full is WhenFull.FAIL:
        assert sum(refused) == box.dropped

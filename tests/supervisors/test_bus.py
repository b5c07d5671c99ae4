"""This module tests the bus inside the process: order, bounds, cancelling in the middle."""

import asyncio
import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervisors import bus as bus_module
from supervisors.actor import LoopActor, MailboxSpec, WhenFull
from supervisors.bus import MAX_ROOTS, TURN, Bus, Envelope, GapDetector
from supervisors.testing import EPOCH, ManualClock, Probe, launch, settle
from supervisors.topics import TopicError, matches


def make_bus():
    numbers = itertools.count(1)
    return Bus(clock=ManualClock(), host="here", new_id=lambda: f"id-{next(numbers)}")


@pytest.fixture
def bus():
    return make_bus()


def envelope(seq, prev, topic="a.b"):
    return Envelope(id="x", seq=seq, prev=prev, topic=topic, ts=0.0, host="h", payload=None)


def test_an_envelope_tells_its_place_in_the_order(bus):
    first = bus.publish("decky.web.up", "payload")
    other = bus.publish("attacker.seen", None, seq=70, id="given", ts=1.5)
    second = bus.publish("decky.db.up", None)
    third = bus.publish("attacker.gone", None, seq=90)

    assert (
        Envelope(v=1, id="id-1", seq=1, prev=0, topic="decky.web.up", ts=EPOCH, host="here", payload="payload") == first
    )
    assert ("given", 70, 0, 1.5) == (other.id, other.seq, other.prev, other.ts)
    assert (2, 1) == (second.seq, second.prev)
    assert (90, 70) == (third.seq, third.prev)


@pytest.mark.parametrize("topic", ["", "a..b", "a b", "a.*"])
def test_what_is_not_a_topic_is_refused(bus, topic):
    with pytest.raises(TopicError):
        bus.publish(topic, None)
    assert 0 == bus.stats().published


def test_a_seq_must_increase(bus):
    bus.publish("a.b", None, seq=5)
    with pytest.raises(ValueError, match="seq 5 comes after 5 on a"):
        bus.publish("a.b", None, seq=5)


def test_the_number_of_roots_is_bounded(bus):
    for number in range(MAX_ROOTS):
        bus.publish(f"r{number}.x", None)
    with pytest.raises(ValueError, match="roots"):
        bus.publish("one-more.x", None)


async def test_actors_and_callables_get_the_same_object(bus):
    probe = Probe()
    got: list[Envelope] = []
    ref = launch(probe)
    bus.subscribe("a.>", ref)
    bus.subscribe("a.*", got.append)
    sent = [bus.publish("a.b", object()), bus.publish("a.c", object())]
    bus.publish("b.c", None)

    await settle()

    assert [id(one) for one in sent] == [id(one) for one in probe.received] == [id(one) for one in got]
    await ref.stop()


async def test_several_patterns_give_one_copy(bus):
    got: list[Envelope] = []
    subscription = bus.subscribe(["a.*", "a.b", ">", "a.*"], got.append)
    sent = bus.publish("a.b", None)
    await settle()

    assert [sent] == got
    subscription.cancel()
    assert 0 == bus.stats().subscriptions
    assert () == bus._trie.match("a.b")


async def test_nothing_comes_after_cancelling(bus):
    got: list[Envelope] = []
    subscription = bus.subscribe(">", got.append)
    bus.publish("a.b", None)
    subscription.cancel()
    subscription.cancel()
    bus.publish("a.b", None)
    await settle()

    assert [] == got


async def test_a_subscription_cancelled_by_a_dead_neighbour_in_the_same_publish_gets_nothing(bus):
    """Who ends a subscription while an envelope is being handed out need not get that envelope."""
    got: list[Envelope] = []
    second = bus.subscribe("a.b", got.append)
    second.active = False  # as if another subscriber's take had cancelled it
    bus.publish("a.b", None)
    await settle()

    assert [] == got


async def test_a_dead_actor_is_forgotten(bus):
    ref = launch(Probe())
    subscription = bus.subscribe(">", ref)
    await ref.stop()
    bus.publish("a.b", None)

    assert (False, 0) == (subscription.active, bus.stats().subscriptions)


class Small(LoopActor):
    mailbox_spec = MailboxSpec(limit=2, when_full=WhenFull.DROP_OLDEST)


class Strict(LoopActor):
    mailbox_spec = MailboxSpec(limit=2, when_full=WhenFull.FAIL)


@pytest.mark.parametrize("actor", [Small, Strict])
async def test_what_a_mailbox_cannot_take_is_counted(bus, actor):
    ref = launch(actor())
    subscription = bus.subscribe(">", ref)
    for _ in range(5):
        bus.publish("a.b", None)

    assert 3 == subscription.dropped
    assert 3 == bus.stats().dropped
    await settle()
    await ref.stop()


@pytest.mark.parametrize(("when_full", "expected"), [(WhenFull.DROP_OLDEST, [4, 5]), (WhenFull.FAIL, [1, 2])])
async def test_what_a_callable_cannot_take_is_counted(bus, when_full, expected):
    got: list[int] = []
    subscription = bus.subscribe(">", lambda env: got.append(env.seq), limit=2, when_full=when_full)
    for _ in range(5):
        bus.publish("a.b", None)
    await settle()

    assert (expected, 3, 2) == (got, subscription.dropped, subscription.delivered)


@pytest.mark.parametrize(
    "arguments",
    [{"pattern": []}, {"pattern": "a..b"}, {"pattern": ["a", "b", "*a"]}, {"when_full": WhenFull.BLOCK}, {"limit": 0}],
)
async def test_a_subscription_that_makes_no_sense_is_refused(bus, arguments):
    with pytest.raises(ValueError):
        bus.subscribe(**{"pattern": "a", "sink": print, **arguments})
    assert () == bus._trie.match("a")
    assert 0 == bus.stats().subscriptions


async def test_one_subscriber_s_error_hurts_nobody(bus):
    errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    got: list[int] = []
    tried: list[int] = []

    def broken(env):
        tried.append(env.seq)
        raise KeyError(env.seq)

    bus.subscribe(">", broken)
    bus.subscribe(">", lambda env: got.append(env.seq))
    for _ in range(3):
        bus.publish("a.b", None)
    await settle()

    assert [1, 2, 3] == got == tried
    assert ["KeyError(1)", "KeyError(2)", "KeyError(3)"] == [repr(context["exception"]) for context in errors]


async def test_a_flood_leaves_turns_for_others(bus):
    got: list[Envelope] = []
    bus.subscribe(">", got.append)
    for _ in range(TURN * 2 + 1):
        bus.publish("a.b", None)
    seen = []
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(len(got))

    assert [TURN, 2 * TURN, 2 * TURN + 1] == seen


async def test_what_is_published_in_a_delivery_comes_after_what_was_before(bus):
    got: list[tuple[str, str]] = []

    def first(env):
        got.append(("first", env.topic))
        if env.topic == "a.one":
            bus.publish("a.three", None)

    bus.subscribe("a.>", first)
    bus.subscribe("a.>", lambda env: got.append(("second", env.topic)))
    bus.publish("a.one", None)
    bus.publish("a.two", None)
    await settle()

    for who in ("first", "second"):
        assert ["a.one", "a.two", "a.three"] == [topic for name, topic in got if name == who]


async def test_counts(bus):
    subscription = bus.subscribe("a.>", lambda _: None, limit=1)
    bus.publish("a.b", None)
    bus.publish("a.b", None)
    bus.publish("b.b", None)
    await settle()
    subscription.cancel()
    bus.egress = lambda env: env.topic == "c.c"
    bus.publish("c.c", None)
    bus.publish("c.d", None)

    assert bus_module.BusStats(published=5, delivered=1, dropped=1, remote=1, refused=0, subscriptions=0) == bus.stats()


# Gaps


def test_a_gap_is_an_envelope_whose_predecessor_was_not_seen():
    gaps = GapDetector()

    steps = [(7, 3, "a.b"), (9, 7, "a.b"), (5, 0, "b.b"), (12, 11, "a.b"), (13, 12, "a.c"), (1, 0, "a.b")]
    got = [gaps.missed(envelope(*step)) for step in steps]

    assert [False, False, False, True, False, True] == got
    assert 2 == gaps.gaps


def test_the_memory_of_a_gap_detector_is_bounded():
    gaps = GapDetector()
    for number in range(MAX_ROOTS + 5):
        assert not gaps.missed(envelope(1, 0, f"r{number}.x"))

    assert MAX_ROOTS >= len(gaps._last)


# State machine

TOPICS = ["a.x", "a.y", "b.x", "b.y.z"]
PATTERNS = ["a.>", "b.>", ">", "*.x", "a.x", "b.*.z"]


class Model:
    """One subscriber, simulated: a list of what waits, cut at the limit."""

    def __init__(self, pattern, limit):
        self.pattern = pattern
        self.limit = limit
        self.waiting: list[int] = []
        self.received: list[int] = []
        self.dropped = 0
        self.ended = False

    def take(self, env):
        if self.ended or not matches(self.pattern, env.topic):
            return
        if len(self.waiting) >= self.limit:
            self.waiting.pop(0)
            self.dropped += 1
        self.waiting.append(env.payload)

    def turn(self, quits_at):
        while self.waiting and not self.ended:
            self.received.append(self.waiting.pop(0))
            self.ended = self.received[-1] in quits_at


class BusMachine(RuleBasedStateMachine):
    """Subscribers that come, read late, and leave in the middle of a delivery, against lists."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.bus = make_bus()
        self.numbers = itertools.count(1)
        self.subscribers: list[tuple[bus_module.Subscription, Model, list[Envelope], GapDetector]] = []
        self.quits_at: dict[int, set[int]] = {}

    def teardown(self):
        self.runner.close()

    @precondition(lambda self: len(self.subscribers) < 6)
    @rule(pattern=st.sampled_from(PATTERNS), limit=st.integers(1, 4))
    def subscribe(self, pattern, limit):
        index, gaps = len(self.subscribers), GapDetector()
        got: list[Envelope] = []
        quits_at = self.quits_at[index] = set()

        def sink(env):
            got.append(env)
            gaps.missed(env)
            if env.payload in quits_at:
                self.subscribers[index][0].cancel()

        async def subscribe():
            return self.bus.subscribe(pattern, sink, limit=limit)

        self.subscribers.append((self.runner.run(subscribe()), Model(pattern, limit), got, gaps))

    @rule(topics=st.lists(st.sampled_from(TOPICS), min_size=1, max_size=8), quitter=st.none() | st.integers(0, 5))
    def publish_without_a_turn(self, topics, quitter):
        async def publish():
            for topic in topics:
                number = next(self.numbers)
                if quitter in self.quits_at:
                    self.quits_at[quitter].add(number)
                env = self.bus.publish(topic, number)
                for _, model, _, _ in self.subscribers:
                    model.take(env)

        self.runner.run(publish())  # the loop takes a turn at the end
        self.turn()

    @rule()
    def turn(self):
        self.runner.run(settle())
        for index, (_, model, _, _) in enumerate(self.subscribers):
            model.turn(self.quits_at[index])

    @rule(index=st.integers(0, 5))
    def cancel(self, index):
        if index < len(self.subscribers):
            self.subscribers[index][0].cancel()
            self.subscribers[index][1].ended = True

    @invariant()
    def everybody_got_what_the_model_says_in_order(self):
        for subscription, model, got, _ in self.subscribers:
            assert model.received == [env.payload for env in got]
            assert model.dropped == subscription.dropped
            assert model.ended == (not subscription.active)

    @invariant()
    def a_subscriber_to_whole_roots_sees_a_gap_for_every_loss(self):
        for subscription, model, got, gaps in self.subscribers:
            if model.pattern in {"a.>", "b.>", ">"} and got and not model.ended:
                missing = sum(
                    later.seq - earlier.seq - 1
                    for root in "ab"
                    for earlier, later in itertools.pairwise([env for env in got if env.topic[0] == root])
                )
                assert missing <= subscription.dropped
                assert (missing > 0) == (gaps.gaps > 0)

    @invariant()
    def the_counts_agree(self):
        stats = self.bus.stats()

        assert sum(model.dropped for _, model, _, _ in self.subscribers) == stats.dropped
        assert sum(len(got) for _, _, got, _ in self.subscribers) == stats.delivered
        assert sum(one.active for one, _, _, _ in self.subscribers) == stats.subscriptions


TestBus = BusMachine.TestCase
TestBus.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)

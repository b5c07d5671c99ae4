"""A provider that fails is left alone for longer and longer, and one request decides when it comes back."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from decnet_actors.enrich.breaker import FAILURES, LONGEST, MAX_ASKED_FOR, PAUSE, Breaker, State


def failed(times: int, now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker.begin(now)
        breaker.fail(now)
    return breaker


def test_it_opens_after_failures_in_a_row_and_not_before():
    assert State.CLOSED is failed(FAILURES - 1).state(0.0)
    assert (State.OPEN, PAUSE) == (failed(FAILURES).state(0.0), failed(FAILURES).pause(0.0))


def test_an_answer_between_failures_begins_the_count_anew():
    breaker = failed(FAILURES - 1)
    breaker.succeed()
    breaker.fail(0.0)

    assert State.CLOSED is breaker.state(0.0)


def test_after_the_pause_one_request_is_let_through_and_decides():
    breaker = failed(FAILURES)

    assert (State.HALF_OPEN, 0.0) == (breaker.state(PAUSE), breaker.pause(PAUSE))
    breaker.begin(PAUSE)
    assert breaker.pause(PAUSE) > 0, "a second one waits for the first"
    breaker.fail(PAUSE)
    assert (State.OPEN, 2 * PAUSE) == (breaker.state(PAUSE), breaker.pause(PAUSE))
    breaker.begin(3 * PAUSE)
    breaker.succeed()
    assert State.CLOSED is breaker.state(3 * PAUSE)


def test_who_asks_to_be_left_alone_is_at_once_and_for_a_bounded_time():
    breaker = Breaker()
    breaker.fail(0.0, asked_for=7200.0)
    assert (State.OPEN, 7200.0) == (breaker.state(0.0), breaker.pause(0.0))
    greedy = Breaker()
    greedy.fail(0.0, asked_for=1e9)
    assert MAX_ASKED_FOR == greedy.pause(0.0)


class Life(RuleBasedStateMachine):
    """A breaker beside the plainest account of what it must do."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now = 0.0
        self.in_a_row = 0
        self.trying = False

    @rule(seconds=st.integers(0, 2 * int(LONGEST)))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.pause(self.now) == 0.0 and not self.trying)
    @rule()
    def asked(self) -> None:
        self.breaker.begin(self.now)
        self.trying = True

    @precondition(lambda self: self.trying)
    @rule()
    def answered(self) -> None:
        self.breaker.succeed()
        self.trying, self.in_a_row = False, 0
        assert State.CLOSED is self.breaker.state(self.now)

    @precondition(lambda self: self.trying)
    @rule(asked_for=st.integers(0, 10**6))
    def refused(self, asked_for: int) -> None:
        was_open = self.breaker.state(self.now) is not State.CLOSED
        self.breaker.fail(self.now, asked_for)
        self.trying = False
        self.in_a_row += 1
        if was_open or self.in_a_row >= FAILURES or asked_for > 0:
            assert State.OPEN is self.breaker.state(self.now)

    @precondition(lambda self: self.trying)
    @rule()
    def cut_off(self) -> None:
        self.breaker.abandon()
        self.trying = False

    @invariant()
    def a_pause_ends(self) -> None:
        pause = self.breaker.pause(self.now)
        assert 0.0 <= pause <= max(LONGEST, MAX_ASKED_FOR)
        if not self.trying:
            assert 0.0 == self.breaker.pause(self.now + pause + 1e-3)

    @invariant()
    def while_it_is_open_nobody_asks(self) -> None:
        assert (self.breaker.state(self.now) is State.OPEN) <= (self.breaker.pause(self.now) > 0)


TestLife = pytest.mark.slow(Life.TestCase)

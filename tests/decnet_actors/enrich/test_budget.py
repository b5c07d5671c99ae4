"""No provider is asked more often than it allows, in any 24 hours."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.intel import Limits
from decnet_actors.enrich.budget import DAY, Budget


def limits(per_day: int, interval: float = 0.0) -> Limits:
    return Limits(interval=interval, per_day=per_day, max_size=1)


@pytest.mark.slow
@given(st.integers(2, 30), st.floats(0.0, 3600.0), st.lists(st.floats(0.0, DAY / 4), min_size=1, max_size=120))
def test_no_day_has_more_requests_than_allowed_and_no_two_are_too_near(per_day, interval, pauses):
    budget, now, taken = Budget(limits(per_day, interval)), 0.0, []
    for pause in pauses:
        now += pause
        now += budget.wait(now)
        budget.take(now)
        taken.append(now)

    for first in taken:
        assert per_day >= sum(first <= time < first + DAY - 1 for time in taken)
    assert all(later - earlier >= interval - 1e-6 for earlier, later in pairwise(taken))


def test_what_was_asked_before_a_restart_counts():
    assert 500 == Budget(limits(1000)).left(0.0)
    assert 100 == Budget(limits(1000), spent=400).left(0.0)
    spent = Budget(limits(1000), spent=900)
    assert (0, True) == (spent.left(0.0), spent.wait(0.0) > 0)


def test_it_is_filled_again_while_time_passes():
    budget = Budget(limits(24), spent=12)

    assert 0 == budget.left(0.0)
    assert 6 == budget.left(DAY / 2 + 1)
    assert 12 == budget.left(10 * DAY)

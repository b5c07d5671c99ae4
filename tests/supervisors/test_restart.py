import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from supervisors.restart import RestartPolicy, RestartWindow, backoff

STEPS = st.one_of(st.just(0.0), st.sampled_from([0.5, 1.0, 5.0, 5.000001]), st.floats(0, 100))


class WindowMachine(RuleBasedStateMachine):
    """The window against a list of all crashes."""

    @initialize(intensity=st.integers(0, 5), within=st.sampled_from([1.0, 5.0]))
    def begin(self, intensity, within):
        self.window = RestartWindow(intensity, within)
        self.now, self.crashes = 1000.0, []

    @rule(seconds=STEPS)
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def crash(self):
        self.crashes.append(self.now)
        recent = [at for at in self.crashes if at >= self.now - self.window.within]

        assert (len(recent) <= self.window.intensity) == self.window.crash(self.now)

    @rule()
    def operator_restarts(self):
        self.window.clear()
        self.crashes.clear()


TestWindow = WindowMachine.TestCase


@given(st.integers(1, 10_000), st.floats(0, 10), st.floats(0, 100), st.floats(0, 1), st.integers())
def test_backoff_stays_in_its_bounds(crashes, first, limit, jitter, seed):
    policy = RestartPolicy(backoff_min=first, backoff_max=limit, jitter=jitter)
    delay = backoff(crashes, policy, random.Random(seed))
    plain = min(limit, first * 2.0 ** min(crashes - 1, 60))

    assert plain * (1 - jitter) * 0.999999 <= delay <= plain * (1 + jitter) * 1.000001


def test_backoff_doubles_without_jitter():
    policy = RestartPolicy(backoff_min=0.5, backoff_max=10, jitter=0)

    assert [0.5, 1, 2, 4, 8, 10, 10] == [backoff(n, policy, random.Random(0)) for n in range(1, 8)]


@pytest.mark.parametrize("wrong", [{"backoff_min": -1}, {"jitter": 1.5}, {"intensity": -1}, {"within": 0}])
def test_policy_refuses_nonsense(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RestartPolicy(**wrong)

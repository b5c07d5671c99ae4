"""However the sources of datagrams are forged, what goes out stays below the rules."""

from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.fleet import Limits
from decnet_actors.decoys import replies
from decnet_actors.decoys.replies import SAVED, Replies

LIMITS = Limits(replies=100, replies_per_source=10, reply_factor=3, unproven_bytes=64)
_asked = st.tuples(st.integers(0, 5), st.integers(1, 700), st.integers(0, 600), st.floats(0, 2))


@given(st.lists(_asked, max_size=200))
def test_strangers_together_get_no_more_surplus_than_was_saved(asked):
    rules, now, beyond = Replies(LIMITS), 0.0, 0.0
    for source, size, credit, passed in asked:
        now += passed
        if rules.refusal(f"192.0.2.{source}", size, credit, now) is None:
            beyond += max(0, size - credit)

    assert beyond <= 64 * (SAVED + now) + 1e-6


@given(st.lists(_asked, max_size=300))
def test_nobody_gets_more_datagrams_a_second_than_is_allowed(asked):
    rules, now = Replies(LIMITS), 0.0
    sent: dict[int, int] = {}
    for source, _, _, passed in asked:
        now += passed / 20
        if rules.refusal(f"192.0.2.{source}", 1, 10, now) is None:
            sent[source] = sent.get(source, 0) + 1

    assert all(count <= 10 * (1 + now) + 1e-6 for count in sent.values())
    assert sum(sent.values()) <= 100 * (1 + now) + 1e-6


def test_address_that_has_answered_gets_more_than_strangers_for_a_minute_and_no_more_than_some():
    rules = Replies(LIMITS)

    assert ("unproven_bytes", 64) == rules.refusal("192.0.2.1", 1100, 60, 0.0)

    rules.prove("192.0.2.1", 0.0)
    for now in (10.0, 20.0):
        assert None is rules.refusal("192.0.2.1", 1024 + 60, 60, now)
        assert ("unproven_bytes", 64) == rules.refusal("192.0.2.1", 1100, 60, now)
    assert None is rules.refusal("192.0.2.2", 1024 + 60, 60, 60.5)  # what strangers together had saved
    assert ("unproven_bytes", 64) == rules.refusal("192.0.2.1", 1000, 60, 61.0)  # which one of them has used


def test_who_has_answered_in_the_conversation_gets_what_is_asked_for():
    rules = Replies(Limits(unproven_bytes=0))

    assert ("unproven_bytes", 0) == rules.refusal("192.0.2.1", 516, 60, 0.0)
    assert None is rules.refusal("192.0.2.1", 65_468, float("inf"), 0.0)


def test_more_addresses_than_are_told_apart_get_nothing_until_others_are_forgotten(monkeypatch):
    monkeypatch.setattr(replies, "MAX_SOURCES", 2)
    rules = Replies(LIMITS)
    for source in ("192.0.2.1", "192.0.2.2"):
        assert None is rules.refusal(source, 1, 10, 0.0)

    assert ("sources", 2) == rules.refusal("192.0.2.3", 1, 10, 0.0)
    assert None is rules.refusal("192.0.2.3", 1, 10, 5.0)

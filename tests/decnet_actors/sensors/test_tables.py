"""What is remembered is bounded, and so is what is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.sensors.tables import Bucket, Recent

LIMIT = 3


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["put", "get", "pop"]), st.integers(0, 6))))
def test_a_table_keeps_what_was_touched_last(steps):
    table: Recent[int, str] = Recent(LIMIT)
    model: list[int] = []  # oldest first
    for what, key in steps:
        if what == "put":
            gone = table.put(key, str(key))
            model = [*(one for one in model if one != key), key]
            assert gone == (str(model.pop(0)) if len(model) > LIMIT else None)
        elif what == "get":
            assert table.get(key) == (str(key) if key in model else None)
            if key in model:
                model = [*(one for one in model if one != key), key]
        else:
            assert table.pop(key) == (str(key) if key in model else None)
            model = [one for one in model if one != key]
        assert (len(model), bool(model)) == (len(table), table.oldest() is not None)
        assert all(one in table for one in model)
        assert table.oldest() is None or table.oldest() == (model[0], str(model[0]))


@given(st.lists(st.floats(0, 10), max_size=60))
def test_a_bucket_never_lets_more_pass_than_its_burst_and_its_rate(gaps):
    bucket, now, passed = Bucket(5, 2.0), 1000.0, 0
    for gap in gaps:
        now += gap
        passed += bucket.takes(now)

    assert passed <= 5 + 2.0 * (now - 1000.0) + 1e-6
    assert passed >= min(len(gaps), 5)


def test_a_bucket_is_not_filled_by_a_clock_that_goes_back_and_forth():
    bucket = Bucket(1, 1.0)

    assert [True, False, False, False] == [bucket.takes(now) for now in (100.0, 50.0, 100.0, 99.0)]

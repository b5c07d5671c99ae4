"""Ranges lie over one another as a naive model says."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.enrich.geo.rows import flat, joined, merged, over

TOP = 40
ROW = st.tuples(st.integers(0, TOP), st.integers(0, TOP), st.sampled_from("abc")).map(
    lambda row: (min(row[:2]), max(row[:2]), row[2])
)
ROWS = st.lists(ROW, max_size=12)


def best(rows, address):
    """Return the value of the narrowest row around an address, of the last of equal ones."""
    around = [
        (last - first, -number, value) for number, (first, last, value) in enumerate(rows) if first <= address <= last
    ]
    return min(around)[2] if around else None


def values(rows):
    told = {address: value for first, last, value in rows for address in range(first, last + 1)}
    return [told.get(address) for address in range(TOP + 1)]


def in_order(rows):
    return all(first <= last for first, last, _ in rows) and all(left[1] < right[0] for left, right in pairwise(rows))


@pytest.mark.slow
@given(ROWS)
def test_the_narrowest_range_wins_and_of_equal_ones_the_last(rows):
    got = flat(rows)

    assert in_order(got)
    assert [best(rows, address) for address in range(TOP + 1)] == values(got)


@pytest.mark.slow
@given(ROWS, ROWS)
def test_two_sources_are_joined_address_by_address(left, right):
    got = list(joined(flat(left), flat(right)))
    expected = [
        pair if any(one is not None for one in pair) else None
        for pair in zip(values(flat(left)), values(flat(right)), strict=True)
    ]

    assert in_order(got)
    assert expected == values(got)


@pytest.mark.slow
@given(ROWS, ROWS)
def test_what_lies_above_hides_what_lies_below(upper, lower):
    got = over(flat(upper), flat(lower))

    assert in_order(got)
    assert [
        below if above is None else above for above, below in zip(values(flat(upper)), values(flat(lower)), strict=True)
    ] == values(got)


@pytest.mark.slow
@given(ROWS)
def test_neighbours_of_one_value_become_one(rows):
    got = list(merged(flat(rows)))

    assert values(flat(rows)) == values(got)
    assert not [pair for pair in pairwise(got) if pair[0][1] + 1 == pair[1][0] and pair[0][2] == pair[1][2]]

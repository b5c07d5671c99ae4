"""The classes of IP-IDs and initial sequence numbers, sample by sample."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.ipid import ID_BITS, ISN_BITS, STEP, Choice, classify

TABLE = [
    ([], Choice.UNKNOWN),
    ([0], Choice.UNKNOWN),
    ([0, 0, 0], Choice.UNKNOWN),
    ([1, 2, 3], Choice.UNKNOWN),
    ([0, 0, 0, 0], Choice.ZERO),
    ([0] * 8, Choice.ZERO),
    ([7, 7, 7, 7], Choice.CONSTANT),
    ([54_321] * 8, Choice.CONSTANT),
    ([1, 2, 3, 4], Choice.INCREMENTAL),
    ([0, 1, 2, 3], Choice.INCREMENTAL),
    ([10, 4106, 8202, 12_298], Choice.INCREMENTAL),  # a step of 4096
    ([10, 4107, 8204, 12_301], Choice.RANDOM),  # 4097
    ([1, 2, 2, 3], Choice.RANDOM),  # a step of 0
    ([4, 3, 2, 1], Choice.RANDOM),
    ([0, 0, 0, 1], Choice.RANDOM),
    ([5, 61_000, 17, 30_000], Choice.RANDOM),
]


@pytest.mark.parametrize(("samples", "choice"), TABLE)
@pytest.mark.parametrize("bits", [ID_BITS, ISN_BITS])
def test_the_table(samples, choice, bits):
    assert choice is classify(samples, bits)


@pytest.mark.parametrize(
    ("samples", "bits", "choice"),
    [
        ([65_533, 65_535, 2, 5], ID_BITS, Choice.INCREMENTAL),
        ([65_533, 65_535, 2, 5], ISN_BITS, Choice.RANDOM),  # far from where 32 bits wrap
        ([2**32 - 3, 2**32 - 1, 2, 5], ISN_BITS, Choice.INCREMENTAL),
        ([65_530, 65_535, 4095, 8000], ID_BITS, Choice.INCREMENTAL),
        ([65_535, 4096, 4097, 4098], ID_BITS, Choice.RANDOM),  # a step of 4097 over the wrap
    ],
)
def test_a_counter_may_wrap(samples, bits, choice):
    assert choice is classify(samples, bits)


@given(st.integers(0, 2**16 - 1), st.lists(st.integers(1, STEP), min_size=3, max_size=7))
def test_every_counter_with_small_steps_is_incremental_wherever_it_begins(first, steps):
    samples = [first]
    for step in steps:
        samples.append((samples[-1] + step) % 2**16)

    assert Choice.INCREMENTAL is classify(samples, ID_BITS)

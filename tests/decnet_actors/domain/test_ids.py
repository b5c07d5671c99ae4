import random
import uuid

from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.domain.ids import Ids

MOMENTS = st.lists(st.floats(0.0, 4e9), min_size=1, max_size=50)


def ids(seed: int = 1) -> Ids:
    return Ids(lambda: 1_800_000_000.0, random.Random(seed))


@given(MOMENTS)
def test_each_is_greater_than_the_one_before_whatever_the_clock_does(moments) -> None:
    made = ids()
    got = [made.at(moment) for moment in moments]

    assert got == sorted(set(got))


@given(MOMENTS)
def test_each_is_a_uuid_of_version_7(moments) -> None:
    made = ids()
    for moment in moments:
        found = uuid.UUID(made.at(moment))
        assert (found.version, found.variant) == (7, uuid.RFC_4122)


def test_the_first_48_bits_are_the_milliseconds() -> None:
    assert int(ids().new()[:12], 16) == 1_800_000_000_000


def test_many_of_one_millisecond_keep_their_version_and_time() -> None:
    made = ids()
    last = [made.new() for _ in range(20_000)][-1]

    assert (uuid.UUID(last).version, int(last[:12], 16)) == (7, 1_800_000_000_000)


def test_the_same_chance_gives_the_same_ids() -> None:
    assert [ids(7).new() for _ in range(3)] == [ids(7).new() for _ in range(3)]
    assert ids(7).new() != ids(8).new()

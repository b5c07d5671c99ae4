"""What a SYN says of who sent it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.syn import MAX_OPTIONS, Options, hops, initial_ttl, options
from tests.pcaps import SYN_OPTIONS


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", Options()),
        (SYN_OPTIONS["linux"], Options(("mss", "sok", "ts", "nop", "ws"), 1460, 7, True, True)),
        (SYN_OPTIONS["windows"], Options(("mss", "nop", "ws", "nop", "nop", "sok"), 1460, 8, False, True)),
        (b"\x02\x04\x02\x18\x00\xff", Options(("mss", "eol"), 536)),  # what follows the end does not count
        (b"\xfd\x04\xf9\x89\x01\x01", Options(("?253", "nop", "nop"))),
        (b"\x01\x02", Options(("nop", "bad"))),
        (b"\x02\x01", Options(("bad",))),
        (b"\x02\x09\x05", Options(("bad",))),
        (b"\x02\x03\x05", Options(("mss",))),  # a size no MSS has
    ],
)
def test_options_are_read_in_their_order(data, said):
    assert said == options(data)


@given(st.binary(max_size=60))
def test_garbage_is_read_as_far_as_it_goes(data):
    assert len(options(data).order) <= MAX_OPTIONS


@pytest.mark.parametrize(
    ("ttl", "initial", "away"),
    [
        (64, 64, 0), (57, 64, 7), (32, 32, 0), (33, 64, 31), (65, 128, 63), (128, 128, 0), (129, 255, None),
        (255, 255, 0), (1, 32, 31), (0, 32, 32),
    ],
)  # fmt: skip
def test_the_ttl_tells_where_it_began_and_how_far_that_is(ttl, initial, away):
    assert (initial, away) == (initial_ttl(ttl), hops(ttl))

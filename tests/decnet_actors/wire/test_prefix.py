"""The beginning of a stream comes out in order, each byte once, and nothing grows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.prefix import AHEAD, LIMIT, Prefix, distance

STREAM = bytes(range(256)) * 4


@st.composite
def deliveries(draw):
    """Return segments of STREAM in any order, repeated and overlapping, that together hold all of it."""
    cuts = sorted(draw(st.sets(st.integers(1, len(STREAM) - 1), max_size=AHEAD - 1)))
    edges = [0, *cuts, len(STREAM)]
    pieces = list(pairwise(edges))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(STREAM) - 1))
        pieces.append((start, draw(st.integers(start + 1, len(STREAM)))))
    return draw(st.permutations(pieces))


@given(deliveries(), st.integers(0, 2**32 - 1))
def test_whatever_order_segments_come_in_the_stream_comes_out_once(pieces, first):
    prefix = Prefix(first)
    got = b""
    held = set()
    for start, end in pieces:
        held |= set(range(start, end))
        got += prefix.feed((first + start) % 2**32, STREAM[start:end], end - start)
        known = next((at for at in range(len(STREAM)) if at not in held), len(STREAM))
        assert prefix.over or got == STREAM[:known]  # what the dumbest model knows

    assert prefix.over or got == STREAM
    assert STREAM.startswith(got)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=2000), st.integers(0, 70_000))))
def test_garbage_stays_within_bounds(segments):
    prefix = Prefix(1000)
    got = b""
    for seq, data, size in segments:
        got += prefix.feed(seq, data[:size], max(size, len(data[:size])))
        assert len(prefix._waiting) <= AHEAD

    assert len(got) <= LIMIT


def test_it_ends_where_a_segment_was_captured_in_part():
    prefix = Prefix(0)

    assert b"abc" == prefix.feed(0, b"abc", 9)
    assert prefix.over
    assert b"" == prefix.feed(9, b"more", 4)


def test_it_ends_at_its_limit():
    prefix = Prefix(0)
    got = b"".join(prefix.feed(at, b"x" * 1000, 1000) for at in range(0, 20_000, 1000))

    assert (LIMIT, True) == (len(got), prefix.over)


def test_a_sequence_number_wraps():
    assert (3, -3) == (distance(1, 2**32 - 2), distance(2**32 - 2, 1))

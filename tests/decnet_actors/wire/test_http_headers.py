import pytest

from decnet_actors.wire.http_headers import Casing, casing, casing_hash, order_hash

CURL = [b"Host", b"User-Agent", b"Accept"]


def test_the_order_is_hashed_whatever_the_letters():
    assert order_hash(CURL) == order_hash([b"HOST", b"user-agent", b"Accept"])
    assert order_hash(CURL) != order_hash([b"User-Agent", b"Host", b"Accept"])


def test_the_letters_are_hashed_whatever_the_order():
    assert casing_hash(CURL) == casing_hash(CURL[::-1])
    assert casing_hash(CURL) != casing_hash([b"host", b"User-Agent", b"Accept"])


def test_what_a_request_needs_says_nothing_of_who_sends_it():
    posted = [*CURL, b"Content-Length", b"Content-Type", b"Cookie", b"authorization"]

    assert (order_hash(CURL), casing_hash(CURL)) == (order_hash(posted), casing_hash(posted))
    assert Casing.TITLE == casing(posted)


def test_names_cannot_be_run_together():
    assert order_hash([b"a", b"b"]) != order_hash([b"ab"])


@pytest.mark.parametrize(
    ("names", "way"),
    [
        ([], Casing.NONE),
        ([b"host", b"user-agent"], Casing.LOWER),
        ([b"HOST", b"USER-AGENT"], Casing.UPPER),
        (CURL, Casing.TITLE),
        ([b"Host", b"user-agent"], Casing.MIXED),
        ([b"Host", b"DNT"], Casing.MIXED),
    ],
)
def test_how_names_are_written_is_told(names, way):
    assert way == casing(names)

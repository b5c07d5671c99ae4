from decnet_actors.web.allowance import MAX_KEYS, Buckets


def test_a_bucket_is_full_at_first_and_fills_evenly() -> None:
    buckets = Buckets(limit=3, window=60.0)
    waits = [buckets.spend("k", 100.0).wait for _ in range(5)]

    assert [0.0, 0.0, 0.0, 20.0, 20.0] == waits
    assert 5.0 == buckets.spend("k", 115.0).wait
    assert 0.0 == buckets.spend("k", 120.0).wait


def test_what_is_left_and_when_all_is_back_are_told() -> None:
    buckets = Buckets(limit=3, window=60.0)
    buckets.spend("k", 0.0)
    told = buckets.spend("k", 0.0)

    assert (3, 60.0, 1, 40.0) == (told.limit, told.window, told.left, told.full_in)
    assert 2 == buckets.spend("k", 1e6).left, "a bucket never holds more than its limit"


def test_keys_do_not_share_and_are_bounded_in_number() -> None:
    buckets = Buckets(limit=2, window=60.0)
    buckets.spend("first", 0.0)
    for number in range(MAX_KEYS):
        assert 1 == buckets.spend(number, 1.0).left

    assert MAX_KEYS == len(buckets._buckets)
    assert 1 == buckets.spend("first", 1.0).left, "the longest unused was forgotten"
    assert 0 == buckets.spend(MAX_KEYS - 1, 1.0).left, "the others were not"

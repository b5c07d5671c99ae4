"""Tests of which credentials open a door."""

import pytest

from decnet_actors.contracts.fleet import Bait
from decnet_actors.decoys.policy import BaitAndRarity


def test_random_pair_fails_and_the_chosen_weak_ones_work():
    policy = BaitAndRarity(seed=1, users=["root", "ops"])

    assert len(policy.weak) == 2
    for user, secret in policy.weak:
        assert policy.accepts(user, secret.encode(), service="ssh")
    assert not policy.accepts("root", b"zX9!unlikely", service="ssh")


def test_same_seed_gives_the_same_answers_and_another_seed_others():
    first, again = (BaitAndRarity(seed=7, users=["root"]) for _ in range(2))

    assert first.weak == again.weak
    assert len({BaitAndRarity(seed=seed, users=["root"]).weak for seed in range(20)}) > 10


def test_weak_pairs_are_of_users_that_exist_and_can_be_turned_off():
    assert {user for user, _ in BaitAndRarity(seed=3, users=["ops"], rarity=5).weak} == {"ops"}
    assert BaitAndRarity(seed=3, users=["ops"], rarity=0).weak == frozenset()


@pytest.mark.parametrize(
    ("bait", "secret", "service", "accepted"),
    [
        (Bait(user="svc", secret="Winter2024"), b"Winter2024", "ssh", True),
        (Bait(user="svc", secret="Winter2024"), b"winter2024", "ssh", False),
        (Bait(user="svc", secret="Winter*"), b"Winter2031!", "ssh", True),
        (Bait(user="svc", secret="Winter*"), b"Summer", "ssh", False),
        (Bait(user="svc", secret="Win[tn]er?"), b"Winter1", "ssh", True),
        (Bait(user="svc", secret="Winter*", service="http"), b"Winter1", "ssh", False),
        (Bait(user="svc", secret="Winter", service="http"), b"Winter", "http", True),
        (Bait(user="svc", secret="Winter", service="http"), b"Winter", "ssh", False),
        (Bait(user="svc", secret="Winter*"), b"Winter" + b"1" * 300, "ssh", False),
    ],
)
def test_bait_opens_what_it_says(bait, secret, service, accepted):
    policy = BaitAndRarity(seed=1, users=["root"], baits=[bait])

    assert accepted is policy.accepts("svc", secret, service=service)
    assert not policy.accepts("other", secret, service=service)


@pytest.mark.parametrize("secret", ["*", "?????", "[a-z]*", "abc*", "*x*y*zabcd*", "a" * 129 + "*"])
def test_pattern_that_lets_almost_anything_in_is_refused(secret):
    with pytest.raises(ValueError, match="secret"):
        Bait(user="svc", secret=secret)


def test_user_is_never_a_pattern():
    with pytest.raises(ValueError, match="user"):
        Bait(user="*", secret="Winter2024")

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.web.passwords import MAX_LENGTH, Hasher, faults
from decnet_actors.web.throttle import FORGET_AFTER, FREE_FAILURES, MAX_KEYS, Throttle

CHEAP = Hasher(time_cost=1, memory_kib=8, parallelism=1)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabc",
        "qwertyuiopasdfghjkl",
        "12345678901234567890",
        "passwordpassword",
        "Passw0rdPassw0rd!",
        "P@ssword-Admin-2026",
        "correcthorsebatterystaple",
        "iloveyoumonkeydragon",
        "ana-decnet-admin-2026",
        "welcome to the admin",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_a_guessable_password_is_refused_with_a_reason(password: str) -> None:
    assert faults(password, minimum=15, words=("ana",))


@pytest.mark.parametrize(
    "password",
    ["seven otters rewire the lighthouse", "Wörter mit Ümläuten 7", "пять рыжих лисиц дремлют", "x7#Kq9!vLm2@Rt5&"],
)
def test_a_long_unusual_password_is_taken(password: str) -> None:
    assert () == faults(password, minimum=15, words=("ana",))


@given(st.text(max_size=200))
def test_any_text_is_judged_without_failing(password: str) -> None:
    assert isinstance(faults(password, minimum=15), tuple)


@given(st.text(min_size=1, max_size=40))
def test_a_hash_fits_its_password_only(password: str) -> None:
    made = CHEAP.hash(password)

    assert CHEAP.fits(made, password)
    assert not CHEAP.fits(made, password + "x")


def test_no_password_fits_a_user_without_one() -> None:
    assert not CHEAP.fits("", "nobody has this password")
    assert not CHEAP.fits("garbage", "x")


def test_nothing_is_cut_off_a_long_password() -> None:
    assert not CHEAP.fits(CHEAP.hash("a" * 100), "a" * 99)


def test_waits_double_up_to_the_longest_and_are_forgotten() -> None:
    throttle, now = Throttle(longest=60.0), 0.0
    waits = []
    for _ in range(14):
        throttle.failed("k", now)
        waits.append(throttle.wait("k", now))
        now += waits[-1]

    assert [0.0] * (FREE_FAILURES - 1) + [12.0, 24.0, 48.0] + [60.0] * 7 == waits
    assert 0.0 == throttle.wait("k", now + FORGET_AFTER + 1)
    throttle.failed("k", now + FORGET_AFTER + 2)
    assert 0.0 == throttle.wait("k", now + FORGET_AFTER + 2)


def test_success_forgets_and_memory_is_bounded() -> None:
    throttle = Throttle(longest=60.0)
    for _ in range(FREE_FAILURES):
        throttle.failed("k", 0.0)
    throttle.succeeded("k")

    assert 0.0 == throttle.wait("k", 0.0)
    for number in range(MAX_KEYS + 5):
        throttle.failed(number, 0.0)
    assert MAX_KEYS == len(throttle._failures)

from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.domain.reuse import SURE, Figures, choice, confidence, most_sources, rarity, reasons

sources = st.integers(1, 10_000_000)


def figures(sources: int, population: int, fewest: int = 1, *planted: str) -> Figures:
    return Figures(sources=sources, population=population, fewest=fewest, planted=planted)


def test_two_who_know_a_secret_are_sure_and_a_crowd_is_not():
    assert confidence(figures(2, 2)) > 0.85
    assert confidence(figures(2, 100_000)) > 0.9
    assert confidence(figures(2_000, 10_000)) < 0.2
    assert confidence(figures(10_000, 10_000)) < 0.05


def test_who_tries_thousands_says_little_with_each():
    assert confidence(figures(1, 50, 10_000)) < SURE
    assert confidence(figures(1, 50, 10)) > SURE


def test_bait_is_certain_however_many_try_it():
    assert 1.0 == confidence(figures(10_000, 10_000, 99, "web-01"))
    assert ("bait that was laid out on web-01, web-02",) == reasons(figures(2, 9, 1, "web-01", "web-02"))


def test_the_reasons_are_the_factors():
    assert (
        "tried by 2 of 40 sources: rarity 0.90",
        "the choosiest of them tried 10 secrets: choice 0.67",
    ) == reasons(figures(2, 40, 10))


@given(sources, sources, st.integers(0, 10_000_000))
def test_confidence_is_a_share_and_falls_as_more_try_it(one: int, more: int, fewest: int):
    population = one + more
    less, greater = figures(one, population, fewest), figures(population, population, fewest)

    assert 0.0 <= confidence(greater) <= confidence(less) <= 1.0
    assert rarity(1, population) == 1.0
    assert choice(1) == 1.0


@given(sources, st.integers(0, 10_000_000), st.floats(0, 1))
def test_what_is_left_out_by_its_number_of_sources_alone_is_not_sure_enough(one: int, rest: int, least: float):
    population = one + rest
    if one > most_sources(least, population):
        assert confidence(figures(one, population)) <= least + 0.0005

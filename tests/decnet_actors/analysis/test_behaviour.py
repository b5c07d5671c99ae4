"""The classes of behaviour, at both sides of each of their limits."""

import pytest

from decnet_actors.analysis.behaviour import AGENTS, RHYTHMS, behaviour, named, rhythmic
from decnet_actors.domain.behaviour import Behaviour
from decnet_actors.domain.profile import Gaps


def acting(*gaps: float) -> Gaps:
    """Return somebody who acts at the beginning and after each gap."""
    found, now = Gaps(), 1_800_000_000.0
    found.add(now)
    for gap in gaps:
        now += gap
        found.add(now)
    return found


def swinging(mean: float, variation: float, count: int) -> Gaps:
    """Return ``count`` gaps, half of them longer and half shorter."""
    return acting(*(mean * (1 + variation * (-1) ** n) for n in range(count)))


@pytest.mark.parametrize(
    ("gaps", "services", "expected"),
    [
        (Gaps(), 1, Behaviour.UNKNOWN),
        (acting(), 3, Behaviour.UNKNOWN),
        (acting(1), 3, Behaviour.UNKNOWN),
        (acting(1, 1), 3, Behaviour.SCANNING),
        (acting(10, 10, 10), 2, Behaviour.SLOW_SCAN),
        (acting(10, 10, 9), 2, Behaviour.BEACONING),
        (acting(10, 10), 2, Behaviour.MIXED),
        (acting(9.9, 9.9), 3, Behaviour.SCANNING),
        (acting(1.9, 1.9), 2, Behaviour.SCANNING),
        (acting(2, 2), 2, Behaviour.MIXED),
        (acting(*[4.9] * 7), 1, Behaviour.BRUTE_FORCE),
        (acting(*[4.9] * 6), 1, Behaviour.MIXED),
        (swinging(2, 0.55, 8), 1, Behaviour.BRUTE_FORCE),
        (swinging(2, 0.65, 8), 1, Behaviour.INTERACTIVE),
        (acting(5, 5, 5), 1, Behaviour.BEACONING),
        (acting(5, 5), 1, Behaviour.MIXED),
        (swinging(10, 0.3, 4), 1, Behaviour.BEACONING),
        (swinging(10, 0.4, 4), 1, Behaviour.MIXED),
        (acting(0.2, 9, 0.2, 5, 0.2), 1, Behaviour.INTERACTIVE),
        (acting(0.2, 9, 0.2, 5), 1, Behaviour.MIXED),
    ],
)
def test_the_first_rule_that_fits_is_the_class(gaps: Gaps, services: int, expected: Behaviour) -> None:
    assert behaviour(gaps, services) == expected


@pytest.mark.parametrize("rhythm", RHYTHMS, ids=lambda rhythm: rhythm.tool)
def test_a_tool_is_known_by_its_rhythm(rhythm) -> None:
    assert rhythm.tool in rhythmic(swinging(rhythm.interval, rhythm.variation, 40))
    assert rhythm.tool not in rhythmic(swinging(rhythm.interval + rhythm.interval_tolerance + 1, rhythm.variation, 40))
    assert rhythm.tool not in rhythmic(
        swinging(rhythm.interval, rhythm.variation + rhythm.variation_tolerance + 0.02, 40)
    )


def test_nobody_who_has_no_gaps_has_a_rhythm() -> None:
    assert rhythmic(Gaps()) == []


@pytest.mark.parametrize(("sign", "tool"), AGENTS.items())
def test_a_tool_is_known_by_the_name_it_tells(sign: str, tool: str) -> None:
    assert list(named([(b"Host", b"x"), (b"User-Agent", f"Mozilla/5.0 ({sign.title()})".encode())])) == [tool]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"user-agent", b"curl/8.5.0", ["curl"]),
        (b"User-Agent", b"libcurl/8.5.0", []),
        (b"X-Mailer", b"gophish", ["gophish"]),
        (b"X-Mailer", b"Outlook", []),
        (b"Referer", b"nikto", []),
        (b"User-Agent", b"\xff\xfe", []),
    ],
)
def test_other_headers_tell_nothing(name: bytes, value: bytes, expected: list[str]) -> None:
    assert list(named([(name, value)])) == expected

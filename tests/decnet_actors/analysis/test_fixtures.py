"""The fixtures: records as decoys make them, through journal and database into the analyses of production."""

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.analysis.observations import observation_id
from tests.corpus import FOLDER, Actor, Corpus, Truth, corpus, fixture, invent
from tests.decnet_actors.analysis.laboratory import labelled
from tests.measures import adjusted_rand, completeness, homogeneity, scores, singleton_recall

PERFECT = (1.0, 1.0, 1.0, 1.0)
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
async def test_a_fixture_is_told_apart_as_it_is(sqlite_engine: AsyncEngine, name: str) -> None:
    made = fixture(name)

    identities, campaigns = await labelled(sqlite_engine, made)

    assert scores(made.truth.identity, identities) == PERFECT
    assert scores(made.truth.campaign, campaigns) == PERFECT


@pytest.mark.slow
async def test_invented_attackers_are_told_apart(sqlite_engine: AsyncEngine) -> None:
    made = corpus(invent(11, 200), 11)

    identities, campaigns = await labelled(sqlite_engine, made)

    assert homogeneity(made.truth.identity, identities) == 1.0  # never two actors in one
    assert singleton_recall(made.truth.identity, identities) == 1.0
    assert adjusted_rand(made.truth.identity, identities) >= 0.9
    assert adjusted_rand(made.truth.campaign, campaigns) >= 0.9


def test_fixtures_are_what_they_say() -> None:
    six = fixture("f6_noise_floor")
    alone = [label for label in six.truth.identity.values() if list(six.truth.identity.values()).count(label) == 1]

    assert len(six.records) == len({record.id for record in six.records})
    assert len(alone) == 19  # eighteen scanners and the lone wolf


# What must not do: clusterers that look at one thing only. Each fails the fixture that was made for it.


def grouped(made: Corpus, key: Callable[[Actor, str, int], object]) -> dict[str, str]:
    """Return a label for each observation by what ``key`` says of actor, address and its place."""
    found: dict[str, str] = {}
    for actor in made.actors:
        for place, address in enumerate(actor.addresses):
            hassh = actor.hassh[place % len(actor.hassh)] if actor.hassh else ""
            label = key(actor, address, place)
            ident = observation_id(address, f"ssh:{hassh}" if hassh else "")
            found[ident] = ident if label in {None, "", ()} else repr(label)
    return found


def by_credentials(actor: Actor, _address: str, _place: int) -> object:
    return actor.credentials


def by_asn(actor: Actor, _address: str, place: int) -> object:
    return actor.asns[place % len(actor.asns)] if actor.asns else None


def by_day(actor: Actor, _address: str, place: int) -> object:
    return actor.days[place % len(actor.days)] // 3


def by_client(actor: Actor, address: str, place: int) -> object:
    return actor.hassh[place % len(actor.hassh)] if actor.hassh else None


def by_hours(actor: Actor, _address: str, _place: int) -> object:
    return actor.hours


def by_endpoint(actor: Actor, _address: str, _place: int) -> object:
    return actor.c2


def by_address(_actor: Actor, address: str, _place: int) -> object:
    return address


def by_payload(actor: Actor, _address: str, _place: int) -> object:
    return actor.payload


def by_recency(actor: Actor, _address: str, _place: int) -> object:
    return actor.days[0] // 14  # what is older than a fortnight is forgotten


def of_identities(truth: Truth) -> Mapping[str, str]:
    return truth.identity


def of_campaigns(truth: Truth) -> Mapping[str, str]:
    return truth.campaign


@pytest.mark.parametrize(
    ("name", "key", "level"),
    [
        ("f1_shared_wordlist", by_credentials, of_identities),
        ("f2_vpn_hopping", by_asn, of_identities),
        ("f4_paused", by_day, of_identities),
        ("f5_multi_operator", by_hours, of_campaigns),
        ("f5_multi_operator", by_client, of_campaigns),
        ("f5_multi_operator", by_payload, of_identities),
        ("f7_slow_burn", by_recency, of_campaigns),
        ("f8_commodity_hub", by_client, of_identities),
        ("f9_nat", by_address, of_identities),
        ("f10_changing_clients", by_client, of_identities),
        ("f11_vpn_exit", by_address, of_identities),
        ("f12_rented_panel", by_endpoint, of_campaigns),
        ("f13_noisy_clocks", by_hours, of_campaigns),
    ],
)
def test_who_looks_at_one_thing_only_fails(name: str, key, level) -> None:
    made = fixture(name)

    assert scores(level(made.truth), grouped(made, key)) != PERFECT


def test_finding_nobody_passes_where_all_are_alone_and_nowhere_else() -> None:
    alone, crew = fixture("f3_lone_wolf"), fixture("f2_vpn_hopping")

    assert scores(alone.truth.identity, {ident: ident for ident in alone.truth.identity}) == PERFECT
    assert completeness(crew.truth.identity, {ident: ident for ident in crew.truth.identity}) < 1.0


def test_a_slow_campaign_is_the_same_a_year_later() -> None:
    made = fixture("f7_slow_burn")
    # nothing forgets: the measure that fails with a fortnight passes when it never forgets
    assert scores(made.truth.campaign, grouped(made, lambda actor, _address, _place: actor.c2)) == PERFECT


def test_measures_tell_splits_from_mixtures() -> None:
    truth = {"a": "1", "b": "1", "c": "2", "d": "3"}

    assert scores(truth, {"a": "x", "b": "x", "c": "y", "d": "z"}) == PERFECT
    split = scores(truth, {"a": "x", "b": "w", "c": "y", "d": "z"})
    assert (split[1], split[3]) == (1.0, 1.0)
    assert split[2] < 1.0
    mixed = scores(truth, {"a": "x", "b": "x", "c": "x", "d": "z"})
    assert mixed[2] == 1.0
    assert mixed[1] < 1.0
    assert mixed[3] == 0.5

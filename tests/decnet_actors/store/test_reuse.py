"""Who has a secret from whom, on each kind of database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.reuse import Planted
from decnet_actors.domain.facts import CredentialSeen, Fact
from decnet_actors.domain.findings import BaitUsed, CredentialReused
from decnet_actors.domain.records import Record
from tests.decnet_actors.store.reusing import contents, follow
from tests.decnet_actors.store.samples import NOW, login, record

RARE = b"Kx7!vQ2z"
A, B, C = "203.0.113.1", "203.0.113.2", "203.0.113.3"


def tried(
    number: int, source: str = A, decky: str = "web-01", service: str = "ssh", *, fact: Fact | None = None
) -> Record:
    return record(number, fact or login("root", RARE), source=source, decky=decky, service=service)


def bait(decky: str = "web-01", secret: bytes = RARE, user: str = "root", since: float = 0.0) -> Planted:
    return Planted(decky=decky, user=user, secret=secret, since=since)


async def test_one_rare_secret_in_two_places_is_told_once(engine: AsyncEngine) -> None:
    found = await follow(engine, [[tried(1), tried(2)], [tried(3, B, "db-01", "http")], [tried(4), tried(5, B)]])

    [one] = found
    assert isinstance(one, CredentialReused)
    assert ((A, B), 2, ("db-01:http", "web-01:ssh"), 2) == (
        one.sources,
        one.source_count,
        one.targets,
        one.target_count,
    )
    assert one.confidence > 0.85
    assert RARE.decode() not in repr(one)


async def test_it_is_told_again_when_places_are_added_and_only_then(engine: AsyncEngine) -> None:
    found = await follow(
        engine, [[tried(1)], [tried(2, B)], [tried(3, C)], [tried(4, C, "db-01")], [tried(5, A, "db-01")]]
    )

    assert [1, 2] == [one.target_count for one in found if isinstance(one, CredentialReused)]


async def test_one_source_at_one_place_is_no_reuse(engine: AsyncEngine) -> None:
    assert [] == await follow(engine, [[tried(1), tried(2)], [tried(3)]])


@pytest.mark.parametrize(("user", "secret"), [("admin", b"admin"), ("root", b"123456"), ("eve", b"eve1")])
async def test_what_everybody_tries_is_no_reuse(sqlite_engine: AsyncEngine, user: str, secret: bytes) -> None:
    fact = login(user, secret)
    found = await follow(sqlite_engine, [[tried(1, fact=fact), tried(2, B, "db-01", fact=fact)]])

    assert [] == found
    assert [] == (await contents(sqlite_engine))["reuse_secret"]


async def test_what_a_crowd_tries_stops_being_told(sqlite_engine: AsyncEngine) -> None:
    crowd = [[tried(n, f"198.51.{n // 250}.{n % 250}", f"decky-{n % 60}")] for n in range(60)]
    found = await follow(sqlite_engine, crowd)

    reuses = [one for one in found if isinstance(one, CredentialReused)]
    assert all(one.source_count < 40 for one in reuses)
    assert reuses[0].confidence > reuses[-1].confidence


async def test_a_brute_force_of_one_source_over_many_places_is_no_reuse(sqlite_engine: AsyncEngine) -> None:
    words = [login("root", b"Zq%d#word" % n) for n in range(300)]
    first = [tried(n, fact=word) for n, word in enumerate(words)]
    again = [tried(1000 + n, decky="db-01", fact=word) for n, word in enumerate(words)]

    assert [] == await follow(sqlite_engine, [first, again])


async def test_answers_to_random_challenges_are_never_grouped(sqlite_engine: AsyncEngine) -> None:
    def answer(challenge: bytes) -> CredentialSeen:
        return CredentialSeen(user="root", secret=b"\x01" * 20, kind="mysql_native_password", challenge=challenge)

    apart = [tried(1, fact=answer(b"a")), tried(2, B, "db-01", fact=answer(b"b"))]
    fixed = [tried(3, fact=answer(b"c")), tried(4, B, "db-01", fact=answer(b"c"))]

    assert [] == await follow(sqlite_engine, [apart])
    assert 1 == len(await follow(sqlite_engine, [fixed]))


async def test_a_bait_is_traced_to_the_decky_that_leaked_it(engine: AsyncEngine) -> None:
    found = await follow(
        engine,
        [[tried(1, A, "db-01", "redis")], [tried(2, A, "db-01", "redis"), tried(3, B, "db-01", "redis")]],
        [bait("web-01")],
    )

    used = [one for one in found if isinstance(one, BaitUsed)]
    assert [(("web-01",), A, "db-01", "redis", 1.0), (("web-01",), B, "db-01", "redis", 1.0)] == [
        (one.planted, one.source, one.decky, one.service, one.confidence) for one in used
    ]
    assert RARE.decode() not in repr(used)


async def test_a_bait_of_two_deckies_names_both(sqlite_engine: AsyncEngine) -> None:
    [one] = await follow(sqlite_engine, [[tried(1)]], [bait("web-01"), bait("db-01")])

    assert isinstance(one, BaitUsed)
    assert (("db-01", "web-01"), 0.5) == (one.planted, one.confidence)


@pytest.mark.parametrize(
    ("laid", "fact"),
    [
        (bait(user="deploy"), login("root", RARE)),
        (bait(since=NOW + 99), login("root", RARE)),
        (bait(secret=b"admin", user="admin"), login("admin", b"admin")),
        (bait(), CredentialSeen(user="root", secret=RARE, kind="http_digest_md5", challenge=b"x")),
    ],
    ids=["another user", "before it was laid out", "what everybody tries", "an answer"],
)
async def test_what_is_no_bait(sqlite_engine: AsyncEngine, laid: Planted, fact: CredentialSeen) -> None:
    assert [] == await follow(sqlite_engine, [[tried(1, fact=fact)]], [laid])


async def test_a_bait_is_known_where_only_a_password_is_asked_for(sqlite_engine: AsyncEngine) -> None:
    [one] = await follow(sqlite_engine, [[tried(1, fact=login(None, RARE))]], [bait(user="default")])

    assert isinstance(one, BaitUsed)
    assert one.user is None


async def test_an_attempt_without_a_source_counts_for_nothing(sqlite_engine: AsyncEngine) -> None:
    await follow(sqlite_engine, [[tried(1, source="")]])

    assert not any((await contents(sqlite_engine)).values())

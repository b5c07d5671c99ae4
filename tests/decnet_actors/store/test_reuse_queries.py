"""What operators are told of secrets that were used again, on each kind of database."""

import base64
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.contracts.reuse import Planted
from decnet_actors.domain.records import Record
from decnet_actors.store.handlers import bind_operations
from decnet_actors.store.journal import JournalStatus
from decnet_actors.store.reader import Reader
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.reusing import follow
from tests.decnet_actors.store.samples import NOW, login, record

A, B, C = "203.0.113.1", "203.0.113.2", "203.0.113.3"
BAIT = Planted(decky="cam-07", user="root", secret=b"gT4-heron-91", since=0.0)
VIEWER = Caller(name="vic", role=Role.VIEWER, via="token")


def tried(number: int, secret: bytes, source: str, decky: str, user: str | None = "root") -> Record:
    return record(number, login(user, secret), session=number, source=source, decky=decky)


RECORDS = (
    tried(1, b"Kx7!vQ2z", A, "web-01"),
    tried(2, b"Kx7!vQ2z", B, "db-01", "eve"),
    tried(3, b"zz9 Plural", A, "web-01"),
    tried(4, b"zz9 Plural", B, "web-01"),
    tried(5, b"only once", C, "web-01"),
    tried(6, b"gT4-heron-91", C, "db-01"),
    tried(7, b"\xff\x00\xfe", C, "db-01", None),
    tried(8, b"\xff\x00\xfe", C, "web-01", None),
)


def secrets_of(page: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(row["secret"]["base64"]) for row in page["items"]]


@pytest.fixture
async def asked(engine: AsyncEngine):
    harness = Harness(engine)
    await harness.start()
    await harness.keep(*RECORDS)
    await harness.stop()
    await follow(engine, [RECORDS], [BAIT])

    async def audited(*_: object) -> None:
        raise AssertionError("reading leaves no audit record")

    async def status() -> JournalStatus:
        raise AssertionError("nobody asks for it here")

    table = OperationTable(audited, lambda: NOW)
    bind_operations(table, engine=engine, reader=Reader(engine, lambda _: lambda: None), now=lambda: NOW, status=status)

    async def call(name: str, **args: object):
        return await table.call(name, args, VIEWER)

    return call


async def test_the_list_has_what_was_used_again_and_baits_the_last_first(asked) -> None:
    page = await asked("credential.reuse-list")

    assert [b"\xff\x00\xfe", b"gT4-heron-91", b"zz9 Plural", b"Kx7!vQ2z"] == secrets_of(page)
    assert page["next"] is None


@pytest.mark.parametrize(
    ("filters", "secrets"),
    [
        ({"min_targets": 2}, [b"\xff\x00\xfe", b"Kx7!vQ2z"]),
        ({"min_sources": 2}, [b"zz9 Plural", b"Kx7!vQ2z"]),
        ({"bait": True}, [b"gT4-heron-91"]),
        ({"bait": False, "decky": "db-01"}, [b"\xff\x00\xfe", b"Kx7!vQ2z"]),
        ({"source": B}, [b"zz9 Plural", b"Kx7!vQ2z"]),
        ({"since": NOW + 6}, [b"\xff\x00\xfe", b"gT4-heron-91"]),
        ({"min_confidence": 1.0}, [b"gT4-heron-91"]),
        ({"min_targets": 3}, []),
    ],
)
async def test_filters(asked, filters: dict[str, object], secrets: list[bytes]) -> None:
    page = await asked("credential.reuse-list", **filters)

    assert secrets == secrets_of(page)


async def test_pages_follow_one_another_without_a_gap(asked) -> None:
    seen, cursor = [], None
    for _ in range(10):
        page = await asked("credential.reuse-list", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += secrets_of(page)
        cursor = page["next"]
        if cursor is None:
            break

    assert [b"\xff\x00\xfe", b"gT4-heron-91", b"zz9 Plural", b"Kx7!vQ2z"] == seen


async def test_what_is_left_out_of_a_look_does_not_end_the_list(asked) -> None:
    page = await asked("credential.reuse-list", limit=1, min_confidence=0.99)

    assert [b"gT4-heron-91"] == secrets_of(page)


async def test_one_secret_shows_who_where_and_as_whom(asked) -> None:
    rows = (await asked("credential.reuse-list", source=A, min_targets=2))["items"]
    one = await asked("credential.reuse-show", id=rows[0]["id"])

    assert [(A, 2), (B, 2)] == [(row["source"], row["secrets"]) for row in one["who"]]
    assert [("web-01", "ssh"), ("db-01", "ssh")] == [(row["decky"], row["service"]) for row in one["where"]]
    assert ["root", "eve"] == [row["user"] for row in one["users"]]
    assert not one["truncated"]
    assert 2 == len(one["reasons"])


async def test_an_absent_user_stays_absent(asked) -> None:
    rows = (await asked("credential.reuse-list", since=NOW + 7))["items"]
    one = await asked("credential.reuse-show", id=rows[0]["id"])

    assert [None] == [row["user"] for row in one["users"]]


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "WyJ4IiwgInkiXQ"])
async def test_a_cursor_of_somebody_else_is_refused(asked, cursor: str) -> None:
    with pytest.raises(OperatorError):
        await asked("credential.reuse-list", cursor=cursor)


async def test_what_is_not_there_says_where_to_look(asked) -> None:
    with pytest.raises(OperatorError) as caught:
        await asked("credential.reuse-show", id="nothing")

    assert "DN3001" == caught.value.kind.code
    assert ("decnetctl credential reuse-list",) == caught.value.fix

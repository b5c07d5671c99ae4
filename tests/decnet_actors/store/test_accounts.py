import attrs
import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.accounts import AccountStore, ApiToken, AuditRow, User, WebSession
from decnet_actors.contracts.operations import Role
from decnet_actors.store.accounts import Accounts
from decnet_actors.store.errors import BrokenChainError
from decnet_actors.store.tables import audit

ANA = User(name="ana", role=Role.ANALYST, created=1.5, password_hash="$argon2id$x")
SESSION = WebSession(
    digest=bytes(32), user="ana", created=1.0, last_seen=1.0, expires=9.0, address="192.0.2.1", user_agent="curl/8"
)
TOKEN = ApiToken(id="t1", digest=b"\x01" * 32, name="ci", role=Role.VIEWER, created=1.0, created_by="ana")


@pytest.fixture
async def accounts(engine: AsyncEngine) -> Accounts:
    accounts = Accounts(engine)
    _port: AccountStore = accounts  # it keeps the protocol
    await accounts.add_user(ANA)
    return accounts


def row(number: int, arguments: str = "{}") -> AuditRow:
    return AuditRow(
        time=1_800_000_000.1234567 + number,
        caller="ana",
        via="web",
        address="192.0.2.1",
        operation="user.add",
        arguments=arguments,
        outcome="ok",
    )


async def test_users_are_kept_as_they_are(accounts: Accounts) -> None:
    assert await accounts.users() == (ANA,)
    assert await accounts.get_user("ana") == ANA
    assert await accounts.get_user("bob") is None


async def test_a_name_is_taken_only_once_and_case_counts(accounts: Accounts) -> None:
    with pytest.raises(ValueError, match="ana"):
        await accounts.add_user(ANA)
    await accounts.add_user(attrs.evolve(ANA, name="Ana"))

    assert [user.name for user in await accounts.users()] == ["Ana", "ana"]


async def test_a_user_is_changed(accounts: Accounts) -> None:
    changed = attrs.evolve(ANA, role=Role.ADMIN, disabled=True, last_login=7.25, password_hash="")

    assert await accounts.change_user(changed) is True
    assert await accounts.get_user("ana") == changed
    assert await accounts.change_user(changed) is True  # nothing new in it, but it exists
    assert await accounts.change_user(attrs.evolve(ANA, name="bob")) is False


async def test_sessions_come_and_go(accounts: Accounts) -> None:
    other = attrs.evolve(SESSION, digest=b"\x02" * 32, user_agent="\x00\udcff")
    await accounts.add_session(SESSION)
    await accounts.add_session(other)
    await accounts.touch_session(SESSION.digest, 5.0)

    assert await accounts.get_session(SESSION.digest) == attrs.evolve(SESSION, last_seen=5.0)
    kept = await accounts.get_session(other.digest)
    assert kept is not None
    assert kept.user_agent == r"\x00\xff"
    assert await accounts.remove_sessions("ana", digest=b"\x09" * 32) == 0
    assert await accounts.remove_sessions("ana", digest=other.digest) == 1
    assert await accounts.remove_sessions("ana") == 1
    assert await accounts.get_session(SESSION.digest) is None


async def test_sessions_whose_time_is_over_are_removed(accounts: Accounts) -> None:
    await accounts.add_session(SESSION)

    assert await accounts.remove_expired_sessions(8.9) == 0
    assert await accounts.remove_expired_sessions(9.0) == 1


async def test_tokens_come_and_go(accounts: Accounts) -> None:
    await accounts.add_token(TOKEN)
    with pytest.raises(ValueError, match="ci"):
        await accounts.add_token(attrs.evolve(TOKEN, id="t2", digest=b"\x03" * 32))
    await accounts.touch_token("t1", 3.0)

    assert await accounts.get_token(TOKEN.digest) == attrs.evolve(TOKEN, last_used=3.0)
    assert await accounts.tokens() == (attrs.evolve(TOKEN, last_used=3.0),)
    assert await accounts.get_token(b"\x09" * 32) is None
    assert await accounts.remove_token("t1") is True
    assert await accounts.remove_token("t1") is False


async def test_audit_rows_are_numbered_and_read_newest_first(accounts: Accounts) -> None:
    for number in (1, 2, 3):
        await accounts.add_audit(row(number))

    assert await accounts.audit(limit=2) == ((3, row(3)), (2, row(2)))
    assert await accounts.audit(before=2) == ((1, row(1)),)
    assert await accounts.verify_audit() == 3


async def test_an_audit_row_takes_any_text(accounts: Accounts) -> None:
    await accounts.add_audit(row(1, arguments='{"q": "\x00\udc80\N{SNOWMAN}"}'))

    ((_, kept),) = await accounts.audit()
    assert kept.arguments == '{"q": "\\x00\\x80\N{SNOWMAN}"}'
    assert await accounts.verify_audit() == 1


@pytest.mark.parametrize("change", [update(audit).values(caller="eve"), delete(audit)])
async def test_a_changed_or_missing_audit_row_is_found(engine: AsyncEngine, accounts: Accounts, change) -> None:
    for number in (1, 2, 3):
        await accounts.add_audit(row(number))
    async with engine.begin() as connection:
        await connection.execute(change.where(audit.c.number == 2))

    with pytest.raises(BrokenChainError) as caught:
        await accounts.verify_audit()

    assert caught.value.args == (2,)

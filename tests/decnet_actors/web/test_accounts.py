from collections.abc import Mapping
from typing import Any

import pytest

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.web.accounts import DAY
from tests.decnet_actors.web.fakes import START, Site

LOCAL = Caller(name="root", role=Role.ADMIN, via="control")
ON_THE_WEB = Caller(name="ana", role=Role.ADMIN, via="web")
GOOD = "quiet violins under the pier"


@pytest.fixture
async def site() -> Site:
    made = Site()
    await made.add_user("ana", Role.ADMIN)
    await made.add_user("bo", Role.ADMIN)
    await made.add_user("vic", Role.VIEWER)
    return made


async def refused(site: Site, name: str, raw: Mapping[str, Any], caller: Caller = LOCAL) -> str:
    with pytest.raises(OperatorError) as caught:
        await site.table.call(name, raw, caller)
    return caught.value.kind.code


async def test_users_are_listed_by_name_without_their_hashes(site: Site) -> None:
    answer = await site.table.call("user.list", {}, LOCAL)

    assert ["ana", "bo", "vic"] == [row["name"] for row in answer["items"]]
    assert "argon2" not in repr(answer)


async def test_a_taken_name_a_strange_name_and_a_weak_password_are_refused(site: Site) -> None:
    assert "DN4009" == await refused(site, "user.add", {"name": "vic"})
    for name in ("", "a b", "x" * 65, "../etc", "a\n"):
        assert "DN5001" == await refused(site, "user.add", {"name": name})
    assert "DN5001" == await refused(site, "user.add", {"name": "kim", "password": "short"})


async def test_a_given_password_is_not_shown_back(site: Site) -> None:
    made = await site.table.call("user.add", {"name": "kim", "password": GOOD}, LOCAL)

    assert "" == made["password"]


async def test_adding_an_administrator_is_announced_and_others_are_not(site: Site) -> None:
    told: list[int] = []
    site.door.admin_created = lambda: told.append(1)
    await site.table.call("user.add", {"name": "kim"}, LOCAL)
    await site.table.call("user.add", {"name": "kay", "role": "admin"}, LOCAL)

    assert [1] == told


async def test_a_new_password_replaces_the_old_one_and_ends_sessions(site: Site) -> None:
    before = site.accounts.by_name["vic"].password_hash
    answer = await site.table.call("user.reset-password", {"name": "vic"}, LOCAL)

    assert len(answer["password"]) >= 40
    assert before != site.accounts.by_name["vic"].password_hash
    assert "DN3001" == await refused(site, "user.reset-password", {"name": "nobody"})


async def test_a_user_is_locked_out_and_let_in_again(site: Site) -> None:
    assert (await site.table.call("user.disable", {"name": "vic"}, LOCAL))["disabled"]
    assert not (await site.table.call("user.disable", {"name": "vic", "disabled": False}, LOCAL))["disabled"]


async def test_roles_change_but_never_ones_own_over_the_web(site: Site) -> None:
    assert "analyst" == (await site.table.call("user.role", {"name": "vic", "role": "analyst"}, LOCAL))["role"]
    assert "viewer" == (await site.table.call("user.role", {"name": "bo", "role": "viewer"}, LOCAL))["role"]
    assert "DN4010" == await refused(site, "user.role", {"name": "ana", "role": "viewer"}, ON_THE_WEB)
    await site.table.call("user.role", {"name": "bo", "role": "admin"}, LOCAL)
    assert "DN4010" == await refused(site, "user.disable", {"name": "ana"}, ON_THE_WEB)


async def test_tokens_are_listed_without_secrets_and_expire_when_asked_to(site: Site) -> None:
    made = await site.table.call("api-token.create", {"name": "siem", "days": 2}, LOCAL)
    await site.table.call("api-token.create", {"name": "for-ever", "days": 0}, LOCAL)
    rows = (await site.table.call("api-token.list", {}, LOCAL))["items"]

    assert [("siem", START + 2 * DAY), ("for-ever", None)] == [(row["name"], row["expires"]) for row in rows]
    assert made["token"] not in repr(rows)
    assert "DN3001" == await refused(site, "api-token.revoke", {"id": "none"})
    assert "DN3001" == await refused(site, "api-token.show", {"id": "none"})


async def test_a_token_never_may_more_than_its_maker(site: Site) -> None:
    analyst = Caller(name="x", role=Role.ANALYST, via="web")

    assert "DN4003" == await refused(site, "api-token.create", {"name": "x", "role": "admin"}, analyst)


async def test_a_set_up_link_is_not_made_over_the_web(site: Site) -> None:
    assert "DN4003" == await refused(site, "user.setup-link", {}, ON_THE_WEB)


async def test_the_audit_log_is_read_page_by_page(site: Site) -> None:
    for number in range(5):
        await site.table.call("api-token.create", {"name": f"t{number}"}, LOCAL)
    first = await site.table.call("audit.list", {"limit": 3}, LOCAL)
    second = await site.table.call("audit.list", {"limit": 3, "cursor": first["next"]}, LOCAL)

    assert ([5, 4, 3], [2, 1]) == ([r["number"] for r in first["items"]], [r["number"] for r in second["items"]])
    assert second["next"] is None
    assert "DN5001" == await refused(site, "audit.list", {"cursor": "x"})

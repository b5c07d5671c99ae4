import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operations import Caller, Nothing, Role
from decnet_actors.web import operations as ops
from decnet_actors.web.doorkeeper import HASHED_AT_ONCE, MAX_CHECKING, TOKEN_REQUESTS, TOUCH_EVERY, Visitor
from decnet_actors.web.tokens import digest
from tests.decnet_actors.web.fakes import PASSWORD, Browser, Site

T = TypeVar("T")


async def outcome(work: Awaitable[object]) -> str:
    try:
        await work
    except OperatorError as error:
        return error.kind.code
    return ""


LOCAL = Caller(name="root", role=Role.ADMIN, via="control")


async def test_nobody_is_told_who_exists(site: Site, browser: Browser) -> None:
    await site.add_user()

    _, wrong, _ = await browser.sign_in(password="not the right one at all")
    _, unknown, _ = await browser.sign_in(user="nobody")

    assert wrong["detail"] == unknown["detail"]
    assert ("DN4001", "DN4001") == (wrong["code"], unknown["code"])


async def test_signing_in_sets_a_cookie_scripts_cannot_read(site: Site, browser: Browser) -> None:
    await site.add_user()

    status, body, headers = await browser.sign_in()

    assert (200, "ana", "admin") == (status, body["user"], body["role"])
    for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in headers["set-cookie"]
    assert "Secure" not in headers["set-cookie"]  # plain HTTP on loopback: browsers would drop it


async def test_the_cookie_is_kept_as_a_digest_only(site: Site, browser: Browser) -> None:
    await site.add_user()
    _, _, headers = await browser.sign_in()

    secret = headers["set-cookie"].partition("=")[2].partition(";")[0]

    assert [digest(secret)] == list(site.accounts.sessions)
    assert secret not in repr(site.accounts.sessions)


async def test_the_session_tells_what_the_caller_may_call(site: Site, admin: Browser) -> None:
    await site.add_user("vic", Role.VIEWER)
    async with site.client() as viewer:
        _, seen_by_viewer, _ = await viewer.sign_in("vic")
    _, seen_by_admin, _ = await admin.get("/api/v1/auth/session")

    assert {"method": "GET", "path": "/api/v1/users", "stream": False} == seen_by_admin["operations"]["user.list"]
    assert "user.list" not in seen_by_viewer["operations"]


async def test_without_a_session_the_session_is_empty_and_says_whether_set_up_is_due(
    site: Site, browser: Browser
) -> None:
    before = await browser.get("/api/v1/auth/session")
    await site.add_user()
    after = await browser.get("/api/v1/auth/session")

    assert (200, {"user": None, "setup": True}) == before[:2]
    assert (200, {"user": None, "setup": False}) == after[:2]


async def test_a_session_ends_when_idle(site: Site, admin: Browser) -> None:
    site.clock.advance(site.settings.session_idle + 1)

    assert (await admin.get("/api/v1/users"))[0] == 401
    assert {} == site.accounts.sessions


async def test_use_keeps_a_session_but_not_beyond_its_absolute_end(site: Site, admin: Browser) -> None:
    step = site.settings.session_idle - 1
    for _ in range(int(site.settings.session_max // step)):
        site.clock.advance(step)

        assert (await admin.get("/api/v1/users"))[0] == 200
    site.clock.advance(step)

    assert (await admin.get("/api/v1/users"))[0] == 401


async def test_a_sign_of_life_is_written_once_a_minute(site: Site, admin: Browser) -> None:
    (before,) = site.accounts.sessions.values()
    site.clock.advance(TOUCH_EVERY - 1)
    await admin.get("/api/v1/users")
    (same,) = site.accounts.sessions.values()
    site.clock.advance(2)
    await admin.get("/api/v1/users")
    (later,) = site.accounts.sessions.values()

    assert before.last_seen == same.last_seen
    assert site.clock.now() == later.last_seen


async def test_signing_out_ends_the_session_at_once(site: Site, admin: Browser) -> None:
    cookies = list(admin.http.cookie_jar)
    status, _, headers = await admin.post("/api/v1/auth/logout")

    assert 200 == status
    assert "Max-Age=0" in headers["set-cookie"]
    admin.http.cookie_jar.update_cookies({cookie.key: cookie.value for cookie in cookies})
    assert (await admin.get("/api/v1/users"))[0] == 401


async def test_disabling_a_user_ends_their_sessions(site: Site, admin: Browser) -> None:
    await site.add_user("bo", Role.ANALYST)
    async with site.client() as other:
        await other.sign_in("bo")
        await admin.post("/api/v1/users/bo:disable", {})

        assert (await other.get("/api/v1/auth/session"))[1]["user"] is None
        assert (await other.sign_in("bo"))[0] == 401


async def test_guessing_gets_slower_and_says_for_how_long(site: Site, browser: Browser) -> None:
    await site.add_user()
    for _ in range(5):
        await browser.sign_in(password="wrong " * 4)

    status, body, headers = await browser.sign_in()

    assert (429, "DN4029") == (status, body["code"])
    assert "12" == headers["retry-after"]
    assert "try again in 12 s" in body["detail"]
    site.clock.advance(12)
    assert (await browser.sign_in())[0] == 200


async def test_guesses_made_at_once_are_counted_one_by_one(site: Site) -> None:
    await site.add_user()
    async with asyncio.TaskGroup() as tasks:
        guesses = [
            tasks.create_task(outcome(site.door.sign_in("ana", "wrong", Visitor(address=f"192.0.2.{n}"))))
            for n in range(MAX_CHECKING)
        ]

    assert {"DN4001": 5, "DN4029": MAX_CHECKING - 5} == Counter(task.result() for task in guesses)


async def test_a_crowd_at_the_door_cannot_use_up_memory(site: Site) -> None:
    held, most, now = asyncio.Event(), 0, 0

    async def slow(work: Callable[[], T]) -> T:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await held.wait()
        now -= 1
        return work()

    site.door._offload = slow
    async with asyncio.TaskGroup() as tasks:
        crowd = [
            tasks.create_task(outcome(site.door.sign_in(f"user-{n}", PASSWORD, Visitor(address=f"192.0.2.{n}"))))
            for n in range(40)
        ]
        while sum(task.done() for task in crowd) < 40 - MAX_CHECKING:
            await asyncio.sleep(0)
        held.set()
    answers = [task.result() for task in crowd]

    assert HASHED_AT_ONCE == most
    assert {"DN4001": MAX_CHECKING, "DN4029": 40 - MAX_CHECKING} == Counter(answers)


async def test_a_long_name_or_password_is_refused_without_hashing_it(site: Site, browser: Browser) -> None:
    assert (await browser.sign_in(user="a" * 100_000))[0] == 401
    assert (await browser.sign_in(password="a" * 100_000))[0] == 401


async def test_set_up_creates_the_first_administrator_once(site: Site, browser: Browser) -> None:
    token = site.door.setup_link.issue()
    wanted = {"token": token, "user": "ana", "password": PASSWORD}

    first = await browser.post("/api/v1/setup", wanted)
    second = await browser.post("/api/v1/setup", {**wanted, "user": "eve"})

    assert (200, "ana", "admin") == (first[0], first[1]["user"], first[1]["role"])
    assert (401, "DN4001") == (second[0], second[1]["code"])
    assert ["ana"] == list(site.accounts.by_name)


async def test_a_weak_password_does_not_use_up_the_set_up_link(site: Site, browser: Browser) -> None:
    token = site.door.setup_link.issue()
    weak = await browser.post("/api/v1/setup", {"token": token, "user": "ana", "password": "passwordpassword1"})
    good = await browser.post("/api/v1/setup", {"token": token, "user": "ana", "password": PASSWORD})

    assert (422, "/password") == (weak[0], weak[1]["errors"][0]["pointer"])
    assert 200 == good[0]


async def test_a_set_up_link_expires_and_a_newer_one_replaces_it(site: Site, browser: Browser) -> None:
    wanted = {"user": "ana", "password": PASSWORD}
    old = site.door.setup_link.issue()
    new = site.door.setup_link.issue()

    assert (await browser.post("/api/v1/setup", {"token": old, **wanted}))[0] == 401
    site.clock.advance(site.settings.setup_valid + 1)
    assert (await browser.post("/api/v1/setup", {"token": new, **wanted}))[0] == 401


async def test_a_set_up_link_is_worthless_once_somebody_can_administer(site: Site, browser: Browser) -> None:
    token = site.door.setup_link.issue()
    await site.add_user()

    assert (await browser.post("/api/v1/setup", {"token": token, "user": "eve", "password": PASSWORD}))[0] == 401


async def test_the_set_up_link_is_made_on_the_machine_only(site: Site) -> None:
    answer = await site.table.call("user.setup-link", {}, LOCAL)

    assert answer["url"].startswith(f"{site.url}/setup#")
    await site.add_user()
    with pytest.raises(Exception, match="administrator exists"):
        await site.table.call("user.setup-link", {}, LOCAL)


async def test_changing_the_password_signs_every_other_browser_out(site: Site, admin: Browser) -> None:
    async with site.client() as other:
        await other.sign_in()
        body = {"current": PASSWORD, "password": "eleven herons mend the harbour"}
        status, _, _ = await admin.post("/api/v1/auth/password", body)

        assert 200 == status
        assert (await admin.get("/api/v1/users"))[0] == 200
        assert (await other.get("/api/v1/users"))[0] == 401


async def test_changing_the_password_needs_the_current_one(admin: Browser) -> None:
    status, body, _ = await admin.post("/api/v1/auth/password", {"current": "x", "password": PASSWORD})

    assert (422, "/current") == (status, body["errors"][0]["pointer"])


async def test_a_token_works_until_it_is_revoked(site: Site, admin: Browser, browser: Browser) -> None:
    _, made, _ = await admin.post("/api/v1/api-tokens", {"name": "siem", "role": "admin", "days": 1})
    bearer = {"Authorization": f"Bearer {made['token']}"}

    assert made["token"].startswith("dnt_")
    assert (await browser.send("GET", "/api/v1/users", headers=bearer))[0] == 200
    own, place = {"Sec-Fetch-Site": "same-origin"}, f"/api/v1/api-tokens/{made['id']}"
    _, shown, headers = await admin.get(place)
    assert ("siem", site.clock.now()) == (shown["name"], shown["last_used"])
    assert (await admin.send("DELETE", place, {}, own))[0] == 428
    assert (await admin.send("DELETE", place, {}, {**own, "If-Match": headers["etag"]}))[0] == 200
    assert (await browser.send("GET", "/api/v1/users", headers=bearer))[0] == 401


async def test_a_tokens_name_is_taken_once(admin: Browser) -> None:
    first, _, _ = await admin.post("/api/v1/api-tokens", {"name": "siem"})
    second, body, _ = await admin.post("/api/v1/api-tokens", {"name": "siem"})

    assert (200, 409, "DN4009") == (first, second, body["code"])


async def test_a_token_expires_and_is_kept_as_a_digest(site: Site, admin: Browser, browser: Browser) -> None:
    _, made, _ = await admin.post("/api/v1/api-tokens", {"name": "siem", "role": "admin", "days": 1})
    site.clock.advance(86_401)

    assert (await browser.send("GET", "/api/v1/users", headers={"Authorization": f"Bearer {made['token']}"}))[0] == 401
    assert made["token"] not in repr(site.accounts.by_id) + repr(site.accounts.rows)


async def test_a_token_may_ask_so_often_and_is_told_how_much_is_left(
    site: Site, admin: Browser, browser: Browser
) -> None:
    bearers = {}
    for name in ("siem", "soar"):
        _, made, _ = await admin.post("/api/v1/api-tokens", {"name": name, "role": "admin"})
        bearers[name] = {"Authorization": f"Bearer {made['token']}"}
    _, _, first = await browser.send("GET", "/api/v1/users", headers=bearers["siem"])
    for _ in range(TOKEN_REQUESTS - 1):
        site.door.spend(Caller(name="token:siem", role=Role.ADMIN, via="token"))
    status, body, headers = await browser.send("GET", "/api/v1/users", headers=bearers["siem"])

    assert ('"token";q=600;w=60', '"token";r=599;t=1') == (first["ratelimit-policy"], first["ratelimit"])
    assert (429, "DN4029", "application/problem+json") == (status, body["code"], headers["content-type"])
    assert ("1", '"token";r=0;t=60') == (headers["retry-after"], headers["ratelimit"])
    assert 200 == (await browser.send("GET", "/api/v1/users", headers=bearers["soar"]))[0]
    assert "ratelimit" not in (await admin.get("/api/v1/users"))[2]
    site.clock.advance(1)
    assert 200 == (await browser.send("GET", "/api/v1/users", headers=bearers["siem"]))[0]


async def test_every_change_and_sign_in_is_audited_without_secrets(site: Site, admin: Browser) -> None:
    await admin.post("/api/v1/users", {"name": "bo", "role": "viewer", "password": "quiet violins under the pier"})
    _, page, _ = await admin.get("/api/v1/audit")

    assert ["user.add", "auth.login"] == [item["operation"] for item in page["items"]]
    assert "violins" not in repr(site.accounts.rows)


async def test_the_last_administrator_stays(site: Site) -> None:
    await site.add_user()

    for name, raw in (("user.disable", {"name": "ana"}), ("user.role", {"name": "ana", "role": "viewer"})):
        with pytest.raises(Exception, match="only administrator"):
            await site.table.call(name, raw, LOCAL)


async def test_a_made_password_is_shown_once_and_works(site: Site, browser: Browser) -> None:
    made = await site.table.call("user.add", {"name": "bo"}, LOCAL)

    assert (await browser.sign_in("bo", made["password"]))[0] == 200
    assert "password" not in (await site.table.call("user.list", {}, LOCAL))["items"][0]


def test_operations_say_everything_a_surface_needs() -> None:
    for operation in ops.OPERATIONS:
        assert operation.examples
        assert operation.route is not None or "rest" in operation.exempt
        if operation.args is not Nothing:
            assert all(field.metadata["help"] for field in operation.args.__attrs_attrs__)

"""States of one thing are told apart: what is known is not sent again, and nobody's change is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from decnet_actors.contracts.operations import Role
from decnet_actors.ctl import registry
from decnet_actors.web.conditional import is_change, resources
from decnet_actors.web.static import StaticTree
from tests.decnet_actors.web.fakes import Browser, Site
from tests.decnet_actors.web.samples import THING_LIST, THING_SET, bind_things

OWN = {"Sec-Fetch-Site": "same-origin"}
THING = "/api/v1/things/x"


@pytest.fixture
async def site(files: StaticTree) -> AsyncIterator[Site]:
    made = Site(files=files)
    bind_things(made.table)
    async with made.running():
        yield made


async def put(browser: Browser, size: int, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status, body, _ = await browser.send("PUT", THING, {"size": size}, {**OWN, **named})
    return status, body.get("code", "")


async def test_one_thing_has_a_tag_that_follows_its_state(admin: Browser) -> None:
    first = (await admin.get(THING))[2]["etag"]
    again = (await admin.get(THING))[2]["etag"]
    await put(admin, 7, If_Match=first)
    changed = (await admin.get(THING))[2]["etag"]

    assert first == again != changed
    assert first.startswith('"')
    assert "etag" not in (await admin.get("/api/v1/things"))[2], "a page is no thing"
    assert "etag" not in (await admin.get("/api/v1/things/x/watch"))[2]


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
async def test_a_state_that_is_known_is_not_sent_again(admin: Browser, form: str) -> None:
    tag = (await admin.get(THING))[2]["etag"]
    status, body, headers = await admin.send("GET", THING, headers={**OWN, "If-None-Match": form.format(tag=tag)})

    assert (304, "", tag) == (status, body, headers["etag"])


async def test_a_state_that_is_not_known_is_sent(admin: Browser) -> None:
    status, body, _ = await admin.send("GET", THING, headers={**OWN, "If-None-Match": '"other"'})

    assert (200, {"name": "x", "size": 0}) == (status, body)


async def test_a_change_says_which_state_it_is_meant_for(admin: Browser) -> None:
    tag = (await admin.get(THING))[2]["etag"]

    assert (428, "DN4028") == await put(admin, 7)
    assert (412, "DN4012") == await put(admin, 7, If_Match='"other"')
    assert (412, "DN4012") == await put(admin, 7, If_Match=f"W/{tag}"), "a weak tag names no state"
    assert 0 == (await admin.get(THING))[1]["size"]
    assert (200, "") == await put(admin, 7, If_Match=f'"other", {tag}')
    assert (412, "DN4012") == await put(admin, 8, If_Match=tag)
    assert (200, "") == await put(admin, 9, If_Match="*")
    assert 9 == (await admin.get(THING))[1]["size"]


async def test_of_changes_made_at_once_to_one_state_one_is_made(admin: Browser) -> None:
    tag = (await admin.get(THING))[2]["etag"]
    async with asyncio.TaskGroup() as tasks:
        puts = [tasks.create_task(put(admin, size, If_Match=tag)) for size in range(1, 6)]

    assert {200: 1, 412: 4} == Counter(task.result()[0] for task in puts)


async def test_who_may_not_change_it_learns_nothing_of_its_state(site: Site) -> None:
    await site.add_user("vic", Role.VIEWER)
    async with site.client() as viewer:
        await viewer.sign_in("vic")

        assert (403, "DN4003") == await put(viewer, 7)
        assert (403, "DN4003") == await put(viewer, 7, If_Match='"other"')


async def test_a_thing_that_is_not_there_is_not_found(admin: Browser) -> None:
    status, body, _ = await admin.send("PUT", "/api/v1/things/none", {}, {**OWN, "If-Match": "*"})

    assert (404, "DN3001") == (status, body["code"])


def test_what_nobody_can_look_at_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match=r"thing\.set"):
        resources([THING_LIST, THING_SET])


def test_every_thing_of_ours_that_is_changed_can_be_looked_at() -> None:
    shown = resources(registry.operations())
    changes = [operation for operation in registry.operations() if is_change(operation)]

    assert changes
    assert all(operation.route is not None and operation.route.path in shown for operation in changes)

import io
import json
from collections.abc import AsyncIterator

import pytest

from decnet_actors.contracts.operations import Role
from decnet_actors.web.bodies import MAX_BODY
from decnet_actors.web.static import StaticTree
from tests.decnet_actors.web.fakes import Browser, Site
from tests.decnet_actors.web.samples import OPERATIONS, bind_things


@pytest.fixture
async def site(files: StaticTree) -> AsyncIterator[Site]:
    made = Site(files=files)
    bind_things(made.table)
    async with made.running():
        yield made


async def test_arguments_come_from_path_query_and_body(admin: Browser) -> None:
    assert {"name": "a/b %", "size": 0} == (await admin.get("/api/v1/things/a%2Fb%20%25"))[1]
    assert 3 == len((await admin.get("/api/v1/things?limit=3"))[1]["items"])
    assert 2 == (await admin.get("/api/v1/things?tags=x&tags=y"))[1]["items"][0]["size"]
    assert {"name": "x", "size": 8} == (await admin.post("/api/v1/things/x:grow", {"size": 7}))[1]


async def test_a_list_links_to_its_next_page(admin: Browser) -> None:
    _, first, headers = await admin.get("/api/v1/things?limit=2&tags=x")

    assert '</api/v1/things?limit=2&tags=x&cursor=2>; rel="next"' == headers["link"]
    names = [item["name"] for item in first["items"]]
    while "link" in headers:
        _, page, headers = await admin.get(headers["link"].partition(">")[0][1:])
        names += [item["name"] for item in page["items"]]

    assert [f"t{number}" for number in range(6)] == names


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/api/v1/things?limit=many", "/limit"),
        ("/api/v1/things?colour=red", "/colour"),
        ("/api/v1/things/x?name=y", "/name"),
    ],
)
async def test_wrong_arguments_are_named(admin: Browser, path: str, pointer: str) -> None:
    status, body, headers = await admin.get(path)

    assert (422, "DN5001", pointer) == (status, body["code"], body["errors"][0]["pointer"])
    assert headers["content-type"].startswith("application/problem+json")


async def test_every_error_is_a_problem_document(admin: Browser) -> None:
    for method, path, expected in (
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/api/v1/things", 405),
        ("GET", "/api/v1/things/none", 404),
        ("GET", "/static/x/none.js", 404),
    ):
        status, body, headers = await admin.send(
            method, path, {} if method == "PUT" else None, {"Sec-Fetch-Site": "same-origin"}
        )

        assert expected == status == body["status"]
        assert headers["content-type"].startswith("application/problem+json")
        assert {"type", "title", "detail", "instance", "request_id"} <= body.keys()
        assert body["request_id"] == headers["x-request-id"]
    assert "GET" in (await admin.send("PUT", "/api/v1/things", {}, {"Sec-Fetch-Site": "same-origin"}))[2]["allow"]


async def test_a_defect_is_reported_inside_and_not_told_outside(site: Site, admin: Browser) -> None:
    status, body, _ = await admin.post("/api/v1/things:break")

    assert (500, "DN6500") == (status, body["code"])
    assert "secret detail" not in json.dumps(body)
    assert [(body["request_id"], "secret detail of a defect")] == [(rid, str(error)) for rid, error in site.defects]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff", b"[" * 5000])
async def test_a_body_that_is_no_object_is_refused(site: Site, admin: Browser, body: bytes) -> None:
    async with admin.http.post(
        f"{site.url}/api/v1/things/x:grow",
        data=body,
        headers={"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"},
    ) as answer:
        assert (422, "DN5001") == (answer.status, (await answer.json(content_type=None))["code"])


async def test_a_body_over_the_cap_is_refused(site: Site, admin: Browser) -> None:
    async with admin.http.post(
        f"{site.url}/api/v1/things/x:grow",
        data=io.BytesIO(b" " * (MAX_BODY + 1)),
        headers={"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"},
    ) as answer:
        assert (413, True) == (answer.status, "larger" in (await answer.json(content_type=None))["detail"])


async def test_a_stream_is_one_json_value_a_line(admin: Browser) -> None:
    status, text, headers = await admin.get("/api/v1/things/x/watch")

    assert (200, "application/x-ndjson") == (status, headers["content-type"])
    assert [{"name": "x", "size": 1}, {"name": "x", "size": 2}] == [json.loads(line) for line in text.splitlines()]


async def test_a_stream_that_fails_at_once_is_a_problem_and_later_ends_with_one(admin: Browser) -> None:
    status, body, _ = await admin.get("/api/v1/things/none/watch")
    _, text, _ = await admin.get("/api/v1/things/half/watch")

    assert (404, "DN3001") == (status, body["code"])
    assert "DN3002" == json.loads(text.splitlines()[-1])["problem"]["code"]


async def test_what_outlasts_its_answer_is_accepted_and_says_where_to_look(admin: Browser) -> None:
    begun = await admin.post("/api/v1/things/x:build")
    looked = await admin.post("/api/v1/things/x:build", {"dry_run": True})

    assert (begun[0], begun[1]["operation"]["state"]) == (202, "queued")
    assert begun[2]["location"] == f"/api/v1/operations/{begun[1]['operation']['id']}"
    assert (looked[0], looked[1]["operation"], "location" in looked[2]) == (200, None, False)


async def test_permission_matrix(site: Site) -> None:
    for role in Role:
        await site.add_user(role.value, role)
        async with site.client() as client:
            await client.sign_in(role.value)
            for operation in site.table.operations():
                if operation.route is None:
                    continue
                path = "/api/v1" + operation.route.path.replace("{name}", "x").replace("{id}", "x")
                body: dict[str, str] | None = None if operation.route.method == "GET" else {}
                status, _, _ = await client.send(operation.route.method, path, body, {"Sec-Fetch-Site": "same-origin"})

                assert role.includes(operation.role) == (status != 403), (role, operation.name, status)


async def test_nobody_reaches_an_operation_without_signing_in(site: Site, browser: Browser) -> None:
    for operation in OPERATIONS:
        path = "/api/v1" + operation.route.path.replace("{name}", "x")
        body: dict[str, str] | None = None if operation.route.method == "GET" else {}
        status, answer, _ = await browser.send(operation.route.method, path, body, {"Sec-Fetch-Site": "same-origin"})

        assert (401, "DN4001") == (status, answer["code"])


async def test_error_codes_are_explained_without_signing_in(browser: Browser) -> None:
    status, text, _ = await browser.get("/help/errors/DN3002")

    assert 200 == status
    assert "DN3002: The database cannot be written" in text
    assert (await browser.get("/help/errors/DN0000"))[0] == 404


async def test_readiness_tells_reasons_to_those_signed_in_only(site: Site, browser: Browser, admin: Browser) -> None:
    assert (200, {"status": "ready"}) == (await browser.get("/readyz"))[:2]
    site.not_ready.append("the journal stands still")

    assert (503, {"status": "not ready"}) == (await browser.get("/readyz"))[:2]
    assert ["the journal stands still"] == (await admin.get("/readyz"))[1]["reasons"]
    assert (200, {"status": "ok"}) == (await browser.get("/healthz"))[:2]

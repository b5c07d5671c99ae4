import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from decnet_actors.ctl import registry
from decnet_actors.domain.codec import plain
from decnet_actors.store.credential_operations import CREDENTIAL_LIST
from decnet_actors.web.identity import PLAIN_COOKIE
from decnet_actors.web.openapi import document
from decnet_actors.web.static import StaticTree
from tests.decnet_actors.web.fakes import Browser, Site
from tests.decnet_actors.web.samples import OPERATIONS

ALL = (*OPERATIONS, *registry.operations())


async def never(*_: object) -> None:
    raise AssertionError("nothing is called here")


@pytest.fixture
async def site(files: StaticTree) -> AsyncIterator[Site]:
    made = Site(files=files)
    bound = made.table.operations()
    for operation in ALL:
        if operation not in bound:
            made.table.bind(operation, never)
    async with made.running():
        yield made


@pytest.fixture
async def made(admin: Browser) -> dict[str, Any]:
    return dict((await admin.get("/api/v1/openapi.json"))[1])


def references(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


async def test_what_is_served_is_described_and_what_is_described_is_served(site: Site, made: dict[str, Any]) -> None:
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in site.app.router.routes()
        if route.resource is not None and route.method != "HEAD"  # goes with GET
    }
    described = {(method, path) for path, methods in made["paths"].items() for method in methods}

    assert served == described
    assert {("post", "/api/v1/auth/login"), ("post", "/api/v1/setup"), ("get", "/readyz"), ("get", "/")} <= described


async def test_who_needs_no_session_is_described_and_is_so(browser: Browser, made: dict[str, Any]) -> None:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            body: dict[str, str] | None = None if method == "get" else {}
            place = re.sub(r"\{\w+\}", "x", path)
            status, answer, _ = await browser.send(method.upper(), place, body, {"Sec-Fetch-Site": "same-origin"})

            assert ("security" not in operation) == (status == 401 and "Sign in" in answer["detail"]), (method, path)


def test_the_document_has_the_structure_of_openapi_3_1(made: dict[str, Any]) -> None:
    assert "3.1.0" == made["openapi"]
    assert {"title", "version"} <= made["info"].keys()
    ids = []
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            assert method in {"get", "post", "put", "patch", "delete"}
            ids.append(operation["operationId"])
            in_path = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]

            assert set(re.findall(r"\{(\w+)\}", path)) == set(in_path)
            assert operation["summary"]
            assert all("schema" in parameter for parameter in operation["parameters"])
            assert all("description" in answer or "$ref" in answer for answer in operation["responses"].values())
            assert "requestBody" not in operation or method in {"post", "put", "patch"}

    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(made: dict[str, Any]) -> None:
    for reference in references(made):
        target = made
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]

        assert target


def test_every_routed_operation_is_described_with_its_role(made: dict[str, Any]) -> None:
    described = {
        operation["operationId"]: operation["x-role"]
        for methods in made["paths"].values()
        for operation in methods.values()
        if "x-role" in operation
    }

    expected = {operation.name: operation.role.value for operation in ALL if operation.route is not None}
    others = ("stream", "description", "auth.logout", "auth.password")
    assert {**expected, **dict.fromkeys(others, "viewer")} == described


def test_the_session_cookie_is_described_by_the_name_it_has(made: dict[str, Any]) -> None:
    assert PLAIN_COOKIE == made["components"]["securitySchemes"]["cookie"]["name"]


def test_the_forms_are_described(made: dict[str, Any]) -> None:
    form = made["paths"]["/api/v1/auth/login"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    found = made["components"]["schemas"][form["$ref"].rpartition("/")[2]]

    assert {"user", "password"} == set(found["properties"]) == set(found["required"])


def test_what_outlasts_its_answer_is_described_so(made: dict[str, Any]) -> None:
    outlasting = {operation.name for operation in ALL if operation.outlasts}
    described = {
        operation["operationId"]: operation["responses"]["202"]
        for methods in made["paths"].values()
        for operation in methods.values()
        if "202" in operation["responses"]
    }

    assert {"fleet.apply", "decky.restart"} < outlasting == set(described)
    assert all("Location" in answer["headers"] for answer in described.values())


def test_what_is_told_apart_by_state_is_described_so(made: dict[str, Any]) -> None:
    paths = made["paths"]
    shown, changed = paths["/api/v1/things/{name}"]["get"], paths["/api/v1/things/{name}"]["put"]
    listed = paths["/api/v1/things"]["get"]

    assert "ETag" in shown["responses"]["200"]["headers"]
    assert "304" in shown["responses"]
    assert ["If-Match"] == [item["name"] for item in changed["parameters"] if item["in"] == "header"]
    assert {"412", "428"} <= changed["responses"].keys()
    assert not {"304", "412", "428"} & listed["responses"].keys()


def test_bytes_are_described_as_they_are_sent() -> None:
    made = document((CREDENTIAL_LIST,), (), version="0.1.0")

    assert {"$ref": "#/components/schemas/Bytes"} == made["components"]["schemas"]["CredentialRow"]["properties"][
        "secret"
    ]
    assert {"text", "base64"} == plain(b"x").keys() == set(made["components"]["schemas"]["Bytes"]["required"])


async def test_it_is_served_to_those_signed_in(admin: Browser, browser: Browser) -> None:
    assert 200 == (await admin.get("/api/v1/openapi.json"))[0]
    assert 401 == (await browser.get("/api/v1/openapi.json"))[0]


def test_no_two_addresses_collide(site: Site) -> None:
    routes = [(operation.route.method, operation.route.path) for operation in ALL if operation.route]

    assert len(routes) == len(set(routes))

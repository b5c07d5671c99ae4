import re

from decnet_actors.contracts import description_operations, runtime_operations
from decnet_actors.domain.codec import plain
from decnet_actors.store import operations as store_operations
from decnet_actors.store.credential_operations import CREDENTIAL_LIST
from decnet_actors.web import operations
from decnet_actors.web.openapi import document
from tests.decnet_actors.web.fakes import Browser, Site
from tests.decnet_actors.web.samples import OPERATIONS

ALL = (
    *OPERATIONS,
    *store_operations.OPERATIONS,
    *operations.OPERATIONS,
    *runtime_operations.OPERATIONS,
    *description_operations.OPERATIONS,
)


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


def test_the_document_has_the_structure_of_openapi_3_1() -> None:
    made = document(ALL, version="0.1.0")

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


def test_every_reference_leads_somewhere() -> None:
    made = document(ALL, version="0.1.0")

    for reference in references(made):
        target = made
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]

        assert target


def test_every_routed_operation_is_described_with_its_role() -> None:
    made = document(ALL, version="0.1.0")
    described = {
        operation["operationId"]: operation["x-role"]
        for methods in made["paths"].values()
        for operation in methods.values()
    }

    expected = {operation.name: operation.role.value for operation in ALL if operation.route is not None}
    assert {**expected, "stream": "viewer"} == described


def test_what_is_told_apart_by_state_is_described_so() -> None:
    paths = document(ALL, version="0.1.0")["paths"]
    shown, changed = paths["/api/v1/things/{name}"]["get"], paths["/api/v1/things/{name}"]["put"]
    listed = paths["/api/v1/things"]["get"]

    assert "ETag" in shown["responses"]["200"]["headers"]
    assert "304" in shown["responses"]
    assert ["If-Match"] == [item["name"] for item in changed["parameters"] if item["in"] == "header"]
    assert {"412", "428"} <= changed["responses"].keys()
    assert not {"304", "412", "428"} & listed["responses"].keys()


def test_bytes_are_described_as_they_are_sent() -> None:
    made = document((CREDENTIAL_LIST,), version="0.1.0")

    assert {"$ref": "#/components/schemas/Bytes"} == made["components"]["schemas"]["CredentialRow"]["properties"][
        "secret"
    ]
    assert {"text", "base64"} == plain(b"x").keys() == set(made["components"]["schemas"]["Bytes"]["required"])


async def test_it_is_served_to_those_signed_in(admin: Browser, browser: Browser) -> None:
    assert "3.1.0" == (await admin.get("/api/v1/openapi.json"))[1]["openapi"]
    assert 401 == (await browser.get("/api/v1/openapi.json"))[0]


def test_no_two_addresses_collide(site: Site) -> None:
    routes = [(operation.route.method, operation.route.path) for operation in ALL if operation.route]

    assert len(routes) == len(set(routes))

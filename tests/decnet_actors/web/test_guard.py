import pytest

from decnet_actors.web.guard import is_allowed_host
from tests.decnet_actors.web.fakes import PASSWORD, Browser, Site

JSON = {"Content-Type": "application/json"}
LOGIN = {"user": "ana", "password": PASSWORD}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Authorization": "Basic eDp5"}, 403),
    ],
)
async def test_other_sites_cannot_write(admin: Browser, headers: dict[str, str], status: int) -> None:
    assert (await admin.send("POST", "/api/v1/auth/logout", {}, headers))[0] == status


async def test_our_own_origin_may_write_in_browsers_without_fetch_metadata(site: Site, admin: Browser) -> None:
    assert (await admin.send("POST", "/api/v1/auth/logout", {}, {"Origin": site.url}))[0] == 200


async def test_signing_in_from_another_site_is_refused_too(site: Site, browser: Browser) -> None:
    await site.add_user()

    assert (await browser.send("POST", "/api/v1/auth/login", LOGIN, {"Sec-Fetch-Site": "cross-site"}))[0] == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_only_json_is_taken(site: Site, admin: Browser, kind: str) -> None:
    async with admin.http.post(
        f"{site.url}/api/v1/auth/logout", data=b"{}", headers={"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
    ) as answer:
        assert 415 == answer.status


async def test_a_token_needs_no_fetch_metadata(site: Site, admin: Browser, browser: Browser) -> None:
    _, made, _ = await admin.post("/api/v1/api-tokens", {"name": "ci", "role": "admin"})

    status, _, _ = await browser.send(
        "POST", "/api/v1/users", {"name": "bo"}, {"Authorization": f"Bearer {made['token']}"}
    )

    assert 200 == status


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8443", True),
        ("[::1]:8443", True),
        ("192.0.2.9", True),
        ("localhost:8443", True),
        ("LOCALHOST", True),
        ("console.example", True),
        ("console.example.:8443", True),
        ("rebind.example", False),
        ("127.0.0.1.rebind.example", False),
        ("console.example@evil.example", False),
        ("", False),
        ("[::1", False),
        ("localhost:8443:1", True),
    ],
)
def test_only_known_host_names_are_answered(host: str, allowed: bool) -> None:
    assert allowed == is_allowed_host(host, {"console.example"})


async def test_a_rebound_name_reaches_nothing(admin: Browser) -> None:
    status, body, _ = await admin.send("GET", "/api/v1/auth/session", None, {"Host": "rebind.example"})

    assert (421, True) == (status, "allowed_hosts" in body["detail"])

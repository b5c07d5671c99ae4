import asyncio

import pytest

from decnet_actors.web.headers import CONTENT_SECURITY_POLICY, PLAYER_SECURITY_POLICY
from tests.decnet_actors.web.fakes import Browser, Site

OUR_NAMES = ("decnet", "aiohttp", "python", "traceback", "asyncio")


async def raw(site: Site, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(data)
    async with asyncio.timeout(5):
        answer = await reader.read()  # the server closes: the requests ask for it, or are malformed
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "data",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ],
)
async def test_no_answer_names_what_we_are_made_with(site: Site, data: bytes) -> None:
    answer = await raw(site, data)
    head = answer.partition(b"\r\n\r\n")[0].lower()

    assert head.startswith(b"http/1.")
    assert b"\r\nserver:" not in head
    assert b"\r\nx-content-type-options: nosniff" in head
    for name in OUR_NAMES:
        assert name.encode() not in answer.lower().replace(b"trusted-types lit-html decnet", b"")


async def test_every_page_has_the_strict_policy(browser: Browser) -> None:
    for path in ("/", "/live", "/sessions/abc", "/api/v1/auth/session", "/none"):
        _, _, headers = await browser.get(path)

        assert CONTENT_SECURITY_POLICY == headers["content-security-policy"]
        assert "same-origin" == headers["cross-origin-opener-policy"]
        assert "same-origin" == headers["cross-origin-resource-policy"]
        assert "same-origin" == headers["referrer-policy"]
        assert "no-store" == headers["cache-control"]
    for part in ("default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"):
        assert part in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


async def test_the_sandbox_has_its_own_policy_and_no_origin(browser: Browser) -> None:
    _, body, headers = await browser.get("/player/")

    assert PLAYER_SECURITY_POLICY == headers["content-security-policy"]
    assert PLAYER_SECURITY_POLICY.endswith("sandbox allow-scripts")
    assert "/static/-/" not in body


async def test_an_unauthenticated_caller_learns_no_version(site: Site, browser: Browser) -> None:
    for path in ("/", "/healthz", "/readyz", "/api/v1/auth/session", "/api/v1/openapi.json"):
        _, body, _ = await browser.get(path)

        assert "0.1.0" not in str(body)

"""This module makes a provider's request: one, to where it was told, for a bounded time and size."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import aiohttp

from decnet_actors.contracts.intel import Answer, ProviderError, Request

CHUNK = 64 * 1024
TOO_MANY, UNAVAILABLE = 429, 503
REDIRECTS = range(300, 400)

Ask: TypeAlias = Callable[[Request, int], Awaitable[Answer]]  # the request, and bytes of the answer at most


class UnwantedError(ProviderError):
    """The other side wants to be left alone; ``seconds`` is how long, 0 if it did not say."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


def asking(timeout: float, user_agent: str) -> Ask:
    """Return what makes requests; certificates are verified, redirects refused, nothing is taken from the environment.

    Args:
        timeout: seconds for everything.
        user_agent: what it calls itself.

    """

    async def ask(request: Request, max_size: int) -> Answer:
        try:
            async with asyncio.timeout(timeout), _session(user_agent) as session:
                return await _answer(session, request, max_size)
        except TimeoutError as error:
            raise ProviderError("it took too long") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise ProviderError("its certificate is not to be trusted") from error
        except aiohttp.ClientConnectorError as error:
            raise ProviderError("it cannot be connected to") from error
        except (aiohttp.ClientError, ValueError) as error:
            if isinstance(error, ProviderError):
                raise
            raise ProviderError(f"its answer makes no sense ({type(error).__name__})") from error

    return ask


def _session(user_agent: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    )


async def _answer(session: aiohttp.ClientSession, request: Request, max_size: int) -> Answer:
    async with session.request(
        request.method,
        request.url,
        headers=dict(request.headers),
        data=request.body or None,
        allow_redirects=False,
    ) as response:
        if response.status in REDIRECTS:
            raise ProviderError("it sends us elsewhere")
        if response.status in {TOO_MANY, UNAVAILABLE}:
            raise UnwantedError(f"it was asked too often, or is busy (status {response.status})", _seconds(response))
        return Answer(status=response.status, body=await _body(response, max_size))


async def _body(response: aiohttp.ClientResponse, max_size: int) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > max_size:
            raise ProviderError(f"its answer is longer than {max_size} bytes")
    return bytes(data)


def _seconds(response: aiohttp.ClientResponse) -> float:
    """Return what Retry-After says, in seconds; a date, or nothing, is 0."""
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0.0  # noqa: PLR2004  no day has more

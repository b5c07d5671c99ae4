"""This module asks for one URL, as somebody with nothing to lose would: no cookies, no credentials, no name of ours."""

import asyncio

import aiohttp
from attrs import frozen
from yarl import URL

from decnet_actors.downloads.errors import FetchError, RefusedError
from decnet_actors.downloads.guard import Guard
from decnet_actors.downloads.settings import DownloadSettings

MAX_REDIRECTS = 5
CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@frozen(kw_only=True)
class Answer:
    """What came. ``urls`` are those that were asked for, redirects in order; ``status`` is the last one's."""

    urls: tuple[str, ...]
    status: int
    media_type: str
    data: bytes
    truncated: bool


async def fetch(text: str, guard: Guard, settings: DownloadSettings) -> Answer:
    """Return the answer to a GET, as it came over the wire: nothing is unpacked.

    Raises:
        FetchError: there is none; ``RefusedError`` when we do not even ask.

    """
    try:
        async with asyncio.timeout(settings.timeout), _session(guard, settings) as session:
            return await _follow(session, guard.check(text), guard, settings.max_size)
    except TimeoutError as error:
        raise FetchError("it took too long") from error
    except aiohttp.ClientConnectorError as error:
        raise _told(error) from error
    except (aiohttp.ClientError, ValueError) as error:  # the latter: a peer's headers or URL make no sense
        raise FetchError(f"the server's answer makes no sense ({type(error).__name__})") from error


def _session(guard: Guard, settings: DownloadSettings) -> aiohttp.ClientSession:
    # what is fetched is not trusted, whoever vouches for the server: certificates say nothing about it
    connector = aiohttp.TCPConnector(socket_factory=guard.socket, use_dns_cache=False, ssl=False, limit=1)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": settings.user_agent, "Accept": "*/*"},
        skip_auto_headers=("Accept-Encoding",),
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=settings.timeout),
    )


async def _follow(session: aiohttp.ClientSession, url: URL, guard: Guard, max_size: int) -> Answer:
    urls = [str(url)]
    while True:
        async with session.get(url, allow_redirects=False) as response:
            place = response.headers.get("Location")
            if response.status not in _REDIRECTS or place is None:
                data, truncated = await _body(response, max_size)
                return Answer(
                    urls=tuple(urls),
                    status=response.status,
                    media_type=response.headers.get("Content-Type", "")[:200],
                    data=data,
                    truncated=truncated,
                )
        if len(urls) > MAX_REDIRECTS:
            raise RefusedError(f"more than {MAX_REDIRECTS} redirects")
        url = guard.check(str(url.join(URL(place))))
        urls.append(str(url))


async def _body(response: aiohttp.ClientResponse, max_size: int) -> tuple[bytes, bool]:
    data = bytearray()
    try:
        async for chunk in response.content.iter_chunked(CHUNK):
            data += chunk
            if len(data) > max_size:
                return bytes(data[:max_size]), True
    except aiohttp.ClientPayloadError:  # it broke off: what came is evidence
        return bytes(data), True
    return bytes(data), False


def _told(error: aiohttp.ClientConnectorError) -> FetchError:
    found = error.os_error
    if isinstance(found, RefusedError):
        return found
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FetchError("the name does not resolve")
    return FetchError("it cannot be connected to")

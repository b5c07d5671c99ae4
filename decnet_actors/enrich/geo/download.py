"""This module fetches files of address data from the URLs that are configured, and from nowhere else.

What was fetched before stays until the new file is there as a whole: a failure changes nothing.
"""

import asyncio
import hashlib
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from attrs import frozen

from decnet_actors.enrich.geo.errors import DownloadError

CHUNK = 256 * 1024
_OK, _UNCHANGED = 200, 304
_MAX_TAG = 500  # characters of a validator
# A name of ours would tell whoever keeps these files where honeypots are.
_USER_AGENT = "curl/7.88.1"


@frozen(kw_only=True)
class Kept:
    """A file that was fetched."""

    file: Path

    @property
    def fresh(self) -> Path:
        """Where its successor is put before it is looked at."""
        return self.file.with_suffix(".fresh")

    @property
    def note(self) -> Path:
        """What the server said of it, for asking whether there is a newer one."""
        return self.file.with_suffix(".json")

    def take(self, validators: Mapping[str, str]) -> None:
        """Let the successor take its place. The note goes first: without it the worst is one download too many."""
        self.note.unlink(missing_ok=True)
        self.fresh.replace(self.file)
        written = self.note.with_suffix(".new")
        written.write_text(json.dumps(dict(validators)), encoding="utf-8")
        written.replace(self.note)

    def validators(self) -> Mapping[str, str]:
        """Return the headers of a conditional request; none when there is nothing to compare with."""
        if not self.file.exists():
            return {}
        try:
            found: Any = json.loads(self.note.read_text(encoding="utf-8"))  # Any: JSON
        except (OSError, ValueError):
            return {}
        known = ("If-None-Match", "If-Modified-Since")
        return {name: found[name] for name in known if isinstance(found, dict) and isinstance(found.get(name), str)}


def kept(folder: Path, url: str) -> Kept:
    """Return where what comes from a URL is kept."""
    return Kept(file=folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.data")


@frozen(kw_only=True)
class Limits:
    """What one download may cost."""

    size: int  # bytes
    seconds: float


async def download(
    url: str, place: Kept, limits: Limits, *, trust: ssl.SSLContext | None = None
) -> Mapping[str, str] | None:
    """Fetch a URL into ``place.fresh`` and return what to give ``place.take``; ``None`` if it has not changed.

    Args:
        url: no redirect is followed: only what is configured is asked.
        place: where it is kept.
        limits: bytes and seconds.
        trust: whose certificates are believed; the system's authorities are the default.

    Raises:
        DownloadError: nothing was fetched.

    """
    headers = {"User-Agent": _USER_AGENT, **await asyncio.to_thread(place.validators)}
    try:
        async with (
            asyncio.timeout(limits.seconds),
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust or True, limit=1),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=headers,
                skip_auto_headers=("Accept-Encoding",),
                auto_decompress=False,
                trust_env=False,
            ) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status == _UNCHANGED:
                return None
            _check(response)
            await _save(response, place.fresh, limits.size)
            return _validators(response)
    except TimeoutError as error:
        raise DownloadError(f"not done in {limits.seconds:g} s") from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise DownloadError("the server's certificate is not trusted") from error
    except aiohttp.ClientConnectorError as error:
        raise DownloadError(f"cannot be connected to ({error.os_error.strerror or type(error).__name__})") from error
    except (aiohttp.ClientError, ValueError) as error:  # the latter: a peer's headers make no sense
        raise DownloadError(f"the server's answer makes no sense ({type(error).__name__})") from error


def _check(response: aiohttp.ClientResponse) -> None:
    if 300 <= response.status < 400:  # noqa: PLR2004  redirects
        place = response.headers.get("Location", "")[:200]
        raise DownloadError(f"it is elsewhere now, configure that instead: {place!r}")
    if response.status != _OK:
        raise DownloadError(f"the server answers {response.status}")


async def _save(response: aiohttp.ClientResponse, path: Path, limit: int) -> None:
    file = await asyncio.to_thread(path.open, "wb")
    size = 0
    try:
        async for chunk in response.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > limit:
                raise DownloadError(f"larger than {limit} bytes")
            await asyncio.to_thread(file.write, chunk)
    finally:
        await asyncio.to_thread(file.close)


def _validators(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    found = {"If-None-Match": response.headers.get("ETag"), "If-Modified-Since": response.headers.get("Last-Modified")}
    return {name: value for name, value in found.items() if value and len(value) <= _MAX_TAG}

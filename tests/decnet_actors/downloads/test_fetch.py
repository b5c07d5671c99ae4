"""A fetch asks like anybody, follows a little, takes a bounded amount, and never goes where it may not."""

import gzip
import socket

import attrs
import pytest

from decnet_actors.downloads.errors import FetchError, RefusedError
from decnet_actors.downloads.fetch import MAX_REDIRECTS, fetch
from decnet_actors.downloads.guard import Guard
from tests.decnet_actors.downloads.site import HOME, Site


async def test_a_file_comes_as_it_is_and_nothing_of_ours_goes(site: Site) -> None:
    answer = await fetch(f"http://root:toor@{HOME}:{site.port}/x#part", site.guard, site.settings)

    assert (b"\x7fELF", 200, "application/x-elf", False) == (
        answer.data,
        answer.status,
        answer.media_type,
        answer.truncated,
    )
    assert (f"{site.base}/x",) == answer.urls
    headers = {name.lower(): value for name, value in site.asked[0].headers.items()}
    assert {"host": f"{HOME}:{site.port}", "user-agent": "Wget/1.21.3", "accept": "*/*"} == headers


async def test_what_is_packed_stays_packed(site: Site) -> None:
    answer = await fetch(f"{site.base}/gz", site.guard, site.settings)

    assert gzip.decompress(answer.data) == b"0" * 10_000


async def test_what_is_too_long_is_cut_and_what_breaks_off_is_kept(site: Site) -> None:
    long = await fetch(f"{site.base}/long", site.guard, site.settings)
    short = await fetch(f"{site.base}/short", site.guard, site.settings)

    assert (b"y" * 100, True) == (long.data, long.truncated)
    assert (b"part", True) == (short.data, short.truncated)


async def test_an_error_page_is_an_answer(site: Site) -> None:
    assert 404 == (await fetch(f"{site.base}/gone", site.guard, site.settings)).status


async def test_redirects_are_followed_without_cookies_but_not_for_ever(site: Site) -> None:
    answer = await fetch(f"{site.base}/again/{MAX_REDIRECTS - 2}", site.guard, site.settings)

    assert MAX_REDIRECTS == len(answer.urls)
    assert (f"{site.base}/x", b"\x7fELF") == (answer.urls[-1], answer.data)
    with pytest.raises(RefusedError, match="redirects"):
        await fetch(f"{site.base}/again/{MAX_REDIRECTS}", site.guard, site.settings)
    await fetch(f"{site.base}/to//x", site.guard, site.settings)
    assert all("Cookie" not in request.headers for request in site.asked)


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.2:{port}/x",
        "http://localhost:{port}/x",
        "http://[::ffff:127.0.0.2]:{port}/x",
        "ftp://127.0.0.1/",
    ],
)
async def test_a_redirect_is_looked_at_like_the_first_address(site: Site, place: str) -> None:
    site_only = Guard((site.port,), set, permitted={HOME} if "localhost" not in place else ())
    start = f"{site.base}/to/{place.format(port=site.port)}"

    with pytest.raises(RefusedError):
        await fetch(start, site_only, site.settings)


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "0x7f.1", "2130706433", "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"]
)
async def test_no_spelling_of_our_own_address_is_connected_to(site: Site, host: str) -> None:
    strict = Guard((site.port,), set)

    with pytest.raises(FetchError):
        await fetch(f"http://{host}:{site.port}/x", strict, site.settings)
    assert [] == site.asked


async def test_a_port_that_is_not_allowed_is_not_asked(site: Site) -> None:
    elsewhere = Guard((80,), set, permitted={HOME})

    with pytest.raises(RefusedError, match="port"):
        await fetch(f"{site.base}/x", elsewhere, site.settings)
    assert [] == site.asked


async def test_a_server_that_says_nothing_is_given_up(site: Site) -> None:
    with socket.create_server((HOME, 0)) as silent:
        port = silent.getsockname()[1]
        guard = Guard((port,), set, permitted={HOME})
        hasty = attrs.evolve(site.settings, ports=(port,), timeout=0.05)

        with pytest.raises(FetchError, match="too long"):
            await fetch(f"http://{HOME}:{port}/", guard, hasty)

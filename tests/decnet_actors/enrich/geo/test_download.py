"""Files come from the configured URL only, whole or not at all, and not again while they are the same."""

import pytest

from decnet_actors.enrich.geo.download import Limits, download, kept
from decnet_actors.enrich.geo.errors import DownloadError

LIMITS = Limits(size=1000, seconds=5.0)


async def test_a_file_is_fetched_once_and_again_when_it_has_changed(site, tmp_path):
    url = site.url("data")
    place = kept(tmp_path, url)
    site.files["data"] = (b"first", '"1"')
    validators = await download(url, place, LIMITS, trust=site.trust)
    assert b"first" == place.fresh.read_bytes()
    assert validators is not None
    place.take(validators)

    assert await download(url, place, LIMITS, trust=site.trust) is None
    assert (b"first", False) == (place.file.read_bytes(), place.fresh.exists())
    site.files["data"] = (b"second", '"2"')
    assert {"If-None-Match": '"2"'} == await download(url, place, LIMITS, trust=site.trust)
    assert [("data", ""), ("data", '"1"'), ("data", '"1"')] == site.asked
    assert {"curl/7.88.1"} == site.agents


async def test_without_the_file_or_its_note_it_is_fetched_whole(site, tmp_path):
    url = site.url("data")
    place = kept(tmp_path, url)
    site.files["data"] = (b"first", '"1"')
    place.note.write_text('{"If-None-Match": "\\"1\\""}')
    assert await download(url, place, LIMITS, trust=site.trust) is not None
    place.take({})
    place.note.write_text("[damaged")
    assert await download(url, place, LIMITS, trust=site.trust) is not None
    place.note.write_text('["a list"]')
    assert await download(url, place, LIMITS, trust=site.trust) is not None
    assert [("data", "")] * 3 == site.asked


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("moved", "it is elsewhere now, configure that instead: 'https://127.0.0.1"),
        ("missing", "the server answers 404"),
        ("large", "larger than 1000 bytes"),
        ("cut", "makes no sense"),
    ],
)
async def test_a_failure_leaves_what_was_there(site, tmp_path, name, why):
    url = site.url(name)
    place = kept(tmp_path, url)
    site.files["large"] = (b"x" * 1001, "")
    place.file.write_bytes(b"old")
    with pytest.raises(DownloadError, match=why):
        await download(url, place, LIMITS, trust=site.trust)

    assert b"old" == place.file.read_bytes()
    assert [name] == [path for path, _ in site.asked]


async def test_a_stranger_is_not_believed_and_nobody_there_is_told(site, tmp_path):
    site.files["data"] = (b"first", "")
    place = kept(tmp_path, site.url("data"))
    with pytest.raises(DownloadError, match="certificate is not trusted"):
        await download(site.url("data"), place, LIMITS)
    with pytest.raises(DownloadError, match="cannot be connected to"):
        await download("https://127.0.0.1:1/data", place, LIMITS, trust=site.trust)
    with pytest.raises(DownloadError, match=r"not done in 1e-06 s"):
        await download(site.url("data"), place, Limits(size=9, seconds=0.000001), trust=site.trust)

    assert [] == site.asked

"""Operators look addresses up, refresh, and are told what is in the way."""

import pytest

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.enrich.geo.atlas import Atlas
from decnet_actors.enrich.geo.build import build
from decnet_actors.enrich.geo.cartographer import open_atlas
from decnet_actors.enrich.geo.handlers import GeoipHandlers
from decnet_actors.enrich.geo.settings import GeoipSettings
from tests.decnet_actors.enrich.geo.test_build import RIR

ROOT = Caller(name="root", role=Role.ADMIN, via="control")
SOURCE = "/srv/delegated"


class Book:
    """Knows one name."""

    def __init__(self):
        self.asked = []

    async def name(self, address):
        self.asked.append(address)
        return "host.example.net"


async def kept(*_row):
    """Take an audit row."""


def table(*, atlas=None, names=None, problem="", **settings):
    async def refresh():
        return problem

    made = OperationTable(kept, lambda: 0.0)
    options = GeoipSettings(**{"sources": (SOURCE,), **settings})
    GeoipHandlers(atlas or Atlas(), names, options, refresh, lambda: 100.0).bind(made)
    return made


@pytest.fixture
def atlas(tmp_path):
    path = tmp_path / "delegated"
    path.write_text(RIR)
    build(tmp_path, {SOURCE: path}, 40.0, {})
    atlas = Atlas()
    open_atlas(atlas, tmp_path)
    return atlas


async def test_a_place_is_shown_with_the_name_if_names_may_be_asked(atlas):
    book = Book()
    quiet = await table(atlas=atlas).call("geoip.lookup", {"address": "20.0.4.1"}, ROOT)
    full = await table(atlas=atlas, names=book).call("geoip.lookup", {"address": "::ffff:20.0.4.1"}, ROOT)
    nobody = await table(atlas=atlas).call("geoip.lookup", {"address": "127.0.0.1"}, ROOT)

    assert ("CA", None, "20.0.4.0/23", "rir", "") == tuple(
        quiet[name] for name in ("country", "asn", "network", "source", "name")
    )
    assert ("CA", "host.example.net") == (full["country"], full["name"])
    assert ["20.0.4.1"] == book.asked
    assert ("127.0.0.1", "", "") == (nobody["address"], nobody["country"], nobody["source"])


async def test_the_status_tells_age_and_sources(atlas):
    got = await table(atlas=atlas, sources=(SOURCE, "https://example.net/x")).call("geoip.status", {}, ROOT)
    empty = await table().call("geoip.status", {}, ROOT)

    assert (True, "off", 40.0, 60.0) == (got["enabled"], got["refresh"], got["created"], got["age"])
    assert [(SOURCE, "rir", 4, ""), ("https://example.net/x", "", 0, "not read yet")] == [
        (one["name"], one["kind"], one["rows"], one["problem"]) for one in got["sources"]
    ]
    assert got["ranges_v4"] > 4
    assert (None, None, 0) == (empty["created"], empty["age"], empty["size"])


@pytest.mark.parametrize(
    ("settings", "name", "arguments", "code", "fix"),
    [
        ({"enabled": False}, "geoip.lookup", {"address": "20.0.4.1"}, "DN4010", "[geoip] enabled = true"),
        ({"enabled": False}, "geoip.refresh", {}, "DN4010", "[geoip] enabled = true"),
        ({}, "geoip.lookup", {"address": "20.0.4.1"}, "DN4010", "decnetctl geoip refresh"),
        ({"sources": ()}, "geoip.lookup", {"address": "20.0.4.1"}, "DN4010", "[geoip] sources ="),
        ({"sources": ()}, "geoip.refresh", {}, "DN4010", "[geoip] sources ="),
        ({"problem": "disk full"}, "geoip.refresh", {}, "DN6020", "decnetctl geoip status"),
    ],
)
async def test_what_is_in_the_way_is_told_with_its_remedy(settings, name, arguments, code, fix):
    with pytest.raises(OperatorError) as refused:
        await table(**settings).call(name, arguments, ROOT)

    assert code == refused.value.kind.code
    assert refused.value.fix[0].startswith(fix)


async def test_what_is_no_address_is_refused(atlas):
    for text in ("x", "1.2.3", "", "\x1b[2J"):
        with pytest.raises(OperatorError, match="is no IP address") as refused:
            await table(atlas=atlas).call("geoip.lookup", {"address": text}, ROOT)
        assert "\x1b" not in refused.value.detail


@pytest.mark.parametrize(
    "source", ["relative", "http://example.net/x", "ftp://example.net/x", "https://", "file:///etc/passwd"]
)
def test_a_source_is_a_whole_path_or_a_url_of_https(source):
    with pytest.raises(ValueError, match="sources"):
        GeoipSettings(sources=(source,))
    with pytest.raises(ValueError, match="twice"):
        GeoipSettings(sources=(SOURCE, SOURCE))

"""MaxMind DB files are read whole, in every shape the specification allows; damaged ones are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.enrich.geo.errors import SourceError
from decnet_actors.enrich.geo.layer import V4, V6, Network
from decnet_actors.enrich.geo.mmdb import mmdb
from tests.decnet_actors.enrich.geo.mmdb_file import mmdb_file, pack, pointer, value
from tests.decnet_actors.enrich.geo.test_texts import rows_of

GERMANY = {"country": {"iso_code": "DE", "names": {"en": "Germany"}}, "location": {"latitude": 51.5, "radius": -1}}
FRANCE = {"registered_country": {"iso_code": "FR"}, "traits": [True, 2**70, b"\xff", "x" * 300]}
SYSTEM = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}


@pytest.mark.parametrize("size", [24, 28, 32])
def test_a_tree_of_ipv6_holds_ipv4_once_whatever_leads_there(size):
    layer = mmdb(
        mmdb_file(
            {"20.0.0.0/9": GERMANY, "20.128.0.0/9": GERMANY, "21.0.0.0/8": {**FRANCE, **SYSTEM}, "2a00::/16": FRANCE},
            size=size,
            aliases=["2002::/16", "::ffff:0:0/96"],
        )
    )

    assert [("20.0.0.0", "20.255.255.255", "DE"), ("21.0.0.0", "21.255.255.255", "FR")] == rows_of(layer.countries[V4])
    assert [("2a00::", "2a00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "FR")] == rows_of(layer.countries[V6])
    assert [("21.0.0.0", "21.255.255.255", Network(asn=64500, name="Example"))] == rows_of(layer.networks[V4])


def test_a_tree_of_ipv4_is_read_and_records_may_point_to_others():
    data = value("DE")
    place = len(data)
    data += b"\xe1" + value("country") + b"\xe1" + value("iso_code") + pointer(0)
    layer = mmdb(mmdb_file({"20.0.0.0/8": "shared"}, version=4, data=(data, {"'shared'": place})))

    assert [("20.0.0.0", "20.255.255.255", "DE")] == rows_of(layer.countries[V4])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a MaxMind DB"),
        (mmdb_file({"20.0.0.0/8": GERMANY}, more={"binary_format_major_version": 3}), "version 3"),
        (mmdb_file({"20.0.0.0/8": GERMANY}, more={"record_size": 20}), "no sense"),
        (mmdb_file({"20.0.0.0/8": GERMANY}, more={"node_count": 2**31}), "shorter than its tree"),
        (mmdb_file({"20.0.0.0/8": GERMANY}, more={"node_count": "many"}), "damaged"),
        (mmdb_file({"20.0.0.0/8": {"city": "Rome"}}), "neither countries"),
        (mmdb_file({"20.0.0.0/8": "x"}, data=(pointer(0), {"'x'": 0})), "never ends"),
        (mmdb_file({"20.0.0.0/8": "x"}, data=(b"", {"'x'": 5000})), "outside of the file|damaged"),
        (pack(0, 0, 24) + mmdb_file({"20.0.0.0/8": GERMANY}, version=4)[6:], "circles"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(data, why):
    with pytest.raises(SourceError, match=why):
        mmdb(data)


WHOLE = mmdb_file({"20.0.0.0/8": GERMANY, "2a00::/16": {**FRANCE, **SYSTEM}}, size=28)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(WHOLE)))
def test_no_damage_does_more_than_refuse(changes, length):
    data = bytearray(WHOLE)
    for place, byte in changes:
        data[place] = byte
    try:
        layer = mmdb(bytes(data[-length:]))
    except SourceError:
        return
    assert layer.rows

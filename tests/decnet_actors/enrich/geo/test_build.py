"""The index says what its sources say, the better one first, and is whole at any moment."""

import gzip
import os
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decnet_actors.contracts.geography import Place
from decnet_actors.enrich.geo.build import INDEX, PREVIOUS, build, load
from decnet_actors.enrich.geo.errors import DamagedError, SourceError
from decnet_actors.enrich.geo.index import Head, Index, read_index, write_index
from decnet_actors.enrich.geo.layer import V4, V6
from tests.decnet_actors.enrich.geo.mmdb_file import mmdb_file

ROOT = Path(__file__).parents[4]
RIR = """\
2|arin|20260101|2|19830705|20260101|+0000
arin|US|ipv4|20.0.0.0|65536|20100101|allocated|x
arin|CA|ipv4|20.0.4.0|768|20100101|assigned|x
arin|US|ipv6|2600::|16|20100101|allocated|x
arin|US|ipv4|0.0.0.0|4294967296|20100101|allocated|careless
"""
TABLE = (
    "20.0.0.0\t20.0.255.255\t64500\tFR\tExample One\n"
    "30.0.0.0\t30.0.0.255\t64501\tBR\tExample Two\n"
    "2600::\t2600::ffff\t64502\tUS\t\n"
)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "delegated").write_text(
        RIR.replace("arin|US|ipv4|0.0.0.0|4294967296|20100101|allocated|careless\n", "")
    )
    (tmp_path / "table.tsv.gz").write_bytes(gzip.compress(TABLE.encode()))
    return {name: tmp_path / name for name in ("delegated", "table.tsv.gz")}


def loaded(folder) -> Index:
    index = load(folder)
    assert index is not None
    return index


def place_of(folder, address) -> Place:
    place = loaded(folder).place(address)
    assert place is not None
    return place


def test_countries_come_from_registries_and_systems_from_iptoasn(tmp_path, files):
    build(tmp_path, files, 7.0, {})

    assert Place(
        country="CA", asn=64500, as_name="Example One", network="20.0.4.0/23", source="rir+iptoasn"
    ) == place_of(tmp_path, "20.0.5.1")
    assert "20.0.6.0/24" == place_of(tmp_path, "20.0.6.1").network  # 768 addresses are no power of two
    assert Place(country="BR", asn=64501, as_name="Example Two", network="30.0.0.0/24", source="iptoasn") == place_of(
        tmp_path, "::ffff:30.0.0.9"
    )
    assert Place(country="US", asn=64502, network="2600::/112", source="rir+iptoasn") == place_of(tmp_path, "2600::1")
    assert Place(country="US", network="2600:8000::/17", source="rir") == place_of(tmp_path, "2600:8000::1")


def test_what_the_operator_brings_counts_more_and_the_rest_stays(tmp_path, files):
    mine = tmp_path / "mine.mmdb"
    mine.write_bytes(mmdb_file({"20.0.4.0/24": {"country": {"iso_code": "DE"}}}))
    build(tmp_path, {**files, "mine": mine}, 7.0, {})

    assert Place(
        country="DE", asn=64500, as_name="Example One", network="20.0.4.0/24", source="mmdb+iptoasn"
    ) == place_of(tmp_path, "20.0.4.9")
    assert "CA" == place_of(tmp_path, "20.0.5.9").country


def test_nobodys_addresses_are_nowhere_whatever_a_source_says(tmp_path):
    path = tmp_path / "delegated"
    path.write_text(RIR + "arin|US|ipv6|::|1|20100101|allocated|careless\n")
    build(tmp_path, {"delegated": path}, 7.0, {})
    nowhere = [
        *("0.0.0.0", "10.0.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1", "192.168.1.1", "203.0.113.9", "224.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *("2002:1400:1::", "::ffff:127.0.0.1", "::20.0.0.1"),
    ]

    index = loaded(tmp_path)

    assert dict.fromkeys(nowhere) == {address: index.place(address) for address in nowhere}
    assert "US" == place_of(tmp_path, "9.9.9.9").country
    for garbage in ("", "x", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4\0", "20.0.0.1 ", "\ud800", "::g", "1" * 9999):
        assert index.place(garbage) is None


def test_sources_that_cannot_be_read_are_reported_beside_those_that_can(tmp_path, files):
    (tmp_path / "page").write_text("<html>")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(TABLE.encode() * 99)[:-20])
    files |= {"page": tmp_path / "page", "cut": tmp_path / "cut.gz", "gone": tmp_path / "gone"}
    head = build(tmp_path, files, 7.0, {"delegated": "the server answers 503", "away": "not done in 3 s"})
    got = {one.name: (one.kind, one.rows, one.problem) for one in head.sources}

    assert {
        "away": ("", 0, "not done in 3 s"),
        "cut": ("", 0, "damaged: gzip cannot unpack it"),
        "delegated": ("rir", 3, "the server answers 503"),
        "gone": ("", 0, "No such file or directory"),
        "page": ("", 0, "neither a registry's statistics, nor a table of iptoasn, nor a MaxMind DB"),
        "table.tsv.gz": ("iptoasn", 6, ""),
    } == got


def test_nothing_is_made_of_nothing_and_the_old_index_stays(tmp_path, files):
    build(tmp_path, files, 7.0, {})
    before = (tmp_path / INDEX).read_bytes()
    with pytest.raises(SourceError, match="gone: No such file"):
        build(tmp_path, {"gone": tmp_path / "gone"}, 8.0, {})

    assert before == (tmp_path / INDEX).read_bytes()


def test_a_damaged_index_is_noticed_and_the_previous_one_takes_over(tmp_path, files):
    assert load(tmp_path) is None
    build(tmp_path, files, 7.0, {})
    build(tmp_path, files, 8.0, {})
    index = tmp_path / INDEX
    data = bytearray(index.read_bytes())
    data[-1] ^= 1
    index.write_bytes(data)

    assert 7.0 == loaded(tmp_path).head.built
    (tmp_path / PREVIOUS).write_bytes(b"DNGEO0<\n" + bytes(99))
    with pytest.raises(DamagedError, match="another version"):
        load(tmp_path)


KILL = """
import os, sys
from pathlib import Path
from decnet_actors.enrich.geo.build import build
folder, left = Path(sys.argv[1]), [int(sys.argv[2])]
def step(event, args):
    if event in {"open", "os.rename", "os.link", "os.remove"} and str(args[0]).startswith(str(folder / "places")):
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
sys.addaudithook(step)
build(folder, {name: folder / name for name in ("delegated", "table.tsv.gz")}, 8.0, {})
"""


@pytest.mark.slow
def test_a_refresh_killed_between_any_two_steps_leaves_a_usable_index(tmp_path, files):
    build(tmp_path, files, 7.0, {})
    seen, codes = [], []
    for step in range(20):
        codes.append(
            subprocess.run(
                [sys.executable, "-c", KILL, tmp_path, str(step)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                check=False,
            ).returncode
        )
        seen.append(loaded(tmp_path).head.built)
        if codes[-1] == 0:
            break

    assert [9] * (len(codes) - 1) + [0] == codes
    assert len(codes) > 4
    assert sorted(seen) == seen
    assert {7.0, 8.0} == set(seen)


PLACES = st.integers(2**24, 2**24 + 600) | st.sampled_from([0x2600 << 112]).flatmap(
    lambda base: st.integers(base, base + 300)
)
KNOWN = st.tuples(
    st.sampled_from(["DE", "FR", ""]), st.sampled_from([0, 1]), st.sampled_from(["", "Ä"]), st.just("rir")
)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.tuples(PLACES, st.integers(0, 40), KNOWN), min_size=1, max_size=8), st.lists(PLACES, max_size=12))
def test_the_index_answers_as_a_naive_model(tmp_path_factory, rows, asked):
    told = {}
    for first, count, known in rows:
        for number in range(first, first + count + 1):
            told[number] = known
    by_version = {
        version: [(number, number, told[number]) for number in sorted(told) if (number < 2**32) == (version == V4)]
        for version in (V4, V6)
    }
    path = tmp_path_factory.mktemp("index") / INDEX
    write_index(path, by_version, Head(built=1.0, ranges={}, sources=()))
    index = read_index(path)
    for number in {*asked, *told, *(first - 1 for first, _, _ in rows), *(max(told) + 1,)}:
        place = index.place(str(ip_address(number)))
        known = told.get(number)
        assert (known is None) == (place is None)
        if known is None or place is None:
            continue
        country, asn, name, source = known
        network = ip_network(place.network)
        assert Place(country=country, asn=asn, as_name=name, network=place.network, source=source) == place
        assert ip_address(number) in network
        assert all(told.get(int(one)) == known for one in network)

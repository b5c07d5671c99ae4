"""Registries' statistics and iptoasn's tables are read as they are; nonsense is counted, never fatal."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.enrich.geo.errors import SourceError
from decnet_actors.enrich.geo.layer import V4, V6, Network
from decnet_actors.enrich.geo.texts import delegated, iptoasn

STATISTICS = b"""\
2|ripencc|1767225600|5|19830705|20260101|+0100
# a comment
ripencc|*|ipv4|*|3|summary
ripencc|*|asn|*|1|summary
ripencc|DE|asn|64500|1|20100101|allocated|x
ripencc|DE|ipv4|20.0.0.0|768|20100101|allocated|x
ripencc|fr|ipv4|21.0.0.0|1|20100101|assigned
ripencc||ipv4|22.0.0.0|256||available
ripencc|NL|ipv6|2a00:1::|32|20100101|allocated|x
ripencc|ZZ|ipv4|23.0.0.0|256|20100101|assigned
ripencc|SE|ipv4|24.0.0.256|256|20100101|assigned
ripencc|SE|ipv4|255.255.255.0|257|20100101|assigned
ripencc|SE|ipv6|2a00:2::|0|20100101|assigned
ripencc|SE|ipv6|2a00:2::1|128|20100101|assigned
""".splitlines(keepends=True)


def rows_of(text):
    return [(str(ip_address(first)), str(ip_address(last)), value) for first, last, value in text]


def test_statistics_give_countries_of_what_is_allocated_or_assigned():
    layer = delegated(STATISTICS)

    assert [("20.0.0.0", "20.0.2.255", "DE"), ("21.0.0.0", "21.0.0.0", "FR")] == rows_of(layer.countries[V4])
    assert [
        ("2a00:1::", "2a00:1:ffff:ffff:ffff:ffff:ffff:ffff", "NL"),
        ("2a00:2::1", "2a00:2::1", "SE"),
    ] == rows_of(layer.countries[V6])
    assert ({V4: [], V6: []}, 4, "rir") == (layer.networks, layer.skipped, layer.kind)


def test_a_table_gives_systems_and_their_countries():
    layer = iptoasn(
        [
            b"1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUD\x1b[31mFLARE\n",
            b"1.0.1.0\t1.0.3.255\t0\tNone\tNot routed\n",
            b"2a00::\t2a00::ffff\t64500\tZZ\tExample\r\n",
            b"2a00::\t1.0.0.0\t64500\tDE\tmixed\n",
            b"1.0.9.0\t1.0.8.0\t64500\tDE\tbackwards\n",
            b"1.0.9.0\t1.0.9.9\t99999999999\tDE\ttoo large\n",
            b"short\n",
        ]
    )
    cloud = Network(asn=13335, name="CLOUD\\x1b[31mFLARE")

    assert [("1.0.0.0", "1.0.0.255", cloud)] == rows_of(layer.networks[V4])
    assert [("2a00::", "2a00::ffff", Network(asn=64500, name="Example"))] == rows_of(layer.networks[V6])
    assert [("1.0.0.0", "1.0.0.255", "US"), ("1.0.9.0", "1.0.9.9", "DE")] == rows_of(layer.countries[V4])
    assert 3 == layer.skipped


@pytest.mark.parametrize("read", [delegated, iptoasn])
def test_a_file_without_a_record_is_refused(read):
    with pytest.raises(SourceError, match="no record"):
        read([b"2|ripencc|1|0|1|1|+0\n", b"<html>not found</html>\n"])


PIECE = st.sampled_from(
    [
        b"ripencc",
        b"DE",
        b"ipv4",
        b"ipv6",
        b"20.0.0.0",
        b"2a00::",
        b"256",
        b"-1",
        b"9" * 5000,
        b"1_0",
        b"allocated",
        b"\0",
    ]
) | st.binary(max_size=8)


@pytest.mark.slow
@pytest.mark.parametrize("read", [delegated, iptoasn])
@given(st.lists(st.lists(PIECE, max_size=9).map(b"|".join) | st.lists(PIECE, max_size=6).map(b"\t".join), max_size=5))
def test_garbage_is_left_out(read, lines):
    try:
        layer = read(lines)
    except SourceError:
        return  # no record in it
    for version, top in ((V4, 2**32), (V6, 2**128)):
        assert all(0 <= first <= last < top for first, last, _ in layer.countries[version])
        assert all(0 <= first <= last < top for first, last, _ in layer.networks[version])

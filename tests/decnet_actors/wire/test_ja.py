"""Published examples: JA3: README of github.com/salesforce/ja3; JA4: technical_details/JA4.md of FoxIO-LLC/ja4."""

import hashlib
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.ja import is_grease, ja3, ja3_text, ja3s, ja3s_text, ja4, ja4_text
from decnet_actors.wire.tls import ClientHello
from decnet_actors.wire.tls_server import ServerHello

GREASE = tuple(0x0A0A + 0x1010 * number for number in range(16))
EXAMPLE = ClientHello(
    version=0x0303,
    ciphers=(
        0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F,
        0x0035,
    ),
    extensions=(
        0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B, 0xFF01, 0x000B,
        0x000A, 0x0015,
    ),
    signature_algorithms=(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
    supported_versions=(0x0303, 0x0304),
    alpn=(b"h2", b"http/1.1"),
    server_name="example.com",
)  # fmt: skip
BARE = ClientHello(version=0x0303, ciphers=(), extensions=())


def test_ja3_has_its_published_hashes():
    first = ClientHello(
        version=769,
        ciphers=(47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
        extensions=(0, 10, 11),
        groups=(23, 24, 25),
        point_formats=(0,),
    )
    second = ClientHello(version=769, ciphers=(4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99), extensions=())

    assert "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0" == ja3_text(first)
    assert "ada70206e40642a3e4461f35503241d5" == ja3(first)
    assert "769,4-5-10-9-100-98-3-6-19-18-99,,," == ja3_text(second)
    assert "de350869b8c85de67a350c8d186f11e6" == ja3(second)


def test_ja3s_is_of_what_the_server_chose():
    hello = ServerHello(version=769, cipher=47, extensions=(65281, 0, 11, 35, 5, 16))

    assert "769,47,65281-0-11-35-5-16" == ja3s_text(hello)
    assert "836ce314215654b5b1f85f97c73e506f" == ja3s(hello)


def test_ja4_has_its_published_hash():
    assert "t13d1516h2_8daaf6152771_e5627efa2ab1" == ja4(EXAMPLE)
    assert "q13d1516h2_8daaf6152771_e5627efa2ab1" == ja4(EXAMPLE, "q")


def test_ja4_without_signature_algorithms_has_its_published_hash():
    assert "t13d1516h2_8daaf6152771_6d807ffa2a79" == ja4(evolve(EXAMPLE, signature_algorithms=()))


def test_ja4_before_it_is_hashed_has_its_published_text():
    assert (
        "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_"
        "0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_"
        "0403,0804,0401,0503,0805,0501,0806,0601"
    ) == ja4_text(EXAMPLE)


def test_nothing_hashes_to_zeros():
    assert "t12i000000_000000000000_000000000000" == ja4(BARE)


def test_a_name_and_a_protocol_alone_are_no_extensions_to_hash():
    hello = evolve(BARE, extensions=(0, 16), alpn=(b"http/1.1",))

    assert "t12d0002h1_000000000000_000000000000" == ja4(hello)


@pytest.mark.parametrize(
    ("version", "supported", "text"),
    [
        (0x0300, (), "s3"),
        (0x0301, (), "10"),
        (0x0302, (), "11"),
        (0x0303, (), "12"),
        (0x0303, (0x0302, 0x0303), "12"),
        (0x0301, (0xFAFA, 0x0304), "13"),
        (0x0002, (), "s2"),
        (0x0305, (), "00"),
    ],
)
def test_the_version_is_the_highest_that_means_something(version, supported, text):
    hello = ClientHello(version=version, ciphers=(), extensions=(), supported_versions=supported)

    assert "t" + text == ja4(hello)[:3]


@pytest.mark.parametrize(
    ("alpn", "text"),
    [
        ((), "00"),
        ((b"",), "00"),
        ((b"h2", b"http/1.1"), "h2"),
        ((b"http/1.1",), "h1"),
        ((b"x",), "xx"),
        ((b"\xab",), "ab"),
        ((b"\xab\xcd",), "ad"),
        ((b"\x30\xab",), "3b"),
        ((b"\x30\x31\xab\xcd",), "3d"),
        ((b"\x30\xab\xcd\x31",), "01"),
    ],
)
def test_the_protocol_is_told_by_its_ends(alpn, text):
    assert text == ja4(evolve(EXAMPLE, alpn=alpn))[8:10]


def test_there_are_never_more_than_99():
    many = tuple(range(0x2000, 0x2000 + 150))

    assert "9999" == ja4(ClientHello(version=0x0303, ciphers=many, extensions=many))[4:8]


def test_the_values_of_rfc_8701_are_grease_and_no_others():
    assert GREASE == tuple(value for value in range(1 << 16) if is_grease(value))


@given(places=st.lists(st.tuples(st.sampled_from(GREASE), st.integers(0, 30)), max_size=8))
def test_grease_changes_nothing_wherever_it_is(places):
    greased = EXAMPLE
    for value, place in places:
        for name in ("ciphers", "extensions", "groups", "signature_algorithms", "supported_versions"):
            values = getattr(greased, name)
            changed: dict[str, Any] = {name: (*values[:place], value, *values[place:])}
            greased = evolve(greased, **changed)

    assert (ja3(EXAMPLE), ja4(EXAMPLE)) == (ja3(greased), ja4(greased))


@given(st.permutations(EXAMPLE.extensions), st.permutations(EXAMPLE.ciphers))
def test_ja4_minds_no_order_of_ciphers_and_extensions(extensions, ciphers):
    assert ja4(EXAMPLE) == ja4(evolve(EXAMPLE, extensions=tuple(extensions), ciphers=tuple(ciphers)))


def test_ja4_minds_the_order_of_signature_algorithms():
    turned = evolve(EXAMPLE, signature_algorithms=EXAMPLE.signature_algorithms[::-1])
    text = ja4_text(turned).split("_", 2)[2]

    assert hashlib.sha256(text.encode()).hexdigest()[:12] == ja4(turned)[-12:]
    assert ja4(EXAMPLE) != ja4(turned)

import hashlib

import pytest

from decnet_actors.machine import generate
from plugins.decoy.ssh.releases import banner_of, offer_of, release_of


def hassh_server(release):
    parts = (release.kex + release.markers, release.ciphers, release.macs, release.compression)
    return hashlib.md5(b";".join(b",".join(names) for names in parts)).hexdigest()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1:9.2p1-2+deb12u10", "425d29fe50d8e4f5e37efb6e24bcf660"),  # measured on Debian 12
        ("1:9.2p1-2+deb12u2", "a65c3b91f743d3f246e72172e77288f1"),
        ("1:9.2p1-2", "a984ff804585fabe3cd08f4b3849024a"),
    ],
)
def test_the_offer_has_the_hash_known_for_the_version(version, expected):
    assert expected == hassh_server(release_of(version))


@pytest.mark.parametrize(
    ("version", "strict"),
    [
        ("1:8.2p1-4ubuntu0.9", False),
        ("1:8.2p1-4ubuntu0.11", True),
        ("1:8.4p1-5", False),
        ("1:8.4p1-5+deb11u2", False),
        ("1:8.4p1-5+deb11u3", True),
        ("1:8.9p1-3ubuntu0.4", False),
        ("1:8.9p1-3ubuntu0.10", True),
        ("1:9.2p1-2+deb12u1", False),
        ("1:9.2p1-2+deb12u2", True),
        ("1:9.6p1-3ubuntu13.5", True),
    ],
)
def test_strict_key_exchange_came_with_an_update(version, strict):
    assert strict == release_of(version).strict


def test_the_lattice_moved_to_the_front_with_9_0():
    assert b"curve25519-sha256" == release_of("1:8.9p1-3ubuntu0.6").kex[0]
    assert b"sntrup761x25519-sha512@openssh.com" == release_of("1:9.6p1-3ubuntu13").kex[0]
    assert b"sntrup761x25519-sha512" == release_of("1:9.2p1-2+deb12u4").kex[0]
    assert b"sntrup761x25519-sha512@openssh.com" == release_of("1:9.2p1-2+deb12u3").kex[0]
    assert not any(b"sntrup" in name for name in release_of("1:8.4p1-5").kex)


def test_only_old_servers_sign_with_sha1():
    assert b"ssh-rsa" in release_of("1:8.2p1-4ubuntu0.11").host_keys
    assert b"ssh-rsa" not in release_of("1:8.9p1-3").host_keys


def test_only_9_6_answers_pings_and_says_so():
    assert release_of("1:9.6p1-3ubuntu13").pings
    assert not release_of("1:9.2p1-2+deb12u3").pings
    assert b"ext-info-s" in release_of("1:9.6p1-3ubuntu13").markers


@pytest.mark.parametrize(
    ("version", "distribution", "banner"),
    [
        ("1:9.2p1-2+deb12u3", "debian", b"OpenSSH_9.2p1 Debian-2+deb12u3"),
        ("1:8.9p1-3ubuntu0.6", "ubuntu", b"OpenSSH_8.9p1 Ubuntu-3ubuntu0.6"),
        ("", "debian", b"OpenSSH_9.2p1 Debian-2+deb12u3"),
    ],
)
def test_the_banner_names_the_package(version, distribution, banner):
    assert banner == banner_of(version, distribution)


@pytest.mark.parametrize(
    ("distribution", "banner", "first"),
    [
        ("rocky:9", b"OpenSSH_8.7", b"curve25519-sha256"),
        ("alpine:3.19", b"OpenSSH_9.6", b"sntrup761x25519-sha512@openssh.com"),
        ("debian:11", b"OpenSSH_8.4p1 Debian-5+deb11u", b"curve25519-sha256"),
        ("router:mipsel", b"dropbear_2022.83", b"curve25519-sha256"),
    ],
)
def test_a_persona_offers_what_its_own_server_does(distribution, banner, first):
    persona = generate(3, "x", "10.0.0.1", 1_795_275_767.0, distribution=distribution)

    release, said = offer_of(persona)

    assert said.startswith(banner)
    assert first == release.kex[0]


def test_dropbears_lists_are_those_recorded_of_2022_83():
    persona = generate(3, "x", "10.0.0.1", 1_795_275_767.0, distribution="router:mipsel")
    release, _ = offer_of(persona)
    recorded = (
        "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,"
        "diffie-hellman-group14-sha256,diffie-hellman-group14-sha1,kexguess2@matt.ucc.asn.au,kex-strict-s-v00@openssh.com"
    )

    assert recorded.encode() == b",".join(release.kex + release.markers)
    assert not release.says_why

"""The published examples are those of the README of github.com/salesforce/hassh."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.ssh_kex import (
    MAX_BANNER,
    MAX_PACKET,
    Offer,
    OfferReader,
    hassh,
    hassh_server,
    hassh_server_text,
    hassh_text,
    read_offer,
)

NAMES = [b"a,b", b"k,l", b"c", b"d", b"e", b"f", b"none", b"zlib", b"", b""]


def kexinit(lists, *, follows=False):
    body = b"".join(struct.pack(">I", len(names)) + names for names in lists)
    return b"\x14" + bytes(16) + body + bytes((follows,)) + bytes(4)


def packet(payload, padding=7):
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


def offer_of(payload):
    offer = read_offer(payload)

    assert offer is not None
    return offer


def read(chunks):
    reader, found = OfferReader(), None
    for chunk in chunks:
        offer = reader.feed(chunk)
        found = found or offer

        assert reader.buffered <= MAX_BANNER + 4 + MAX_PACKET
    return found, reader.banner, reader.failed


def test_a_client_and_a_server_are_hashed_by_what_they_offer_their_own_way():
    offer = offer_of(kexinit(NAMES))

    assert b"a,b;c;e;none" == hassh_text(offer)
    assert "ae34d4009c27a8a58ac41b58763e1725" == hassh(offer)
    assert b"a,b;d;f;zlib" == hassh_server_text(offer)
    assert "f11a6ec21e8fff5d713875f514f3bac9" == hassh_server(offer)


def test_cyberduck_has_its_published_hash():
    kex = (
        b"curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256,ecdh-sha2-nistp521,ecdh-sha2-nistp384,"
        b"ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,"
        b"diffie-hellman-group14-sha256,diffie-hellman-group15-sha512,diffie-hellman-group16-sha512,"
        b"diffie-hellman-group17-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256@ssh.com,"
        b"diffie-hellman-group15-sha256,diffie-hellman-group15-sha256@ssh.com,diffie-hellman-group15-sha384@ssh.com,"
        b"diffie-hellman-group16-sha256,diffie-hellman-group16-sha384@ssh.com,diffie-hellman-group16-sha512@ssh.com,"
        b"diffie-hellman-group18-sha512@ssh.com"
    )
    ciphers = (
        b"aes128-cbc,aes128-ctr,aes192-cbc,aes192-ctr,aes256-cbc,aes256-ctr,blowfish-cbc,blowfish-ctr,cast128-cbc,"
        b"cast128-ctr,idea-cbc,idea-ctr,serpent128-cbc,serpent128-ctr,serpent192-cbc,serpent192-ctr,serpent256-cbc,"
        b"serpent256-ctr,3des-cbc,3des-ctr,twofish128-cbc,twofish128-ctr,twofish192-cbc,twofish192-ctr,twofish256-cbc,"
        b"twofish256-ctr,twofish-cbc,arcfour,arcfour128,arcfour256"
    )
    macs = b"hmac-sha1,hmac-sha1-96,hmac-md5,hmac-md5-96,hmac-sha2-256,hmac-sha2-512"
    offer = offer_of(kexinit([kex, b"", ciphers, b"", macs, b"", b"zlib@openssh.com,zlib,none", b"", b"", b""]))

    assert "8a8ae540028bf433cd68356c1b9e8d5b" == hassh(offer)


def test_openssh_9_2_has_its_published_hash():
    # ssh 9.2p1 of Debian 12, as captured; "ext-info-c" belongs to the list.
    kex = (
        b"sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
        b"ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
        b"diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,ext-info-c"
    )
    ciphers = (
        b"chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
    )
    macs = (
        b"umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
        b"hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1"
    )
    offer = offer_of(kexinit([kex, b"", ciphers, ciphers, macs, macs, b"none,zlib@openssh.com,zlib", b"", b"", b""]))

    assert "78c05d999799066a2b4554ce7b1585a6" == hassh(offer)


def test_a_guess_is_wrong_unless_both_first_choices_agree():
    right = offer_of(kexinit(NAMES, follows=True))
    silent = offer_of(kexinit(NAMES))

    assert not right.guess_is_wrong(b"a", b"k")
    assert right.guess_is_wrong(b"b", b"k")
    assert right.guess_is_wrong(b"a", b"l")
    assert not silent.guess_is_wrong(b"b", b"l")


def test_a_servers_offer_is_found_behind_what_it_says_first():
    stream = b"Welcome\r\nto us\nSSH-2.0-OpenSSH_9.2\r\n" + packet(kexinit(NAMES)) + b"what follows"
    offer, banner, failed = read([stream])

    assert (b"SSH-2.0-OpenSSH_9.2", False) == (banner, failed)
    assert Offer(lists=tuple(NAMES), guessed=False) == offer


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 400 Bad Request\r\n" + b"x" * MAX_BANNER,
        b"a\n" * MAX_BANNER,
        b"SSH-2.0-" + b"x" * MAX_BANNER + b"\r\n",
        b"SSH-2.0-x\r\n" + bytes(5),
        b"SSH-2.0-x\r\n" + struct.pack(">I", MAX_PACKET + 1),
        b"SSH-2.0-x\r\n" + packet(b"\x15" + bytes(20)),
        b"SSH-2.0-x\r\n" + packet(b"\x14" + bytes(20)),
    ],
    ids=["no ssh", "lines without end", "a long line", "nothing", "too long", "another message", "a short offer"],
)
def test_what_is_no_offer_ends_the_reading(stream):
    offer, _, failed = read([stream])

    assert offer is None
    assert failed


@given(st.binary(max_size=200))
def test_any_bytes_are_an_offer_or_none(data):
    offer = read_offer(data)

    assert offer is None or 10 == len(offer.lists)


_pieces = st.one_of(
    st.sampled_from(
        [b"SSH-2.0-a\r\n", b"SSH-1.99-b\n", b"hi\n", b"\r\n", packet(kexinit(NAMES)), bytes(4), b"\0\0\0\x20"]
    ),
    st.binary(max_size=30),
)


@given(stream=st.lists(_pieces, max_size=6).map(b"".join), size=st.integers(1, 40))
def test_however_a_stream_is_cut_the_reader_finds_the_same(stream, size):
    assert read([stream]) == read([stream[place : place + size] for place in range(0, len(stream), size)])

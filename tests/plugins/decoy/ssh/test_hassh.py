import struct

from hypothesis import given
from hypothesis import strategies as st

from plugins.decoy.ssh.hassh import MAX_LIST, client_seen, read_offer


def kexinit(lists, *, follows=False):
    body = b"".join(struct.pack(">I", len(names)) + names for names in lists)
    return b"\x14" + bytes(16) + body + bytes((follows,)) + bytes(4)


NAMES = [b"a,b", b"k,l", b"c", b"d", b"e", b"f", b"none", b"zlib", b"", b""]


def test_the_hash_is_of_kex_ciphers_macs_and_compressions_to_the_server():
    offer = read_offer(kexinit(NAMES))

    assert offer is not None
    seen = client_seen(b"SSH-2.0-x\x07", offer)

    assert ("SSH-2.0-x\\x07", "a,b;c;e;none") == (seen.version, seen.algorithms)
    assert "ae34d4009c27a8a58ac41b58763e1725" == seen.hassh


def test_openssh_9_2_has_its_published_hash():
    # ssh 9.2p1 of Debian 12, as captured; "ext-info-c" and the strict marker belong to the list.
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
    offer = read_offer(kexinit([kex, b"", ciphers, ciphers, macs, macs, b"none,zlib@openssh.com,zlib", b"", b"", b""]))

    assert offer is not None
    assert "78c05d999799066a2b4554ce7b1585a6" == client_seen(b"", offer).hassh


def test_a_guess_is_wrong_unless_both_first_choices_agree():
    right = read_offer(kexinit(NAMES, follows=True))
    silent = read_offer(kexinit(NAMES))

    assert right is not None
    assert silent is not None
    assert not right.guess_is_wrong(b"a", b"k")
    assert right.guess_is_wrong(b"b", b"k")
    assert right.guess_is_wrong(b"a", b"l")
    assert not silent.guess_is_wrong(b"b", b"l")


def test_a_long_list_is_hashed_whole_and_shown_in_part():
    offer = read_offer(kexinit([b"x" * 10_000, *NAMES[1:]]))

    assert offer is not None
    assert MAX_LIST + 1 == len(client_seen(b"", offer).algorithms)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_offer_or_none(data):
    offer = read_offer(data)

    assert offer is None or 10 == len(offer.lists)

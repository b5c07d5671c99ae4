"""Each line is taken apart as hashcat's module of its mode does, and its answer computed from a known password."""

import base64
import hashlib
import hmac

import pytest
from attrs import evolve
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from decnet_actors.wire import hashcat
from decnet_actors.wire.ntlmssp import Authenticate

PASSWORD = b"Password"
NT_HASH = bytes.fromhex("a4f49c406510bdcab6824ee7c30fd852")  # MD4 of PASSWORD in UTF-16 (MS-NLMP 4.2.2.1.2)
SERVER = bytes.fromhex("0123456789abcdef")
CLIENT = b"\xaa" * 8


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def des(key: bytes, block: bytes) -> bytes:
    return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)


def des_key(seven: bytes) -> bytes:
    """Return 56 bits with a place for parity behind each 7."""
    bits = int.from_bytes(seven, "big")
    return bytes((bits >> 49 - 7 * index & 0x7F) << 1 for index in range(8))


def ntlm_v1(challenge: bytes) -> bytes:
    key = NT_HASH + bytes(5)
    return b"".join(des(des_key(key[at : at + 7]), challenge) for at in (0, 7, 14))


def answer(nt: bytes, lm: bytes = b"") -> Authenticate:
    return Authenticate(flags=1, domain="Domain", user="User", workstation="", lm_response=lm, nt_response=nt)


def test_http_digest():
    ha1, ha2 = md5(b"bob:cam:Password"), md5(b"GET:/admin/")
    response = md5(f"{ha1}:n0:00000001:c0:auth:{ha2}".encode())
    line = hashcat.http_digest(
        user="bob",
        realm="cam",
        method="GET",
        uri="/admin/",
        nonce="n0",
        response=response,
        cnonce="c0",
        count="00000001",
        qop="auth",
    )

    assert line is not None
    mark, server, client, user, realm, method, prefix, uri, suffix, nonce, cnonce, count, qop, how, digest = line.split(
        "*"
    )
    assert ("$sip$", "", "", "", "", "MD5") == (mark, server, client, prefix, suffix, how)
    candidate = md5(f"{user}:{realm}:Password".encode())
    tried = f"{candidate}:{nonce}:{count}:{cnonce}:{qop}:{md5(f'{method}:{uri}'.encode())}"
    assert digest == md5(tried.encode())


def test_mysql():
    scramble = bytes(range(1, 21))
    inner = sha1(PASSWORD)
    mask = sha1(scramble + sha1(inner))
    line = hashcat.mysql_native_password(scramble, bytes(one ^ other for one, other in zip(inner, mask, strict=True)))

    assert line is not None
    salt, _, response = line.removeprefix("$mysqlna$").partition("*")
    assert bytes.fromhex(response) == bytes(
        one ^ other for one, other in zip(inner, sha1(bytes.fromhex(salt) + sha1(inner)), strict=True)
    )


def test_postgresql_as_in_hashcats_own_example():
    """hashcat's self-test of mode 11100: password "hashcat", user "postgres"."""
    salt = bytes.fromhex("74402844")
    response = "md5" + md5(md5(b"hashcatpostgres").encode() + salt)

    assert "$postgres$postgres*74402844*4e7fabaaf34d780c4a5822d28ee1c83e" == hashcat.postgres_md5(
        "postgres", salt, response
    )


def test_cram_md5_as_in_hashcats_own_example():
    """hashcat's self-test of mode 10200: password "hashcat", user "user", challenge "12"."""
    response = b"user " + hmac.new(b"hashcat", b"12", "md5").hexdigest().encode()
    line = hashcat.cram_md5(b"12", response)

    assert "$cram_md5$MTI=$dXNlciBiOGYwNjk5MTE0YjA1Nzg4OTIyM2RmMDg0ZjgyMjQ2Zg==" == line
    assert response == base64.b64decode(line.rpartition("$")[2])


def test_vnc():
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in PASSWORD)
    challenge = bytes(range(16))
    line = hashcat.vnc(challenge, des(key, challenge[:8]) + des(key, challenge[8:]))

    assert line is not None
    cipher, _, plain = line.partition(":")
    assert des(key, bytes.fromhex(plain)).hex() == cipher


def test_ntlm_v1_as_in_the_specification():
    response = ntlm_v1(SERVER)
    line = hashcat.ntlmssp(SERVER, answer(response, bytes(24)))

    assert "67c43011f30298a2ad35ece64f16331c44bdbed927841f94" == response.hex()  # MS-NLMP 4.2.2.2.1
    assert f"User::Domain:{'00' * 24}:{response.hex()}:0123456789abcdef" == line


def test_ntlm_v1_with_extended_security_keeps_the_clients_challenge():
    challenge = hashlib.md5(SERVER + CLIENT, usedforsecurity=False).digest()[:8]
    response = ntlm_v1(challenge)
    line = hashcat.ntlmssp(SERVER, answer(response, CLIENT + bytes(16)))

    assert "7537f803ae367128ca458204bde7caf81e97ed2683267232" == response.hex()  # MS-NLMP 4.2.3.2.2
    assert line is not None
    _, _, _, lm, _, server = line.split(":")
    assert challenge == hashlib.md5(bytes.fromhex(server + lm[:16]), usedforsecurity=False).digest()[:8]


def test_ntlm_v2_as_in_the_specification():
    key = hmac.new(NT_HASH, "USERDomain".encode("utf-16-le"), "md5").digest()
    temp = bytes.fromhex(
        "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
        "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
    )
    proof = hmac.new(key, SERVER + temp, "md5").digest()
    line = hashcat.ntlmssp(SERVER, answer(proof + temp))

    assert "68cd0ab851e51c96aabc927bebef6a1c" == proof.hex()  # MS-NLMP 4.2.4.2.2
    assert f"User::Domain:0123456789abcdef:{proof.hex()}:{temp.hex()}" == line


def test_what_hashcat_would_not_take_has_no_line():
    v1 = answer(bytes(24))

    assert hashcat.ntlmssp(SERVER[:7], v1) is None
    assert hashcat.ntlmssp(SERVER, evolve(v1, user="a:b")) is None
    assert hashcat.ntlmssp(SERVER, evolve(v1, user="J\xe4ger")) is None
    assert hashcat.ntlmssp(SERVER, evolve(v1, user="")) is None
    assert hashcat.ntlmssp(SERVER, evolve(v1, domain="d" * 46)) is None
    assert hashcat.ntlmssp(SERVER, evolve(v1, nt_response=bytes(16 + 513))) is None
    assert hashcat.ntlmssp(SERVER, evolve(v1, nt_response=b"")) is None
    assert hashcat.mysql_native_password(bytes(20), b"") is None
    assert hashcat.vnc(bytes(16), bytes(8)) is None
    assert hashcat.postgres_md5("a*b", bytes(4), "0" * 32) is None
    assert hashcat.postgres_md5("a", bytes(4), "md5" + "x" * 32) is None
    assert hashcat.cram_md5(b"", b"user " + b"0" * 32) is None
    assert hashcat.cram_md5(b"12", b"0" * 32) is None


@pytest.mark.parametrize("change", [{"user": "b*b"}, {"uri": "/\n"}, {"response": "0" * 31}, {"qop": "a*"}])
def test_a_digest_that_would_break_its_line_has_none(change: dict[str, str]):
    sent = {"user": "b", "realm": "r", "method": "GET", "uri": "/", "nonce": "n", "response": "0" * 32}

    assert hashcat.http_digest(**sent) is not None
    assert hashcat.http_digest(**{**sent, **change}) is None

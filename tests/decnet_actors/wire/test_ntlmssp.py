"""Vectors: MS-NLMP 4.2 "Cryptographic Values for Validation" (user "User", domain "Domain", password "Password")."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.ntlmssp import MAX_NAME, Authenticate, Challenge, Negotiate, parse

LM_V1 = bytes.fromhex("98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13")  # 4.2.2.2.2
NT_V1 = bytes.fromhex("67c43011f30298a2ad35ece64f16331c44bdbed927841f94")  # 4.2.2.2.1
PROOF_V2 = bytes.fromhex("68cd0ab851e51c96aabc927bebef6a1c")  # 4.2.4.2.2
TEMP_V2 = bytes.fromhex(  # 4.2.4.1.3
    "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
    "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
)
LM_V2 = bytes.fromhex("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa")  # 4.2.4.2.1
SERVER_CHALLENGE = bytes.fromhex("0123456789abcdef")
# 4.2.4.3, the CHALLENGE_MESSAGE
CHALLENGE_V2 = bytes.fromhex(
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000"
    "060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c005300650072007600650072"
    "0000000000"
)


def field(size: int, offset: int) -> bytes:
    return size.to_bytes(2, "little") * 2 + offset.to_bytes(4, "little")


def authenticate(
    nt: bytes = NT_V1,
    *,
    lm: bytes = LM_V1,
    domain: str = "Domain",
    user: str = "User",
    flags: int = 1,
    codec: str = "utf-16-le",
) -> bytes:
    """Return a message laid out as in MS-NLMP 4.2.2.3: head, names, responses."""
    parts = [domain.encode(codec), user.encode(codec), "COMPUTER".encode(codec), lm, nt, bytes(16)]
    offsets, at = [], 72
    for part in parts:
        offsets.append(at)
        at += len(part)
    fields = [field(len(part), offset) for part, offset in zip(parts, offsets, strict=True)]
    names, answers, key = fields[:3], fields[3:5], fields[5]
    head = b"NTLMSSP\0" + (3).to_bytes(4, "little") + b"".join(answers) + b"".join(names) + key
    return head + flags.to_bytes(4, "little") + bytes.fromhex("060070170000000f") + b"".join(parts)


def test_the_challenge_of_the_specification():
    found = parse(CHALLENGE_V2)

    assert Challenge(flags=0xE28A8233, target="Server", challenge=SERVER_CHALLENGE) == found


def test_a_v1_answer():
    found = parse(authenticate())

    assert isinstance(found, Authenticate)
    assert ("Domain\\User", "ntlmssp_v1", NT_V1, LM_V1) == (
        found.principal,
        found.kind,
        found.nt_response,
        found.lm_response,
    )
    assert "COMPUTER" == found.workstation


def test_a_v2_answer():
    found = parse(authenticate(PROOF_V2 + TEMP_V2, lm=LM_V2))

    assert isinstance(found, Authenticate)
    assert ("ntlmssp_v2", PROOF_V2 + TEMP_V2) == (found.kind, found.nt_response)


def test_names_in_a_code_page():
    found = parse(authenticate(flags=0, codec="latin-1", user="J\xe4ger", domain="WERK"))

    assert isinstance(found, Authenticate)
    assert "WERK\\J\xe4ger" == found.principal


def test_names_that_are_no_unicode_are_kept_as_text():
    raw = authenticate().replace("User".encode("utf-16-le"), b"\x00\xd8U\0s\0e\0")
    found = parse(raw)

    assert isinstance(found, Authenticate)
    assert "\ufffdUse" == found.user


def test_without_a_domain_the_principal_is_the_user_alone():
    found = parse(authenticate(domain=""))

    assert isinstance(found, Authenticate)
    assert "User" == found.principal


def test_an_anonymous_client_has_neither_principal_nor_response():
    found = parse(authenticate(b"", lm=b"\0", user="", domain=""))

    assert isinstance(found, Authenticate)
    assert (None, None) == (found.principal, found.kind)


def test_a_negotiation_with_and_without_names():
    offer = b"NTLMSSP\0\x01\0\0\0" + (0x3207).to_bytes(4, "little") + field(4, 32) + field(2, 36) + b"WERKPC"

    assert Negotiate(flags=0x3207, domain="WERK", workstation="PC") == parse(offer)
    assert Negotiate(flags=0x207, domain="", workstation="") == parse(offer[:12] + (0x207).to_bytes(4, "little"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"NTLMSSP\0",
        b"NTLMSSP\0\x04\0\0\0" + bytes(64),
        b"NTLMSSQ\0" + authenticate()[8:],
        authenticate()[:63],
        authenticate(user="u" * MAX_NAME),
        CHALLENGE_V2[:31],
        authenticate() + bytes(1 << 20),
    ],
    ids=["empty", "signature", "type", "other", "head", "name", "challenge", "large"],
)
def test_what_is_no_message_is_none(raw: bytes):
    assert parse(raw) is None


@given(st.integers(0, len(authenticate()) - 17))
def test_a_message_cut_before_the_end_of_its_responses_is_none(size: int):
    assert parse(authenticate()[:size]) is None


@given(st.integers(0, 63), st.binary(min_size=1, max_size=8), st.sampled_from([authenticate(), CHALLENGE_V2]))
def test_a_changed_head_never_raises_and_never_points_outside(at: int, change: bytes, whole: bytes):
    raw = whole[:at] + change + whole[at + len(change) :]
    found = parse(raw)

    if isinstance(found, Authenticate):
        assert found.nt_response in raw
        assert found.lm_response in raw


@given(st.binary(max_size=200), st.sampled_from([1, 2, 3]))
def test_garbage_behind_a_signature_never_raises(garbage: bytes, kind: int):
    parse(b"NTLMSSP\0" + kind.to_bytes(4, "little") + garbage)

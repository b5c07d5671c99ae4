"""This module makes the line that hashcat takes to crack a challenge-response, one function for each kind.

The modes and what they take are those of hashcat's own modules (``src/modules``); the mode is no part of a line. A
line is ``None`` where hashcat would not take it: a name that holds its separator, a response of another length.

There is none for SCRAM: its modes (24100, 24200, 28600) take what a server has stored, and no server key crosses the
wire.
"""

import base64

from decnet_actors.wire.ntlmssp import NONCE, PROOF, V1_RESPONSE, Authenticate

MODES = {  # of each kind of ``CredentialSeen``
    "http_digest_md5": 11400,
    "mysql_native_password": 11200,
    "postgres_md5_challenge": 11100,
    "cram_md5": 10200,
    "ntlmssp_v1": 5500,
    "ntlmssp_v2": 5600,
    "vnc_des_response": 14000,
}

MAX_USER, MAX_DOMAIN = 60, 45  # characters, modes 5500 and 5600
MAX_CLIENT_CHALLENGE = 512  # bytes, mode 5600
MAX_POSTGRES_USER = 32  # characters, mode 11100
MAX_CRAM_CHALLENGE, MAX_CRAM_RESPONSE = 192, 99  # bytes before Base64, mode 10200
MYSQL = 20  # bytes of a scramble, and of the answer to it
DES = 8  # bytes of a block
POSTGRES_SALT = 4  # bytes


def http_digest(
    *,
    user: str,
    realm: str,
    method: str,
    uri: str,
    nonce: str,
    response: str,
    cnonce: str = "",
    count: str = "",
    qop: str = "",
) -> str | None:
    """Return the line of an HTTP or SIP digest with MD5 (RFC 7616), mode 11400.

    That mode is SIP's, whose digest is HTTP's; an empty prefix of the URI makes it use the resource as it is.
    """
    parts = (user, realm, method, uri, nonce, cnonce, count, qop, response)
    if any("*" in part or not part.isprintable() for part in parts) or not _is_hex(response, 32):
        return None
    return f"$sip$***{user}*{realm}*{method}**{uri}**{nonce}*{cnonce}*{count}*{qop}*MD5*{response}"


def mysql_native_password(scramble: bytes, response: bytes) -> str | None:
    """Return the line of MySQL's mysql_native_password, mode 11200."""
    if len(scramble) != MYSQL or len(response) != MYSQL:
        return None
    return f"$mysqlna${scramble.hex()}*{response.hex()}"


def postgres_md5(user: str, salt: bytes, response: str) -> str | None:
    """Return the line of PostgreSQL's AuthenticationMD5Password, mode 11100; ``response`` as it was sent."""
    digest = response.removeprefix("md5")
    if len(salt) != POSTGRES_SALT or not _is_hex(digest, 32) or not _fits(user, MAX_POSTGRES_USER, "*"):
        return None
    return f"$postgres${user}*{salt.hex()}*{digest}"


def cram_md5(challenge: bytes, response: bytes) -> str | None:
    """Return the line of CRAM-MD5 (RFC 2195), mode 10200; ``response`` is the user, a blank and 32 hex digits."""
    user, blank, digest = response.rpartition(b" ")
    if not challenge or len(challenge) > MAX_CRAM_CHALLENGE or len(response) > MAX_CRAM_RESPONSE:
        return None
    if not blank or not user or not _is_hex(digest.decode("latin-1"), 32):
        return None
    return f"$cram_md5${_base64(challenge)}${_base64(response)}"


def vnc(challenge: bytes, response: bytes) -> str | None:
    """Return the line of VNC Authentication (RFC 6143 7.2.2), mode 14000: the first block of two.

    A VNC password is a DES key with the bits of each byte in reverse, so what the mode finds, or is given as a word,
    is written that way and filled up with NUL to 8 bytes.
    """
    if len(challenge) != 2 * DES or len(response) != 2 * DES:
        return None
    return f"{response[:DES].hex()}:{challenge[:DES].hex()}"


def ntlmssp(challenge: bytes, answer: Authenticate) -> str | None:
    """Return the line of an NTLMSSP response, mode 5500 (v1, also with extended session security) or 5600 (v2)."""
    # hashcat widens each byte of a name to UTF-16, which is right for ASCII alone
    if len(challenge) != NONCE or not answer.user:
        return None
    if not _fits(answer.user, MAX_USER, ":") or not _fits(answer.domain, MAX_DOMAIN, ":"):
        return None
    head, response = f"{answer.user}::{answer.domain}", answer.nt_response
    match answer.kind:
        case "ntlmssp_v1":
            lm = answer.lm_response if len(answer.lm_response) == V1_RESPONSE else b""
            return f"{head}:{lm.hex()}:{response.hex()}:{challenge.hex()}"
        case "ntlmssp_v2" if len(response) - PROOF <= MAX_CLIENT_CHALLENGE:
            return f"{head}:{challenge.hex()}:{response[:PROOF].hex()}:{response[PROOF:].hex()}"
        case _:
            return None


def _fits(name: str, longest: int, separator: str) -> bool:
    return len(name) <= longest and name.isascii() and (not name or name.isprintable()) and separator not in name


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and all(character in "0123456789abcdefABCDEF" for character in text)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""This module reads NTLMSSP messages (MS-NLMP 2.2.1), which SMB, RDP, HTTP and others carry inside their own.

Whatever is no such message, or points outside itself, is ``None``; nothing here raises. What a client proves is the
answer to a challenge: two clients with one password send unlike bytes, see ``hashcat`` for what can be done with it.
"""

from typing import TypeAlias

from attrs import frozen

SIGNATURE = b"NTLMSSP\0"
UNICODE = 0x1  # NTLMSSP_NEGOTIATE_UNICODE; without it names are in the client's code page
DOMAIN_SUPPLIED = 0x1000  # NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED
WORKSTATION_SUPPLIED = 0x2000  # NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED

MAX_MESSAGE = 256 * 1024  # bytes; every field has 16 bits of length, and few are there
MAX_NAME = 512  # bytes of a name; Windows allows 256 characters
V1_RESPONSE = 24  # bytes of an NTLMv1 response; a longer one is NTLMv2
NONCE = 8  # bytes of a server's challenge
OFFER_HEAD, CHALLENGE_HEAD, ANSWER_HEAD = 16, 32, 64  # bytes up to what a message must have
PROOF = 16  # bytes of NTProofStr, which an NTLMv2 response begins with


@frozen(kw_only=True)
class Negotiate:
    """A client offers itself (MS-NLMP 2.2.1.1). Names are empty where it keeps them to itself."""

    flags: int
    domain: str
    workstation: str


@frozen(kw_only=True)
class Challenge:
    """A server asks for a proof (MS-NLMP 2.2.1.2)."""

    flags: int
    target: str
    challenge: bytes  # of NONCE bytes


@frozen(kw_only=True)
class Authenticate:
    """A client proves that it knows the secret (MS-NLMP 2.2.1.3)."""

    flags: int
    domain: str
    user: str
    workstation: str
    lm_response: bytes
    nt_response: bytes

    @property
    def principal(self) -> str | None:
        r"""``DOMAIN\user``, without the domain where none was sent; ``None`` of an anonymous client."""
        if not self.user:
            return None
        return f"{self.domain}\\{self.user}" if self.domain else self.user

    @property
    def kind(self) -> str | None:
        """What the response is, as in ``CredentialSeen.kind``; ``None`` when there is none."""
        size = len(self.nt_response)
        if size < V1_RESPONSE:
            return None
        return "ntlmssp_v1" if size == V1_RESPONSE else "ntlmssp_v2"


Message: TypeAlias = Negotiate | Challenge | Authenticate


def parse(data: bytes) -> Message | None:
    """Return the message that ``data`` is, from its first byte on; what follows it is not looked at."""
    if len(data) > MAX_MESSAGE or data[:8] != SIGNATURE:
        return None
    match _number(data, 8):
        case 1:
            return _negotiate(data)
        case 2:
            return _challenge(data)
        case 3:
            return _authenticate(data)
        case _:
            return None


def _negotiate(data: bytes) -> Negotiate | None:
    if len(data) < OFFER_HEAD:
        return None
    flags = _number(data, 12)
    # both names are in the client's code page, whatever the flags say; old clients leave the fields out
    domain = _name(data, 16, 0) if flags & DOMAIN_SUPPLIED else ""
    workstation = _name(data, 24, 0) if flags & WORKSTATION_SUPPLIED else ""
    if domain is None or workstation is None:
        return None
    return Negotiate(flags=flags, domain=domain, workstation=workstation)


def _challenge(data: bytes) -> Challenge | None:
    if len(data) < CHALLENGE_HEAD:
        return None
    flags = _number(data, 20)
    target = _name(data, 12, flags)
    return None if target is None else Challenge(flags=flags, target=target, challenge=data[24 : 24 + NONCE])


def _authenticate(data: bytes) -> Authenticate | None:
    if len(data) < ANSWER_HEAD:
        return None
    flags = _number(data, 60)
    lm_response, nt_response = _field(data, 12), _field(data, 20)
    domain, user, workstation = (_name(data, at, flags) for at in (28, 36, 44))
    if lm_response is None or nt_response is None or domain is None or user is None or workstation is None:
        return None
    return Authenticate(
        flags=flags,
        domain=domain,
        user=user,
        workstation=workstation,
        lm_response=lm_response,
        nt_response=nt_response,
    )


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _field(data: bytes, at: int) -> bytes | None:
    """Return what length (2 bytes), allocated length (2) and offset (4) at ``at`` point to."""
    if len(data) < at + 8:
        return None
    size, offset = int.from_bytes(data[at : at + 2], "little"), _number(data, at + 4)
    if not size:
        return b""  # its offset means nothing
    return data[offset : offset + size] if offset + size <= len(data) else None


def _name(data: bytes, at: int, flags: int) -> str | None:
    raw = _field(data, at)
    if raw is None or len(raw) > MAX_NAME:
        return None
    # which code page "OEM" is only the client knows: Latin-1 loses nothing
    return raw.decode("utf-16-le", "replace") if flags & UNICODE else raw.decode("latin-1")

"""This module tabulates what an OpenSSH server of each claimed version offers, name for name and in its order.

9.2p1 was recorded from Debian's 1:9.2p1-2+deb12u10 (a test compares it with the installed sshd); the others follow
``myproposal.h`` and ``kex.c`` of their release and the distributions' changelogs for what was backported.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from attrs import evolve, frozen

from decnet_actors.domain.persona import Persona
from plugins.decoy.ssh.authentication import Authentication
from plugins.decoy.ssh.dropbear import DropbearAuthentication, DropbearIdentification
from plugins.decoy.ssh.identification import Identification, LineReader

Names: TypeAlias = tuple[bytes, ...]

_STRICT = b"kex-strict-s-v00@openssh.com"
_SNTRUP = b"sntrup761x25519-sha512@openssh.com"
_SNTRUP_STANDARD = b"sntrup761x25519-sha512"


@frozen(kw_only=True)
class OpenSsh:
    """One sshd with Debian's default configuration and keys of type RSA, ECDSA (P-256) and Ed25519."""

    kex: Names
    markers: Names  # names in the kex list that are signals, not algorithms
    host_keys: Names
    signatures: Names  # server-sig-algs (RFC 8308)
    extensions: tuple[tuple[bytes, bytes], ...]  # of SSH_MSG_EXT_INFO, after server-sig-algs
    ciphers: Names
    macs: Names
    sftp: tuple[tuple[bytes, bytes], ...]  # extensions of its sftp-server; empty: there is none
    compression: Names = (b"none", b"zlib@openssh.com")
    says_why: bool = True  # whether it says why it disconnects
    reader: Callable[[], LineReader] = Identification  # of a client's line
    authentication: type[Authentication] = Authentication
    offers_first: bool = False  # whether its key exchange offer is sent before the client's line is there
    reads_ahead: bool = True  # whether it has read all that came when it closes; if not, the kernel resets
    clear_padding: bool = True  # whether packets in the clear are padded with zeros
    announces_keys: bool = True  # hostkeys-00@openssh.com (PROTOCOL, section 2.5)
    open_failed: bytes = b"open failed"  # said of a channel that is refused
    rsa_bits: int = 3072  # of the RSA host key made at installation
    sftp_server: str = "/usr/lib/openssh/sftp-server"

    @property
    def strict(self) -> bool:
        """Whether it knows strict key exchange."""
        return _STRICT in self.markers

    @property
    def pings(self) -> bool:
        """Whether it answers transport pings."""
        return any(name == b"ping@openssh.com" for name, _ in self.extensions)


def _names(text: str) -> Names:
    return tuple(text.encode().split())


_ECDH = _names(
    "curve25519-sha256 curve25519-sha256@libssh.org ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521"
)
_DH = _names(
    "diffie-hellman-group-exchange-sha256 diffie-hellman-group16-sha512"
    " diffie-hellman-group18-sha512 diffie-hellman-group14-sha256"
)
_KEYS = _names("rsa-sha2-512 rsa-sha2-256 ecdsa-sha2-nistp256 ssh-ed25519")
_HOSTBOUND = (b"publickey-hostbound@openssh.com", b"0")

_SFTP_8_2 = (
    (b"posix-rename@openssh.com", b"1"),
    (b"statvfs@openssh.com", b"2"),
    (b"fstatvfs@openssh.com", b"2"),
    (b"hardlink@openssh.com", b"1"),
    (b"fsync@openssh.com", b"1"),
    (b"lsetstat@openssh.com", b"1"),
)
_SFTP_8_9 = (*_SFTP_8_2, (b"limits@openssh.com", b"1"), (b"expand-path@openssh.com", b"1"))
_SFTP_9_2 = (
    *_SFTP_8_9,
    (b"copy-data", b"1"),
    (b"home-directory", b"1"),
    (b"users-groups-by-id@openssh.com", b"1"),
)

_V8_2 = OpenSsh(
    sftp=_SFTP_8_2,
    kex=_ECDH + _DH,
    markers=(),
    host_keys=_names("rsa-sha2-512 rsa-sha2-256 ssh-rsa ecdsa-sha2-nistp256 ssh-ed25519"),
    signatures=_names(
        "ssh-ed25519 sk-ssh-ed25519@openssh.com ssh-rsa rsa-sha2-256 rsa-sha2-512 ssh-dss ecdsa-sha2-nistp256"
        " ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 sk-ecdsa-sha2-nistp256@openssh.com"
    ),
    extensions=(),
    ciphers=_names(
        "chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com aes256-gcm@openssh.com"
    ),
    macs=_names(
        "umac-64-etm@openssh.com umac-128-etm@openssh.com hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com"
        " hmac-sha1-etm@openssh.com umac-64@openssh.com umac-128@openssh.com hmac-sha2-256 hmac-sha2-512 hmac-sha1"
    ),
)
_V8_9 = evolve(
    _V8_2,
    sftp=_SFTP_8_9,
    kex=(*_ECDH, _SNTRUP, *_DH),
    host_keys=_KEYS,
    signatures=_names(
        "ssh-ed25519 sk-ssh-ed25519@openssh.com ssh-rsa rsa-sha2-256 rsa-sha2-512 ssh-dss ecdsa-sha2-nistp256"
        " ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 sk-ecdsa-sha2-nistp256@openssh.com"
        " webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
    ),
    extensions=(_HOSTBOUND,),
)
_V9_2 = evolve(
    _V8_9,
    sftp=_SFTP_9_2,
    kex=(_SNTRUP, *_ECDH, *_DH),
    signatures=_names(
        "ssh-ed25519 sk-ssh-ed25519@openssh.com ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521"
        " sk-ecdsa-sha2-nistp256@openssh.com webauthn-sk-ecdsa-sha2-nistp256@openssh.com ssh-dss ssh-rsa"
        " rsa-sha2-256 rsa-sha2-512"
    ),
)
_V9_6 = evolve(
    _V9_2,
    markers=(b"ext-info-s", _STRICT),
    signatures=_names(
        "ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 sk-ssh-ed25519@openssh.com"
        " sk-ecdsa-sha2-nistp256@openssh.com rsa-sha2-512 rsa-sha2-256"
    ),
    extensions=(_HOSTBOUND, (b"ping@openssh.com", b"0")),
)

# Rocky's lists are those of its crypto policy DEFAULT (/etc/crypto-policies/back-ends/opensshserver.config).
_V8_7 = evolve(
    _V8_9,
    kex=(
        *_ECDH,
        *_names(
            "diffie-hellman-group-exchange-sha256 diffie-hellman-group14-sha256 diffie-hellman-group16-sha512"
            " diffie-hellman-group18-sha512"
        ),
    ),
    ciphers=_names("aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes256-ctr aes128-gcm@openssh.com aes128-ctr"),
    macs=_names(
        "hmac-sha2-256-etm@openssh.com hmac-sha1-etm@openssh.com umac-128-etm@openssh.com"
        " hmac-sha2-512-etm@openssh.com hmac-sha2-256 hmac-sha1 umac-128@openssh.com hmac-sha2-512"
    ),
)
# Recorded from Debian 12's dropbear 2022.83.
_DROPBEAR = OpenSsh(
    sftp=(),
    kex=_names(
        "curve25519-sha256 curve25519-sha256@libssh.org ecdh-sha2-nistp521 ecdh-sha2-nistp384 ecdh-sha2-nistp256"
        " diffie-hellman-group14-sha256 diffie-hellman-group14-sha1"
    ),
    markers=(b"kexguess2@matt.ucc.asn.au", _STRICT),
    host_keys=_names("ssh-ed25519 ecdsa-sha2-nistp256 rsa-sha2-256 ssh-rsa"),
    signatures=_names(
        "ssh-ed25519 sk-ssh-ed25519@openssh.com ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521"
        " sk-ecdsa-sha2-nistp256@openssh.com rsa-sha2-256 ssh-rsa ssh-dss"
    ),
    extensions=(),
    ciphers=_names("chacha20-poly1305@openssh.com aes128-ctr aes256-ctr"),
    macs=_names("hmac-sha1 hmac-sha2-256"),
    compression=(b"zlib@openssh.com", b"none"),
    says_why=False,
    reader=DropbearIdentification,
    authentication=DropbearAuthentication,
    offers_first=True,
    reads_ahead=False,
    clear_padding=False,
    announces_keys=False,
    open_failed=b"",
    rsa_bits=2048,
    sftp_server="/usr/libexec/sftp-server",
)

_UPSTREAM = {
    "8.7p1": _V8_7,
    "9.3p2": _V9_2,
    "8.2p1": _V8_2,
    "8.4p1": _V8_2,
    "8.9p1": _V8_9,
    "9.2p1": _V9_2,
    "9.6p1": _V9_6,
}
# The update that brought strict key exchange (CVE-2023-48795): DSA-5586-1, USN-6560-1.
_STRICT_SINCE = {"8.2p1": 10, "8.4p1": 3, "8.9p1": 5, "9.2p1": 2}
_ALIAS_SINCE = {"9.2p1": 4}  # Debian bug 1088873

_VERSION = re.compile(r"(?:\d+:)?(?P<upstream>[0-9.]+_?p\d+)-(?P<revision>\S+)")
_UPDATE = re.compile(r"(?:ubuntu0\.|deb\d+u)(?P<update>\d+)$")


def offer_of(persona: Persona) -> tuple[OpenSsh, bytes]:
    """Return what the persona's server offers, and what follows ``SSH-2.0-`` in its identification."""
    if persona.ssh_server == "dropbear":
        return _DROPBEAR, f"dropbear_{persona.packages['dropbear']}".encode("ascii", "replace")
    version = persona.packages.get("openssh-server", "")
    return release_of(version), banner_of(version, persona.distribution)


def release_of(version: str) -> OpenSsh:
    """Return what the server of a package version offers; of an unknown upstream, what the nearest known one does."""
    upstream, revision = _parts(version)
    known = upstream if upstream in _UPSTREAM else "9.2p1"
    release = _UPSTREAM[known]
    found = _UPDATE.search(revision)
    update = int(found["update"]) if found else 0
    if update >= _ALIAS_SINCE.get(known, update + 1):
        release = evolve(release, kex=(_SNTRUP_STANDARD, *release.kex))
    if update >= _STRICT_SINCE.get(known, update + 1):
        release = evolve(release, markers=(_STRICT,))
    return release


def banner_of(version: str, distribution: str) -> bytes:
    """Return what follows ``SSH-2.0-``: Debian and Ubuntu add their revision (option DebianBanner), others nothing."""
    upstream, revision = _parts(version)
    if distribution not in {"debian", "ubuntu"}:
        return f"OpenSSH_{upstream.partition('p')[0]}".encode("ascii", "replace")
    comment = f" {distribution.capitalize()}-{revision}" if revision else ""
    return f"OpenSSH_{upstream}{comment}".encode("ascii", "replace")


def _parts(version: str) -> tuple[str, str]:
    found = _VERSION.fullmatch(version)
    return (found["upstream"].replace("_", ""), found["revision"]) if found else ("9.2p1", "2+deb12u3")

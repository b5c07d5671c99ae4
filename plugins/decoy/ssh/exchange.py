"""This module adds to the ssh library the key exchanges it lacks, or does by means that are going away.

sntrup761 needs a native library there. Finite-field Diffie-Hellman needs a primitive that ``cryptography`` has
announced to remove, and there uses exponents as long as the group.
"""

import hashlib
import os

from asyncssh import ProtocolError
from asyncssh.crypto import Curve25519DH
from asyncssh.kex import _kex_handlers, get_kex_algs, register_kex_alg
from asyncssh.kex_dh import _KexDH, _KexDHGex, _KexHybridECDH
from asyncssh.packet import MPInt

from plugins.decoy.ssh import sntrup761

EXPONENT_BYTES = 32  # 128 bits of strength; longer ones would hold the loop for 100 ms in the largest group

_SNTRUP = (b"sntrup761x25519-sha512", b"sntrup761x25519-sha512@openssh.com")
_GROUPS = (b"diffie-hellman-group14-sha256", b"diffie-hellman-group16-sha512", b"diffie-hellman-group18-sha512")
_CHOSEN_GROUP = b"diffie-hellman-group-exchange-sha256"


def prepare() -> None:
    """Register the exchanges, once."""
    for name in _SNTRUP:
        if name not in get_kex_algs():
            arguments = (_Sntrup761, b"sntrup761", Curve25519DH)
            register_kex_alg(name, _KexHybridECDH, hashlib.sha512, arguments, default=False)
    for name, exchange in [*((group, _Group) for group in _GROUPS), (_CHOSEN_GROUP, _ChosenGroup)]:
        handler, digest, arguments = _kex_handlers[name]
        if handler is not exchange:
            register_kex_alg(name, exchange, digest, arguments, default=False)


class _Sntrup761:
    """The lattice half of the exchange, as the library wants it."""

    pubkey_bytes = sntrup761.PUBLIC_BYTES
    ciphertext_bytes = sntrup761.CIPHERTEXT_BYTES

    def __init__(self, name: bytes) -> None:
        self.name = name

    def encaps(self, peer_public: bytes) -> tuple[bytes, bytes]:
        """Return the secret and the ciphertext."""
        return sntrup761.encapsulate(peer_public, os.urandom(sntrup761.RANDOM_BYTES))


def shared(generator: int, prime: int, theirs: int) -> tuple[int, int]:
    """Return our public value and the shared one.

    Raises:
        ProtocolError: the peer's value gives nothing away about a secret (``dh.c``, dh_pub_is_valid).

    """
    if not 1 < theirs < prime - 1:
        raise ProtocolError("invalid public DH value")
    exponent = int.from_bytes(os.urandom(EXPONENT_BYTES), "big") | 1 << (8 * EXPONENT_BYTES - 1)
    return pow(generator, exponent, prime), pow(theirs, exponent, prime)


class _Group(_KexDH):
    def _compute_server_shared(self) -> bytes:
        self._f, secret = shared(self._g, self._p, self._e)
        return MPInt(secret)


class _ChosenGroup(_KexDHGex):
    def _compute_server_shared(self) -> bytes:
        self._f, secret = shared(self._g, self._p, self._e)
        return MPInt(secret)

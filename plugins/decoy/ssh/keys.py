"""This module makes the host keys of a decky and holds them ready for signing.

An RSA key takes a tenth of a second of CPU, so a thousand deckies would not answer for minutes. Such a key is made when
the machine has nothing better to do, or at once when somebody comes: the server has said its line by then, and the rest
waits for the key.
"""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from functools import partial

import asyncssh
from asyncssh.public_key import SSHKeyPair, load_keypairs

from decnet_actors.contracts.decoy import Vault

Spawn = Callable[[Coroutine[object, object, None]], asyncio.Task[None]]

_SLOW = "ssh-rsa"
# In sshd's order of HostKey files (servconf.c), which is the order of its offer and of its host key announcement.
_KINDS: Mapping[str, tuple[bytes, ...]] = {
    _SLOW: (b"rsa-sha2-512", b"rsa-sha2-256", b"ssh-rsa"),
    "ecdsa-sha2-nistp256": (b"ecdsa-sha2-nistp256",),
    "ssh-ed25519": (b"ssh-ed25519",),
}
_FILES = {b"ssh-rsa": "rsa", b"ecdsa-sha2-nistp256": "ecdsa", b"ssh-ed25519": "ed25519"}


class HostKeys:
    """The keys of one decky: one signer for each signature algorithm, one announced key for each key.

    Args:
        vault: where they are kept.
        show: called with each public key when it is known.
        spawn: runs what takes long beside the service.
        rsa_bits: the size of the RSA key.
        patience: seconds to leave the machine to others before what takes long is made.

    """

    def __init__(
        self,
        vault: Vault,
        show: Callable[[SSHKeyPair], None],
        spawn: Spawn,
        *,
        rsa_bits: int,
        patience: float = 0.0,
    ) -> None:
        self.signers: dict[bytes, SSHKeyPair] = {}
        self.announced: OrderedDict[bytes, SSHKeyPair] = OrderedDict()  # by public key blob, in sshd's order
        self._vault = vault
        self._show = show
        self._spawn = spawn
        self._make_slow = partial(_make, _SLOW, rsa_bits)
        self._patience = patience
        self._preparing: asyncio.Task[None] | None = None
        self._completing: asyncio.Task[None] | None = None

    @property
    def complete(self) -> bool:
        """Whether every algorithm on offer has its key."""
        return len(self.announced) == len(_KINDS)

    async def open(self) -> None:
        """Get the keys that cost nothing, and have the others made some time."""
        quick = [kind for kind in _KINDS if kind != _SLOW]
        kept = await self._vault.get_all({_secret(kind): partial(_make, kind) for kind in quick})
        for kind in quick:
            self._hold(kind, kept[_secret(kind)])
        self._preparing = self._spawn(self._prepare())

    def completed(self) -> "asyncio.Task[None]":
        """Have what is missing made now, and return what ends when it is there."""
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None
        if self._completing is None:
            self._completing = self._spawn(self._complete())
        return self._completing

    async def _prepare(self) -> None:
        await asyncio.sleep(self._patience)
        self._hold(_SLOW, await self._vault.prepared(_secret(_SLOW), self._make_slow))

    async def _complete(self) -> None:
        if not self.complete:
            self._hold(_SLOW, await self._vault.get(_secret(_SLOW), self._make_slow))

    def _hold(self, kind: str, data: bytes) -> None:
        # Checking an RSA key takes 50 ms, and this one is of our own making.
        key = asyncssh.import_private_key(data, unsafe_skip_rsa_key_validation=True)
        algorithms = _KINDS[kind]
        for algorithm in algorithms:
            # A pair holds the signature algorithm it was told last, so connections must not share one between two.
            (pair,) = load_keypairs([key])
            pair.set_sig_algorithm(algorithm)
            self.signers[algorithm] = pair
        self._show(self.signers[algorithms[-1]])
        # What is announced proves itself with the best algorithm, and clients take no other.
        ordered = [self.signers[algorithms[0]] for algorithms in _KINDS.values() if algorithms[0] in self.signers]
        self.announced = OrderedDict((one.public_data, one) for one in ordered)


def public_file(pair: SSHKeyPair, hostname: str) -> tuple[str, bytes]:
    """Return the file in which the machine shows a public key: its path, and what it holds."""
    line = b"%s %s root@%s\n" % (pair.key_algorithm, base64.b64encode(pair.public_data), hostname.encode())
    return f"/etc/ssh/ssh_host_{_FILES[pair.key_algorithm]}_key.pub", line


def _secret(kind: str) -> str:
    return f"ssh_host_{kind}"


def _make(kind: str, size: int | None = None) -> bytes:
    key = asyncssh.generate_private_key(kind, key_size=size) if size else asyncssh.generate_private_key(kind)
    return key.export_private_key("openssh")

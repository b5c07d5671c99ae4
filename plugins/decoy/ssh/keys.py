"""This module makes the host keys of a decky and holds them ready for signing."""

import base64
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial

import asyncssh
from asyncssh.public_key import SSHKeyPair, load_keypairs
from attrs import frozen

from decnet_actors.contracts.decoy import Vault

# In sshd's order of HostKey files (servconf.c), which is the order of its offer and of its host key announcement.
_KINDS = (
    ("ssh-rsa", 3072, (b"rsa-sha2-512", b"rsa-sha2-256", b"ssh-rsa")),
    ("ecdsa-sha2-nistp256", None, (b"ecdsa-sha2-nistp256",)),
    ("ssh-ed25519", None, (b"ssh-ed25519",)),
)
_FILES = {b"ssh-rsa": "rsa", b"ecdsa-sha2-nistp256": "ecdsa", b"ssh-ed25519": "ed25519"}


@frozen(kw_only=True)
class HostKeys:
    """Parsed keys: one signer for each signature algorithm, one announced key for each key."""

    signers: Mapping[bytes, SSHKeyPair]
    announced: OrderedDict[bytes, SSHKeyPair]  # by public key blob, in sshd's order


def public_files(keys: HostKeys, hostname: str) -> Mapping[str, bytes]:
    """Return the public keys as the machine's own files show them, by path."""
    return {
        f"/etc/ssh/ssh_host_{_FILES[pair.key_algorithm]}_key.pub": b"%s %s root@%s\n"
        % (pair.key_algorithm, base64.b64encode(pair.public_data), hostname.encode())
        for pair in keys.announced.values()
    }


async def host_keys(vault: Vault) -> HostKeys:
    """Return the decky's keys from the vault, made on first use."""
    signers: dict[bytes, SSHKeyPair] = {}
    announced: OrderedDict[bytes, SSHKeyPair] = OrderedDict()
    for kind, size, algorithms in _KINDS:
        data = await vault.get(f"ssh_host_{kind}", partial(_make, kind, size))
        # Checking an RSA key takes 50 ms, and this one is of our own making.
        key = asyncssh.import_private_key(data, unsafe_skip_rsa_key_validation=True)
        for algorithm in algorithms:
            # A pair holds the signature algorithm it was told last, so connections must not share one between two.
            (pair,) = load_keypairs([key])
            pair.set_sig_algorithm(algorithm)
            signers[algorithm] = pair
            announced.setdefault(pair.public_data, pair)
    return HostKeys(signers=signers, announced=announced)


def _make(kind: str, size: int | None) -> bytes:
    key = asyncssh.generate_private_key(kind, key_size=size) if size else asyncssh.generate_private_key(kind)
    return key.export_private_key("openssh")

import asyncssh

from plugins.decoy.ssh.keys import host_keys
from tests.plugins.decoy.ssh.serving import vault


async def test_keys_outlive_a_restart_and_are_announced_in_sshds_order():
    kept = vault()
    first, second = await host_keys(kept), await host_keys(kept)

    assert list(first.announced) == list(second.announced)
    assert [b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ssh-ed25519"] == [
        pair.key_algorithm for pair in first.announced.values()
    ]


async def test_each_signature_algorithm_has_a_signer_of_its_own():
    keys = await host_keys(vault())

    assert {b"rsa-sha2-512", b"rsa-sha2-256", b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ssh-ed25519"} == set(keys.signers)
    for algorithm, pair in keys.signers.items():
        signature = pair.sign(b"data")

        assert algorithm in signature[:32]
        assert asyncssh.public_key.decode_ssh_public_key(pair.public_data).verify(b"data", signature)


async def test_two_deckies_share_no_key():
    mine = await host_keys(vault())
    keys = vault()
    keys.kept["ssh_host_ssh-ed25519"] = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
    other = await host_keys(keys)

    assert list(mine.announced)[2] != list(other.announced)[2]

import asyncio
import random

import asyncssh
import pytest
from asyncssh.public_key import SSHKeyPair
from attrs import evolve

from decnet_actors.conformance.fakes import NOW, FakeVault
from decnet_actors.machine import generate, make_machine
from plugins.decoy.ssh.keys import HostKeys
from tests.plugins.decoy.ssh.serving import client, served, ssh_deps, vault


async def opened(kept) -> HostKeys:
    keys = HostKeys(kept, lambda _pair: None, asyncio.get_running_loop().create_task, rsa_bits=3072)
    await keys.open()
    return keys


async def all_of(kept) -> HostKeys:
    keys = await opened(kept)
    await keys.completed()
    return keys


async def test_keys_outlive_a_restart_and_are_announced_in_sshds_order():
    kept = vault()
    first, second = await all_of(kept), await all_of(kept)

    assert list(first.announced) == list(second.announced)
    assert [b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ssh-ed25519"] == [
        pair.key_algorithm for pair in first.announced.values()
    ]


async def test_each_signature_algorithm_has_a_signer_of_its_own():
    keys = await all_of(vault())

    assert {b"rsa-sha2-512", b"rsa-sha2-256", b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ssh-ed25519"} == set(keys.signers)
    for algorithm, pair in keys.signers.items():
        signature = pair.sign(b"data")

        assert algorithm in signature[:32]
        assert asyncssh.public_key.decode_ssh_public_key(pair.public_data).verify(b"data", signature)


async def test_two_deckies_share_no_key():
    mine = await all_of(vault())
    keys = vault()
    keys.kept["ssh_host_ssh-ed25519"] = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
    other = await all_of(keys)

    assert list(mine.announced)[2] != list(other.announced)[2]


@pytest.mark.parametrize(
    ("file", "algorithm"),
    [("rsa", "rsa-sha2-512"), ("ecdsa", "ecdsa-sha2-nistp256"), ("ed25519", "ssh-ed25519")],
)
async def test_the_machine_shows_the_keys_the_server_offers(file, algorithm):
    persona = generate(7, "web01", "10.0.0.5", NOW, distribution="debian:12")
    machine = make_machine(persona, random.Random(1))
    path = f"/etc/ssh/ssh_host_{file}_key.pub"
    before = machine.files.stat(path)

    deps = evolve(ssh_deps(persona=persona), machine=machine)
    async with served(deps) as found, client(found, server_host_key_algs=[algorithm]) as connection:
        shown = await connection.run(f"cat {path}", check=True)
        offered = connection.get_server_host_key()

    kind, blob, comment = shown.stdout.split()
    assert offered.export_public_key("openssh").split() == [kind.encode(), blob.encode()]
    assert f"root@{persona.hostname}" == comment
    after = machine.files.stat(path)
    assert (before.modified, before.changed, before.mode) == (after.modified, after.changed, after.mode)


async def test_a_machine_without_key_files_gets_none():
    deps = ssh_deps()

    async with served(deps):
        assert "ssh" not in deps.machine.files.list("/etc")


class Slow(FakeVault):
    """Makes what may wait only when it is told to."""

    def __init__(self) -> None:
        super().__init__(vault().kept)
        self.go_on = asyncio.Event()

    async def prepared(self, name, make):
        await self.go_on.wait()
        return await self.get(name, make)


async def test_what_takes_long_is_made_beside_the_service():
    slow = Slow()
    shown: list[SSHKeyPair] = []
    keys = HostKeys(slow, shown.append, asyncio.get_running_loop().create_task, rsa_bits=3072)
    await keys.open()
    assert {b"ecdsa-sha2-nistp256", b"ssh-ed25519"} == {pair.key_algorithm for pair in shown}
    slow.go_on.set()
    while not keys.complete:
        await asyncio.sleep(0)
    assert 3 == len(shown)


async def test_a_visitor_does_not_wait_for_when_there_is_time():
    deps = evolve(ssh_deps(), vault=Slow())
    async with served(deps) as found, client(found, server_host_key_algs=["rsa-sha2-512"]) as connection:
        assert b"ssh-rsa" == connection.get_server_host_key().algorithm
    async with served(deps) as found, client(found) as connection, client(found) as other:
        assert connection.get_server_host_key() == other.get_server_host_key()

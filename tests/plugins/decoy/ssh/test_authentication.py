import asyncio
import hashlib

import asyncssh
import pytest
from attrs import evolve

from decnet_actors.conformance.fakes import FakeJournal
from decnet_actors.domain.facts import CredentialSeen, LimitReached, Outcome, SshClientSeen
from plugins.decoy.ssh.authentication import _blobs, fingerprint
from tests.plugins.decoy.ssh.serving import client, served, ssh_deps


async def attempts(found, **options):
    with pytest.raises(asyncssh.Error) as raised:
        async with client(found, **options):
            pass
    return raised.value


async def test_a_wrong_password_is_recorded_and_refused():
    async with served() as found:
        error = await attempts(found, username="admin", password="hunter2")

        assert isinstance(error, asyncssh.PermissionDenied)
        assert [CredentialSeen(user="admin", secret=b"hunter2", mechanism="ssh password")] == found.journal.of(
            CredentialSeen
        )
        assert 1 == len(found.journal.of(SshClientSeen))


async def test_bait_opens_the_door():
    async with served() as found, client(found) as connection:
        assert "Linux\n" == (await connection.run("Linux")).stdout
        assert [
            CredentialSeen(user="root", secret=b"toor", mechanism="ssh password", outcome=Outcome.ACCEPTED)
        ] == found.journal.of(CredentialSeen)


async def test_no_verdict_before_the_attempt_is_durable():
    journal = FakeJournal(held=True)
    async with served(journal=journal) as found:
        waiting = asyncio.get_running_loop().create_task(attempts(found, password="x"))
        await found.until_facts(CredentialSeen)
        await asyncio.sleep(0.05)

        assert not waiting.done()
        journal.commit()

        assert isinstance(await waiting, asyncssh.PermissionDenied)


async def test_a_password_is_kept_as_the_bytes_that_came():
    raw = "p\u00e4\u00df \u2028\x07"
    async with served() as found:
        await attempts(found, password=raw)

        assert raw.encode() == found.journal.of(CredentialSeen)[0].secret


async def test_the_sixth_failure_ends_it_in_sshds_words():
    class Guesser(asyncssh.SSHClient):
        guesses = iter("abcdefgh")

        def password_auth_requested(self):
            return next(self.guesses)

    async with served() as found:
        error = await attempts(found, password=None, client_factory=Guesser, preferred_auth="password")

        assert (2, "Too many authentication failures") == (error.code, error.reason)
        assert [b"a", b"b", b"c", b"d", b"e", b"f"] == [seen.secret for seen in found.journal.of(CredentialSeen)]
        assert [LimitReached(limit="login_tries", value=6)] == found.journal.of(LimitReached)


@pytest.mark.parametrize(
    ("offered", "expected"),
    [(False, ["publickey", "password"]), (True, ["publickey", "password", "keyboard-interactive"])],
)
async def test_methods_are_listed_in_sshds_order(offered, expected):
    async with served(keyboard_interactive=offered) as found:
        methods = await asyncssh.get_server_auth_methods(*found.address, username="x", config=[])

        assert expected == list(methods)


async def test_keyboard_interactive_answers_are_recorded():
    async with served(keyboard_interactive=True) as found:
        await attempts(found, password="guess", preferred_auth="keyboard-interactive")

        assert [CredentialSeen(user="root", secret=b"guess", mechanism="ssh keyboard-interactive")] == found.journal.of(
            CredentialSeen
        )
        async with client(found, preferred_auth="keyboard-interactive"):
            pass


async def test_keys_are_recorded_with_their_fingerprint():
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with served() as found:
        await attempts(found, client_keys=[key], password=None)
        (seen,) = found.journal.of(CredentialSeen)

        assert ("public_key", key.public_data, Outcome.REFUSED) == (seen.kind, seen.secret, seen.outcome)
        assert f"ssh-ed25519 {key.get_fingerprint()}" == seen.fingerprint


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
async def test_a_key_left_on_the_machine_opens_the_door(kind):
    key = asyncssh.generate_private_key(kind)
    deps = ssh_deps()
    files = deps.machine.files
    files.mkdir("/root/.ssh", now=1.0)
    files.write("/root/.ssh/authorized_keys", b"# mine\n" + key.export_public_key("openssh"), now=1.0)
    async with served(deps) as found, client(found, client_keys=[key], password=None) as connection:
        assert "in\n" == (await connection.run("in")).stdout
        assert [Outcome.PENDING, Outcome.ACCEPTED] == [seen.outcome for seen in found.journal.of(CredentialSeen)]


async def test_a_key_without_its_secret_half_does_not():
    owner, thief = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    deps = ssh_deps()
    deps.machine.files.mkdir("/root/.ssh", now=1.0)
    deps.machine.files.write("/root/.ssh/authorized_keys", owner.export_public_key("openssh"), now=1.0)

    class Pair(asyncssh.public_key.SSHLocalKeyPair):
        def sign(self, data):
            return thief.sign(data, b"ssh-ed25519")

    async with served(deps) as found:
        await attempts(found, client_keys=[Pair(owner, None, None, None)], password=None)

        assert Outcome.REFUSED == found.journal.of(CredentialSeen)[-1].outcome


async def test_a_refusal_takes_its_time():
    async with served(failure_delay=0.05) as found:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await attempts(found, password="x")

        assert 0.02 <= loop.time() - began


async def test_changing_the_name_is_refused_in_sshds_words():
    class Chameleon(asyncssh.SSHClient):
        def connection_made(self, conn):
            self.conn = conn

        def password_auth_requested(self):
            self.conn._username = "other"
            return "x"

    async with served() as found:
        error = await attempts(found, password=None, client_factory=Chameleon, preferred_auth="password")

        text = "Change of username or service not allowed: (root,ssh-connection) -> (other,ssh-connection)"
        assert (2, text) == (error.code, error.reason)


def test_fingerprints_are_of_the_blob():
    digest = hashlib.sha256(b"\0\0\0\1x").digest()

    assert fingerprint(b"\0\0\0\1x").startswith("x SHA256:")
    assert 43 == len(fingerprint(b"\0\0\0\1x").partition(":")[2])
    assert 32 == len(digest)


def test_authorized_keys_are_found_behind_options_and_nonsense_is_not():
    assert {b"\0\0\0\1"} == _blobs([b"", b"# nothing", b"AAAA!", b'from="*" ssh-rsa AAAAAQ== me'])


async def test_nobody_can_leave_keys_for_a_user_who_does_not_exist():
    key = asyncssh.generate_private_key("ssh-ed25519")
    deps = ssh_deps()
    deps = evolve(deps, persona=evolve(deps.persona, accounts=()))
    async with served(deps) as found:
        await attempts(found, username="ghost", client_keys=[key], password=None)

        assert Outcome.REFUSED == found.journal.of(CredentialSeen)[0].outcome

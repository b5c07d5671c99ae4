"""This module authenticates as sshd does: its methods, its counting, its delays and its words (``auth2.c``).

Every attempt is a fact that is durable before its verdict leaves. Secrets are kept as the bytes that came.
"""

import asyncio
import base64
import binascii
import hashlib
import random
from collections.abc import Awaitable, Sequence
from typing import Protocol

import asyncssh
from asyncssh.packet import NameList, PacketDecodeError, SSHPacket, String, UInt32
from asyncssh.public_key import decode_ssh_public_key
from attrs import frozen

from decnet_actors.contracts.decoy import CredentialPolicy
from decnet_actors.contracts.machine import Machine
from decnet_actors.domain.facts import CredentialSeen, Fact, LimitReached, Outcome
from decnet_actors.domain.text import escaped

MAX_TRIES = 6  # MaxAuthTries, sshd_config(5)
MAX_AUTHORIZED_KEYS = 64 * 1024  # bytes read of ~/.ssh/authorized_keys
MAX_RESPONSES = 8  # answers taken of one keyboard-interactive round; sshd asks one question

_HOSTBOUND = b"publickey-hostbound-v00@openssh.com"
_PASSWORD, _PUBLIC_KEY, _INTERACTIVE = b"password", b"publickey", b"keyboard-interactive"
_CONNECTION = b"ssh-connection"
_NO = b"\0"
_QUESTION = (String(b""), String(b""), String(b""), UInt32(1), String(b"Password: "), _NO)
_MSG_FAILURE, _MSG_PK_OK, _MSG_INFO_REQUEST, _MSG_INFO_RESPONSE = 51, 60, 60, 61


@frozen(kw_only=True)
class Rules:
    """How a service authenticates."""

    keyboard_interactive: bool
    failure_delay: float  # seconds, on average, before a wrong password's verdict
    rng: random.Random


class Transport(Protocol):
    """What authentication asks of the connection."""

    @property
    def session_hash(self) -> bytes:
        """The session identifier (RFC 4253, section 7.2)."""

    def reply(self, kind: int, *parts: bytes) -> None:
        """Send a message."""

    def note(self, fact: Fact) -> None:
        """Record a fact."""

    async def settled(self) -> None:
        """Return when what was noted is durable."""

    async def enter(self, user: str) -> None:
        """Let the user in."""

    def refuse(self, text: str) -> None:
        """Disconnect with sshd's words."""


class Authentication:
    """The attempts of one connection."""

    max_tries = MAX_TRIES
    other_service_ends = False  # a request for another service than ssh-connection; if not, it cannot succeed

    def __init__(self, transport: Transport, machine: Machine, policy: CredentialPolicy, rules: Rules) -> None:
        self._transport = transport
        self._machine = machine
        self._policy = policy
        self._rules = rules
        self._attempts = 0
        self._failures = 0
        self._name = b""
        self._service = b""
        self._asked = False  # a keyboard-interactive question is open
        methods = [_PUBLIC_KEY, _PASSWORD]
        if rules.keyboard_interactive:
            methods.append(_INTERACTIVE)
        self._methods = NameList(methods)

    @property
    def user(self) -> str:
        """The name that is tried, without a style (``root:skey``)."""
        return self._name.partition(b":")[0].decode("utf-8", "backslashreplace")

    def request(self, packet: SSHPacket) -> Awaitable[None] | None:
        """Take an SSH_MSG_USERAUTH_REQUEST (RFC 4252, section 5); return what is to be awaited, if anything."""
        name, service, method = packet.get_string(), packet.get_string(), packet.get_string()
        self._asked = False
        self._attempts += 1
        if self._attempts == 1:
            self._name, self._service = name, service
        elif (name, service) != (self._name, self._service):
            before = f"({self._name.decode('latin-1')},{self._service.decode('latin-1')})"
            after = f"({name.decode('latin-1')},{service.decode('latin-1')})"
            self._transport.refuse(f"Change of username or service not allowed: {before} -> {after}")
            return None
        if service != _CONNECTION and self.other_service_ends:
            self._transport.refuse("")
            return None
        if method == _PASSWORD:
            return self._password(packet)
        if method in {_PUBLIC_KEY, _HOSTBOUND}:
            return self._public_key(packet, hostbound=method == _HOSTBOUND)
        if method == _INTERACTIVE and self._rules.keyboard_interactive:
            packet.get_string()  # language
            packet.get_string()  # submethods
            self._asked = True
            self._transport.reply(_MSG_INFO_REQUEST, *_QUESTION)
            return None
        return self._other_method(method)

    def respond(self, packet: SSHPacket) -> Awaitable[None] | None:
        """Take an SSH_MSG_USERAUTH_INFO_RESPONSE (RFC 4256, section 3.4)."""
        if not self._asked:
            return None
        self._asked = False
        count = packet.get_uint32()
        if count > MAX_RESPONSES:
            raise PacketDecodeError("too many responses")
        answers = [packet.get_string() for _ in range(count)]
        return self._judge(b"\n".join(answers), "ssh keyboard-interactive")

    def _password(self, packet: SSHPacket) -> Awaitable[None]:
        change = packet.get_boolean()
        secret = packet.get_string()
        if change:
            packet.get_string()  # the new one: sshd without PAM does not change passwords
        packet.check_end()
        return self._judge(secret, "ssh password")

    async def _judge(self, secret: bytes, mechanism: str) -> None:
        user = self.user
        accepted = self._service == _CONNECTION and self._policy.accepts(user, secret, service="ssh")
        outcome = Outcome.ACCEPTED if accepted else Outcome.REFUSED
        self._transport.note(CredentialSeen(user=user, secret=secret, mechanism=mechanism, outcome=outcome))
        await self._transport.settled()
        if accepted:
            await self._transport.enter(user)
            return
        if (delay := self.delay()) > 0:
            await asyncio.sleep(delay)
        await self._count()

    def delay(self) -> float:
        """Return the seconds before a wrong password's verdict.

        pam_unix asks for a delay; PAM spreads it by half to either side (pam_fail_delay(3)).
        """
        draw = self._rules.rng.random
        return self._rules.failure_delay * (0.5 + (draw() + draw() + draw()) / 3)

    def _other_method(self, method: bytes) -> Awaitable[None] | None:
        """Refuse a method that is not on offer."""
        return self._fail(counted=self._attempts > 1 or method != b"none")

    async def _refused_key(self) -> None:
        """Refuse a key that opens nothing."""
        await self._count()

    def _public_key(self, packet: SSHPacket, *, hostbound: bool) -> Awaitable[None]:
        """Take a key, or a proof of it (RFC 4252, section 7; PROTOCOL, "hostbound")."""
        signed = packet.get_boolean()
        algorithm, blob = packet.get_string(), packet.get_string()
        if hostbound:
            packet.get_string()  # the host key the client saw; it is inside what was signed
        message = packet.get_consumed_payload()
        signature = packet.get_string() if signed else b""
        packet.check_end()
        known = self._service == _CONNECTION and self._authorized(blob)
        if signed:
            proven = known and self._verified(blob, message, signature)
            return self._prove(blob, Outcome.ACCEPTED if proven else Outcome.REFUSED)
        return self._offer(algorithm, blob, Outcome.PENDING if known else Outcome.REFUSED)

    async def _offer(self, algorithm: bytes, blob: bytes, outcome: Outcome) -> None:
        self._note_key(blob, "ssh publickey offered", outcome)
        await self._transport.settled()
        if outcome is Outcome.PENDING:
            self._transport.reply(_MSG_PK_OK, String(algorithm), String(blob))
        else:
            await self._refused_key()

    async def _prove(self, blob: bytes, outcome: Outcome) -> None:
        self._note_key(blob, "ssh publickey signed", outcome)
        await self._transport.settled()
        if outcome is Outcome.ACCEPTED:
            await self._transport.enter(self.user)
        else:
            await self._refused_key()

    def _note_key(self, blob: bytes, mechanism: str, outcome: Outcome) -> None:
        self._transport.note(
            CredentialSeen(
                user=self.user,
                secret=blob,
                kind="public_key",
                mechanism=mechanism,
                outcome=outcome,
                fingerprint=fingerprint(blob),
            )
        )

    def _verified(self, blob: bytes, message: bytes, signature: bytes) -> bool:
        try:
            key = decode_ssh_public_key(blob)
            return key.verify(String(self._transport.session_hash) + message, signature)
        except (asyncssh.KeyImportError, PacketDecodeError, ValueError):
            return False

    def _authorized(self, blob: bytes) -> bool:
        """Return whether the key stands in the user's file: a key an intruder left there opens the door again."""
        user = self.user
        account = next((one for one in self._machine.persona.accounts if one.name == user), None)
        if account is None:
            return False
        path = f"{account.home.rstrip('/')}/.ssh/authorized_keys"
        try:
            text = self._machine.files.read(path, size=MAX_AUTHORIZED_KEYS)
        except OSError:
            return False
        return blob in _blobs(text.splitlines())

    async def _count(self) -> None:
        """Say no to a secret."""
        if (last := self._fail(counted=True)) is not None:
            await last

    def _fail(self, *, counted: bool) -> Awaitable[None] | None:
        """Say no, and no more after too many."""
        self._failures += counted
        if self._failures >= self.max_tries:
            return self._too_many()
        self._transport.reply(_MSG_FAILURE, self._methods, _NO)
        return None

    async def _too_many(self) -> None:
        self._transport.note(LimitReached(limit="login_tries", value=self.max_tries))
        await self._transport.settled()
        self._transport.refuse("Too many authentication failures")


def fingerprint(blob: bytes) -> str:
    """Return a public key's fingerprint as ``ssh-keygen -l`` prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")][:64]
    return f"{escaped(kind)} SHA256:{digest}"


def _blobs(lines: Sequence[bytes]) -> set[bytes]:
    found = set()
    for line in lines:
        for word in line.split():
            if word.startswith(b"AAAA"):
                try:
                    found.add(base64.b64decode(word, validate=True))
                except binascii.Error:
                    continue
    return found

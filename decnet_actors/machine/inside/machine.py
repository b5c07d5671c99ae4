"""This module is the machine of ``contracts.machine`` where there is a real one behind the decky."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from attrs import evolve

from decnet_actors.contracts.decky_files import Author
from decnet_actors.contracts.inside import Command, File, Inside, System
from decnet_actors.contracts.machine import FileSystem, Login
from decnet_actors.domain.persona import Account, Persona
from decnet_actors.machine.inside.files import OutOfReach
from decnet_actors.machine.inside.terminal import ProgramTerminal
from supervisors.log import get_logger

MAX_PROGRAMS = 16  # of sessions at once; a container has room for 64 processes
MAX_FILES = 64  # looked at when a session ends
MAX_BYTES = 32 * 1024 * 1024  # of all of them
MAX_KNOWN = 10_000  # files whose contents were kept; then they are told anew
LOOKING = 20.0  # seconds

# What sshd and login do before the shell: a program of the machine's own says the message of the day.
_BEGIN = 'cd "$HOME" 2>/dev/null || cd /\n'
_GREET = "[ -e .hushlogin ] || cat /run/motd.dynamic /etc/motd 2>/dev/null\n"
_GO = 'exec "$0" "$@"'
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/games"  # login.defs(5), ENV_PATH
_ROOTS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # ENV_SUPATH
log = get_logger(__name__)


def installed(persona: Persona, system: System) -> Persona:
    """Return the persona with what the machine behind it shows of itself."""
    return evolve(
        persona,
        pretty_name=system.name or persona.pretty_name,
        kernel=system.kernel,
        kernel_build=system.kernel_build,
        architecture=system.architecture,
        accounts=system.accounts,
    )


class RealMachine:
    """Implements ``contracts.machine.Machine``: shells and commands are programs of the machine.

    Args:
        persona: who it is.
        inside: reaches into it.
        limit: programs of sessions at once.

    """

    simulated = False

    def __init__(self, persona: Persona, inside: Inside, *, limit: int = MAX_PROGRAMS) -> None:
        self.persona = persona
        self.files: FileSystem = OutOfReach()
        self.inside = inside
        self.limit = limit
        self.decky = persona.decky
        self._running = 0
        self._lock = asyncio.Lock()
        self._known: dict[tuple[str, bytes], None] = {}

    def seen_by(self, author: Author) -> "RealMachine":
        """Return itself: who changed its files is not told apart."""
        del author
        return self

    def publish(self, path: str, content: bytes) -> None:
        """Do nothing: what its image has is what it shows."""

    def terminal(self, login: Login) -> ProgramTerminal:
        return ProgramTerminal(self, login, command_of(login, self._account(login.user)))

    def logged_in(self, user: str, address: str, now: float) -> int:
        """Note nothing: the machine's own programs say who is there."""
        del user, address, now
        return 0

    def logged_out(self, handle: int, now: float) -> None:
        """Note nothing."""

    @asynccontextmanager
    async def room(self) -> AsyncIterator[bool]:
        """Yield whether there is room for one more program; when the last has left, kill what was left running."""
        async with self._lock:
            has_room = self._running < self.limit
            self._running += has_room
        try:
            yield has_room
        finally:
            self._running -= has_room
            async with self._lock:
                if has_room and not self._running:
                    await self._tidy()

    async def brought(self, user: str) -> Sequence[File]:
        """Return the files somebody brought that were not told yet."""
        try:
            async with asyncio.timeout(LOOKING):
                files = await self.inside.brought(self.decky, user=user, count=MAX_FILES, limit=MAX_BYTES)
        except (OSError, ValueError) as error:  # TimeoutError is one
            log.warning("inside.not_looked", decky=self.decky, error=str(error) or "it took too long")
            return ()
        fresh = []
        for file in files:
            key = file.path, hashlib.sha256(file.data).digest()
            if key not in self._known:
                fresh.append(file)
                self._known[key] = None
        for key in list(self._known)[: max(0, len(self._known) - MAX_KNOWN)]:
            del self._known[key]
        return fresh

    async def _tidy(self) -> None:
        try:
            await self.inside.tidy(self.decky)
        except OSError as error:  # it is gone, and all its programs with it
            log.warning("inside.not_tidied", decky=self.decky, error=str(error))

    def _account(self, user: str) -> Account:
        """Return the user's account; who has none gets the machine's own refusal."""
        there = {account.name: account for account in self.persona.accounts}
        return there.get(user) or Account(name=user, uid=-1, gid=-1, home="/", shell="/bin/sh")  # noqa: S604  a field


def command_of(login: Login, account: Account) -> Command:
    """Return what sshd or login runs for somebody, with the environment they give it."""
    greeted = login.pty is not None and login.command is None
    script = _BEGIN + (_GREET if greeted else "") + _GO
    words = (account.shell, "-l") if login.command is None else (account.shell, "-c", login.command)
    environment = {
        **login.environment,
        "USER": account.name,
        "LOGNAME": account.name,
        "HOME": account.home,
        "SHELL": account.shell,
        "PATH": _ROOTS_PATH if account.uid == 0 else _PATH,
        "MAIL": f"/var/mail/{account.name}",
    }
    if login.service == "ssh":
        environment["SSH_CLIENT"] = f"{login.address} {login.port} {login.local_port}"
        environment["SSH_CONNECTION"] = f"{login.address} {login.port} {login.local_address} {login.local_port}"
    return Command(
        words=("sh", "-c", script, *words),
        user=account.name,
        environment=environment,
        pty=login.pty,
    )

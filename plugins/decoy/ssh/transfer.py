"""This module holds what sftp and scp share: who visits, how names are shown, how a captured file is told."""

import hashlib
import stat
import struct
from datetime import UTC, datetime

from decnet_actors.contracts.decoy import Note
from decnet_actors.contracts.machine import Machine, Stat
from decnet_actors.domain.facts import Direction, FileCaptured

_NOBODY = 65534
_HALF_YEAR = 365 * 24 * 60 * 60 / 2  # sftp-common.c, ls_file: older entries show the year
_BLOCK = 4096


class Visitor:
    """The user a transfer runs as."""

    def __init__(self, machine: Machine, user: str) -> None:
        persona = machine.persona
        self._machine = machine
        self._accounts = {one.uid: one for one in persona.accounts}
        self._offset = persona.utc_offset
        account = next((one for one in persona.accounts if one.name == user), None)
        self.user = user
        self.uid = account.uid if account else _NOBODY
        self.gid = account.gid if account else _NOBODY
        self.home = account.home if account else "/"

    def resolve(self, path: str) -> str:
        """Return the absolute path of what a peer named, from the home directory."""
        return self._machine.files.resolve(path, cwd=self.home)

    def expand(self, path: str) -> str:
        """Return the path with ``~`` and ``~user`` replaced."""
        if not path.startswith("~"):
            return self.resolve(path)
        user, _, rest = path[1:].partition("/")
        return self.resolve(f"{self.home_of(user) if user else self.home}/{rest}")

    def home_of(self, user: str) -> str:
        """Return somebody's home, empty when there is nobody of that name."""
        return next((one.home for one in self._accounts.values() if one.name == user), "")

    def name(self, number: int) -> str:
        """Return the name of a user id, or the number."""
        account = self._accounts.get(number)
        return account.name if account else str(number)

    def names(self, numbers: bytes) -> list[bytes]:
        """Return the names of packed user ids; empty ones for the unknown."""
        ids = [number for (number,) in struct.iter_unpack(">I", numbers[: len(numbers) // 4 * 4])]
        return [self._accounts[number].name.encode() if number in self._accounts else b"" for number in ids]

    def local(self, seconds: float) -> datetime:
        """Return a time as this machine's clock shows it."""
        return datetime.fromtimestamp(seconds + self._offset, UTC)

    def statvfs(self) -> bytes:
        """Return the size of the file system (PROTOCOL, section 4.3)."""
        blocks = self._machine.persona.disk_kib * 1024 // _BLOCK
        free = blocks * 5 // 8
        nodes = blocks // 4
        identity = int.from_bytes(hashlib.sha256(self._machine.persona.hostname.encode()).digest()[:8], "big")
        limits = (nodes, nodes * 7 // 8, nodes * 7 // 8, identity, 0, 255)
        return struct.pack(">11Q", _BLOCK, _BLOCK, blocks, free, free * 9 // 10, *limits)


def long_name(name: str, found: Stat, visitor: Visitor, now: float) -> str:
    """Return a line as ``ls -l`` prints it (ls_file)."""
    when = visitor.local(found.modified)
    recent = now - _HALF_YEAR < found.modified <= now
    shown = when.strftime("%b %e %H:%M" if recent else "%b %e  %Y")
    owner, group = visitor.name(found.uid), visitor.name(found.gid)
    return f"{stat.filemode(found.mode)} {found.links:4d} {owner:<8} {group:<8} {found.size:8d} {shown} {name}"


def captured(path: str, data: bytes, mechanism: str, *, truncated: bool = False) -> Note:
    """Return the note of a file a peer brought."""
    digest = hashlib.sha256(data).hexdigest()
    size = len(data)
    return Note(
        FileCaptured(
            path=path, sha256=digest, size=size, direction=Direction.IN, mechanism=mechanism, truncated=truncated
        )
    )

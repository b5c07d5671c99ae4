"""This module defines the machine port: the persona, files and shell that all services of a decky share."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from decnet_actors.contracts.decky_files import Author
from decnet_actors.domain.persona import Persona

if TYPE_CHECKING:
    from decnet_actors.contracts.decoy import Effect


@frozen(kw_only=True)
class Stat:
    """What ``lstat`` tells of a node. Times are Unix seconds, ``mode`` includes the type bits (stat.S_IF*)."""

    inode: int
    mode: int
    uid: int
    gid: int
    size: int
    links: int
    accessed: float
    modified: float
    changed: float
    target: str = ""  # of a symbolic link


class FileSystem(Protocol):
    """The one file tree of a decky.

    Paths are absolute, ``/``-separated text. Every method raises ``OSError`` with the errno the real system
    would give (``FileNotFoundError``, ``PermissionError``, ``NotADirectoryError``, ``IsADirectoryError``,
    ``FileExistsError``, ENOTEMPTY, ELOOP, ENAMETOOLONG, ENOSPC and EDQUOT for our caps). ``uid`` is who asks; 0 may do
    all.
    """

    def resolve(self, path: str, *, cwd: str = "/") -> str:
        """Return the absolute, normalised path (``..`` and ``.`` removed; links not followed)."""

    def stat(self, path: str, *, follow: bool = True, uid: int = 0) -> Stat:
        """Return what is known of a node."""

    def list(self, path: str, *, uid: int = 0) -> Sequence[str]:
        """Return the names in a directory, sorted, without ``.`` and ``..``."""

    def read(self, path: str, *, uid: int = 0, offset: int = 0, size: int | None = None) -> bytes:
        """Return bytes of a file."""

    def write(
        self,
        path: str,
        data: bytes,
        *,
        now: float,
        uid: int = 0,
        gid: int = 0,
        append: bool = False,
        mode: int = 0o644,
    ) -> None:
        """Create or replace a file, or add to its end."""

    def truncate(self, path: str, size: int, *, now: float, uid: int = 0) -> None:
        """Cut or extend a file with zero bytes."""

    def mkdir(self, path: str, *, now: float, uid: int = 0, gid: int = 0, mode: int = 0o755) -> None:
        """Make a directory."""

    def remove(self, path: str, *, now: float, uid: int = 0) -> None:
        """Remove a file or link."""

    def rmdir(self, path: str, *, now: float, uid: int = 0) -> None:
        """Remove an empty directory."""

    def rename(self, old: str, new: str, *, now: float, uid: int = 0) -> None:
        """Move a node, replacing a file at ``new``."""

    def symlink(self, target: str, path: str, *, now: float, uid: int = 0, gid: int = 0) -> None:
        """Make a symbolic link."""

    def chmod(self, path: str, mode: int, *, now: float, uid: int = 0) -> None:
        """Set the permission bits."""

    def chown(self, path: str, owner: int, group: int, *, now: float, uid: int = 0) -> None:
        """Set owner and group."""

    def touch(self, path: str, *, now: float, accessed: float | None, modified: float | None, uid: int = 0) -> None:
        """Set times of an existing node; ``None`` leaves one as it is."""


@frozen(kw_only=True)
class Pty:
    """A terminal the peer asked for."""

    term: str = "xterm"
    columns: int = 80
    rows: int = 24


@frozen(kw_only=True)
class Login:
    """Who opens a shell, and how."""

    user: str
    address: str  # of the peer
    port: int
    service: str  # ssh, telnet
    local_address: str
    local_port: int
    pty: Pty | None = None
    command: str | None = None  # exec instead of an interactive shell
    environment: Mapping[str, str] = field(factory=dict)


class Terminal(Protocol):
    r"""One running shell: the same effects as a decoy session, so a session can pass them through.

    It records ``ShellCommandSeen``, ``DownloadRequested``, ``FileCaptured`` and, with a pty, ``TerminalSeen``; a
    captured file's bytes go with ``take_artifacts``. ``HangUp`` means the shell has exited; ``status`` tells how.
    With a pty the terminal does the line discipline itself: echo, erase, interrupt, end of file, ``\\n`` -> ``\\r\\n``.
    One behind which a real program runs asks its host to ``Attend`` it and takes what it printed with each ``tick``.
    """

    @property
    def status(self) -> int:
        """The exit status, once it has exited."""

    def opened(self, now: float) -> "Sequence[Effect]":
        """Start: the banner and prompt, or the command's output."""

    def received(self, data: bytes, now: float) -> "Sequence[Effect]":
        """Take what the peer typed, or the command's standard input."""

    def ended(self, now: float) -> "Sequence[Effect]":
        """The peer closed its side: end of file on standard input."""

    def closed(self, now: float) -> "Sequence[Effect]":
        """The peer is gone: what runs is ended, what the terminal held is let go. Only notes are of use."""

    def tick(self, now: float) -> "Sequence[Effect]":
        """The time asked for with ``WakeAt`` has come."""

    def resized(self, pty: Pty, now: float) -> "Sequence[Effect]":
        """The window changed."""

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) the contents of the files captured since the last call."""


class Machine(Protocol):
    """The machine behind the services of one decky."""

    @property
    def persona(self) -> Persona:
        """Who this machine is."""

    @property
    def simulated(self) -> bool:
        """Whether ``files`` are all there is; else the machine has programs of its own for transfers."""

    @property
    def files(self) -> FileSystem:
        """The file tree all services share, whoever changes it; out of reach on a machine that is not simulated."""

    def seen_by(self, author: Author) -> "Machine":
        """Return this machine as the author sees it: what is changed through it, files above all, is the author's.

        Keep what is returned for as long as the session lasts: its own changes may end with it.
        """

    def publish(self, path: str, content: bytes) -> None:
        """Let a file that a service of the machine made at installation hold this, under whatever was changed since.

        A machine that has no such file is not changed, and files are not made for it until somebody looks.
        """

    def terminal(self, login: Login) -> Terminal:
        """Return a shell (or one command) for somebody who has logged in."""

    def logged_in(self, user: str, address: str, now: float) -> int:
        """Note a log-in for ``w``, ``who`` and ``last``; returns a handle for ``logged_out``."""

    def logged_out(self, handle: int, now: float) -> None:
        """Note the end of a log-in."""

"""This module gives plugin tests a machine: a persona, a small file tree in memory, and a shell that only echoes."""

import errno
import os
import posixpath
import stat
from collections.abc import Sequence

from attrs import evolve, frozen

from decnet_actors.contracts.decky_files import Author
from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send
from decnet_actors.contracts.machine import Login, Pty, Stat
from decnet_actors.domain.facts import ShellCommandSeen
from decnet_actors.domain.persona import Account, Persona

_BOOTED = 1_699_000_000.0


def fake_persona(decky: str = "web-01") -> Persona:
    """Return a Debian 12 machine."""
    return Persona(
        decky=decky,
        hostname=decky,
        domain="corp.example",
        family="linux",
        distribution="debian",
        release="12",
        codename="bookworm",
        pretty_name="Debian GNU/Linux 12 (bookworm)",
        kernel="6.1.0-18-amd64",
        kernel_build="#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)",
        architecture="x86_64",
        timezone="Etc/UTC",
        utc_offset=0,
        installed_at=1_690_000_000.0,
        booted_at=_BOOTED,
        address="127.0.0.1",
        mac="52:54:00:12:34:56",
        cpu_model="Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz",
        cpu_count=2,
        memory_kib=4_028_416,
        disk_kib=41_152_736,
        accounts=(
            Account(name="root", uid=0, gid=0, home="/root", shell="/bin/bash", comment="root"),  # noqa: S604  a field
            Account(name="ops", uid=1000, gid=1000, home="/home/ops", shell="/bin/bash"),  # noqa: S604  a field
        ),
        packages={
            "openssh-server": "1:9.2p1-2+deb12u3",
            "redis": "5:7.0.15-1~deb12u1",
            "nginx": "1.22.1-9",
            "apache2": "2.4.57-2",
            "inetutils-telnetd": "2:2.4-2+deb12u1",
            "bash": "5.2.15-2+b2",
        },
        seed=7,
    )


@frozen(kw_only=True)
class _Node:
    stat: Stat
    data: bytes = b""


class FakeFiles:
    """A file tree in a dict. Owners and permissions are kept but not enforced."""

    def __init__(self, now: float = _BOOTED) -> None:
        self._nodes: dict[str, _Node] = {}
        self._inode = 1
        for path in ("/", "/root", "/home", "/home/ops", "/tmp", "/etc", "/var", "/var/www"):  # noqa: S108  the decoy's
            self._add(path, stat.S_IFDIR | 0o755, now=now)
        self.write("/etc/hostname", b"web-01\n", now=now)

    def resolve(self, path: str, *, cwd: str = "/") -> str:
        """Return the absolute, normalised path."""
        return posixpath.normpath("/" + posixpath.join(cwd, path)).replace("//", "/")

    def stat(self, path: str, *, follow: bool = True, uid: int = 0) -> Stat:  # noqa: ARG002  the port's signature
        """Return what is known of a node."""
        node = self._node(path)
        return self.stat(node.stat.target) if follow and node.stat.target else node.stat

    def list(self, path: str, *, uid: int = 0) -> Sequence[str]:  # noqa: ARG002  the port's signature
        """Return the names in a directory, sorted."""
        if not stat.S_ISDIR(self._node(path).stat.mode):
            raise _failure(errno.ENOTDIR, path)
        return sorted(posixpath.basename(other) for other in self._nodes if _parent(other) == path and other != "/")

    def read(self, path: str, *, uid: int = 0, offset: int = 0, size: int | None = None) -> bytes:  # noqa: ARG002  the port's signature
        """Return bytes of a file."""
        node = self._node(path)
        if node.stat.target:
            return self.read(node.stat.target, offset=offset, size=size)
        if stat.S_ISDIR(node.stat.mode):
            raise _failure(errno.EISDIR, path)
        return node.data[offset:] if size is None else node.data[offset : offset + size]

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
        node = self._nodes.get(path)
        if node is None:
            node = self._add(path, stat.S_IFREG | mode, now=now, uid=uid, gid=gid)
        if stat.S_ISDIR(node.stat.mode):
            raise _failure(errno.EISDIR, path)
        self._keep(path, node, node.data + data if append else data, now)

    def truncate(self, path: str, size: int, *, now: float, uid: int = 0) -> None:  # noqa: ARG002  the port's signature
        """Cut or extend a file with zero bytes."""
        node = self._node(path)
        self._keep(path, node, node.data[:size].ljust(size, b"\0"), now)

    def mkdir(self, path: str, *, now: float, uid: int = 0, gid: int = 0, mode: int = 0o755) -> None:
        """Make a directory."""
        if path in self._nodes:
            raise _failure(errno.EEXIST, path)
        self._add(path, stat.S_IFDIR | mode, now=now, uid=uid, gid=gid)

    def remove(self, path: str, *, now: float, uid: int = 0) -> None:  # noqa: ARG002  the port's signature
        """Remove a file or link."""
        if stat.S_ISDIR(self._node(path).stat.mode):
            raise _failure(errno.EISDIR, path)
        del self._nodes[path]

    def rmdir(self, path: str, *, now: float, uid: int = 0) -> None:  # noqa: ARG002  the port's signature
        """Remove an empty directory."""
        if self.list(path):
            raise _failure(errno.ENOTEMPTY, path)
        del self._nodes[path]

    def rename(self, old: str, new: str, *, now: float, uid: int = 0) -> None:  # noqa: ARG002  the port's signature
        """Move a node, replacing a file at ``new``."""
        self._node(_parent(new))
        self._node(old)
        for path in [path for path in self._nodes if path == old or path.startswith(old + "/")]:
            self._nodes[new + path.removeprefix(old)] = self._nodes.pop(path)

    def symlink(self, target: str, path: str, *, now: float, uid: int = 0, gid: int = 0) -> None:
        """Make a symbolic link."""
        if path in self._nodes:
            raise _failure(errno.EEXIST, path)
        node = self._add(path, stat.S_IFLNK | 0o777, now=now, uid=uid, gid=gid)
        whole = posixpath.normpath(posixpath.join(_parent(path), target))
        self._nodes[path] = evolve(node, stat=evolve(node.stat, target=whole))

    def chmod(self, path: str, mode: int, *, now: float, uid: int = 0) -> None:  # noqa: ARG002  the port's signature
        """Set the permission bits."""
        node = self._node(path)
        self._nodes[path] = evolve(node, stat=evolve(node.stat, mode=stat.S_IFMT(node.stat.mode) | mode, changed=now))

    def chown(self, path: str, owner: int, group: int, *, now: float, uid: int = 0) -> None:  # noqa: ARG002  the port's signature
        """Set owner and group."""
        node = self._node(path)
        self._nodes[path] = evolve(node, stat=evolve(node.stat, uid=owner, gid=group, changed=now))

    def touch(self, path: str, *, now: float, accessed: float | None, modified: float | None, uid: int = 0) -> None:  # noqa: ARG002  the port's signature
        """Set times of an existing node."""
        node = self._node(path)
        before = node.stat
        after = evolve(
            before,
            accessed=before.accessed if accessed is None else accessed,
            modified=before.modified if modified is None else modified,
            changed=now,
        )
        self._nodes[path] = evolve(node, stat=after)

    def _node(self, path: str) -> _Node:
        if path not in self._nodes:
            raise _failure(errno.ENOENT, path)
        return self._nodes[path]

    def _add(self, path: str, mode: int, *, now: float, uid: int = 0, gid: int = 0) -> _Node:
        if path != "/" and not stat.S_ISDIR(self._node(_parent(path)).stat.mode):
            raise _failure(errno.ENOTDIR, path)
        self._inode += 1
        made = Stat(
            inode=self._inode,
            mode=mode,
            uid=uid,
            gid=gid,
            size=0,
            links=1,
            accessed=now,
            modified=now,
            changed=now,
        )
        node = self._nodes[path] = _Node(stat=made)
        return node

    def _keep(self, path: str, node: _Node, data: bytes, now: float) -> None:
        self._nodes[path] = _Node(stat=evolve(node.stat, size=len(data), modified=now, changed=now), data=data)


class FakeTerminal:
    """A shell that records each line and says it back; ``exit`` or the end of input ends it."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._prompt = b"$ " if login.pty else b""
        self._typed = b""
        self.status = 0

    def opened(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """Start: the prompt, or the command's output."""
        if self._login.command is not None:
            return [*self._run(self._login.command), HangUp()]
        return [Send(self._prompt)] if self._prompt else []

    def received(self, data: bytes, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """Take what the peer typed."""
        *lines, self._typed = (self._typed + data.replace(b"\r", b"\n")).split(b"\n")
        self._typed = self._typed[-4096:]
        effects: list[Effect] = []
        for line in lines:
            if line.strip() == b"exit":
                return [*effects, HangUp()]
            if line:
                effects += self._run(line.decode("utf-8", "replace"))
        return effects

    def ended(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """End of file on standard input."""
        return [HangUp()]

    def closed(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """The peer is gone."""
        return []

    def tick(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """Nothing is ever waited for."""
        return []

    def resized(self, pty: Pty, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """The window changed."""
        return []

    def take_artifacts(self) -> Sequence[bytes]:
        """No file is ever captured."""
        return ()

    def _run(self, line: str) -> list[Effect]:
        interactive = self._login.command is None
        seen = ShellCommandSeen(line=line, interactive=interactive, cwd="/root", user=self._login.user)
        end = b"\r\n" if self._login.pty else b"\n"
        return [Note(seen), Send(line.encode() + end + self._prompt)]


class FakeMachine:
    """A machine of fakes; ``logins`` counts who is logged in, ``authors`` has who looked at it."""

    simulated = True

    def __init__(self, persona: Persona | None = None) -> None:
        self.persona = persona or fake_persona()
        self.files = FakeFiles()
        self.logins: dict[int, str] = {}
        self.authors: list[Author] = []
        self._handle = 0
        self.published: dict[str, bytes] = {}

    def seen_by(self, author: Author) -> "FakeMachine":
        """Return itself, and remember who looked."""
        self.authors.append(author)
        return self

    def publish(self, path: str, content: bytes) -> None:
        """Remember it."""
        self.published[path] = content

    def terminal(self, login: Login) -> FakeTerminal:
        """Return a shell for somebody who has logged in."""
        return FakeTerminal(login)

    def logged_in(self, user: str, address: str, now: float) -> int:  # noqa: ARG002  the port's signature
        """Note a log-in."""
        self._handle += 1
        self.logins[self._handle] = user
        return self._handle

    def logged_out(self, handle: int, now: float) -> None:  # noqa: ARG002  the port's signature
        """Note the end of a log-in."""
        del self.logins[handle]


def _parent(path: str) -> str:
    return posixpath.dirname(path)


def _failure(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)

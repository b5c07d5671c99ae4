"""This module builds nodes of a base tree: made when looked at, aged as one install, numbered as one disk."""

import random
import zlib
from collections.abc import Callable, Collection, Mapping
from functools import partial

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.daemons import running
from decnet_actors.machine.node import Content, Node, directory, file
from decnet_actors.machine.releases import DAY
from decnet_actors.machine.tree import etc
from decnet_actors.machine.tree.elf import binary

_SIZES = {"nginx": 1_198_072, "apache2": 740_832, "httpd": 586_952, "redis-server": 1_884_520, "telnetd": 102_640}
_DAEMON = 96_400  # bytes of one that is not listed
_SCRIPT = 10_000  # bytes: programs below are scripts
_NAMES_IN_A_BLOCK = 60


class Builder:
    """What all layouts are built with.

    Args:
        persona: whose tree it is.
        now: the clock that feeds ``/proc``.

    """

    def __init__(self, persona: Persona, now: Callable[[], float], published: Mapping[str, bytes]) -> None:
        self.persona = persona
        self._published = published
        self.now = now
        self.released = persona.installed_at - 20 * DAY
        self.updated = persona.installed_at + 0.8 * (persona.booted_at - persona.installed_at)

    def srv(self, mtime: float) -> Node:
        """Return ``/srv``, with the folder that an FTP server's package makes for guests."""
        made = directory(0o755, mtime)
        if "ftp" in self.persona.services:
            made.entries()["ftp"] = directory(0o755, self.package_time("ftp"))
        return made

    def host_keys(self, folder: dict[str, Node], mtime: float, *, mode: int = 0o600, gid: int = 0) -> None:
        """Put the keys of an SSH server into ``/etc``; the public ones are those it has, once it has said so."""
        for kind in ("rsa", "ecdsa", "ed25519"):
            secret, public = etc.host_key(self.persona, kind)
            name = f"ssh/ssh_host_{kind}_key"
            put(folder, name, file(secret, mode, mtime, gid=gid))
            put(folder, f"{name}.pub", file(partial(self._said, f"/etc/{name}.pub", public), 0o644, mtime))

    def _said(self, path: str, otherwise: bytes) -> bytes:
        return self._published.get(path, otherwise)

    def lazy(self, mode: int, mtime: float, fill: Callable[[random.Random], dict[str, Node]], *, gid: int = 0) -> Node:
        """Return a directory whose children are made, and numbered, when they are first needed."""
        node = directory(mode, mtime, gid=gid)

        def filled(this: Node) -> dict[str, Node]:
            children = fill(derived(self.persona.seed, this.inode))
            self.number_all(children, str(this.inode))
            if len(children) > _NAMES_IN_A_BLOCK:
                this.size = 4096 * (1 + len(children) // _NAMES_IN_A_BLOCK)
            return children

        node.fill = filled
        return node

    def number_all(self, children: Mapping[str, Node], path: str) -> None:
        """Give inode numbers the way a disk written once does: spread, but stable."""
        for name, child in children.items():
            if not child.inode:
                child.inode = 12 + zlib.crc32(f"{self.persona.seed}{path}/{name}".encode()) % 2_600_000
            if child.children:
                self.number_all(child.children, f"{path}/{name}")

    def some_time(self, name: str) -> float:
        """Return a time between install and boot that belongs to ``name``."""
        share = zlib.crc32(f"{self.persona.seed}{name}".encode()) / 0xFFFFFFFF
        return self.persona.installed_at + share * max(self.persona.booted_at - self.persona.installed_at, 0)

    def package_time(self, name: str) -> float:
        """Return when the package that owns a file was built: before it was installed, whole families alike."""
        share = zlib.crc32(f"{self.persona.release}{name[:2]}".encode()) / 0xFFFFFFFF
        return self.released - share * 400 * DAY

    def program(self, name: str, size: int, mode: int = 0o755) -> Node:
        """Return a program of about a size, the same on all machines of the release."""
        build = f"{self.persona.distribution}{self.persona.release}"
        if size < _SCRIPT:
            return file(script(name, size), mode, self.package_time(name), size=size)
        size += zlib.crc32(f"{build}{name}".encode()) % 512 * 8
        content: Content = lambda: binary(name, size, self.persona)  # noqa: E731  made when read
        return file(content, mode, self.package_time(name), size=size)

    def serving(self, folder: str, there: Collection[str]) -> dict[str, Node]:
        """Return the programs of running daemons that belong in a folder and are not there yet."""
        out: dict[str, Node] = {}
        for row in running(self.persona):
            path = row.daemon.program
            name = path.removeprefix(folder)
            if path.startswith(folder) and "/" not in name and name not in there:
                out[name] = self.program(name, _SIZES.get(name, _DAEMON))
        return out

    def folders(self, names: str, mode: int = 0o755) -> dict[str, Node]:
        """Return empty directories, each with a time of its own."""
        return {name: directory(mode, self.some_time(name)) for name in names.split()}


_SCRIPT_HEADS = {"which.debianutils": b"#! /bin/sh\nset -ef\n", "ldconfig": b"#!/bin/sh\n"}


def script(name: str, size: int) -> bytes:
    """Return a shell script of about a size, for the programs that are scripts."""
    head = _SCRIPT_HEADS.get(name, b"#! /bin/sh\n# Part of the base system.\nset -e\n")
    return head.ljust(size - 1, b" ")[: size - 1] + b"\n"


def image(build: str, head: bytes, size: int, mode: int, mtime: float) -> Node:
    """Return a file that begins as its kind does, and is the same on all machines with this build."""
    content: Content = lambda: head + derived(0, build, size).randbytes(size - len(head))  # noqa: E731  made when read
    return file(content, mode, mtime, size=size)


def put(children: dict[str, Node], path: str, node: Node) -> None:
    """Place a node, making the directories it needs."""
    head, _, rest = path.partition("/")
    if not rest:
        children[head] = node
        return
    parent = children.setdefault(head, directory(0o755, node.mtime))
    if parent.children is None:
        parent.children = {}
    put(parent.children, rest, node)

"""This module is the decky's file system: a generated base tree, changed in place within a quota."""

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

from attrs import frozen

from decnet_actors.contracts.machine import Stat
from decnet_actors.machine.node import Node, directory, file, symlink

MAX_LINKS = 40  # Linux, include/linux/namei.h, MAXSYMLINKS
MAX_NAME = 255  # NAME_MAX, bytes
MAX_PATH = 4096  # PATH_MAX, bytes
MAX_ZEROS = 1 << 20  # bytes one read of an endless device gives

READ, WRITE, SEARCH = 4, 2, 1

_Trail: TypeAlias = list[str]  # an alias: inside the class ``list`` is the port's method


@frozen(kw_only=True)
class Caps:
    """How much peers may change: what does not fit fails as a full disk does."""

    total_bytes: int = 64 << 20
    file_bytes: int = 16 << 20  # what is captured of a file; work on one is done in a few milliseconds
    nodes: int = 20_000


class TreeFiles:
    """Implements ``contracts.machine.FileSystem`` on one tree of nodes.

    Args:
        root: the base tree; owned by this object from now on.
        caps: limits of the changes.
        groups: supplementary and primary group ids by user id.

    """

    def __init__(self, root: Node, *, caps: Caps, groups: Mapping[int, frozenset[int]]) -> None:
        self._root = root
        self._caps = caps
        self._groups = groups
        self.group_names: dict[int, str] = {}  # for showing
        self._bytes = 0
        self._nodes = 0
        self._inode = 3_000_000  # of nodes made later; the base's are below

    @property
    def used(self) -> tuple[int, int]:
        """Bytes and nodes that differ from the base."""
        return self._bytes, self._nodes

    def resolve(self, path: str, *, cwd: str = "/") -> str:
        parts: list[str] = []
        for part in (path if path.startswith("/") else f"{cwd}/{path}").split("/"):
            if part == "..":
                del parts[-1:]
            elif part and part != ".":
                parts.append(part)
        return "/" + "/".join(parts)

    def stat(self, path: str, *, follow: bool = True, uid: int = 0) -> Stat:
        node = self.node(path, follow=follow, uid=uid)
        return Stat(
            inode=node.inode,
            mode=node.mode,
            uid=node.uid,
            gid=node.gid,
            size=node.length(),
            links=node.links(),
            accessed=node.atime,
            modified=node.mtime,
            changed=node.ctime,
            target=node.target,
        )

    def list(self, path: str, *, uid: int = 0) -> Sequence[str]:
        node = self.node(path, uid=uid)
        if not node.is_dir:
            _fail(errno.ENOTDIR, path)
        self._need(node, READ, uid, path)
        return sorted(node.entries())

    def read(self, path: str, *, uid: int = 0, offset: int = 0, size: int | None = None) -> bytes:
        node = self.node(path, uid=uid)
        if node.is_dir:
            _fail(errno.EISDIR, path)
        self._need(node, READ, uid, path)
        if stat.S_ISCHR(node.mode) and node.size:  # an endless device
            data = node.data()
            wanted = min(node.size if size is None else size, MAX_ZEROS)
            return bytes((data * (wanted // len(data) + 1))[:wanted])
        data = node.data()
        if offset == 0 and (size is None or size >= len(data)):
            return bytes(data)
        return bytes(memoryview(data)[offset:] if size is None else memoryview(data)[offset : offset + size])

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
        parent, name, node = self._place(path, uid=uid)
        if node is None:
            self._creatable(parent, path, uid)
            if path.endswith("/"):
                _fail(errno.EISDIR, path)
            node = file(data, mode & 0o7777, now, uid=uid, gid=gid)
            self._charge(node, len(data), path)
            self._attach(parent, name, node, now)
            return
        if node.is_dir:
            _fail(errno.EISDIR, path)
        self._need(node, WRITE, uid, path)
        if node.virtual:
            return
        if append:
            content = node.content if isinstance(node.content, bytearray) else bytearray(node.data())
            self._charge(node, len(content) + len(data), path)
            content += data
            node.content = content
        else:
            self._charge(node, len(data), path)
            node.content = data
        node.mtime = node.ctime = now

    def truncate(self, path: str, size: int, *, now: float, uid: int = 0) -> None:
        node = self.node(path, uid=uid)
        if node.is_dir:
            _fail(errno.EISDIR, path)
        self._need(node, WRITE, uid, path)
        if size < 0 or not node.is_file:
            _fail(errno.EINVAL, path)
        if node.virtual:
            return
        self._charge(node, size, path)
        held = node.data()
        node.content = bytes(held[:size]).ljust(size, b"\0")
        node.mtime = node.ctime = now

    def mkdir(self, path: str, *, now: float, uid: int = 0, gid: int = 0, mode: int = 0o755) -> None:
        parent, name, node = self._place(path, uid=uid, follow=False)
        if node is not None:
            _fail(errno.EEXIST, path)
        self._creatable(parent, path, uid)
        made = directory(mode & 0o7777, now, uid=uid, gid=parent.gid if parent.mode & stat.S_ISGID else gid)
        self._claim(made, path)
        self._attach(parent, name, made, now)

    def remove(self, path: str, *, now: float, uid: int = 0) -> None:
        parent, name, node = self._place(path, uid=uid, follow=False)
        if node is None:
            _fail(errno.ENOENT, path)
        self._removable(parent, node, path, uid)
        if node.is_dir:
            _fail(errno.EISDIR, path)
        self._detach(parent, name, node, now)

    def rmdir(self, path: str, *, now: float, uid: int = 0) -> None:
        parent, name, node = self._place(path, uid=uid, follow=False)
        if node is None:
            _fail(errno.ENOENT, path)
        if not node.is_dir:
            _fail(errno.ENOTDIR, path)
        if node is self._root:
            _fail(errno.EBUSY, path)
        self._removable(parent, node, path, uid)
        if node.entries():
            _fail(errno.ENOTEMPTY, path)
        self._detach(parent, name, node, now)

    def rename(self, old: str, new: str, *, now: float, uid: int = 0) -> None:
        source, old_name, node = self._place(old, uid=uid, follow=False)
        if node is None:
            _fail(errno.ENOENT, old)
        if node is self._root:
            _fail(errno.EBUSY, old)
        target, new_name, there = self._place(new, uid=uid, follow=False)
        self._removable(source, node, old, uid)
        self._creatable(target, new, uid)
        if there is node:
            return
        if node.is_dir and self._within(node, target):
            _fail(errno.EINVAL, old)
        if there is not None:
            self._removable(target, there, new, uid)
            if there.is_dir and not node.is_dir:
                _fail(errno.EISDIR, new)
            if node.is_dir and not there.is_dir:
                _fail(errno.ENOTDIR, new)
            if there.is_dir and there.entries():
                _fail(errno.ENOTEMPTY, new)
            self._detach(target, new_name, there, now)
        self._claim(node, old)
        del source.entries()[old_name]
        target.entries()[new_name] = node
        node.ctime = source.mtime = source.ctime = target.mtime = target.ctime = now

    def symlink(self, target: str, path: str, *, now: float, uid: int = 0, gid: int = 0) -> None:
        parent, name, node = self._place(path, uid=uid, follow=False)
        if node is not None:
            _fail(errno.EEXIST, path)
        if not target:
            _fail(errno.ENOENT, path)
        self._creatable(parent, path, uid)
        if _longer(target, MAX_PATH - 1):
            _fail(errno.ENAMETOOLONG, path)
        made = symlink(target, now, uid=uid, gid=gid)
        self._charge(made, made.length(), path)
        self._attach(parent, name, made, now)

    def chmod(self, path: str, mode: int, *, now: float, uid: int = 0) -> None:
        node = self._owned(path, uid)
        node.mode = stat.S_IFMT(node.mode) | mode & 0o7777
        node.ctime = now

    def chown(self, path: str, owner: int, group: int, *, now: float, uid: int = 0) -> None:
        node = self._owned(path, uid)
        if uid != 0 and (owner not in {-1, node.uid} or group not in {-1, node.gid, *self._groups.get(uid, ())}):
            _fail(errno.EPERM, path)
        node.uid = node.uid if owner == -1 else owner
        node.gid = node.gid if group == -1 else group
        node.ctime = now

    def touch(self, path: str, *, now: float, accessed: float | None, modified: float | None, uid: int = 0) -> None:
        node = self.node(path, uid=uid)
        if uid not in {0, node.uid}:
            self._need(node, WRITE, uid, path)
        self._claim(node, path)
        node.atime = node.atime if accessed is None else accessed
        node.mtime = node.mtime if modified is None else modified
        node.ctime = now

    def node(self, path: str, *, follow: bool = True, uid: int = 0) -> Node:
        """Return the node at a path; errors are those of the port."""
        return self._place(path, uid=uid, follow=follow)[2] or _fail(errno.ENOENT, path)

    def real(self, path: str, *, uid: int = 0) -> str:
        """Return the path with every link followed; the last part need not exist."""
        trail: _Trail = []
        self._place(path, uid=uid, trail=trail)
        return "/" + "/".join(trail)

    def allows(self, node: Node, wanted: int, uid: int) -> bool:
        """Return whether a user has all of the wanted rights (``READ | WRITE | SEARCH``)."""
        if uid == 0:
            return wanted & SEARCH == 0 or node.is_dir or node.mode & 0o111 != 0
        if node.uid == uid:
            bits = node.mode >> 6
        elif node.gid in self._groups.get(uid, ()):
            bits = node.mode >> 3
        else:
            bits = node.mode
        return bits & wanted == wanted

    def _place(
        self,
        path: str,
        *,
        uid: int,
        follow: bool = True,
        trail: _Trail | None = None,
    ) -> tuple[Node, str, Node | None]:
        """Walk to a path; return the parent, the last name and the node, ``None`` if only it is missing."""
        if not path:
            _fail(errno.ENOENT, path)
        if _longer(path, MAX_PATH):
            _fail(errno.ENAMETOOLONG, path)
        todo = [part for part in reversed(path.split("/")) if part and part != "."]
        must_be_dir = path.endswith(("/", "/."))
        chain: list[tuple[str, Node]] = [("", self._root)]
        links = 0
        while todo:
            name = todo.pop()
            parent = chain[-1][1]
            if not parent.is_dir:
                _fail(errno.ENOTDIR, path)
            self._need(parent, SEARCH, uid, path)
            if name == "..":
                if len(chain) > 1:
                    chain.pop()
                continue
            if _longer(name, MAX_NAME):
                _fail(errno.ENAMETOOLONG, path)
            node = parent.entries().get(name)
            if node is None:
                if todo:
                    _fail(errno.ENOENT, path)
                _trace(trail, chain, name)
                return parent, name, None
            if node.is_link and (todo or follow or must_be_dir):
                links += 1
                if links > MAX_LINKS:
                    _fail(errno.ELOOP, path)
                if node.target.startswith("/"):
                    del chain[1:]
                todo.extend(part for part in reversed(node.target.split("/")) if part and part != ".")
                continue
            chain.append((name, node))
        name, node = chain[-1]
        if must_be_dir and not node.is_dir:
            _fail(errno.ENOTDIR, path)
        _trace(trail, chain, "")
        return chain[-2][1] if len(chain) > 1 else self._root, name, node

    def _need(self, node: Node, wanted: int, uid: int, path: str) -> None:
        if uid != 0 and not self.allows(node, wanted, uid):
            _fail(errno.EACCES, path)

    def _creatable(self, parent: Node, path: str, uid: int) -> None:
        if not parent.is_dir:
            _fail(errno.ENOTDIR, path)
        if parent.virtual:
            _fail(errno.ENOENT if uid == 0 else errno.EACCES, path)
        self._need(parent, WRITE | SEARCH, uid, path)

    def _removable(self, parent: Node, node: Node, path: str, uid: int) -> None:
        if parent.virtual:
            _fail(errno.EPERM, path)
        self._need(parent, WRITE | SEARCH, uid, path)
        if parent.mode & stat.S_ISVTX and uid not in {0, node.uid, parent.uid}:
            _fail(errno.EPERM, path)

    def _owned(self, path: str, uid: int) -> Node:
        node = self.node(path, uid=uid)
        if uid not in {0, node.uid} or node.virtual:
            _fail(errno.EPERM, path)
        self._claim(node, path)
        return node

    def _charge(self, node: Node, size: int, path: str) -> None:
        """Make room for ``size`` bytes of content of our own in a node."""
        if size > self._caps.file_bytes:
            _fail(errno.EDQUOT, path)
        if self._bytes + size - node.charge > self._caps.total_bytes:
            _fail(errno.ENOSPC, path)
        self._claim(node, path)
        self._bytes += size - node.charge
        node.charge = size

    def _claim(self, node: Node, path: str) -> None:
        """Count a node among the changed ones."""
        if not node.changed:
            if self._nodes >= self._caps.nodes:
                _fail(errno.ENOSPC, path)
            self._nodes += 1
            node.changed = True

    def _attach(self, parent: Node, name: str, node: Node, now: float) -> None:
        self._inode += 1
        node.inode = self._inode
        parent.entries()[name] = node
        parent.mtime = parent.ctime = now

    def _detach(self, parent: Node, name: str, node: Node, now: float) -> None:
        if node.changed:
            self._nodes -= 1
            self._bytes -= node.charge
        del parent.entries()[name]
        parent.mtime = parent.ctime = now

    def _within(self, node: Node, candidate: Node) -> bool:
        stack = [node]
        while stack:
            here = stack.pop()
            if here is candidate:
                return True
            if here.children is not None:  # what was never looked at holds no one's working directory
                stack.extend(child for child in here.children.values() if child.is_dir)
        return False


def _fail(code: int, path: str) -> NoReturn:
    raise OSError(code, os.strerror(code), path)


def _longer(text: str, limit: int) -> bool:
    return len(text) > limit or (not text.isascii() and len(text.encode("utf-8", "surrogateescape")) > limit)


def _trace(trail: _Trail | None, chain: Sequence[tuple[str, Node]], name: str) -> None:
    if trail is not None:
        trail.extend(part for part, _ in chain[1:])
        if name:
            trail.append(name)

"""This module is a decky's file system as one visitor sees it: the rules of POSIX over a layer of changes."""

import errno
import stat
from collections.abc import Mapping, Sequence

from decnet_actors.contracts.decky_files import ENTRIES, Author, Kept
from decnet_actors.contracts.machine import Stat
from decnet_actors.machine.layer import Layer, Spot, Upper
from decnet_actors.machine.node import Node
from decnet_actors.machine.rights import creatable, movable, need, removable, rewritten
from decnet_actors.machine.rules import Rules, Seen
from decnet_actors.machine.walk import MAX_PATH, READ, WRITE, Found, allows, fail, longer, walk

MAX_ZEROS = 1 << 20  # bytes one read of an endless device gives


class TreeFiles:
    """Implements ``contracts.machine.FileSystem``: what one author sees and changes.

    Args:
        layer: where the changes go.
        author: who makes them.
        rules: of the decky.

    """

    def __init__(self, layer: Layer, author: Author, rules: Rules) -> None:
        self._layer = layer
        self._author = author
        self._rules = rules
        self._quota = rules.quota
        self._groups = rules.groups

    @property
    def group_names(self) -> Mapping[int, str]:
        """Group names by id, for showing."""
        return self._rules.group_names

    @property
    def used(self) -> tuple[int, int]:
        """Bytes and nodes that differ from the base."""
        return self._quota.used.bytes, self._quota.used.nodes

    def resolve(self, path: str, *, cwd: str = "/") -> str:
        parts: list[str] = []
        for part in (path if path.startswith("/") else f"{cwd}/{path}").split("/"):
            if part == "..":
                del parts[-1:]
            elif part and part != ".":
                parts.append(part)
        return "/" + "/".join(parts)

    def stat(self, path: str, *, follow: bool = True, uid: int = 0) -> Stat:
        spot = self._spot(path, follow=follow, uid=uid)
        node = spot.node
        subdirectories = sum(child.node.is_dir for child in self._layer.children(spot).values()) if node.is_dir else 0
        return Stat(
            inode=node.inode,
            mode=node.mode,
            uid=node.uid,
            gid=node.gid,
            size=node.length(),
            links=2 + subdirectories if node.is_dir else 1,
            accessed=node.atime,
            modified=node.mtime,
            changed=node.ctime,
            target=node.target,
        )

    def list(self, path: str, *, uid: int = 0) -> Sequence[str]:
        spot = self._spot(path, uid=uid)
        if not spot.node.is_dir:
            fail(errno.ENOTDIR, path)
        self._need(spot.node, READ, uid, path)
        return sorted(self._layer.children(spot))

    def read(self, path: str, *, uid: int = 0, offset: int = 0, size: int | None = None) -> bytes:
        node = self._spot(path, uid=uid).node
        if node.is_dir:
            fail(errno.EISDIR, path)
        self._need(node, READ, uid, path)
        if stat.S_ISCHR(node.mode) and node.size:  # an endless device
            data = node.data()
            wanted = min(node.size if size is None else size, MAX_ZEROS)
            return bytes((data * (wanted // len(data) + 1))[:wanted])
        if size is not None and isinstance(node.content, Kept):
            return node.content.part(offset, size)
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
        found = self._walk(path, uid=uid)
        if found.spot is None:
            self._creatable(found.parent.node, path, uid)
            if path.endswith("/"):
                fail(errno.EISDIR, path)
            made = self._make(found, stat.S_IFREG | mode & 0o7777, uid, gid)
            self._quota.charge(made, len(data), self._author, path, spare=_keys(found))
            made.content = data
            self._attach(found, made, now)
            return
        node = found.spot.node
        if node.is_dir:
            fail(errno.EISDIR, path)
        self._need(node, WRITE, uid, path)
        if node.virtual:
            return
        size = node.length() + len(data) if append else len(data)
        upper = self._changed(found, path, size)
        if append:
            content = upper.content if isinstance(upper.content, bytearray) else bytearray(upper.data())
            content += data
            upper.content = content
        else:
            upper.content = data
        rewritten(upper, uid)
        upper.mtime = upper.ctime = now
        self._record(upper, "write", found.path, now)

    def truncate(self, path: str, size: int, *, now: float, uid: int = 0) -> None:
        found = self._there(path, uid=uid)
        node = found.here.node
        if node.is_dir:
            fail(errno.EISDIR, path)
        self._need(node, WRITE, uid, path)
        if size < 0 or not node.is_file:
            fail(errno.EINVAL, path)
        if node.virtual:
            return
        upper = self._changed(found, path, size)
        upper.content = bytes(upper.data()[:size]).ljust(size, b"\0")
        rewritten(upper, uid)
        upper.mtime = upper.ctime = now
        self._record(upper, "truncate", found.path, now)

    def mkdir(self, path: str, *, now: float, uid: int = 0, gid: int = 0, mode: int = 0o755) -> None:
        found = self._walk(path, uid=uid, follow=False)
        if found.spot is not None:
            fail(errno.EEXIST, path)
        self._creatable(found.parent.node, path, uid)
        handed_on = found.parent.node.mode & stat.S_ISGID
        made = self._make(found, stat.S_IFDIR | mode & 0o7777 | handed_on, uid, gid)
        made.size = 4096
        self._quota.claim(made, self._author, path, spare=_keys(found))
        self._attach(found, made, now)

    def remove(self, path: str, *, now: float, uid: int = 0) -> None:
        found = self._there(path, uid=uid, follow=False)
        self._removable(found.parent.node, found.here.node, path, uid)
        if found.here.node.is_dir:
            fail(errno.EISDIR, path)
        self._detach(found, now)

    def rmdir(self, path: str, *, now: float, uid: int = 0) -> None:
        found = self._there(path, uid=uid, follow=False)
        if not found.here.node.is_dir:
            fail(errno.ENOTDIR, path)
        self._movable(found, path)
        if path.rstrip("/").endswith("/."):
            fail(errno.EINVAL, path)
        self._removable(found.parent.node, found.here.node, path, uid)
        if self._layer.children(found.here):
            fail(errno.ENOTEMPTY, path)
        self._detach(found, now)

    def rename(self, old: str, new: str, *, now: float, uid: int = 0) -> None:
        source = self._there(old, uid=uid, follow=False)
        self._movable(source, old)
        target = self._walk(new, uid=uid, follow=False)
        node = source.here.node
        if target.spot is None and new.endswith("/") and not node.is_dir:
            fail(errno.ENOTDIR, new)
        if target.spot is not None:
            self._movable(target, new)
        self._removable(source.parent.node, node, old, uid)
        self._creatable(target.parent.node, new, uid)
        if target.spot is not None and target.here.key == source.here.key:
            return
        if any(spot.key == source.here.key for _, spot in target.above):
            fail(errno.EINVAL, old)
        if node.is_dir and source.parent.key != target.parent.key:
            self._need(node, WRITE, uid, old)  # its ".." becomes another
        if target.spot is not None:
            self._replaceable(target, node, new, uid)
        moved = self._lift(source, old)
        if target.spot is not None:
            self._detach(target, now)
        self._layer.place(moved, target.parent.key, target.name)
        moved.ctime = now
        self._record(moved, "rename", target.path, now)
        self._stamp(source, now)
        self._stamp(target, now)

    def symlink(self, target: str, path: str, *, now: float, uid: int = 0, gid: int = 0) -> None:
        found = self._walk(path, uid=uid, follow=False)
        if found.spot is not None:
            fail(errno.EEXIST, path)
        if not target or path.endswith("/"):
            fail(errno.ENOENT, path)
        self._creatable(found.parent.node, path, uid)
        if longer(target, MAX_PATH - 1):
            fail(errno.ENAMETOOLONG, path)
        made = self._make(found, stat.S_IFLNK | 0o777, uid, gid)
        made.target = target
        self._quota.charge(made, made.length(), self._author, path, spare=_keys(found))
        self._attach(found, made, now)

    def chmod(self, path: str, mode: int, *, now: float, uid: int = 0) -> None:
        found = self._owned(path, uid)
        node = found.here.node
        if uid != 0 and node.gid not in self._groups.get(uid, ()):
            mode &= ~stat.S_ISGID
        upper = self._lift(found, path)
        upper.mode = stat.S_IFMT(node.mode) | mode & 0o7777
        upper.ctime = now
        self._record(upper, "chmod", found.path, now)

    def chown(self, path: str, owner: int, group: int, *, now: float, uid: int = 0) -> None:
        found = self._owned(path, uid)
        node = found.here.node
        if uid != 0 and (owner not in {-1, node.uid} or group not in {-1, node.gid, *self._groups.get(uid, ())}):
            fail(errno.EPERM, path)
        upper = self._lift(found, path)
        upper.uid = upper.uid if owner == -1 else owner
        upper.gid = upper.gid if group == -1 else group
        if upper.is_file:
            rewritten(upper, -1)  # also root's chown takes these bits away
        upper.ctime = now
        self._record(upper, "chown", found.path, now)

    def fix(self, path: str, *, fixed: bool, now: float, uid: int = 0) -> None:
        """Have nobody change a node, or everybody again who may; root decides."""
        found = self._there(path, uid=uid)
        if uid != 0 or found.here.node.virtual:
            fail(errno.EPERM, path)
        upper = self._lift(found, path)
        upper.fixed, upper.ctime = fixed, now

    def touch(self, path: str, *, now: float, accessed: float | None, modified: float | None, uid: int = 0) -> None:
        found = self._there(path, uid=uid)
        node = found.here.node
        if node.fixed or uid not in {0, node.uid}:
            self._need(node, WRITE, uid, path)
        if node.virtual:
            return
        upper = self._lift(found, path)
        upper.atime = upper.atime if accessed is None else accessed
        upper.mtime = upper.mtime if modified is None else modified
        upper.ctime = now
        self._record(upper, "touch", found.path, now)

    def node(self, path: str, *, follow: bool = True, uid: int = 0) -> Seen:
        """Return the node at a path; errors are those of the port."""
        return Seen(self._layer, self._spot(path, follow=follow, uid=uid))

    def real(self, path: str, *, uid: int = 0) -> str:
        """Return the path with every link followed; the last part need not exist."""
        return self._walk(path, uid=uid).path

    def allows(self, node: Seen, wanted: int, uid: int) -> bool:
        """Return whether a user has all of the wanted rights (``READ | WRITE | SEARCH``)."""
        return allows(node.node, wanted, uid, self._groups)

    # finding

    def _walk(self, path: str, *, uid: int, follow: bool = True) -> Found:
        return walk(self._layer, path, uid=uid, groups=self._groups, follow=follow)

    def _there(self, path: str, *, uid: int, follow: bool = True) -> Found:
        found = self._walk(path, uid=uid, follow=follow)
        if found.spot is None:
            fail(errno.ENOENT, path)
        return found

    def _spot(self, path: str, *, uid: int, follow: bool = True) -> Spot:
        return self._there(path, uid=uid, follow=follow).here

    # rights

    def _need(self, node: Node, wanted: int, uid: int, path: str) -> None:
        need(node, wanted, uid, self._groups, path)

    def _creatable(self, parent: Node, path: str, uid: int) -> None:
        creatable(parent, uid, self._groups, path)

    def _removable(self, parent: Node, node: Node, path: str, uid: int) -> None:
        removable(parent, node, uid, self._groups, path)

    def _replaceable(self, target: Found, node: Node, path: str, uid: int) -> None:
        there = target.here.node
        self._removable(target.parent.node, there, path, uid)
        if there.is_dir and not node.is_dir:
            fail(errno.EISDIR, path)
        if node.is_dir and not there.is_dir:
            fail(errno.ENOTDIR, path)
        if there.is_dir and self._layer.children(target.here):
            fail(errno.ENOTEMPTY, path)

    def _movable(self, found: Found, path: str) -> None:
        """The root and what a kernel file system is mounted on stay where they are."""
        movable(found.here.node, found.parent.node if found.name else None, path)

    def _owned(self, path: str, uid: int) -> Found:
        found = self._there(path, uid=uid)
        node = found.here.node
        if uid not in {0, node.uid} or node.virtual or node.fixed:
            fail(errno.EPERM, path)
        return found

    # changing

    def _own(self, found: Found) -> Upper:
        """Return the layer's own node of what was found."""
        upper = self._layer.uppers.get(found.here.key)
        if upper is None:
            return self._layer.lift(found.here, found.parent.key if found.name else "", found.name)
        self._rules.before(upper, self._author)
        return upper

    def _lift(self, found: Found, path: str) -> Upper:
        """Return the layer's own node of what was found, counted among the changed ones."""
        return self._with_room(found, path, None)

    def _changed(self, found: Found, path: str, size: int) -> Upper:
        """Return the node of what was found, with room for ``size`` bytes of content of its own."""
        upper = self._with_room(found, path, size)
        upper.own = True
        return upper

    def _with_room(self, found: Found, path: str, size: int | None) -> Upper:
        known = found.here.key in self._layer.uppers
        upper = self._own(found)
        try:
            if size is not None:
                self._quota.charge(upper, size, self._author, path, spare=_keys(found))
            else:
                self._quota.claim(upper, self._author, path, spare=_keys(found))
        except OSError:
            if not known:
                self._layer.drop(upper)
            raise
        return upper

    def _make(self, found: Found, mode: int, uid: int, gid: int) -> Upper:
        parent = found.parent
        made = self._rules.make(mode)
        made.uid = uid
        made.gid = parent.node.gid if parent.node.mode & stat.S_ISGID else gid
        return made

    def _attach(self, found: Found, made: Upper, now: float) -> None:
        made.atime = made.mtime = made.ctime = now
        self._layer.place(made, found.parent.key, found.name)
        self._record(made, "create", found.path, now)
        self._stamp(found, now)

    def _detach(self, found: Found, now: float) -> None:
        upper = self._own(found)  # a disk that is full takes this too
        over = self._layer.remove(upper)
        self._quota.release(upper)
        for mark in over:
            self._rules.record(self._layer, mark, mark.author, "remove", mark.key, now)
        self._record(upper, "remove", found.path, now)
        self._stamp(found, now)

    def _stamp(self, found: Found, now: float) -> None:
        """A directory's entries changed."""
        above = Found(found.above[:-1], found.above[-1][0], self._layer.find(found.parent.key))
        directory = self._own(above)
        directory.mtime = directory.ctime = now
        self._record(directory, ENTRIES, above.path, now)

    def _record(self, upper: Upper, action: str, path: str, now: float) -> None:
        self._rules.record(self._layer, upper, self._author, action, path, now)


def _keys(found: Found) -> frozenset[str]:
    """Return what must not go away while something is done to what was found."""
    keys = {spot.key for _, spot in found.above}
    return frozenset(keys if found.spot is None else {*keys, found.spot.key})

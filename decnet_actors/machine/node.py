"""This module defines the nodes of a decky's file tree: what a real inode holds, filled in when first looked at."""

import stat
from collections.abc import Callable
from typing import TypeAlias

Content: TypeAlias = bytes | bytearray | Callable[[], bytes]


class Node:
    """One inode.

    ``fill`` makes a directory's children, or names a file's content, the first time they are needed: a tree of
    thousands of nodes costs what is looked at. A tree of nodes is never changed once it is in use: changes are in the
    layers above it (``machine.layer``).
    """

    __slots__ = (
        "atime",
        "children",
        "content",
        "ctime",
        "fill",
        "fixed",
        "gid",
        "inode",
        "mode",
        "mtime",
        "size",
        "target",
        "uid",
        "virtual",
    )

    def __init__(self, mode: int, *, mtime: float, uid: int = 0, gid: int = 0, inode: int = 0) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.inode = inode
        self.atime = self.mtime = self.ctime = mtime
        self.content: Content = b""
        self.size = 0  # of generated content and directories; other content tells its own
        self.target = ""
        self.children: dict[str, Node] | None = None
        self.fill: Callable[[Node], dict[str, Node]] | None = None
        self.fixed = False  # ``chattr +i``: nobody changes it, not even root; kept while the machine runs
        self.virtual = False  # a kernel file system: nothing can be created in it, writes vanish

    @property
    def is_dir(self) -> bool:
        """Whether this is a directory."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether this is a symbolic link."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether this is a regular file."""
        return stat.S_ISREG(self.mode)

    def entries(self) -> "dict[str, Node]":
        """Return the children of a directory; not to be changed."""
        if self.children is None:
            self.children = {} if self.fill is None else self.fill(self)
            self.fill = None
        return self.children

    def length(self) -> int:
        """Return the size ``stat`` shows."""
        if self.is_link:
            return len(self.target.encode("utf-8", "surrogateescape"))
        if self.is_file and not self.virtual and (isinstance(self.content, (bytes, bytearray)) or not self.size):
            return len(self.data())
        return self.size

    def data(self) -> bytes | bytearray:
        """Return the content of a file."""
        content = self.content
        return content if isinstance(content, (bytes, bytearray)) else content()


def directory(mode: int, mtime: float, *, uid: int = 0, gid: int = 0) -> Node:
    """Return a directory without children."""
    node = Node(stat.S_IFDIR | mode, mtime=mtime, uid=uid, gid=gid)
    node.size = 4096
    return node


def file(content: Content, mode: int, mtime: float, *, uid: int = 0, gid: int = 0, size: int = 0) -> Node:
    """Return a regular file; ``size`` is what generated content will have."""
    node = Node(stat.S_IFREG | mode, mtime=mtime, uid=uid, gid=gid)
    node.content = content
    node.size = size
    return node


def symlink(target: str, mtime: float, *, uid: int = 0, gid: int = 0) -> Node:
    """Return a symbolic link."""
    node = Node(stat.S_IFLNK | 0o777, mtime=mtime, uid=uid, gid=gid)
    node.target = target
    return node


def device(kind: int, mode: int, mtime: float, *, gid: int = 0, content: Content = b"") -> Node:
    """Return a character or block device (``kind`` is ``stat.S_IFCHR`` or ``S_IFBLK``)."""
    node = Node(kind | mode, mtime=mtime, gid=gid)
    node.content = content
    node.virtual = True
    return node

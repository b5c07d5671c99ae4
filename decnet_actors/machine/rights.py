"""This module decides who may do what to a node, and which error a refusal is."""

import errno
import stat
from collections.abc import Mapping

from decnet_actors.machine.node import Node
from decnet_actors.machine.walk import SEARCH, WRITE, allows, fail


def need(node: Node, wanted: int, uid: int, groups: Mapping[int, frozenset[int]], path: str) -> None:
    """Refuse whoever has not all of the wanted rights; root reads and writes everything but what is fixed."""
    if node.fixed and wanted & WRITE:
        fail(errno.EPERM, path)
    if uid != 0 and not allows(node, wanted, uid, groups):
        fail(errno.EACCES, path)


def creatable(parent: Node, uid: int, groups: Mapping[int, frozenset[int]], path: str) -> None:
    """Refuse to make something where that cannot be."""
    if not parent.is_dir:
        fail(errno.ENOTDIR, path)
    if parent.virtual:
        fail(errno.ENOENT if uid == 0 else errno.EACCES, path)
    need(parent, WRITE | SEARCH, uid, groups, path)


def removable(parent: Node, node: Node, uid: int, groups: Mapping[int, frozenset[int]], path: str) -> None:
    """Refuse to take away what must stay, or is somebody else's in a sticky directory."""
    if parent.virtual:
        fail(errno.EPERM, path)
    need(parent, WRITE | SEARCH, uid, groups, path)
    if node.fixed:
        fail(errno.EPERM, path)
    if parent.mode & stat.S_ISVTX and uid not in {0, node.uid, parent.uid}:
        fail(errno.EPERM, path)


def movable(node: Node, parent: Node | None, path: str) -> None:
    """Refuse to move the root (``parent`` is ``None``) and what a kernel file system is mounted on."""
    if parent is None or (node.virtual and node.is_dir and not parent.virtual):
        fail(errno.EBUSY, path)


def rewritten(node: Node, uid: int) -> None:
    """Take the set-id bits away, as a write by anybody but root does."""
    if uid != 0:
        node.mode &= ~stat.S_ISUID
        if node.mode & stat.S_IXGRP:
            node.mode &= ~stat.S_ISGID

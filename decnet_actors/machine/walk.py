"""This module walks paths as the kernel does: links, rights, limits, and the errors they end in."""

import errno
import os
from collections.abc import Mapping
from typing import NoReturn

from attrs import frozen

from decnet_actors.machine.layer import Layer, Spot
from decnet_actors.machine.node import Node

MAX_LINKS = 40  # Linux, include/linux/namei.h, MAXSYMLINKS
MAX_NAME = 255  # NAME_MAX, bytes
MAX_PATH = 4096  # PATH_MAX, bytes

READ, WRITE, SEARCH = 4, 2, 1


@frozen
class Found:
    """What a path leads to. ``spot`` is ``None`` when only the last part is missing."""

    above: tuple[tuple[str, Spot], ...]  # from the root to the directory, with the name of each
    name: str  # empty for the root
    spot: Spot | None

    @property
    def parent(self) -> Spot:
        """The directory it is in; the root is in itself."""
        return self.above[-1][1] if self.above else self.here

    @property
    def here(self) -> Spot:
        """What was found."""
        if self.spot is None:
            fail(errno.ENOENT, self.path)
        return self.spot

    @property
    def path(self) -> str:
        """The way to it, without links."""
        return "/" + "/".join([*(name for name, _ in self.above[1:]), *([self.name] if self.name else [])])


def allows(node: Node, wanted: int, uid: int, groups: Mapping[int, frozenset[int]]) -> bool:
    """Return whether a user has all of the wanted rights (``READ | WRITE | SEARCH``)."""
    if uid == 0:
        return wanted & SEARCH == 0 or node.is_dir or node.mode & 0o111 != 0
    if node.uid == uid:
        bits = node.mode >> 6
    elif node.gid in groups.get(uid, ()):
        bits = node.mode >> 3
    else:
        bits = node.mode
    return bits & wanted == wanted


def walk(layer: Layer, path: str, *, uid: int, groups: Mapping[int, frozenset[int]], follow: bool = True) -> Found:
    """Walk to a path; a link at its end is followed unless ``follow`` is false and no slash comes after it.

    Raises:
        OSError: ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG.

    """
    todo = _parts(path)
    must_be_dir = path.endswith(("/", "/."))
    chain: list[tuple[str, Spot]] = [("", layer.root)]
    links = 0
    while todo:
        name = todo.pop()
        parent = chain[-1][1]
        _enter(parent.node, name, path, allowed=allows(parent.node, SEARCH, uid, groups))
        if name == "..":
            del chain[max(1, len(chain) - 1) :]
            continue
        spot = layer.child(parent, name)
        if spot is None:
            if todo:
                fail(errno.ENOENT, path)
            return Found(tuple(chain), name, None)
        if spot.node.is_link and (todo or follow or must_be_dir):
            links += 1
            if links > MAX_LINKS:
                fail(errno.ELOOP, path)
            target = spot.node.target
            if target.startswith("/"):
                del chain[1:]
            if not todo:
                must_be_dir = must_be_dir or target.endswith(("/", "/."))
            todo += _steps(target)
            continue
        chain.append((name, spot))
    name, spot = chain.pop()
    if must_be_dir and not spot.node.is_dir:
        fail(errno.ENOTDIR, path)
    return Found(tuple(chain), name, spot)


def _parts(path: str) -> list[str]:
    if not path:
        fail(errno.ENOENT, path)
    if longer(path, MAX_PATH - 1):
        fail(errno.ENAMETOOLONG, path)
    return _steps(path)


def _steps(path: str) -> list[str]:
    """Return the parts of a path, the first one last."""
    return [part for part in reversed(path.split("/")) if part and part != "."]


def _enter(directory: Node, name: str, path: str, *, allowed: bool) -> None:
    """Refuse a step that cannot be made."""
    if not directory.is_dir:
        fail(errno.ENOTDIR, path)
    if not allowed:
        fail(errno.EACCES, path)
    if longer(name, MAX_NAME):
        fail(errno.ENAMETOOLONG, path)


def fail(code: int, path: str) -> NoReturn:
    """Raise the ``OSError`` of an error number."""
    raise OSError(code, os.strerror(code), path)


def longer(text: str, limit: int) -> bool:
    """Return whether a name has more than ``limit`` bytes."""
    return len(text) > limit or (not text.isascii() and len(text.encode("utf-8", "surrogateescape")) > limit)

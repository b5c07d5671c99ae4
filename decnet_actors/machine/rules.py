"""This module is what all views of a decky's files share, and how they show a node."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import define

from decnet_actors.contracts.decky_files import Author
from decnet_actors.machine.layer import Layer, Spot, Upper
from decnet_actors.machine.node import Node
from decnet_actors.machine.quota import Quota

Record: TypeAlias = Callable[[Layer, Upper, Author, str, str, float], None]


@define(kw_only=True)
class Rules:
    """What all views of a decky's files share.

    Args:
        groups: supplementary and primary group ids by user id.
        group_names: by group id, for showing.
        quota: what may be changed.
        before: called before a node is changed, with who will.
        record: called after each change: layer, node, who, what, path, when.
        make: makes an empty node of a mode, with a key and an inode number of its own.

    """

    groups: Mapping[int, frozenset[int]]
    group_names: Mapping[int, str]
    quota: Quota
    before: Callable[[Upper, Author], None]
    record: Record
    make: Callable[[int], Upper]


class Seen:
    """A node as it is seen in a layer."""

    __slots__ = ("_layer", "_spot")

    def __init__(self, layer: Layer, spot: Spot) -> None:
        self._layer = layer
        self._spot = spot

    @property
    def is_dir(self) -> bool:
        """Whether this is a directory."""
        return self._spot.node.is_dir

    @property
    def is_file(self) -> bool:
        """Whether this is a regular file."""
        return self._spot.node.is_file

    @property
    def mode(self) -> int:
        """Type and permission bits."""
        return self._spot.node.mode

    @property
    def size(self) -> int:
        """What one read of an endless device gives, the size of generated content."""
        return self._spot.node.size

    @property
    def virtual(self) -> bool:
        """Whether it is of a kernel file system."""
        return self._spot.node.virtual

    @property
    def charge(self) -> int:
        """Bytes of content that somebody brought."""
        node = self._spot.node
        return node.charge if isinstance(node, Upper) else 0

    @property
    def node(self) -> Node:
        """The inode."""
        return self._spot.node

    def entries(self) -> Mapping[str, Spot]:
        """Return what is in a directory."""
        return self._layer.children(self._spot)

"""This module lays changes over a base tree: a stack of layers, each of which holds only what it changed.

Every node has a key that it keeps for life: nodes of the base the path they were made at, others ``#number``. A layer
knows its nodes by key, and the names below a directory by the directory's key. So a directory that moves is one change
whatever is in it, nothing of the base is copied for being looked at, and opening a tree costs its changes alone.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from decnet_actors.contracts.decky_files import NOBODY, Author
from decnet_actors.machine.node import Node

ROOT = "/"


class Upper(Node):
    """A node that a layer changed or made."""

    __slots__ = ("author", "charge", "inherited", "key", "name", "own", "parent", "payer", "removed", "version")

    def __init__(self, mode: int, *, key: str, inherited: bool) -> None:
        super().__init__(mode, mtime=0.0)
        self.key = key
        self.inherited = inherited  # a lower layer has it too
        self.parent = ""  # key of its directory
        self.name = ""
        self.removed = False  # it hides the one of the lower layer
        self.own = not inherited  # whether its content is no longer the lower layer's
        self.author: Author = NOBODY  # who changed it last
        self.payer: str | None = None  # whose quota it counts against
        self.charge = 0  # bytes of content, or of a link's target, that count against the quota
        self.version = 0  # number of its version in the store; 0: none


class Spot(NamedTuple):
    """A node where it was found."""

    node: Node
    key: str


class Tree(Protocol):
    """What a layer lies on."""

    def find(self, key: str) -> Spot | None:
        """Return a node by its key."""

    def child(self, spot: Spot, name: str) -> Spot | None:
        """Return what a directory has under a name."""

    def children(self, spot: Spot) -> dict[str, Spot]:
        """Return everything in a directory."""


class Base:
    """The tree a machine is made with."""

    def __init__(self, root: Node) -> None:
        self._root = Spot(root, ROOT)

    def find(self, key: str) -> Spot | None:
        here = self._root
        for name in key.split("/"):
            if name:
                found = self.child(here, name)
                if found is None:
                    return None
                here = found
        return here

    def child(self, spot: Spot, name: str) -> Spot | None:
        node = spot.node.entries().get(name)
        return None if node is None else Spot(node, _below(spot.key, name))

    def children(self, spot: Spot) -> dict[str, Spot]:
        return {name: Spot(node, _below(spot.key, name)) for name, node in spot.node.entries().items()}


class Layer:
    """Changes over a lower tree, which it never touches.

    Args:
        name: empty: everybody's; else whose alone.
        lower: what shows where this layer changed nothing.
        lasting: whether it is there again after a restart.

    """

    def __init__(self, name: str, lower: Tree, *, lasting: bool = True) -> None:
        self.name = name
        self.lasting = lasting
        self.lower = lower
        self.uppers: dict[str, Upper] = {}
        self._places: dict[str, dict[str, Upper]] = {}  # by key of the directory
        self._hidden: dict[str, dict[str, Upper]] = {}  # removed ones, by key of the directory they were made in

    @property
    def root(self) -> Spot:
        """The root directory; it cannot be removed."""
        found = self.find(ROOT)
        if found is None:
            raise LookupError(ROOT)
        return found

    def find(self, key: str) -> Spot | None:
        upper = self.uppers.get(key)
        if upper is not None:
            return None if upper.removed else Spot(upper, key)
        return self.lower.find(key)

    def child(self, spot: Spot, name: str) -> Spot | None:
        here = self._places.get(spot.key)
        if here is not None and name in here:
            upper = here[name]
            return Spot(upper, upper.key)
        below = self._under(spot)
        found = None if below is None else self.lower.child(below, name)
        return None if found is None or found.key in self.uppers else found  # what was changed is where the change is

    def children(self, spot: Spot) -> dict[str, Spot]:
        below = self._under(spot)
        found = {} if below is None else self.lower.children(below)
        if self.uppers:
            found = {name: child for name, child in found.items() if child.key not in self.uppers}
        found.update({name: Spot(upper, upper.key) for name, upper in self._places.get(spot.key, {}).items()})
        return found

    def content(self, key: str) -> bytes:
        """Return the lower layer's content of a file."""
        found = self.lower.find(key)
        return b"" if found is None else bytes(found.node.data())

    def lift(self, spot: Spot, parent: str, name: str) -> Upper:
        """Return this layer's own node of what was found below ``parent``, to be changed."""
        known = self.uppers.get(spot.key)
        if known is not None:
            return known
        of = spot.node
        upper = Upper(of.mode, key=spot.key, inherited=True)
        upper.uid, upper.gid, upper.inode, upper.size = of.uid, of.gid, of.inode, of.size
        upper.atime, upper.mtime, upper.ctime = of.atime, of.mtime, of.ctime
        upper.content, upper.target, upper.virtual, upper.fixed = of.content, of.target, of.virtual, of.fixed
        if isinstance(of.content, bytearray):
            upper.content = bytes(of.content)  # the lower one may grow
        self.place(upper, parent, name)
        return upper

    def place(self, upper: Upper, parent: str, name: str) -> None:
        """Put a node under a name of a directory."""
        self.displace(upper)
        upper.parent, upper.name = parent, name
        self.uppers[upper.key] = upper
        if upper.key != ROOT:
            self._places.setdefault(parent, {})[name] = upper

    def displace(self, upper: Upper) -> None:
        """Take a node from where it is; it is nowhere then, and what the lower layer has of it stays hidden."""
        here = self._places.get(upper.parent)
        if here is not None and here.get(upper.name) is upper:
            del here[upper.name]
            if not here:
                del self._places[upper.parent]

    def remove(self, upper: Upper) -> Sequence[Upper]:
        """Remove a node: of what the lower layer has too, a mark stays that hides it.

        Returns:
            Marks that are needed no longer, for the directory they hid something in is hidden itself.

        """
        self.displace(upper)
        if not upper.inherited:
            del self.uppers[upper.key]
            return ()
        upper.content = b""
        self.hide(upper)
        marks = self._hidden.pop(upper.key, {})
        over = [mark for key, mark in marks.items() if mark.removed and self.uppers.get(key) is mark]
        for mark in over:
            del self.uppers[mark.key]
        return over

    def drop(self, upper: Upper) -> None:
        """Undo all that was done to a node: the lower layer shows again, or nothing."""
        self.displace(upper)
        self.uppers.pop(upper.key, None)

    def hide(self, upper: Upper) -> None:
        """Have nothing show of a node of the lower layer."""
        upper.removed = True
        self.uppers[upper.key] = upper
        self._hidden.setdefault(upper.key.rpartition("/")[0] or ROOT, {})[upper.key] = upper

    def path(self, upper: Upper) -> str:
        """Return where a node is, as far as this layer knows the way."""
        names: list[str] = []
        here: Upper | None = upper
        while here is not None and here.key != ROOT:
            names.append(here.name)
            known = self.uppers.get(here.parent)
            if known is None and here.parent.startswith("/"):
                names.append(here.parent[1:])
            here = known
        return ROOT + "/".join(name for name in reversed(names) if name)

    def placed(self, key: str) -> Iterator[Upper]:
        """Yield the nodes of this layer in a directory, with all that is below them."""
        todo = list(self._places.get(key, {}).values())
        while todo:
            upper = todo.pop()
            yield upper
            todo += self._places.get(upper.key, {}).values()

    def _under(self, spot: Spot) -> Spot | None:
        """Return what the lower tree has of a directory seen here."""
        upper = self.uppers.get(spot.key)
        if upper is None:
            return spot
        return self.lower.find(spot.key) if upper.inherited else None


def _below(key: str, name: str) -> str:
    return f"/{name}" if key == ROOT else f"{key}/{name}"

"""This module is the file tree of one decky: its base, everybody's changes, and those that only some see."""

import stat
import weakref
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress

from decnet_actors.contracts.decky_files import Author, FileVersion, Hand, Isolation, StoredFiles, Told
from decnet_actors.machine.files import TreeFiles
from decnet_actors.machine.layer import ROOT, Base, Layer, Spot, Upper
from decnet_actors.machine.ledger import ChangeLedger
from decnet_actors.machine.node import Node
from decnet_actors.machine.quota import Caps, Quota
from decnet_actors.machine.rules import Rules
from decnet_actors.machine.walk import walk

MAX_PRIVATE = 500  # attackers kept apart whose changes a decky remembers
MAX_UPPERS = 50_000  # nodes that they changed, removed ones included
LOOK = 64  # changes after which that is looked at
FIRST_INODE = 3_000_000  # of nodes made later; the base's are below
MACHINE = Author(hand=Hand.MACHINE)


class DeckyTree:
    """All layers of a decky's files, bottom up: base, everybody's, and private ones.

    Args:
        decky: its name.
        root: the base tree; never changed.
        caps: limits of the changes.
        groups: supplementary and primary group ids by user id.
        group_names: by group id.
        isolation: which attackers see one another's changes.
        stored: the changes of an earlier life.
        told: who keeps changes; without one they are in memory only.

    """

    def __init__(
        self,
        decky: str,
        root: Node,
        *,
        caps: Caps,
        groups: Mapping[int, frozenset[int]],
        group_names: Mapping[int, str],
        isolation: Isolation,
        stored: StoredFiles,
        told: Told | None = None,
    ) -> None:
        self._isolation = isolation
        self._shared = Layer("", Base(root))
        self._open: weakref.WeakValueDictionary[str, Layer] = (
            weakref.WeakValueDictionary()
        )  # private ones somebody holds
        self._private: dict[str, Layer] = {}  # those with changes that last, the one changed longest ago first
        self._records = 0
        self._quota = Quota(caps, self._make_room)
        self._ledger = ChangeLedger(decky, stored.numbers, told)
        self._made = 0  # the highest number in a key
        self._rules = Rules(
            groups=groups,
            group_names=group_names,
            quota=self._quota,
            before=self._ledger.before,
            record=self._record,
            make=self._make,
        )
        self._take_in(stored)

    def view(self, author: Author) -> TreeFiles:
        """Return the files as the author sees and changes them."""
        return TreeFiles(self._layer_of(author), author, self._rules)

    def resolve(self, path: str) -> str:
        """Return a path, absolute and without ``.``, ``..`` and double slashes; links are not followed."""
        return self.view(MACHINE).resolve(path)

    def restore(self, path: str, author: Author, now: float) -> int:
        """Put a path, and all below it, back to what the base has, for everybody; return how many changes that undid.

        What was moved away comes back, and what was moved there goes back to where it was.
        """
        return sum(self._restore(layer, path, author, now) for layer in self._layers())

    # layers

    def _layers(self) -> Iterator[Layer]:
        yield self._shared
        yield from {**self._private, **self._open}.values()

    def _layer_of(self, author: Author) -> Layer:
        if author.hand is not Hand.ATTACKER:
            return self._shared
        match self._isolation:
            case Isolation.NONE:
                return self._shared
            case Isolation.SOURCE:
                return self._private_layer(f"source:{author.source}", lasting=True)
            case Isolation.SESSION:
                return self._private_layer(f"session:{author.session}", lasting=False)

    def _private_layer(self, name: str, *, lasting: bool) -> Layer:
        layer = self._open.get(name)
        if layer is None:
            layer = self._open[name] = Layer(name, self._shared, lasting=lasting)
            weakref.finalize(layer, self._forget, layer.uppers).atexit = False
        return layer

    def _forget(self, uppers: Mapping[str, Upper]) -> None:
        """A layer is gone: what it held counts no longer."""
        for upper in uppers.values():
            self._quota.release(upper)

    # changes

    def _make(self, mode: int) -> Upper:
        self._made += 1
        made = Upper(mode, key=f"#{self._made}", inherited=False)
        made.inode = FIRST_INODE + self._made
        return made

    def _record(self, layer: Layer, upper: Upper, author: Author, action: str, path: str, now: float) -> None:
        self._ledger.note(layer, upper, author, action, path, now)
        if layer.name and layer.lasting:
            self._private[layer.name] = self._private.pop(layer.name, layer)
            self._records += 1
            if self._records % LOOK == 0:
                self._bound(now)

    def _bound(self, now: float) -> None:
        """Undo all changes of the attackers that did nothing for longest, when there are too many kept apart."""
        held = sum(len(layer.uppers) for layer in self._private.values())
        for name, layer in list(self._private.items())[:-1]:
            if len(self._private) <= MAX_PRIVATE and held <= MAX_UPPERS:
                return
            held -= len(layer.uppers)
            self._undo(layer, list(layer.uppers.values()), MACHINE, "evict", now)
            del self._private[name]

    def _take_in(self, stored: StoredFiles) -> None:
        """Take in what an earlier life of this tree left; a session's own changes ended with it."""
        for version in stored.versions:
            self._made = max(self._made, int(version.node[1:]) if version.node.startswith("#") else 0)
            layer = self._shared
            if version.layer:
                layer = self._private[version.layer] = self._private_layer(version.layer, lasting=True)
            upper = _upper(layer, version)
            if version.removed:
                layer.hide(upper)
            else:
                layer.place(upper, version.parent, version.name)
                self._quota.admit(upper, version.size if upper.own and not upper.is_dir else 0)

    def _make_room(self, payer: str, spare: Container[str]) -> None:
        """Remove what other attackers left longest ago, until an eighth is free: nobody fills a decky for ever."""
        left = [
            (upper.ctime, upper.key, layer)
            for layer in self._layers()
            for upper in layer.uppers.values()
            if not upper.inherited and upper.payer not in {None, "", payer} and upper.key not in spare
        ]
        for when, key, layer in sorted(left, key=lambda item: item[:2]):
            if self._quota.roomy:
                return
            upper = layer.uppers[key]
            if upper.is_dir and layer.children(Spot(upper, key)):
                continue
            path = layer.path(upper)
            self._ledger.before(upper, MACHINE)
            layer.remove(upper)
            self._quota.release(upper)
            self._ledger.note(layer, upper, MACHINE, "evict", path, when)

    def _restore(self, layer: Layer, path: str, author: Author, now: float) -> int:
        if path == ROOT:
            undone = list(layer.uppers.values())
        else:
            below = f"{path}/"
            undone = [upper for upper in layer.uppers.values() if upper.inherited and f"{upper.key}/".startswith(below)]
            with suppress(OSError):  # this layer has nothing there
                key = walk(layer, path, uid=0, groups={}, follow=False).here.key
                undone += layer.placed(key)
                undone += [layer.uppers[key]] if key in layer.uppers else []
        undone = list({id(upper): upper for upper in undone}.values())
        self._undo(layer, undone, author, "restore", now)
        return len(undone)

    def _undo(self, layer: Layer, uppers: Iterable[Upper], author: Author, action: str, now: float) -> None:
        """Have the lower layer show again."""
        for upper in uppers:
            where = upper.key if upper.removed else layer.path(upper)
            self._ledger.before(upper, author)
            layer.drop(upper)
            self._quota.release(upper)
            self._ledger.note(layer, upper, author, action, where, now)


def _upper(layer: Layer, version: FileVersion) -> Upper:
    upper = Upper(version.mode, key=version.node, inherited=version.inherited)
    upper.inode, upper.uid, upper.gid = version.inode, version.uid, version.gid
    upper.atime, upper.mtime, upper.ctime = version.accessed, version.modified, version.changed
    upper.target, upper.size = version.target, version.size
    upper.author, upper.version = version.author, version.number
    upper.virtual = not (stat.S_ISREG(version.mode) or upper.is_dir or upper.is_link)
    upper.own = version.content is not None or not version.inherited
    if version.content is not None:
        upper.content = version.content
    elif version.inherited and not upper.is_dir:
        upper.content = lambda: layer.content(version.node)
    return upper

"""This module gives tests the tree of a decky, and a store that is a list."""

import itertools
from collections.abc import Iterator

from decnet_actors.contracts.decky_files import FileVersion, Isolation, Ledger, StoredFiles
from decnet_actors.machine.decky_tree import DeckyTree
from decnet_actors.machine.node import Node
from decnet_actors.machine.quota import Caps


class ListStore:
    """Keeps versions as the store does, in a list."""

    def __init__(self) -> None:
        self.versions: list[FileVersion] = []
        self.numbers: Iterator[int] = itertools.count(1)
        self.ledgers: list[Ledger] = []

    def tell(self, ledger: Ledger) -> None:
        if ledger not in self.ledgers:
            self.ledgers.append(ledger)

    def flush(self) -> None:
        """Take everything there is."""
        while self.ledgers:
            for version in self.ledgers.pop().take(everything=True):
                self.versions.append(version)

    def live(self) -> StoredFiles:
        """Return what a start of the daemon finds."""
        self.flush()
        over = {version.supersedes for version in self.versions}
        live = [version for version in self.versions if version.live and version.number not in over]
        return StoredFiles(versions=live, numbers=self.numbers)


def tree_of(
    root: Node,
    *,
    caps: Caps | None = None,
    isolation: Isolation = Isolation.NONE,
    store: ListStore | None = None,
) -> DeckyTree:
    """Return a tree over a base, with what the store has of it."""
    store = store or ListStore()
    return DeckyTree(
        "web-01",
        root,
        caps=caps or Caps(),
        groups={1000: frozenset({1000, 27}), 1001: frozenset({1001})},
        group_names={27: "sudo"},
        isolation=isolation,
        stored=store.live(),
        told=store,
    )

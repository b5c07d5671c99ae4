"""Measures opening a decky's file tree: ``python -m benchmarks.files`` prints a markdown table.

A base of 60,000 files that exists once, an overlay of changes as the store has them, and beside it what building the
whole tree of nodes for one decky costs. CPU is of this process, best of several; memory is what tracemalloc sees.
"""

import argparse
import gc
import itertools
import platform
import time
import tracemalloc
from collections.abc import Callable

from decnet_actors.contracts.decky_files import NOBODY, Author, FileVersion, Hand, Isolation, StoredFiles
from decnet_actors.machine.decky_tree import DeckyTree
from decnet_actors.machine.node import Node, directory, file
from decnet_actors.machine.quota import Caps

DIRECTORIES, FILES = 100, 600
REPEATS = 5
TARGET_MS, TARGET_MB = 30.0, 8.0


def base() -> Node:
    """Return a base whose directories are filled when they are looked at."""
    root = directory(0o755, 0.0)
    root.children = {f"d{number:02d}": directory(0o755, 0.0) for number in range(DIRECTORIES)}
    for child in root.children.values():
        child.fill = _files
    return root


def _files(_: Node) -> dict[str, Node]:
    return {f"file-{number:03d}": file(b"", 0o644, 0.0) for number in range(FILES)}


def changes(count: int) -> list[FileVersion]:
    """Return changes as the store gives them: new files of 200 bytes, all over the tree."""
    return [
        FileVersion(
            number=number,
            live=True,
            layer="",
            node=f"#{number}",
            inherited=False,
            removed=False,
            time=1000.0,
            author=Author(hand=Hand.ATTACKER, source=f"192.0.2.{number % 200}"),
            action="create",
            path="",
            parent=f"/d{number % DIRECTORIES:02d}",
            name=f"new-{number}",
            inode=3_000_000 + number,
            mode=0o100644,
            size=200,
            content=bytes(200),
        )
        for number in range(1, count + 1)
    ]


def opened(root: Node, versions: list[FileVersion]) -> DeckyTree:
    """Return a decky's tree, after a look into one directory."""
    tree = DeckyTree(
        "web-01",
        root,
        caps=Caps(nodes=100_000),
        groups={},
        group_names={},
        isolation=Isolation.NONE,
        stored=StoredFiles(versions=versions, numbers=itertools.count(len(versions) + 1)),
    )
    tree.view(NOBODY).list("/d05")
    return tree


def whole() -> Node:
    """Return a base with every node made."""
    root = base()
    for child in root.entries().values():
        child.entries()
    return root


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Return CPU milliseconds and megabytes of some work and what it returns."""
    best = float("inf")
    for _ in range(REPEATS):
        gc.collect()
        began = time.process_time()
        kept = work()
        best = min(best, time.process_time() - began)
        del kept
    gc.collect()
    tracemalloc.start()
    kept = work()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return best * 1000, taken / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    root = base()
    opened(root, [])
    built = measured(whole)
    print(f"Python {platform.python_version()}; a base of {DIRECTORIES * FILES} files, best of {REPEATS}\n")
    print("| for one decky | CPU, ms | memory, MB | of the whole tree's CPU |")
    print("|---|---|---|---|")
    print(f"| every node of the base made | {built[0]:.1f} | {built[1]:.2f} | 1 |")
    for count in (0, 100, 1000, 5000, 20_000):
        versions = changes(count)
        cost = measured(lambda versions=versions: opened(root, versions))  # type: ignore[misc]  # the default is the list
        print(f"| opened with {count} changes | {cost[0]:.2f} | {cost[1]:.2f} | {cost[0] / built[0]:.4f} |")
    print(f"\nTarget <= {TARGET_MS:.0f} ms and <= {TARGET_MB:.0f} MB beyond the shared base.")


if __name__ == "__main__":
    main()

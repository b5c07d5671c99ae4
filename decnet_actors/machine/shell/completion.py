"""This module completes what is being typed: command names and paths."""

import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING

from decnet_actors.machine.shell.registry import BUILTINS
from decnet_actors.machine.shell.state import ShellState

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import World

MAX_CHOICES = 100


def complete(world: "World", sh: ShellState, text: str) -> tuple[str, Sequence[str]]:
    """Return what to add to the text, and the choices if nothing is certain."""
    word = text.rpartition(" ")[2]
    first = " " not in text.lstrip()
    if first and "/" not in word:
        names = {name for name in BUILTINS if name.startswith(word)} | set(_programs(world, sh, word))
        return _chosen(word, sorted(names), ending=" ")
    folder, slash, part = word.rpartition("/")
    base = f"{folder}{slash}" or sh.cwd
    if base.startswith("~"):
        base = (sh.get("HOME") or "/") + base[1:]
    path = world.files.resolve(base, cwd=sh.cwd)
    try:
        names_here = world.files.list(path, uid=sh.uid)
    except OSError:
        return "", ()
    matching = [name for name in names_here if name.startswith(part) and (part or not name.startswith("."))]
    marked: list[str] = []
    for name in matching[:MAX_CHOICES]:
        try:
            is_dir = stat.S_ISDIR(world.files.stat(f"{path}/{name}", uid=sh.uid).mode)
        except OSError:
            is_dir = False
        marked.append(f"{name}/" if is_dir else name)
    return _chosen(part, marked, ending="" if len(marked) == 1 and marked[0].endswith("/") else " ")


def _programs(world: "World", sh: ShellState, word: str) -> Sequence[str]:
    out: set[str] = set()
    if not word:
        return ()
    for folder in (sh.get("PATH") or "").split(":")[:12]:
        try:
            out.update(name for name in world.files.list(folder, uid=sh.uid) if name.startswith(word))
        except OSError:
            continue
    return sorted(out)[:MAX_CHOICES]


def _chosen(part: str, names: Sequence[str], *, ending: str) -> tuple[str, Sequence[str]]:
    if not names:
        return "", ()
    low, high = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    common = low[:same]
    added = common[len(part) :]
    if len(names) == 1:
        return added + ending, names
    return added, names

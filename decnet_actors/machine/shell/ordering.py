"""This module sorts in slices: others are served while much is put in order."""

import heapq
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from decnet_actors.machine.shell.state import Budget, ShellState
from decnet_actors.machine.shell.streams import BREATHE, Pause

MAX_KEY = 500  # characters of a name, or a line, whose letters count for the order
RUN = 1000  # items sorted at once

T = TypeVar("T")


def ordered(
    items: Iterable[T],
    key: Callable[[T], Any],  # Any: whatever compares with its like
    budget: Budget,
    *,
    reverse: bool = False,
) -> Generator[Pause, None, list[T]]:
    """Return the items in the order of their keys; equal ones stay in the order they came in."""
    runs: list[list[tuple[Any, T]]] = []  # Any: as above
    run: list[tuple[Any, T]] = []  # Any: as above
    for item in items:
        if budget.due:
            yield BREATHE
        run.append((key(item), item))
        if len(run) == RUN:
            run.sort(key=_first, reverse=reverse)
            runs.append(run)
            run = []
    run.sort(key=_first, reverse=reverse)
    out: list[T] = []
    for _, item in heapq.merge(*runs, run, key=_first, reverse=reverse):
        if budget.due:
            yield BREATHE
        out.append(item)
    return out


def collation(sh: ShellState) -> Callable[[str], Any]:  # Any: as above
    """Return the key of texts in the order of the shell's locale: bytes, or letters first."""
    name = next((value for name in ("LC_ALL", "LC_COLLATE", "LANG") if (value := sh.get(name))), "C")
    return byte_key if name.split(".")[0] in {"C", "POSIX"} else locale_key


def byte_key(text: str) -> str:
    """Return a key in the order of the C locale."""
    return text[:MAX_KEY]


def locale_key(text: str) -> tuple[str, str]:
    """Return a key near a UTF-8 locale's order: punctuation and case last."""
    text = text[:MAX_KEY]
    return "".join(char for char in text.lower() if char.isalnum()), text.swapcase()


def _first(pair: tuple[Any, T]) -> Any:  # Any: as above
    return pair[0]

"""This module sorts in slices: others are served while much is put in order."""

import heapq
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from decnet_actors.machine.shell.state import Budget
from decnet_actors.machine.shell.streams import BREATHE, Pause

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


def _first(pair: tuple[Any, T]) -> Any:  # Any: as above
    return pair[0]

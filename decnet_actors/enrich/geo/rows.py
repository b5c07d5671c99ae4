"""This module lays ranges of addresses over one another: pure, and the same for IPv4 and IPv6.

A row is (first, last, value), both ends included, addresses as numbers. What ``flat`` returns is in order and never
overlaps; the other functions need that.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import TypeAlias, TypeVar

T = TypeVar("T")
U = TypeVar("U")
Row: TypeAlias = tuple[int, int, T]

_BEYOND = 1 << 129  # an address no row has


def flat(rows: Sequence[Row[T]]) -> list[Row[T]]:
    """Return rows without overlaps: of those around an address the narrowest wins, of equal ones the last."""
    ordered = sorted(enumerate(rows), key=lambda item: item[1][0])
    if all(left[1][1] < right[1][0] for left, right in pairwise(ordered)):
        return [row for _, row in ordered]
    return list(_swept(ordered))


def _swept(ordered: Sequence[tuple[int, Row[T]]]) -> Iterator[Row[T]]:
    open_rows: list[tuple[int, int, int, T]] = []  # size, how late it stands, last, value
    at = number = 0
    while number < len(ordered) or open_rows:
        if not open_rows:
            at = max(at, ordered[number][1][0])
        while number < len(ordered) and ordered[number][1][0] <= at:
            place, (first, last, value) = ordered[number]
            heappush(open_rows, (last - first, -place, last, value))
            number += 1
        while open_rows and open_rows[0][2] < at:
            heappop(open_rows)
        if open_rows:
            _, _, end, value = open_rows[0]
            if number < len(ordered):
                end = min(end, ordered[number][1][0] - 1)
            yield at, end, value
            at = end + 1


def joined(left: Sequence[Row[T]], right: Sequence[Row[U]]) -> Iterator[Row[tuple[T | None, U | None]]]:
    """Yield what both say of each range; ``None`` is what one of them does not know. Ranges of neither are left out."""
    lefts, rights = iter(left), iter(right)
    one: Row[T] | None = next(lefts, None)
    other: Row[U] | None = next(rights, None)
    at = 0
    while one is not None or other is not None:
        first, last, value = one or (_BEYOND, _BEYOND, None)
        other_first, other_last, other_value = other or (_BEYOND, _BEYOND, None)
        at = max(at, min(first, other_first))
        inside, other_inside = first <= at, other_first <= at
        end = min(last if inside else first - 1, other_last if other_inside else other_first - 1)
        yield at, end, (value if inside else None, other_value if other_inside else None)
        at = end + 1
        if last < at:
            one = next(lefts, None)
        if other_last < at:
            other = next(rights, None)


def over(upper: Sequence[Row[T]], lower: Sequence[Row[T]]) -> list[Row[T]]:
    """Return the upper rows, and the lower ones where those say nothing."""
    if not upper or not lower:
        return list(upper or lower)
    chosen = ((first, last, lows if highs is None else highs) for first, last, (highs, lows) in joined(upper, lower))
    return list(merged((first, last, value) for first, last, value in chosen if value is not None))


def merged(rows: Iterable[Row[T]]) -> Iterator[Row[T]]:
    """Yield rows, neighbours of one value as one."""
    held: Row[T] | None = None
    for first, last, value in rows:
        if held is not None and held[1] + 1 == first and held[2] == value:
            held = held[0], last, value
        else:
            if held is not None:
                yield held
            held = first, last, value
    if held is not None:
        yield held

"""This module finds a system among those a persona can run."""

from collections.abc import Collection, Sequence

from decnet_actors.machine.releases import alpine, debian, devices, rocky, ubuntu, windows
from decnet_actors.machine.releases.model import Release

RELEASES: tuple[Release, ...] = (
    *debian.RELEASES,
    *ubuntu.RELEASES,
    *rocky.RELEASES,
    *alpine.RELEASES,
    *devices.RELEASES,
    *windows.RELEASES,
)


def find(distribution: str, release: str) -> Release:
    """Return the release's row; the newest of the distribution (or of all) when it is not listed."""
    same = [row for row in RELEASES if row.distribution == distribution]
    for row in same:
        if row.release == release:
            return row
    return (same or list(RELEASES))[-1]


def matching(names: Collection[str]) -> Sequence[Release]:
    """Return the releases of the given names, with or without their numbers; for no names, general servers.

    Raises:
        ValueError: a name is nobody's.

    """
    if not names:
        return [row for row in RELEASES if row.family == "linux" and row.board is None]
    rows = [row for row in RELEASES if row.distribution in names or row.name in names]
    for name in names:
        if not any(name in {row.distribution, row.name} for row in rows):
            raise ValueError(f"unknown distribution {name!r}")
    return rows

"""This module reads and writes files of the host below its root, never through a link that leads out of it."""

import os
import stat
from pathlib import Path

from decnet_actors.ctl.install.errors import ConflictError


def place_of(root: Path, path: str, *, follow: bool) -> Path:
    """Return where a path of the host is.

    Args:
        root: the host's ``/``.
        path: absolute, as the host sees it.
        follow: whether what is there may be reached by a symbolic link.

    Raises:
        ConflictError: a symbolic link leads out of the root.

    """
    place = root / path.removeprefix("/")
    real = (place if follow else place.parent).resolve()
    if not real.is_relative_to(root.resolve()):
        raise ConflictError(f"{place} leads out of {root}, to {real}", fix=(f"ls -ld {place}",))
    return place


def status_of(place: Path, *, follow: bool) -> os.stat_result | None:
    """Return the status of what is there, if anything is."""
    try:
        return place.stat(follow_symlinks=follow)
    except FileNotFoundError:
        return None


def content_of(place: Path) -> bytes | None:
    """Return what is in a regular file; nothing if there is none, ``b""`` for anything else that is in its place."""
    found = status_of(place, follow=False)
    if found is None:
        return None
    return place.read_bytes() if stat.S_ISREG(found.st_mode) else b""


def owned(mode: int, owner: object, group: object) -> str:
    """Return mode and owner in words."""
    return f"{stat.S_IMODE(mode):04o} {owner}:{group}"


def write(place: Path, data: bytes, *, mode: int, owner: tuple[int, int] = (-1, -1)) -> None:
    """Write a file at once: it is there whole, with its mode and owner, or as it was before.

    Args:
        place: in a folder that only its writer can change.
        data: all of it.
        mode: permission bits.
        owner: user and group as chown takes them.

    """
    fresh = place.with_name(f".{place.name}.decnet-new")
    fresh.unlink(missing_ok=True)  # of a run that was killed
    try:
        with open(fresh, "xb", opener=_private) as output:
            output.write(data)
            output.flush()
            os.fchown(output.fileno(), *owner)
            os.fchmod(output.fileno(), mode)
            os.fsync(output.fileno())
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)  # there only if it did not take the place of the old one


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)

"""This module maps the kernel-verified peer of the control socket to a role."""

import grp
import os
from collections.abc import Sequence

from decnet_actors.contracts.operations import Role
from decnet_actors.settings import ControlSettings

ROOT = 0


class Roles:
    """Decides the role of a local peer; group names are looked up once, when made."""

    def __init__(self, settings: ControlSettings) -> None:
        self._own = frozenset({ROOT, os.getuid()})
        self._groups = (
            (Role.ADMIN, _ids(settings.admin_groups)),
            (Role.ANALYST, _ids(settings.analyst_groups)),
            (Role.VIEWER, _ids(settings.viewer_groups)),
        )

    def role_of(self, uid: int, gids: Sequence[int], pid: int) -> str | None:
        """Return the role, or ``None`` for a stranger."""
        del pid
        if uid in self._own:
            return Role.ADMIN
        return next((role for role, ids in self._groups if ids.intersection(gids)), None)

    @property
    def group(self) -> int | None:
        """The group the socket is opened to; the first one that exists."""
        return next((number for _, ids in self._groups for number in sorted(ids)), None)


def _ids(names: Sequence[str]) -> frozenset[int]:
    found = set()
    for name in names:
        try:
            found.add(grp.getgrnam(name).gr_gid)
        except KeyError:
            continue  # a group that does not exist has no members
    return frozenset(found)

"""This module chooses the layout of a persona's base tree."""

from collections.abc import Callable, Mapping

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.node import Node
from decnet_actors.machine.tree.alpine import AlpineLayout
from decnet_actors.machine.tree.firmware import FirmwareLayout
from decnet_actors.machine.tree.layout import DebianLayout
from decnet_actors.machine.tree.rocky import RockyLayout
from decnet_actors.machine.tree.windows import WindowsLayout


def base(persona: Persona, now: Callable[[], float], published: Mapping[str, bytes]) -> Node:
    """Return the root of the persona's tree, filled in as it is looked at.

    Args:
        persona: whose.
        now: feeds ``/proc``.
        published: what services have in their files, by path, when such a file is read.

    """
    if persona.family == "windows":
        return WindowsLayout(persona, now, published).root()
    if persona.embedded:
        return FirmwareLayout(persona, now, published).root()
    if persona.init == "openrc":
        return AlpineLayout(persona, now, published).root()
    if persona.distribution == "rocky":
        return RockyLayout(persona, now, published).root()
    return DebianLayout(persona, now, published).root()

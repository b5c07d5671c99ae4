"""This module makes the actors that look at attackers beside the decoys."""

from typing import TYPE_CHECKING

from decnet_actors.sensors.prober import Prober
from decnet_actors.sensors.prober_guard import Guard

if TYPE_CHECKING:
    from decnet_actors.app.daemon import Daemon


def prober(daemon: "Daemon") -> Prober:
    """Return the actor that looks back at attackers."""
    settings = daemon.settings.prober
    guard = Guard(settings, lambda: {one.place.address for one in daemon.inhabitants.values()})
    return Prober(daemon.bus, guard, settings, lambda fact: daemon.note("", fact))

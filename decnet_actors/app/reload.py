"""This module applies a new configuration to a running daemon: what is hot at once, the rest is named."""

from collections.abc import Mapping

from attrs import evolve

from decnet_actors.app.converge import RunningFleet
from decnet_actors.app.daemon import Daemon
from decnet_actors.app.load import Configuration
from decnet_actors.domain.facts import Trigger

COLD = ("daemon", "database", "journal", "control", "web", "fleet")


async def reload(daemon: Daemon, new: Configuration) -> Mapping[str, object]:
    """Apply ``new`` and return what changed; deckies that are equal in both are not touched."""
    old = daemon.configuration
    async with daemon.desired.changing:
        done = await RunningFleet(daemon).converge(await daemon.desired.take(new.fleet), Trigger.OPERATOR)
        daemon.left_out |= daemon.desired.unusable
    needs_restart = [key for key in COLD if _cold(getattr(old.settings, key), getattr(new.settings, key))]
    daemon.configuration = new
    daemon.restart_needed = tuple(dict.fromkeys((*daemon.restart_needed, *needs_restart)))
    return {
        "deckies": {one.name: f"{one.state} {one.error}".rstrip() for one in done},
        "restart_needed": list(daemon.restart_needed),
    }


def _cold(old: object, new: object) -> bool:
    if hasattr(old, "log_level"):
        return evolve(old, log_level="info") != evolve(new, log_level="info")  # type: ignore[misc]  # both are DaemonSettings
    return old != new

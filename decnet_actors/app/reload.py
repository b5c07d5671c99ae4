"""This module applies a new configuration to a running daemon: what is hot at once, the rest is named."""

import asyncio
from collections.abc import Mapping

from attrs import evolve

from decnet_actors.app.daemon import Daemon
from decnet_actors.app.load import Configuration
from decnet_actors.fleet.desired import NOBODY

KIND = "config.reload"  # of the lifecycle operation
WITHIN = 600.0  # seconds a large fleet may take
COLD = ("daemon", "database", "journal", "control", "web", "fleet")


async def reload(daemon: Daemon, new: Configuration) -> Mapping[str, object]:
    """Apply ``new`` and return what changed; deckies that are equal in both are not touched."""
    old = daemon.configuration
    async with daemon.desired.changing:
        await daemon.desired.take(new.fleet)
        number = (await daemon.desired.newest()).revision.number
        wanted = daemon.desk.write(KIND, NOBODY, revision=number, reason="the configuration was read again")
        await daemon.desk.hand_in(wanted)
    async with asyncio.timeout(WITHIN):
        done = await daemon.desk.ended(wanted.id)
    needs_restart = [key for key in COLD if _cold(getattr(old.settings, key), getattr(new.settings, key))]
    daemon.configuration = new
    daemon.restart_needed = tuple(dict.fromkeys((*daemon.restart_needed, *needs_restart)))
    return {
        "deckies": {one.name: f"{one.state} {one.error}".rstrip() for one in done.outcomes},
        "restart_needed": list(daemon.restart_needed),
    }


def _cold(old: object, new: object) -> bool:
    if hasattr(old, "log_level"):
        return evolve(old, log_level="info") != evolve(new, log_level="info")  # type: ignore[misc]  # both are DaemonSettings
    return old != new

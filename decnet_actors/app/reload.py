"""This module applies a new configuration to a running daemon: what is hot at once, the rest is named."""

from collections.abc import Mapping

from attrs import evolve

from decnet_actors.app.daemon import Daemon
from decnet_actors.app.house import settle
from decnet_actors.app.load import Configuration
from decnet_actors.app.tree import FLEET
from decnet_actors.contracts.fleet import DeckyPlan
from supervisors.errors import ChildStateError, NoSuchActorError
from supervisors.messages import DeleteChild, StartChild, TerminateChild

WITHIN = 60.0  # seconds one decky may take to start or stop
COLD = ("daemon", "database", "journal", "control", "web", "fleet")


async def reload(daemon: Daemon, new: Configuration) -> Mapping[str, object]:
    """Apply ``new`` and return what changed; deckies that are equal in both are not touched."""
    old = daemon.configuration
    before = {plan.name: plan for plan in old.plans}
    after = {plan.name: plan for plan in new.plans}
    removed = [name for name in before if name not in after]
    changed = [name for name, plan in after.items() if name in before and _differs(before[name], plan)]
    added = [name for name in after if name not in before]
    for name in (*removed, *changed):
        await _remove(daemon, name)
    for name in (*changed, *added):
        await _add(daemon, after[name])
    daemon.inhabitants = {name: daemon.inhabitants[name] for name in after}
    needs_restart = [key for key in COLD if _cold(getattr(old.settings, key), getattr(new.settings, key))]
    daemon.configuration = new
    daemon.restart_needed = tuple(dict.fromkeys((*daemon.restart_needed, *needs_restart)))
    return {
        "added": added,
        "removed": removed,
        "changed": changed,
        "restart_needed": list(daemon.restart_needed),
    }


def _differs(old: DeckyPlan, new: DeckyPlan) -> bool:
    """Whether a decky must be set up anew; its place in the list matters only for an address we chose."""
    return old != (evolve(new, index=old.index) if new.address else new)


def _cold(old: object, new: object) -> bool:
    if hasattr(old, "log_level"):
        return evolve(old, log_level="info") != evolve(new, log_level="info")  # type: ignore[misc]  # both are DaemonSettings
    return old != new


async def _remove(daemon: Daemon, name: str) -> None:
    fleet = daemon.system.directory.address(FLEET)
    try:
        await fleet.ask(TerminateChild(name), within=WITHIN)
        await fleet.ask(DeleteChild(name), within=WITHIN)
    except (NoSuchActorError, ChildStateError):
        pass
    await daemon.driver.remove(name)
    daemon.inhabitants.pop(name, None)


async def _add(daemon: Daemon, plan: DeckyPlan) -> None:
    inhabitant, spec = await daemon.off(lambda: settle(plan, daemon.means))
    daemon.inhabitants[plan.name] = inhabitant
    await daemon.system.directory.address(FLEET).ask(StartChild(spec), within=WITHIN)

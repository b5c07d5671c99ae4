"""This module describes the subtree of one decky: a supervisor with one actor a service."""

from collections.abc import Callable
from typing import Any

from decnet_actors.contracts.fleet import DeckyPlan, ServicePlan
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.decoys.host import Household, ServiceHost
from supervisors.spec import Backoff, ChildSpec, SupervisorSpec

# A port in use or a broken plugin must not climb and take the rest of the fleet along: the service is tried for about
# ten minutes, then switched off, which the actor tree shows, and an operator starts it again.
PATIENCE = Backoff(backoff_min=0.05, backoff_max=5.0, reset_after=30.0, intensity=120, within=600.0)
_STOPPING = 5.0  # seconds for one service


def decky_spec(
    plan: DeckyPlan,
    household: Household,
    plugin: Callable[[str], Plugin[Any]],  # Any: each plugin has a config class of its own
    patience: Backoff = PATIENCE,
) -> SupervisorSpec:
    """Return the supervisor of a decky; its services fail and restart alone.

    Args:
        plan: what the decky serves.
        household: what its services share.
        plugin: finds a plugin by id; asked now, so that a missing one is told before anything starts.
        patience: how a service that failed is brought back.

    """
    children = [_service(service, household, plugin(service.plugin), patience) for service in plan.services]
    return SupervisorSpec(plan.name, children=children, on_exhausted="disable")


def _service(plan: ServicePlan, household: Household, plugin: Plugin[Any], patience: Backoff) -> ChildSpec:
    return ChildSpec(
        plan.name,
        start=lambda: ServiceHost(household, plan, plugin),
        shutdown=_STOPPING,
        backoff=patience,
        on_exhausted="disable",
    )

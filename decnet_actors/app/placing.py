"""This module asks the fleet driver, before anything is done, whether it has a place for every decky."""

from collections.abc import Mapping, Sequence

from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_driver import FleetDriver


def refusals(driver: FleetDriver, plans: Sequence[DeckyPlan]) -> Mapping[str, str]:
    """Return the deckies the driver has no place for, and why; an address it chooses may be another's."""
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    for plan in plans:
        try:
            address = plan.address or driver.address(plan.name, plan.index)
        except (OSError, ValueError) as error:
            found[plan.name] = str(error)
            continue
        if address in owners:
            found[plan.name] = f"{plan.name}: the address {address} is that of {owners[address]}; give it another"
        owners.setdefault(address, plan.name)
    return found

"""This module asks the fleet driver, before anything is done, whether it has a place for every decky."""

from collections.abc import Mapping, Sequence

from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_driver import FleetDriver, Wanted


def wanted_of(plan: DeckyPlan) -> Wanted:
    """Return the place a plan asks for."""
    return Wanted(decky=plan.name, index=plan.index, address=plan.address, mac=plan.mac, stack=plan.stack)


def refusals(driver: FleetDriver, plans: Sequence[DeckyPlan]) -> Mapping[str, str]:
    """Return the deckies the driver has no place for, and why; an address it chooses may be another's."""
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    for plan in plans:
        try:
            address = driver.place(wanted_of(plan)).address
        except (OSError, ValueError) as error:
            found[plan.name] = str(error)
            continue
        if address and address in owners:
            found[plan.name] = f"{plan.name}: the address {address} is that of {owners[address]}; give it another"
        owners.setdefault(address, plan.name)
    return found

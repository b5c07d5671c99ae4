"""This module asks the fleet driver, before anything is done, whether it has a place for every decky."""

from collections.abc import Iterator, Mapping, Sequence

from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_driver import FleetDriver, Wanted

OURS = "linux"  # the stack of this host's kernel: what a decky without one of its own shows
NAMED = 5  # deckies of a wish that are named


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


def shortfalls(driver: FleetDriver, plans: Sequence[DeckyPlan]) -> tuple[str, ...]:
    """Return the stacks that deckies should have and the driver does not give them; it hosts them without."""
    lacking: dict[str, list[str]] = {}
    for plan in plans:
        given = driver.place(wanted_of(plan)).stack or OURS
        if plan.stack and given != plan.stack:
            lacking.setdefault(plan.stack, []).append(plan.name)
    return tuple(_lacking(lacking))


def _lacking(lacking: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for stack, names in lacking.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield (
            f"no TCP/IP stack {stack} for {', '.join(names[:NAMED])}{more}: this fleet driver has none, "
            'they show this host\'s; [fleet] driver = "namespace" has'
        )

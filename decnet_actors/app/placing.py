"""This module asks the fleet driver, before anything is done, whether it has a place for every decky."""

from collections.abc import Iterator, Mapping, Sequence

from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_driver import FleetDriver, Wanted
from decnet_actors.contracts.inside import System
from decnet_actors.machine.persona import systems

OURS = "linux"  # the stack of this host's kernel: what a decky without one of its own shows
NAMED = 5  # deckies of a wish that are named


def wanted_of(plan: DeckyPlan) -> Wanted:
    """Return the place a plan asks for."""
    return Wanted(decky=plan.name, index=plan.index, address=plan.address, mac=plan.mac, stack=plan.stack)


def bait_users(plan: DeckyPlan) -> tuple[str, ...]:
    """Return whom baits let into a shell."""
    return tuple(dict.fromkeys(bait.user for bait in plan.baits if bait.service in {"", "ssh", "telnet"}))


def distribution_of(system: System) -> str:
    """Return what a machine is installed with, as a persona's distribution; empty when it does not say."""
    return f"{system.distribution}:{system.release}" if system.distribution else ""


def contradiction(plan: DeckyPlan, system: System) -> str:
    """Return how a decky would contradict the machine behind it; empty if it does not."""
    there = distribution_of(system)
    if there and there not in systems():
        known = ", ".join(sorted(name for name in systems() if ":" in name))
        return f"{plan.name}: no service speaks for {system.name or there}, which its image has; take one of {known}"
    if there and plan.distribution not in {"", system.distribution, there}:
        return (
            f"{plan.name}: its distribution is {plan.distribution} and its image has {there}; "
            "leave distribution out, or take another image"
        )
    accounts = {account.name for account in system.accounts}
    if missing := [user for user in bait_users(plan) if user not in accounts]:
        return (
            f"{plan.name}: its image has no account {', '.join(missing)} for the baits to let in; "
            f"useradd -m -s /bin/bash {missing[0]} in the image, or limit the bait to another service"
        )
    return ""


def refusals(driver: FleetDriver, plans: Sequence[DeckyPlan]) -> Mapping[str, str]:
    """Return the deckies the driver has no place or machine for, and why; an address it chooses may be another's."""
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    for plan in plans:
        try:
            address = driver.place(wanted_of(plan)).address
        except (OSError, ValueError) as error:
            found[plan.name] = str(error)
            continue
        if driver.inside is not None and (why := contradiction(plan, driver.inside.system)):
            found[plan.name] = why
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

"""This module puts deckies together: each plan gets its persona, machine, policy and place, and becomes a subtree."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from attrs import evolve, frozen

from decnet_actors.app.fleet_view import Inhabitant
from decnet_actors.app.placing import bait_users, distribution_of, wanted_of
from decnet_actors.contracts.decky_files import FileStore, Isolation, StoredFiles
from decnet_actors.contracts.decoy import Artifacts, Vault
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_driver import DHCP, FleetDriver, PlaceState, Wanted
from decnet_actors.contracts.journal import JournalWriter
from decnet_actors.contracts.machine import Machine
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.decoys.decky import decky_spec
from decnet_actors.decoys.host import Household
from decnet_actors.decoys.policy import BaitAndRarity
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.decoys.tarpit import Tarpits
from decnet_actors.domain.persona import Persona
from decnet_actors.machine import make_machine
from decnet_actors.machine.inside.machine import RealMachine, installed
from decnet_actors.machine.persona import generate, with_people, with_services
from supervisors.spec import Backoff, SupervisorSpec
from supervisors.together import together

MADE_AHEAD = 4  # places that are asked for at once before somebody needs them: those who need them now go on


@frozen(kw_only=True)
class Means:
    """What all deckies of this host are made with."""

    host: str
    seed: int  # of the installation
    founded: float  # Unix seconds: when the installation was made; personas are as of then, so they stay the same
    now: Callable[[], float]  # the daemon's clock: a machine's /proc moves with it
    work: Callable[[], float]  # monotonic seconds: what the shells' turns are measured by
    driver: FleetDriver
    sessions: OpenSessions
    artifacts: Artifacts
    vault: Callable[[str], Vault]  # by decky
    writer: Callable[[str], JournalWriter]
    offload: Callable[[Callable[[], bytes]], Awaitable[bytes]]
    patience: Backoff
    plugin: Callable[[str], Plugin[Any]]  # Any: each plugin has a config class of its own
    files: FileStore | None = None  # keeps changes of files; without it they are in memory only
    isolation: Isolation = Isolation.NONE  # of deckies that do not say


def settle(plan: DeckyPlan, means: Means, stored: StoredFiles | None = None) -> tuple[Inhabitant, SupervisorSpec]:
    """Return one decky, with the changes of its files that were kept, and the spec of its subtree."""
    wanted, persona = _introduced(plan, means)
    place = means.driver.place(wanted)
    own = _users(persona)  # bait neither gets a weak password nor moves those of others
    services = {service.name: service.port for service in plan.services}
    if means.driver.inside is None:
        persona = with_services(with_people(persona, bait_users(plan)), services)
    else:  # its accounts are those there are
        persona = evolve(persona, services=services)
    machine = _machine(persona, plan, means, stored)
    tarpits = Tarpits(plan.tarpits)
    household = Household(
        host=means.host,
        wanted=wanted,
        place=place,
        machine=machine,
        policy=BaitAndRarity(seed=persona.seed, users=own, baits=plan.baits, rarity=plan.weak_credentials),
        artifacts=means.artifacts,
        vault=means.vault(plan.name),
        driver=means.driver,
        sessions=means.sessions,
        tarpits=tarpits,
        writer=means.writer,
        offload=means.offload,
    )
    return Inhabitant(plan=plan, wanted=wanted, place=place, machine=machine, tarpits=tarpits), decky_spec(
        plan, household, means.plugin, means.patience
    )


def _machine(persona: Persona, plan: DeckyPlan, means: Means, stored: StoredFiles | None) -> Machine:
    if means.driver.inside is not None:
        return RealMachine(persona, means.driver.inside)
    return make_machine(
        persona,
        random.Random(f"{persona.seed}/machine"),  # noqa: S311  a persona, not a secret
        now=means.now,
        work=means.work,
        isolation=plan.isolation or means.isolation,
        stored=stored,
        told=means.files,
    )


def settle_all(
    plans: Sequence[DeckyPlan], means: Means, stored: Mapping[str, StoredFiles]
) -> tuple[dict[str, Inhabitant], Mapping[str, SupervisorSpec]]:
    """Return all deckies and their specs, by name, in fleet order; ``stored`` has the changes of their files."""
    settled = {plan.name: settle(plan, means, stored.get(plan.name)) for plan in plans}
    return (
        {name: inhabitant for name, (inhabitant, _) in settled.items()},
        {name: spec for name, (_, spec) in settled.items()},
    )


async def kept_files(names: Sequence[str], means: Means) -> Mapping[str, StoredFiles]:
    """Return the changes of deckies' files that were kept, by name."""
    return {} if means.files is None else await means.files.load(names)


async def arrive(plans: Sequence[DeckyPlan], means: Means) -> None:
    """Get the leases of deckies that want one: their machines know their addresses. Who gets none goes on asking."""
    async with asyncio.TaskGroup() as group:
        for plan in plans:
            if plan.running and plan.address == DHCP:
                _task = group.create_task(_arrive(plan, means))


async def prepare(inhabitants: Iterable[Inhabitant], means: Means) -> None:
    """Have the places of deckies made before their services ask for them: the driver works while others start."""

    async def make(wanted: Wanted) -> None:
        with suppress(OSError):  # its services try again, and say why
            await means.driver.create(wanted)

    await together([partial(make, one.wanted) for one in inhabitants if one.plan.running], MADE_AHEAD)


async def _arrive(plan: DeckyPlan, means: Means) -> None:
    with suppress(OSError):  # its services are tried again, and say why
        wanted, _ = await asyncio.to_thread(_introduced, plan, means)
        await means.driver.create(wanted)


def _introduced(plan: DeckyPlan, means: Means) -> tuple[Wanted, Persona]:
    """Return the place a decky is to have and who it is there."""
    wanted = wanted_of(plan)
    address = means.driver.place(wanted).address
    system = None if means.driver.inside is None else means.driver.inside.system
    said = plan.distribution or (distribution_of(system) if system is not None else "")
    persona = generate(means.seed, plan.name, address, means.founded, among=(said,) if said else plan.systems)
    persona = evolve(persona, mac=plan.mac or persona.mac)
    if system is not None:
        persona = installed(persona, system)
    return evolve(wanted, address=plan.address or address, mac=persona.mac, hostname=persona.hostname), persona


async def clear(driver: FleetDriver, inhabitants: Mapping[str, Inhabitant]) -> None:
    """Remove the places an earlier start left that are nobody's now, or not as they are wanted now."""
    for name, there in (await driver.observe()).items():
        inhabitant = inhabitants.get(name)
        wanted = None if inhabitant is None else evolve(inhabitant.place, tier=there.place.tier)
        if there.state is PlaceState.BROKEN or there.place != wanted:
            await driver.remove(name)


def _users(persona: Persona) -> list[str]:
    """Return who could log in on the machine."""
    return [
        account.name
        for account in persona.accounts
        if not account.shell.endswith(("nologin", "false", "sync", "shutdown", "halt"))
    ]

"""This module puts deckies together: each plan gets its persona, machine, policy and place, and becomes a subtree."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from decnet_actors.app.fleet_view import Inhabitant
from decnet_actors.app.placing import wanted_of
from decnet_actors.contracts.decoy import Artifacts, Vault
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_driver import FleetDriver, PlaceState
from decnet_actors.contracts.journal import JournalWriter
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.decoys.decky import decky_spec
from decnet_actors.decoys.host import Household
from decnet_actors.decoys.policy import BaitAndRarity
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.decoys.tarpit import Tarpits
from decnet_actors.domain.persona import Persona
from decnet_actors.machine import make_machine
from decnet_actors.machine.persona import generate, with_people, with_services
from supervisors.spec import Backoff, SupervisorSpec


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


def settle(plan: DeckyPlan, means: Means) -> tuple[Inhabitant, SupervisorSpec]:
    """Return one decky and the spec of its subtree."""
    wanted = wanted_of(plan)
    address = means.driver.place(wanted).address
    persona = generate(means.seed, plan.name, address, means.founded, distribution=plan.distribution or None)
    persona = evolve(persona, mac=plan.mac or persona.mac)
    own = _users(persona)  # bait neither gets a weak password nor moves those of others
    persona = with_people(persona, (bait.user for bait in plan.baits if bait.service in {"", "ssh", "telnet"}))
    persona = with_services(persona, {service.name: service.port for service in plan.services})
    wanted = evolve(wanted, address=address, mac=persona.mac, hostname=persona.hostname)
    place = means.driver.place(wanted)
    tarpits = Tarpits(plan.tarpits)
    household = Household(
        host=means.host,
        wanted=wanted,
        place=place,
        machine=make_machine(
            persona,
            random.Random(f"{persona.seed}/machine"),  # noqa: S311  a persona, not a secret
            now=means.now,
            work=means.work,
        ),
        policy=BaitAndRarity(seed=persona.seed, users=own, baits=plan.baits, rarity=plan.weak_credentials),
        artifacts=means.artifacts,
        vault=means.vault(plan.name),
        driver=means.driver,
        sessions=means.sessions,
        tarpits=tarpits,
        writer=means.writer,
        offload=means.offload,
    )
    return Inhabitant(plan=plan, place=place, persona=persona, tarpits=tarpits), decky_spec(
        plan, household, means.plugin, means.patience
    )


def settle_all(plans: Sequence[DeckyPlan], means: Means) -> tuple[dict[str, Inhabitant], Mapping[str, SupervisorSpec]]:
    """Return all deckies and their specs, by name, in fleet order."""
    settled = {plan.name: settle(plan, means) for plan in plans}
    return (
        {name: inhabitant for name, (inhabitant, _) in settled.items()},
        {name: spec for name, (_, spec) in settled.items()},
    )


async def clear(driver: FleetDriver, inhabitants: Mapping[str, Inhabitant]) -> None:
    """Remove the places an earlier start left that are nobody's now, or not as they are wanted now."""
    for name, there in (await driver.observe()).items():
        inhabitant = inhabitants.get(name)
        wanted = None if inhabitant is None else evolve(inhabitant.place, tier=there.place.tier)
        if there.state is not PlaceState.UP or there.place != wanted:
            await driver.remove(name)


def _users(persona: Persona) -> list[str]:
    """Return who could log in on the machine."""
    return [account.name for account in persona.accounts if not account.shell.endswith(("nologin", "false", "sync"))]

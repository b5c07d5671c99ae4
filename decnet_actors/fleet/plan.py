"""This module expands a fleet as written into a plan ready to be hosted, with every mistake named at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from decnet_actors.contracts.fleet import DeckyPlan, ServicePlan
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.fleet.settings import DeckySettings
from supervisors.config import ConfigError, Problem, Table, structure
from supervisors.config_errors import INVALID, Place, closest, problem_at
from supervisors.config_source import join

T = TypeVar("T")

MAX_DECKIES = 10_000
MAX_SERVICES = 32  # of one decky; a real machine with more is not believed either


def expand(
    fleet: Sequence[DeckySettings],
    *,
    available: Sequence[str],
    plugin: Callable[[str], Plugin[Any]],  # Any: each plugin has a config class of its own
) -> tuple[DeckyPlan, ...]:
    """Return the plan, deckies in the order written.

    Args:
        fleet: as configured.
        available: names of the decoy plugins that are installed (``ssh``, not ``decoy.ssh``).
        plugin: loads one by id.

    Raises:
        ConfigError: with every problem of every decky.

    """
    problems = _repeated(fleet)
    plans = [_decky(settings, index, available, plugin, problems) for index, settings in enumerate(fleet)]
    if len(fleet) > MAX_DECKIES:
        problems.append(_problem("decky", f"{len(fleet)} deckies; one host takes {MAX_DECKIES} at most"))
    if problems:
        raise ConfigError(problems)
    return tuple(plans)


def _decky(
    settings: DeckySettings,
    index: int,
    available: Sequence[str],
    plugin: Callable[[str], Plugin[Any]],
    problems: list[Problem],
) -> DeckyPlan:
    key = f"decky.{settings.name}.services"
    tables = _tables(settings.services)
    if not tables:
        problems.append(_problem(key, "a decky needs at least one service", settings.services))
    if len(tables) > MAX_SERVICES:
        problems.append(_problem(key, f"{len(tables)} services; at most {MAX_SERVICES}", settings.services))
    services: list[ServicePlan] = []
    ports: dict[int, str] = {}
    for name, table in tables.items():
        if name not in available:
            text = f"no decoy is called {name!r}; there are {', '.join(available)}"
            problems.append(_problem(key, text, settings.services, suggestion=closest(name, available)))
            continue
        found = plugin(f"decoy.{name}")
        try:
            config = structure(found.config, table)
        except ConfigError as error:
            problems += error.problems
            continue
        port = config.port
        if port in ports:
            problems.append(_problem(join(key, name), f"port {port} is already taken by {ports[port]}", table))
        ports[port] = name
        services.append(ServicePlan(name=name, plugin=found.id, config=config, port=port, limits=settings.limits))
    return DeckyPlan(
        name=settings.name,
        index=index,
        services=tuple(services),
        address=settings.address,
        distribution=settings.distribution,
        baits=settings.bait,
        weak_credentials=settings.weak_credentials,
    )


def _tables(services: Sequence[str] | Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    if isinstance(services, Table):
        # Keep each service's own place in the file for the plugin's problems.
        return {name: Table(node) for name, node in services.node.value.items()}
    if isinstance(services, Mapping):
        return dict(services)
    return {name: {} for name in services}


def _repeated(fleet: Sequence[DeckySettings]) -> list[Problem]:
    problems = []
    for what in ("name", "address"):
        seen: set[str] = set()
        for settings in fleet:
            value = getattr(settings, what)
            if value and value in seen:
                problems.append(_problem(f"decky.{settings.name}.{what}", f"two deckies have the {what} {value!r}"))
            seen.add(value)
    return problems


def _problem(key: str, text: str, table: object = None, *, suggestion: str | None = None) -> Problem:
    place = table.node.place if isinstance(table, Table) else Place()
    return problem_at(place, INVALID, text, key=key, suggestion=suggestion)

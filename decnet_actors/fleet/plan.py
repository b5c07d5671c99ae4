"""This module expands a fleet as written into a plan ready to be hosted, with every mistake named at once."""

import re
import typing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
from attrs import frozen

from decnet_actors.contracts.decky_files import Isolation
from decnet_actors.contracts.fleet import DeckyPlan, ServicePlan
from decnet_actors.contracts.fleet_driver import DHCP
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.fleet.archetypes import ARCHETYPES, Archetype, stack_of
from decnet_actors.fleet.settings import DeckySettings
from supervisors.config import ConfigError, Problem, Table, structure
from supervisors.config_errors import INVALID, Place, closest, problem_at
from supervisors.config_source import Node, join

MAX_DECKIES = 10_000
MAX_SERVICES = 32  # of one decky; a real machine with more is not believed either

_Known: TypeAlias = tuple[DeckySettings, int, DeckyPlan]

_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


@frozen(kw_only=True)
class Installed:
    """What this program can make deckies of.

    Args:
        services: names of the decoy plugins (``ssh``, not ``decoy.ssh``).
        plugin: loads one by id.
        systems: distributions, with and without their releases (``debian``, ``debian:12``).
        implausible: returns the services that not every machine of a system has.

    """

    services: Sequence[str]
    plugin: Callable[[str], Plugin[Any]]  # Any: each plugin has a config class of its own
    systems: Collection[str]
    implausible: Callable[[str], Collection[str]]

    def option(self, service: str, name: str, text: str) -> Any:  # Any: the shape of JSON
        """Return what a text means for an option; what does not fit its type is left for the option to refuse."""
        hints = typing.get_type_hints(self.plugin(f"decoy.{service}").config) if service in self.services else {}
        kind = hints.get(name)
        if kind is bool and text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        if kind is int and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            return int(text)
        if kind is float and re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", text):
            return float(text)
        return [word.strip() for word in text.split(",")] if typing.get_origin(kind) is tuple else text

    def is_secret(self, service: str, option: str) -> bool:
        """Return whether an option of a service holds a secret, as far as the service is known."""
        if service not in self.services:
            return True
        fields = {field.name: field for field in attrs.fields(self.plugin(f"decoy.{service}").config)}
        return option not in fields or bool(fields[option].metadata.get("secret"))


class Memory:
    """The plans of the last fleet that was expanded: of a large one that is changed most deckies stay the same objects.

    What is installed must stay the same, too.
    """

    def __init__(self) -> None:
        self._known: Mapping[int, _Known] = {}  # by identity of the settings, which are held with it
        self._seen: dict[int, _Known] = {}

    def recall(self, settings: DeckySettings, number: int) -> DeckyPlan | None:
        """Return the plan of these very settings."""
        known = self._known.get(id(settings))
        return known[2] if known is not None and known[1] == number else None

    def keep(self, settings: DeckySettings, number: int, plan: DeckyPlan) -> None:
        """Remember a plan for the next fleet."""
        self._seen[id(settings)] = (settings, number, plan)

    def turn(self) -> None:
        """Forget the fleet before the one that was just kept."""
        self._known, self._seen = self._seen, {}


def expand(
    fleet: Sequence[DeckySettings],
    installed: Installed,
    numbers: Mapping[str, int] | None = None,
    memory: Memory | None = None,
) -> tuple[DeckyPlan, ...]:
    """Return the plan, deckies in the order written.

    Args:
        fleet: as an operator wrote it.
        installed: what there is to make it of.
        numbers: of the deckies (``document.Document``); ``None`` counts them.
        memory: of earlier fleets.

    Raises:
        ConfigError: with every problem of every decky.

    """
    memory = Memory() if memory is None else memory
    problems = _repeated(fleet)
    if numbers is None:
        numbers = {settings.name: index for index, settings in enumerate(fleet)}
    plans = []
    for settings in fleet:
        number, count = numbers[settings.name], len(problems)
        plan = memory.recall(settings, number)
        if plan is None:
            plan = _decky(settings, number, installed, problems)
        plans.append(plan)
        if len(problems) == count:
            memory.keep(settings, number, plan)
    memory.turn()
    if len(fleet) > MAX_DECKIES:
        problems.append(_problem("decky", f"{len(fleet)} deckies; one host takes {MAX_DECKIES} at most"))
    if problems:
        raise ConfigError(problems)
    return tuple(plans)


def placed(problem: Problem, tree: Node) -> Problem:
    """Return a fleet's problem with the place of the decky it speaks of, as near as the file allows."""
    deckies = _child(tree, "decky")
    if problem.file or deckies is None:
        return problem
    name = named(problem)
    for decky in deckies.value:
        given = _child(decky, "name")
        if given is None or given.value != name:
            continue
        found = _child(decky, problem.key.rpartition(".")[2]) or given
        if isinstance(found.value, list):  # the very item, where the text names it
            found = next((item for item in found.value if repr(item.value) in problem.text), found)
        return problem_at(found.place, problem.code, problem.text, key=problem.key, suggestion=problem.suggestion)
    return problem


def out_of_place(settings: DeckySettings, installed: Installed) -> Collection[str]:
    """Return the services that not all of the systems a decky may be could have."""
    known = [name for name in _systems(settings) if name in installed.systems]
    return {service for name in known for service in installed.implausible(name)}


def named(problem: Problem) -> str:
    """Return the decky a problem of ``expand`` is about; empty when it is about all."""
    return problem.key.split(".")[1] if "." in problem.key else ""


def _decky(settings: DeckySettings, number: int, installed: Installed, problems: list[Problem]) -> DeckyPlan:
    key = f"decky.{settings.name}.services"
    archetype = ARCHETYPES.get(settings.archetype)
    problems += _unknown(settings, installed)
    tables = dict(_tables(settings.services))
    if not tables and archetype is not None:
        tables = {name: {} for name in sorted(archetype.installed(installed.services))}
        if not tables:
            wanted = ", ".join(archetype.services)
            text = f"no decoy is installed for anything that {archetype.name} serves ({wanted}); name services"
            problems.append(_problem(f"decky.{settings.name}.archetype", text))
    elif not tables:
        problems.append(_problem(key, "a decky needs at least one service, or an archetype", settings.services))
    problems += _tarpits(settings, installed.services)
    if len(tables) > MAX_SERVICES:
        problems.append(_problem(key, f"{len(tables)} services; at most {MAX_SERVICES}", settings.services))
    problems += _out_of_place(settings, tables, installed)
    services: list[ServicePlan] = []
    ports: dict[int, str] = {}
    for name, table in tables.items():
        if name not in installed.services:
            text = f"no decoy is called {name!r}; there are {', '.join(installed.services)}"
            guess = closest(name, installed.services)
            problems.append(_problem(key, text, settings.services, suggestion=guess))
            continue
        if not isinstance(table, Mapping):
            problems.append(_problem(join(key, name), "its options are a table", settings.services))
            continue
        found = installed.plugin(f"decoy.{name}")
        try:
            config = structure(found.config, table)
        except ConfigError as error:
            problems += (_of_service(problem, join(key, name)) for problem in error.problems)
            continue
        port = config.port
        if port in ports:
            problems.append(_problem(join(key, name), f"port {port} is already taken by {ports[port]}", table))
        ports[port] = name
        services.append(ServicePlan(name=name, plugin=found.id, config=config, port=port, limits=settings.limits))
    return DeckyPlan(
        name=settings.name,
        index=number,
        services=tuple(services),
        address=settings.address,
        distribution=settings.distribution,
        systems=() if settings.distribution else _systems(settings),
        baits=settings.bait,
        weak_credentials=settings.weak_credentials,
        stack=settings.stack or _stack(settings, archetype),
        mac=settings.mac,
        isolation=Isolation(settings.isolate) if settings.isolate else None,
        running=settings.state == "running",
        tarpits=settings.tarpit,
    )


def _systems(settings: DeckySettings) -> tuple[str, ...]:
    """Return what a decky may be, as far as that was said."""
    if settings.distribution:
        return (settings.distribution,)
    archetype = ARCHETYPES.get(settings.archetype)
    return () if archetype is None else archetype.distributions


def _stack(settings: DeckySettings, archetype: Archetype | None) -> str:
    """Return the stack of a decky's system as far as that is said; empty leaves it to the driver's own setting."""
    if settings.distribution:
        return stack_of(settings.distribution)
    return "" if archetype is None else archetype.stack


def _unknown(settings: DeckySettings, installed: Installed) -> Iterator[Problem]:
    """Yield a problem for each name that names nothing."""
    if settings.archetype and settings.archetype not in ARCHETYPES:
        text = f"no archetype is called {settings.archetype!r}; there are {', '.join(ARCHETYPES)}"
        guess = closest(settings.archetype, list(ARCHETYPES))
        yield _problem(f"decky.{settings.name}.archetype", text, suggestion=guess)
    if settings.distribution and settings.distribution not in installed.systems:
        text = f"no system is called {settings.distribution!r}; there are {', '.join(sorted(installed.systems))}"
        guess = closest(settings.distribution, sorted(installed.systems))
        yield _problem(f"decky.{settings.name}.distribution", text, suggestion=guess)


def _tarpits(settings: DeckySettings, installed: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each tarpit that slows nothing, or one thing twice."""
    key = f"decky.{settings.name}.tarpit"
    seen: set[str] = set()
    for tarpit in settings.tarpit:
        if tarpit.service in seen:
            yield _problem(key, f"two tarpits for {tarpit.service or 'all services'}")
        elif tarpit.service and tarpit.service not in installed:
            text = f"no decoy is called {tarpit.service!r}; there are {', '.join(installed)}"
            yield _problem(key, text, suggestion=closest(tarpit.service, installed))
        seen.add(tarpit.service)


def _out_of_place(settings: DeckySettings, services: Collection[str], installed: Installed) -> Iterator[Problem]:
    """Yield a problem for each service that the decky's system might not have."""
    refused = out_of_place(settings, installed)
    for name in services:
        if name in refused:
            text = f"no {' or '.join(_systems(settings))} serves {name}: leave it out, or choose another distribution"
            yield _problem(join(f"decky.{settings.name}.services", name), text, settings.services)


def _tables(services: Sequence[str] | Mapping[str, Any]) -> Iterator[tuple[str, Any]]:  # Any: a table of options
    """Yield each service and its options, in the one order that plans have."""
    if isinstance(services, Table):
        # Keep each service's own place in the file for the plugin's problems.
        for name, node in sorted(services.node.value.items()):
            yield name, Table(node) if isinstance(node.value, dict) else node.value
    elif isinstance(services, Mapping):
        yield from sorted(services.items())
    else:
        yield from ((name, {}) for name in sorted(set(services)))


def _of_service(problem: Problem, key: str) -> Problem:
    """Return a problem with an option of a service with the option's path in the fleet."""
    return attrs.evolve(problem, key=f"{key}.{problem.key}" if problem.key else key)


def _repeated(fleet: Sequence[DeckySettings]) -> list[Problem]:
    problems = []
    for what in ("name", "address"):
        seen: set[str] = set()
        for settings in fleet:
            value = getattr(settings, what)
            if value and value in seen and value != DHCP:
                problems.append(_problem(f"decky.{settings.name}.{what}", f"two deckies have the {what} {value!r}"))
            seen.add(value)
    return problems


def _problem(key: str, text: str, table: object = None, *, suggestion: str | None = None) -> Problem:
    place = table.node.place if isinstance(table, Table) else Place()
    return problem_at(place, INVALID, text, key=key, suggestion=suggestion)


def _child(node: Node | None, key: str) -> Node | None:
    found = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
    return found if isinstance(found, Node) else None

"""This module makes the fleet an operator's command asks for of the one there is: pure, one function a command."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from attrs import evolve

from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet import Tarpit
from decnet_actors.contracts.fleet_driver import DHCP
from decnet_actors.domain.text import escaped
from decnet_actors.fleet.decky_operations import DeckyCreateArgs, DeckyEditArgs, DeckyOptionsArgs, DeckyServiceArgs
from decnet_actors.fleet.document import normal
from decnet_actors.fleet.settings import DeckySettings
from decnet_actors.fleet.tarpit_operations import TarpitClearArgs, TarpitSetArgs

Fleet = tuple[DeckySettings, ...]
Tables = dict[str, dict[str, Any]]  # Any: the shape of JSON
Meaning = Callable[[str, str, str], Any]  # of a text, for an option of a service; Any: as above

MAX_NAME = 64  # characters of a name repeated in an error
DIGITS = 2  # of a number made for a name


def find(fleet: Sequence[DeckySettings], name: str) -> DeckySettings:
    """Return the decky of that name.

    Raises:
        OperatorError: DN2001.

    """
    for settings in fleet:
        if settings.name == name:
            return settings
    guess = did_you_mean(name, [settings.name for settings in fleet])
    raise OperatorError(CATALOGUE["DN2001"], f'no decky is called "{escaped(name, MAX_NAME)}"{guess}')


def created(fleet: Fleet, args: DeckyCreateArgs) -> Fleet:
    """Return the fleet with one more decky, at its end."""
    if any(settings.name == args.name for settings in fleet):
        raise OperatorError(
            CATALOGUE["DN4009"],
            f'there is a decky "{args.name}" already',
            fix=(f"decnetctl decky edit {args.name}",),
        )
    return (*fleet, _made({"name": args.name}, args))


def edited(fleet: Fleet, args: DeckyEditArgs) -> Fleet:
    """Return the fleet with one decky changed."""
    before = normal(find(fleet, args.name))
    return _replaced(fleet, _made(before, args))


def without(fleet: Fleet, name: str) -> Fleet:
    """Return the fleet without a decky."""
    gone = find(fleet, name)
    return tuple(settings for settings in fleet if settings is not gone)


def started(fleet: Fleet, name: str) -> Fleet:
    """Return the fleet with a decky that is to run."""
    return _replaced(fleet, evolve(find(fleet, name), state="running"))


def stopped(fleet: Fleet, name: str) -> Fleet:
    """Return the fleet with a decky that is to rest."""
    return _replaced(fleet, evolve(find(fleet, name), state="stopped"))


def service_added(fleet: Fleet, args: DeckyOptionsArgs, usual: Collection[str], meaning: Meaning) -> Fleet:
    """Return the fleet with a decky that serves one thing more; ``usual`` is what it serves if it does not say."""
    before = find(fleet, args.name)
    tables = served(before, usual)
    if args.service in tables:
        raise OperatorError(
            CATALOGUE["DN4009"],
            f"{args.name} has the service {escaped(args.service, MAX_NAME)} already",
            fix=(f"decnetctl decky service-set {args.name} {args.service} --option KEY=VALUE",),
        )
    return _replaced(fleet, evolve(before, services={**tables, args.service: _options({}, args, meaning)}))


def service_set(fleet: Fleet, args: DeckyOptionsArgs, usual: Collection[str], meaning: Meaning) -> Fleet:
    """Return the fleet with other options of one service of a decky."""
    before = find(fleet, args.name)
    tables = _having(before, args.service, usual)
    changed = _options(tables[args.service], args, meaning)
    return _replaced(fleet, evolve(before, services={**tables, args.service: changed}))


def service_removed(fleet: Fleet, args: DeckyServiceArgs, usual: Collection[str]) -> Fleet:
    """Return the fleet with a decky that serves one thing less."""
    before = find(fleet, args.name)
    tables = _having(before, args.service, usual)
    del tables[args.service]
    if not tables:
        raise OperatorError(
            CATALOGUE["DN4010"],
            f"{args.service} is all that {args.name} serves",
            fix=(f"decnetctl decky stop {args.name}", f"decnetctl decky delete {args.name}"),
        )
    return _replaced(fleet, evolve(before, services=tables))


def slowed(fleet: Fleet, args: TarpitSetArgs) -> Fleet:
    """Return the fleet with a decky whose replies, or those of one service, are slowed down.

    Raises:
        OperatorError: DN2001, DN5001.

    """
    before = find(fleet, args.name)
    try:
        tarpit = Tarpit(service=args.service, delay=args.delay, rate=args.rate)
    except ValueError as error:
        raise _unfit(error) from error
    return _replaced(fleet, evolve(before, tarpit=(*_others(before, args.service), tarpit)))


def unslowed(fleet: Fleet, args: TarpitClearArgs) -> Fleet:
    """Return the fleet with a decky that answers at its own pace.

    Raises:
        OperatorError: DN2001; DN3001, there is no such tarpit.

    """
    before = find(fleet, args.name)
    left = _others(before, args.service)
    if left == before.tarpit:
        which = f"of its own for {escaped(args.service, MAX_NAME)}" if args.service else "for all its services"
        raise OperatorError(
            CATALOGUE["DN3001"],
            f"{args.name} has no tarpit {which}",
            fix=(f"decnetctl decky tarpit-show {args.name}",),
        )
    return _replaced(fleet, evolve(before, tarpit=left))


def _others(settings: DeckySettings, service: str) -> tuple[Tarpit, ...]:
    return tuple(tarpit for tarpit in settings.tarpit if tarpit.service != service)


def serving(fleet: Fleet, name: str, services: Collection[str]) -> Fleet:
    """Return the fleet with a decky that serves exactly these; options of services that stay are kept."""
    before = find(fleet, name)
    kept = served(before, ())
    return _replaced(fleet, evolve(before, services={service: kept.get(service, {}) for service in services}))


def served(settings: DeckySettings, usual: Collection[str]) -> Tables:
    """Return the services of a decky with their options; those of its archetype if it names none."""
    services = normal(settings).services
    tables: Tables = dict(services) if isinstance(services, Mapping) else {}
    return tables or {name: {} for name in usual}


def scaled(fleet: Fleet, group: str, count: int) -> Fleet:
    """Return the fleet with ``count`` deckies of a group: ``web-01``, ``web-02``, ...

    New ones are made like the one with the highest number, without what is only its own: address and card.

    Raises:
        OperatorError: DN2001, the group has no decky to make others like.

    """
    members = sorted((number, settings) for settings in fleet if (number := _number(group, settings.name)) is not None)
    if not members:
        groups = sorted({settings.name.rpartition("-")[0] for settings in fleet if _in_group(settings.name)})
        raise OperatorError(
            CATALOGUE["DN2001"],
            f'no decky is called "{escaped(group, MAX_NAME)}-" and a number{did_you_mean(group, groups)}',
            fix=(f"decnetctl decky create {group}-01 --services ssh",),
        )
    gone = {settings.name for _, settings in members[count:]}
    last, template = members[-1]
    taken = {settings.name for settings in fleet}
    added: list[DeckySettings] = []
    while len(members) + len(added) < count:
        last += 1
        name = f"{group}-{last:0{DIGITS}d}"
        if name not in taken:
            added.append(evolve(template, name=name, address=DHCP if template.address == DHCP else "", mac=""))
    return (*(settings for settings in fleet if settings.name not in gone), *added)


def _number(group: str, name: str) -> int | None:
    prefix, _, digits = name.rpartition("-")
    return int(digits) if prefix == group and re.fullmatch(r"[0-9]{1,9}", digits) else None


def _in_group(name: str) -> bool:
    return _number(name.rpartition("-")[0], name) is not None


def _replaced(fleet: Fleet, changed: DeckySettings) -> Fleet:
    return tuple(changed if settings.name == changed.name else settings for settings in fleet)


def _made(before: DeckySettings | Mapping[str, Any], args: DeckyCreateArgs | DeckyEditArgs) -> DeckySettings:
    """Return a decky with what the arguments say.

    Raises:
        OperatorError: DN5001, a value that cannot be.

    """
    given = {
        name: value
        for name in ("archetype", "address", "distribution", "stack", "mac", "weak_credentials", "mutate_interval")
        if (value := getattr(args, name)) is not None
    }
    if args.services is not None:
        kept = served(before, ()) if isinstance(before, DeckySettings) else {}
        given["services"] = {service: kept.get(service, {}) for service in args.services}
    try:
        return DeckySettings(**before, **given) if isinstance(before, Mapping) else evolve(before, **given)
    except ValueError as error:
        raise _unfit(error) from error


def _unfit(error: ValueError) -> OperatorError:
    """Return what an operator sees of a value that cannot be."""
    name, _, text = str(error.args[0]).partition(":")
    problem = f"/{name.strip(chr(39))}:{text}" if text else f"/: {error.args[0]}"
    return OperatorError(CATALOGUE["DN5001"], problem.lstrip("/"), errors=(problem,))


def _having(settings: DeckySettings, service: str, usual: Collection[str]) -> Tables:
    tables = served(settings, usual)
    if service not in tables:
        raise OperatorError(
            CATALOGUE["DN3001"],
            f"{settings.name} has no service {escaped(service, MAX_NAME)}{did_you_mean(service, tables)}",
            fix=(f"decnetctl decky service-add {settings.name} {service}", f"decnetctl decky show {settings.name}"),
        )
    return tables


def _options(
    before: Mapping[str, Any], args: DeckyOptionsArgs, meaning: Meaning
) -> dict[str, Any]:  # Any: the shape of JSON
    """Return the options of a service with what ``KEY=VALUE`` words say."""
    options = dict(before)
    for word in args.option:
        key, equals, text = word.partition("=")
        if not key or not equals:
            problem = f"/option: {escaped(word, MAX_NAME)} is not KEY=VALUE"
            raise OperatorError(CATALOGUE["DN5001"], problem.lstrip("/"), errors=(problem,))
        if text:
            options[key] = meaning(args.service, key, text)
        else:
            options.pop(key, None)
    return options

"""This module tells what is different between two fleets: which deckies, which fields of them, from what to what."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
from attrs import frozen

from decnet_actors.contracts.fleet import DeckyPlan, Limits, Tarpit
from decnet_actors.fleet.document import Document, normal
from decnet_actors.fleet.fleet_operations import Action, DeckyChange, FieldChange
from decnet_actors.fleet.settings import DeckySettings
from supervisors.config_doc import toml_value
from supervisors.config_source import join

Plain: TypeAlias = Any  # the shape of JSON
IsSecret: TypeAlias = Callable[[str, str], bool]  # of a service's option

HIDDEN = "(secret)"
LEFT_OUT = frozenset({"name", "services", "bait", "limits", "tarpit"})  # fields that are told apart by what is in them


@frozen(kw_only=True)
class Absent:
    """Marks a field that one of the two fleets does not have."""


ABSENT = Absent()
Fields: TypeAlias = Mapping[str, Plain]  # path -> value


@frozen(kw_only=True)
class Difference:
    """One decky's: ``fields`` has (path, value before, value after), ``ABSENT`` where it was or is not there."""

    name: str
    action: Action
    fields: tuple[tuple[str, Plain, Plain], ...] = ()


def differences(old: Document, new: Document) -> tuple[Difference, ...]:
    """Return what is different: deckies that go or change in the old order, then those that come in the new one."""
    before, after = _by_name(old), _by_name(new)
    found = []
    for name, settings in before.items():
        if name not in after:
            found.append(Difference(name=name, action=Action.REMOVED))
        elif settings is after[name] and old.numbers.get(name) == new.numbers.get(name):
            continue  # most of a large fleet, when one is edited
        elif fields := tuple(_compared(_numbered(old, settings), _numbered(new, after[name]))):
            found.append(Difference(name=name, action=Action.CHANGED, fields=fields))
    found += [
        Difference(name=name, action=Action.CREATED, fields=tuple(_compared(_blank(settings), flat(settings))))
        for name, settings in after.items()
        if name not in before
    ]
    kept = [name for name in before if name in after]
    moved = [name for name in after if name in before]
    told = {difference.name for difference in found}
    found += [
        Difference(name=name, action=Action.MOVED)
        for name, other in zip(moved, kept, strict=True)
        if name != other and name not in told
    ]
    return tuple(found)


def flat(settings: DeckySettings) -> dict[str, Plain]:
    """Return every field of a decky by its path, defaults too; a service is there by itself, its options below it."""
    settings = normal(settings)
    fields: dict[str, Plain] = {
        field.name: getattr(settings, field.name) for field in attrs.fields(DeckySettings) if field.name not in LEFT_OUT
    }
    fields["bait"] = settings.bait
    fields |= {f"limits.{name}": value for name, value in attrs.asdict(settings.limits).items()}
    fields |= {join("tarpit", tarpit.service or "*"): tarpit for tarpit in settings.tarpit}
    for service, options in dict(settings.services).items():  # type: ignore[arg-type]  # normal settings have tables
        fields[join("services", service)] = True
        fields |= {join(join("services", service), option): value for option, value in options.items()}
    return fields


def shown(found: Sequence[Difference], plans: Sequence[DeckyPlan], is_secret: IsSecret) -> tuple[DeckyChange, ...]:
    """Return the differences as an operator may see them: values as TOML text, secrets hidden.

    Args:
        found: what is different.
        plans: of the new fleet, which tell what a decky serves.
        is_secret: says whether an option of a service holds a secret.

    """
    serves = {plan.name: tuple(service.name for service in plan.services) for plan in plans}
    return tuple(
        DeckyChange(
            name=difference.name,
            action=difference.action,
            fields=tuple(
                FieldChange(field=path, old=_text(path, old, is_secret), new=_text(path, value, is_secret))
                for path, old, value in difference.fields
            ),
            services=serves.get(difference.name, ()),
        )
        for difference in found
    )


def tarpit_text(tarpit: Tarpit) -> str:
    """Return ``2.5 s, then 20 B/s``."""
    rate = f"{tarpit.rate} B/s" if tarpit.rate else ""
    return ", then ".join(filter(None, (f"{tarpit.delay:g} s" if tarpit.delay else "", rate)))


def summary(old: Document, new: Document, found: Sequence[Difference]) -> str:
    """Return ``1 created, 2 changed`` for what was ``found`` between the two; empty when nothing is different."""
    counts = {action: sum(difference.action is action for difference in found) for action in Action}
    words = [f"{count} {action}" for action, count in counts.items() if count]
    if old.paused != new.paused:
        words.append("paused" if new.paused else "resumed")
    return ", ".join(words)


def _by_name(document: Document) -> dict[str, DeckySettings]:
    return {settings.name: settings for settings in document.deckies}


def _numbered(document: Document, settings: DeckySettings) -> Fields:
    return {"number": document.numbers[settings.name], **flat(settings)}


def _blank(settings: DeckySettings) -> Fields:
    """Return the fields of a decky that is only named, so that a new one is told by what was chosen for it."""
    return flat(DeckySettings(name=settings.name))


def _compared(old: Fields, new: Fields) -> Iterator[tuple[str, Plain, Plain]]:
    for path in dict.fromkeys((*old, *new)):
        before, after = old.get(path, ABSENT), new.get(path, ABSENT)
        # a whole number and a fraction, or a number and a truth, are unlike in a file
        if before != after or type(before) is not type(after):
            yield path, before, after


def _text(path: str, value: Plain, is_secret: IsSecret) -> str:
    root, _, rest = path.partition(".")
    if value is ABSENT:
        return ""
    if root == "bait":
        return toml_value([f"{bait.user}@{bait.service}" if bait.service else bait.user for bait in value])
    if root == "tarpit":
        return tarpit_text(value)
    if root == "services" and "." not in rest:
        return "present"
    if root == "services" and is_secret(*rest.split(".", 1)):
        return HIDDEN
    if root == "limits":
        return toml_value(value, attrs.fields_dict(Limits)[rest].metadata.get("unit"))
    return toml_value(value, "plain" if root == "services" else None)

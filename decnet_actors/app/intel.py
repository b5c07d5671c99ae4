"""This module puts intelligence together: settings and plugins become providers, and the doctor can look at them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from decnet_actors.contracts.runtime_operations import CheckResult
from decnet_actors.enrich.ask import asking
from decnet_actors.enrich.correspondent import Correspondent
from decnet_actors.enrich.enricher import NAME, Enricher
from decnet_actors.enrich.handlers import IntelHandlers
from decnet_actors.enrich.settings import IntelSettings
from decnet_actors.store.intel import IntelTable
from decnet_actors.store.intel_handlers import IntelHandlers as Stored
from decnet_actors.store.intel_handlers import bind_intel
from decnet_actors.store.ledger import JournalLedger
from supervisors.clock import Clock
from supervisors.config import ConfigError, Problem, Secret, structure
from supervisors.config_errors import INVALID, Place, problem_at
from supervisors.plugin import PluginError, PluginRegistry

if TYPE_CHECKING:
    from decnet_actors.app.daemon import Daemon

KIND = "intel"
ENRICHER = f"decnetd/{NAME}"


def problems_of(settings: IntelSettings, registry: PluginRegistry) -> Iterator[Problem]:
    """Yield what is wrong with the choice of providers and their options."""
    for name in dict.fromkeys((*settings.providers, *settings.options)):
        try:
            structure(registry.load(f"{KIND}.{name}").config, settings.options.get(name, {}))
        except ConfigError as error:
            yield from error.problems
        except PluginError as error:
            yield problem_at(Place(), INVALID, str(error), key="intel.providers")


def correspondents(settings: IntelSettings, registry: PluginRegistry, clock: Clock) -> tuple[Correspondent, ...]:
    """Return the providers that were chosen, each once."""
    ask = asking(settings.timeout, settings.user_agent)
    return tuple(
        Correspondent(name, registry.create(f"{KIND}.{name}", settings.options.get(name, {}), None), ask, clock)
        for name in dict.fromkeys(settings.providers)
    )


def enricher(daemon: "Daemon", ledger: JournalLedger) -> Enricher:
    """Return the actor that asks the providers."""
    return Enricher(
        daemon.settings.intel,
        daemon.correspondents,
        IntelTable(daemon.engine),
        ledger,
        daemon.reader,
        lambda: {address for one in daemon.inhabitants.values() for address in one.place.addresses},
    )


def bind_operations(daemon: "Daemon") -> None:
    """Bind the operations on intelligence."""
    stored = IntelTable(daemon.engine)
    bind_intel(daemon.table, stored)
    IntelHandlers(
        enabled=daemon.settings.intel.enabled,
        correspondents=daemon.correspondents,
        enricher=lambda: daemon.system.directory.address(ENRICHER),
        detail=Stored(stored).detail,
    ).bind(daemon.table)


def used_plugins(settings: IntelSettings) -> Mapping[str, int]:
    """Return which plugins are used."""
    return {f"{KIND}.{name}": 1 for name in settings.providers} if settings.enabled else {}


def key_files(settings: IntelSettings, registry: PluginRegistry) -> list[Path]:
    """Return the files that keys were read from."""
    found: list[Path] = []
    for name in dict.fromkeys(settings.providers):
        config: Any = structure(registry.load(f"{KIND}.{name}").config, settings.options.get(name, {}))  # Any: its own
        secrets = (getattr(config, field.name) for field in attrs.fields(type(config)))
        found += (Path(one.origin.removeprefix("file ")) for one in secrets if _is_file(one))
    return found


def _is_file(value: object) -> bool:
    return isinstance(value, Secret) and value.origin.startswith("file ")


def check(settings: IntelSettings, found: tuple[Correspondent, ...]) -> tuple[CheckResult, str, str]:
    """Find providers that cannot be asked (a check of the doctor: result, evidence, remedy)."""
    if not settings.enabled:
        return CheckResult.OK, "nobody is asked about attackers' addresses", ""
    lacking = [one for one in found if one.lacks]
    if lacking:
        evidence = f"not asked: {', '.join(f'{one.name} ({one.lacks} is missing)' for one in lacking)}"
        name = lacking[0].name
        return (
            CheckResult.WARN,
            evidence,
            f'[intel.options.{name}] key = {{ file = "..." }}, or leave it out of providers',
        )
    failing = [row for row in (one.status(enabled=True) for one in found) if row.error]
    if failing:
        evidence = "; ".join(f"{row.provider}: {row.error}" for row in failing)
        return CheckResult.WARN, evidence, "decnetctl intel status"
    return CheckResult.OK, f"{len(found)} provider{'s' * (len(found) != 1)} can be asked", ""

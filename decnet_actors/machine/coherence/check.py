"""This module applies every rule of coherence to a machine."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from decnet_actors.machine.coherence import inhabitants, system
from decnet_actors.machine.coherence.surfaces import Contradiction, Surfaces

Rule = Callable[[Surfaces], Iterator[Contradiction]]

_EVERYWHERE: Mapping[str, Rule] = {"services": inhabitants.services, "windows": inhabitants.windows}
_UNIX: Mapping[str, Rule] = {
    "kernel": system.kernel,
    "architecture": system.architecture,
    "processors": system.processors,
    "name": system.name,
    "release": system.release,
    "time": system.time,
    "uptime": system.uptime,
    "memory": system.memory,
    "disks": system.disks,
    "ages": system.ages,
    "accounts": inhabitants.accounts,
    "processes": inhabitants.processes,
    "network": inhabitants.network,
    "ports": inhabitants.ports,
    "packages": inhabitants.packages,
}
RULES: Mapping[str, Rule] = {**_EVERYWHERE, **_UNIX}


def rules_of(surfaces: Surfaces) -> Sequence[str]:
    """Return the names of the rules that apply: a machine without Unix commands has only services."""
    return tuple(RULES if surfaces.persona.userland else _EVERYWHERE)


def check(surfaces: Surfaces) -> tuple[Contradiction, ...]:
    """Return every contradiction of a machine; none when it holds together."""
    return tuple(found for name in rules_of(surfaces) for found in RULES[name](surfaces))

"""This module chooses another set of services for a decky, one that its machine could have."""

import random
from collections.abc import Collection, Mapping

SMALLEST, LARGEST = 1, 3  # services of a set that is chosen

# What a machine of a family may serve. What stands under no family is never chosen.
PLAUSIBLE: Mapping[str, frozenset[str]] = {
    "linux": frozenset(
        {
            *(
                "ssh",
                "http",
                "telnet",
                "ftp",
                "tftp",
                "smtp",
                "pop3",
                "imap",
                "mysql",
                "postgres",
                "redis",
                "mongodb",
                "smb",
            ),
            *("snmp", "mqtt", "sip", "ldap", "docker_api", "k8s", "elasticsearch", "memcached", "vnc", "dns", "ntp"),
        }
    ),
    "windows": frozenset({"smb", "rdp", "http", "ldap", "llmnr", "ftp", "mssql", "smtp", "dns", "winrm", "vnc"}),
    "freebsd": frozenset({"ssh", "http", "ftp", "smtp", "pop3", "imap", "postgres", "redis", "dns", "ntp", "snmp"}),
    "cisco": frozenset({"telnet", "ssh", "snmp", "http", "ntp"}),
    "embedded": frozenset({"telnet", "http", "ssh", "snmp", "mqtt", "conpot", "sip"}),
}


def family(stack: str) -> str:
    """Return the family of a stack: ``windows`` of ``windows-10``; no stack is a Linux machine's."""
    return stack.partition("-")[0] or "linux"


def plausible(stack: str, services: Collection[str]) -> tuple[str, ...]:
    """Return those of the services that a machine with this stack could have, sorted."""
    return tuple(sorted(PLAUSIBLE.get(family(stack), frozenset()) & set(services)))


def choose(old: Collection[str], *, stack: str, ports: Mapping[str, int], rng: random.Random) -> tuple[str, ...] | None:
    """Return a new set of services, sorted; ``None`` when there is no other.

    Args:
        old: what the decky serves; never chosen again.
        stack: of its machine; nothing implausible for it is chosen.
        ports: of every service there is a decoy for; no two of a set share one.
        rng: chance.

    """
    pool = list(plausible(stack, ports))
    wanted = list(range(SMALLEST, min(LARGEST, len(pool)) + 1))
    rng.shuffle(wanted)
    for size in wanted:  # a set of another size exists when this size has only the old one
        rng.shuffle(pool)
        for start in range(len(pool)):
            chosen = _distinct([*pool[start:], *pool[:start]], size, ports)
            if len(chosen) == size and set(chosen) != set(old):
                return tuple(sorted(chosen))
    return None


def _distinct(order: list[str], size: int, ports: Mapping[str, int]) -> list[str]:
    """Return the first services in this order whose ports are unlike."""
    chosen: list[str] = []
    taken: set[int] = set()
    for name in order:
        if len(chosen) < size and ports[name] not in taken:
            chosen.append(name)
            taken.add(ports[name])
    return chosen

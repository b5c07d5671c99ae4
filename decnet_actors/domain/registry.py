"""This module knows all facts: by name, by topic."""

import re
from collections.abc import Iterator
from types import ModuleType

from decnet_actors.domain import facts, findings, sensed
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.findings import Finding

_BASES = {Fact, Finding}


def topic_of(cls: type[Fact]) -> str:
    """Return ``decky.<host>.<decky>.credential_seen``, the pattern of a class's topics."""
    return topic(cls, "<host>", "<decky>" if cls.area == Fact.area else "")


def topic(cls: type[Fact], host: str, decky: str) -> str:
    """Return the topic of a fact of this class; never holds what a peer chose."""
    place = () if issubclass(cls, Finding) else (host, decky) if decky else (host,)
    return ".".join((cls.area, *place, TOPIC_TAILS[cls]))


def snake_case(name: str) -> str:
    """Return ``CredentialSeen`` as ``credential_seen``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _of(module: ModuleType) -> Iterator[type[Fact]]:
    for cls in vars(module).values():
        if isinstance(cls, type) and issubclass(cls, Fact) and cls.__module__ == module.__name__ and cls not in _BASES:
            yield cls


FACTS: dict[str, type[Fact]] = {cls.__name__: cls for module in (facts, sensed, findings) for cls in _of(module)}
TOPIC_TAILS: dict[type[Fact], str] = {cls: cls.tail or snake_case(name) for name, cls in FACTS.items()}
ROOTS = tuple(sorted({f"{cls.area}.>" for cls in FACTS.values()}))  # what whoever wants every fact subscribes to

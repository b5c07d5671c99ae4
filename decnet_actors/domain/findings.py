"""This module defines the findings: facts that analyses derived from other facts.

A finding is about an attacker, an identity, a campaign or a credential, not about a place: its record names neither
decky nor source, its topic no host, and the finding itself says whom it is about. It never holds a secret.
"""

from typing import ClassVar

from decnet_actors.domain.facts import Fact


class Finding(Fact, frozen=True, kw_only=True, gc=False):
    """Something that was derived. ``area`` and ``tail`` make its topic: ``identity.observation.linked``."""

    area: ClassVar[str] = ""


class AttackerObserved(Finding, frozen=True, kw_only=True, gc=False):
    """An address was seen for the first time."""

    area: ClassVar[str] = "attacker"
    tail: ClassVar[str] = "observed"

    address: str
    decky: str
    service: str
    first_seen: float  # Unix seconds


class AttackerScored(Finding, frozen=True, kw_only=True, gc=False):
    """What is known of an attacker grew; told once a minute of its activity at most."""

    area: ClassVar[str] = "attacker"
    tail: ClassVar[str] = "scored"

    address: str
    events: int
    sessions: int
    services: int  # different ones
    deckies: int  # different ones
    credentials: int
    accepted: int
    commands: int
    files: int
    behaviour: str  # unknown, slow_scan, scanning, brute_force, beaconing, interactive, mixed
    tools: tuple[str, ...]
    is_traversal: bool


class AttackerTraversed(Finding, frozen=True, kw_only=True, gc=False):
    """An attacker went on to another decky; told once a minute of its activity at most."""

    area: ClassVar[str] = "attacker"
    tail: ClassVar[str] = "traversed"

    address: str
    deckies: int  # different ones
    path: tuple[str, ...]  # in the order in which they were reached, the first of them
    first_seen: float  # Unix seconds
    last_seen: float

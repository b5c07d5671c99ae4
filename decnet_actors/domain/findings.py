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


class TechniqueSeen(Finding, frozen=True, kw_only=True, gc=False):
    """A source did something for the first time that MITRE ATT&CK has a name for."""

    area: ClassVar[str] = "ttp"
    tail: ClassVar[str] = "tagged"

    source: str
    technique: str  # T1110.001
    name: str
    tactic: str  # credential-access
    phase: str  # of the kill chain: credential_access
    confidence: float  # from 0 to 1
    rule: str
    version: int  # of the rule
    event: str  # id of the first event that shows it
    session: str
    decky: str

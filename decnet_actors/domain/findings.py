"""This module defines the findings: facts that analyses derived from other facts.

A finding is about an attacker, an identity, a campaign or a credential, not about a place: its record names neither
decky nor source, its topic no host, and the finding itself says whom it is about. It never holds a secret.
"""

from typing import ClassVar

from msgspec import Struct

from decnet_actors.domain.facts import Fact
from decnet_actors.domain.intel import Verdict


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


class ProviderOpinion(Struct, frozen=True, kw_only=True, gc=False):
    """What one provider of intelligence says of an address."""

    provider: str  # greynoise, abuseipdb, ...
    verdict: Verdict
    answered: float  # Unix seconds
    labels: tuple[str, ...]  # what it says, as ``name=value``, sorted: "categories=ssh", "family=Emotet", "score=100"


class AttackerEnriched(Finding, frozen=True, kw_only=True, gc=False):
    """Providers of intelligence said something new of an address; all that is known of it now."""

    area: ClassVar[str] = "attacker"
    tail: ClassVar[str] = "intel.enriched"

    address: str
    verdict: Verdict  # the one that outweighs the others
    opinions: tuple[ProviderOpinion, ...]  # by the name of the provider

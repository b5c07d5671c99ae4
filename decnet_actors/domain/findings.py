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


class IdentityFormed(Finding, frozen=True, kw_only=True, gc=False):
    """Observations are one actor, as far as evidence goes, and none of them belonged to an identity."""

    area: ClassVar[str] = "identity"
    tail: ClassVar[str] = "formed"

    identity: str
    observations: tuple[str, ...]  # the first of them


class IdentityObservationLinked(Finding, frozen=True, kw_only=True, gc=False):
    """An observation belongs to an identity that there was before."""

    area: ClassVar[str] = "identity"
    tail: ClassVar[str] = "observation.linked"

    identity: str
    observation: str
    prior: str = ""  # the identity it belonged to


class IdentityMerged(Finding, frozen=True, kw_only=True, gc=False):
    """Two identities are one; the loser is kept and leads to the winner."""

    area: ClassVar[str] = "identity"
    tail: ClassVar[str] = "merged"

    winner: str
    loser: str


class IdentityUnmerged(Finding, frozen=True, kw_only=True, gc=False):
    """What made an identity part of another is no more; it stands for itself again."""

    area: ClassVar[str] = "identity"
    tail: ClassVar[str] = "unmerged"

    identity: str
    former: str  # the winner


class IdentityEvidenceChanged(Finding, frozen=True, kw_only=True, gc=False):
    """More is known of an identity that others may share: what it uses, in which phases, where."""

    area: ClassVar[str] = "identity"
    tail: ClassVar[str] = "evidence.changed"

    identity: str


class IdentityDecided(Finding, frozen=True, kw_only=True, gc=False):
    """An operator decided that observations are one actor, or that those of two sides never are."""

    area: ClassVar[str] = "identity"
    tail: ClassVar[str] = "decided"

    decision: str
    together: bool
    sides: tuple[tuple[str, ...], ...]  # observations
    withdraws: tuple[str, ...] = ()  # earlier decisions that no longer hold
    author: str = ""
    reason: str = ""


class IdentityCampaignAssigned(Finding, frozen=True, kw_only=True, gc=False):
    """An identity belongs to another campaign than before."""

    area: ClassVar[str] = "identity"
    tail: ClassVar[str] = "campaign.assigned"

    identity: str
    campaign: str
    prior: str = ""  # the campaign before


class CampaignFormed(Finding, frozen=True, kw_only=True, gc=False):
    """Identities are one campaign, and none of them belonged to one."""

    area: ClassVar[str] = "campaign"
    tail: ClassVar[str] = "formed"

    campaign: str
    identities: tuple[str, ...]  # the first of them


class CampaignIdentityAssigned(Finding, frozen=True, kw_only=True, gc=False):
    """A campaign has one more identity."""

    area: ClassVar[str] = "campaign"
    tail: ClassVar[str] = "identity.assigned"

    campaign: str
    identity: str


class CampaignMerged(Finding, frozen=True, kw_only=True, gc=False):
    """Two campaigns are one; the loser is kept and leads to the winner."""

    area: ClassVar[str] = "campaign"
    tail: ClassVar[str] = "merged"

    winner: str
    loser: str


class CampaignUnmerged(Finding, frozen=True, kw_only=True, gc=False):
    """What made a campaign part of another is no more; it stands for itself again."""

    area: ClassVar[str] = "campaign"
    tail: ClassVar[str] = "unmerged"

    campaign: str
    former: str  # the winner

"""This module defines the findings: facts that analyses derived from other facts, or the prober by asking.

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


class AttackerFingerprinted(Finding, frozen=True, kw_only=True, gc=False):
    """We looked back at an attacker: what one of its own services is told by.

    ``probe`` says what ``value`` is: hassh_server, jarm, tls_certificate (SHA-256); ``details`` are names with values
    that explain it, from the peer, made printable and cut.
    """

    area: ClassVar[str] = "attacker"
    tail: ClassVar[str] = "fingerprinted"

    address: str
    port: int
    probe: str
    value: str
    details: tuple[tuple[str, str], ...] = ()


class FingerprintRotated(Finding, frozen=True, kw_only=True, gc=False):
    """A service of an attacker is told by something else than when we last looked."""

    area: ClassVar[str] = "attacker"
    tail: ClassVar[str] = "fingerprint_rotated"

    address: str
    port: int
    probe: str
    old: str
    new: str
    rotations: int  # so far, this one included


class CredentialReused(Finding, frozen=True, kw_only=True, gc=False):
    """A secret that few know was tried by several sources, or in several places; again when places were added.

    ``reuse`` is its id in ``credential.reuse-show``: a digest, never the secret. Lists have the first 50, sorted.
    """

    area: ClassVar[str] = "credential"
    tail: ClassVar[str] = "reuse.detected"

    reuse: str
    kind: str  # as in CredentialSeen
    sources: tuple[str, ...]
    source_count: int
    targets: tuple[str, ...]  # decky:service
    target_count: int
    confidence: float  # 0..1
    reasons: tuple[str, ...]  # what the confidence comes from


class BaitUsed(Finding, frozen=True, kw_only=True, gc=False):
    """A credential that was laid out as bait was tried; told once for each source and place."""

    area: ClassVar[str] = "credential"
    tail: ClassVar[str] = "bait_used"

    reuse: str  # the secret's id in credential.reuse-show
    user: str | None  # as it was tried
    planted: tuple[str, ...]  # deckies it was laid out on: one of them has leaked it
    source: str
    decky: str  # where it was tried
    service: str
    confidence: float  # 1 when one decky alone had it


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

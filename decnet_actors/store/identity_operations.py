"""This module defines the operations on identities and campaigns."""

from attrs import field, frozen

from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route, about
from decnet_actors.store.argument_fields import cursor, limit, matching, moment, word

MAX_REASON = 500  # characters


@frozen(kw_only=True)
class IdentityRow:
    """One actor, as far as evidence goes. ``weakest`` is the least of what ties each observation to the others."""

    id: str
    first_seen: float
    last_seen: float
    observations: int
    weakest: float
    merged_into: str  # empty: it stands for itself
    campaign: str  # empty: none is known


@frozen(kw_only=True)
class IdentityListArgs:
    """Which identities."""

    campaign: str | None = matching("Only of this campaign.")
    source: str | None = matching("Only those seen from this address.")
    least: int = field(default=1, metadata=about("Only those with so many observations at least."))
    since: float | None = moment("Seen since this time.")
    limit: int = limit("Identities at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class IdentityArgs:
    """Which identity; one that was merged leads to the one it is now."""

    id: str = word("Id of the identity.")


@frozen(kw_only=True)
class ObservationItem:
    """One address, with the client it ran (``ssh:`` and its HASSH, ``telnet:`` and a digest of its options)."""

    id: str
    source: str
    client: str
    first_seen: float
    last_seen: float


@frozen(kw_only=True)
class DecisionItem:
    """What an operator decided about observations of the identity."""

    id: str
    together: bool  # false: these are kept apart from others
    time: float
    author: str
    reason: str
    observations: tuple[str, ...]


@frozen(kw_only=True)
class IdentityDetail(IdentityRow):
    """One identity with what it is made of."""

    members: tuple[ObservationItem, ...]  # the oldest of them
    merged: tuple[str, ...]  # identities that are part of it now
    decisions: tuple[DecisionItem, ...]


@frozen(kw_only=True)
class ReasonItem:
    """One piece of evidence: what is shared, what it weighs (1.0 is enough), how rare it is (1.0: few share it)."""

    family: str
    weight: float
    value: str
    rarity: float


@frozen(kw_only=True)
class EvidenceRow:
    """Why two observations are one actor. A credential's value is a digest."""

    one: str
    other: str
    one_source: str
    other_source: str
    weight: float
    reasons: tuple[ReasonItem, ...]
    why: str  # the reasons in one line


@frozen(kw_only=True)
class IdentityEvidenceArgs:
    """Of which identity."""

    id: str = word("Id of the identity.")
    limit: int = limit("Pairs at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class IdentityMergeArgs:
    """Which identities are one actor."""

    id: str = word("Id of an identity.")
    other: str = word("Id of the identity that is the same actor.")
    reason: str = field(default="", metadata=about("Why; kept with the decision."))


@frozen(kw_only=True)
class IdentitySplitArgs:
    """Which observations are not the same actor as the others."""

    id: str = word("Id of the identity.")
    observation: tuple[str, ...] = field(metadata=about("Observations that are somebody else's.", positional=True))
    reason: str = field(default="", metadata=about("Why; kept with the decision."))


@frozen(kw_only=True)
class IdentityDecision:
    """What was decided; the analysis follows within a second, and its later passes respect it."""

    decision: str
    observations: int  # it is about
    withdrawn: tuple[str, ...]  # earlier decisions that no longer hold


@frozen(kw_only=True)
class CampaignRow:
    """Identities that work together. ``weakest`` is the least of what ties each to the others."""

    id: str
    first_seen: float
    last_seen: float
    identities: int
    weakest: float
    merged_into: str


@frozen(kw_only=True)
class CampaignListArgs:
    """Which campaigns."""

    least: int = field(default=1, metadata=about("Only those with so many identities at least."))
    since: float | None = moment("Seen since this time.")
    limit: int = limit("Campaigns at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class CampaignArgs:
    """Which campaign; one that was merged leads to the one it is now."""

    id: str = word("Id of the campaign.")


@frozen(kw_only=True)
class LinkItem:
    """Why two identities work together."""

    one: str
    other: str
    weight: float
    reasons: tuple[ReasonItem, ...]


@frozen(kw_only=True)
class CampaignDetail(CampaignRow):
    """One campaign with its identities and why they are in it."""

    members: tuple[str, ...]
    merged: tuple[str, ...]
    links: tuple[LinkItem, ...]


IDENTITY_LIST = Operation(
    name="identity.list",
    summary="List the actors behind the addresses, the last seen first.",
    args=IdentityListArgs,
    result=Page[IdentityRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/identities"),
    examples=("decnetctl identity list --least 2", "decnetctl identity list --source 203.0.113.7"),
    columns=("id", "last_seen", "observations", "weakest", "campaign"),
)
IDENTITY_SHOW = Operation(
    name="identity.show",
    summary="Show one identity: its addresses and clients, what was merged, what operators decided.",
    args=IdentityArgs,
    result=IdentityDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/identities/{id}"),
    examples=("decnetctl identity show ID",),
)
IDENTITY_EVIDENCE = Operation(
    name="identity.evidence",
    summary="Show why the observations of an identity are taken for one actor.",
    args=IdentityEvidenceArgs,
    result=Page[EvidenceRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/identities/{id}/evidence"),
    examples=("decnetctl identity evidence ID",),
    columns=("one_source", "other_source", "weight", "why"),
)
IDENTITY_MERGE = Operation(
    name="identity.merge",
    summary="Decide that two identities are one actor, whatever the evidence says.",
    args=IdentityMergeArgs,
    result=IdentityDecision,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/identities/{id}/merge"),
    examples=("decnetctl identity merge ID OTHER --reason 'one invoice'",),
)
IDENTITY_SPLIT = Operation(
    name="identity.split",
    summary="Decide that observations are not the actor they were taken for; they are kept apart from now on.",
    args=IdentitySplitArgs,
    result=IdentityDecision,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/identities/{id}/split"),
    examples=("decnetctl identity split ID OBSERVATION",),
)
CAMPAIGN_LIST = Operation(
    name="campaign.list",
    summary="List the campaigns, the last seen first.",
    args=CampaignListArgs,
    result=Page[CampaignRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/campaigns"),
    examples=("decnetctl campaign list --least 2",),
    columns=("id", "last_seen", "identities", "weakest"),
)
CAMPAIGN_SHOW = Operation(
    name="campaign.show",
    summary="Show one campaign: its identities, and why they are taken to work together.",
    args=CampaignArgs,
    result=CampaignDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/campaigns/{id}"),
    examples=("decnetctl campaign show ID",),
)

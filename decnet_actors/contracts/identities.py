"""This module defines where identities and campaigns are kept, as the analyses that find them see it.

What a ``state`` holds only the analysis knows; everything that is asked for has a field of its own.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from decnet_actors.contracts.analysis import Work


@frozen(kw_only=True)
class TraceRow:
    """What one session left."""

    session: str
    observation: str
    state: bytes


@frozen(kw_only=True)
class ObservationRow:
    """One address with one client. Times are Unix seconds."""

    id: str
    source: str
    client: str
    first_seen: float
    last_seen: float
    identity: str  # empty: there is nothing to compare it by
    state: bytes


@frozen(kw_only=True)
class GroupRow:
    """One identity, or one campaign."""

    id: str
    merged_into: str  # empty: it stands for itself
    first_seen: float
    last_seen: float
    members: int  # observations, or identities
    weakest: float  # the least of what ties each member to the others; 0 for one alone


@frozen(kw_only=True)
class EdgeRow:
    """Why two members belong together; ``reasons`` is a JSON array of [family, weight, value, rarity]."""

    one: str
    other: str
    weight: float
    reasons: bytes


@frozen(kw_only=True)
class DecisionRow:
    """What an operator decided of one observation."""

    id: str
    observation: str
    side: int
    together: bool
    time: float
    author: str
    reason: str


@frozen(kw_only=True)
class IdentityChanges:
    """What is to be kept of identities."""

    traces: Sequence[TraceRow] = ()
    observations: Sequence[ObservationRow] = ()
    gone: Sequence[str] = ()  # observations
    assigned: Mapping[str, str]  # observation -> identity
    identities: Sequence[GroupRow] = ()
    edges: Sequence[EdgeRow] = ()
    cut: Sequence[tuple[str, str]] = ()  # edges that are no more
    decisions: Sequence[DecisionRow] = ()
    withdrawn: Sequence[str] = ()  # decisions


class IdentityTable(Protocol):
    """Where identities are kept."""

    def observations(self) -> AsyncIterator[Sequence[ObservationRow]]:
        """Yield all observations, some at a time."""

    async def merged_into(self) -> Mapping[str, str]:
        """Return every identity with the one it was merged into, empty where it stands for itself."""

    async def decisions(self) -> Sequence[DecisionRow]: ...
    async def traces(self, sessions: Sequence[str]) -> Sequence[TraceRow]: ...
    async def traces_of(self, observation: str) -> Sequence[TraceRow]: ...
    def work(self, changes: IdentityChanges) -> Sequence[Work]: ...


@frozen(kw_only=True)
class CampaignMemberRow:
    """One identity as campaigns see it."""

    identity: str
    campaign: str
    state: bytes


@frozen(kw_only=True)
class CampaignChanges:
    """What is to be kept of campaigns."""

    members: Sequence[CampaignMemberRow] = ()
    gone: Sequence[str] = ()  # identities
    assigned: Mapping[str, str]  # identity -> campaign
    campaigns: Sequence[GroupRow] = ()
    edges: Sequence[EdgeRow] = ()
    cut: Sequence[tuple[str, str]] = ()


class CampaignTable(Protocol):
    """Where campaigns are kept."""

    def members(self) -> AsyncIterator[Sequence[CampaignMemberRow]]:
        """Yield all members, some at a time."""

    async def merged_into(self) -> Mapping[str, str]: ...
    async def observations_of(self, identities: Sequence[str]) -> Sequence[ObservationRow]:
        """Return the observations that belong to identities now."""

    def work(self, changes: CampaignChanges) -> Sequence[Work]: ...

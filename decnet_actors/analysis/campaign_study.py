"""This module is the analysis that finds out which identities work together (``contracts.analysis.Study``).

It reads what is told of identities, and what they are then from their table, which is never older than what is told.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from decnet_actors.analysis.campaigns import Profile, SameCampaign, profile_of
from decnet_actors.analysis.identities import edge_row, encode, group_rows, observation_of
from decnet_actors.analysis.linker import Linker
from decnet_actors.analysis.observations import Observation
from decnet_actors.analysis.reconcile import Names, Outcome
from decnet_actors.contracts.analysis import NOTHING, Findings, Found
from decnet_actors.contracts.identities import CampaignChanges, CampaignMemberRow, CampaignTable
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.findings import (
    CampaignFormed,
    CampaignIdentityAssigned,
    CampaignMerged,
    CampaignUnmerged,
    Finding,
    IdentityCampaignAssigned,
    IdentityEvidenceChanged,
    IdentityFormed,
    IdentityMerged,
    IdentityObservationLinked,
    IdentityUnmerged,
)
from decnet_actors.domain.records import Entry

NAME = "campaigns"
MAX_LISTED = 100  # identities in a finding
_profile = msgspec.msgpack.Decoder(Profile).decode


class CampaignStudy:
    """Which identities work together.

    Args:
        table: where campaigns are kept.

    """

    name = NAME

    def __init__(self, table: CampaignTable) -> None:
        self.linker = Linker(SameCampaign())
        self._table = table
        self._names = Names("campaign")
        self._loaded = False

    async def study(self, entries: Sequence[Entry]) -> Findings:
        """Return what became of campaigns."""
        if not self._loaded:
            await self._load()
        identities = sorted({name for entry in entries for name in _identities(entry.record.fact)})
        if not identities:
            return NOTHING
        profiles = await self._profiles(identities)
        changed = [one for one in profiles.values() if self.linker.nodes.get(one.id) != one]
        gone = [name for name in identities if name not in profiles and name in self.linker.nodes]
        before = {name: self._campaign(name) for name in (*identities, *self._neighbours(identities))}
        change = self.linker.update(changed, gone)
        outcome = self._names.reconcile(change)
        members = dict(outcome.members)
        for one in changed:
            founder = self.linker.founder[one.id]
            members.setdefault(self._names.name_of(founder), self.linker.members[founder])
        changes = CampaignChanges(
            members=[
                CampaignMemberRow(identity=one.id, campaign=self._campaign(one.id), state=encode(one))
                for one in changed
            ],
            gone=gone,
            assigned={node: name for node, name in outcome.assigned.items() if node in self.linker.nodes},
            campaigns=group_rows(members, self._names, self.linker),
            edges=[edge_row(edge) for edge in change.made],
            cut=change.cut,
        )
        now = max(entry.record.time for entry in entries)
        told = _told(outcome, before)
        return Findings(work=self._table.work(changes), found=[Found(finding=one, time=now) for one in told])

    async def _load(self) -> None:
        self._names.known.update(await self._table.merged_into())
        async for rows in self._table.members():
            self.linker.update([_profile(row.state) for row in rows])
        self._loaded = True

    async def _profiles(self, identities: Sequence[str]) -> dict[str, Profile]:
        observations: dict[str, list[Observation]] = {}
        for row in await self._table.observations_of(identities):
            observations.setdefault(row.identity, []).append(observation_of(row.state))
        found = {name: profile_of(name, rows) for name, rows in observations.items()}
        return {name: profile for name, profile in found.items() if profile is not None}

    def _campaign(self, identity: str) -> str:
        founder = self.linker.founder.get(identity)
        return self._names.name_of(founder) if founder is not None else ""

    def _neighbours(self, identities: Iterable[str]) -> Iterator[str]:
        for name in identities:
            if (founder := self.linker.founder.get(name)) is not None:
                yield from self.linker.members[founder]


def _identities(fact: Fact) -> Iterator[str]:
    match fact:
        case IdentityFormed(identity=name) | IdentityEvidenceChanged(identity=name):
            yield name
        case IdentityObservationLinked(identity=name, prior=prior):
            yield name
            if prior:
                yield prior
        case IdentityMerged(winner=one, loser=other) | IdentityUnmerged(identity=one, former=other):
            yield one
            yield other
        case _:
            return


def _told(outcome: Outcome, before: dict[str, str]) -> Iterator[Finding]:
    for formed in outcome.formed:
        yield CampaignFormed(campaign=formed.id, identities=formed.nodes[:MAX_LISTED])
    for unmerged in outcome.unmerged:
        yield CampaignUnmerged(campaign=unmerged.id, former=unmerged.former)
    for linked in outcome.linked:
        yield CampaignIdentityAssigned(campaign=linked.id, identity=linked.node)
    for merged in outcome.merged:
        yield CampaignMerged(winner=merged.winner, loser=merged.loser)
    for identity, campaign in sorted(outcome.assigned.items()):
        if campaign:
            yield IdentityCampaignAssigned(identity=identity, campaign=campaign, prior=before.get(identity, ""))

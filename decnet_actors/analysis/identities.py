"""This module is the analysis that finds out which observations are one actor (``contracts.analysis.Study``)."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from decnet_actors.analysis.commodity import Commodity, shipped
from decnet_actors.analysis.linker import Linker
from decnet_actors.analysis.links import Decision, Edge, N
from decnet_actors.analysis.observations import Observation, grown, observation_id, observe
from decnet_actors.analysis.reconcile import Names, Outcome
from decnet_actors.analysis.similarity import SameActor
from decnet_actors.analysis.traces import AsnOf, Trace, join, trace_of
from decnet_actors.contracts.analysis import Findings, Found
from decnet_actors.contracts.identities import (
    DecisionRow,
    EdgeRow,
    GroupRow,
    IdentityChanges,
    IdentityTable,
    ObservationRow,
    TraceRow,
)
from decnet_actors.domain.findings import (
    Finding,
    IdentityDecided,
    IdentityEvidenceChanged,
    IdentityFormed,
    IdentityMerged,
    IdentityObservationLinked,
    IdentityUnmerged,
)
from decnet_actors.domain.records import Entry

NAME = "identities"
REMEMBERED = 20_000  # sessions; what is known of others is read again
MAX_LISTED = 100  # nodes in a finding

encode = msgspec.msgpack.Encoder().encode
_trace = msgspec.msgpack.Decoder(Trace).decode
observation_of = msgspec.msgpack.Decoder(Observation).decode


class IdentityStudy:
    """Which observations are one actor.

    Args:
        table: where identities are kept.
        asn: where an address belongs, as far as is known.
        commodity: what says nothing about who somebody is.

    """

    name = NAME

    def __init__(self, table: IdentityTable, asn: AsnOf, commodity: Commodity | None = None) -> None:
        self.linker = Linker(SameActor())
        self._table = table
        self._asn = asn
        self._commodity = commodity or shipped()
        self._names = Names("identity")
        self._seen: OrderedDict[str, Trace] = OrderedDict()
        self._observations: dict[str, Observation] = {}
        self._loaded = False

    async def study(self, entries: Sequence[Entry]) -> Findings:
        """Return what became of identities."""
        if not self._loaded:
            await self._load()
        decided = [fact for entry in entries if isinstance(fact := entry.record.fact, IdentityDecided)]
        traces = await self._fold(entries)
        changed, gone = await self._observe(traces)
        grew = [one.id for one in changed if _wider(self._observations.get(one.id), one)]
        self._observations.update((one.id, one) for one in changed)
        for ident in gone:
            del self._observations[ident]
        if not traces and not decided:
            return Findings()
        for trace, _ in traces:
            self._remember(trace)
        change = self.linker.update(
            [one for one in changed if one.evidence],
            [ident for ident in gone if ident in self.linker.nodes],
            decided=[_decision(fact) for fact in decided if fact.sides],
            withdrawn=[ident for fact in decided for ident in fact.withdraws],
        )
        outcome = self._names.reconcile(change)
        now = max(entry.record.time for entry in entries)
        times = {id(fact): entry.record.time for entry in entries for fact in decided if fact is entry.record.fact}
        changes = IdentityChanges(
            traces=[_trace_row(trace) for trace, _ in traces],
            observations=[self._row(one) for one in changed],
            gone=gone,
            assigned={node: name for node, name in outcome.assigned.items() if node in self._observations},
            identities=self._rows(outcome, [one.id for one in changed]),
            edges=[edge_row(edge) for edge in change.made],
            cut=change.cut,
            decisions=[row for fact in decided for row in _decision_rows(fact, times[id(fact)])],
            withdrawn=[ident for fact in decided for ident in fact.withdraws],
        )
        told = [*self._told(outcome), *self._grown(grew, outcome)]
        return Findings(work=self._table.work(changes), found=[Found(finding=one, time=now) for one in told])

    async def _load(self) -> None:
        self._names.known.update(await self._table.merged_into())
        decisions: dict[str, list[DecisionRow]] = {}
        for row in await self._table.decisions():
            decisions.setdefault(row.id, []).append(row)
        self.linker.update(decided=[_stored(rows) for rows in decisions.values()])
        async for rows in self._table.observations():
            found = [observation_of(row.state) for row in rows]
            self._observations.update((one.id, one) for one in found)
            self.linker.update([one for one in found if one.evidence])
        self._loaded = True

    async def _fold(self, entries: Sequence[Entry]) -> list[tuple[Trace, Trace | None]]:
        """Return the traces that entries come to, each as it is now and as it was before."""
        new: dict[str, Trace] = {}
        for entry in entries:
            trace = trace_of(entry.record, self._commodity)
            if trace is not None:
                old = new.get(trace.session)
                new[trace.session] = trace if old is None else join(old, trace)
        unknown = [session for session in new if session not in self._seen]
        stored = {row.session: _trace(row.state) for row in await self._table.traces(unknown)} if unknown else {}
        found: list[tuple[Trace, Trace | None]] = []
        for session, trace in new.items():
            old = self._seen.get(session) or stored.get(session)
            whole = trace if old is None else join(old, trace)
            if whole != old:
                found.append((whole, old))
        return found

    def _remember(self, trace: Trace) -> None:
        self._seen[trace.session] = trace
        self._seen.move_to_end(trace.session)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    async def _observe(self, traces: Iterable[tuple[Trace, Trace | None]]) -> tuple[list[Observation], list[str]]:
        """Return the observations that are other than before, and those that are no more."""
        by_place: dict[tuple[str, str], list[Trace]] = {}
        left: dict[tuple[str, str], set[str]] = {}
        for trace, old in traces:
            by_place.setdefault((trace.source, trace.client), []).append(trace)
            if old is not None and (old.source, old.client) != (trace.source, trace.client):
                left.setdefault((old.source, old.client), set()).add(trace.session)
        found: dict[str, Observation] = {}
        gone: list[str] = []
        for (source, client), sessions in left.items():
            ident = observation_id(source, client)
            rows = [_trace(row.state) for row in await self._table.traces_of(ident)]
            rows = [row for row in rows if row.session not in sessions]
            here = {trace.session: trace for trace in (*rows, *by_place.pop((source, client), ()))}
            made = observe(source, client, here.values(), self._asn)
            if made is None:
                gone.append(ident)
            else:
                found[ident] = made
        for (source, client), places in by_place.items():
            ident = observation_id(source, client)
            known = self._observations.get(ident)
            found[ident] = grown(known, places, source=source, client=client, asn=self._asn)
        return list(found.values()), gone

    def _row(self, one: Observation) -> ObservationRow:
        founder = self.linker.founder.get(one.id)
        return ObservationRow(
            id=one.id,
            source=one.source,
            client=one.client,
            first_seen=one.first,
            last_seen=one.last,
            identity=self._names.name_of(founder) if founder is not None else "",
            state=encode(one),
        )

    def _rows(self, outcome: Outcome, changed: Iterable[str]) -> list[GroupRow]:
        members = dict(outcome.members)
        for ident in changed:
            founder = self.linker.founder.get(ident)
            if founder is not None:
                members.setdefault(self._names.name_of(founder), self.linker.members[founder])
        return group_rows(members, self._names, self.linker)

    def _told(self, outcome: Outcome) -> Iterable[Finding]:
        for formed in outcome.formed:
            yield IdentityFormed(identity=formed.id, observations=formed.nodes[:MAX_LISTED])
        for unmerged in outcome.unmerged:
            yield IdentityUnmerged(identity=unmerged.id, former=unmerged.former)
        for linked in outcome.linked:
            yield IdentityObservationLinked(identity=linked.id, observation=linked.node, prior=linked.prior)
        for merged in outcome.merged:
            yield IdentityMerged(winner=merged.winner, loser=merged.loser)

    def _grown(self, grew: Iterable[str], outcome: Outcome) -> Iterable[Finding]:
        told = set(outcome.members)
        names = {
            self._names.name_of(founder) for ident in grew if (founder := self.linker.founder.get(ident)) is not None
        }
        for name in sorted(names - told):
            yield IdentityEvidenceChanged(identity=name)


def group_rows(members: Mapping[str, frozenset[str]], names: Names, linker: Linker[N]) -> list[GroupRow]:
    """Return the rows of groups with these members now."""
    return [
        GroupRow(
            id=name,
            merged_into=names.known.get(name, ""),
            first_seen=min((linker.nodes[node].first for node in nodes), default=0.0),
            last_seen=max((linker.nodes[node].last for node in nodes), default=0.0),
            members=len(nodes),
            weakest=linker.weakest(nodes) if len(nodes) > 1 else 0.0,
        )
        for name, nodes in members.items()
    ]


def edge_row(edge: Edge) -> EdgeRow:
    """Return the row of an edge."""
    reasons = [(reason.family, reason.weight, reason.value, reason.rarity) for reason in edge.reasons]
    return EdgeRow(one=edge.one, other=edge.other, weight=edge.weight, reasons=msgspec.json.encode(reasons))


def _wider(old: Observation | None, new: Observation) -> bool:
    return old is None or old.features != new.features or old.spans != new.spans or old.rhythms != new.rhythms


def _decision(fact: IdentityDecided) -> Decision:
    return Decision(fact.decision, fact.together, fact.sides)


def _decision_rows(fact: IdentityDecided, time: float) -> Iterable[DecisionRow]:
    for side, observations in enumerate(fact.sides):
        for observation in observations:
            yield DecisionRow(
                id=fact.decision,
                observation=observation,
                side=side,
                together=fact.together,
                time=time,
                author=fact.author,
                reason=fact.reason,
            )


def _stored(rows: Sequence[DecisionRow]) -> Decision:
    sides: dict[int, list[str]] = {}
    for row in rows:
        sides.setdefault(row.side, []).append(row.observation)
    return Decision(rows[0].id, rows[0].together, tuple(tuple(sorted(sides[side])) for side in sorted(sides)))


def _trace_row(trace: Trace) -> TraceRow:
    return TraceRow(session=trace.session, observation=observation_id(trace.source, trace.client), state=encode(trace))

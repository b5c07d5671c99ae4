"""This module finds secrets that were used again, and baits that came back."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from decnet_actors.analysis.attempts import Attempt, attempts, changes, touched, unseen
from decnet_actors.contracts.analysis import NOTHING, Findings, Found
from decnet_actors.contracts.reuse import Baits, Changes, Known, ReuseTables, SecretRow, Whereabouts
from decnet_actors.domain.findings import BaitUsed, CredentialReused
from decnet_actors.domain.records import Entry
from decnet_actors.domain.reuse import SURE, Figures, confidence, most_sources, reasons

MAX_LISTED = 50  # sources, and targets, of a finding


@frozen(kw_only=True)
class _Judged:
    """A secret after the attempts, and what is thought of it."""

    row: SecretRow  # what the attempts add
    sources: int
    targets: int
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()


class ReuseStudy:
    """Follows attempts to log in.

    Args:
        tables: of this analysis.
        baits: that were laid out.

    """

    name = "reuse"

    def __init__(self, tables: ReuseTables, baits: Baits) -> None:
        self._tables = tables
        self._baits = baits

    async def study(self, entries: Sequence[Entry]) -> Findings:
        found = list(attempts(entries, await self._baits.planted()))
        if not found:
            return NOTHING
        known = await self._tables.known(touched(found))
        fresh = unseen(found, known.ids)
        added = changes(fresh, known)
        told = await self._judged(added, known)
        by_digest = {one.row.digest: one for one in told}
        rows = [
            evolve(row, told=by_digest[row.digest].targets) if row.digest in by_digest else row for row in added.secrets
        ]
        reused = await self._reused(told, added)
        return Findings(
            work=self._tables.work(evolve(added, secrets=rows)), found=(*_baits_used(fresh, known, added), *reused)
        )

    async def _judged(self, added: Changes, known: Known) -> list[_Judged]:
        """Return the secrets that are to be told of: reused for all we know, and in more places than was told."""
        grown = [one for one in (_grown(row, known) for row in added.secrets) if one is not None]
        if not grown:
            return []
        new = sum(row.address not in known.guessers for row in added.guessers)
        population = await self._tables.population() + new
        few = most_sources(SURE, population)
        likely = [one for one in grown if one.sources <= few or one.row.planted]
        fewest = await self._fewest(likely, added, known)
        judged = []
        for one in likely:
            figures = Figures(
                sources=one.sources,
                population=population,
                fewest=fewest[one.row.digest],
                planted=tuple(sorted(one.row.planted)),
            )
            judged.append(evolve(one, confidence=confidence(figures), reasons=reasons(figures)))
        return [one for one in judged if one.confidence >= SURE]

    async def _fewest(self, likely: Sequence[_Judged], added: Changes, known: Known) -> Mapping[str, int]:
        """Return how many secrets the choosiest source of each secret tried, these attempts included."""
        tried = {row.address: row.secrets + known.guessers.get(row.address, 0) for row in added.guessers}
        wanted = {one.row.digest for one in likely}
        fewest = dict(await self._tables.fewest(wanted, besides=tried.keys()))
        for row in added.pairs:
            digest, source = row.key
            if digest in wanted:
                fewest[digest] = min(tried[source], fewest.get(digest, tried[source]))
        return fewest

    async def _reused(self, told: Sequence[_Judged], added: Changes) -> list[Found]:
        if not told:
            return []
        digests = [one.row.digest for one in told]
        where = await self._tables.whereabouts(digests, MAX_LISTED)
        sources: dict[str, set[str]] = {digest: set() for digest in digests}
        targets: dict[str, set[tuple[str, str]]] = {digest: set() for digest in digests}
        for digest in digests:
            before = where.get(digest, Whereabouts())
            sources[digest].update(before.sources)
            targets[digest].update(before.targets)
        for row in added.pairs:
            if row.key[0] in sources:
                sources[row.key[0]].add(row.key[1])
        for row in added.places:
            if row.key[0] in targets:
                targets[row.key[0]].add((row.key[1], row.key[2]))
        return [
            Found(
                time=one.row.last_seen,
                finding=CredentialReused(
                    reuse=one.row.digest,
                    kind=one.row.kind,
                    sources=tuple(sorted(sources[one.row.digest])[:MAX_LISTED]),
                    source_count=one.sources,
                    targets=tuple(":".join(place) for place in sorted(targets[one.row.digest])[:MAX_LISTED]),
                    target_count=one.targets,
                    confidence=one.confidence,
                    reasons=one.reasons,
                ),
            )
            for one in told
        ]


def _grown(row: SecretRow, known: Known) -> _Judged | None:
    """Return a secret of several sources or places that has more places than was told, not yet judged."""
    before = known.secrets.get(row.digest)
    sources = row.sources + (before.sources if before else 0)
    targets = row.targets + (before.targets if before else 0)
    if targets <= row.told or max(sources, targets) == 1:
        return None
    return _Judged(row=row, sources=sources, targets=targets)


def _baits_used(fresh: Iterable[Attempt], known: Known, added: Changes) -> list[Found]:
    planted = {row.digest: tuple(sorted(row.planted)) for row in added.secrets}
    first: dict[tuple[str, ...], Attempt] = {}
    for one in fresh:
        if one.planted and one.use not in known.uses:
            earlier = first.setdefault(one.use, one)
            if one.time < earlier.time:
                first[one.use] = one
    return [
        Found(
            time=one.time,
            finding=BaitUsed(
                reuse=one.digest,
                user=one.user,
                planted=planted[one.digest],
                source=one.source,
                decky=one.decky,
                service=one.service,
                confidence=round(1.0 / len(planted[one.digest]), 3),
            ),
        )
        for one in first.values()
    ]

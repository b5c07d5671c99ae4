"""This module answers questions about attackers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.domain.behaviour import Behaviour
from decnet_actors.domain.profile import Profile, Tally
from decnet_actors.store.attacker_operations import (
    AttackerDetail,
    AttackerListArgs,
    AttackerOrder,
    AttackerRow,
    FingerprintRow,
    MutationRow,
    Phases,
    RelatedRow,
    SeenRow,
    Timing,
    TriedRow,
    VisitRow,
)
from decnet_actors.store.profiles import ProfileTable, decoded, mark_digest, parted, visit_columns, visit_of
from decnet_actors.store.tables import attacker, attacker_mark, attacker_visit, credential, credential_use, session

MAX_VISITS = 1000  # deckies shown with an attacker
MAX_MUTATIONS = 500  # changes of deckies shown with an attacker
MAX_TRIED = 500  # credentials shown with an attacker
MAX_RELATED = 50  # others shown with an attacker

RANKS = {
    AttackerOrder.RECENT: attacker.c.last_seq,
    AttackerOrder.FIRST: attacker.c.first_seq,
    **{order: attacker.c[order.value] for order in AttackerOrder if order.value in attacker.c},
}
_PLAIN = ("address", "behaviour", "first_seen", "last_seen", "sessions", "deckies", "credentials", "accepted")
_PLAIN_TOO = ("commands", "files", "bytes_in", "bytes_out", "events")


class AttackerQueries:
    """Reads what the profiler keeps."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._profiles = ProfileTable(engine)

    async def page(
        self, args: AttackerListArgs, *, after: tuple[int, str] | None = None
    ) -> Sequence[tuple[tuple[int, str], AttackerRow]]:
        """Return matching attackers, each with the key the next page begins after."""
        rank = RANKS[args.order]
        shown = (column for column in attacker.c if column.name != "profile")
        query = select(*shown, rank.label("rank")).order_by(rank.desc(), attacker.c.address).limit(args.limit)
        if after is not None:
            query = query.where(or_(rank < after[0], and_(rank == after[0], attacker.c.address > after[1])))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_chosen(query, args))).all()
        return tuple(((row.rank, row.address), _row(row)) for row in rows)

    async def get(self, address: str) -> AttackerDetail | None:
        """Return all that is known of one attacker."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(attacker).where(attacker.c.address == address))).first()
            if row is None:
                return None
            profile = decoded(row.profile)
            visits = await _visits(connection, address)
            others, related = await _sharing(connection, profile)
            tried = await _tried(connection, address)
        known = await self._profiles.mutations([visit.decky for visit in visits])
        mutations = [
            MutationRow(time=one.time, decky=decky, old=one.old, new=one.new, trigger=one.trigger)
            for decky, changes in known.items()
            for one in changes
            if row.first_seen <= one.time <= row.last_seen
        ]
        tallies = (*profile.marks.values(), profile.command_lines, profile.digests, profile.urls)
        return AttackerDetail(
            **_fields(row),
            downloads=profile.downloads,
            visits=visits,
            mutations=tuple(sorted(mutations, key=lambda one: (one.time, one.decky))[:MAX_MUTATIONS]),
            timing=_timing(profile),
            phases=_phases(profile),
            fingerprints=_fingerprints(profile, others),
            tried=tried,
            command_lines=_seen(profile.command_lines),
            digests=_seen(profile.digests),
            urls=_seen(profile.urls),
            related=related,
            left_out=sum(tally.more for tally in tallies),
        )


def _chosen(query: Select[Any], args: AttackerListArgs) -> Select[Any]:  # Any: columns of many types
    if args.q:
        query = query.where(attacker.c.address.startswith(args.q, autoescape=True))
    if args.behaviour is not None:
        query = query.where(attacker.c.behaviour == args.behaviour.value)
    if args.since is not None:
        query = query.where(attacker.c.last_seen >= args.since)
    if args.service is not None:
        query = query.where(attacker.c.services.contains(f",{args.service},", autoescape=True))
    if args.tool is not None:
        query = query.where(attacker.c.tools.contains(f",{args.tool},", autoescape=True))
    if args.decky is not None:
        there = attacker_visit.c
        query = query.where(
            select(there.address).where(there.address == attacker.c.address, there.decky == args.decky).exists()
        )
    return query


def _fields(row: Row[Any]) -> dict[str, Any]:  # Any: columns of many types
    fields = row._mapping  # noqa: SLF001  SQLAlchemy's documented name of it
    plain = {name: fields[name] for name in (*_PLAIN, *_PLAIN_TOO)}
    return plain | {"services": parted(row.services), "tools": parted(row.tools)}


def _row(row: Row[Any]) -> AttackerRow:  # Any: columns of many types
    return AttackerRow(**_fields(row))


async def _visits(connection: AsyncConnection, address: str) -> tuple[VisitRow, ...]:
    there = attacker_visit.c
    query = (
        select(*visit_columns())
        .where(there.address == address)
        .order_by(there.first_seen, there.decky)
        .limit(MAX_VISITS)
    )
    visits = [visit_of(row) for row in await connection.execute(query)]
    return tuple(
        VisitRow(
            decky=one.decky,
            services=tuple(one.services),
            first_seen=one.first_seen,
            last_seen=one.last_seen,
            sessions=one.sessions,
            credentials=one.credentials,
            accepted=one.accepted,
            commands=one.commands,
            files=one.files,
            events=one.events,
        )
        for one in visits
    )


async def _sharing(connection: AsyncConnection, profile: Profile) -> tuple[Mapping[str, int], tuple[RelatedRow, ...]]:
    """Return how many others showed each mark, by its digest, and who shares the most of them."""
    mark = attacker_mark.c
    digests = [mark_digest(kind, one.value) for kind, tally in profile.marks.items() for one in tally.seen]
    if not digests:
        return {}, ()
    shared = (mark.digest.in_(digests), mark.address != profile.address)
    counts = select(mark.digest, func.count()).where(*shared).group_by(mark.digest)
    others: dict[str, int] = {row[0]: row[1] for row in await connection.execute(counts)}
    most = (
        select(mark.address, func.count().label("shared"))
        .where(*shared)
        .group_by(mark.address)
        .order_by(func.count().desc(), mark.address)
        .limit(MAX_RELATED)
        .subquery()
    )
    query = select(most.c.address, most.c.shared, attacker.c.last_seen).join_from(
        most, attacker, attacker.c.address == most.c.address
    )
    found = (await connection.execute(query)).all()
    kinds: dict[str, set[str]] = {row.address: set() for row in found}
    which = select(mark.address, mark.kind).where(mark.digest.in_(digests), mark.address.in_(kinds)).distinct()
    for row in await connection.execute(which) if kinds else ():
        kinds[row.address].add(row.kind)
    rows = [
        RelatedRow(
            address=row.address, shared=row.shared, kinds=tuple(sorted(kinds[row.address])), last_seen=row.last_seen
        )
        for row in found
    ]
    return others, tuple(sorted(rows, key=lambda one: (-one.shared, one.address)))


async def _tried(connection: AsyncConnection, address: str) -> tuple[TriedRow, ...]:
    """Return what it tried, most often first."""
    use = credential_use.c
    count = func.sum(use.count)
    totals = (
        select(use.credential, count.label("times"), func.sum(use.accepted).label("opened"))
        .join_from(credential_use, session, session.c.id == use.session)
        .where(session.c.source == address)
        .group_by(use.credential)
        .order_by(count.desc(), use.credential)
        .limit(MAX_TRIED)
        .subquery()
    )
    query = select(totals, credential.c.user, credential.c.secret, credential.c.kind).join_from(
        totals, credential, credential.c.digest == totals.c.credential
    )
    rows = (await connection.execute(query)).all()
    tried = [
        TriedRow(
            credential=row.credential,
            user=row.user,
            secret=bytes(row.secret),
            kind=row.kind,
            count=int(row.times),
            accepted=int(row.opened),
        )
        for row in rows
    ]
    return tuple(sorted(tried, key=lambda one: (-one.accepted, -one.count, one.credential)))


def _timing(profile: Profile) -> Timing:
    gaps = profile.gaps
    mean, variation = gaps.mean, gaps.variation
    calls_home = profile.behaviour == Behaviour.BEACONING and variation is not None
    return Timing(
        acts=gaps.count,
        mean=mean,
        variation=variation,
        interval=mean if calls_home else None,
        jitter=100 * variation if calls_home and variation is not None else None,
        hours=tuple(profile.hours),
    )


def _phases(profile: Profile) -> Phases:
    end = profile.recon[-1] if profile.recon else None
    start = profile.taking
    return Phases(
        recon_end=end,
        exfil_start=start,
        latency=None if end is None or start is None else start - end,
        large_payloads=profile.large_payloads,
    )


def _fingerprints(profile: Profile, others: Mapping[str, int]) -> tuple[FingerprintRow, ...]:
    return tuple(
        FingerprintRow(
            kind=kind,
            value=one.value,
            count=one.count,
            first_seen=one.first,
            last_seen=one.last,
            others=others.get(mark_digest(kind, one.value), 0),
        )
        for kind, tally in sorted(profile.marks.items())
        for one in tally.seen
    )


def _seen(tally: Tally) -> tuple[SeenRow, ...]:
    return tuple(
        SeenRow(value=one.value, count=one.count, first_seen=one.first, last_seen=one.last) for one in tally.seen
    )

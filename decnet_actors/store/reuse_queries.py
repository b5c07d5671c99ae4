"""This module answers questions about secrets that were used again."""

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import Row, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.domain.reuse import Figures, confidence, most_sources, reasons
from decnet_actors.store.reuse import fewest, planted_of, population
from decnet_actors.store.reuse_operations import (
    ReuseDetail,
    ReuseListArgs,
    ReuseRow,
    ReuseSource,
    ReuseTarget,
    ReuseUser,
)
from decnet_actors.store.tables import credential, reuse_guesser, reuse_secret, reuse_source, reuse_target

MAX_SHOWN = 500  # sources, targets and users of a secret
LOOKS = 10  # at as many secrets each as the page is long

Position = tuple[float, str]  # of the secret a page ended with: when it was last tried, and its digest


@frozen(kw_only=True)
class Found:
    """One page; ``after`` is where the next one begins, if there may be one."""

    rows: Sequence[ReuseRow]
    after: Position | None


class ReuseQueries:
    """Reads the tables of the analysis of reuse."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, args: ReuseListArgs, *, after: Position | None = None) -> Found:
        """Return matching secrets. How sure a secret is follows from all others, so a look may leave some out."""
        kept: list[ReuseRow] = []
        async with self._engine.connect() as connection:
            total = await population(connection)
            query = _wanted(args, total)
            for _ in range(LOOKS):
                rows = (await connection.execute(_after(query, after))).all()
                judged = await _judged(connection, rows, total)
                for row in judged:
                    after = (row.last_seen, row.id)
                    if row.confidence >= args.min_confidence:
                        kept.append(row)
                        if len(kept) == args.limit:
                            return Found(rows=kept, after=after)
                if len(rows) < args.limit:
                    return Found(rows=kept, after=None)
        return Found(rows=kept, after=after)

    async def get(self, digest: str) -> ReuseDetail | None:
        """Return one secret, reused or not."""
        secret, source, target = reuse_secret.c, reuse_source.c, reuse_target.c
        who = (
            select(reuse_source, reuse_guesser.c.secrets)
            .join_from(reuse_source, reuse_guesser, reuse_guesser.c.address == source.source, isouter=True)
            .where(source.secret == digest)
            .order_by(source.first_seen, source.source)
            .limit(MAX_SHOWN)
        )
        where = (
            select(reuse_target)
            .where(target.secret == digest)
            .order_by(target.first_seen, target.decky, target.service)
            .limit(MAX_SHOWN)
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(reuse_secret).where(secret.digest == digest))).first()
            if row is None:
                return None
            [judged] = await _judged(connection, [row], await population(connection))
            tried = select(credential).where(credential.c.secret == row.secret, credential.c.kind == row.kind)
            users = (await connection.execute(tried.order_by(credential.c.first_seen).limit(MAX_SHOWN))).all()
            return ReuseDetail(
                **{name: getattr(judged, name) for name in _NAMES},
                who=tuple([_source(one) for one in await connection.execute(who)]),
                where=tuple([_target(one) for one in await connection.execute(where)]),
                users=tuple(_user(one) for one in users),
                truncated=max(row.sources, row.targets, len(users)) > MAX_SHOWN,
            )


_NAMES = tuple(one.name for one in ReuseRow.__attrs_attrs__)


def _wanted(args: ReuseListArgs, total: int) -> Select[Any]:
    secret = reuse_secret.c
    query = (
        select(reuse_secret)
        .where(or_(secret.targets > 1, secret.sources > 1, secret.planted != ""))
        .where(secret.targets >= args.min_targets, secret.sources >= args.min_sources)
        .where(or_(secret.sources <= most_sources(args.min_confidence, total), secret.planted != ""))
        .order_by(secret.last_seen.desc(), secret.digest)
        .limit(args.limit)
    )
    if args.decky is not None:
        there = select(reuse_target.c.secret).where(reuse_target.c.decky == args.decky)
        query = query.where(secret.digest.in_(there))
    if args.source is not None:
        theirs = select(reuse_source.c.secret).where(reuse_source.c.source == args.source)
        query = query.where(secret.digest.in_(theirs))
    if args.bait is not None:
        query = query.where(secret.planted != "" if args.bait else secret.planted == "")
    if args.since is not None:
        query = query.where(secret.last_seen >= args.since)
    return query


def _after(query: Select[Any], after: Position | None) -> Select[Any]:
    if after is None:
        return query
    seen, digest = after
    secret = reuse_secret.c
    return query.where(or_(secret.last_seen < seen, and_(secret.last_seen == seen, secret.digest > digest)))


async def _judged(connection: AsyncConnection, rows: Sequence[Row[Any]], total: int) -> list[ReuseRow]:
    choosiest = await fewest(connection, [row.digest for row in rows])
    return [_judge(row, total, choosiest.get(row.digest, 1)) for row in rows]


def _judge(row: Row[Any], total: int, choosiest: int) -> ReuseRow:
    planted = planted_of(row.planted)
    figures = Figures(sources=row.sources, population=total, fewest=choosiest, planted=planted)
    return ReuseRow(
        id=row.digest,
        secret=bytes(row.secret),
        kind=row.kind,
        sources=row.sources,
        targets=row.targets,
        attempts=row.attempts,
        accepted=row.accepted,
        confidence=confidence(figures),
        reasons=reasons(figures),
        planted=planted,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )


def _source(row: Row[Any]) -> ReuseSource:
    return ReuseSource(
        source=row.source,
        attempts=row.attempts,
        accepted=row.accepted,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        secrets=row.secrets or 0,
    )


def _target(row: Row[Any]) -> ReuseTarget:
    return ReuseTarget(
        decky=row.decky,
        service=row.service,
        attempts=row.attempts,
        accepted=row.accepted,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )


def _user(row: Row[Any]) -> ReuseUser:
    return ReuseUser(
        credential=row.digest,
        user=row.user,
        mechanism=row.mechanism,
        count=row._mapping["count"],  # noqa: SLF001  SQLAlchemy's documented name of it
        accepted=row.accepted,
    )

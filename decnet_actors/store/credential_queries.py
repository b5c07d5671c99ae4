"""This module answers questions about credentials and artifacts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.credential_operations import (
    ArtifactListArgs,
    ArtifactRow,
    CredentialDetail,
    CredentialListArgs,
    CredentialOrder,
    CredentialRow,
)
from decnet_actors.store.projection import shown
from decnet_actors.store.session_queries import uses
from decnet_actors.store.tables import artifact, credential, credential_use

MAX_USES = 500  # sessions shown with a credential


class CredentialQueries:
    """Reads credentials and artifacts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, args: CredentialListArgs, *, after: tuple[int, str] | None = None
    ) -> Sequence[tuple[tuple[int, str], CredentialRow]]:
        """Return matching credentials, each with the key the next page begins after."""
        rank = credential.c.count if args.order is CredentialOrder.COUNT else credential.c.last_seq
        query = select(credential).order_by(rank.desc(), credential.c.digest).limit(args.limit)
        if after is not None:
            query = query.where(or_(rank < after[0], and_(rank == after[0], credential.c.digest > after[1])))
        if args.user is not None:
            query = query.where(credential.c.user == shown(args.user))
        if args.secret is not None:
            query = query.where(credential.c.secret == args.secret.encode("utf-8", "surrogateescape"))
        if args.kind is not None:
            query = query.where(credential.c.kind == args.kind)
        if args.accepted is not None:
            query = query.where(credential.c.accepted > 0 if args.accepted else credential.c.accepted == 0)
        if args.since is not None:
            query = query.where(credential.c.last_seen >= args.since)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        counts = await self._sessions([row.digest for row in rows])
        by_count = args.order is CredentialOrder.COUNT
        return tuple(
            (
                (row._mapping["count"] if by_count else row.last_seq, row.digest),  # noqa: SLF001  documented
                CredentialRow(**_fields(row), sessions=counts.get(row.digest, 0)),
            )
            for row in rows
        )

    async def get(self, digest: str) -> CredentialDetail | None:
        """Return one credential and where it was tried."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(credential).where(credential.c.digest == digest))).first()
        if row is None:
            return None
        found = await uses(self._engine, digest=digest, limit=MAX_USES)
        total = (await self._sessions([digest])).get(digest, 0)
        return CredentialDetail(**_fields(row), sessions=total, uses=found, truncated=total > len(found))

    async def artifacts(
        self, args: ArtifactListArgs, *, after: tuple[float, str] | None = None
    ) -> Sequence[ArtifactRow]:
        """Return the artifacts seen last."""
        brought = select(artifact).where(artifact.c.count > 0)  # the others are only held in deckies' files
        query = brought.order_by(artifact.c.last_seen.desc(), artifact.c.sha256).limit(args.limit)
        if after is not None:
            seen, digest = after
            query = query.where(
                or_(artifact.c.last_seen < seen, and_(artifact.c.last_seen == seen, artifact.c.sha256 > digest))
            )
        if args.q:
            query = query.where(artifact.c.sha256.startswith(args.q.lower(), autoescape=True))
        if args.since is not None:
            query = query.where(artifact.c.last_seen >= args.since)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return tuple(ArtifactRow(**{str(key): value for key, value in row.items()}) for row in rows.mappings())

    async def _sessions(self, digests: Sequence[str]) -> dict[str, int]:
        if not digests:
            return {}
        use = credential_use.c
        query = select(use.credential, func.count()).where(use.credential.in_(digests)).group_by(use.credential)
        async with self._engine.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:  # Any: columns of many types
    names = ("user", "kind", "mechanism", "hashcat", "first_seen", "last_seen", "count", "accepted")
    fields = row._mapping  # noqa: SLF001  SQLAlchemy's documented name of it
    return {name: fields[name] for name in names} | {"id": fields["digest"], "secret": bytes(fields["secret"])}

"""This module answers questions about sessions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.registry import FACTS
from decnet_actors.store.asciicast import Recording, record_terminal
from decnet_actors.store.event_operations import EventRow
from decnet_actors.store.event_queries import EventQueries, event_row
from decnet_actors.store.ranges import Filter, SeqRange, seq_range
from decnet_actors.store.session_operations import (
    CredentialUse,
    SessionDetail,
    SessionListArgs,
    SessionRow,
    SessionState,
)
from decnet_actors.store.tables import credential, credential_use, session

MAX_TIMELINE = 500  # events of a session shown with it
MAX_USES = 500  # credentials of a session shown with it
TERMINAL = ("TerminalSeen", "TerminalResized")
SPOKEN = tuple(name for name in FACTS if name != "TerminalSeen")


class SessionQueries:
    """Reads sessions."""

    def __init__(self, engine: AsyncEngine, events: EventQueries) -> None:
        self._engine = engine
        self._events = events

    async def page(self, args: SessionListArgs, *, before: int | None = None) -> Sequence[SessionRow]:
        """Return the newest matching sessions whose ``first_seq`` is below ``before``."""
        async with self._engine.connect() as connection:
            found = await _opened_range(connection, args)
        query = select(session).where(session.c.first_seq >= found.low, session.c.first_seq <= found.high)
        if before is not None:
            query = query.where(session.c.first_seq < before)
        for column, value in (
            (session.c.decky, args.decky),
            (session.c.service, args.service),
            (session.c.source, args.source),
        ):
            if value is not None:
                query = query.where(column == value)
        if args.state is not None:
            over = session.c.closed.is_not(None)
            query = query.where(over if args.state is SessionState.CLOSED else ~over)
        if args.since is not None:
            query = query.where(session.c.opened >= args.since)
        if args.until is not None:
            query = query.where(session.c.opened < args.until)
        if args.q:
            needle = args.q.lower()
            query = query.where(
                or_(
                    func.lower(session.c.user).contains(needle, autoescape=True),
                    func.lower(session.c.client).contains(needle, autoescape=True),
                )
            )
        query = query.order_by(session.c.first_seq.desc()).limit(args.limit)
        async with self._engine.connect() as connection:
            return tuple(SessionRow(**_fields(row)) for row in await connection.execute(query))

    async def get(self, ident: str) -> SessionDetail | None:
        """Return one session with the first of what happened in it."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(session).where(session.c.id == ident))).first()
        if row is None:
            return None
        spoken = Filter(session=ident, kinds=SPOKEN)
        timeline: list[EventRow] = []
        truncated = False
        async for entry in self._events.forward(spoken):
            if len(timeline) >= MAX_TIMELINE:
                truncated = True
                break
            timeline.append(event_row(entry))
        return SessionDetail(
            **_fields(row),
            kinds=await self._events.kinds(Filter(session=ident)),
            uses=await uses(self._engine, session_id=ident, limit=MAX_USES),
            timeline=tuple(timeline),
            truncated=truncated,
        )

    async def recording(self, ident: str) -> Recording | None:
        """Return the terminal of a session, ``None`` when there is no such session or it had none."""
        entries = [entry async for entry in self._events.forward(Filter(session=ident, kinds=TERMINAL))]
        if not entries:
            return None
        record = entries[0].record
        return record_terminal(entries, title=f"{record.service} on {record.decky} from {record.source}")


async def uses(
    engine: AsyncEngine, *, session_id: str | None = None, digest: str | None = None, limit: int
) -> tuple[CredentialUse, ...]:
    """Return where credentials were tried, newest first: in one session, or one credential anywhere."""
    use, of, tried = credential_use.c, session.c, credential.c
    query = (
        select(
            use.credential,
            use.session,
            of.decky,
            of.service,
            of.source,
            of.opened,
            tried.user,
            tried.secret,
            tried.kind,
            use.count,
            use.accepted,
        )
        .join_from(credential_use, session, of.id == use.session)
        .join(credential, tried.digest == use.credential)
        .order_by(use.last_seq.desc())
        .limit(limit)
    )
    if session_id is not None:
        query = query.where(use.session == session_id)
    if digest is not None:
        query = query.where(use.credential == digest)
    async with engine.connect() as connection:
        return tuple(
            CredentialUse(
                credential=row.credential,
                session=row.session,
                decky=row.decky,
                service=row.service,
                source=row.source,
                time=row.opened,
                user=row.user,
                secret=bytes(row.secret),
                kind=row.kind,
                count=row[9],  # a row has a method of that name
                accepted=row.accepted,
            )
            for row in await connection.execute(query)
        )


async def _opened_range(connection: Any, args: SessionListArgs) -> SeqRange:  # Any: see seq_range
    return await seq_range(connection, Filter(source=args.source, since=args.since, until=args.until))


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:  # Any: columns of many types
    fields = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's documented name of it
    return {str(name): value for name, value in fields.items() if name != "terminal"} | {
        "replayable": fields["terminal"] > 0
    }

"""This module answers the operations on evidence."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import attrs
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.journal import JournalReader
from decnet_actors.contracts.operations import Caller, Handler, Nothing, Operation, Page
from decnet_actors.domain.codec import encode_fact
from decnet_actors.domain.records import Entry
from decnet_actors.domain.text import escaped
from decnet_actors.store import credential_operations as credentials
from decnet_actors.store import event_operations as events
from decnet_actors.store import overview_operations as overviews
from decnet_actors.store import reuse_operations as reuses
from decnet_actors.store import search_operations as searches
from decnet_actors.store import session_operations as sessions
from decnet_actors.store.attackers import AttackerHandlers
from decnet_actors.store.credential_queries import CredentialQueries
from decnet_actors.store.event_queries import EventQueries, event_row
from decnet_actors.store.journal import JournalStatus
from decnet_actors.store.overview_queries import OverviewQueries
from decnet_actors.store.paging import decode_cursor, decode_number, encode_cursor
from decnet_actors.store.ranges import Filter, parse_kinds
from decnet_actors.store.reuse_queries import ReuseQueries
from decnet_actors.store.search_queries import SearchQueries
from decnet_actors.store.session_queries import SPOKEN, SessionQueries
from decnet_actors.store.tables import SCHEMA_VERSION

MAX_NAME = 80  # characters of an unknown id repeated in an error


class Table(Protocol):
    """Where operations are bound (``contracts.operation_table.OperationTable``)."""

    def bind(self, operation: Operation[Any, Any], handler: Handler) -> None: ...  # Any: operations of unlike classes


def bind_operations(
    table: Table,
    *,
    engine: AsyncEngine,
    reader: JournalReader,
    now: Callable[[], float],
    status: Callable[[], Awaitable[JournalStatus]],
) -> None:
    """Bind every operation on evidence but those on backups (``store.backups.bind_operations``).

    Args:
        table: of the daemon.
        engine: of a migrated database.
        reader: follows the journal for ``event.tail``.
        now: Unix seconds.
        status: asks the journal actor.

    """
    handlers = Handlers(engine, reader, now, status)
    table.bind(events.EVENT_LIST, handlers.event_list)
    table.bind(events.EVENT_SHOW, handlers.event_show)
    table.bind(events.EVENT_TAIL, handlers.event_tail)
    table.bind(events.EVENT_HISTOGRAM, handlers.event_histogram)
    table.bind(sessions.SESSION_LIST, handlers.session_list)
    table.bind(sessions.SESSION_SHOW, handlers.session_show)
    table.bind(sessions.SESSION_REPLAY, handlers.session_replay)
    table.bind(searches.SESSION_SEARCH, handlers.session_search)
    AttackerHandlers(engine).bind(table)
    table.bind(credentials.CREDENTIAL_LIST, handlers.credential_list)
    table.bind(credentials.CREDENTIAL_SHOW, handlers.credential_show)
    table.bind(reuses.REUSE_LIST, handlers.reuse_list)
    table.bind(reuses.REUSE_SHOW, handlers.reuse_show)
    table.bind(credentials.ARTIFACT_LIST, handlers.artifact_list)
    table.bind(overviews.OVERVIEW_SHOW, handlers.overview_show)
    table.bind(overviews.DB_STATUS, handlers.db_status)


class Handlers:
    """The handlers of the operations on evidence; ``bind_operations`` tells what the arguments are."""

    def __init__(
        self,
        engine: AsyncEngine,
        reader: JournalReader,
        now: Callable[[], float],
        status: Callable[[], Awaitable[JournalStatus]],
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._status = status
        self._events = EventQueries(engine, now)
        self._sessions = SessionQueries(engine, self._events)
        self._search = SearchQueries(engine)
        self._credentials = CredentialQueries(engine)
        self._reuse = ReuseQueries(engine)
        self._overview = OverviewQueries(engine, now)

    async def event_list(self, args: events.EventListArgs, _caller: Caller) -> Page[events.EventRow]:
        found = await self._events.page(_listed(args), limit=args.limit, before=decode_number(args.cursor))
        following = None if found.before is None else encode_cursor(found.before)
        return Page(items=tuple(event_row(entry) for entry in found.entries), next=following)

    async def event_show(self, args: events.EventShowArgs, _caller: Caller) -> events.EventRow:
        entry = await self._events.get(args.event)
        if entry is None:
            raise _missing("event", args.event)
        return event_row(entry)

    async def event_tail(self, args: events.EventTailArgs, _caller: Caller) -> AsyncIterator[events.EventRow]:
        wanted = _listed(args)
        position = args.after
        if position is None:
            position = await self._reader.head()
            if args.last:
                found = await self._events.page(wanted, limit=args.last, before=position + 1)
                for entry in reversed(found.entries):
                    yield event_row(entry)
        live = self._reader.follow(after=position)
        try:
            async for entry in live:
                if matches(wanted, entry):
                    yield event_row(entry)
        finally:
            close = getattr(live, "aclose", None)  # a generator holds a subscription until it is closed
            if close is not None:
                await close()

    async def event_histogram(self, args: events.HistogramArgs, _caller: Caller) -> events.Histogram:
        return await self._events.histogram(_filter(args), args.buckets)

    async def session_list(self, args: sessions.SessionListArgs, _caller: Caller) -> Page[sessions.SessionRow]:
        rows = await self._sessions.page(args, before=decode_number(args.cursor))
        following = encode_cursor(rows[-1].first_seq) if len(rows) == args.limit else None
        return Page(items=rows, next=following)

    async def session_show(self, args: sessions.SessionArgs, _caller: Caller) -> sessions.SessionDetail:
        found = await self._sessions.get(args.id)
        if found is None:
            raise _missing("session", args.id)
        return found

    async def session_replay(self, args: sessions.SessionArgs, _caller: Caller) -> sessions.Replay:
        recording = await self._sessions.recording(args.id)
        if recording is None:
            if await self._sessions.get(args.id) is None:
                raise _missing("session", args.id)
            raise OperatorError(
                CATALOGUE["DN3001"],
                f"nothing was shown on a terminal in the session {escaped(args.id, MAX_NAME)}",
                fix=(f"decnetctl session show {escaped(args.id, MAX_NAME)}",),
            )
        return sessions.Replay(
            session=args.id, duration=recording.duration, lines=recording.lines, truncated=recording.truncated
        )

    async def session_search(self, args: searches.SessionSearchArgs, _caller: Caller) -> Page[searches.FoundLine]:
        found = await self._search.page(args, before=decode_number(args.cursor))
        return Page(items=found.lines, next=None if found.before is None else encode_cursor(found.before))

    async def credential_list(
        self, args: credentials.CredentialListArgs, _caller: Caller
    ) -> Page[credentials.CredentialRow]:
        after = None
        if args.cursor is not None:
            rank, digest = decode_cursor(args.cursor, int, str)
            after = (int(rank), str(digest))
        found = await self._credentials.page(args, after=after)
        following = encode_cursor(*found[-1][0]) if len(found) == args.limit else None
        return Page(items=tuple(row for _, row in found), next=following)

    async def credential_show(self, args: credentials.CredentialArgs, _caller: Caller) -> credentials.CredentialDetail:
        found = await self._credentials.get(args.id)
        if found is None:
            raise _missing("credential", args.id)
        return found

    async def reuse_list(self, args: reuses.ReuseListArgs, _caller: Caller) -> Page[reuses.ReuseRow]:
        found = await self._reuse.page(args, after=_moment(args.cursor))
        return Page(items=found.rows, next=None if found.after is None else _encoded(found.after))

    async def reuse_show(self, args: reuses.ReuseArgs, _caller: Caller) -> reuses.ReuseDetail:
        found = await self._reuse.get(args.id)
        if found is None:
            raise _missing("reuse", args.id, "decnetctl credential reuse-list")
        return found

    async def artifact_list(self, args: credentials.ArtifactListArgs, _caller: Caller) -> Page[credentials.ArtifactRow]:
        rows = await self._credentials.artifacts(args, after=_moment(args.cursor))
        full = len(rows) == args.limit
        following = _encoded((rows[-1].last_seen, rows[-1].sha256)) if full else None
        return Page(items=rows, next=following)

    async def overview_show(self, args: overviews.OverviewArgs, _caller: Caller) -> overviews.Overview:
        return await self._overview.overview(args)

    async def db_status(self, _args: Nothing, _caller: Caller) -> overviews.DatabaseStatus:
        figures, status = await self._overview.database(), await self._status()
        return overviews.DatabaseStatus(
            engine=self._engine.dialect.name,
            schema=SCHEMA_VERSION,
            head=status.head,
            events=figures.events,
            oldest=figures.oldest,
            newest=figures.newest,
            size=figures.size,
            pending=status.pending,
            pending_bytes=status.pending_bytes,
            crowded=status.crowded,
            stalled_since=status.stalled_since,
            last_error=status.last_error,
            dead_letters=figures.dead_letters,
            commit_seconds=status.commit_seconds,
        )


def matches(wanted: Filter, entry: Entry) -> bool:
    """Return whether an entry is what ``ranges.conditions`` selects; the live half of the same question."""
    record = entry.record
    for value, found in (
        (wanted.decky, record.decky),
        (wanted.service, record.service),
        (wanted.source, record.source),
        (wanted.session, record.session),
    ):
        if value is not None and value != found:
            return False
    if wanted.kinds and record.kind not in wanted.kinds:
        return False
    if wanted.since is not None and record.time < wanted.since:
        return False
    if wanted.until is not None and record.time >= wanted.until:
        return False
    return not wanted.q or wanted.q.encode("utf-8", "surrogateescape") in encode_fact(record.fact)


def _filter(args: events.EventListArgs | events.EventTailArgs | events.HistogramArgs) -> Filter:
    return Filter(
        decky=args.decky,
        service=args.service,
        source=args.source,
        session=args.session,
        kinds=parse_kinds(args.kind),
        since=getattr(args, "since", None),
        until=getattr(args, "until", None),
        q=getattr(args, "q", None),
    )


def _listed(args: events.EventListArgs | events.EventTailArgs) -> Filter:
    """Return the filter of a list: without a wish for kinds, the bytes of terminals are left to the replay."""
    wanted = _filter(args)
    return wanted if wanted.kinds else attrs.evolve(wanted, kinds=SPOKEN)


def _missing(what: str, ident: str, fix: str = "") -> OperatorError:
    return OperatorError(
        CATALOGUE["DN3001"],
        f"there is no {what} {escaped(ident, MAX_NAME)}",
        fix=(fix or f"decnetctl {what} list",),
    )


def _encoded(position: tuple[float, str]) -> str:
    seen, digest = position
    return encode_cursor(repr(seen), digest)


def _moment(cursor: str | None) -> tuple[float, str] | None:
    """Return the position of a page whose rows are sorted by a time."""
    if cursor is None:
        return None
    seen, digest = decode_cursor(cursor, str, str)
    return _number(str(seen)), str(digest)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OperatorError(CATALOGUE["DN5001"], "/cursor: is not the next of a page") from None

"""This module reads the journal: stored entries, and then live ones without a hole between them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.codec import decode_fact
from decnet_actors.domain.records import Entry, Record
from decnet_actors.store.tables import fact

PAGE = 1000  # entries read at a time
MAX_QUEUED = 10_000  # live entries kept for a slow follower; what it misses it reads from the table

COLUMNS = (
    fact.c.seq,
    fact.c.id,
    fact.c.time,
    fact.c.kind,
    fact.c.host,
    fact.c.decky,
    fact.c.service,
    fact.c.session,
    fact.c.source,
    fact.c.source_port,
    fact.c.payload,
)

Sink = Callable[[Entry], None]
Subscribe = Callable[[Sink], Callable[[], None]]


class Reader:
    """The journal as a consumer sees it (``contracts.journal.JournalReader``).

    Args:
        engine: of the store.
        subscribe: calls the sink on the loop with every entry that is committed from now on (it may drop some), and
            returns what ends that. ``None``: there is nothing live, ``follow`` ends with the stored entries.

    """

    def __init__(self, engine: AsyncEngine, subscribe: Subscribe | None = None) -> None:
        self._engine = engine
        self._subscribe = subscribe

    async def head(self) -> int:
        """Return the highest committed seq, 0 if there is none."""
        async with self._engine.connect() as connection:
            return (await connection.execute(select(func.max(fact.c.seq)))).scalar() or 0

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[Entry]:
        """Return committed entries with ``seq > after``, in order; fewer than ``limit`` means the end."""
        query = select(*COLUMNS).where(fact.c.seq > after).order_by(fact.c.seq).limit(limit)
        async with self._engine.connect() as connection:
            return tuple(entry_of(row) for row in await connection.execute(query))

    async def follow(self, *, after: int | None = None) -> AsyncGenerator[Entry, None]:
        """Yield every entry after ``after`` (``None``: from now on), first stored ones, then live ones, without a hole.

        What the bus drops, or a slow consumer makes overflow, is read from the table: ``seq`` has no holes, so a gap
        in it is always noticed, at the latest with the next entry.
        """
        queue: deque[Entry] = deque(maxlen=MAX_QUEUED)
        arrived = asyncio.Event()

        def sink(entry: Entry) -> None:
            queue.append(entry)
            arrived.set()

        cancel = self._subscribe(sink) if self._subscribe is not None else None
        try:
            position = await self.head() if after is None else after
            # the subscription stands before the first read, so nothing can fall in between
            async for entry in self._stored(position):
                position = entry.seq
                yield entry
            while cancel is not None:
                if not queue:
                    arrived.clear()
                    await arrived.wait()
                    continue
                live = queue.popleft()
                if live.seq == position + 1:
                    position = live.seq
                    yield live
                elif live.seq > position:
                    async for entry in self._stored(position):
                        position = entry.seq
                        yield entry
        finally:
            if cancel is not None:
                cancel()

    async def _stored(self, position: int) -> AsyncIterator[Entry]:
        while True:
            page = await self.read(after=position, limit=PAGE)
            for entry in page:
                yield entry
            if len(page) < PAGE:
                return
            position = page[-1].seq


def entry_of(row: Row[*tuple[Any, ...]]) -> Entry:  # Any: columns of many types
    """Return the entry of a row of ``COLUMNS``."""
    return Entry(
        seq=row.seq,
        record=Record(
            id=row.id,
            time=row.time,
            host=row.host,
            decky=row.decky,
            service=row.service,
            session=row.session,
            source=row.source,
            source_port=row.source_port,
            fact=decode_fact(row.kind, bytes(row.payload)),
        ),
    )

"""This module removes what is too old, in transactions so small that the journal hardly waits for them.

The journal numbers facts from its newest row on, so that one row always stays, and so does what the small tables do
not know yet.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.artifacts import artifact_path
from decnet_actors.store.overview_queries import SIZES
from decnet_actors.store.projector import projected
from decnet_actors.store.settings import RetentionConfig
from decnet_actors.store.tables import (
    artifact,
    attacker,
    attacker_mark,
    attacker_visit,
    credential,
    credential_use,
    cursor,
    dead_letter,
    decky_file,
    fact,
    intel,
    intel_verdict,
    line,
    minute,
    reuse_attempt,
    reuse_guesser,
    reuse_secret,
    session,
    source,
    technique_tag,
    web_session,
)

TERMINAL_KINDS = ("TerminalSeen", "TerminalResized")
TERMINAL_CURSOR = "retention.terminals"
USED = (
    "SELECT (page_count - freelist_count) * page_size "
    "FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
)


class Sweep:
    """Removes what is too old.

    Args:
        engine: of the store.
        folder: of the artifact store.
        offload: runs a blocking function off the loop.

    """

    def __init__(
        self,
        engine: AsyncEngine,
        folder: Path,
        config: RetentionConfig,
        *,
        offload: Callable[[Callable[[], Any]], Awaitable[Any]],
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._config = config
        self._offload = offload

    async def run(self, now: float) -> dict[str, int]:
        """Remove what is too old at ``now``; return how many rows of each table."""
        config = self._config
        removed: dict[str, int] = {}
        if config.terminals:
            cutoff = now - config.terminals
            removed["terminal"] = await self._terminals(cutoff)
            removed["line"] = await self._lines(await self._newest_before(cutoff))
        if config.events:
            cutoff = now - config.events
            upto = await self._newest_before(cutoff)
            removed["fact"] = await self._facts(upto)
            removed["line"] = removed.get("line", 0) + await self._lines(upto)
            removed["technique_tag"] = await self._keys(
                technique_tag, technique_tag.c.event, technique_tag.c.seq <= upto
            )
            removed["minute"] = await self._keys(minute, minute.c.minute, minute.c.minute < int(cutoff // 60))
            counted = reuse_attempt.c.time < cutoff  # an event that is gone does not come again
            removed["reuse_attempt"] = await self._keys(reuse_attempt, reuse_attempt.c.id, counted)
            removed["dead_letter"] = await self._keys(dead_letter, dead_letter.c.id, dead_letter.c.time < cutoff)
        if config.sessions:
            cutoff = now - config.sessions
            removed["session"] = await self._keys(session, session.c.id, session.c.last_seen < cutoff)
        if config.credentials:
            cutoff = now - config.credentials
            unused = (
                ~select(credential_use.c.session).where(credential_use.c.credential == credential.c.digest).exists()
            )
            where = (credential.c.last_seen < cutoff) & unused
            removed["credential"] = await self._keys(credential, credential.c.digest, where)
            old = reuse_secret.c.last_seen < cutoff
            removed["reuse_secret"] = await self._keys(reuse_secret, reuse_secret.c.digest, old)
        if config.sources:
            cutoff = now - config.sources
            removed["source"] = await self._keys(source, source.c.address, source.c.last_seen < cutoff)
            gone = reuse_guesser.c.last_seen < cutoff
            removed["reuse_guesser"] = await self._keys(reuse_guesser, reuse_guesser.c.address, gone)
            removed["attacker"] = await self._keys(attacker, attacker.c.address, attacker.c.last_seen < cutoff)
            for of in (attacker_visit, attacker_mark):
                gone = ~select(attacker.c.address).where(attacker.c.address == of.c.address).exists()
                removed[of.name] = await self._keys(of, of.c.address, gone)
            removed["intel"] = await self._keys(intel, intel.c.address, intel.c.wanted < cutoff)
            removed["intel_verdict"] = await self._keys(
                intel_verdict, intel_verdict.c.address, intel_verdict.c.time < cutoff
            )
        if config.artifacts:
            held = (
                select(decky_file.c.number).where(decky_file.c.sha256 == artifact.c.sha256, decky_file.c.live).exists()
            )
            removed["artifact"] = await self._artifacts((artifact.c.last_seen < now - config.artifacts) & ~held)
        removed["web_session"] = await self._keys(web_session, web_session.c.digest, web_session.c.expires <= now)
        if config.max_disk:
            removed["fact"] = removed.get("fact", 0) + await self._shrink(config.max_disk)
        return {name: count for name, count in removed.items() if count}

    async def used(self) -> int:
        """Return the bytes that database and artifacts use; a removed row's space can be used again."""
        query = USED if self._engine.dialect.name == "sqlite" else SIZES[self._engine.dialect.name]
        async with self._engine.connect() as connection:
            database = (await connection.execute(text(query))).scalar()
            files = (await connection.execute(select(func.sum(artifact.c.size)))).scalar()
        return int(database or 0) + int(files or 0)

    async def _newest_before(self, cutoff: float) -> int:
        """Return the highest seq up to which every fact is from a minute that ended before ``cutoff``."""
        kept = select(func.min(minute.c.first_seq)).where(minute.c.minute >= int(cutoff // 60))
        async with self._engine.connect() as connection:
            first = (await connection.execute(kept)).scalar()
            head = (await connection.execute(select(func.max(fact.c.seq)))).scalar() or 0
        return head if first is None else int(first) - 1

    async def _facts(self, upto: int, limit: int | None = None) -> int:
        """Remove the facts up to ``upto``, at most about ``limit``, but never the newest one."""
        removed = 0
        while limit is None or removed < limit:
            async with self._engine.begin() as connection:
                low, head = (await connection.execute(select(func.min(fact.c.seq), func.max(fact.c.seq)))).one()
                if low is None:
                    return removed
                last = min(low + self._config.batch - 1, upto, head - 1, await projected(connection))
                if last < low:
                    return removed
                removed += (await connection.execute(delete(fact).where(fact.c.seq <= last))).rowcount
            await self._pause()
        return removed

    async def _terminals(self, cutoff: float) -> int:
        """Remove the bytes of terminals up to ``cutoff``; a cursor remembers what was looked at before."""
        upto, removed = await self._newest_before(cutoff), 0
        here = cursor.c.consumer == TERMINAL_CURSOR
        while True:
            async with self._engine.begin() as connection:
                done = (await connection.execute(select(cursor.c.seq).where(here))).scalar()
                low, head = (await connection.execute(select(func.min(fact.c.seq), func.max(fact.c.seq)))).one()
                position = max(done or 0, (low or 1) - 1)
                last = min(position + 10 * self._config.batch, upto, (head or 0) - 1, await projected(connection))
                if last <= position:
                    return removed
                where = (fact.c.seq > position, fact.c.seq <= last, fact.c.kind.in_(TERMINAL_KINDS))
                removed += (await connection.execute(delete(fact).where(*where))).rowcount
                if done is None:
                    await connection.execute(insert(cursor).values(consumer=TERMINAL_CURSOR, seq=last))
                else:
                    await connection.execute(update(cursor).where(here).values(seq=last))
                # their sessions can be replayed no longer
                over = (session.c.last_seq <= last, session.c.last_seq > position, session.c.terminal > 0)
                await connection.execute(update(session).where(*over).values(terminal=0))
            await self._pause()

    async def _lines(self, upto: int) -> int:
        """Remove the lines that began up to ``upto``: their numbers ascend as those of the facts do."""
        removed = 0
        while True:
            async with self._engine.begin() as connection:
                oldest = select(line.c.number, line.c.seq).order_by(line.c.number).limit(self._config.batch)
                gone = [row.number for row in await connection.execute(oldest) if row.seq <= upto]
                if gone:
                    removed += (await connection.execute(delete(line).where(line.c.number <= gone[-1]))).rowcount
            if len(gone) < self._config.batch:
                return removed
            await self._pause()

    async def _keys(self, table: Table, key: ColumnElement[Any], where: ColumnElement[bool]) -> int:  # Any: of keys
        removed = 0
        while True:
            async with self._engine.begin() as connection:
                found = (await connection.execute(select(key).where(where).limit(self._config.batch))).scalars().all()
                if found:
                    # asked again: the journal may have seen one of them just now
                    gone = delete(table).where(key.in_(found), where)
                    removed += (await connection.execute(gone)).rowcount
            if len(found) < self._config.batch:
                return removed
            await self._pause()

    async def _artifacts(self, where: ColumnElement[bool]) -> int:
        """Remove files first: a row without a file is found again, a file without a row never is."""
        removed = 0
        while True:
            async with self._engine.connect() as connection:
                query = select(artifact.c.sha256).where(where).limit(self._config.batch)
                found: Sequence[str] = (await connection.execute(query)).scalars().all()
            if not found:
                return removed
            await self._offload(lambda found=found: self._unlink(found))  # type: ignore[misc]  # the default is the names
            async with self._engine.begin() as connection:
                gone = delete(artifact).where(artifact.c.sha256.in_(found), where)
                removed += (await connection.execute(gone)).rowcount
            await self._pause()

    def _unlink(self, digests: Sequence[str]) -> None:
        for digest in digests:
            artifact_path(self._folder, digest).unlink(missing_ok=True)

    async def _shrink(self, limit: int) -> int:
        """Remove the oldest facts, a tenth of them at a time, until database and artifacts fit."""
        removed = 0
        while await self.used() > limit:
            async with self._engine.connect() as connection:
                low, head = (await connection.execute(select(func.min(fact.c.seq), func.max(fact.c.seq)))).one()
            if low is None or low >= head:
                return removed
            upto = low + max((head - low) // 10, self._config.batch) - 1
            step = await self._facts(upto)
            if not step:
                return removed
            removed += step + await self._lines(upto)
        return removed

    async def _pause(self) -> None:
        await asyncio.sleep(self._config.pause)

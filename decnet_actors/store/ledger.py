"""This module takes what analyses found to the journal, which keeps it between two batches of facts.

The journal's connection is the only one that writes facts, so findings, the tables they explain and the cursor of the
analysis are one transaction there. What waits outlives the journal's actor, as the ``Intake`` does.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from attrs import define, field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.analysis import Findings
from decnet_actors.domain.codec import encode_fact
from decnet_actors.domain.records import Record
from decnet_actors.store.intake import Intake, Pending
from decnet_actors.store.tables import cursor

PRODUCER = "analysis."  # and the name of the analysis


@define(eq=False)
class Explanation:
    """What one analysis wants kept."""

    name: str
    before: int
    seq: int
    findings: Findings
    batch: tuple[Pending, ...]  # the findings as records
    done: "asyncio.Future[None]" = field(repr=False)


class JournalLedger:
    """The journal as analyses see it (``contracts.analysis.Ledger``).

    Args:
        engine: of the store.
        intake: of the journal, which is woken when something waits.
        host: that the findings are made on.
        new_id: makes identifiers, each greater than the one before.

    """

    def __init__(self, engine: AsyncEngine, intake: Intake, *, host: str, new_id: Callable[[], str]) -> None:
        self.waiting: deque[Explanation] = deque()
        self._engine = engine
        self._intake = intake
        self._host = host
        self._new_id = new_id

    async def position(self, name: str) -> int:
        """Return the seq up to which an analysis has read."""
        query = select(cursor.c.seq).where(cursor.c.consumer == name)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar() or 0

    async def keep(self, name: str, findings: Findings, *, before: int, seq: int) -> None:
        """Keep findings, their tables and the cursor, together or not at all.

        Raises:
            MovedError: the analysis has not read up to ``before``.

        """
        records = [
            Record(id=self._new_id(), time=one.time, host=self._host, decky="", service="", fact=one.finding)
            for one in findings.found
        ]
        batch = tuple(Pending(f"{PRODUCER}{name}", seq, record, encode_fact(record.fact)) for record in records)
        explanation = Explanation(
            name=name,
            before=before,
            seq=seq,
            findings=findings,
            batch=batch,
            done=asyncio.get_running_loop().create_future(),
        )
        self.waiting.append(explanation)
        self._intake.knock()
        try:
            await explanation.done
        except asyncio.CancelledError:
            if explanation in self.waiting:
                self.waiting.remove(explanation)  # nobody has begun with it
            raise

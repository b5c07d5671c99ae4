"""This module takes what analyses found to the journal, which keeps it between two batches of facts.

The journal's connection is the only one that writes facts, so findings, the tables they explain and the cursor of the
analysis are one transaction there. What waits outlives the journal's actor, as the ``Intake`` does.
"""

import asyncio
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.analysis import Findings, Found
from decnet_actors.domain.records import Record
from decnet_actors.store.intake import Explanation, Intake, Pending, pending
from decnet_actors.store.tables import cursor

PRODUCER = "analysis."  # and the name of the analysis


class JournalLedger:
    """The journal as analyses see it (``contracts.analysis.Ledger``).

    Args:
        engine: of the store.
        intake: of the journal, which is woken when something waits.
        host: that the findings are made on.
        new_id: makes identifiers, each greater than the one before.

    """

    def __init__(self, engine: AsyncEngine, intake: Intake, *, host: str, new_id: Callable[[], str]) -> None:
        self._engine = engine
        self._intake = intake
        self._host = host
        self._new_id = new_id

    async def position(self, name: str) -> int:
        """Return the seq up to which an analysis has read, once what it wanted kept before is kept."""
        for explanation in tuple(self._intake.explanations):
            if explanation.name == name:
                await explanation.over.wait()
        query = select(cursor.c.seq).where(cursor.c.consumer == name)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar() or 0

    async def keep(self, name: str, findings: Findings, *, before: int, seq: int) -> None:
        """Keep findings, their tables and the cursor, together or not at all.

        Raises:
            MovedError: the analysis has not read up to ``before``.

        """
        records = tuple(self._pending(name, seq, one) for one in findings.found)
        explanation = Explanation(
            name=name,
            before=before,
            seq=seq,
            findings=findings,
            records=records,
            done=asyncio.get_running_loop().create_future(),
        )
        self._intake.explain(explanation)
        await explanation.done  # cut off, it is still kept: who goes on finds the cursor moved

    def _pending(self, name: str, seq: int, found: Found) -> Pending:
        record = Record(id=self._new_id(), time=found.time, host=self._host, decky="", service="", fact=found.finding)
        return pending(f"{PRODUCER}{name}", seq, record)

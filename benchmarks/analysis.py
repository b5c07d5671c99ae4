"""This module measures what an analysis costs beside the journal: CPU time for a thousand facts.

The journal with its small tables takes the traffic in first; then the profiler reads all of it and keeps
what it makes of it, findings included. From many sources nearly every session is about another row; from few the rows
are large. Run: ``python -m benchmarks.analysis [--facts 20000]``.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.journal import Run, traffic
from decnet_actors.analysis.follower import PAGE, Follower
from decnet_actors.analysis.profile import State, fold
from decnet_actors.analysis.profiler import Profiler
from decnet_actors.domain.records import Entry, Record
from decnet_actors.store.journal import AskStatus
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.profiles import ProfileTable
from decnet_actors.store.reader import Reader
from decnet_actors.store.tables import attacker, cursor, fact
from supervisors.clock import SystemClock
from supervisors.testing import launch


def from_few(records: Sequence[Record], sources: int) -> list[Record]:
    """Return the records as if of so many sources."""
    names = {name: f"203.0.113.{n % sources}" for n, name in enumerate(sorted({one.source for one in records}))}
    return [replace(one, source=names[one.source]) for one in records]


def pure(records: Sequence[Record]) -> float:
    """Return the CPU milliseconds of the fold alone for a thousand facts."""
    entries = [Entry(seq=seq, record=record) for seq, record in enumerate(records, 1)]
    state, begun = State(), time.process_time()
    for entry in entries:
        fold(state, entry)
    return (time.process_time() - begun) / len(records) * 1e6


async def measured(folder: Path, records: Sequence[Record]) -> tuple[float, float, float, float]:
    """Return CPU ms for a thousand facts of the journal, of reading it and of the profiler, and bytes an attacker."""
    run = Run(folder, "analysis")
    begun = time.process_time()
    await run.start()
    for number, record in enumerate(records):
        run.put_at.append(0.0)
        run.writer.put(record)
        if number % 100 == 99:
            await (run.writer.room() if run.writer.crowded else asyncio.sleep(0))
    await run.until(len(records))
    while (status := await run.journal.ref.ask(AskStatus(), within=60.0)).projected < status.head:
        await asyncio.sleep(0.01)
    journal = time.process_time() - begun
    run.put_at += [0.0] * len(records)  # of findings
    begun = time.process_time()
    async for _ in Reader(run.engine).follow(after=0):
        pass
    reading = time.process_time() - begun
    begun = time.process_time()
    numbers = itertools.count(1)
    ledger = JournalLedger(run.engine, run.intake, host="manager", new_id=lambda: f"{next(numbers):032x}")
    follower = Follower(lambda: Profiler(ProfileTable(run.engine)), Reader(run.engine), ledger)
    launch(follower, "analysis/profiles", clock=SystemClock())
    await follower.started
    while not await at_the_head(run.engine, len(records)):
        await asyncio.sleep(0.02)
    profiler = time.process_time() - begun
    async with run.engine.connect() as connection:
        size = (await connection.execute(select(func.avg(func.length(attacker.c.profile))))).scalar()
    follower.kill()
    await run.stop()
    journal, reading, profiler = (used / len(records) * 1e6 for used in (journal, reading, profiler))
    return journal, reading, profiler, float(size or 0)


async def at_the_head(engine: AsyncEngine, count: int) -> bool:
    """Return whether the profiler has read all of the traffic."""
    async with engine.connect() as connection:
        head = (await connection.execute(select(func.max(fact.c.seq)))).scalar() or 0
        query = select(cursor.c.seq).where(cursor.c.consumer == Profiler.name)
        return ((await connection.execute(query)).scalar() or 0) >= min(count, head)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analysis", description=__doc__)
    parser.add_argument("--facts", type=int, default=20_000)
    facts = parser.parse_args().facts
    print(f"{facts} facts of ten a session, 50 deckies; pages of {PAGE}; CPU ms for 1,000 facts\n")
    print("| sources | journal and its tables | profiler | reading | fold | profiler / journal | bytes of a profile |")
    print("|---|---|---|---|---|---|---|")
    records = traffic(facts)
    for sources in (2000, 5):
        taken = records if sources == 2000 else from_few(records, sources)
        with tempfile.TemporaryDirectory() as folder:
            journal, reading, profiler, size = await measured(Path(folder), taken)
        folding = pure(taken)
        ratio = profiler / journal
        parts = f"{journal:.1f} | {profiler:.1f} | {reading:.1f} | {folding:.1f}"
        print(f"| {sources} | {parts} | {ratio:.2f} | {size:.0f} |", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

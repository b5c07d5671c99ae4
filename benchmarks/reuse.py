"""This module measures what the analysis of reuse costs an attempt to log in, as its tables grow.

Run: ``python -m benchmarks.reuse [--attempts 40000]``; an SQLite file is made and removed.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence

from decnet_actors.analysis.reuse import ReuseStudy
from decnet_actors.contracts.reuse import Planted
from decnet_actors.domain.facts import CredentialSeen
from decnet_actors.domain.records import Entry, Record
from decnet_actors.store.engine import make_engine
from decnet_actors.store.migrations import migrate
from decnet_actors.store.reuse import ReuseTable
from decnet_actors.store.transaction import run_transaction

PAGE = 1000  # attempts a batch, as the follower takes them
SHARED = 2_000  # words of a list that bots have in common
BOTS = 500
DECKIES = 100


class NoBaits:
    """A fleet without baits."""

    async def planted(self) -> Sequence[Planted]:
        return ()


def attempts(count: int, rng: random.Random) -> list[Entry]:
    """Return attempts: half of bots with one list, half of brute force, whose every secret is new."""
    found = []
    for number in range(count):
        bot = number % 2
        word = f"Zk{rng.randrange(SHARED):05d}-heron" if bot else f"Qx{number:07d}-otter"
        source = f"198.51.{rng.randrange(BOTS) % 100}.{rng.randrange(BOTS) // 100}" if bot else "203.0.113.9"
        record = Record(
            id=f"{number:032x}",
            time=1_800_000_000.0 + number,
            host="bench",
            decky=f"web-{rng.randrange(DECKIES)}",
            service="ssh",
            session=f"{number:032x}",
            source=source,
            source_port=40_000,
            fact=CredentialSeen(user="root", secret=word.encode(), mechanism="ssh password"),
        )
        found.append(Entry(seq=number + 1, record=record))
    return found


async def measure(count: int) -> None:
    entries = attempts(count, random.Random(1))
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/decnet.db")
        await migrate(engine)
        study = ReuseStudy(ReuseTable(engine), NoBaits())
        told = 0
        spent: list[float] = []
        for start in range(0, count, PAGE):
            began = time.process_time()
            findings = await study.study(entries[start : start + PAGE])
            async with engine.connect() as connection:
                await run_transaction(connection, findings.work)
            spent.append((time.process_time() - began) / PAGE)
            told += len(findings.found)
        await engine.dispose()
    tenth = max(1, len(spent) // 10)
    first, last = (sum(part) / len(part) * 1e6 for part in (spent[:tenth], spent[-tenth:]))
    print(f"{count} attempts: {sum(spent) * PAGE:.1f} s of CPU, {told} findings")
    print(f"first tenth {first:.0f} us an attempt, last tenth {last:.0f} us, {last / first:.2f} times")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=40_000)
    asyncio.run(measure(parser.parse_args().attempts))

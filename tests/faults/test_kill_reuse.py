"""kill -9 in the middle of batches: the analysis of reuse counts every stored attempt, and counts it once."""

import asyncio
import random
import time
from collections import Counter

import pytest

from tests.daemon import Daemon, decnetd, start

WORDS = tuple(f"Zk{number:02d}-heron" for number in range(20))
SOURCES = ("127.9.0.1", "127.9.0.2")
CLIENTS = 6


async def attempts(address: tuple[str, int], source: str, rng: random.Random) -> None:
    """Try passwords until the daemon is gone."""
    while True:
        word = rng.choice(WORDS)
        try:
            reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0))
        except OSError:
            return
        try:
            writer.write(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(word), word.encode()))
            if not await reader.readline():
                return
        except OSError:
            return
        finally:
            writer.close()


async def load(daemon: Daemon, seconds: float, seed: int) -> None:
    address = daemon.listeners()["db-01"]["redis"]
    async with asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            rng = random.Random(seed * CLIENTS + number)
            group.create_task(attempts(address, SOURCES[number % 2], rng))
        await asyncio.sleep(seconds)
        daemon.process.kill()
    daemon.process.wait(10)


def stored(daemon: Daemon) -> Counter[str]:
    rows = daemon.ask("credential", "list", "--limit", "1000")
    return Counter({row["secret"]["text"]: row["count"] for row in rows})


def counted(daemon: Daemon) -> Counter[str]:
    rows = daemon.ask("credential", "reuse-list", "--min-confidence", "0", "--limit", "1000")
    return Counter({row["secret"]["text"]: row["attempts"] for row in rows})


@pytest.mark.parametrize("seed", range(2))
def test_every_stored_attempt_is_counted_once_after_kill_9(seed: int) -> None:
    rng = random.Random(seed)
    with decnetd() as daemon:
        for _ in range(2):
            asyncio.run(load(daemon, 0.3 + rng.random(), seed))
            daemon.process = start(daemon.home, daemon.config).process
        deadline = time.monotonic() + 20
        while (got := counted(daemon)) != (expected := stored(daemon)):
            assert time.monotonic() < deadline, f"{got} is not {expected}"
            time.sleep(0.1)

        assert set(WORDS) == set(got)

"""kill -9 at any moment under load: every attempt that was answered is there after the restart."""

import asyncio
import random

import pytest

from tests.daemon import decnetd, start

CLIENTS = 20
ROUNDS = 4


async def attempts(address: tuple[str, int], name: str, answered: set[str]) -> None:
    """Try credentials until the daemon is gone; note each one that got its answer."""
    number = 0
    while True:
        secret = f"{name}-{number:05d}"
        number += 1
        try:
            reader, writer = await asyncio.open_connection(*address)
        except OSError:
            return
        try:
            writer.write(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(secret), secret.encode()))
            if not (await reader.readline()).endswith(b"\n"):
                return
            answered.add(secret)
        except OSError:
            return
        finally:
            writer.close()


def recorded(daemon) -> set[str]:
    found: set[str] = set()
    cursor: list[str] = []
    while True:
        page = __import__("json").loads(daemon.ctl("credential", "list", "--limit", "1000", *cursor, "-o", "json"))
        found |= {row["secret"]["text"] for row in page["items"]}
        if page["next"] is None:
            return found
        cursor = ["--cursor", page["next"]]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_every_answered_attempt_is_there_after_kill_9(seed):
    rng = random.Random(seed)
    answered: set[str] = set()

    async def load(daemon) -> None:
        address = daemon_address
        tasks = [asyncio.ensure_future(attempts(address, f"c{seed}x{n}", answered)) for n in range(CLIENTS)]
        await asyncio.sleep(0.2 + rng.random())
        daemon.process.kill()
        await asyncio.gather(*tasks)

    with decnetd() as daemon:
        daemon_address = daemon.listeners()["db-01"]["redis"]
        asyncio.run(load(daemon))
        daemon.process.wait(10)
        daemon.process = start(daemon.home, daemon.config).process

        assert len(answered) > CLIENTS
        missing = answered - recorded(daemon)
        assert not missing, f"{len(missing)} of {len(answered)} answered attempts are lost: {sorted(missing)[:5]}"

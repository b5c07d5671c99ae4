"""Each actor of a whole daemon killed a hundred times: its service resumes, and nobody else notices."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from decnet_actors.app.actors import walk
from decnet_actors.app.bind import bind
from decnet_actors.app.daemon import Daemon
from decnet_actors.app.load import load_settings
from decnet_actors.app.places import places
from decnet_actors.domain.facts import CredentialSeen
from supervisors.clock import SystemClock
from supervisors.spec import Backoff
from tests.daemon import FLEET, own_network

KILLS = 100
SLOW = {"web": 10}  # kills of an actor whose start reads files: a hundred would take longer than they tell
WITHIN = 20.0


async def composed(home: Path) -> Daemon:
    config = home / "decnet.toml"
    config.write_text(
        f'[daemon]\nstate_dir = "{home}/state"\nrun_dir = "{home}/run"\nlog_level = "error"\n'
        f'[web]\nlisten = ["127.0.0.1:0"]\n{FLEET.format(network=own_network())}'
    )
    configuration = load_settings((config,), {})
    daemon = Daemon(
        configuration=configuration,
        places=places(configuration.settings.daemon, {}, 0),
        clock=SystemClock(),
        version="test",
        intensity=1_000_000,
        patience=Backoff(backoff_min=0.0, backoff_max=0.0, intensity=1_000_000),
    )
    await daemon.open()
    daemon.unready = bind(daemon).unready
    await daemon.system.start()
    return daemon


async def resumed(daemon: Daemon, path: str, old: object) -> None:
    deadline = time.monotonic() + WITHIN
    while (new := daemon.system.directory.whereis(path)) is None or new is old or not new.is_alive():
        assert time.monotonic() < deadline, f"{path} did not come back"
        await asyncio.sleep(0.001)


def actor_of(ref: Any) -> Any:
    """Return the actor behind a ref, as its supervisor can."""
    return ref._actor_weakref()


async def attempt(address: tuple[str, int], secret: bytes) -> bytes:
    async with asyncio.timeout(WITHIN):
        while True:
            try:
                reader, writer = await asyncio.open_connection(*address)
                writer.write(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(secret), secret))
                answer = await reader.readline()
                writer.close()
            except OSError:
                answer = b""
            if answer:
                return answer
            await asyncio.sleep(0.01)  # the decoy was killed meanwhile; an attacker tries again


def test_each_actor_killed_a_hundred_times_resumes_and_its_siblings_are_untouched():
    async def scenario(home: Path) -> None:
        daemon = await composed(home)
        try:
            workers = [node.path for node in walk(await daemon.system.tree()) if node.kind == "worker"]
            assert len(workers) >= 8
            redis = next(t for t in await daemon.fleet.targets() if t.service == "redis")
            address = (redis.place.address, redis.port)
            number = 0
            for path in workers:
                others = {other: daemon.system.directory.whereis(other) for other in workers if other != path}
                for _ in range(SLOW.get(path.rpartition("/")[2], KILLS)):
                    old = daemon.system.directory.whereis(path)
                    assert old is not None
                    actor_of(old).kill()
                    await resumed(daemon, path, old)
                await attempt(address, b"after-%03d" % number)
                number += 1

                assert others == {other: daemon.system.directory.whereis(other) for other in others}, path
            seen = {
                entry.record.fact.secret
                for entry in await daemon.reader.read(after=0, limit=100_000)
                if isinstance(entry.record.fact, CredentialSeen)
            }
            assert {b"after-%03d" % n for n in range(number)} <= seen
            assert [node.state for node in walk(await daemon.system.tree())].count("running") >= len(workers)
        finally:
            await daemon.system.stop(within=20)
            await daemon.close()

    home = Path(tempfile.mkdtemp(prefix="dn-"))
    try:
        asyncio.run(scenario(home))
    finally:
        shutil.rmtree(home, ignore_errors=True)

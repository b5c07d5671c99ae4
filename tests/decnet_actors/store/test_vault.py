import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.decoy import Vault
from decnet_actors.store.vault import DeckyVault


def vault(engine: AsyncEngine, decky: str = "web-01") -> Vault:
    return DeckyVault(engine, decky, now=lambda: 1.0, offload=asyncio.to_thread)


async def test_a_secret_is_made_once_and_outlives_the_vault(engine: AsyncEngine) -> None:
    made = iter((b"\x00first", b"second"))

    assert await vault(engine).get("host-key", lambda: next(made)) == b"\x00first"
    assert await vault(engine).get("host-key", lambda: next(made)) == b"\x00first"
    assert await vault(engine, "web-02").get("host-key", lambda: next(made)) == b"second"


async def test_who_asks_at_the_same_time_gets_the_same_secret(engine: AsyncEngine) -> None:
    made = iter((b"1", b"2", b"3"))
    one, two = vault(engine), vault(engine)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.get("key", lambda: next(made))) for each in (one, one, two)]
    (kept,) = {task.result() for task in tasks}

    assert await vault(engine).get("key", lambda: b"other") == kept

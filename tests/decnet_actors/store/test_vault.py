import asyncio
from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.decoy import Vault
from decnet_actors.store.vault import Secrets


def vault(engine: AsyncEngine, decky: str = "web-01") -> Vault:
    return Secrets(engine, now=lambda: 1.0, offload=asyncio.to_thread, spare=asyncio.to_thread).of(decky)


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


async def test_several_are_made_together_and_those_that_are_there_stay(engine: AsyncEngine) -> None:
    await vault(engine).get("b", lambda: b"first")

    assert await vault(engine).get_all({"a": lambda: b"1", "b": lambda: b"2"}) == {"a": b"1", "b": b"first"}
    assert await vault(engine).get_all({"a": lambda: b"3", "b": lambda: b"4"}) == {"a": b"1", "b": b"first"}


async def test_who_cannot_wait_does_not_and_what_was_handed_out_stays_true(engine: AsyncEngine) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def spare(work: Callable[[], bytes]) -> bytes:
        begun.set()
        await go_on.wait()
        return work()

    slow = Secrets(engine, now=lambda: 1.0, offload=asyncio.to_thread, spare=spare).of("web-01")
    async with asyncio.TaskGroup() as group:
        prepared = group.create_task(slow.prepared("key", lambda: b"late"))
        await begun.wait()
        got = await slow.get("key", lambda: b"soon")
        go_on.set()

    assert b"soon" == got == prepared.result() == await slow.prepared("key", lambda: b"other")


async def test_two_that_are_made_in_different_company_are_both_kept(engine: AsyncEngine) -> None:
    one, two = vault(engine), vault(engine)
    async with asyncio.TaskGroup() as group:
        left = group.create_task(one.get_all({"a": lambda: b"1", "b": lambda: b"1"}))
        right = group.create_task(two.get_all({"b": lambda: b"2", "c": lambda: b"2"}))

    assert left.result()["b"] == right.result()["b"] == await vault(engine).get("b", lambda: b"3")
    assert b"2" == await vault(engine).get("c", lambda: b"3")


async def test_deckies_that_start_together_are_kept_in_few_transactions(engine: AsyncEngine) -> None:
    begun: list[object] = []
    event.listen(engine.sync_engine, "commit", begun.append)
    secrets = Secrets(engine, now=lambda: 1.0, offload=asyncio.to_thread, spare=asyncio.to_thread)
    vaults = [secrets.of(f"web-{number}") for number in range(50)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.get("key", one.decky.encode)) for one in vaults]

    assert [task.result() for task in tasks] == [one.decky.encode() for one in vaults]
    assert len(begun) < len(vaults) / 2
    assert [await one.get("key", lambda: b"other") for one in vaults[:3]] == [b"web-0", b"web-1", b"web-2"]

"""This module does many things in order, a bounded number at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable


async def together(work: Iterable[Callable[[], Awaitable[object]]], at_once: int) -> None:
    """Do it in order, so many at a time."""
    waiting = iter(work)

    async def take() -> None:
        for one in waiting:
            await one()

    if at_once <= 1:
        await take()
        return
    async with asyncio.TaskGroup() as hands:
        for _ in range(at_once):
            _task = hands.create_task(take())

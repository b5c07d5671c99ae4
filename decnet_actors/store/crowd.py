"""This module answers many at once: what comes while an answer is being made waits for the next one, together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from decnet_actors.store.faults import FAILURES

Q = TypeVar("Q")
A = TypeVar("A")


class Crowd(Generic[Q, A]):
    """Puts questions that come at the same time to one visit of the database.

    Args:
        answer: answers so many questions, one answer each, in their order. One of ``faults.FAILURES`` is raised to all
            of them.
        limit: questions a visit, at most.

    """

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, limit: int) -> None:
        self._answer = answer
        self._limit = limit
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._visiting = asyncio.Lock()

    async def ask(self, question: Q) -> A:
        """Return the answer; who comes first asks for those that came meanwhile, too."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        mine = (question, future)
        self._waiting.append(mine)
        try:
            while not future.done():
                async with self._visiting:
                    if not future.done():
                        await self._visit()
        finally:
            if mine in self._waiting:  # cut off before anybody asked
                self._waiting.remove(mine)
        return future.result()

    async def _visit(self) -> None:
        batch = self._waiting[: self._limit]
        del self._waiting[: len(batch)]
        left = batch
        try:
            answers = await self._answer([question for question, _ in batch])
            left = []
        except FAILURES as error:
            left = []
            for _, future in batch:
                future.set_exception(error)
                future.exception()  # whoever was cut off does not look at it
            return
        finally:
            self._waiting[:0] = left  # cut off: the next one asks for them
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)

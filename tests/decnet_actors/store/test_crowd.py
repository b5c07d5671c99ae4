import asyncio
from collections.abc import Sequence

import pytest

from decnet_actors.store.crowd import Crowd


class Desk:
    """Answers with the double, when it is let; remembers who came together."""

    def __init__(self) -> None:
        self.visits: list[list[int]] = []
        self.let = asyncio.Event()
        self.errors: list[Exception] = []

    async def answer(self, numbers: Sequence[int]) -> Sequence[int]:
        self.visits.append(list(numbers))
        await self.let.wait()
        if self.errors:
            raise self.errors.pop(0)
        return [2 * number for number in numbers]


async def asked(crowd: Crowd[int, int], numbers: Sequence[int]) -> "list[asyncio.Task[int]]":
    tasks = [asyncio.create_task(crowd.ask(number)) for number in numbers]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_one_is_answered_is_answered_together() -> None:
    desk = Desk()
    crowd = Crowd(desk.answer, limit=3)
    first = await asked(crowd, [1])
    others = await asked(crowd, [2, 3, 4, 5])
    desk.let.set()

    assert await asyncio.gather(*first, *others) == [2, 4, 6, 8, 10]
    assert desk.visits == [[1], [2, 3, 4], [5]]


async def test_who_asks_for_others_and_is_cut_off_leaves_them_to_the_next() -> None:
    desk = Desk()
    crowd = Crowd(desk.answer, limit=10)
    (first,) = await asked(crowd, [1])
    others = await asked(crowd, [2, 3])
    first.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    others[0].cancel()
    desk.let.set()

    assert await others[1] == 6
    assert all(task.cancelled() for task in (first, others[0]))
    assert desk.visits[-1] == [3]


async def test_a_failure_is_everybodys_and_the_next_visit_is_a_new_one() -> None:
    desk = Desk()
    crowd = Crowd(desk.answer, limit=10)
    first = await asked(crowd, [1])
    others = await asked(crowd, [2, 3])
    desk.errors = [ConnectionError("gone"), ConnectionError("still")]
    desk.let.set()

    assert [type(one) for one in await asyncio.gather(*first, *others, return_exceptions=True)] == [ConnectionError] * 3
    assert await crowd.ask(4) == 8


async def test_our_own_fault_is_whose_visit_it_was() -> None:
    desk = Desk()
    crowd = Crowd(desk.answer, limit=10)
    (first,) = await asked(crowd, [1])
    (other,) = await asked(crowd, [2])
    desk.errors = [KeyError("ours")]
    desk.let.set()

    with pytest.raises(KeyError):
        await first
    assert await other == 4

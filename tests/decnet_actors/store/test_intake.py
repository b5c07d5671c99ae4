import asyncio

import pytest

from decnet_actors.store.intake import Intake
from supervisors.testing import settle
from tests.decnet_actors.store.samples import record

MAX = 1 << 30


async def test_records_of_all_writers_come_out_in_the_order_they_came() -> None:
    intake = Intake("p")
    one, two = intake.writer(), intake.writer()
    for n in range(6):
        (one if n % 3 else two).put(record(n))

    assert [item.record.time - record(0).time for item in intake.front(MAX, MAX)] == [0, 1, 2, 3, 4, 5]
    assert [item.number for item in intake.front(MAX, MAX)] == [1, 1, 2, 2, 3, 4]
    assert sorted(intake.windows()) == [("p.0", 1), ("p.1", 1)]


async def test_the_front_stays_until_it_is_acknowledged() -> None:
    intake = Intake("p")
    writer = intake.writer()
    for n in range(3):
        writer.put(record(n))

    assert intake.front(2, MAX) == intake.front(2, MAX)
    intake.acknowledge(2)
    assert [item.number for item in intake.front(2, MAX)] == [3]
    assert list(intake.windows()) == [("p.0", 3)]


async def test_the_front_is_bounded_in_bytes_but_never_empty() -> None:
    intake = Intake("p")
    writer = intake.writer()
    for n in range(3):
        writer.put(record(n))
    size = len(intake.pending[0].payload)

    assert [len(intake.front(MAX, limit)) for limit in (1, size, 2 * size, 3 * size)] == [1, 1, 2, 3]


async def test_who_waits_is_told_in_any_order_of_asking() -> None:
    intake = Intake("p")
    writer = intake.writer()
    for n in range(3):
        writer.put(record(n))
    waits = {number: asyncio.ensure_future(writer.durable(number)) for number in (3, 1, 2)}
    await settle()
    assert intake.urgent is True

    intake.acknowledge(2)
    await settle()
    assert {number: wait.done() for number, wait in waits.items()} == {1: True, 2: True, 3: False}
    intake.acknowledge(1)
    await asyncio.gather(*waits.values())
    assert [intake.urgent] == [False]


async def test_who_gave_up_waiting_is_passed_over() -> None:
    intake = Intake("p")
    writer = intake.writer()
    writer.put(record(1))
    wait = asyncio.ensure_future(writer.durable(1))
    await settle()
    wait.cancel()
    intake.acknowledge(1)

    with pytest.raises(asyncio.CancelledError):
        await wait


async def test_a_stall_closes_the_door_and_its_end_opens_it() -> None:
    intake = Intake("p")
    intake.set_stalled(stalled=True)
    rooms = [asyncio.ensure_future(intake.writer().room()) for _ in range(3)]
    await settle()
    assert [room.done() for room in rooms] == [False] * 3

    rooms[0].cancel()
    intake.set_stalled(stalled=False)
    await asyncio.gather(*rooms[1:])


async def test_a_wait_for_many_ends_early_when_somebody_is_in_a_hurry() -> None:
    intake = Intake("p")
    writer = intake.writer()
    waiting = asyncio.ensure_future(intake.wait(100))
    counting = asyncio.ensure_future(intake.wait_for_count(2))
    writer.put(record(1))
    await settle()
    assert not waiting.done()

    durable = asyncio.ensure_future(writer.durable(1))
    await waiting
    assert not counting.done()
    counting.cancel()
    durable.cancel()

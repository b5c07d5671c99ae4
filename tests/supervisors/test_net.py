"""This module tests the driver of ZeroMQ sockets and the binding of private paths."""

import asyncio
import os
import stat

import pytest
import uvloop
import zmq

from supervisors.net import (
    FdReader,
    PathLock,
    PathTakenError,
    bind_private,
    make_private_folder,
    receive_frames,
    receive_pairs,
    send_pair,
)


@pytest.fixture
def pair():
    context = zmq.Context()
    left, right = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    left.bind("inproc://pair")
    right.connect("inproc://pair")
    yield left, right
    context.destroy(linger=0)


def collector(socket, **options):
    """A reader whose owner drains at once, as a callback of the loop."""
    got: list[list[bytes]] = []
    done = asyncio.Event()

    def wake():
        asyncio.get_running_loop().call_soon(drain)

    def drain():
        got.extend(reader.drain(**options))
        done.set()

    reader = FdReader(socket, wake)
    return reader, got, done


async def until(done, condition):
    async with asyncio.timeout(10):
        while not condition():
            done.clear()
            await done.wait()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request):
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


def test_every_message_comes_once_and_in_order(run, pair):
    left, right = pair

    async def scenario():
        reader, got, done = collector(left)
        for number in range(1000):
            right.send(b"%d" % number, zmq.DONTWAIT)
        await until(done, lambda: len(got) == 1000)
        reader.close()
        return got

    assert [[b"%d" % number] for number in range(1000)] == run(scenario())


def test_what_came_before_the_reader_is_read(run, pair):
    left, right = pair
    right.send(b"early")

    async def scenario():
        left.getsockopt(zmq.EVENTS)  # eats the edge
        reader, got, done = collector(left)
        await until(done, lambda: got)
        reader.close()
        return got

    assert [[b"early"]] == run(scenario())


def test_an_edge_eaten_by_a_send_is_found_by_a_kick(run, pair):
    left, right = pair

    async def scenario():
        reader, got, done = collector(left)
        await asyncio.sleep(0)
        right.send(b"question")
        left.send(b"something", zmq.DONTWAIT)
        reader.kick()
        await until(done, lambda: got)
        reader.close()
        return got

    assert [[b"question"]] == run(scenario())


def test_an_edge_eaten_unnoticed_is_found_by_the_safety_timer(run, pair):
    left, right = pair

    async def scenario():
        woken = asyncio.Event()
        reader = FdReader(left, woken.set, safety=0.01)
        await asyncio.sleep(0)
        right.send(b"x")
        while not left.getsockopt(zmq.EVENTS) & zmq.POLLIN:  # eats the edge
            pass
        async with asyncio.timeout(10):
            await woken.wait()
        got = list(reader.drain())
        reader.close()
        return got

    assert [[b"x"]] == run(scenario())


def test_a_flood_leaves_turns_for_others(run, pair):
    left, right = pair

    async def scenario():
        turns = 0
        reader, got, _ = collector(left, budget=10)
        for _ in range(500):
            right.send(b"x", zmq.DONTWAIT)
        async with asyncio.timeout(10):
            while len(got) < 500:
                await asyncio.sleep(0)
                turns += 1
        reader.close()
        return turns

    assert run(scenario()) >= 50


def test_frames_are_kept_when_asked_for(run, pair):
    left, right = pair
    right.send_multipart([b"a", b"b"])

    async def scenario():
        reader = FdReader(left, lambda: None, receive=receive_frames(left))
        async with asyncio.timeout(10):
            while not (got := list(reader.drain())):
                await asyncio.sleep(0)
        reader.close()
        return [frame.bytes for frame in got[0]]

    assert [b"a", b"b"] == run(scenario())


def test_pairs_are_sent_and_received(run, pair):
    left, right = pair
    send_pair(right, (b"a", b"b"))
    right.send_multipart([b"1", b"2", b"3", b"4"])
    receive = receive_pairs(left)

    assert [[b"a", b"b"], [b"1", b"2", b"3", b"4"]] == [receive(), receive()]
    with pytest.raises(zmq.Again):
        receive()


def test_a_closed_reader_is_silent(run, pair):
    left, right = pair

    async def scenario():
        woken = []
        reader = FdReader(left, lambda: woken.append(1), safety=0.001)
        reader.close()
        reader.close()
        right.send(b"x")
        reader.kick()
        reader._readable()
        await asyncio.sleep(0)
        return woken

    assert [] == run(scenario())


def test_a_locked_path_is_taken_until_it_is_released(tmp_path):
    lock = PathLock(tmp_path / "lock")

    with pytest.raises(PathTakenError, match="another process holds"):
        PathLock(tmp_path / "lock")
    lock.release()
    lock.release()
    PathLock(tmp_path / "lock").release()


def test_a_bound_path_has_its_mode_at_once(tmp_path):
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    before = os.umask(0o022)
    try:
        bind_private(socket, tmp_path / "s", mode=0o660)
        after = os.umask(0o022)
    finally:
        os.umask(before)
        context.destroy(linger=0)

    assert 0o022 == after


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_the_mode_of_a_bound_path(tmp_path, mode):
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    bind_private(socket, tmp_path / "s", mode=mode)
    got = stat.S_IMODE((tmp_path / "s").stat().st_mode)
    context.destroy(linger=0)

    assert mode == got


def test_a_path_too_long_is_refused(tmp_path):
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    with pytest.raises(ValueError, match="at most 107 bytes"):
        bind_private(socket, tmp_path / ("x" * 108))
    context.destroy(linger=0)


def test_a_folder_is_made_private_and_one_open_to_others_is_refused(tmp_path):
    make_private_folder(tmp_path / "run" / "bus")

    assert 0o700 == stat.S_IMODE((tmp_path / "run" / "bus").stat().st_mode)
    (tmp_path / "run" / "bus").chmod(0o777)
    with pytest.raises(PermissionError, match="chmod go-w"):
        make_private_folder(tmp_path / "run" / "bus")

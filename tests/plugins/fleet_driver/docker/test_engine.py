"""Tests of what the driver makes of an engine that is away, old, odd or rude, on sockets of this machine."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from decnet_actors.contracts.fleet_driver import DriverUnreachableError
from plugins.fleet_driver.docker.engine import Engine
from plugins.fleet_driver.docker.errors import EngineError

VERSION = {"Version": "20.10.24", "ApiVersion": "1.41"}


def answer(status, body, kind="application/json", length=None):
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body) if length is None else length}\r\n"
    )
    return head.encode() + b"Connection: close\r\n\r\n" + body


@asynccontextmanager
async def served(path, *, version=VERSION, other=b""):
    """Answer questions for the version, and all others with the same bytes."""

    async def serve(reader, writer):
        line = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")[0]
        writer.write(answer(200, json.dumps(version).encode()) if b"/version " in line else other)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    engine = Engine(str(path), within=2.0)
    try:
        yield engine
    finally:
        await engine.aclose()
        server.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "d.sock"


async def test_an_engine_that_is_new_enough_is_opened_twice(path):
    async with served(path) as engine:
        await engine.open()
        await engine.open()


async def test_an_old_engine_is_refused_with_what_is_needed(path):
    async with served(path, version={"Version": "19.03.15", "ApiVersion": "1.40"}) as engine:
        with pytest.raises(ValueError, match=r"19\.03\.15 .* its API is 1\.40, and 1\.41 is needed"):
            await engine.open()


async def test_nobody_who_listens_is_unreachable(path):
    engine = Engine(str(path))
    try:
        with pytest.raises(
            DriverUnreachableError, match=rf"{path} does not answer \(No such file or directory\): systemctl status"
        ):
            await engine.open()
    finally:
        await engine.aclose()
    await engine.aclose()


@pytest.mark.parametrize("cut", [b"", answer(200, b'{"Id":', length=100), b"220 mail ready\r\n\r\n"])
async def test_an_engine_that_breaks_off_or_is_none_is_unreachable(path, cut):
    async with served(path, other=cut) as engine:
        with pytest.raises(DriverUnreachableError):
            await engine.inspect("x")


async def test_a_refusal_says_why_and_with_which_status(path):
    async with served(path, other=answer(409, b'{"message": "removal in progress"}')) as engine:
        with pytest.raises(EngineError, match="removal in progress") as caught:
            await engine.remove("x")

    assert caught.value.status == 409


async def test_what_is_not_there_is_none(path):
    async with served(path, other=answer(404, b'{"message": "no such thing"}')) as engine:
        assert (None, None, False) == (
            await engine.inspect("x"),
            await engine.network("x"),
            await engine.has_image("x"),
        )
        await engine.remove("x")


@pytest.mark.parametrize("limit", [1, 1000, 100_000])
async def test_no_more_of_an_archive_is_read_than_wanted(path, limit):
    endless = answer(200, bytes(200_000), "application/x-tar", length=10**12)
    async with served(path, other=endless) as engine:
        assert limit == len(await engine.archive("x", "/y", limit))

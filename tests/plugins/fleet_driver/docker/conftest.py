"""This module gives the tests of the docker driver an engine, and each a driver of its own installation."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from decnet_actors.contracts.inside import Command
from plugins.fleet_driver.docker.config import DockerConfig
from plugins.fleet_driver.docker.container import INSTALLATION
from plugins.fleet_driver.docker.driver import DockerDriver
from plugins.fleet_driver.docker.engine import Engine
from tests.plugins.fleet_driver.docker.lan import IMAGE, NETWORK, POOL, Lan, lan

WITHIN = 10.0  # seconds anything here may take
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def made_lan() -> Iterator[Lan]:
    with lan() as made:
        yield made


@pytest.fixture
async def config(made_lan: Lan) -> AsyncIterator[DockerConfig]:
    """Options of an installation that has nothing yet; what it then has is removed."""
    installation = f"test{next(_numbers)}"
    yield DockerConfig(socket=made_lan.socket, image=IMAGE, network=NETWORK, pool=POOL, installation=installation)
    engine = Engine(made_lan.socket)
    for container in await engine.containers({INSTALLATION: installation}):
        await engine.remove(container)
    await engine.aclose()


@pytest.fixture
async def driver(config: DockerConfig) -> AsyncIterator[DockerDriver]:
    made = DockerDriver(config)
    try:
        await made.open()
        yield made
    finally:
        await made.aclose()


async def said(driver: DockerDriver, decky: str, *command: str) -> str:
    """Return what a program prints inside a decky, errors included."""
    async with asyncio.timeout(WITHIN), driver.inside.run(decky, Command(words=command)) as program:
        found = b""
        while (output := await program.read()) is not None:
            found += output.data
    return found.decode()

"""This module gives store tests their databases: each test an empty one, on each engine."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from decnet_actors.store.engine import make_engine, normalise_url
from decnet_actors.store.migrations import migrate
from tests.decnet_actors.store import servers

ENGINES = (
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.server),
    pytest.param("mysql", marks=pytest.mark.server),
)
MAINTENANCE = {"postgresql": "postgres", "mysql": "mysql"}

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[str]:
    with servers.mariadb() as url:
        yield url


@asynccontextmanager
async def database(server: str, name: str) -> AsyncIterator[str]:
    """Yield the URL of an empty database on ``server``."""
    kind = server.partition(":")[0]
    admin = create_async_engine(normalise_url(server.format(MAINTENANCE[kind])), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.format(name)
    finally:
        async with admin.connect() as connection:
            force = " WITH (FORCE)" if kind == "postgresql" else ""
            await connection.execute(text(f"DROP DATABASE {name}{force}"))
        await admin.dispose()


@pytest.fixture(params=ENGINES)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state/decnet.db"
        return
    async with database(request.getfixturevalue(f"{request.param}_server"), f"test_{next(_numbers)}") as url:
        yield url


@pytest.fixture
async def empty_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine of a database without tables."""
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()
    await asyncio.sleep(0)  # lets transports of dropped connections close before the loop does


@pytest.fixture
async def engine(empty_engine: AsyncEngine) -> AsyncEngine:
    """An engine of a migrated database, on each kind of engine in turn."""
    await migrate(empty_engine)
    return empty_engine


@pytest.fixture
async def sqlite_engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine of a migrated SQLite database, for what does not depend on the kind of engine."""
    engine = make_engine(f"sqlite:///{tmp_path}/sqlite/decnet.db")
    await migrate(engine)
    yield engine
    await engine.dispose()

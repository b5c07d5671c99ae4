"""This module gives tests of enrichment the providers' stand-ins and an empty database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.engine import make_engine
from decnet_actors.store.migrations import migrate
from tests.intel import Stubs, providers


@pytest.fixture
def stubs() -> Iterator[Stubs]:
    with providers() as made:
        yield made


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite:///{tmp_path}/decnet.db")
    await migrate(engine)
    yield engine
    await engine.dispose()

"""This module gives the console's tests a running site."""

from collections.abc import AsyncIterator

import pytest

from decnet_actors.web.static import StaticTree
from tests.decnet_actors.web.fakes import Browser, Site


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> StaticTree:
    root = tmp_path_factory.mktemp("static")
    (root / "player").mkdir()
    (root / "index.html").write_text('<!doctype html><script type="module" src="/static/-/app.js"></script>')
    (root / "player" / "index.html").write_text('<!doctype html><script src="/static/-/player/player.js"></script>')
    (root / "player" / "player.js").write_text("'use strict';")
    (root / "app.js").write_text("export default 1;\n" * 100)
    (root / "secret.py").write_text("never served")
    return StaticTree(root)


@pytest.fixture
async def site(files: StaticTree) -> AsyncIterator[Site]:
    made = Site(files=files)
    async with made.running():
        yield made


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    async with site.client() as client:
        yield client


@pytest.fixture
async def admin(site: Site) -> AsyncIterator[Browser]:
    await site.add_user()
    async with site.client() as client:
        await client.sign_in()
        yield client

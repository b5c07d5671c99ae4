"""This module gives tests of downloads a web server on loopback."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.decnet_actors.downloads.site import HOME, Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, HOME, 0)
    await server.start()
    site.port = runner.addresses[0][1]
    yield site
    await runner.cleanup()

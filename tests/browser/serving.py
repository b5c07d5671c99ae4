"""This module runs a console with a day of facts in a thread of its own, for a browser to look at."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from decnet_actors.contracts.operations import Role
from decnet_actors.contracts.runtime_operations import ACTOR_TREE
from decnet_actors.domain.records import Record
from decnet_actors.web.server import CONSOLE
from tests.browser.backend import Backend
from tests.browser.seed import NOW, records
from tests.decnet_actors.web.fakes import Site

T = TypeVar("T")


class Served:
    """A running console. ``seeded`` says whether anything has ever happened on it."""

    def __init__(self, *, seeded: bool, users: bool = True, port: int = 0) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._port = port
        self._seeded = seeded
        self._users = users
        self._failure: BaseException | None = None
        self.site: Site
        self.backend: Backend
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(20)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        return self.site.url

    def do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine where the site runs."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    def append(self, record: Record) -> None:
        """Commit one more fact."""

        async def work() -> None:
            self.site.journal.append(record)

        self.do(work)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001  told to whoever waits
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        site = self.site = Site()
        site.clock.seconds = NOW
        self._stop = asyncio.Event()
        self.backend = Backend(site.journal) if self._seeded else Backend(site.journal, fleet=())
        self.backend.bind(site.table)
        if self._seeded:
            for record in records():
                site.journal.append(record)
        if self._users:
            for name, role in (("ana", Role.ADMIN), ("vic", Role.VIEWER), ("bo", Role.ANALYST)):
                await site.add_user(name, role)
        site.snapshots["actors"] = lambda: site.table.call(ACTOR_TREE.name, {}, CONSOLE)
        async with site.running(self._port):
            self._ready.set()
            await self._stop.wait()

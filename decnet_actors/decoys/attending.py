"""This module keeps the work that is done beside one connection, such as running a program.

Made by a connection for the first such work, so that those who never ask pay nothing.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from decnet_actors.contracts.decoy import Work
from decnet_actors.decoys.keeper import Spawn


class Attending:
    """The work beside one connection.

    Args:
        spawn: starts a task.
        failed: told why our own code failed in it.

    """

    def __init__(self, spawn: Spawn, failed: Callable[[Exception], None]) -> None:
        self._spawn = spawn
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()
        self._then: Callable[[], None] | None = None

    def attend(
        self, work: Work, ready: Callable[[], None], over: Callable[[], None] | None = None
    ) -> Callable[[], object]:
        """Begin work; see ``contracts.decoy.SessionLog``."""
        task = self._spawn(self._done(work, ready), name="attend")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, over))
        return task.cancel

    def end(self, then: Callable[[], None]) -> None:
        """Cancel all of it, and go on with ``then`` when it is over."""
        if not self._tasks:
            then()
            return
        self._then = then
        for task in tuple(self._tasks):
            task.cancel()

    async def _done(self, work: Work, ready: Callable[[], None]) -> None:
        try:
            await work(ready)
        except Exception as error:  # noqa: BLE001  the session host: one session's failure is its own
            self._failed(error)

    def _ended(self, over: Callable[[], None] | None, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if over is not None:
            over()
        if not self._tasks and self._then is not None:
            then, self._then = self._then, None
            then()

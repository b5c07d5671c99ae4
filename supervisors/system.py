"""This module runs a tree: start, stop, look, and an operator's control of single actors by path."""

import asyncio
from collections.abc import Callable
from typing import Any

from supervisors.clock import Clock
from supervisors.context import ActorContext
from supervisors.directory import Directory
from supervisors.errors import Exit, NoSuchActorError, Reason
from supervisors.messages import ReplaceChild, RestartChild, TerminateChild
from supervisors.ref import ActorRef
from supervisors.report import Report, TreeNode
from supervisors.spec import SupervisorSpec
from supervisors.supervisor import Supervisor

__all__ = ["NoSuchActorError", "Report", "System", "TreeNode"]

CONTROL_WITHIN = 60.0  # seconds an operator's request may take; longer than a child's default start and stop


class System:
    """A root supervisor and what its tree shares.

    Args:
        spec: the tree; the root's path is its id.
        clock: of all actors.
        seed: the installation's; an actor's ``rng`` depends on it and its path.
        reports: told of every start and death, on the loop; must be quick.

    """

    def __init__(
        self, spec: SupervisorSpec, *, clock: Clock, seed: int, reports: Callable[[Report], None] = lambda _: None
    ) -> None:
        self.directory = Directory()
        self._root = Supervisor(spec)
        self._context = ActorContext(path=spec.id, clock=clock, seed=seed, directory=self.directory, reports=reports)
        self._ended = asyncio.Event()

    @property
    def ref(self) -> ActorRef:
        """The root supervisor."""
        return self._root.ref

    async def start(self) -> None:
        """Start the tree and return when all of it is up.

        Raises:
            StartError: a child did not come up; what had come up was stopped again.

        """
        ref = self._root.launch(self._context)
        self._root.add_exit_callback(lambda _reason: self._ended.set())
        try:
            await self._root.started
        finally:
            if not self._root.is_up:
                self._root.kill()
                await self._ended.wait()
        self.directory.register(self._context.path, ref)

    async def stop(self, *, within: float | None = None) -> Reason:
        """Stop the tree in order and return why it ended.

        Args:
            within: seconds after which what is left is killed; None trusts the shutdown times of the specs.

        """
        self._root.request_stop(Exit.SHUTDOWN)
        try:
            async with asyncio.timeout(within):
                await self._ended.wait()
        except TimeoutError:
            self._root.kill()
        return await self.wait()

    async def wait(self) -> Reason:
        """Return why the tree ended, once it has; ``EscalatedError`` when the root gave up."""
        await self._ended.wait()
        assert self._root.exit_reason is not None  # noqa: S101 - set before the callbacks of the end
        return self._root.exit_reason

    async def tree(self) -> TreeNode:
        """Return the live tree; no child can delay this."""
        return self._root.tree()

    async def restart(self, path: str) -> None:
        """Stop an actor in order and start it afresh, whatever its state.

        Raises:
            NoSuchActorError: nothing is known under that path, or it is the root.
            StartError: it did not come up again.

        """
        await self._control(path, ReplaceChild)

    async def stop_child(self, path: str) -> None:
        """Stop an actor until ``start_child``; a crash of a sibling may bring it back (one_for_all, rest_for_one)."""
        await self._control(path, TerminateChild)

    async def start_child(self, path: str) -> None:
        """Start an actor that is stopped or failed.

        Raises:
            ChildStateError: it runs or waits for its restart.

        """
        await self._control(path, RestartChild)

    async def _control(self, path: str, message: Callable[[str], Any]) -> None:  # any message with a child id
        above, _, child_id = path.rpartition("/")
        supervisor = self.directory.whereis(above)
        if supervisor is None or not issubclass(supervisor.actor_class, Supervisor):
            raise NoSuchActorError(path)
        await supervisor.ask(message(child_id), within=CONTROL_WITHIN)

"""This module is the actor that removes what is too old, every few minutes."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar, assert_never

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store.faults import FAILURES, Fault, describe, fault_of
from decnet_actors.store.settings import RetentionConfig
from decnet_actors.store.sweep import Sweep
from supervisors.actor import LoopActor
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec, WhenFull
from supervisors.periodic import Periodic

log = get_logger(__name__)


@frozen(kw_only=True)
class SweepNow:
    """Look for what is too old; sent every ``every`` seconds."""


@frozen(kw_only=True)
class Swept:
    """A look has ended."""

    removed: dict[str, int]
    error: str | None = None


class Retention(LoopActor):
    """Removes what is too old. An ask for ``SweepNow`` is answered at once; the work goes on beside the mailbox.

    Args:
        engine: of the store.
        artifacts: folder of the artifact store.
        config: how long to keep what.
        offload: runs a blocking function off the loop.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=100, when_full=WhenFull.DROP_OLDEST)

    def __init__(
        self,
        engine: AsyncEngine,
        artifacts: Path,
        config: RetentionConfig,
        *,
        offload: Callable[[Callable[[], Any]], Awaitable[Any]],  # Any: whatever the work returns
    ) -> None:
        super().__init__()
        self.last: Swept | None = None
        self._config = config
        self._sweep = Sweep(engine, artifacts, config, offload=offload)
        self._sweeping = False

    async def on_start(self) -> None:
        self._beat = Periodic(self, self._config.every, SweepNow())

    async def handle(self, message: SweepNow | Swept) -> None:
        match message:
            case SweepNow():
                if not self._sweeping:
                    self._sweeping = True
                    _task = self.spawn(self._look(), name="sweep", tag=lambda swept: swept)
            case Swept():
                self._note(message)
            case _:
                assert_never(message)

    async def _look(self) -> Swept:
        try:
            return Swept(removed=await self._sweep.run(self.clock.now()))
        except FAILURES as error:
            if fault_of(error) is Fault.OURS:
                raise
            return Swept(removed={}, error=describe(error))

    def _note(self, swept: Swept) -> None:
        before, self.last, self._sweeping = self.last, swept, False
        if swept.removed:
            log.info("retention.removed", **swept.removed)
        failed = before is not None and before.error is not None
        if swept.error is not None and not failed:
            log.warning("retention.failing", error=swept.error)
        elif swept.error is None and failed:
            log.info("retention.recovered")

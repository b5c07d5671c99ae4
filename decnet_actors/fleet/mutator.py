"""This module is the actor that lets deckies change their services by themselves, each at its interval."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, assert_never

from attrs import frozen

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.fleet.document import Document
from supervisors.actor import LoopActor
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec, WhenFull
from supervisors.periodic import Periodic

log = get_logger(__name__)

EVERY = 10.0  # seconds between two looks


@frozen(kw_only=True)
class LookAround:
    """Look whose time has come; sent every ten seconds."""


@frozen(kw_only=True)
class Looked:
    """A look has ended."""


@frozen(kw_only=True)
class Waiting:
    """A decky that is to change: how often, and since when it waits (monotonic seconds)."""

    interval: float
    since: float


def waiting(document: Document, before: Mapping[str, Waiting], now: float) -> dict[str, Waiting]:
    """Return who waits for a change. Who has another interval, or did not wait, begins to wait now.

    Nobody waits in a fleet that rests, so nobody is late when it goes on.
    """
    if document.paused:
        return {}
    return {
        settings.name: known
        if (known := before.get(settings.name)) is not None and known.interval == settings.mutate_interval
        else Waiting(interval=settings.mutate_interval, since=now)
        for settings in document.deckies
        if settings.mutate_interval and settings.state == "running"
    }


def due(found: Mapping[str, Waiting], now: float) -> tuple[str, ...]:
    """Return whose time has come, the longest overdue first."""
    late = [(one.since + one.interval, name) for name, one in found.items() if one.since + one.interval <= now]
    return tuple(name for _, name in sorted(late))


class Mutator(LoopActor):
    """Changes deckies whose interval has passed, one after another.

    Args:
        fleet: returns the fleet as it is meant to be.
        mutate: gives a decky of that name other services.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=10, when_full=WhenFull.DROP_OLDEST)

    def __init__(self, fleet: Callable[[], Awaitable[Document]], mutate: Callable[[str], Awaitable[object]]) -> None:
        super().__init__()
        self._fleet = fleet
        self._mutate = mutate
        self._waiting: Mapping[str, Waiting] = {}
        self._looking = False

    async def on_start(self) -> None:
        self._beat = Periodic(self, EVERY, LookAround())

    async def handle(self, message: LookAround | Looked) -> None:
        match message:
            case LookAround():
                if not self._looking:
                    self._looking = True
                    _task = self.spawn(self._look(), name="look", tag=lambda looked: looked)
            case Looked():
                self._looking = False
            case _:
                assert_never(message)

    async def _look(self) -> Looked:
        self._waiting = waiting(await self._fleet(), self._waiting, self.clock.monotonic())
        for name in due(self._waiting, self.clock.monotonic()):
            try:
                await self._mutate(name)
            except OperatorError as error:  # it has gone meanwhile, or there is nothing else it could serve
                log.info("fleet.not_mutated", decky=name, reason=error.detail)
            self._waiting = {
                **self._waiting,
                name: Waiting(interval=self._waiting[name].interval, since=self.clock.monotonic()),
            }
        return Looked()

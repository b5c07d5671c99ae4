"""This module is the actor that carries lifecycle operations out, one after another, in the order they were asked for.

What is to be done is in the store before it is begun. Whoever starts anew, after a crash or a kill of the daemon, takes
up what has not ended: bringing deckies to a revision touches only what is not yet as it should be.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeAlias, assert_never

from attrs import frozen

from decnet_actors.contracts.lifecycle import DeckyOutcome, Lifecycle
from decnet_actors.domain.facts import Trigger
from decnet_actors.fleet.desired import DesiredFleet, Hostable
from decnet_actors.fleet.desk import Desk
from supervisors.actor import LoopActor
from supervisors.mailbox import MailboxSpec, WhenFull

ITSELF = "daemon"  # the way by which the daemon changes its own fleet
MAX_ATTEMPTS = 3  # what our own fault ends that often is given up

Report: TypeAlias = Callable[[int, int], None]  # deckies done, of how many


class Crew(Protocol):
    """Who makes, ends and restarts deckies; the composition root knows how."""

    @property
    def revision(self) -> int:
        """What the running deckies were last brought to, or were being brought to."""

    async def converge(
        self, revision: int, hostable: Hostable, trigger: Trigger, report: Report
    ) -> Sequence[DeckyOutcome]:
        """Make the running deckies those of a revision, and return what was done with each that was touched."""

    async def restart(self, name: str) -> DeckyOutcome:
        """Start a decky's services anew."""

    async def down(self) -> Sequence[DeckyOutcome]:
        """Return the deckies that should be up and are not, touched or not."""


@frozen(kw_only=True)
class Work:
    """Look for something to do; told by whoever asks for something."""


@frozen(kw_only=True)
class Done:
    """There was nothing more to do."""


class Conductor(LoopActor):
    """Carries lifecycle operations out.

    Args:
        desk: where they are handed in.
        desired: what the revisions are.
        crew: who does the work.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=100, when_full=WhenFull.DROP_OLDEST)

    def __init__(self, desk: Desk, desired: DesiredFleet, crew: Crew) -> None:
        super().__init__()
        self._desk = desk
        self._desired = desired
        self._crew = crew
        self._working = False
        self._again = False

    async def on_start(self) -> None:
        self.tell_self(Work())

    async def handle(self, message: Work | Done) -> None:
        match message:
            case Work():
                if self._working:
                    self._again = True  # it may have come just after we looked
                else:
                    self._begin()
            case Done():
                self._working = False
                if self._again:
                    self._begin()
            case _:
                assert_never(message)

    def _begin(self) -> None:
        self._working, self._again = True, False
        _task = self.spawn(self._work(), name="work", tag=lambda done: done)

    async def _work(self) -> Done:
        while True:
            async with self._desk.undisturbed:  # before looking: who was killed may still be at its last word
                lifecycle = await self._desk.next()
                if lifecycle is None:
                    return Done()
                await self._carry_out(lifecycle)

    async def _carry_out(self, lifecycle: Lifecycle) -> None:
        if lifecycle.revision < self._crew.revision:
            text = f"revision {self._crew.revision} superseded it before it was done"
            await self._desk.end(lifecycle, (), text)
        elif lifecycle.attempts >= MAX_ATTEMPTS:
            text = f"it was begun {lifecycle.attempts} times and cut off each time; the daemon's log says why"
            await self._desk.end(lifecycle, (), text)
        else:
            running = await self._desk.begin(lifecycle)
            await self._desk.end(running, await self._outcomes(running))

    async def _outcomes(self, running: Lifecycle) -> Sequence[DeckyOutcome]:
        if running.decky:
            return (await self._crew.restart(running.decky),)
        hostable = await self._desired.hostable((await self._desired.at(running.revision)).document)
        trigger = Trigger.SCHEDULED if running.via == ITSELF else Trigger.OPERATOR
        touched = await self._crew.converge(running.revision, hostable, trigger, self._desk.progress)
        if running.attempts == 1:
            return touched
        # what an earlier attempt touched is not known any more, but what became of it is
        names = {one.name for one in touched}
        return (*touched, *(one for one in await self._crew.down() if one.name not in names))

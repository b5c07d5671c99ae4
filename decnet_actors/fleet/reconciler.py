"""This module is the actor that keeps the fleet as it is wanted: the store says how, the driver is only observed.

A look compares, moves what differs, one decky at a time, and tells of states that changed. A driver that cannot be
reached changes nothing: what is there stays, and it is said once.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Protocol, assert_never

from attrs import field, frozen

from decnet_actors.contracts.fleet_driver import DriverUnreachableError, FleetDriver
from decnet_actors.domain.facts import DeckyState, DeckyStateChanged
from decnet_actors.fleet.reconcile import Expected, Move, Step, steps, transitions
from supervisors.actor import LoopActor
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec, WhenFull
from supervisors.periodic import Periodic

EVERY = 30.0  # seconds between two looks
log = get_logger(__name__)


class Hands(Protocol):
    """What the reconciler works with; the composition root knows the plans and the live tree."""

    async def paused(self) -> bool:
        """Return whether an operator wants nothing to be moved."""

    @property
    def undisturbed(self) -> AbstractAsyncContextManager[object]:
        """What whoever touches deckies holds; a look holds it too."""

    def expected(self) -> Mapping[str, Expected]:
        """Return every decky as it should be."""

    async def restart(self, decky: str) -> None:
        """Stop the decky's services and start them anew, which makes its place."""

    async def move(self, decky: str) -> None:
        """Put the decky together anew at the address its place has now; nobody else notices."""

    def states(self) -> Mapping[str, DeckyState]:
        """Return how every decky is now."""


@frozen(kw_only=True)
class Look:
    """Compare now; sent every ``EVERY`` seconds, and by whoever changed something."""


@frozen(kw_only=True)
class AskLooked:
    """Ask for what the last look did."""


@frozen(kw_only=True)
class Looked:
    """What a look did."""

    moved: tuple[Step, ...] = ()
    failed: Mapping[str, str] = field(factory=dict)  # why, by decky
    unreachable: str = ""  # why the driver could not be asked


class Reconciler(LoopActor):
    """Compares and converges. An incarnation that was killed in the middle leaves nothing that the next cannot see.

    Args:
        driver: what is observed.
        hands: what is wanted, and how to get there.
        note: records a fact about a decky.
        every: seconds between two looks.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=100, when_full=WhenFull.DROP_OLDEST)

    def __init__(
        self,
        driver: FleetDriver,
        hands: Hands,
        note: Callable[[str, DeckyStateChanged], None],
        *,
        every: float = EVERY,
    ) -> None:
        super().__init__()
        self._driver = driver
        self._hands = hands
        self._note = note
        self._every = every
        self._states: Mapping[str, DeckyState] = {}  # at the last look
        self._last = Looked()
        self._looking = False
        self._again = False

    async def on_start(self) -> None:
        self._states = self._hands.states()
        self._beat = Periodic(self, self._every, Look())

    async def handle(self, message: Look | AskLooked | Looked) -> Looked | None:
        match message:
            case Look():
                if self._looking:
                    self._again = True  # something changed while we looked
                else:
                    self._begin()
            case AskLooked():
                return self._last
            case Looked():
                self._end(message)
            case _:
                assert_never(message)
        return None

    def _begin(self) -> None:
        self._looking, self._again = True, False
        _task = self.spawn(self._look(), name="look", tag=lambda looked: looked)

    def _end(self, looked: Looked) -> None:
        before, self._last, self._looking = self._last, looked, False
        if looked.unreachable and not before.unreachable:
            log.warning("fleet.driver_unreachable", reason=looked.unreachable)
        elif before.unreachable and not looked.unreachable:
            log.info("fleet.driver_reached")
        for step in looked.moved:
            log.info("fleet.moved", decky=step.decky, move=step.move.value, reason=step.reason)
        for decky, reason in looked.failed.items():
            if before.failed.get(decky) != reason:
                log.warning("fleet.not_moved", decky=decky, reason=reason)
        if self._again:
            self._begin()

    async def _look(self) -> Looked:
        async with self._hands.undisturbed:
            looked = Looked() if await self._hands.paused() else await self._converge()
            self._tell()
        return looked

    async def _converge(self) -> Looked:
        try:
            observed = await self._driver.observe()
        except DriverUnreachableError as error:
            return Looked(unreachable=str(error))
        moved: list[Step] = []
        failed: dict[str, str] = {}
        for step in steps(self._hands.expected(), observed):
            try:
                await self._do(step)
            except DriverUnreachableError as error:
                return Looked(moved=tuple(moved), failed=failed, unreachable=str(error))
            except (OSError, ValueError, TimeoutError) as error:
                failed[step.decky] = str(error)
            else:
                moved.append(step)
        return Looked(moved=tuple(moved), failed=failed)

    async def _do(self, step: Step) -> None:
        match step.move:
            case Move.REMOVE:
                await self._driver.remove(step.decky)
            case Move.START:
                await self._hands.restart(step.decky)
            case Move.MOVE:
                await self._hands.move(step.decky)
            case Move.REBUILD:
                await self._driver.remove(step.decky)
                await self._hands.restart(step.decky)
            case _:
                assert_never(step.move)

    def _tell(self) -> None:
        """Record what changed since the last look."""
        states = self._hands.states()
        before, self._states = self._states, states
        for one in transitions(before, states):
            old = DeckyState.ABSENT if one.old is None else one.old
            new = DeckyState.ABSENT if one.new is None else one.new
            self._note(one.decky, DeckyStateChanged(old=old, new=new))

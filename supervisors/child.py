"""This module keeps one child of a supervisor: its spec, its present incarnation, and how that starts and ends."""

import asyncio
import math
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from supervisors.actor import LoopActor
from supervisors.context import ActorContext, Supervised
from supervisors.errors import Exit, Reason, StartError, describe, is_normal, traceback_text
from supervisors.log import get_logger
from supervisors.offload import outcome
from supervisors.ref import ActorRef
from supervisors.report import ChildState, Report, ReportContext, TreeNode
from supervisors.restart import RestartPolicy, RestartWindow
from supervisors.spec import BRUTAL_KILL, ChildSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervisors.mailbox import AnyEnvelope, Mailbox

log = get_logger(__name__)


class Child:
    """One place in a tree; incarnations come and go in it.

    Args:
        spec: what to run.
        context: that of the supervisor.
        exited: called when a running child ended by itself.
        intensity: restarts of its own it may use up when its spec says ``on_exhausted="disable"``.
        within: seconds of the window for these.

    """

    def __init__(
        self,
        spec: ChildSpec,
        context: ActorContext,
        exited: "Callable[[Child, Supervised, Reason], None]",
        *,
        intensity: int,
        within: float,
    ) -> None:
        self.spec = spec
        self.context = context.child(spec.id)
        self.supervisor = context.path
        self.state = ChildState.STOPPED
        self.actor: Supervised | None = None
        self.starts = 0  # successful ones
        self.came_up = False  # whether the latest start worked
        self.streak = 0  # crashes in a row without a long run between them
        self.serial = 0  # tells the restart that is due from those that were cancelled
        self.timer: asyncio.TimerHandle | None = None
        self.started_at = 0.0  # loop time
        self.last_error: str | None = None
        self.zombies = 0  # incarnations that could not be killed and are still there
        policy = spec.backoff or RestartPolicy(intensity=intensity, within=within)
        self.window = RestartWindow(policy.intensity, policy.within)
        self._exited = exited
        self._gone = asyncio.Event()
        self._mailbox: Mailbox | None = None  # kept between incarnations
        self._poison: tuple[AnyEnvelope, int] | None = None  # the message of the last crash, and its crashes

    @property
    def path(self) -> str:
        return self.context.path

    @property
    def ref(self) -> ActorRef | None:
        """The running incarnation."""
        return self.actor.ref if self.actor is not None and self.state is ChildState.RUNNING else None

    @property
    def restarts(self) -> int:
        return max(0, self.starts - 1)

    async def start(self) -> None:
        """Start an incarnation and return when it is up; or when the factory says there is nothing to run.

        Raises:
            StartError: it did not come up, and is gone or a zombie.

        """
        self.cancel_restart()
        self.state, self.came_up = ChildState.STARTING, False
        actor, error = outcome(self.spec.start)  # whatever a factory does wrong, the supervisor lives on
        if error is not None:
            self.state = ChildState.STOPPED
            self._note(ReportContext.START_ERROR, error)
            raise StartError(self.path, error)
        if actor is None:
            self.state = ChildState.STOPPED
            return
        self.actor, self._gone = actor, asyncio.Event()
        self._lend_mailbox(actor)
        actor.launch(self.context)
        actor.add_exit_callback(partial(self._ended, actor, self._gone))
        try:
            async with asyncio.timeout(self.spec.start_timeout):
                error = await actor.started.failure()
        except TimeoutError:
            error = TimeoutError(f"not up after {self.spec.start_timeout} s")
        if error is not None:
            actor.kill(error)
            await self.bury()
            self.actor, self.state = None, ChildState.STOPPED
            raise StartError(self.path, error)
        self.state, self.started_at = ChildState.RUNNING, asyncio.get_running_loop().time()
        self.starts += 1
        self.came_up = True
        if self._gone.is_set():  # up, and down again before we looked
            self._exited(self, actor, actor.exit_reason or Exit.NORMAL)
            return
        self.context.directory.register(self.path, actor.ref)
        self.report(ReportContext.STARTED, "started")

    async def stop(self) -> None:
        """End the present incarnation within its shutdown time, by force after that; cancel a pending restart."""
        self.cancel_restart()
        actor = self.actor
        if actor is not None:
            up = self.state is not ChildState.STARTING
            if not self._gone.is_set():
                if up:
                    self.state = ChildState.STOPPING
                if up and self.spec.shutdown != BRUTAL_KILL:
                    actor.request_stop(Exit.SHUTDOWN)
                    await _wait(self._gone, self.spec.shutdown)
                await self.destroy(Exit.KILLED)
            self.actor = None
        self.state = ChildState.STOPPED
        self.close_mailbox()

    async def destroy(self, reason: Reason) -> None:
        """Kill the present incarnation and wait until it is gone, for as long as that may take."""
        if self.actor is not None and not self._gone.is_set():
            self.actor.kill(reason)
            await self.bury()

    async def bury(self) -> None:
        """Wait for a killed incarnation; one that will not go is reported and left behind as a zombie."""
        actor = self.actor
        if actor is not None and not await _wait(self._gone, actor.kill_grace):
            self.zombies += 1
            self.context.directory.unregister(self.path, actor.ref)
            self.report(ReportContext.ZOMBIE, f"still there {actor.kill_grace:g} s after the kill")

    def kill(self) -> None:
        """Kill the present incarnation without waiting."""
        self.cancel_restart()
        if self.actor is not None and not self._gone.is_set():
            if self.state is ChildState.RUNNING:
                self.state = ChildState.STOPPING
            self.actor.kill()

    def cancel_restart(self) -> None:
        """Make a pending restart void."""
        self.serial += 1
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def close_mailbox(self) -> None:
        """Give up the messages kept for an incarnation that will not come."""
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            mailbox.close()

    def report(self, context: ReportContext, reason: str, traceback: str = "") -> None:
        """Tell the operator's log and whoever listens to reports."""
        report = Report(
            at=self.context.clock.now(),
            supervisor=self.supervisor,
            offender=self.path,
            context=context,
            reason=reason,
            traceback=traceback,
            restarts=self.restarts,
        )
        send_report(self.context, report)

    def node(self, below: TreeNode | None) -> TreeNode:
        """Return what is known of it now; ``below`` is a supervisor's own view of itself and its children."""
        loop_now, now = asyncio.get_running_loop().time(), self.context.clock.now()
        actor = self.actor
        busy = actor.busy_since if actor is not None else None
        state: str = self.state
        if below is not None and self.state is ChildState.RUNNING:
            state = below.state
        return TreeNode(
            path=self.path,
            kind=self.spec.kind,
            state=state,
            restarts=self.restarts,
            mailbox_depth=0 if actor is None else len(actor.mailbox),
            mailbox_high=0 if actor is None else actor.mailbox.high,
            dropped=0 if actor is None else actor.mailbox.dropped,
            handled=0 if actor is None else actor.handled,
            busy_since=None if busy is None else now - (loop_now - busy),
            last_error=self.last_error,
            uptime=loop_now - self.started_at if self.state is ChildState.RUNNING else None,
            next_restart=None if self.timer is None else now + max(0.0, self.timer.when() - loop_now),
            zombies=self.zombies + (0 if below is None else below.zombies),
            children=() if below is None else below.children,
        )

    def _ended(self, actor: Supervised, gone: asyncio.Event, reason: Reason) -> None:
        """Take note of a death; this runs in the actor's last moment."""
        gone.set()
        if self.actor is not actor:  # a zombie has gone at last
            self.zombies -= 1
            return
        self.context.directory.unregister(self.path, actor.ref)
        self._salvage(actor)
        match self.state:
            case ChildState.STARTING:
                context = ReportContext.START_ERROR
            case ChildState.STOPPING:
                wanted = Exit.KILLED if self.spec.shutdown == BRUTAL_KILL else Exit.SHUTDOWN
                context = ReportContext.STOPPED if reason is wanted else ReportContext.SHUTDOWN_ERROR
            case _:
                context = ReportContext.CHILD_TERMINATED
        self._note(context, reason)
        if context is ReportContext.CHILD_TERMINATED:
            self._exited(self, actor, reason)

    def _note(self, context: ReportContext, reason: Reason) -> None:
        text = describe(reason)
        if context is not ReportContext.STOPPED and not is_normal(reason):
            self.last_error = text
        ours = not (context is ReportContext.START_ERROR and isinstance(reason, OSError))  # a taken port is no defect
        self.report(context, text, traceback_text(reason) if ours else "")

    def _lend_mailbox(self, actor: Supervised) -> None:
        if not self.spec.keep_mailbox or not isinstance(actor, LoopActor):
            return
        if self._mailbox is not None:
            actor.adopt_mailbox(self._mailbox)
        actor.keep_mailbox = True
        self._mailbox = actor.mailbox

    def _salvage(self, actor: Supervised) -> None:
        """Put the message that crashed the actor back for another try, unless it has had its tries."""
        if self._mailbox is None or not isinstance(actor, LoopActor):
            return
        envelope, actor.crashed_on = actor.crashed_on, None
        if envelope is None or envelope.reply_to is not None:  # who asked has been answered
            return
        crashes = 1 + (self._poison[1] if self._poison is not None and self._poison[0] is envelope else 0)
        if crashes < self.spec.poison_after:
            self._poison = (envelope, crashes)
            self._mailbox.put_first(envelope)
        else:
            self._poison = None
            self._mailbox.dropped += 1
            kind = type(envelope.message).__name__
            log.error("actor.poisoned_message_dropped", path=self.path, message=kind, crashes=crashes)


def send_report(context: ActorContext, report: Report) -> None:
    """Log a report and hand it on; a listener that fails does not hurt the tree."""
    _log_line(report)(
        f"actor.{report.context}",
        path=report.offender,
        reason=report.reason,
        restarts=report.restarts,
        **({"traceback": report.traceback} if report.traceback else {}),
    )
    _none, error = outcome(lambda: context.reports(report))  # a listener is anybody's code
    if error is not None:
        log.error("supervisor.report_listener_failed", path=report.offender, error=repr(error))


def _log_line(report: Report) -> "Callable[..., None]":
    """Return how loudly to log it: boot and orderly stop are routine, coming back after a crash is not."""
    if report.is_crash:
        return log.error
    routine = report.context in {ReportContext.STARTED, ReportContext.STOPPED} and not report.restarts
    return log.debug if routine else log.info


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(None if math.isinf(seconds) else seconds):
            await event.wait()
    return event.is_set()

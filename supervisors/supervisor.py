"""This module is the supervisor: it starts, watches, restarts and stops its children, as OTP's supervisor.erl does.

Queries are answered at once. Whatever changes the children is done by one task, in the order it came in,
so a child that is slow to start or to stop never makes its supervisor deaf.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pykka._envelope import Envelope  # private, pinned by pykka>=4.5,<5; what pykka's inboxes carry
from pykka.messages import _ActorStop  # private, as above; what ActorRef.stop sends

from supervisors import messages, view
from supervisors.actor import LoopActor
from supervisors.child import Child, send_report
from supervisors.errors import (
    ChildStateError,
    EscalatedError,
    Exit,
    NoSuchActorError,
    Reason,
    SpecError,
    StartError,
    SupervisionError,
    UnresponsiveError,
    describe,
    is_normal,
)
from supervisors.log import get_logger
from supervisors.ref import ActorRef
from supervisors.report import ChildState, ReportContext, TreeNode, escalation
from supervisors.restart import RestartWindow, backoff
from supervisors.spec import (
    AnySpec,
    AutoShutdown,
    ChildSpec,
    DynamicSpec,
    Restart,
    Strategy,
    SupervisorSpec,
    check_significance,
)
from supervisors.together import together

if TYPE_CHECKING:
    from supervisors.futures import HybridFuture

log = get_logger(__name__)

HEALTH_INTERVAL = 1.0  # seconds between looks at busy children; less for those with a shorter max_handle_time
_IDLE = frozenset({ChildState.STOPPED, ChildState.FAILED})


class Supervisor(LoopActor):
    """An actor whose state is its children."""

    def __init__(self, spec: SupervisorSpec | DynamicSpec) -> None:
        super().__init__()
        self.spec = spec
        self._children: dict[str, Child] = {}  # insertion order is start order
        self._window = RestartWindow(spec.intensity, spec.within)
        self._work: deque[tuple[Any, HybridFuture[Any] | None]] = deque()  # messages of ``_do`` and who waits
        self._worker: asyncio.Task[None] | None = None
        self._health_timer: asyncio.TimerHandle | None = None
        self._at_once = spec.at_once if isinstance(spec, SupervisorSpec) else 1
        self._strategy = spec.strategy if isinstance(spec, SupervisorSpec) else Strategy.ONE_FOR_ONE
        self._auto_shutdown = spec.auto_shutdown if isinstance(spec, SupervisorSpec) else AutoShutdown.NEVER

    @property
    def kill_grace(self) -> float:  # type: ignore[override]  # a plain number elsewhere
        """Seconds: a subtree needs longer than the slowest below it."""
        below = [child.actor.kill_grace for child in self._children.values() if child.actor is not None]
        return 0.5 + (sum(below) if below else 0.5)

    # Its life.

    async def on_start(self) -> None:
        for spec in self.spec.children if isinstance(self.spec, SupervisorSpec) else ():
            self._add(child_spec(spec))
        failed = await self._start_all(tuple(self._children.values()), booting=True)
        if failed is not None:
            await self._terminate(tuple(self._children.values()))
            raise failed
        self._watch_health()

    async def handle(self, message: Any) -> Any:  # those of supervisors.messages
        match message:
            case messages.WhichChildren():
                return view.rows(self._children.values())
            case messages.CountChildren():
                return view.counts(self._children.values())
            case messages.Tree():
                return self.tree()
            case messages.LookAfter():
                self._look_after()
            case _:
                self._work.append((message, self.defer()))
                if self._worker is None:
                    self._worker = self.spawn(self._do_work(), name="worker")
        return None

    async def on_stop(self) -> None:
        if self._worker is not None and not self._worker.done():
            self._worker.cancel()
            await asyncio.wait((self._worker,))
        await self._terminate(tuple(self._children.values()))

    def last_rites(self) -> Coroutine[Any, Any, None] | None:
        """Take the subtree along when killed: no child outlives its supervisor."""
        children = tuple(self._children.values())
        for child in children:
            child.kill()
            if child.actor is None:
                child.close_mailbox()
        return self._reap(children) if any(child.actor is not None for child in children) else None

    def tree(self) -> TreeNode:
        """Return the live tree; it reads memory only, so no child can delay it."""
        nodes = tuple(
            child.node(child.actor.tree() if isinstance(child.actor, Supervisor) else None)
            for child in self._children.values()
        )
        return view.root(self, nodes)

    # Work: one thing at a time.

    async def _do_work(self) -> None:
        while self._work:
            message, reply = self._work.popleft()
            try:
                result = await self._do(message)
            except EscalatedError as error:
                self._give_up(error)
                return
            except (SupervisionError, NoSuchActorError, SpecError) as error:
                if reply is None:
                    log.warning("supervisor.request_failed", path=self.path, error=str(error))
                else:
                    reply.fail(error)
            else:
                if reply is not None:
                    reply.set(result)
        self._worker = None

    async def _do(self, message: Any) -> Any:  # as ``handle``
        match message:
            case messages.Exited():
                await self._on_exited(message)
            case messages.TryAgain(child=child):
                if child.state is ChildState.RESTARTING and child.serial == message.serial:
                    await (self._restart(child) if message.counts else self._restart_group(child))
            case messages.Unresponsive():
                await self._on_unresponsive(message)
            case messages.StartChild(spec=spec):
                return await self._start_child(child_spec(spec))
            case messages.StartChildren(specs=specs):
                return await self._start_children([child_spec(spec) for spec in specs])
            case messages.TerminateChild(id=child_id):
                await self._terminate((self._get(child_id),))
            case messages.RestartChild(id=child_id):
                return await self._start_by_hand(self._get(child_id, idle=True))
            case messages.ReplaceChild(id=child_id):
                child = self._get(child_id)
                await child.stop()
                return await self._start_by_hand(child)
            case messages.DeleteChild(id=child_id):
                self._forget(self._get(child_id, idle=True))
            case messages.RemoveChildren(ids=ids):
                going = [child for child in map(self._children.get, ids) if child is not None]
                await together([child.stop for child in going], len(going))
                for child in going:
                    self._forget(child)
            case _:
                log.warning("actor.unexpected_message", path=self.path, message=type(message).__name__)
        return None

    def _get(self, child_id: str, *, idle: bool = False) -> Child:
        child = self._children.get(child_id)
        if child is None:
            raise NoSuchActorError(f"{self.path}/{child_id}")
        if idle and child.state not in _IDLE:
            raise ChildStateError(child.path, child.state)
        return child

    def _add(self, spec: ChildSpec) -> Child:
        child = Child(
            spec,
            self.context,
            lambda child, actor, reason: self.tell_self(messages.Exited(child, actor, reason)),
            intensity=self.spec.intensity,
            within=self.spec.within,
        )
        self._children[spec.id] = child
        return child

    def _forget(self, child: Child) -> None:
        child.close_mailbox()
        if self._children.get(child.spec.id) is child:
            del self._children[child.spec.id]

    async def _start_child(self, spec: ChildSpec) -> ActorRef | None:
        check_significance(spec, self._auto_shutdown)
        known = self._children.get(spec.id)
        if known is not None:
            raise ChildStateError(known.path, "already_present" if known.actor is None else "already_started")
        if isinstance(self.spec, DynamicSpec) and len(self._children) >= self.spec.max_children:
            raise ChildStateError(f"{self.path}/{spec.id}", "max_children")
        child = self._add(spec)
        try:
            await self._start(child)
        except StartError:
            self._forget(child)
            raise
        self._watch_health()
        return child.ref

    async def _start_children(self, specs: Sequence[ChildSpec]) -> Mapping[str, StartError | ChildStateError]:
        if self._strategy is not Strategy.ONE_FOR_ONE:
            raise SpecError(f"{self.path}: children that need one another start one after the other")
        failed: dict[str, StartError | ChildStateError] = {}

        async def start(spec: ChildSpec) -> None:
            try:
                await self._start_child(spec)
            except (StartError, ChildStateError) as error:
                failed[spec.id] = error

        await together([partial(start, spec) for spec in specs], len(specs))
        return failed

    async def _start_by_hand(self, child: Child) -> ActorRef | None:
        child.streak = 0
        child.window.clear()
        await self._start(child)
        return child.ref

    async def _start(self, child: Child) -> None:
        await child.start()
        if child.actor is None and child.spec.restart is Restart.TEMPORARY:  # nothing to run
            self._forget(child)

    # Exits and restarts.

    async def _on_exited(self, exited: messages.Exited) -> None:
        child = exited.child
        if child.actor is not exited.actor:  # an older incarnation
            return
        child.actor, child.state = None, ChildState.STOPPED
        restart = child.spec.restart
        if restart is Restart.PERMANENT or (restart is Restart.TRANSIENT and not is_normal(exited.reason)):
            await self._restart(child)
            return
        child.close_mailbox()
        if restart is Restart.TEMPORARY:
            self._forget(child)
        if child.spec.significant and self._auto_shutdown is not AutoShutdown.NEVER:
            others = any(other.spec.significant and other.state not in _IDLE for other in self._children.values())
            if self._auto_shutdown is AutoShutdown.ANY or not others:
                self._stop_with(Exit.SHUTDOWN)

    async def _on_unresponsive(self, found: messages.Unresponsive) -> None:
        child = found.child
        if child.actor is not found.actor or child.state is not ChildState.RUNNING:
            return
        reason = UnresponsiveError(found.seconds)
        await child.destroy(reason)
        if child.zombies and found.actor.exit_reason is None:  # no exit will be heard of
            child.last_error = describe(reason)
            await self._on_exited(messages.Exited(child, found.actor, reason))

    async def _restart(self, child: Child) -> None:
        """Count a crash of a child that is gone, and bring it back now, later or not at all."""
        now = asyncio.get_running_loop().time()
        if child.spec.on_exhausted == "disable":
            if not child.window.crash(now):
                child.state = ChildState.FAILED
                child.close_mailbox()
                child.report(ReportContext.DISABLED, child.last_error or "restarts used up")
                return
        elif not self._window.crash(now):
            child.state = ChildState.STOPPED
            raise EscalatedError(f"{child.path}: {child.last_error}")
        child.state = ChildState.RESTARTING
        policy = child.spec.backoff
        if policy is None:
            await self._restart_group(child)
            return
        if child.came_up and now - child.started_at >= policy.reset_after:
            child.streak = 0
        child.streak += 1
        child.serial += 1
        delay = backoff(child.streak, policy, self.rng)
        child.timer = self.after(delay, messages.TryAgain(child, child.serial, counts=False))

    async def _restart_group(self, child: Child) -> None:
        """Stop whom the strategy names, then start them and ``child`` in order."""
        order = tuple(self._children.values())
        group: tuple[Child, ...] = (child,)
        if child.spec.on_exhausted == "disable" and not child.came_up:
            pass  # the group is up without it
        elif self._strategy is Strategy.REST_FOR_ONE:
            group = order[order.index(child) :]
        elif self._strategy is Strategy.ONE_FOR_ALL:
            group = order
        group = tuple(other for other in group if other.state is not ChildState.FAILED)  # those wait for an operator
        await self._terminate(tuple(other for other in group if other is not child))
        _failed = await self._start_all(tuple(member for member in group if member.spec.id in self._children))

    async def _start_all(self, children: Sequence[Child], *, booting: bool = False) -> StartError | None:
        """Start in order, up to the first failure.

        A failure in a restart is tried again through the mailbox, so that other requests get in between.
        A child that may be disabled is retried beside the others and never fails a boot.
        """
        failed: list[StartError] = []

        async def start(child: Child) -> None:
            if failed:
                return
            if booting and self.mailbox.stop_waits():
                failed.append(StartError(child.path, InterruptedError("stopped while starting")))
                return
            try:
                await self._start(child)
            except StartError as error:
                optional = child.spec.on_exhausted == "disable"
                if optional or not booting:
                    child.state = ChildState.RESTARTING
                    child.serial += 1
                    self.tell_self(messages.TryAgain(child, child.serial, counts=True))
                if not optional:
                    failed.append(error)

        await together([partial(start, child) for child in children], self._at_once)
        return failed[0] if failed else None

    # The end of children and its own.

    async def _terminate(self, children: Sequence[Child]) -> None:
        """Stop in reverse start order, each within its own time; children of a DynamicSpec all at once."""
        at_once = len(children) if isinstance(self.spec, DynamicSpec) else self._at_once
        await together([child.stop for child in reversed(children)], at_once)
        for child in children:
            if child.spec.restart is Restart.TEMPORARY:
                self._forget(child)

    async def _reap(self, children: Sequence[Child]) -> None:
        for child in children:
            await child.bury()
            child.actor, child.state = None, ChildState.STOPPED
            child.close_mailbox()

    def _give_up(self, error: EscalatedError) -> None:
        send_report(self.context, escalation(self.path, describe(error), at=self.clock.now()))
        self._stop_with(error)

    def _stop_with(self, reason: Reason) -> None:
        """Stop orderly before anything else that waits in the mailbox."""
        self.stop_reason = reason
        self.mailbox.put_first(Envelope(_ActorStop()))

    # Health.

    def _watch_health(self) -> None:
        limits = [c.spec.max_handle_time for c in self._children.values() if c.spec.max_handle_time is not None]
        if limits and self._health_timer is None:
            self._health_timer = self.after(min(HEALTH_INTERVAL, min(limits) / 2), messages.LookAfter())

    def _look_after(self) -> None:
        now = asyncio.get_running_loop().time()
        for child in self._children.values():
            limit, actor = child.spec.max_handle_time, child.actor
            if limit is None or actor is None or child.state is not ChildState.RUNNING or actor.busy_since is None:
                continue
            busy = now - actor.busy_since
            if busy > limit:
                self.tell_self(messages.Unresponsive(child, actor, busy))
        self._health_timer = None
        self._watch_health()


def child_spec(spec: AnySpec) -> ChildSpec:
    """Return how to run ``spec`` as a child: a nested supervisor is one that starts a ``Supervisor``."""
    if isinstance(spec, ChildSpec):
        return spec
    return ChildSpec(
        spec.id,
        lambda: Supervisor(spec),
        restart=spec.restart,
        shutdown=spec.shutdown,
        significant=spec.significant,
        start_timeout=spec.start_timeout,
        backoff=spec.backoff,
        on_exhausted=spec.on_exhausted,
        kind="supervisor",
    )

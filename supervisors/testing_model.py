"""This module is the simplest supervisor tree that keeps OTP's rules: no tasks, no mailboxes, time is a number.

Tests compare a real tree with it: who lives, in which incarnation, and the order of starts and ends.
"""

from attrs import define, field

from supervisors.spec import Restart, Strategy


@define(eq=False)
class ChildModel:
    """A worker, or with ``below`` a supervisor."""

    id: str
    restart: Restart = Restart.PERMANENT
    stop_seconds: float = 0.0  # what its on_stop takes
    shutdown: float = 5.0
    below: "SupervisorModel | None" = None
    alive: bool = False
    starts: int = 0


@define(eq=False)
class World:
    """What all supervisors of a tree share."""

    now: float = 0.0
    failing: dict[str, int] = field(factory=dict)  # worker id: how many of its next starts fail
    trace: list[tuple[str, str]] = field(factory=list)  # (start | fail | stop | crash | escalate, id)


@define(eq=False)
class SupervisorModel:
    """One supervisor."""

    id: str
    strategy: Strategy
    intensity: int
    within: float
    children: list[ChildModel]
    world: World
    parent: "SupervisorModel | None" = None
    dead: bool = True
    crashes: list[float] = field(factory=list)
    spec: tuple[ChildModel, ...] = ()  # the children of a fresh incarnation

    def find(self, child_id: str) -> ChildModel | None:
        return next((child for child in self.children if child.id == child_id), None)

    def everybody(self) -> list[ChildModel]:
        """Return all children below, at any depth."""
        below = [inner for child in self.children if child.below is not None for inner in child.below.everybody()]
        return [*self.children, *below]

    def boot(self) -> bool:
        """Start all children of the spec; on a failure stop those that are up."""
        self.spec = self.spec or tuple(self.children)
        self.dead, self.crashes, self.children = False, [], list(self.spec)
        for child in self.children:
            if not self.start(child):
                self.terminate(self.children)
                self.dead = True
                return False
        return True

    def start(self, child: ChildModel) -> bool:
        """Start one child; say whether that worked."""
        if child.below is not None:
            up = child.below.boot()
        else:
            up = self.world.failing.get(child.id, 0) == 0
            if not up:
                self.world.failing[child.id] -= 1
        self.world.trace.append(("start" if up else "fail", child.id))
        child.alive = up
        child.starts += up
        return up

    def terminate(self, children: list[ChildModel]) -> None:
        """Stop in reverse order, each within its shutdown time."""
        for child in reversed(list(children)):
            if child.alive:
                if child.below is not None:
                    child.below.terminate(child.below.children)
                    child.below.dead = True
                self.world.now += min(child.stop_seconds, child.shutdown)
                self.world.trace.append(("stop", child.id))
                child.alive = False
            if child.restart is Restart.TEMPORARY and child in self.children:
                self.children.remove(child)

    def kill(self) -> None:
        """Die at once, and all below, in start order."""
        self.dead = True
        for child in list(self.children):
            if child.alive:
                if child.below is not None:
                    child.below.kill()
                child.alive = False
                self.world.trace.append(("stop", child.id))

    def ended(self, child: ChildModel, *, normal: bool) -> None:
        """A running child ended by itself."""
        child.alive = False
        self.world.trace.append(("crash", child.id))
        if child.restart is Restart.PERMANENT or (child.restart is Restart.TRANSIENT and not normal):
            self.bring_back(child)
        elif child.restart is Restart.TEMPORARY:
            self.children.remove(child)

    def bring_back(self, child: ChildModel) -> None:
        """Restart, as often as the window allows."""
        while True:
            self.crashes.append(self.world.now)
            if sum(at >= self.world.now - self.within for at in self.crashes) > self.intensity:
                self.give_up()
                return
            place = self.children.index(child)
            group = {
                Strategy.ONE_FOR_ONE: [child],
                Strategy.REST_FOR_ONE: self.children[place:],
                Strategy.ONE_FOR_ALL: list(self.children),
            }[self.strategy]
            self.terminate([other for other in group if other is not child])
            failed = next(
                (member for member in group if member in self.children and not self.start(member)),
                None,
            )
            if failed is None:
                return
            child = failed

    def give_up(self) -> None:
        """Stop everything and leave the rest to the parent."""
        self.world.trace.append(("escalate", self.id))
        self.terminate(self.children)
        self.dead = True
        if self.parent is not None:
            me = next(child for child in self.parent.children if child.below is self)
            self.parent.ended(me, normal=False)

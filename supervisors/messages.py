"""This module lists what a supervisor can be asked, and at the end what it tells itself."""

from attrs import frozen

from supervisors.child import Child
from supervisors.context import Supervised
from supervisors.errors import Reason
from supervisors.ref import ActorRef
from supervisors.spec import AnySpec


@frozen
class StartChild:
    """Add a child and start it; answers its ``ActorRef`` (None when it had nothing to run)."""

    spec: AnySpec


@frozen
class StartChildren:
    """Add children and start them all at once; answers ``{id: StartError}`` of those that did not come up.

    Only for children that do not need one another (one_for_one, or a ``DynamicSpec``).
    """

    specs: tuple[AnySpec, ...]


@frozen
class TerminateChild:
    """Stop a child and keep its spec (a temporary one is forgotten); cancels a pending restart."""

    id: str


StopChild = TerminateChild


@frozen
class RestartChild:
    """Start a child that is stopped or failed; ChildStateError when it runs or waits for its restart."""

    id: str


@frozen
class ReplaceChild:
    """Stop a child, whatever its state, and start it afresh."""

    id: str


@frozen
class DeleteChild:
    """Forget the spec of a stopped child."""

    id: str


@frozen
class RemoveChildren:
    """Stop children all at once, whatever their state, and forget them; one that is not there is gone already."""

    ids: tuple[str, ...]


@frozen
class WhichChildren:
    """Answers a tuple of ``ChildRow`` in start order, at once even while a child starts or stops."""


@frozen
class CountChildren:
    """Answers ``ChildCounts``."""


@frozen
class Tree:
    """Answers the ``TreeNode`` of the supervisor and all below it."""


@frozen(kw_only=True)
class ChildRow:
    """One child of a supervisor."""

    id: str
    ref: ActorRef | None  # None unless it runs
    state: str  # a ChildState
    kind: str  # worker or supervisor


@frozen(kw_only=True)
class ChildCounts:
    """How many children a supervisor has."""

    specs: int
    active: int
    supervisors: int
    workers: int


@frozen(eq=False)
class Exited:
    """A running child has ended by itself."""

    child: Child
    actor: Supervised
    reason: Reason


@frozen(eq=False)
class TryAgain:
    """A restart is due; or (``counts``) a restart failed and is tried again, which is one more."""

    child: Child
    serial: int
    counts: bool


@frozen(eq=False)
class Unresponsive:
    """A child has been busy with one message for too long."""

    child: Child
    actor: Supervised
    seconds: float


@frozen
class LookAfter:
    """Look for children that have been busy with one message for too long."""

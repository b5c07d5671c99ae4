"""This module answers questions about the children of a supervisor."""

from collections.abc import Iterable

from supervisors.actor import LoopActor
from supervisors.child import Child
from supervisors.messages import ChildCounts, ChildRow
from supervisors.report import ChildState, TreeNode


def rows(children: Iterable[Child]) -> tuple[ChildRow, ...]:
    """Answer ``WhichChildren``."""
    return tuple(
        ChildRow(id=child.spec.id, ref=child.ref, state=child.state, kind=child.spec.kind) for child in children
    )


def counts(children: Iterable[Child]) -> ChildCounts:
    """Answer ``CountChildren``."""
    every = tuple(children)
    supervisors = sum(child.spec.kind == "supervisor" for child in every)
    return ChildCounts(
        specs=len(every),
        active=sum(child.state is ChildState.RUNNING for child in every),
        supervisors=supervisors,
        workers=len(every) - supervisors,
    )


def root(supervisor: LoopActor, nodes: tuple[TreeNode, ...]) -> TreeNode:
    """Return the node of a supervisor as it sees itself; it is degraded when something below has failed."""
    degraded = any(node.state in {ChildState.FAILED, "degraded"} for node in nodes)
    return TreeNode(
        path=supervisor.path,
        kind="supervisor",
        state="degraded" if degraded else ChildState.RUNNING,
        mailbox_depth=len(supervisor.mailbox),
        mailbox_high=supervisor.mailbox.high,
        dropped=supervisor.mailbox.dropped,
        handled=supervisor.handled,
        zombies=sum(node.zombies for node in nodes),
        children=nodes,
    )

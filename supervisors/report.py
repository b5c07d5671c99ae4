"""This module is what the runtime tells about itself: one report a start and a death, and the live tree."""

from enum import StrEnum

from attrs import frozen


class ReportContext(StrEnum):
    """What happened. All but the first and the last three are a death."""

    STARTED = "started"
    STOPPED = "stopped"  # its supervisor asked, it obeyed
    CHILD_TERMINATED = "child_terminated"  # it ended by itself; ``reason`` says whether that was a crash
    START_ERROR = "start_error"
    SHUTDOWN_ERROR = "shutdown_error"  # asked to stop, it ended otherwise
    ZOMBIE = "zombie"  # cannot be killed: still there, no longer counted on
    DISABLED = "disabled"  # its restarts are used up and its spec says on_exhausted="disable"
    ESCALATED = "escalated"  # the supervisor's restarts are used up


@frozen(kw_only=True)
class Report:
    """One event in the life of a child."""

    at: float  # Unix seconds UTC
    supervisor: str  # path
    offender: str  # path of the child
    context: ReportContext
    reason: str  # "normal", "shutdown", "killed" or "ErrorClass: text"
    traceback: str = ""
    restarts: int = 0  # of the child, so far

    @property
    def is_crash(self) -> bool:
        """Whether something went wrong that an operator should see."""
        match self.context:
            case ReportContext.STARTED | ReportContext.STOPPED:
                return False
            case ReportContext.CHILD_TERMINATED:
                return self.reason not in {"normal", "shutdown"}
            case _:
                return True


class ChildState(StrEnum):
    """Where a child is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"  # it crashed and waits for its next start
    STOPPED = "stopped"  # finished or terminated; its spec is kept
    FAILED = "failed"  # restarts used up; an operator's restart brings it back


@frozen(kw_only=True)
class TreeNode:
    """An actor and those below it, at one moment."""

    path: str
    kind: str  # supervisor or worker
    state: str  # a ChildState; a running supervisor with a failed child below is "degraded"
    restarts: int = 0
    mailbox_depth: int = 0
    mailbox_high: int = 0
    dropped: int = 0
    handled: int = 0
    busy_since: float | None = None  # Unix seconds when the present message was begun
    last_error: str | None = None
    uptime: float | None = None  # seconds; None when not running
    next_restart: float | None = None  # Unix seconds of the next start, while restarting
    zombies: int = 0  # of a supervisor
    children: "tuple[TreeNode, ...]" = ()


def escalation(path: str, reason: str, *, at: float) -> Report:
    """Return the report of a supervisor that gives up, made at ``at`` (Unix seconds)."""
    return Report(at=at, supervisor=path, offender=path, context=ReportContext.ESCALATED, reason=reason)

"""This module lists how actors end and what can go wrong in the runtime.

RuntimeError
    BlockingCallError           a blocking call on the loop's own thread
    MailboxFullError            a bounded mailbox refused a message
    OffloadFullError            too much work waits for a thread
    ChildProcessEndedError      the process of a ProcessActor is gone
    RemoteError                 the process of a ProcessActor raised
    SupervisionError            a request to a supervisor that cannot be met
        StartError              a child did not come up
        ChildStateError         running, restarting, already_started, already_present, max_children
TimeoutError
    AskTimeoutError             nobody answered in time (also a pykka.Timeout)
LookupError
    NoSuchActorError            no actor has that path
ValueError
    SpecError                   a supervisor or child spec contradicts itself
Exception (reasons an actor ended, never raised to a caller)
    UnresponsiveError           one message took longer than the child's max_handle_time
    EscalatedError              a supervisor gave up
"""

import traceback
from enum import StrEnum

import pykka


class Exit(StrEnum):
    """The reasons for an actor's end that are not exceptions."""

    NORMAL = "normal"  # it stopped itself or somebody asked it to
    SHUTDOWN = "shutdown"  # its supervisor asked it to
    KILLED = "killed"  # it was cancelled


Reason = Exit | BaseException


class BlockingCallError(RuntimeError):
    """A call that would block the event loop was made on the loop's thread."""


class MailboxFullError(RuntimeError):
    """A bounded mailbox refused or displaced a message."""


class OffloadFullError(RuntimeError):
    """Too much work waits for a thread."""


class ChildProcessEndedError(RuntimeError):
    """The process of an actor ended by itself; the argument is its exit code, None when unknown."""


class RemoteError(RuntimeError):
    """The function in an actor's process raised: class name and text of what it raised."""


class SupervisionError(RuntimeError):
    """A supervisor cannot do what it was asked to do."""


class StartError(SupervisionError):
    """A child did not come up; ``__cause__`` says why."""

    def __init__(self, path: str, cause: BaseException) -> None:
        super().__init__(f"{path}: {cause!r}")
        self.path = path
        self.__cause__ = cause


class ChildStateError(SupervisionError):
    """The child is not in a state that allows the request.

    ``state`` is one of running, restarting, already_started, already_present, max_children.
    """

    def __init__(self, path: str, state: str) -> None:
        super().__init__(f"{path}: {state}")
        self.path = path
        self.state = state


class AskTimeoutError(TimeoutError, pykka.Timeout):
    """Nobody answered in time; the message may still be handled."""


class NoSuchActorError(LookupError):
    """No actor has that path."""


class SpecError(ValueError):
    """A spec contradicts itself."""


class UnresponsiveError(Exception):
    """One message kept the actor busy for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"busy for {seconds:.1f} s")
        self.seconds = seconds


class EscalatedError(Exception):
    """A supervisor gave up and left the decision to its own supervisor."""


def is_normal(reason: Reason) -> bool:
    """Say whether a transient child that ended so stays down."""
    return reason is Exit.NORMAL or reason is Exit.SHUTDOWN


def describe(reason: Reason) -> str:
    """Return one line for an operator."""
    return str(reason) if isinstance(reason, Exit) else f"{type(reason).__name__}: {reason}"


def traceback_text(reason: Reason) -> str:
    """Return the traceback of a crash, empty when the actor did not crash."""
    return "" if isinstance(reason, Exit) else "".join(traceback.format_exception(reason))

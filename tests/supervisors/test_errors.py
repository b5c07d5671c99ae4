import pykka

from supervisors.clock import SystemClock
from supervisors.errors import (
    AskTimeoutError,
    EscalatedError,
    Exit,
    StartError,
    UnresponsiveError,
    describe,
    is_normal,
    traceback_text,
)


def test_only_an_orderly_end_is_normal():
    reasons = (Exit.NORMAL, Exit.SHUTDOWN, Exit.KILLED, ValueError("x"), EscalatedError("x"))

    assert [True, True, False, False, False] == [is_normal(reason) for reason in reasons]


def test_reasons_are_described_in_one_line():
    assert "killed" == describe(Exit.KILLED)
    assert "UnresponsiveError: busy for 1.5 s" == describe(UnresponsiveError(1.5))


def test_traceback_of_a_crash_names_the_cause():
    error = StartError("top/a", OSError("disk"))

    assert "OSError: disk" in traceback_text(error)
    assert "" == traceback_text(Exit.NORMAL)


def test_timeout_is_both_pythons_and_pykkas():
    assert issubclass(AskTimeoutError, TimeoutError)
    assert issubclass(AskTimeoutError, pykka.Timeout)


def test_system_clock_moves_forward():
    clock = SystemClock()

    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1.7e9

"""This module tells whose fault a failed statement is: the row's, the world's, or ours."""

from enum import StrEnum

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

ROW_STATES = ("22", "23")  # SQLSTATE classes: data exception, integrity constraint violation

FAILURES = (SQLAlchemyError, OSError, TimeoutError, ValueError, TypeError, OverflowError)  # a transaction may raise


class Fault(StrEnum):
    """Why a transaction failed."""

    ROW = "row"  # this data can never be stored
    WORLD = "world"  # disk, network, server: try again later
    OURS = "ours"  # a defect


def fault_of(error: BaseException) -> Fault:
    """Return whose fault ``error`` is."""
    if isinstance(error, (IntegrityError, DataError, OverflowError, UnicodeError)):
        return Fault.ROW
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        if state.startswith(ROW_STATES):
            return Fault.ROW
        cause = error.orig.__cause__ if error.orig is not None else None
        if isinstance(cause, (ValueError, TypeError)) and not isinstance(cause, OSError):
            return Fault.ROW  # asyncpg: the value does not fit the parameter's type
        if isinstance(error, ProgrammingError) and not error.connection_invalidated:
            return Fault.ROW if "binding" in str(error.orig) else Fault.OURS
        return Fault.WORLD
    if isinstance(error, (StatementError, ValueError, TypeError)):
        return Fault.ROW
    if isinstance(error, (OSError, TimeoutError, PoolTimeoutError)):
        return Fault.WORLD
    return Fault.OURS


def describe(error: BaseException) -> str:
    """Return one line for operators: never the statement or its parameters, which hold what peers sent."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(cause).partition("\n")[0].partition("[SQL")[0][:200]
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__

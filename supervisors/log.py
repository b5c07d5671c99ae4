"""This module writes the operators' log: one line an event, key/value pairs, to standard error."""

import logging
import sys
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

MAX_VALUE = 200  # characters of one value; longer ones are cut, they may be a peer's
_TRACEBACK_KEYS = frozenset({"traceback", "stacks"})  # ours, and worth every line
_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # sd-daemon(3)

actor_path: ContextVar[str | None] = ContextVar("actor_path", default=None)


class LogFormat(StrEnum):
    """Who reads the log."""

    CONSOLE = "console"
    JOURNAL = "journal"
    JSON = "json"


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger for a module; ``configure`` may come later."""
    return cast("FilteringBoundLogger", structlog.get_logger(module=name))  # a lazy proxy


def configure(level: str = "info", form: str = LogFormat.CONSOLE, *, stream: TextIO | None = None) -> None:
    """Set level and format for the whole process.

    Args:
        level: debug, info, warning, error or critical.
        form: a ``LogFormat`` value.
        stream: where lines go; standard error by default.

    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    target = sys.stderr if stream is None else stream
    shared: list[Processor] = [_add_actor, structlog.processors.add_log_level, _cut_values]
    match LogFormat(form):
        case LogFormat.CONSOLE:
            tail: list[Processor] = [
                structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
                structlog.dev.ConsoleRenderer(colors=target.isatty(), pad_event_to=0),
            ]
        case LogFormat.JSON:
            tail = [
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.dict_tracebacks,
                structlog.processors.JSONRenderer(),
            ]
        case _:  # JOURNAL: the journal has its own clock and reads the priority from the prefix
            tail = [structlog.processors.format_exc_info, _priority_prefix]
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("pykka").setLevel(
        logging.CRITICAL
    )  # supervisors report deaths; pykka's lines would be second ones


def _add_actor(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    path = actor_path.get()
    if path is not None:
        event.setdefault("actor", path)
    return event


def _cut_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str | bytes) and len(value) > MAX_VALUE and key not in _TRACEBACK_KEYS:
            event[key] = value[:MAX_VALUE]
    return event


_render_pairs = structlog.processors.LogfmtRenderer(key_order=["event"], drop_missing=True)


def _priority_prefix(logger: WrappedLogger, method: str, event: EventDict) -> str:
    priority = _PRIORITY[event.pop("level")]
    name = event.pop("event")
    pairs: dict[str, Any] = {str(key): _plain(value) for key, value in event.items()}  # values of any kind
    return f"<{priority}>{name} {_render_pairs(logger, method, pairs)}".rstrip()


def _plain(value: object) -> object:
    """Keep one event on one line, as journald splits at newlines."""
    return value if isinstance(value, bool | int | float) else str(value).replace("\n", "\\n")

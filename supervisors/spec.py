"""This module describes a supervisor tree as data."""

import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from attrs import Attribute, field, frozen, validators

from supervisors.errors import SpecError
from supervisors.restart import RestartPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from supervisors.context import Supervised

INFINITY = math.inf  # as a shutdown: wait as long as it takes (supervisors)
BRUTAL_KILL = 0.0  # as a shutdown: do not ask, kill
Backoff = RestartPolicy  # the name of the same thing in a child spec

_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
MAX_ID = 128  # characters


class Restart(StrEnum):
    """When a child that ended is started again."""

    PERMANENT = "permanent"  # always
    TRANSIENT = "transient"  # after a crash
    TEMPORARY = "temporary"  # never; its spec is forgotten


class Strategy(StrEnum):
    """Who is restarted with a crashed child."""

    ONE_FOR_ONE = "one_for_one"  # nobody
    ONE_FOR_ALL = "one_for_all"  # everybody
    REST_FOR_ONE = "rest_for_one"  # those started after it


class AutoShutdown(StrEnum):
    """Whether a supervisor ends when its significant children have done their work."""

    NEVER = "never"
    ANY = "any_significant"
    ALL = "all_significant"


def _valid_id(_spec: object, _attribute: "Attribute[str]", value: str) -> None:
    if len(value) > MAX_ID or _ID.fullmatch(value) is None:
        raise SpecError(f"child id {value!r}: use {_ID.pattern}")


@frozen
class ChildSpec:
    """How to start, stop and judge one child.

    ``start`` returns an actor that is not started yet, or None for "nothing to run here".
    """

    id: str = field(validator=_valid_id)
    start: "Callable[[], Supervised | None]"
    restart: Restart = field(default=Restart.PERMANENT, kw_only=True, converter=Restart)
    shutdown: float = field(default=5.0, kw_only=True, validator=validators.ge(0))  # seconds
    significant: bool = field(default=False, kw_only=True)
    start_timeout: float = field(default=10.0, kw_only=True, validator=validators.gt(0))  # seconds
    backoff: RestartPolicy | None = field(default=None, kw_only=True)  # None: restart at once
    on_exhausted: Literal["escalate", "disable"] = field(default="escalate", kw_only=True)
    max_handle_time: float | None = field(default=None, kw_only=True)  # seconds; None: not watched
    keep_mailbox: bool = field(default=False, kw_only=True)  # the next incarnation inherits waiting messages
    poison_after: int = field(
        default=1, kw_only=True, validator=validators.ge(1)
    )  # crashes before a message is dropped
    kind: Literal["worker", "supervisor"] = field(default="worker", kw_only=True)


def _in_order(
    children: "Iterable[ChildSpec | SupervisorSpec | DynamicSpec]",
) -> "tuple[ChildSpec | SupervisorSpec | DynamicSpec, ...]":
    return tuple(children)


@frozen
class SupervisorSpec:
    """A supervisor and those below it, in the order of need."""

    id: str = field(validator=_valid_id)
    children: "tuple[ChildSpec | SupervisorSpec | DynamicSpec, ...]" = field(default=(), converter=_in_order)
    strategy: Strategy = field(default=Strategy.ONE_FOR_ONE, kw_only=True, converter=Strategy)
    intensity: int = field(default=3, kw_only=True, validator=validators.ge(0))  # restarts allowed ...
    within: float = field(default=5.0, kw_only=True, validator=validators.gt(0))  # ... in so many seconds
    auto_shutdown: AutoShutdown = field(default=AutoShutdown.NEVER, kw_only=True, converter=AutoShutdown)
    restart: Restart = field(default=Restart.PERMANENT, kw_only=True, converter=Restart)
    shutdown: float = field(default=INFINITY, kw_only=True, validator=validators.ge(0))
    significant: bool = field(default=False, kw_only=True)
    start_timeout: float = field(default=60.0, kw_only=True, validator=validators.gt(0))
    backoff: RestartPolicy | None = field(default=None, kw_only=True)
    on_exhausted: Literal["escalate", "disable"] = field(default="escalate", kw_only=True)
    at_once: int = field(default=1, kw_only=True, validator=validators.ge(1))  # children that start or stop together

    def __attrs_post_init__(self) -> None:
        if self.at_once > 1 and self.strategy is not Strategy.ONE_FOR_ONE:
            raise SpecError(f"{self.id}: children that need one another ({self.strategy}) start one after the other")
        seen: set[str] = set()
        for child in self.children:
            if child.id in seen:
                raise SpecError(f"{self.id}: two children are called {child.id!r}")
            seen.add(child.id)
            check_significance(child, self.auto_shutdown)


@frozen
class DynamicSpec:
    """A supervisor whose children come and go at run time; one_for_one, stopped all at once."""

    id: str = field(validator=_valid_id)
    max_children: int = field(default=10_000, kw_only=True, validator=validators.ge(1))
    intensity: int = field(default=3, kw_only=True, validator=validators.ge(0))
    within: float = field(default=5.0, kw_only=True, validator=validators.gt(0))
    restart: Restart = field(default=Restart.PERMANENT, kw_only=True, converter=Restart)
    shutdown: float = field(default=INFINITY, kw_only=True, validator=validators.ge(0))
    significant: bool = field(default=False, kw_only=True)
    backoff: RestartPolicy | None = field(default=None, kw_only=True)
    on_exhausted: Literal["escalate", "disable"] = field(default="escalate", kw_only=True)
    start_timeout: float = field(default=10.0, kw_only=True, validator=validators.gt(0))


AnySpec = ChildSpec | SupervisorSpec | DynamicSpec


def check_significance(child: AnySpec, auto_shutdown: AutoShutdown) -> None:
    """Refuse a significant child that could never count (supervisor.erl, validate_child)."""
    if child.significant and (auto_shutdown is AutoShutdown.NEVER or child.restart is Restart.PERMANENT):
        raise SpecError(f"{child.id}: significant needs auto_shutdown and a child that may end")

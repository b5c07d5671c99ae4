"""This module defines the operations on the running daemon: its state, checks and actors.

Imports attrs and the operation classes only, so the command line stays light; the composition root binds the handlers.
"""

from enum import StrEnum

from attrs import field, frozen

from decnet_actors.contracts.operations import Audit, Mode, Nothing, Operation, Page, Role, Route, about

# --- status -----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Problem:
    """Something an operator should know about now."""

    code: str  # DNxxxx
    text: str
    fix: str = ""


@frozen(kw_only=True)
class StatusReport:
    """The daemon on one screen. Times are Unix seconds, durations seconds, sizes bytes."""

    ready: bool
    version: str
    started: float
    uptime: float
    host: str
    deckies_up: int
    deckies_total: int
    services_up: int = 0
    services_total: int = 0
    sessions_active: int = 0
    events_total: int = 0
    last_event: float | None = None
    journal_lag: float = 0.0  # age of the oldest record that is not durable yet
    journal_stalled: bool = False
    actors: int = 0
    restarts: int = 0
    loop_lag_ms: float = 0.0
    memory: int = 0
    database_size: int = 0
    disk_free: int = 0
    sniffer: str = "off"  # the interface it listens on, "off", or why it does not listen
    sniffer_packets: int = 0  # to and from deckies that it looked at
    sniffer_dropped: int = 0  # that came faster than it looked; 0 is usual
    sniffer_suppressed: int = 0  # facts it did not tell because there were too many
    dashboard: str = ""  # its address
    config_files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


STATUS_SHOW = Operation(
    name="status.show",
    summary="Show on one screen whether the daemon is ready and what it is busy with.",
    args=Nothing,
    result=StatusReport,
    role=Role.VIEWER,
    route=Route(method="GET", path="/status"),
    examples=("decnetctl status", "decnetctl status --watch=2s", "decnetctl status -o json"),
    columns=("ready", "version", "uptime", "deckies_up", "deckies_total", "sessions_active", "events_total"),
)

# --- doctor and selftest ----------------------------------------------------------------------------------------------


class CheckResult(StrEnum):
    """What a check found; ordered from good to bad."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@frozen(kw_only=True)
class Check:
    """One named check of the doctor."""

    id: str  # group.name, e.g. host.open-files
    group: str  # host, network, daemon, store, security, realism, intel
    result: CheckResult
    evidence: str
    remedy: str = ""  # a command or an edit; empty when nothing is wrong


@frozen(kw_only=True)
class DoctorArgs:
    """Which checks to run."""

    checks: tuple[str, ...] = field(
        default=(), metadata=about("Checks or groups to run; all when none is named.", positional=True)
    )


DOCTOR_RUN = Operation(
    name="doctor.run",
    summary="Check the host, the daemon and its data, and say how to mend what is wrong.",
    args=DoctorArgs,
    result=Page[Check],
    role=Role.VIEWER,
    route=Route(method="GET", path="/doctor"),
    examples=("decnetctl doctor", "decnetctl doctor host store", "decnetctl doctor -o json"),
    columns=("result", "id", "evidence", "remedy"),
)


@frozen(kw_only=True)
class Hop:
    """One step of the way from a probe to the record of it."""

    decky: str
    service: str
    name: str  # probe, decoy, event, bus
    ok: bool
    detail: str
    elapsed_ms: float  # since the start of this probe


@frozen(kw_only=True)
class SelftestArgs:
    """What to probe."""

    deckies: tuple[str, ...] = field(
        default=(), metadata=about("Deckies to probe; the first one when none is named.", positional=True)
    )
    all_services: bool = field(default=False, metadata=about("Probe every service, not only the first."))


SELFTEST_RUN = Operation(
    name="selftest.run",
    summary="Connect to a decoy for real and follow the probe to its durable event, hop by hop.",
    args=SelftestArgs,
    result=Hop,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    mode=Mode.STREAM,
    route=Route(method="POST", path="/selftest"),
    examples=("decnetctl selftest", "decnetctl selftest web-01 --all-services"),
    columns=("ok", "decky", "service", "name", "detail", "elapsed_ms"),
)

# --- actors -----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class ActorRow:
    """One actor of the live tree."""

    path: str
    kind: str  # supervisor, actor, thread, process
    state: str  # starting, running, backoff, stopped, failed, disabled
    uptime: float = 0.0  # of this incarnation
    restarts: int = 0
    handled: int = 0
    mailbox_depth: int = 0
    mailbox_high: int = 0
    dropped: int = 0
    busy_for: float = 0.0  # with the message it handles now
    last_error: str = ""


@frozen(kw_only=True)
class ActorNode(ActorRow):
    """An actor and the ones it supervises, in start order."""

    children: tuple["ActorNode", ...] = ()


@frozen(kw_only=True)
class ActorArgs:
    """Which actor."""

    path: str = field(metadata=about("Path of the actor, as `actor tree` shows it.", positional=True))


@frozen(kw_only=True)
class ActorTreeArgs:
    """Which part of the tree."""

    path: str = field(default="", metadata=about("Show only what is below this path.", positional=True))


@frozen(kw_only=True)
class ActorListArgs:
    """Which actors."""

    state: str | None = field(default=None, metadata=about("Only actors in this state."))
    under: str = field(default="", metadata=about("Only actors below this path."))


_ACTOR_COLUMNS = ("path", "state", "uptime", "restarts", "mailbox_depth", "handled", "last_error")

ACTOR_TREE = Operation(
    name="actor.tree",
    summary="Show the live supervisor tree.",
    args=ActorTreeArgs,
    result=ActorNode,
    role=Role.VIEWER,
    route=Route(method="GET", path="/actors"),
    examples=("decnetctl actor tree", "decnetctl actor tree decnetd/fleet --watch=1s"),
    columns=_ACTOR_COLUMNS,
)
ACTOR_LIST = Operation(
    name="actor.list",
    summary="List actors with their state, restarts and mailboxes.",
    args=ActorListArgs,
    result=Page[ActorRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/actors:list"),
    examples=("decnetctl actor list --state backoff", "decnetctl actor list -o name"),
    columns=_ACTOR_COLUMNS,
)
ACTOR_RESTART = Operation(
    name="actor.restart",
    summary="Stop an actor in order and start it again.",
    args=ActorArgs,
    result=ActorRow,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/actors:restart"),
    examples=("decnetctl actor restart decnetd/surfaces/web",),
    columns=_ACTOR_COLUMNS,
)
ACTOR_STOP = Operation(
    name="actor.stop",
    summary="Stop an actor and keep it stopped.",
    args=ActorArgs,
    result=ActorRow,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/actors:stop"),
    examples=("decnetctl actor stop decnetd/fleet/web-01/ssh",),
    columns=_ACTOR_COLUMNS,
)
ACTOR_START = Operation(
    name="actor.start",
    summary="Start an actor that was stopped or has given up.",
    args=ActorArgs,
    result=ActorRow,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/actors:start"),
    examples=("decnetctl actor start decnetd/fleet/web-01/ssh",),
    columns=_ACTOR_COLUMNS,
)

OPERATIONS = (
    STATUS_SHOW,
    DOCTOR_RUN,
    SELFTEST_RUN,
    ACTOR_TREE,
    ACTOR_LIST,
    ACTOR_RESTART,
    ACTOR_STOP,
    ACTOR_START,
)

"""This module is the supervisor tree of the daemon, as one expression."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

import web_static
from decnet_actors.analysis.follower import Follower
from decnet_actors.app.places import Places
from decnet_actors.app.roles import Roles
from decnet_actors.app.studies import Studies
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable, error_body
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.codec import plain
from decnet_actors.domain.records import Entry
from decnet_actors.downloads.fetcher import Fetcher
from decnet_actors.enrich.enricher import NAME as ENRICH
from decnet_actors.enrich.enricher import Enricher
from decnet_actors.enrich.geo.cartographer import Cartographer
from decnet_actors.fleet.conductor import ITSELF, Conductor
from decnet_actors.fleet.desired import DesiredFleet
from decnet_actors.fleet.desk import Desk
from decnet_actors.fleet.document import Document
from decnet_actors.fleet.mutator import Mutator
from decnet_actors.fleet.reconciler import Reconciler
from decnet_actors.sensors.prober import Prober
from decnet_actors.sensors.settings import When
from decnet_actors.sensors.sniffer import Sniffer
from decnet_actors.settings import Settings
from decnet_actors.store.event_queries import event_row
from decnet_actors.store.file_changes import FileChanges, FileWriter
from decnet_actors.store.intake import Intake
from decnet_actors.store.journal import Journal
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.reader import Reader
from decnet_actors.store.retention import Retention
from decnet_actors.web.doorkeeper import Doorkeeper
from decnet_actors.web.server import WebDeps, WebServer
from supervisors.broker import Broker
from supervisors.bus import Bus
from supervisors.control import ControlServer
from supervisors.control_peer import ControlPeer
from supervisors.spec import Backoff, ChildSpec, SupervisorSpec
from supervisors.watchdog import Watchdog

ROOT = "decnetd"
JOURNAL = f"{ROOT}/store/journal"
WATCHDOG = f"{ROOT}/watchdog"
CONTROL = f"{ROOT}/surfaces/control"
WEB = f"{ROOT}/surfaces/web"
FLEET = f"{ROOT}/fleet"
RECONCILER = f"{ROOT}/reconciler"
CARTOGRAPHER = f"{ROOT}/cartographer"
CONDUCTOR = f"{ROOT}/conductor"

AT_ONCE = 24  # deckies that start or stop together: others that need their supervisor wait for that long
WITHIN = 60.0  # seconds of the window in which restarts are counted
JOURNAL_STOP = 30.0  # seconds to commit what is left
FILES_STOP = 15.0  # seconds to write what was changed of deckies' files


@frozen(kw_only=True)
class Branches:
    """What the actors of the tree are made with."""

    engine: Any  # Any: SQLAlchemy's engine, which only the store may name
    intake: Intake
    changes: FileChanges
    publish: Callable[[Sequence[Entry]], None]
    bus: Bus
    places: Places
    settings: Settings
    specs: tuple[SupervisorSpec, ...]  # of the deckies
    reconciler: Callable[[], Reconciler]
    fetcher: Callable[[], Fetcher]
    prober: Callable[[], Prober]
    cartographer: Callable[[], Cartographer]
    enricher: Callable[[], Enricher]
    sniffer: Callable[[], Sniffer]
    conductor: Callable[[], Conductor]
    table: OperationTable
    desired: DesiredFleet
    desk: Desk
    doorkeeper: Doorkeeper
    reader: Reader
    ledger: JournalLedger
    studies: Studies
    offload: Callable[[Callable[[], Any]], Awaitable[Any]]  # Any: whatever the work returns
    ready: Callable[[], Awaitable[Sequence[str]]]
    version: str
    intensity: int
    patience: Backoff


def tree(of: Branches) -> SupervisorSpec:
    """Return the tree.

    Everything is one_for_one: nothing needs another to be restarted with it, because what outlives an incarnation (the
    bus, the journal's intake, the open sessions) is kept outside the actors.
    """

    def supervisor(name: str, *children: ChildSpec | SupervisorSpec, at_once: int = 1) -> SupervisorSpec:
        return SupervisorSpec(name, children, intensity=of.intensity, within=WITHIN, at_once=at_once)

    surfaces = [ChildSpec("control", lambda: control(of), backoff=of.patience)]
    if of.settings.web.enabled:
        surfaces.append(ChildSpec("web", lambda: WebServer(web(of)), backoff=of.patience, on_exhausted="disable"))
    fetcher = ChildSpec("fetcher", of.fetcher, backoff=of.patience, on_exhausted="disable")
    prober = ChildSpec("prober", of.prober, backoff=of.patience, on_exhausted="disable")
    cartographer = ChildSpec("cartographer", of.cartographer, backoff=of.patience, on_exhausted="disable")
    enricher = ChildSpec(ENRICH, of.enricher, backoff=of.patience, on_exhausted="disable")
    sniffer = ChildSpec("sniffer", of.sniffer, backoff=of.patience, on_exhausted="disable")
    return supervisor(
        ROOT,
        ChildSpec("watchdog", Watchdog),
        ChildSpec("broker", lambda: Broker(of.bus, of.places.run, encode=plain), backoff=of.patience),
        supervisor(
            "store",
            ChildSpec(
                "journal",
                lambda: Journal(of.engine, of.intake, of.publish, of.settings.journal),
                shutdown=JOURNAL_STOP,
            ),
            ChildSpec(
                "files",
                lambda: FileWriter(of.changes),
                shutdown=FILES_STOP,
                backoff=of.patience,
                on_exhausted="disable",
            ),
            ChildSpec(
                "retention",
                lambda: Retention(of.engine, of.places.artifacts, of.settings.retention, offload=of.offload),
                backoff=of.patience,
                on_exhausted="disable",
            ),
        ),
        supervisor("fleet", *of.specs, at_once=AT_ONCE),
        ChildSpec("mutator", lambda: mutator(of), backoff=of.patience, on_exhausted="disable"),
        ChildSpec("reconciler", of.reconciler, backoff=of.patience, on_exhausted="disable"),
        *([fetcher] if of.settings.downloads.fetch else []),
        *([prober] if of.settings.prober.enabled else []),
        *([cartographer] if of.settings.geoip.enabled and of.settings.geoip.sources else []),
        *([sniffer] if of.settings.sniffer.enabled is not When.OFF else []),
        ChildSpec("conductor", of.conductor, backoff=of.patience, on_exhausted="disable"),
        supervisor("analysis", *(follower(of, name) for name in of.studies if of.settings.analysis.enabled)),
        *([enricher] if of.settings.intel.enabled else []),
        supervisor("surfaces", *surfaces),
    )


def follower(of: Branches, name: str) -> ChildSpec:
    """Return the actor of one analysis; nothing else fails with it."""
    return ChildSpec(
        name,
        lambda: Follower(of.studies[name], of.reader, of.ledger),
        backoff=of.patience,
        on_exhausted="disable",
    )


def mutator(of: Branches) -> Mutator:
    """Return the actor that changes deckies at their intervals, the way a command does."""
    caller = Caller(name="mutator", role=Role.ADMIN, via=ITSELF)

    async def fleet() -> Document:
        return (await of.desired.newest()).document

    async def mutate(name: str) -> None:
        change = await of.table.call("decky.mutate", {"name": name, "reason": "its interval has passed"}, caller)
        await of.desk.ended(change["operation"]["id"])

    return Mutator(fleet, mutate)


def control(of: Branches) -> ControlServer:
    """Return the control socket's actor."""
    roles = Roles(of.settings.control)

    def call(name: str, args: dict[str, Any], peer: ControlPeer) -> Awaitable[Any] | AsyncIterator[Any]:  # Any: JSON
        caller = Caller(name=f"uid {peer.uid}", role=Role(peer.role), via="control", address=f"pid {peer.pid}")
        return of.table.dispatch(name, args, caller)

    return ControlServer(
        of.places.control,
        call=call,
        role_of=roles.role_of,
        error_of=_error_of,
        mode=0o660 if roles.group is not None else 0o600,
        group=roles.group,
    )


def _error_of(error: BaseException) -> Mapping[str, Any] | None:  # Any: JSON
    return error_body(error) if isinstance(error, OperatorError) else None


def web(of: Branches) -> WebDeps:
    """Return what the console is made with."""
    return WebDeps(
        settings=of.settings.web,
        doorkeeper=of.doorkeeper,
        table=of.table,
        journal=of.reader,
        offload=of.offload,
        ready=of.ready,
        static=Path(web_static.__path__[0]),
        state=of.places.state,
        version=of.version,
        row=event_row,
    )

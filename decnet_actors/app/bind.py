"""This module binds the handlers of all features to the operation table."""

from pathlib import Path

from attrs import evolve

from decnet_actors.analysis.techniques.handlers import TechniqueHandlers
from decnet_actors.app import intel
from decnet_actors.app.actors import Actors
from decnet_actors.app.addresses import address_handlers
from decnet_actors.app.coherence import CoherenceCheck
from decnet_actors.app.converge import RunningFleet
from decnet_actors.app.daemon import Daemon
from decnet_actors.app.decky_files import DeckyFiles
from decnet_actors.app.describe import Descriptions
from decnet_actors.app.doctor import Doctor, Ward
from decnet_actors.app.placing import shortfalls
from decnet_actors.app.selftest import Selftest
from decnet_actors.app.status import Gauges, Status
from decnet_actors.contracts import runtime_operations as runtime_ops
from decnet_actors.enrich.geo.handlers import GeoipHandlers
from decnet_actors.fleet.check_operations import DECKY_CHECK
from decnet_actors.fleet.handlers import FleetChanges
from decnet_actors.fleet.reports import FleetReports
from decnet_actors.fleet.view import FleetHandlers
from decnet_actors.settings import Settings
from decnet_actors.store import backups as backup_handlers
from decnet_actors.store import identity_handlers
from decnet_actors.store.backups import Backups
from decnet_actors.store.engine import integrity, sqlite_path
from decnet_actors.store.handlers import bind_operations
from decnet_actors.store.migrations import schema_version
from decnet_actors.store.tables import SCHEMA_VERSION
from decnet_actors.store.technique_tags import TechniqueTagTable
from decnet_actors.web.accounts import Accounts
from decnet_actors.web.settings import TlsMode
from supervisors.config import Loaded


def bind(daemon: Daemon) -> Status:
    """Make every operation callable; return what tells whether the daemon is ready."""
    table = daemon.table
    status = _status(daemon)
    table.bind(runtime_ops.STATUS_SHOW, status.show)
    addresses = address_handlers(daemon)
    addresses.bind(table)
    table.bind(runtime_ops.DOCTOR_RUN, Doctor(_ward(daemon, status, addresses)).run)
    selftest = Selftest(
        driver=daemon.driver,
        targets=daemon.fleet.targets,
        subscribe=daemon.subscribe,
        reader=daemon.reader,
        monotonic=daemon.clock.monotonic,
    )
    table.bind(runtime_ops.SELFTEST_RUN, selftest.run)
    coherence = CoherenceCheck(
        machines=daemon.fleet.machines,
        targets=daemon.fleet.targets,
        probe=daemon.driver.probe,
        now=daemon.clock.now,
    )
    table.bind(DECKY_CHECK, coherence.check)
    Actors(daemon.system, daemon.clock.now, lambda: daemon.clock.monotonic() - daemon.started_monotonic).bind(table)
    Descriptions(daemon.registry, lambda: _in_force(daemon), daemon.used_plugins).bind(table)
    FleetHandlers(daemon.fleet).bind(table)
    FleetReports(daemon.desired).bind(table)
    daemon.crew = running = RunningFleet(daemon)
    daemon.move = running.move
    FleetChanges(daemon.desired, running, daemon.desk, daemon.origin.seed).bind(table)
    daemon.desk.bind(table)
    DeckyFiles(lambda: daemon.inhabitants, daemon.files, daemon.changes, daemon.clock.now).bind(table)
    Accounts(daemon.doorkeeper, daemon.clock.now, daemon.base_url).bind(table)
    bind_operations(
        table, engine=daemon.engine, reader=daemon.reader, now=daemon.clock.now, status=daemon.journal_answers
    )
    intel.bind_operations(daemon)
    identity_handlers.bind_operations(table, daemon.engine, record=daemon.conclude, new_id=daemon.ids.new)
    TechniqueHandlers(TechniqueTagTable(daemon.engine), lambda: daemon.configuration.rules, daemon.clock.now).bind(
        table
    )
    backups = Backups(
        daemon.engine,
        daemon.places.state / "backups",
        artifacts=daemon.places.artifacts,
        config=lambda: daemon.configuration.loaded.files,
        now=daemon.clock.now,
        offload=daemon.off,
    )
    backup_handlers.bind_operations(table, backups)
    return status


def _in_force(daemon: Daemon) -> Loaded[Settings]:
    """Return the configuration with the folders the daemon uses, also when nothing sets them."""
    loaded, places = daemon.configuration.loaded, daemon.places
    folders = evolve(loaded.value.daemon, state_dir=places.state, run_dir=places.run)
    return evolve(loaded, value=evolve(loaded.value, daemon=folders))


def _status(daemon: Daemon) -> Status:
    return Status(
        Gauges(
            tree=daemon.system.tree,
            journal=daemon.journal_status,
            last_event=daemon.last_event,
            sessions=daemon.sessions,
            planned=lambda: daemon.fleet.planned,
            loop_lag=daemon.lag,
            dashboard=daemon.dashboard,
            config_files=lambda: daemon.configuration.loaded.files,
            config_problem=lambda: daemon.refused,
            paused=lambda: _paused(daemon),
            sniffing=daemon.sniffing,
            sniffs=daemon.settings.sniffer.enabled,
            left_out=lambda: daemon.left_out,
            database=sqlite_path(daemon.engine),
            state_dir=daemon.places.state,
            host=daemon.settings.daemon.host,
            version=daemon.version,
            now=daemon.clock.now,
            monotonic=daemon.clock.monotonic,
            started=daemon.started,
            started_monotonic=daemon.started_monotonic,
        )
    )


async def _paused(daemon: Daemon) -> bool:
    return (await daemon.desired.newest()).document.paused


def _ward(daemon: Daemon, status: Status, addresses: GeoipHandlers) -> Ward:
    async def commit_seconds() -> float | None:
        journal = await daemon.journal_status()
        return None if journal is None else journal.commit_seconds

    async def schema() -> tuple[str, str]:
        return await schema_version(daemon.engine) or "none", SCHEMA_VERSION

    return Ward(
        state_dir=daemon.places.state,
        run_dir=daemon.places.run,
        tree=daemon.system.tree,
        loop_lag=daemon.lag,
        status=status.report,
        commit_seconds=commit_seconds,
        integrity=lambda: integrity(daemon.engine),
        schema=schema,
        has_admin=daemon.doorkeeper.has_admin,
        personas=lambda: daemon.fleet.personas,
        places=daemon.driver.observe,
        shortfalls=lambda: shortfalls(daemon.driver, [one.plan for one in daemon.inhabitants.values()]),
        sniffing=daemon.sniffing,
        sniffs=daemon.settings.sniffer.enabled,
        secrets=lambda: _secret_files(daemon),
        geography=addresses.report,
        listen=lambda: daemon.settings.web.listen if daemon.settings.web.enabled else (),
        intelligence=lambda: intel.check(daemon.settings.intel, daemon.correspondents),
        tls=lambda: daemon.settings.web.tls is not TlsMode.OFF,
    )


def _secret_files(daemon: Daemon) -> list[Path]:
    settings = daemon.settings
    found = [Path(settings.web.tls_key)] if settings.web.tls is TlsMode.FILES else []
    password = settings.database.password
    if password is not None and password.origin.startswith("file "):
        found.append(Path(password.origin.removeprefix("file ")))
    return found + intel.key_files(settings.intel, daemon.registry)

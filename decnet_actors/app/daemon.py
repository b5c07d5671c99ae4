"""This module composes the daemon: every part is made here, once, and handed to those who need it."""

import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, TypeVar

from attrs import define, field
from msgspec.structs import replace

from decnet_actors.app.fleet_view import Inhabitant, LiveFleet
from decnet_actors.app.hands import FleetHands
from decnet_actors.app.house import Means, arrive, clear, kept_files, settle_all
from decnet_actors.app.intel import correspondents, enricher, used_plugins
from decnet_actors.app.listening import Ears
from decnet_actors.app.load import PLUGINS, Configuration, installed
from decnet_actors.app.places import Places
from decnet_actors.app.placing import refusals
from decnet_actors.app.sensors import prober
from decnet_actors.app.studies import studies
from decnet_actors.app.tree import CONDUCTOR, JOURNAL, WATCHDOG, WEB, Branches, tree
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet_driver import FleetDriver
from decnet_actors.contracts.journal import JournalWriter
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.decoys.decky import PATIENCE
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.findings import Finding
from decnet_actors.domain.ids import Ids
from decnet_actors.domain.records import Entry, Record
from decnet_actors.domain.registry import ROOTS
from decnet_actors.downloads.fetcher import Fetcher
from decnet_actors.downloads.guard import Guard
from decnet_actors.enrich.correspondent import Correspondent
from decnet_actors.enrich.geo.atlas import Atlas
from decnet_actors.enrich.geo.cartographer import Cartographer, open_atlas
from decnet_actors.enrich.geo.names import ReverseNames, reverse_names
from decnet_actors.fleet.conductor import Conductor, Crew, Work
from decnet_actors.fleet.desired import DesiredFleet
from decnet_actors.fleet.desk import Desk
from decnet_actors.fleet.reconciler import Reconciler
from decnet_actors.sensors.sniffer import Gauge
from decnet_actors.settings import Settings
from decnet_actors.store.accounts import Accounts as AccountTable
from decnet_actors.store.artifacts import ArtifactStore
from decnet_actors.store.decky_files import DeckyFileTable
from decnet_actors.store.engine import make_engine, with_password
from decnet_actors.store.file_changes import FileChanges
from decnet_actors.store.fleets import FleetTable
from decnet_actors.store.installation import Installation, installation
from decnet_actors.store.intake import Intake
from decnet_actors.store.journal import AskStatus, JournalStatus
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.lifecycles import LifecycleTable
from decnet_actors.store.migrations import migrate
from decnet_actors.store.reader import Reader
from decnet_actors.store.vault import Secrets
from decnet_actors.web.doorkeeper import Doorkeeper
from decnet_actors.web.passwords import Hasher
from decnet_actors.web.server import WhereAreYou
from supervisors.actor import ActorDeadError
from supervisors.bus import Bus, Envelope
from supervisors.clock import Clock
from supervisors.log import get_logger
from supervisors.net import PathLock
from supervisors.offload import Offload
from supervisors.plugin import PluginRegistry
from supervisors.report import Report
from supervisors.spec import Backoff
from supervisors.system import System
from supervisors.watchdog import AskLag, LoopLag

T = TypeVar("T")
log = get_logger(__name__)

OFFLOAD = 30.0  # seconds a blocking function may take before nobody waits for it any more
CHORES, CHORE = 50_000, 86_400.0  # how many wait at most, and how many seconds
PRODUCER = 20  # hex digits that tell this start of the daemon from every other
ANSWER = 2.0  # seconds an actor has to say how it is
REPORTS_KEPT = 200


async def _starting() -> Sequence[str]:
    return ("starting",)


def fetcher(daemon: "Daemon") -> Fetcher:
    """Return the actor that fetches what attackers asked for."""
    settings = daemon.settings.downloads
    guard = Guard(settings.ports, lambda: {one.place.address for one in daemon.inhabitants.values()})
    return Fetcher(daemon.bus, guard, settings, daemon.means.artifacts, daemon.note_of)


@define
class Daemon:
    """The parts of a running daemon. ``open`` makes those that need I/O, ``system`` is the tree."""

    configuration: Configuration
    places: Places
    clock: Clock
    version: str
    intensity: int = 10  # restarts a supervisor allows within a minute
    patience: Backoff = PATIENCE  # how a service that failed is brought back
    started: float = 0.0
    started_monotonic: float = 0.0
    refused: str = ""  # why the last reload was refused
    restart_needed: tuple[str, ...] = ()  # sections that changed in a reload and wait for a restart
    move: Callable[[str], Awaitable[None]] = field(init=False)  # puts a decky together anew where its place is now
    unready: Callable[[], Awaitable[Sequence[str]]] = field(default=_starting)
    inhabitants: dict[str, Inhabitant] = field(factory=dict)
    left_out: dict[str, str] = field(factory=dict)  # deckies that could not be put together, and why
    reports: deque[Report] = field(factory=lambda: deque(maxlen=REPORTS_KEPT))
    sessions: OpenSessions = field(factory=OpenSessions)
    offload: Offload = field(factory=Offload)
    chores: Offload = field(factory=lambda: Offload(threads=1, limit=CHORES, nice=19))  # what has all the time there is
    sniffing: Gauge = field(factory=Gauge)
    registry: PluginRegistry = field(factory=lambda: PluginRegistry(PLUGINS))
    rng: random.Random = field(factory=random.SystemRandom)

    letting_go: AsyncExitStack = field(init=False, factory=AsyncExitStack)  # what was opened, closed in reverse
    lock: PathLock | None = field(init=False, default=None)  # nobody else uses these folders
    engine: Any = field(init=False, default=None)  # Any: SQLAlchemy's engine, which only the store may name
    origin: Installation = field(init=False)
    bus: Bus = field(init=False)
    ids: Ids = field(init=False)
    intake: Intake = field(init=False)
    writer: JournalWriter = field(init=False)  # of the daemon's own facts
    reader: Reader = field(init=False)
    driver: FleetDriver = field(init=False)
    means: Means = field(init=False)
    files: DeckyFileTable = field(init=False)
    changes: FileChanges = field(init=False)
    doorkeeper: Doorkeeper = field(init=False)
    table: OperationTable = field(init=False)
    desired: DesiredFleet = field(init=False)
    desk: Desk = field(init=False)
    correspondents: tuple[Correspondent, ...] = field(init=False)  # who is asked about attackers' addresses
    crew: Crew = field(init=False)  # bind sets it: it works on this daemon
    fleet: LiveFleet = field(init=False)
    atlas: Atlas = field(factory=Atlas)  # where addresses are
    names: ReverseNames | None = field(init=False, default=None)  # what they are called, if that may be asked
    system: System = field(init=False)
    console: tuple[str, ...] = ()  # its base URLs, when last asked
    revision: int = 0  # what the deckies were last brought to
    published: int = 0  # the highest seq handed to the bus

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self.configuration.settings

    async def open(self) -> None:
        """Open the store and compose everything.

        Raises:
            OSError: a folder or the database cannot be had.
            StoreError: the database is of another version.

        """
        self.started, self.started_monotonic = self.clock.now(), self.clock.monotonic()
        await self.off(self.places.make)
        self.lock = PathLock(self.places.run / "decnetd.lock")
        self.engine = make_engine(self._url())
        await migrate(self.engine)
        self.origin = await installation(self.engine, self.clock.now)
        self.ids = Ids(self.clock.now, self.rng)
        self.bus = Bus(clock=self.clock, host=self.settings.daemon.host, new_id=self.ids.new)
        self.intake = Intake(self.ids.new()[:PRODUCER])
        self.writer = self.intake.writer()
        self.reader = Reader(self.engine, self._subscribe_entries)
        self.published = await self.reader.head()
        accounts = AccountTable(self.engine)
        self.table = OperationTable(accounts.add_audit, self.clock.now)
        self.doorkeeper = Doorkeeper(
            accounts=accounts,
            settings=self.settings.web,
            clock=self.clock,
            offload=self.off,
            hasher=Hasher(),
        )
        self.driver = self._driver()
        self.letting_go.push_async_callback(self.driver.aclose)
        await self.driver.open()
        artifacts = ArtifactStore(self.engine, self.places.artifacts, now=self.clock.now, offload=self.off)
        self.files = DeckyFileTable(self.engine, artifacts)
        self.changes = FileChanges(self.files)
        self.means = Means(
            host=self.settings.daemon.host,
            seed=self.origin.seed,
            founded=self.origin.founded,
            now=self.clock.now,
            work=self.clock.monotonic,
            driver=self.driver,
            sessions=self.sessions,
            artifacts=artifacts,
            vault=Secrets(self.engine, now=self.clock.now, offload=self.off, spare=self.spare).of,
            writer=lambda _path: self.intake.writer(),
            offload=self.off,
            patience=self.patience,
            plugin=self.registry.load,
            files=self.changes,
            isolation=self.settings.fleet.isolate,
        )
        self.desired = DesiredFleet(
            FleetTable(self.engine), installed(self.registry), now=self.clock.now, offload=self.off
        )
        self.desk = Desk(
            LifecycleTable(self.engine),
            clock=self.clock,
            new_id=self.ids.new,
            note=partial(self.note, ""),
            wake=lambda: self.system.directory.address(CONDUCTOR).tell(Work()),
        )
        self.correspondents = correspondents(self.settings.intel, self.registry, self.clock)
        ledger = JournalLedger(self.engine, self.intake, host=self.settings.daemon.host, new_id=self.ids.new)
        hostable = await self.desired.take(self.configuration.fleet)
        self.revision = (await self.desired.newest()).revision.number
        plans = hostable.plans
        self.left_out = {**hostable.left_out, **refusals(self.driver, plans)}
        for name, why in self.left_out.items():
            log.error("fleet.decky_left_out", decky=name, reason=why)
        plans = tuple(plan for plan in plans if plan.name not in self.left_out)
        await arrive(plans, self.means)
        stored = await kept_files([plan.name for plan in plans], self.means)
        self.inhabitants, specs = await self.off(partial(settle_all, plans, self.means, stored))
        await clear(self.driver, self.inhabitants)
        hands = FleetHands(
            lambda: self.inhabitants,
            self.sessions,
            lambda: self.system,
            self.desired,
            self.desk.undisturbed,
            lambda name: self.move(name),  # noqa: PLW0108  as below
        )
        if self.settings.geoip.enabled:
            await self.off(partial(open_atlas, self.atlas, self.places.geoip))
        if self.settings.ptr.enabled:
            self.names = await self.off(partial(reverse_names, self.settings.ptr, self.clock, self.rng))
        branches = Branches(
            engine=self.engine,
            intake=self.intake,
            changes=self.changes,
            publish=self._publish,
            bus=self.bus,
            places=self.places,
            settings=self.settings,
            fetcher=lambda: fetcher(self),
            prober=lambda: prober(self),
            cartographer=lambda: Cartographer(self.atlas, self.places.geoip, self.settings.geoip, offload=self.off),
            sniffer=self._ears().sniffer,
            reconciler=lambda: Reconciler(self.driver, hands, self.note),
            conductor=lambda: Conductor(self.desk, self.desired, self.crew),
            specs=tuple(spec for name, spec in specs.items() if self.inhabitants[name].plan.running),
            table=self.table,
            desired=self.desired,
            desk=self.desk,
            doorkeeper=self.doorkeeper,
            reader=self.reader,
            ledger=ledger,
            enricher=lambda: enricher(self, ledger),
            studies=studies(self),
            offload=self.off,
            ready=lambda: self.unready(),  # noqa: PLW0108  it is replaced after this
            version=self.version,
            intensity=self.intensity,
            patience=self.patience,
        )
        self.system = System(tree(branches), clock=self.clock, seed=self.origin.seed, reports=self._report)
        self.fleet = LiveFleet(lambda: self.inhabitants, lambda: self.system.directory, self.system.tree, self.sessions)

    async def close(self) -> None:
        """Let go of what is not an actor."""
        await self.letting_go.aclose()
        if self.engine is not None:
            await self.engine.dispose()
        self.offload.close()
        self.chores.close()
        if self.lock is not None:
            self.lock.release()

    # What the parts need of one another.

    async def off(self, work: Callable[[], T]) -> T:
        return await self.offload(work, within=OFFLOAD)

    async def spare(self, work: Callable[[], T]) -> T:
        return await self.chores(work, within=CHORE)

    def _url(self) -> str:
        database = self.settings.database
        if not database.url:
            return f"sqlite:///{self.places.database}"
        return with_password(database.url, database.password.reveal() if database.password else None)

    def _driver(self) -> FleetDriver:
        name = self.settings.fleet.driver
        table: Mapping[str, Any] = getattr(self.settings.fleet, name, {})  # Any: the plugin's own options
        driver: FleetDriver = self.registry.create(f"fleet_driver.{name}", table, None)
        return driver

    def _ears(self) -> Ears:
        return Ears(
            settings=self.settings.sniffer,
            driver=self.driver,
            places=lambda: [one.place for one in self.inhabitants.values()],
            writer=self.writer,
            ids=self.ids,
            host=self.settings.daemon.host,
            gauge=self.sniffing,
        )

    def note_of(self, about: Record, fact: Fact) -> None:
        """Record what we found out about a session after the fact in ``about``."""
        now, host = self.clock.now(), self.settings.daemon.host
        self.writer.put(replace(about, id=self.ids.at(now), time=now, host=host, fact=fact))

    def note(self, decky: str, fact: Fact) -> None:
        """Record what happened to a decky and to none of its services; to the fleet when it has no name."""
        now, host = self.clock.now(), self.settings.daemon.host
        self.writer.put(Record(id=self.ids.at(now), time=now, host=host, decky=decky, service="", fact=fact))

    async def conclude(self, fact: Finding) -> None:
        """Record what somebody concluded, and return when it is durable."""
        now, host = self.clock.now(), self.settings.daemon.host
        number = self.writer.put(Record(id=self.ids.at(now), time=now, host=host, decky="", service="", fact=fact))
        await self.writer.durable(number)

    def _publish(self, entries: Sequence[Entry]) -> None:
        """Put committed entries on the bus; a restarted journal may bring some again."""
        for entry in entries:
            if entry.seq > self.published:
                self.published = entry.seq
                record = entry.record
                self.bus.publish(record.topic, entry, seq=entry.seq, id=record.id, ts=record.time)

    def _subscribe_entries(self, sink: Callable[[Entry], None]) -> Callable[[], None]:
        return self.bus.subscribe(ROOTS, lambda envelope: sink(envelope.payload)).cancel

    def subscribe(self, pattern: str, sink: Callable[[Envelope], None]) -> Callable[[], None]:
        return self.bus.subscribe(pattern, sink).cancel

    def _report(self, report: Report) -> None:
        if report.is_crash:  # the supervisor has logged it
            self.reports.append(report)

    async def journal_status(self) -> JournalStatus | None:
        """Return how the journal is doing; ``None`` while it is being restarted."""
        with suppress(ActorDeadError, TimeoutError):
            status: JournalStatus = await self.system.directory.address(JOURNAL).ask(AskStatus(), within=ANSWER)
            return status
        return None

    async def journal_answers(self) -> JournalStatus:
        """Return how the journal is doing.

        Raises:
            OperatorError: DN3002, it is being restarted.

        """
        status = await self.journal_status()
        if status is None:
            raise OperatorError(CATALOGUE["DN3002"], "the journal is being restarted")
        return status

    async def last_event(self) -> float | None:
        """Return when the newest stored fact was observed, in Unix seconds."""
        entries = await self.reader.read(after=self.published - 1, limit=1) if self.published else ()
        return entries[0].record.time if entries else None

    async def dashboard(self) -> tuple[str, ...]:
        """Return the console's base URLs."""
        with suppress(ActorDeadError, TimeoutError):
            self.console = await self.system.directory.address(WEB).ask(WhereAreYou(), within=ANSWER)
            return self.console
        return ()

    async def lag(self) -> LoopLag:
        with suppress(ActorDeadError, TimeoutError):
            lag: LoopLag = await self.system.directory.address(WATCHDOG).ask(AskLag(), within=ANSWER)
            return lag
        return LoopLag(p50=0.0, p99=0.0, max=0.0, samples=0, stalls=0)

    def used_plugins(self) -> Mapping[str, int]:
        """Return how often each plugin is used."""
        used = Counter(service.plugin for one in self.inhabitants.values() for service in one.plan.services)
        used[f"fleet_driver.{self.settings.fleet.driver}"] += 1
        used.update(used_plugins(self.settings.intel))
        return used

    def base_url(self) -> str:
        """Return how browsers reach the console."""
        return self.settings.web.public_url or (self.console[0] if self.console else "")

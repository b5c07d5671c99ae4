"""This module is the actor that serves the console: listeners, the live hub, and an orderly end."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlsplit

from aiohttp import web
from attrs import frozen

from decnet_actors.contracts.journal import JournalReader
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.ids import Ids
from decnet_actors.domain.records import Entry
from decnet_actors.web.boundary import Boundary, as_middleware
from decnet_actors.web.certificate import tls_context
from decnet_actors.web.console import Parts, build
from decnet_actors.web.doorkeeper import Doorkeeper
from decnet_actors.web.headers import HardenedRunner
from decnet_actors.web.health import Readiness
from decnet_actors.web.identity import Identity
from decnet_actors.web.live import LiveHub, Snapshot, event_row
from decnet_actors.web.metrics import MetricsRoutes, Sources
from decnet_actors.web.settings import WebSettings, is_loopback, listen_url, split_listen
from decnet_actors.web.static import StaticTree
from supervisors.actor import LoopActor
from supervisors.log import get_logger

if TYPE_CHECKING:
    import ssl

CONSOLE = Caller(name="console", role=Role.VIEWER, via="local")  # asks for what every browser is shown
GRACE = 1.0  # seconds requests have to finish when the server stops

log = get_logger(__name__)


@frozen(kw_only=True)
class WebDeps:
    """What the server needs of others.

    ``offload`` runs blocking work off the loop; ``ready`` tells why the daemon is not ready; ``static`` is the folder
    of the dashboard's files and ``state`` the one for a self-signed certificate. ``row`` makes a live event's JSON.
    """

    settings: WebSettings
    doorkeeper: Doorkeeper
    table: OperationTable
    journal: JournalReader
    offload: Callable[[Callable[[], Any]], Awaitable[Any]]  # Any: whatever the work returns
    ready: Readiness
    static: Path
    state: Path
    version: str
    row: Callable[[Entry], object] = event_row


@frozen(kw_only=True)
class WhereAreYou:
    """Answered with the console's base URLs, as tuple of text."""


@frozen(kw_only=True)
class AdminCreated:
    """Somebody can administer now: the other listeners may open."""


WebMessage = WhereAreYou | AdminCreated


class WebServer(LoopActor):
    """Serves the console while it lives."""

    def __init__(self, deps: WebDeps) -> None:
        super().__init__()
        self._deps = deps
        self._runners: list[web.AppRunner] = []
        self._hub: LiveHub | None = None
        self._tls: ssl.SSLContext | None = None
        self._waiting: list[tuple[str, int]] = []
        self._temporary: web.TCPSite | None = None  # until an administrator exists
        self._urls: list[str] = []

    async def on_start(self) -> None:
        """Listen. Fails, so that its supervisor tries again, when an address cannot be had."""
        deps, settings = self._deps, self._deps.settings
        files = await deps.offload(lambda: StaticTree(deps.static))
        if not files.complete:
            log.warning("web.assets_missing", fix="python -m decnet_actors.web.fetch_assets")
        now, names = self.clock.now(), _certificate_names(settings)
        self._tls = await deps.offload(lambda: tls_context(settings, state=deps.state, names=names, now=now))
        hub = self._hub = LiveHub(deps.journal, self._snapshots(), deps.row)
        public = urlsplit(settings.public_url)
        secure = self._tls is not None or public.scheme == "https"
        app = build(
            Parts(
                identity=Identity(deps.doorkeeper, secure=secure),
                table=deps.table,
                hub=hub,
                files=files,
                ready=deps.ready,
                new_id=Ids(self.clock.now, self.rng).new,
                report=_report,
                hosts=(*settings.allowed_hosts, public.hostname or ""),
                public_origin=f"{public.scheme}://{public.netloc}" if public.netloc else "",
                stream_clients=settings.stream_clients,
                version=deps.version,
            )
        )
        runner = await self._runner(app)
        self._waiting = [split_listen(text) for text in settings.listen]
        deps.doorkeeper.admin_created = lambda: self.tell_self(AdminCreated())
        await self._open(runner, only_loopback=not await deps.doorkeeper.has_admin())
        if settings.metrics_listen:
            await self._serve_metrics(hub)
        _live = self.spawn(hub.follow(), name="live")
        _snapshots = self.spawn(hub.watch(), name="snapshots")

    async def handle(self, message: WebMessage) -> object:
        """Answer where the console is, or open the listeners that waited for an administrator."""
        match message:
            case WhereAreYou():
                return tuple(self._urls)
            case AdminCreated():
                await self._open(self._runners[0], only_loopback=False)
                return None
            case _:
                assert_never(message)

    async def on_stop(self) -> None:
        """Let requests finish, then close."""
        await self._close()

    def last_rites(self) -> Coroutine[Any, Any, None] | None:
        """Close the listeners also after a crash."""
        return self._close() if self._runners else None

    async def _close(self) -> None:
        if self._hub is not None:
            self._hub.close()
        while self._runners:
            await self._runners.pop().cleanup()

    async def _runner(self, app: web.Application) -> web.AppRunner:
        runner = HardenedRunner(app, access_log=None, shutdown_timeout=GRACE)
        self._runners.append(runner)
        await runner.setup()
        return runner

    async def _open(self, runner: web.AppRunner, *, only_loopback: bool) -> None:
        """Listen on the addresses that wait. Without an administrator nobody but this machine may reach the set-up."""
        if self._temporary is not None:
            await self._temporary.stop()
            self._temporary = None
        now = [place for place in self._waiting if is_loopback(place[0]) or not only_loopback]
        self._waiting = [place for place in self._waiting if place not in now]
        for host, port in now:
            await self._listen(runner, host, port)
        if not now and self._waiting:
            self._temporary = await self._listen(runner, "127.0.0.1", self._waiting[0][1])

    async def _listen(self, runner: web.AppRunner, host: str, port: int) -> web.TCPSite:
        site = web.TCPSite(runner, host, port, ssl_context=self._tls)
        await site.start()
        port = bound_port(runner)
        self._urls.append(listen_url(self._deps.settings, host, port))
        log.info("web.listening", host=host, port=port, tls=self._tls is not None)
        return site

    async def _serve_metrics(self, hub: LiveHub) -> None:
        table = self._deps.table
        sources = Sources(
            status=lambda: table.call("status.show", {}, CONSOLE),
            tree=lambda: table.call("actor.tree", {}, CONSOLE),
            streams=lambda: len(hub),
        )
        app = web.Application(middlewares=[as_middleware(Boundary(Ids(self.clock.now, self.rng).new, _report))])
        app.add_routes(MetricsRoutes(sources).routes())
        runner = await self._runner(app)
        host, port = split_listen(self._deps.settings.metrics_listen)
        await web.TCPSite(runner, host, port).start()
        log.info("web.metrics_listening", host=host, port=bound_port(runner))

    def _snapshots(self) -> dict[str, Snapshot]:
        table = self._deps.table
        known = {operation.name for operation in table.operations()}
        return {"actors": lambda: table.call("actor.tree", {}, CONSOLE)} if "actor.tree" in known else {}


def bound_port(runner: web.AppRunner) -> int:
    """Return the port of the listener that was opened last."""
    return int(runner.addresses[-1][1])


def _certificate_names(settings: WebSettings) -> Sequence[str]:
    hosts = [split_listen(text)[0] for text in settings.listen]
    public = urlsplit(settings.public_url).hostname
    names = ["localhost", "127.0.0.1", *hosts, *settings.allowed_hosts, *([public] if public else [])]
    wild = {"0.0.0.0", "::"}  # noqa: S104  compared, not bound
    return [name for name in dict.fromkeys(names) if name not in wild]


def _report(request_id: str, method: str, path: str, error: BaseException) -> None:
    log.error("web.defect", request_id=request_id, method=method, path=path[:200], exc_info=error)

"""This module is the actor that keeps the index of addresses: it loads it, fetches its sources and has it made anew."""

import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, assert_never

from attrs import frozen

from decnet_actors.enrich.geo.atlas import Atlas
from decnet_actors.enrich.geo.build import load
from decnet_actors.enrich.geo.download import Limits, download, kept
from decnet_actors.enrich.geo.drafting import drafting
from decnet_actors.enrich.geo.errors import DownloadError, SourceError
from decnet_actors.enrich.geo.index import Index
from decnet_actors.enrich.geo.settings import GeoipSettings, is_url
from supervisors.errors import RemoteError
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec, WhenFull
from supervisors.periodic import Periodic
from supervisors.process_actor import ProcessActor

LOOK = 3600.0  # seconds between two looks at the index's age, and after a failure
T = TypeVar("T")
log = get_logger(__name__)


@frozen(kw_only=True)
class RefreshIndex:
    """Read all sources again; an ask is answered when that is done, with a text that is empty if it worked."""


@frozen(kw_only=True)
class LookAtAge:
    """Refresh if the index is too old."""


@frozen(kw_only=True)
class Refreshed:
    """A refresh has ended."""

    problem: str


class Cartographer(ProcessActor):
    """Keeps the index.

    Args:
        atlas: who answers from it.
        folder: of the index and the downloads; made if it is missing.
        settings: the sources, and how often.
        offload: runs a blocking function off the loop.
        trust: whose certificates are believed; the system's authorities are the default.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=100, when_full=WhenFull.DROP_OLDEST)
    work = drafting

    def __init__(
        self,
        atlas: Atlas,
        folder: Path,
        settings: GeoipSettings,
        *,
        offload: Callable[[Callable[[], Any]], Awaitable[Any]],  # Any: whatever the work returns
        trust: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self._atlas = atlas
        self._folder = folder
        self._settings = settings
        self._offload = offload
        self._trust = trust
        self._waiting_for_it: list[Any] = []  # Any: futures of asks, of pykka's kind

    def arguments(self) -> tuple[str, ...]:
        return (str(self._folder),)

    async def on_start(self) -> None:
        self._atlas.refreshing = False
        await self._offload(partial(self._downloads.mkdir, mode=0o700, parents=True, exist_ok=True))
        await super().on_start()
        if self._settings.refresh.seconds is not None:
            self._beat = Periodic(self, LOOK, LookAtAge(), at_once=True)

    async def handle(self, message: RefreshIndex | LookAtAge | Refreshed) -> None:
        match message:
            case RefreshIndex():
                self._waiting_for_it.append(self.defer())
                self._begin()
            case LookAtAge():
                if self._is_old():
                    self._begin()
            case Refreshed():
                self._end(message.problem)
            case _:
                assert_never(message)

    @property
    def _downloads(self) -> Path:
        return self._folder / "sources"

    def _is_old(self) -> bool:
        index, age = self._atlas.index, self._settings.refresh.seconds
        return index is None or (age is not None and self.clock.now() - index.head.built >= age)

    def _begin(self) -> None:
        if not self._atlas.refreshing:
            self._atlas.refreshing = True
            _task = self.spawn(self._refresh(), name="refresh", tag=lambda problem: Refreshed(problem=problem))

    def _end(self, problem: str) -> None:
        self._atlas.refreshing, self._atlas.problem = False, problem
        if problem:
            log.warning("geoip.not_refreshed", reason=problem)
        elif (index := self._atlas.index) is not None:
            log.info("geoip.refreshed", **index.head.ranges)
        waiting, self._waiting_for_it = self._waiting_for_it, []
        for reply in waiting:
            if reply is not None:
                reply.set(problem)

    async def _refresh(self) -> str:
        files: dict[str, str] = {}
        problems: dict[str, str] = {}
        for source in self._settings.sources:
            if not is_url(source):
                files[source] = source
                continue
            place = kept(self._downloads, source)
            if problem := await self._fetched(source):
                problems[source] = problem
            if await self._offload(place.file.exists):
                files[source] = str(place.file)
        try:
            await self.call(["build", files, self.clock.now(), problems])
            self._atlas.use(await self._offload(partial(load, self._folder)))
        except RemoteError as error:
            return str(error.args[1])
        except (SourceError, OSError) as error:
            return str(error)
        return ""

    async def _fetched(self, url: str) -> str:
        """Fetch a URL; return what went wrong. A file that cannot be read does not take the place of one that can."""
        place = kept(self._downloads, url)
        limits = Limits(size=self._settings.max_size, seconds=self._settings.timeout)
        try:
            validators = await download(url, place, limits, trust=self._trust)
            if validators is not None:
                await self.call(["check", str(place.fresh)])
                await self._offload(partial(place.take, validators))
        except DownloadError as error:
            return error.reason
        except RemoteError as error:
            return str(error.args[1])
        except OSError as error:
            return f"it cannot be kept: {error.strerror}"
        finally:
            await self._offload(partial(place.fresh.unlink, missing_ok=True))
        return ""


def open_atlas(atlas: Atlas, folder: Path) -> None:
    """Answer from the index that was made before, if there is one."""
    try:
        index: Index | None = load(folder)
    except (SourceError, OSError) as error:
        atlas.problem = str(error)
        log.warning("geoip.not_loaded", reason=atlas.problem)
        return
    atlas.use(index)

"""This module is the actor that fetches what attackers asked for, into quarantine, and records what became of it.

It hears the committed ``DownloadRequested`` on the bus. What it misses while it is restarted or overrun is not fetched:
the request itself is in the journal, and late answers are of little worth.
"""

from collections import deque
from collections.abc import Callable
from typing import ClassVar, TypeAlias, assert_never

from attrs import frozen
from msgspec.structs import replace

from decnet_actors.contracts.decoy import Artifacts
from decnet_actors.domain.facts import DownloadFailed, DownloadFetched, DownloadRequested, Fact
from decnet_actors.domain.records import Record
from decnet_actors.downloads.allowance import Allowance, Remembered
from decnet_actors.downloads.errors import FetchError
from decnet_actors.downloads.fetch import fetch
from decnet_actors.downloads.guard import SCHEMES, Guard
from decnet_actors.downloads.settings import DownloadSettings
from supervisors.actor import LoopActor
from supervisors.bus import Bus, Envelope
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec, WhenFull

TOPIC = "decky.*.*.download_requested"
MAX_WAITING = 200  # requests that wait for a fetch before theirs
Outcome: TypeAlias = DownloadFetched | DownloadFailed
log = get_logger(__name__)


@frozen(kw_only=True)
class Done:
    """A fetch has ended."""

    url: str
    outcome: Outcome


class Fetcher(LoopActor):
    """Fetches a few at a time.

    Args:
        bus: where requests are heard.
        guard: decides where a fetch may go.
        settings: how much, how often.
        artifacts: the quarantine: files by their SHA-256, never executable.
        note: records a fact about the session of a record.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=1000, when_full=WhenFull.DROP_OLDEST)

    def __init__(
        self,
        bus: Bus,
        guard: Guard,
        settings: DownloadSettings,
        artifacts: Artifacts,
        note: Callable[[Record, Fact], None],
    ) -> None:
        super().__init__()
        self._bus = bus
        self._guard = guard
        self._settings = settings
        self._artifacts = artifacts
        self._note = note
        self._allowance = Allowance(settings.per_minute, settings.host_per_minute, settings.day_size)
        self._remembered: Remembered[Outcome] = Remembered()
        self._waiting: deque[str] = deque()  # URLs, in the order they were asked for first
        self._askers: dict[str, list[Record]] = {}  # of each URL that waits or is being fetched
        self._running = 0

    async def on_start(self) -> None:
        self._subscription = self._bus.subscribe(TOPIC, self.ref)

    async def handle(self, message: Envelope | Done) -> None:
        match message:
            case Envelope():
                self._take(message.payload.record)
            case Done():
                self._running -= 1
                self._settle(message)
            case _:
                assert_never(message)
        while self._waiting and self._running < self._settings.at_once:
            url = self._waiting.popleft()
            self._running += 1
            _task = self.spawn(self._fetch(url), name="fetch", tag=lambda done: done)

    def _take(self, record: Record) -> None:
        fact = record.fact
        if not isinstance(fact, DownloadRequested) or fact.url.partition("://")[0].lower() not in SCHEMES:
            return
        url = fact.url
        known = self._remembered.get(url, self.clock.monotonic())
        if known is not None:
            self._note(record, replace(known, request=record.id, again=True))
        elif url in self._askers:
            if len(self._askers[url]) < MAX_WAITING:
                self._askers[url].append(record)
        elif len(self._askers) >= MAX_WAITING:
            self._note(record, DownloadFailed(url=url, reason="too many wait to be fetched", request=record.id))
        else:
            self._askers[url] = [record]
            self._waiting.append(url)

    def _settle(self, done: Done) -> None:
        self._remembered.put(done.url, done.outcome, self.clock.monotonic())
        for number, record in enumerate(self._askers.pop(done.url, ())):
            self._note(record, replace(done.outcome, request=record.id, again=number > 0))

    async def _fetch(self, url: str) -> Done:
        return Done(url=url, outcome=await self._outcome(url))

    async def _outcome(self, url: str) -> Outcome:
        try:
            host = self._guard.check(url).host or ""
            if reason := self._allowance.refusal(host, self.clock.monotonic()):
                return DownloadFailed(url=url, reason=reason)
            answer = await fetch(url, self._guard, self._settings)
        except FetchError as error:
            return DownloadFailed(url=url, reason=error.reason)
        self._allowance.took(len(answer.data), self.clock.monotonic())
        try:
            sha256 = await self._artifacts.keep(answer.data)
        except OSError as error:
            log.warning("download.not_kept", error=str(error))
            return DownloadFailed(url=url, reason="it could not be kept")
        return DownloadFetched(
            url=url,
            urls=answer.urls,
            status=answer.status,
            media_type=answer.media_type,
            sha256=sha256,
            size=len(answer.data),
            truncated=answer.truncated,
        )

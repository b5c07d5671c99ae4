"""What attackers asked for is fetched once, kept, and told about in their session."""

import asyncio
import hashlib
import itertools

import attrs
import pytest

from decnet_actors.conformance.fakes import FakeArtifacts
from decnet_actors.domain.facts import DownloadFailed, DownloadFetched, DownloadRequested, Fact
from decnet_actors.domain.records import Entry, Record
from decnet_actors.downloads.fetcher import Fetcher
from supervisors.bus import Bus
from supervisors.testing import ManualClock, launch
from tests.decnet_actors.downloads.site import Site

ELF = hashlib.sha256(b"\x7fELF").hexdigest()


class World:
    """A fetcher, the bus it hears, and what it records."""

    def __init__(self, site: Site, **settings) -> None:
        self.clock = ManualClock()
        numbers = itertools.count(1)
        self.bus = Bus(clock=self.clock, host="local", new_id=lambda: f"{next(numbers):032x}")
        self.artifacts = FakeArtifacts()
        self.noted: list[tuple[Record, Fact]] = []
        self.fetcher = Fetcher(
            self.bus,
            site.guard,
            attrs.evolve(site.settings, **settings),
            self.artifacts,
            lambda record, fact: self.noted.append((record, fact)),
        )
        self._seq = itertools.count(1)

    async def start(self) -> None:
        launch(self.fetcher, "fetcher", clock=self.clock)
        await self.fetcher.started

    def ask(self, *urls: str) -> None:
        for url in urls:
            seq = next(self._seq)
            record = Record(
                id=f"event-{seq}",
                time=1.0,
                host="local",
                decky="web-01",
                service="ssh",
                session="s1",
                source="203.0.113.7",
                fact=DownloadRequested(url=url, mechanism="wget"),
            )
            self.bus.publish(record.topic, Entry(seq=seq, record=record), seq=seq, id=record.id, ts=record.time)

    async def told(self, count: int) -> list[Fact]:
        async with asyncio.timeout(5):
            while len(self.noted) < count:
                await asyncio.sleep(0.001)
        return [fact for _, fact in self.noted]

    async def stop(self) -> None:
        self.fetcher.kill()
        await asyncio.sleep(0)


async def test_a_file_is_fetched_into_quarantine_and_told_about_in_its_session(site: Site) -> None:
    world = World(site)
    await world.start()
    world.ask(f"{site.base}/to//x")
    (fact,) = await world.told(1)

    assert isinstance(fact, DownloadFetched)
    assert (ELF, 4, 200, "event-1", False) == (fact.sha256, fact.size, fact.status, fact.request, fact.again)
    assert (f"{site.base}/to//x", (f"{site.base}/to//x", f"{site.base}/x")) == (fact.url, fact.urls)
    assert ("s1", "203.0.113.7") == (world.noted[0][0].session, world.noted[0][0].source)
    assert {ELF: b"\x7fELF"} == world.artifacts.kept
    await world.stop()


async def test_a_url_is_fetched_once_an_hour_and_everybody_who_asked_is_told(site: Site) -> None:
    world = World(site)
    await world.start()
    world.ask(f"{site.base}/x", f"{site.base}/x")
    await world.told(2)
    world.ask(f"{site.base}/x")
    facts = await world.told(3)

    assert [("event-1", False), ("event-2", True), ("event-3", True)] == [
        (fact.request, fact.again) for fact in facts if isinstance(fact, DownloadFetched)
    ]
    assert 1 == len(site.asked)
    world.clock.advance(3600.0)
    world.ask(f"{site.base}/x")
    await world.told(4)
    assert 2 == len(site.asked)
    await world.stop()


async def test_what_may_not_be_fetched_is_told_with_its_reason(site: Site) -> None:
    world = World(site, per_minute=1)
    await world.start()
    world.ask("ftp://example.com/x", "http://10.0.0.1:22/x", f"{site.base}/x", f"{site.base}/gone")
    facts = await world.told(3)
    failed = {fact.url: fact.reason for fact in facts if isinstance(fact, DownloadFailed)}

    assert {
        "http://10.0.0.1:22/x": "port 22 is not fetched from",
        f"{site.base}/gone": "too many fetches in this minute",
    } == failed
    assert ["/x"] == [request.path for request in site.asked]
    await world.stop()


async def test_a_disk_that_refuses_is_a_reason(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_data: bytes) -> str:
        raise OSError(28, "No space left on device")

    world = World(site)
    monkeypatch.setattr(world.artifacts, "keep", full)
    await world.start()
    world.ask(f"{site.base}/x")

    assert [DownloadFailed(url=f"{site.base}/x", reason="it could not be kept", request="event-1")] == await world.told(
        1
    )
    await world.stop()


async def test_only_so_many_run_at_once_and_the_rest_waits_its_turn(site: Site) -> None:
    world = World(site, at_once=1, host_per_minute=100)
    await world.start()
    world.ask(*(f"{site.base}/x?{number}" for number in range(5)))

    assert 5 == len(await world.told(5))
    assert [str(number) for number in range(5)] == [request.query_string for request in site.asked]
    await world.stop()

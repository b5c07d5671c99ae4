import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from decnet_actors.domain.records import Entry
from decnet_actors.web import sse
from decnet_actors.web.live import MAX_ENCODED, MAX_QUEUED, LiveHub, frame
from decnet_actors.web.live import Browser as Queue
from decnet_actors.web.settings import WebSettings
from decnet_actors.web.static import StaticTree
from tests.decnet_actors.web.fakes import Browser, MemoryJournal, Site
from tests.decnet_actors.web.samples import record, terminal


class Frames:
    """Reads server-sent events."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    async def next(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        async with asyncio.timeout(5):
            while line := (await self._content.readline()).decode():
                if line == "\n" and found:
                    return found
                name, _, value = line.rstrip("\n").partition(": ")
                found[name] = json.loads(value) if name == "data" else value
        raise EOFError

    async def ended(self) -> bool:
        try:
            while True:
                await self.next()
        except EOFError:
            return True

    async def seqs(self, count: int) -> list[int]:
        got: list[int] = []
        while len(got) < count:
            item = await self.next()
            if item.get("event") == "credential_seen":
                got.append(int(item["id"]))
        return got


@asynccontextmanager
async def stream(client: Browser, site: Site, query: str = "", last: int | None = None) -> AsyncIterator[Frames]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with client.http.get(f"{site.url}/api/v1/stream{query}", headers=headers) as answer:
        assert (200, "text/event-stream") == (answer.status, answer.headers["Content-Type"])
        yield Frames(answer.content)


async def test_a_committed_fact_reaches_the_browser_with_its_seq(site: Site, admin: Browser) -> None:
    async with stream(admin, site) as frames:
        assert {"retry": "2000"} == await frames.next()
        assert {"id": "0", "event": "hello", "data": {"seq": 0}} == await frames.next()
        site.journal.append(record())
        got = await frames.next()

    assert ("1", "credential_seen", "web-01") == (got["id"], got["event"], got["data"]["decky"])
    assert {"text": "hunter2", "base64": "aHVudGVyMg=="} == got["data"]["fact"]["secret"]


async def test_a_browser_that_comes_back_misses_nothing_while_facts_keep_coming(site: Site, admin: Browser) -> None:
    got: list[int] = []
    total = 0
    while total < 200:
        for _ in range(7):
            total += 1
            site.journal.append(record(number=total))
        async with stream(admin, site, last=got[-1] if got else 0) as frames:
            site.journal.append(record(number=total + 1))
            total += 1
            got += await frames.seqs(5)  # hangs up in the middle
    async with stream(admin, site, last=got[-1]) as frames:
        got += await frames.seqs(total - len(got))

    assert list(range(1, total + 1)) == got


async def test_the_journal_is_followed_only_while_somebody_looks() -> None:
    journal = MemoryJournal()
    hub = LiveHub(journal, {})
    follow = asyncio.ensure_future(hub.follow())
    journal.append(record())
    await asyncio.sleep(0)
    assert journal.followers == 0
    async with asyncio.timeout(5), hub.join(frozenset({"events"})) as browser:
        assert (journal.followers, browser.joined_at) == (1, 1)
    journal.append(record(number=2))  # nobody takes it
    while journal.followers:
        await asyncio.sleep(0)
    async with asyncio.timeout(5), hub.join(frozenset({"events"})) as browser:
        assert browser.joined_at == 2
        journal.append(record(number=3))
        await browser.ready.wait()
        assert [entry.seq for entry in browser.queue] == [3]
    follow.cancel()


async def test_terminal_bytes_stay_out_of_the_live_stream(site: Site, admin: Browser) -> None:
    async with stream(admin, site) as frames:
        site.journal.append(terminal())
        site.journal.append(record())

        assert [2] == await frames.seqs(1)
    site.journal.append(terminal())
    site.journal.append(record())
    async with stream(admin, site, "?after=0") as frames:
        assert [2, 4] == await frames.seqs(2)


async def test_a_browser_that_missed_too_much_is_told_to_start_afresh(
    site: Site, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "MAX_REPLAY", 3)
    async with stream(admin, site):
        for number in range(5):
            site.journal.append(record(number=number))
        await asyncio.sleep(0.01)
        async with stream(admin, site, last=1) as frames:
            await frames.next()

            assert {"id": "5", "event": "reset", "data": {"seq": 5}} == await frames.next()


def test_a_slow_browser_gets_a_gap_and_its_queue_stays_bounded() -> None:
    browser = Queue(topics=frozenset({"events"}), joined_at=0)
    encoded: list[int] = []

    def encode(entry: Entry) -> bytes:
        encoded.append(entry.seq)
        return frame("x", entry.seq, seq=entry.seq)

    for seq in range(1, MAX_QUEUED + 11):
        browser.offer(Entry(seq=seq, record=record()))
    sent = browser.take(after=0, encode=encode).decode()

    assert sent.startswith('event: gap\ndata: {"dropped":10}\n\nid: 11\n')
    assert sent.count("id: ") == MAX_QUEUED == len(encoded)
    assert b"" == browser.take(after=0, encode=encode)


async def test_browsers_share_the_work_of_encoding(site: Site) -> None:
    rows: list[int] = []
    hub = LiveHub(site.journal, {}, lambda entry: rows.append(entry.seq))
    for seq in (1, 2, 1, 2):
        hub.encode(Entry(seq=seq, record=record()))

    assert [1, 2] == rows
    for seq in range(3, MAX_ENCODED + 10):
        hub.encode(Entry(seq=seq, record=record()))
    assert MAX_ENCODED == len(hub._encoded)


def test_only_the_newest_snapshot_waits() -> None:
    browser = Queue(topics=frozenset({"actors"}), joined_at=0)
    browser.show("actors", b"old")
    browser.show("actors", b"new")

    assert b"new" == browser.take(after=0, encode=lambda _: b"")


async def test_snapshots_are_taken_only_while_somebody_looks(files: StaticTree) -> None:
    site, asked = Site(files=files), []

    async def tree() -> object:
        asked.append(1)
        return {"path": "decnetd"}

    site.snapshots["actors"] = tree
    async with site.running():
        await site.add_user()
        async with site.client() as client:
            await client.sign_in()
            async with stream(client, site, "?topics=events") as frames:
                await frames.next()
                await asyncio.sleep(0.1)

                assert [] == asked
            async with stream(client, site, "?topics=actors") as frames:
                while (got := await frames.next()).get("event") != "actors":
                    pass

    assert {"path": "decnetd"} == got["data"]


async def test_a_revoked_session_ends_its_stream(files: StaticTree) -> None:
    site = Site(files=files)
    site.heartbeat = 0.02
    async with site.running():
        await site.add_user()
        async with site.client() as client:
            await client.sign_in()
            async with stream(client, site) as frames:
                await frames.next()
                await site.accounts.remove_sessions("ana")

                assert await frames.ended()


async def test_an_open_stream_is_no_sign_of_life(files: StaticTree) -> None:
    site = Site(files=files)
    site.heartbeat = 0.01
    async with site.running():
        await site.add_user()
        async with site.client() as client:
            await client.sign_in()
            async with stream(client, site) as frames:
                await frames.next()
                site.clock.advance(site.settings.session_idle + 1)

                assert await frames.ended()


async def test_streams_are_limited(files: StaticTree) -> None:
    site = Site(files=files, settings=WebSettings(stream_clients=1))
    async with site.running():
        await site.add_user()
        async with site.client() as client:
            await client.sign_in()
            async with stream(client, site) as frames:
                await frames.next()

                status, body, headers = await client.get("/api/v1/stream")
                assert (429, "DN4029", "15") == (status, body["code"], headers["retry-after"])


async def test_unknown_topics_and_strangers_are_refused(site: Site, admin: Browser, browser: Browser) -> None:
    assert 422 == (await admin.get("/api/v1/stream?topics=secrets"))[0]
    assert 401 == (await browser.get("/api/v1/stream"))[0]


def test_a_frame_is_one_data_line_whatever_a_peer_sent() -> None:
    data = frame("x", {"a": "one\ntwo\r\n\nid: 9"}, seq=1)

    assert 3 == data.rstrip(b"\n").count(b"\n") + 1

"""This module serves the one live stream of a browser: server-sent events that resume without a hole."""

import asyncio

from aiohttp import web

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.web.addresses import Access, Address, Answer, Parameter, Place
from decnet_actors.web.boundary import REQUEST_ID
from decnet_actors.web.identity import Identity
from decnet_actors.web.live import EVENTS, Browser, LiveHub, frame, is_shown
from decnet_actors.web.problems import INVALID, TooManyRequestsError

HEARTBEAT = 15.0  # seconds between comments on a silent stream
RETRY_MS = 2000  # how long a browser waits before it connects again
PACE = 0.2  # seconds between two writes; what comes meanwhile goes together
MAX_REPLAY = 10_000  # facts; a browser that missed more is told to start afresh
STREAM_PAUSE = 15.0  # seconds until it makes sense to ask for a stream again
STALLED = 60.0  # seconds a browser may take no byte


class Stream:
    """Answers ``GET /api/v1/stream?topics=events,actors``.

    Args:
        hub: where frames come from.
        identity: who asks; looked up again at each heartbeat, so that a revoked session ends.
        limit: streams open at the same time.
        heartbeat: seconds.

    """

    def __init__(self, hub: LiveHub, identity: Identity, *, limit: int, heartbeat: float = HEARTBEAT) -> None:
        self._hub = hub
        self._identity = identity
        self._limit = limit
        self._heartbeat = heartbeat

    def address(self) -> Address:
        """Return what is answered here."""
        return Address(
            method="GET",
            path="/api/v1/stream",
            handler=self.serve,
            name="stream",
            summary="Follow committed facts and snapshots as server-sent events; Last-Event-ID resumes without a hole.",
            access=Access.SIGNED_IN,
            parameters=(
                Parameter(name="topics", place=Place.QUERY, help="events, actors; comma-separated."),
                Parameter(name="after", place=Place.QUERY, help="As Last-Event-ID.", type="integer"),
                Parameter(name="Last-Event-ID", place=Place.HEADER, help="Last event that was seen.", type="integer"),
            ),
            answers={"200": Answer(help="The stream", content="text/event-stream")},
            refusals=("401", "422", "429", "500"),
        )

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one browser until it goes."""
        await self._identity.require(request)
        topics = self._topics(request)
        last = _last_event_id(request)
        if len(self._hub) >= self._limit:
            raise TooManyRequestsError(
                f"{self._limit} live streams are open already", STREAM_PAUSE, fix=("close other tabs",)
            )
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "X-Accel-Buffering": "no",  # reverse proxies must not collect frames
                "X-Request-Id": request[REQUEST_ID],
            }
        )
        async with self._hub.join(topics) as browser:
            await response.prepare(request)
            try:
                await self._write(response, f"retry: {RETRY_MS}\n\n".encode())
                sent = await self._replay(response, browser, last)
                await self._live(request, response, browser, sent)
            except TimeoutError as error:
                raise ConnectionResetError("the browser takes no bytes") from error
        return response

    def _topics(self, request: web.Request) -> frozenset[str]:
        asked = frozenset(filter(None, request.query.get("topics", EVENTS).split(",")))
        if unknown := asked - self._hub.topics:
            known = ", ".join(sorted(self._hub.topics))
            raise OperatorError(
                INVALID, "There is no such topic.", errors=(f"/topics: {len(unknown)} unknown; known are {known}",)
            )
        return asked

    async def _replay(self, response: web.StreamResponse, browser: Browser, last: int | None) -> int:
        """Send what was missed; return the seq up to which everything has been sent."""
        target = browser.joined_at
        if last is None or last >= target or EVENTS not in browser.topics:
            # Even with nothing to send the browser learns where it stands, so that it can resume from here.
            await self._write(response, frame("hello", {"seq": target}, seq=target))
            return target
        if target - last > MAX_REPLAY:
            await self._write(response, frame("reset", {"seq": target}, seq=target))
            return target
        after = last
        while after < target:
            entries = await self._hub.replay(after=after, until=target)
            if not entries:
                break
            after = entries[-1].seq
            await self._write(response, b"".join(self._hub.encode(entry) for entry in entries if is_shown(entry)))
        await self._write(response, frame("hello", {"seq": target}, seq=target))
        return target

    async def _live(self, request: web.Request, response: web.StreamResponse, browser: Browser, sent: int) -> None:
        while not browser.closed:
            try:
                async with asyncio.timeout(self._heartbeat):
                    await browser.ready.wait()
            except TimeoutError:
                caller, _ = await self._identity.find(request, touch=False)
                if caller is None:
                    return
                await self._write(response, b": still here\n\n")
                continue
            if data := browser.take(after=sent, encode=self._hub.encode):
                await self._write(response, data)
                await asyncio.sleep(PACE)

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(STALLED):
            await response.write(data)


def _last_event_id(request: web.Request) -> int | None:
    """Return the seq a browser has seen: its own header, or the query when a page opens a stream anew."""
    text = request.headers.get("Last-Event-ID") or request.query.get("after") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004  fits int64

"""This module has what the console's tests put in place of store, journal and clock."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
import aiohttp.web
from attrs import evolve
from yarl import URL

from decnet_actors.contracts.accounts import ApiToken, AuditRow, User, WebSession
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Role
from decnet_actors.domain.records import Entry, Record
from decnet_actors.web.accounts import Accounts
from decnet_actors.web.console import Parts, build
from decnet_actors.web.doorkeeper import Doorkeeper
from decnet_actors.web.headers import HardenedRunner
from decnet_actors.web.identity import Identity
from decnet_actors.web.live import LiveHub, Snapshot
from decnet_actors.web.passwords import Hasher
from decnet_actors.web.settings import WebSettings
from decnet_actors.web.static import StaticTree

T = TypeVar("T")

START = 1_790_000_000.0
PASSWORD = "seven otters rewire the lighthouse"
STATIC = Path(__file__).resolve().parents[3] / "web_static"


class FakeClock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


class MemoryAccounts:
    """An account store in memory, as the port says."""

    def __init__(self) -> None:
        self.by_name: dict[str, User] = {}
        self.sessions: dict[bytes, WebSession] = {}
        self.by_id: dict[str, ApiToken] = {}
        self.rows: list[AuditRow] = []

    async def users(self) -> Sequence[User]:
        return tuple(self.by_name.values())

    async def get_user(self, name: str) -> User | None:
        return self.by_name.get(name)

    async def add_user(self, user: User) -> None:
        if user.name in self.by_name:
            raise ValueError(user.name)
        self.by_name[user.name] = user

    async def change_user(self, user: User) -> bool:
        known = user.name in self.by_name
        if known:
            self.by_name[user.name] = user
        return known

    async def add_session(self, session: WebSession) -> None:
        self.sessions[session.digest] = session

    async def get_session(self, digest: bytes) -> WebSession | None:
        return self.sessions.get(digest)

    async def touch_session(self, digest: bytes, last_seen: float) -> None:
        if digest in self.sessions:
            self.sessions[digest] = evolve(self.sessions[digest], last_seen=last_seen)

    async def remove_sessions(self, user: str, *, digest: bytes | None = None) -> int:
        gone = [key for key, s in self.sessions.items() if s.user == user and digest in {None, key}]
        for key in gone:
            del self.sessions[key]
        return len(gone)

    async def tokens(self) -> Sequence[ApiToken]:
        return tuple(self.by_id.values())

    async def get_token(self, digest: bytes) -> ApiToken | None:
        return next((token for token in self.by_id.values() if token.digest == digest), None)

    async def add_token(self, token: ApiToken) -> None:
        if any(other.name == token.name for other in self.by_id.values()):
            raise ValueError(token.name)
        self.by_id[token.id] = token

    async def remove_token(self, token_id: str) -> bool:
        return self.by_id.pop(token_id, None) is not None

    async def touch_token(self, token_id: str, last_used: float) -> None:
        self.by_id[token_id] = evolve(self.by_id[token_id], last_used=last_used)

    async def add_audit(self, row: AuditRow) -> None:
        self.rows.append(row)

    async def audit(self, *, before: int | None = None, limit: int = 100) -> Sequence[tuple[int, AuditRow]]:
        numbered = [(number, row) for number, row in enumerate(self.rows, 1) if before is None or number < before]
        return numbered[::-1][:limit]


class MemoryJournal:
    """A journal in memory; ``append`` commits at once."""

    def __init__(self) -> None:
        self.followers = 0
        self.entries: list[Entry] = []
        self._more = asyncio.Event()

    def append(self, record: Record) -> Entry:
        entry = Entry(seq=len(self.entries) + 1, record=record)
        self.entries.append(entry)
        self._more.set()
        return entry

    async def head(self) -> int:
        return len(self.entries)

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[Entry]:
        return self.entries[after : after + limit]

    async def follow(self, *, after: int | None = None) -> AsyncGenerator[Entry, None]:
        position = len(self.entries) if after is None else after
        self.followers += 1
        try:
            while True:
                while position < len(self.entries):
                    position += 1
                    yield self.entries[position - 1]
                self._more.clear()
                await self._more.wait()
        finally:
            self.followers -= 1


async def at_once(work: Callable[[], T]) -> T:
    """Run "off the loop"."""
    return work()


class Site:
    """A running console and what stands behind it."""

    def __init__(self, *, settings: WebSettings | None = None, files: StaticTree | None = None) -> None:
        self.clock = FakeClock()
        self.accounts = MemoryAccounts()
        self.journal = MemoryJournal()
        self.settings = settings or WebSettings()
        self.table = OperationTable(self.accounts.add_audit, self.clock.now)
        self.door = Doorkeeper(
            accounts=self.accounts,
            settings=self.settings,
            clock=self.clock,
            offload=at_once,
            hasher=Hasher(time_cost=1, memory_kib=8, parallelism=1),
        )
        Accounts(self.door, self.clock.now, lambda: self.url).bind(self.table)
        self.files = files
        self.snapshots: dict[str, Snapshot] = {}
        self.defects: list[tuple[str, BaseException]] = []
        self.not_ready: list[str] = []
        self.heartbeat = 15.0
        self.url = ""
        self.app = aiohttp.web.Application()  # until it is running
        self.port = 0
        self._ids = 0

    async def add_user(self, name: str = "ana", role: Role = Role.ADMIN, password: str = PASSWORD) -> None:
        await self.accounts.add_user(
            User(name=name, role=role, created=START, password_hash=await self.door.hash(password))
        )

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["Site"]:
        hub = self.hub = LiveHub(self.journal, self.snapshots)
        app = self.app = build(
            Parts(
                identity=Identity(self.door, secure=False),
                table=self.table,
                hub=hub,
                files=self.files or StaticTree(STATIC),
                ready=self._ready,
                new_id=self._new_id,
                report=lambda rid, method, path, error: self.defects.append((rid, error)),
                hosts=("console.example",),
                stream_clients=self.settings.stream_clients,
                version="0.1.0",
                heartbeat=self.heartbeat,
            )
        )
        runner = HardenedRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = int(runner.addresses[0][1])
        self.url = f"http://127.0.0.1:{self.port}"
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(hub.follow()), tasks.create_task(hub.watch(0.05))]
            try:
                yield self
            finally:
                hub.close()
                await runner.cleanup()
                for task in running:
                    task.cancel()

    def client(self) -> "Browser":
        return Browser(self.url)

    async def _ready(self) -> Sequence[str]:
        return self.not_ready

    def _new_id(self) -> str:
        self._ids += 1
        return f"request-{self._ids}"


class Browser:
    """A client that behaves as one of our own pages: cookies, Fetch Metadata, JSON."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, parsed body and headers (lower case)."""
        own = {"Sec-Fetch-Site": "same-origin"} if headers is None else headers
        async with self.http.request(
            method, URL(self._url + path, encoded=True), json=body, headers=own, allow_redirects=False
        ) as answer:
            kind = answer.headers.get("Content-Type", "")
            content = (
                await answer.json(content_type=None) if "json" in kind and "nd" not in kind else await answer.text()
            )
            return answer.status, content, {key.lower(): value for key, value in answer.headers.items()}

    async def get(self, path: str) -> tuple[int, Any, dict[str, str]]:
        return await self.send("GET", path)

    async def post(self, path: str, body: Any = None) -> tuple[int, Any, dict[str, str]]:
        return await self.send("POST", path, {} if body is None else body)

    async def sign_in(self, user: str = "ana", password: str = PASSWORD) -> tuple[int, Any, dict[str, str]]:
        return await self.post("/api/v1/auth/login", {"user": user, "password": password})

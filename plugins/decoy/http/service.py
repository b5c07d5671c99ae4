"""This module serves the web site on aiohttp's server, with every byte of the answer written by us.

aiohttp parses requests and manages the connection; its own error pages, ``Server`` header and header order never reach
the wire, because responses are ``WholeResponse`` objects that write what ``servers.py`` shaped.
"""

import asyncio
import hashlib
import logging
import re
import secrets
from typing import Any, cast

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import BadHttpMethod, HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler

from decnet_actors.contracts.decoy import DecoyDeps, SessionLog
from decnet_actors.domain.facts import (
    CredentialSeen,
    Direction,
    FileCaptured,
    HttpRequestSeen,
    LimitReached,
    Outcome,
    ProtocolViolated,
    SessionCrashed,
)
from decnet_actors.domain.persona import Persona
from plugins.decoy.http import HttpConfig
from plugins.decoy.http.credentials import Found, from_body, from_header
from plugins.decoy.http.servers import Apache, Asked, Nginx, Reply, Server, upstream
from plugins.decoy.http.site import Site, make_site
from plugins.decoy.http.targets import fault_of, host_of

KEPT_INLINE = 64 * 1024  # bytes of a body kept in the fact itself; a longer one is kept whole as an artifact
MAX_LINE = 8190  # bytes of request line or one header: nginx's 8 KiB buffers, Apache's LimitRequestLine
BODY_TIMEOUT = 60.0  # seconds for a body: nginx's client_body_timeout
SAMPLE = 256  # bytes of a broken request kept

_silent = logging.getLogger("plugins.decoy.http.silent")  # peers must not make us log: style guide, Logging
_silent.disabled = True


def pick_server(config: HttpConfig, persona: Persona) -> Server:
    """Return the web server the persona has installed, with the version and token its distribution shows."""
    vendor = {"debian": "Debian", "ubuntu": "Ubuntu"}.get(persona.distribution, "")
    name = persona.web_server if config.server == "auto" else config.server
    if name == "apache":
        version = upstream(persona.packages.get("apache2", "2.4.57-2"))
        return Apache(version, f" ({vendor})" if vendor else "", persona.hostname)
    version = upstream(persona.packages.get("nginx", "1.22.1-9"))
    return Nginx(version, " (Ubuntu)" if vendor == "Ubuntu" else "")


class WholeResponse(web.StreamResponse):
    """A response whose head and body are already bytes."""

    def __init__(self, raw: bytes, status: int, *, keep: bool) -> None:
        super().__init__(status=status)
        self._raw = raw
        self._keep_alive = keep

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing to prepare: the head is part of the bytes."""
        self._req = request
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write everything at once and wait until the transport's buffer has room again."""
        del data
        request, self._req, self._eof_sent = self._req, None, True
        transport = None if request is None else request.transport
        if request is None or transport is None or transport.is_closing():
            return
        cast("Connection", request.protocol).answered += 1
        transport.write(self._raw)
        await request.protocol._drain_helper()  # noqa: SLF001  aiohttp's own writer waits the same way


class Connection(RequestHandler):
    """One connection: aiohttp's protocol, and the log of its session."""

    __slots__ = ("answered", "chunk", "ended", "log")

    def __init__(self, manager: web.Server, log: SessionLog, *, keep_alive: float) -> None:
        super().__init__(
            manager,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=keep_alive,
            access_log=cast(
                "logging.Logger", None
            ),  # aiohttp takes None for "no access log"; its annotation forgets it
            logger=_silent,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            lingering_time=5.0,
            tcp_keepalive=False,
            auto_decompress=False,  # compressed evidence stays as it came, and cannot expand
        )
        self.log = log
        self.answered = 0  # responses written; compared with the requests aiohttp has parsed
        self.chunk = b""  # what came last: the evidence when it does not parse
        self.ended = False  # the peer has half-closed: answer what it asked, then close

    def data_received(self, data: bytes) -> None:
        """Remember the bytes while aiohttp parses them."""
        self.chunk = data
        super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's contract; aiohttp's annotation is narrower
        """Keep the way back open for a peer that sends its requests and shuts its side, as real servers do."""
        super().eof_received()
        self.ended = True
        current = self._current_request
        if current is not None and not current.content.is_eof():
            current.content.set_exception(web.RequestPayloadError("the peer ended its body early"))
        return self._request_count > self.answered

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that does not parse the way the persona's server does."""
        del message
        service: HttpService = self._manager.service  # type: ignore[union-attr]  # set on our Server subclass
        return service.broken(request, self.log, status, exc)


class Manager(web.Server):
    """aiohttp's connection manager; knows the service its connections belong to."""

    def __init__(self, service: "HttpService") -> None:
        super().__init__(service.handle)
        self.service = service


class HttpService:
    """The web server of one decky."""

    def __init__(self, config: HttpConfig, deps: DecoyDeps) -> None:
        self._config = config
        self._deps = deps
        self._server: Server = pick_server(config, deps.persona)
        self._site: Site = make_site(config, deps.persona, deps.rng)
        self._manager: Manager | None = None
        self._cookies: dict[str, str] = {}  # session cookies handed out, newest last; bounded

    async def open(self) -> None:
        """Make the connection manager; it needs the running loop."""
        self._manager = Manager(self)

    def connect(self, log: SessionLog) -> asyncio.Protocol:
        """Return the protocol of one connection."""
        if self._manager is None:
            raise RuntimeError("not open")
        return Connection(self._manager, log, keep_alive=self._server.keep_alive)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._manager is not None:
            await self._manager.shutdown(1.0)
            self._manager = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request: read it whole, decide, record, wait until recorded, answer."""
        connection = cast("Connection", request.protocol)
        log = connection.log
        asked = _asked(request, connection)
        refusal = self._server.refusal(asked)
        if refusal is None and request.rel_url.path == self._config.login_path:
            _go_on(request)
        body, complete = await self._read(request)
        if not complete:
            log.note(LimitReached(limit="http body", value=self._config.max_body))
            refusal = self._server.error(413, asked)
        found = None
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            found = from_header(authorization.encode("utf-8", "surrogateescape"), asked.method)
        posted = None
        if body:
            posted = from_body(
                body, request.headers.get("Content-Type", ""), self._config.user_field, self._config.password_field
            )
        accepted = self._decide(found, log), self._decide(posted, log)
        reply = refusal or self._page(request, asked, posted=posted is not None, accepted=accepted)
        await self._record(request, log, body, complete=complete, status=reply.status)
        await log.settled()
        return self._whole(reply, asked, connection, log.now())

    def broken(
        self, request: web.BaseRequest, log: SessionLog, status: int, exc: BaseException | None
    ) -> web.StreamResponse:
        """Answer what aiohttp could not parse, and record that it came."""
        connection = cast("Connection", request.protocol)
        name = type(exc).__name__ if exc is not None else f"status {status}"
        sample = connection.chunk[:SAMPLE]
        crashed = exc is not None and not isinstance(exc, HttpProcessingError)
        log.note(SessionCrashed(error=name) if crashed else ProtocolViolated(detail=name, sample=sample))
        asked = _asked_of(sample, connection)
        reply = None
        if asked is not None and isinstance(exc, BadHttpMethod):
            reply = self._server.refusal(asked)  # a method aiohttp does not know is not broken to a real server
        if asked is None or reply is None:
            known = status if status in {413, 414, 501, 505} else 400
            if crashed:
                known = 500
            elif known == 400:  # noqa: PLR2004  the parser's word for everything
                known = fault_of(connection.chunk[: 2 * MAX_LINE], too_long=isinstance(exc, LineTooLong))
            asked = Asked(method="GET", target="", port=log.peer.local_port, connection="close")
            reply = self._server.error(known, asked)
        return self._whole(reply, asked, connection, log.now())

    async def _read(self, request: web.BaseRequest) -> tuple[bytes, bool]:
        """Return the body, and whether that is all of it."""
        if not request.body_exists:
            return b"", True
        limit = self._config.max_body
        if request.content.is_eof():  # all of it is here, as is usual for a form
            whole = request.content.read_nowait()
            return whole[:limit], len(whole) <= limit
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                async for chunk in request.content.iter_any():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > limit:
                        return b"".join(chunks)[:limit], False
        except (TimeoutError, web.RequestPayloadError):
            pass  # a slow or broken sender: what came is evidence all the same
        return b"".join(chunks), True

    def _decide(self, found: Found | None, log: SessionLog) -> bool:
        if found is None:
            return False
        plain = found.kind == "plaintext" and found.user is not None
        accepted = plain and self._deps.policy.accepts(found.user or "", found.secret, service=self._deps.service)
        log.note(
            CredentialSeen(
                user=found.user,
                secret=found.secret,
                kind=found.kind,
                mechanism=found.mechanism,
                outcome=Outcome.ACCEPTED if accepted else Outcome.REFUSED,
                challenge=found.challenge,
                hashcat=found.hashcat,
            )
        )
        return accepted

    async def _record(
        self, request: web.BaseRequest, log: SessionLog, body: bytes, *, complete: bool, status: int
    ) -> None:
        digest = hashlib.sha256(body).hexdigest() if body else ""
        message = request._message  # noqa: SLF001  the raw target and headers, as they were sent
        log.note(
            HttpRequestSeen(
                method=request.method,
                target=message.path,
                version=f"{request.version.major}.{request.version.minor}",
                headers=tuple((bytes(name), bytes(value)) for name, value in message.raw_headers),
                body=body[:KEPT_INLINE],
                body_size=len(body),
                body_sha256=digest,
                status=status,
            )
        )
        if len(body) > KEPT_INLINE or (body and request.method == "PUT"):
            kept = await self._deps.artifacts.keep(body)
            log.note(
                FileCaptured(
                    path=message.path,
                    sha256=kept,
                    size=len(body),
                    direction=Direction.IN,
                    mechanism="http",
                    truncated=not complete,
                )
            )

    def _page(self, request: web.BaseRequest, asked: Asked, *, posted: bool, accepted: tuple[bool, bool]) -> Reply:
        config, site = self._config, self._site
        path = request.rel_url.path
        header_accepted, form_accepted = accepted
        if path == config.login_path:
            if asked.method == "POST" and form_accepted:
                return self._redirect("/", asked, self._new_cookie())
            page = site.failed_page if posted else site.login_page
            return Reply(status=200, body=page)
        if config.protected_path != "/" and path.startswith(config.protected_path):
            if header_accepted:
                return Reply(status=200, body=site.welcome_page)
            denied = self._server.error(401, asked)
            challenge = ("WWW-Authenticate", self._challenge())
            return Reply(
                status=401, body=denied.body, content_type=denied.content_type, extra=(*denied.extra, challenge)
            )
        if path in {"/", "/index.html", "/index.php"}:
            if self._known_cookie(request):
                return Reply(status=200, body=site.welcome_page)
            return self._redirect(config.login_path, asked)
        if path == "/robots.txt":
            if asked.method == "POST" and isinstance(self._server, Nginx):
                return self._server.error(405, asked)  # nginx does not take a POST to a file; Apache does not mind
            return Reply(
                status=200,
                body=f"User-agent: *\nDisallow: {config.protected_path}\n".encode(),
                content_type="text/plain",
                modified=site.made_at,
            )
        return self._server.error(404, asked)

    def _redirect(self, location: str, asked: Asked, cookie: str = "") -> Reply:
        page = self._server.moved(location, asked)
        extra = list(page.extra)
        if cookie:
            extra.append(("Set-Cookie", f"{self._site.cookie}={cookie}; path=/; HttpOnly"))
        return Reply(status=302, body=page.body, content_type=page.content_type, extra=tuple(extra))

    def _challenge(self) -> str:
        match self._config.protection:
            case "basic":
                return f'Basic realm="{self._site.realm}"'
            case "digest":
                nonce = secrets.token_hex(16)
                return f'Digest realm="{self._site.realm}", nonce="{nonce}", algorithm=MD5, qop="auth"'
            case "bearer":
                return f'Bearer realm="{self._site.realm}"'

    def _new_cookie(self) -> str:
        value = secrets.token_hex(16)
        self._cookies[value] = value
        while len(self._cookies) > MAX_COOKIES:
            del self._cookies[next(iter(self._cookies))]
        return value

    def _known_cookie(self, request: web.BaseRequest) -> bool:
        value = request.cookies.get(self._site.cookie)
        return value is not None and value in self._cookies

    def _whole(self, reply: Reply, asked: Asked, connection: Connection, now: float) -> WholeResponse:
        head = self._server.head(reply, asked, now)
        raw = head if asked.method == "HEAD" else head + reply.body
        return WholeResponse(raw, reply.status, keep=not (connection.ended or self._server.closes(reply, asked)))


MAX_COOKIES = 256


def _go_on(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send its body; without, curl waits a second."""
    waits = request.headers.get("Expect", "").lower() == "100-continue"
    if waits and request.version >= HttpVersion11 and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _asked(request: web.BaseRequest, connection: Connection) -> Asked:
    headers: Any = request.headers  # CIMultiDictProxy: get() is untyped in its stubs
    target = request._message.path  # noqa: SLF001  as it was sent
    host = host_of(target)
    peer = connection.log.peer
    return Asked(
        method=request.method,
        target=target,
        version=(request.version.major, request.version.minor),
        host=headers.get("Host", "") if host is None else host,
        address=peer.local_address,
        port=peer.local_port,
        connection=headers.get("Connection", "").lower(),
        count=connection._request_count,  # noqa: SLF001  aiohttp counts, nobody else can
    )


_LINE = re.compile(rb"([A-Z][A-Z_-]{0,31}) (\S{1,200}) HTTP/1\.([01])\r\n")
_HOST = re.compile(rb"\r\nHost:[ \t]*([!-~]{1,200})\r\n", re.IGNORECASE)


def _asked_of(sample: bytes, connection: Connection) -> Asked | None:
    """Return what a well-formed request with an unknown method asks, from the head of its bytes."""
    line = _LINE.match(sample)
    if line is None:
        return None
    host = _HOST.search(sample)
    return Asked(
        method=line[1].decode("latin-1"),
        target=line[2].decode("latin-1"),
        version=(1, int(line[3])),
        host=host[1].decode("latin-1") if host else "",
        port=connection.log.peer.local_port,
        connection="close",
    )

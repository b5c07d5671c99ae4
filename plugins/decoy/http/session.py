"""This module serves one HTTP connection: requests in, what was sent recorded, the server's answers out.

Theory of the state: a request whose body is still coming is ``_request``; the body so far is ``_body``. ``_over`` is a
connection whose last answer is given and that takes what is still on its way, or the peer might lose that answer
(nginx calls it lingering). ``_deadline`` is when patience ends, ``_alarm`` the ``WakeAt`` that is out, never later.
"""

import hashlib
from collections.abc import Sequence
from math import inf

from attrs import evolve

from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send, SessionLog, WakeAt
from decnet_actors.domain.facts import (
    CredentialSeen,
    Direction,
    FileCaptured,
    HttpRequestSeen,
    LimitReached,
    Outcome,
    ProtocolViolated,
)
from decnet_actors.wire.http import RequestParser, Stage
from decnet_actors.wire.http_dialect import HTTP_0_9, HTTP_1_1, Fault
from decnet_actors.wire.http_events import HttpError, Request
from plugins.decoy.http.credentials import Found, from_body, from_header
from plugins.decoy.http.pages import Pages
from plugins.decoy.http.servers import LINGERING, Asked, Patience, Reply

KEPT_INLINE = 64 * 1024  # bytes of a body kept in the fact itself; a longer one is kept whole as an artifact
GATHERING = 0.02  # seconds to wait for more of what is no request, so that its sample is worth keeping

_CONTINUE = Send(b"HTTP/1.1 100 Continue\r\n\r\n")
_STALLED = Patience(LINGERING, renewed=True)  # for a body that the real server would not wait for
_UNPARSED = Asked("GET", "", connection="close")


class HttpSession:
    """One connection. See ``contracts.decoy.CapturingSession``."""

    __slots__ = (
        "_alarm",
        "_artifacts",
        "_asked",
        "_body",
        "_count",
        "_deadline",
        "_local",
        "_log",
        "_over",
        "_pages",
        "_parser",
        "_request",
        "_started",
    )

    def __init__(self, pages: Pages, log: SessionLog) -> None:
        self._pages = pages
        self._log = log
        self._parser: RequestParser | None = None  # made when the peer says something
        self._request: Request | None = None
        self._asked = _UNPARSED
        self._body: bytearray | None = None
        self._artifacts: list[bytes] | None = None
        self._local: tuple[str, int] | None = None  # address and port the peer connected to
        self._count = 0
        self._started = 0.0  # of the request, or of its body
        self._deadline = self._alarm = inf
        self._over = False

    def opened(self, now: float) -> Sequence[Effect]:
        """A web server waits for the client to speak, but not for ever."""
        self._deadline = self._alarm = now + self._pages.server.silent
        return (WakeAt(self._alarm),)

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        """Answer every complete request in what came."""
        effects: list[Effect] = []
        if self._over:
            self._wait_until(now + LINGERING, effects)
            return effects
        parser = self._parser
        if parser is None:
            parser = self._parser = RequestParser(self._pages.server.dialect)
        try:
            for event in parser.receive(data):
                if isinstance(event, Request):
                    self._begin(event, now, effects)
                else:
                    self._take(event.data, now, effects, last=event.last)
                if self._leaves(now, effects):
                    return effects
        except HttpError as error:
            self._refuse(error, now, effects)
            self._leaves(now, effects)
            return effects
        self._wait(parser, now, effects)
        return effects

    def ended(self, now: float) -> Sequence[Effect]:
        """The peer finished sending: what is not whole by now never will be."""
        return self._give_up(now, 400)

    def tick(self, now: float) -> Sequence[Effect]:
        """Patience may be at its end."""
        self._alarm = inf
        if now < self._deadline:
            self._alarm = self._deadline
            return (WakeAt(self._deadline),)
        return self._give_up(now, 408)

    def closed(self, now: float) -> Sequence[Effect]:
        """The connection is gone: what came of a request is evidence all the same."""
        if self._over:
            return ()
        return [effect for effect in self._give_up(now, 400) if isinstance(effect, Note)]

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) the long bodies."""
        taken, self._artifacts = self._artifacts, None
        return taken or ()

    # time

    def _wait(self, parser: RequestParser, now: float, effects: list[Effect]) -> None:
        """Set the time by which more must come."""
        server, stage = self._pages.server, parser.stage
        if stage is Stage.IDLE:
            self._started = 0.0
            deadline = now + server.keep_alive
        elif self._request is not None:
            size = len(self._body) if self._body is not None else 0
            patience = server.body_patience if self._reads(self._request) else _STALLED
            deadline = patience.until(self._started, now, size)
        elif parser.refused() is not None:
            deadline = now + GATHERING
        else:
            self._started = self._started or now
            deadline = server.head_patience.until(self._started, now, parser.buffered)
        self._wait_until(deadline, effects)

    def _wait_until(self, deadline: float, effects: list[Effect]) -> None:
        self._deadline = deadline
        if deadline < self._alarm:
            self._alarm = deadline
            effects.append(WakeAt(deadline))

    def _give_up(self, now: float, status: int) -> list[Effect]:
        """End a connection from which nothing more is expected: 408, it was too slow; 400, it said its last."""
        effects: list[Effect] = []
        parser, server = self._parser, self._pages.server
        slow = status == 408  # noqa: PLR2004  HTTP's own number
        if self._over or parser is None:
            pass
        elif self._request is not None:
            if slow:
                effects.append(Note(LimitReached(limit="http body time", value=int(now - self._started))))
            self._cut_short(self._request, status, now, effects)
        elif (refused := parser.refused()) is not None:
            self._refuse(refused, now, effects)
        elif parser.stage is not Stage.IDLE:
            if slow:
                effects.append(Note(LimitReached(limit="http head time", value=int(now - self._started))))
            if unfinished := parser.unfinished:
                effects.append(Note(ProtocolViolated(detail="unfinished request", sample=unfinished)))
            reply = server.late(status, fields=parser.stage is Stage.FIELDS)
            if reply is not None:
                effects.append(Send(self._pages.written(reply, _UNPARSED, now)))
        self._over = True
        effects.append(HangUp())
        return effects

    def _leaves(self, now: float, effects: list[Effect]) -> bool:
        """Close the connection if it is over, or wait for the rest of a body that nobody will read."""
        if self._over:
            if self._request is not None:
                self._wait_until(now + LINGERING, effects)
            else:
                effects.append(HangUp())
        return self._over

    # requests

    def _begin(self, request: Request, now: float, effects: list[Effect]) -> None:
        """Take the head of a request."""
        fields = request.fields
        self._count += 1
        if self._local is None:
            peer = self._log.peer
            self._local = peer.local_address, peer.local_port
        named, connection, expect = fields.get(b"host"), fields.get(b"connection"), fields.get(b"expect")
        self._asked = Asked(
            request.method.decode("latin-1"),
            request.target.decode("utf-8", "backslashreplace"),
            request.version,
            None if named is None else named.decode("latin-1"),
            "" if connection is None else connection.decode("latin-1").lower(),
            "" if expect is None else expect.decode("latin-1"),
            request.length != 0,
            b"transfer-encoding" in fields and b"content-length" in fields,
            self._count,
            *self._local,
        )
        self._request = request
        if request.fault is not None:
            self._refuse(HttpError(request.fault, b"%b %b" % (request.method, request.target)), now, effects)
        elif request.length == 0 or request.version == HTTP_0_9:
            self._answer(request, b"", now, effects)
        else:
            self._started = now
            waits = expect is not None and expect.lower() == b"100-continue" and request.version >= HTTP_1_1
            if waits and self._reads(request):
                effects.append(_CONTINUE)

    def _take(self, data: bytes, now: float, effects: list[Effect], *, last: bool) -> None:
        """Take a part of a body; what comes after the answer is given is nobody's business."""
        request, body, limit = self._request, self._body, self._pages.config.max_body
        if request is None:
            return
        if body is None:
            if last and len(data) <= limit:
                self._answer(request, data, now, effects)
                return
            body = self._body = bytearray()
        body += data[: limit + 1 - len(body)]
        if len(body) > limit:
            self._too_large(request, bytes(body[:limit]), now, effects)
            self._request = None if last else request
        elif last:
            self._answer(request, bytes(body), now, effects)

    def _reads(self, request: Request) -> bool:
        """Return whether the real server would read the body before it answers."""
        return request.length <= self._pages.config.max_body and self._pages.reads_body(self._asked)

    def _answer(self, request: Request, body: bytes, now: float, effects: list[Effect]) -> None:
        """Judge, record and answer a request that is whole."""
        reply = self._judged(request, body, effects)
        self._record(request, body, reply.status, effects)
        self._say(reply, now, effects)

    def _too_large(self, request: Request, body: bytes, now: float, effects: list[Effect]) -> None:
        effects.append(Note(LimitReached(limit="http body", value=self._pages.config.max_body)))
        self._judged(request, body, effects)
        self._record(request, body, 413, effects, truncated=True)
        self._say(self._pages.server.error(413, self._asked), now, effects)

    def _cut_short(self, request: Request, status: int, now: float, effects: list[Effect]) -> None:
        """Answer a request whose body does not end."""
        body = bytes(self._body or b"")
        if request.length > self._pages.config.max_body:
            self._too_large(request, body, now, effects)
            return
        reply: Reply | None = self._judged(request, body, effects)
        if self._reads(request):
            reply = self._pages.server.cut_short(status, self._asked)
        self._record(request, body, status if reply is None else reply.status, effects, truncated=True)
        if reply is not None:
            self._say(reply, now, effects)

    def _spoilt(self, request: Request, fault: Fault, now: float, effects: list[Effect]) -> None:
        """Answer a request whose head is readable, but where its body ends is not."""
        server = self._pages.server
        body = bytes(self._body or b"")
        reply = self._judged(request, body, effects)
        if request.fault is not None:
            reply = server.fault(fault, self._asked._replace(named=None, target=""))
        elif self._reads(request):
            reply = server.fault(fault, self._asked)
        self._record(request, body, reply.status, effects, truncated=True)
        self._say(evolve(reply, close=True), now, effects)

    def _refuse(self, error: HttpError, now: float, effects: list[Effect]) -> None:
        """Record and answer what is not HTTP; it is the last that is read."""
        effects.append(Note(ProtocolViolated(detail=error.detail, sample=error.sample)))
        if self._request is not None:
            self._spoilt(self._request, error.fault, now, effects)
        else:
            reply = self._pages.server.fault(error.fault, _UNPARSED)
            effects.append(Send(self._pages.written(reply, _UNPARSED, now)))
        self._over = True

    def _judged(self, request: Request, body: bytes, effects: list[Effect]) -> Reply:
        """Record the credentials of a request and return the page that answers it."""
        pages, fields = self._pages, request.fields
        found = posted = None
        authorization = fields.get(b"authorization")
        if authorization is not None:
            found = from_header(authorization, self._asked.method)
        if body:
            posted = from_body(body, fields.get(b"content-type", b""), pages.user_fields, pages.secret_fields)
        return pages.reply(
            self._asked,
            fields.get(b"cookie", b""),
            posted=posted is not None,
            header_accepted=found is not None and self._decide(found, effects),
            form_accepted=posted is not None and self._decide(posted, effects),
        )

    def _decide(self, found: Found, effects: list[Effect]) -> bool:
        deps = self._pages.deps
        plain = found.kind == "plaintext" and found.user is not None
        accepted = plain and deps.policy.accepts(found.user or "", found.secret, service=deps.service)
        seen = CredentialSeen(
            user=found.user,
            secret=found.secret,
            kind=found.kind,
            mechanism=found.mechanism,
            outcome=Outcome.ACCEPTED if accepted else Outcome.REFUSED,
            challenge=found.challenge,
            hashcat=found.hashcat,
        )
        effects.append(Note(seen))
        return accepted

    def _record(
        self, request: Request, body: bytes, status: int, effects: list[Effect], *, truncated: bool = False
    ) -> None:
        asked = self._asked
        digest = hashlib.sha256(body).hexdigest() if body else ""
        major, minor = request.version
        seen = HttpRequestSeen(
            method=asked.method,
            target=asked.target,
            version="1.1" if request.version == HTTP_1_1 else f"{major}.{minor}",
            headers=request.headers,
            body=body[:KEPT_INLINE],
            body_size=len(body),
            body_sha256=digest,
            status=status,
        )
        effects.append(Note(seen))
        if len(body) > KEPT_INLINE or (body and request.method == b"PUT"):
            captured = FileCaptured(
                path=asked.target,
                sha256=digest,
                size=len(body),
                direction=Direction.IN,
                mechanism="http",
                truncated=truncated,
            )
            effects.append(Note(captured))
            if self._artifacts is None:
                self._artifacts = []
            self._artifacts.append(body)

    def _say(self, reply: Reply, now: float, effects: list[Effect]) -> None:
        """Answer the request."""
        asked, server = self._asked, self._pages.server
        effects.append(Send(self._pages.written(reply, asked, now)))
        self._request = self._body = None
        self._asked = _UNPARSED
        self._started = 0.0
        self._over = server.closes(reply, asked)

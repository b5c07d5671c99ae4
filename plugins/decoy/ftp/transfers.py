"""This module moves files and listings over the data connection, one at a time (RFC 959, 3.2 and 3.3).

The host listens and sends; here is what is awaited. A transfer that the peer asked for waits until it has connected.
"""

import errno
import hashlib
from collections.abc import Callable
from enum import StrEnum
from math import inf

from attrs import define, field, frozen

from decnet_actors.contracts.decoy import EndData, ListenData, SecureData, SendData
from decnet_actors.domain.facts import Direction, FileCaptured, LimitReached
from decnet_actors.wire import ftp
from plugins.decoy.ftp.client import Client

MAX_UPLOAD = 16 * 1024 * 1024  # bytes of one file
PIECE = 64 * 1024  # bytes sent at once
FLUSH = 1024 * 1024  # bytes of an upload kept out of the file tree
PATIENCE = 60.0  # seconds the peer has to connect; vsftpd's accept_timeout, others' are like it
_PORTS = (1024, 65_535)


class Way(StrEnum):
    """How far the data connection is."""

    NONE = "none"
    ASKED = "asked"  # the host is to listen
    WAITING = "waiting"
    OPEN = "open"
    ACTIVE = "active"  # we were told to connect, which never succeeds


@frozen(kw_only=True)
class Listing:
    """Text to send."""

    data: bytes
    first: str  # keys of the replies before and after it
    last: str
    fields: dict[str, object]


@frozen(kw_only=True)
class Download:
    """A file to send."""

    argument: str
    path: str
    size: int
    offset: int


@define(kw_only=True)
class Upload:
    """A file to take."""

    argument: str
    path: str
    first: str  # key of the reply before it
    tail: bytes = b""  # of a file that is overwritten from the middle: what may remain of it
    taken: int = 0
    pending: bytearray = field(factory=bytearray)
    failed: OSError | None = None


class Transfers:
    """The data side of one session."""

    def __init__(self, client: Client) -> None:
        self.deadline = inf  # for the peer to connect
        self._client = client
        self._way = Way.NONE
        self._job: Listing | Download | Upload | None = None
        self._reply: Callable[[int], str] | None = None  # to PASV or EPSV, once the port is known
        self._position = 0  # of what is sent
        self._started = 0.0
        self._target = 0  # port of an active connection
        self._artifacts: list[bytes] = []

    @property
    def busy(self) -> bool:
        """Whether commands must wait."""
        return self._way is Way.ASKED or self._job is not None

    @property
    def ready(self) -> bool:
        """Whether there is, or may be, a connection for a transfer."""
        return self._way is not Way.NONE

    def take_artifacts(self) -> list[bytes]:
        """Return (once) the files captured."""
        taken, self._artifacts = self._artifacts, []
        return taken

    # what the peer agrees on

    def listen(self, reply: Callable[[int], str]) -> None:
        """Have the host listen, then reply with what ``reply`` makes of the port."""
        client = self._client
        self._way = Way.ASKED
        self._reply = reply
        port = client.host.rng.randrange(*_PORTS) if client.dialect.any_port else 0
        client.effects.append(ListenData(port))

    def point(self, port: int) -> None:
        """Take note that we should connect to the peer: a decky connects to nobody."""
        self.drop()
        self._way = Way.ACTIVE
        self._target = port

    def drop(self) -> None:
        """Give up what was agreed."""
        if self._way in {Way.WAITING, Way.OPEN}:
            self._client.effects.append(EndData())
        self._way = Way.NONE

    def start(self, job: Listing | Download | Upload, now: float) -> None:
        """Begin a transfer, at once or when the peer has connected."""
        if self._way is Way.ACTIVE:
            self._way = Way.NONE
            self._client.say("data.active", port=self._target)
            return
        self._job = job
        self._position = job.offset if isinstance(job, Download) else 0
        if self._way is Way.OPEN:
            self._begin(now)
        else:
            self.deadline = now + PATIENCE

    # what the host tells

    def listening(self, port: int) -> None:
        """The host waits on a port, or cannot (0)."""
        reply, self._reply = self._reply, None
        if reply is None:
            return
        if port:
            self._way = Way.WAITING
            self._client.say("data.passive", text=reply(port))
        else:
            self._way = Way.NONE
            self._client.say("data.unavailable")

    def opened(self, now: float) -> None:
        """The peer has connected."""
        self._way = Way.OPEN
        if self._job is not None:
            self._begin(now)

    def received(self, data: bytes, now: float) -> None:
        """Take a part of an upload; what nobody asked for is dropped."""
        job = self._job
        if not isinstance(job, Upload) or job.failed is not None:
            return
        job.taken += len(data)
        self._client.received_bytes += len(data)
        if job.taken > MAX_UPLOAD:
            job.failed = OSError(errno.ENOSPC, "more than is kept")
            self._client.note(LimitReached(limit="upload_bytes", value=job.taken))
            self._client.effects.append(EndData())
            return
        job.pending += data
        if len(job.pending) >= FLUSH and not self._flush(job, now):
            self._client.effects.append(EndData())

    def ended(self) -> None:
        """The peer has sent everything."""
        if isinstance(self._job, Upload):
            self._client.effects.append(EndData())

    def wanted(self) -> None:
        """What was sent is gone."""
        if isinstance(self._job, Listing | Download):
            self._send(self._job)

    def closed(self, now: float) -> None:
        """The data connection is gone."""
        if self._way is not Way.OPEN:  # what is gone was given up before
            return
        job, self._job = self._job, None
        self._way = Way.NONE
        self.deadline = inf
        match job:
            case None:
                pass
            case Upload():
                self._keep(job, now, whole=True)
            case Listing():
                self._client.say(job.last if self._position >= len(job.data) else "data.aborted", **job.fields)
            case Download():
                whole = self._position >= job.size
                sent = self._position - job.offset
                self._client.say("retr.done" if whole else "data.aborted", **self._measured(job.argument, sent, now))

    def late(self, now: float) -> bool:
        """Give up waiting for the peer if it is time; return whether it is."""
        if now < self.deadline:
            return False
        self.deadline = inf
        self._job = None
        self.drop()
        self._client.say("data.timeout")
        return True

    def abandoned(self, now: float) -> None:
        """The session is over: what came of a file is kept."""
        job, self._job = self._job, None
        if isinstance(job, Upload) and job.taken:
            self._keep(job, now, whole=False)

    # the transfer

    def _begin(self, now: float) -> None:
        client, job = self._client, self._job
        self.deadline = inf
        self._started = now
        mode = "ASCII" if client.ascii and client.dialect.converts else "BINARY"
        match job:
            case Listing():
                client.say(job.first, **job.fields)
            case Download():
                client.say("retr.ok", arg=job.argument, size=job.size, left=job.size - job.offset, mode=mode)
            case Upload():
                client.say(job.first, arg=job.argument, mode=mode)
            case None:
                return
        if client.is_private and client.host.tls is not None:
            client.effects.append(SecureData(client.host.tls))
        if not isinstance(job, Upload):
            self._send(job)

    def _send(self, job: Listing | Download) -> None:
        client = self._client
        data = self._read(job)
        if not data:
            client.effects.append(EndData())
            return
        self._position += len(data)
        client.sent_bytes += len(data)
        if isinstance(job, Download) and client.ascii and client.dialect.converts:
            data = data.replace(b"\n", b"\r\n")
        client.effects.append(SendData(data))

    def _read(self, job: Listing | Download) -> bytes:
        if isinstance(job, Listing):
            return job.data[self._position : self._position + PIECE]
        try:
            return self._client.here.files.read(job.path, offset=self._position, size=PIECE)
        except OSError:  # it was removed meanwhile
            return b""

    def _flush(self, job: Upload, now: float, *, last: bool = False) -> bool:
        """Put what has come into the file, but for a return at its end; return whether the file takes it."""
        client, here = self._client, self._client.here
        data, job.pending = bytes(job.pending), bytearray()
        if client.ascii and client.dialect.converts:
            if data.endswith(b"\r") and not last:
                data, job.pending = data[:-1], bytearray(b"\r")
            data = data.replace(b"\r\n", b"\n")
        if last:
            data += job.tail[job.taken :]
        if not data:
            return True
        try:
            here.files.write(job.path, data, now=now, uid=here.uid, gid=here.gid, append=True)
        except OSError as error:
            job.failed = error
        return job.failed is None

    def _keep(self, job: Upload, now: float, *, whole: bool) -> None:
        """Complete the file, record it, and say so."""
        client = self._client
        if job.failed is None:
            self._flush(job, now, last=True)
        try:
            data = client.here.files.read(job.path)
        except OSError:
            data = b""
        if data or whole:
            self._artifacts.append(data)
            client.note(
                FileCaptured(
                    path=job.path,
                    sha256=hashlib.sha256(data).hexdigest(),
                    size=len(data),
                    direction=Direction.IN,
                    mechanism="ftp",
                    truncated=not whole or job.failed is not None,
                )
            )
        if job.failed is not None:
            client.fail("store", job.argument, job.failed)
        else:
            client.say("stor.done", **self._measured(job.argument, job.taken, now))

    def _measured(self, argument: str, size: int, now: float) -> dict[str, object]:
        seconds = max(now - self._started, 0.00005)
        rate = size / seconds
        shown = f"{rate:.2f} bytes"
        for unit in ("Kbytes", "Mbytes"):
            if rate < 1000:  # noqa: PLR2004  of the unit before
                break
            rate /= 1024
            shown = f"{rate:.2f} {unit}"
        warning = "226-Warning: client is in ASCII mode - Assuming data is plain text\n" if self._client.ascii else ""
        return {"arg": argument, "seconds": f"{now - self._started:.3f}", "rate": shown, "warning": warning}


def listing(lines: list[str], first: str, last: str, **fields: object) -> Listing:
    """Return the transfer of lines."""
    data = b"".join(ftp.encode(f"{line}\r\n") for line in lines)
    return Listing(data=data, first=first, last=last, fields={**fields, "count": len(lines)})

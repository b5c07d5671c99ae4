r"""This module reads the requests of HTTP/0.9 to HTTP/1.1 (RFC 9112) as one given server reads them.

Servers differ in what they take for a request: line ends, HTTP/0.9, folded and malformed headers, limits, codings.
What differs is data, a ``Dialect``; the parser has one way. A small and regular head that has come whole, as nearly all
do, is read at once; everything else is read line by line, with the same result.

Theory of the state: ``_state`` says what the next line is, or that octets of a body are next; ``_left`` counts those.
"""

from collections.abc import Iterator
from enum import Enum, IntEnum
from functools import lru_cache
from types import MappingProxyType

from decnet_actors.wire.http_dialect import CHUNKED, HTTP_0_9, HTTP_1_0, HTTP_1_1, MAX_SIZE, Dialect, Fault, framing
from decnet_actors.wire.http_events import MAX_SAMPLE, Body, Event, HttpError, Request

_SMALL = 4096  # bytes; heads up to this size are tried as a whole first: below every server's limits
_TOKENS = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLAIN = bytes((*range(0x20, 0x7F), *range(0x80, 0x100)))  # what no server minds in a line
_METHODS = frozenset({b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"PROPFIND"})
_VERSIONS = {b"HTTP/1.1": HTTP_1_1, b"HTTP/1.0": HTTP_1_0}
_KEPT = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding", b"content-type", b"cookie",
                   b"authorization", b"expect"})  # fmt: skip
_SLASH = 0x2F
_SPACE = 0x20


class Stage(Enum):
    """How far the request is that the parser is reading."""

    IDLE = "idle"
    LINE = "line"
    FIELDS = "fields"
    BODY = "body"


class _State(IntEnum):
    LINE = 0
    FIELDS = 1
    BODY = 2  # octets of known number
    SIZE = 3
    CHUNK = 4  # octets of a chunk
    GAP = 5  # the end of line after a chunk
    TRAILERS = 6
    OVER = 7  # nothing more can be read


_LONG = {
    _State.LINE: Fault.LONG_LINE,
    _State.FIELDS: Fault.LONG_FIELD,
    _State.SIZE: Fault.LARGE,
    _State.GAP: Fault.CHUNK,
    _State.TRAILERS: Fault.LONG_FIELD,
}
_STAGES = {_State.LINE: Stage.LINE, _State.FIELDS: Stage.FIELDS}


class _Head:
    """A head that is read line by line."""

    __slots__ = ("fields", "headers", "held", "method", "room", "sample", "spare", "target", "version")

    def __init__(self, dialect: Dialect) -> None:
        self.method = self.target = b""
        self.version = HTTP_0_9
        self.headers: list[tuple[bytes, bytes]] = []
        self.fields: dict[bytes, bytes] = {}
        self.held = b""  # a header that the next line may go on with
        self.room = dialect.first_buffer
        self.spare = dialect.buffers
        self.sample = b""


class RequestParser:
    """Turns what a client sends into requests and the parts of their bodies."""

    __slots__ = ("_blanks", "_buffer", "_dialect", "_head", "_left", "_state")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._buffer = b""  # an unfinished line
        self._state = _State.LINE
        self._left = 0
        self._blanks = 0  # empty lines before the request line; lines of trailers after the body
        self._head: _Head | None = None

    @property
    def buffered(self) -> int:
        """Bytes held for what is not complete."""
        head = self._head
        return len(self._buffer) + (0 if head is None else sum(len(n) + len(v) for n, v in head.headers))

    @property
    def stage(self) -> Stage:
        """How far the present request is."""
        if self._state is _State.LINE and not self._buffer and not self._blanks:
            return Stage.IDLE
        return _STAGES.get(self._state, Stage.BODY)

    @property
    def unfinished(self) -> bytes:
        """The beginning of a head that has not ended."""
        if self._state is not _State.LINE and self._state is not _State.FIELDS:
            return b""
        return ((b"" if self._head is None else self._head.sample) + self._buffer)[:MAX_SAMPLE]

    def refused(self) -> HttpError | None:
        """Return the error that the unfinished request line is already, for a server that does not wait for its end.

        ``receive`` does not raise it by itself: what it would sample depended on how the stream is cut.
        """
        begun = self._dialect.begun
        if self._state is not _State.LINE or begun is None or begun.fullmatch(self._buffer):
            return None
        return HttpError(Fault.BAD, self._buffer)

    def receive(self, data: bytes) -> Iterator[Event]:
        """Yield the requests and parts of bodies that are here now. Abandoning it drops the rest.

        Raises:
            HttpError: the protocol is broken; nothing more can be read.

        """
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        at, size = 0, len(data)
        while at < size:
            state = self._state
            if state is _State.BODY or state is _State.CHUNK:
                end = min(at + self._left, size)
                part = data[at:end]
                self._left -= end - at
                at = end
                last = False
                if not self._left:
                    last = state is _State.BODY
                    self._state = _State.LINE if last else _State.GAP
                yield Body(part, last)
                continue
            if state is _State.OVER:
                return
            if state is _State.LINE and data[at] > _SPACE:
                found = _whole(data, at, self._dialect)
                if found is not None:
                    request, at = found
                    self._follow(request)
                    yield request
                    continue
            end = data.find(b"\n", at)
            if end < 0:
                break
            event = self._line(data[at:end])
            at = end + 1
            if event is not None:
                yield event
        self._buffer = data[at:]
        if self._state is _State.LINE and self._dialect.bare_lf:
            self._buffer = self._buffer.lstrip(b"\r")
        if self._buffer:
            self._check_room(self._buffer, len(self._buffer))

    # one line, without its LF

    def _line(self, line: bytes) -> Event | None:
        match self._state:
            case _State.LINE:
                return self._request_line(line)
            case _State.FIELDS:
                return self._field_line(line)
            case _State.SIZE:
                return self._size_line(line)
            case _State.GAP:
                if line != b"\r" and not (self._dialect.bare_lf and not line):
                    raise self._error(Fault.CHUNK, line)
                self._state = _State.SIZE
                return None
            case _:
                return self._trailer_line(line)

    def _request_line(self, line: bytes) -> Event | None:
        dialect = self._dialect
        if dialect.bare_lf:
            line = line.lstrip(b"\r")
        if line == (b"" if dialect.bare_lf else b"\r"):
            self._blanks += 1
            if dialect.max_blank_lines is not None and self._blanks > dialect.max_blank_lines:
                raise self._error(Fault.BAD, line)
            return None
        head = self._head = _Head(dialect)
        self._charge(line)
        ended = line.endswith(b"\r")
        found = dialect.line.fullmatch(line[:-1] if ended else line) if ended or dialect.bare_lf else None
        if found is None:
            raise self._error(Fault.BAD, line)
        head.method, head.target, version = found.groups()
        if version is None:
            if dialect.simple_get_only and head.method != b"GET":
                raise self._error(Fault.BAD, line)
            return self._complete()
        number = dialect.version.fullmatch(version)
        if number is None:
            raise self._error(Fault.VERSION if dialect.too_new.match(version) else Fault.BAD, line)
        head.version = int(number[1]), int(number[2])
        head.sample = (line + b"\n")[:MAX_SAMPLE]
        self._state = _State.FIELDS
        return None

    def _field_line(self, line: bytes) -> Event | None:
        head, dialect = self._head, self._dialect
        if head is None:
            raise AssertionError("headers without a request line")
        self._charge(line)
        if line == b"\r" or (dialect.bare_lf and not line):
            if head.held:
                self._field(head, head.held)
            return self._complete()
        if not dialect.bare_lf and not line.endswith(b"\r"):
            raise self._error(Fault.BAD, line)
        if len(head.sample) < MAX_SAMPLE:
            head.sample = (head.sample + line + b"\n")[:MAX_SAMPLE]
        if not dialect.folds:
            self._field(head, line)
        elif line[:1] in {b" ", b"\t"} and head.held:
            head.held = head.held.rstrip(b" \t\r") + b" " + line.lstrip(b" \t")
            if len(head.held) >= dialect.max_line:
                raise self._error(Fault.LONG_FIELD, b"")
        else:
            before, head.held = head.held, line
            if before:
                self._field(head, before)
        return None

    def _field(self, head: _Head, line: bytes) -> None:
        dialect = self._dialect
        if len(head.headers) >= dialect.max_fields:
            raise self._error(Fault.MANY_FIELDS, b"")
        found = dialect.field.fullmatch(line)
        if found is None:
            raise self._error(Fault.BAD, b"")
        name, value = found[1], (found[2] or b"").strip(dialect.blank)
        head.headers.append((name, value))
        key = name.lower()
        before = head.fields.get(key)
        if before is None:
            if key in _KEPT or key in dialect.single:
                head.fields[key] = value
        elif key in dialect.single:
            raise self._error(Fault.BAD, b"")
        else:
            head.fields[key] = before + b", " + value

    def _complete(self) -> Request:
        """Return the request whose head has ended."""
        head, self._head = self._head, None
        if head is None:
            raise AssertionError("the end of a head that did not begin")
        length, fault = framing(head.fields, head.version, self._dialect)
        request = Request(head.method, head.target, head.version, tuple(head.headers), head.fields, length, fault)
        self._follow(request)
        return request

    def _follow(self, request: Request) -> None:
        """Await what follows a head."""
        length = request.length
        self._blanks = 0
        if request.fault is not None or request.version == HTTP_0_9:
            self._state = _State.OVER
        elif length == CHUNKED:
            self._state = _State.SIZE
        elif length:
            self._state = _State.BODY
            self._left = length
        else:
            self._state = _State.LINE

    def _size_line(self, line: bytes) -> Event | None:
        """Take the length of a chunk (RFC 9112, 7.1)."""
        self._check_room(line, len(line) + 1)
        found = self._dialect.size.fullmatch(line)
        if found is None:
            raise self._error(Fault.CHUNK, line)
        size = int(found[1], 16)
        if size > MAX_SIZE:
            raise self._error(Fault.LARGE, line)
        self._left = size
        self._state = _State.CHUNK if size else _State.TRAILERS
        return None

    def _trailer_line(self, line: bytes) -> Event | None:
        """Take a line after the last chunk; its contents are nobody's business."""
        dialect = self._dialect
        self._check_room(line, len(line) + 1)
        if line == b"\r" or (dialect.bare_lf and not line):
            self._state = _State.LINE
            self._blanks = 0
            return Body(b"", last=True)
        self._blanks += 1
        if self._blanks > dialect.max_fields:
            raise self._error(Fault.MANY_FIELDS, line)
        if dialect.trailer.fullmatch(line) is None:
            raise self._error(Fault.BAD, line)
        return None

    # limits and errors

    def _charge(self, line: bytes) -> None:
        """Put a line of a head into its buffers."""
        head, size = self._head, len(line) + 1
        self._check_room(line, size)
        if head is not None:
            if size > head.room:
                head.spare -= 1
                head.room = self._dialect.max_line
            head.room -= size

    def _check_room(self, line: bytes, size: int) -> None:
        """Raise the error of a line that is too long, whether or not it has ended."""
        head, dialect = self._head, self._dialect
        full = head is not None and size > head.room and not head.spare
        if size > dialect.max_line or full:
            begun = dialect.begun
            broken = self._state is _State.LINE and begun is not None and not begun.fullmatch(line[: dialect.max_line])
            raise self._error(Fault.BAD if broken else _LONG[self._state], line)

    def _error(self, fault: Fault, line: bytes) -> HttpError:
        """Return the error and read nothing more."""
        head, self._head = self._head, None
        self._state = _State.OVER
        self._buffer = b""
        return HttpError(fault, (b"" if head is None else head.sample) + line)


def _whole(data: bytes, at: int, dialect: Dialect) -> tuple[Request, int] | None:
    """Return the request and where its head ends, if all of the head is here and every server reads it alike."""
    end = data.find(b"\r\n\r\n", at)
    if end < 0 or end - at > _SMALL:
        return None
    request = _regular(data[at:end], dialect)
    return None if request is None else (request, end + 4)


@lru_cache(maxsize=128)  # heads of at most _SMALL bytes; a tool sends the same one again and again
def _regular(head: bytes, dialect: Dialect) -> Request | None:
    """Return the request of a whole head, without its empty line, if every server reads it alike."""
    lines = head.split(b"\r\n")
    words = lines[0].split(b" ")
    if len(words) != 3 or len(lines) > dialect.max_fields:  # noqa: PLR2004  method, target, version
        return None
    if len(head.translate(None, _PLAIN)) != 2 * (len(lines) - 1):  # more than the ends of its lines
        return None
    method, target, text = words
    version = _VERSIONS.get(text)
    if version is None or method not in _METHODS or not target or target[0] != _SLASH:
        return None
    headers: list[tuple[bytes, bytes]] = []
    fields: dict[bytes, bytes] = {}
    single = dialect.single
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name.translate(None, _TOKENS):
            return None
        value = value.strip(b" ")
        headers.append((name, value))
        key = name.lower()
        if key in _KEPT or key in single:
            if key in fields:
                return None
            fields[key] = value
    length, fault = framing(fields, version, dialect)
    return Request(method, target, version, tuple(headers), MappingProxyType(fields), length, fault)

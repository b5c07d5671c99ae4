r"""This module speaks the server's side of RESP, Redis' protocol: commands in, replies out.

Parsing follows what a Redis 7.0 server does (src/networking.c, processInlineBuffer and processMultibulkBuffer),
including what it does not check: the two bytes after a length are skipped whatever they are.

Theory of the state: ``_missing`` counts the arguments still to come of a multibulk request, 0 between requests;
``_length`` is the size of the argument being read, -1 while its header is awaited.
"""

from collections.abc import Iterator, Sequence

from decnet_actors.wire.errors import WireError

MAX_INLINE = 64 * 1024  # bytes; PROTO_INLINE_MAX_SIZE, src/server.h; also caps a length line
MAX_BULK = 1024 * 1024  # bytes; ours. Real: 512 MiB, and 1 MiB is the least proto-max-bulk-len can be set to
MAX_COMMAND = 2 * MAX_BULK  # bytes of all arguments; ours. Real: client-query-buffer-limit, 1 GiB
MAX_ARGUMENTS = 64 * 1024  # ours. Real: INT_MAX since 7.0, 1024 * 1024 before
MAX_BUFFERED = MAX_COMMAND + MAX_INLINE  # bytes; what a parser holds at most between two calls
UNTRUSTED_ARGUMENTS = 10  # before AUTH; src/networking.c
UNTRUSTED_BULK = 16 * 1024  # bytes, before AUTH; src/networking.c
MAX_SAMPLE = 64  # bytes of a broken request kept for the record

_SMALL = 4096  # bytes; requests up to this size are tried as a whole first
_MAX_DIGITS = 20  # of a signed 64-bit number, as string2ll has it
_SPACES = b" \t\n\v\f\r"  # isspace() in the C locale
_ESCAPES = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("b"): 8, ord("a"): 7}
_HEX = frozenset(b"0123456789abcdefABCDEF")
_STAR, _DOLLAR, _X = b"*$x"
_QUOTE, _APOSTROPHE, _BACKSLASH = b"\"'\\"
_QUOTES = b"\"'"
_UNUSUAL = (b'"', b"'", b"\v", b"\f")  # whatever bytes.split() would read differently
# (inline, inside a multibulk request) -> what ends the line, and the complaint when nothing does.
_LINES = {
    (True, False): (b"\n", "too big inline request"),
    (False, False): (b"\r", "too big mbulk count string"),
    (False, True): (b"\r", "too big bulk count string"),
}
_UNBALANCED = "unbalanced quotes in request"


class RespError(WireError):
    """The peer broke RESP; ``reply`` is what Redis sends before closing, ``sample`` the head of what it sent."""

    def __init__(self, detail: str, sample: bytes = b"") -> None:
        text = detail.replace("\r", " ").replace("\n", " ")  # a reply is one line
        super().__init__(detail, b"-ERR Protocol error: " + text.encode("latin-1") + b"\r\n")
        self.sample = sample[:MAX_SAMPLE]


class RespParser:
    """Turns what a client sends into commands.

    ``trusted`` is false while the client must still authenticate: Redis then allows small requests only.
    """

    __slots__ = ("_arguments", "_buffer", "_length", "_missing", "_scanned", "_size", "trusted")

    def __init__(self, *, trusted: bool = True) -> None:
        self.trusted = trusted
        self._buffer = bytearray()
        self._scanned = 0  # bytes of the buffer known to hold no end of line
        self._arguments: list[bytes] = []
        self._missing = 0
        self._length = -1
        self._size = 0  # bytes of the arguments so far

    @property
    def buffered(self) -> int:
        """Bytes held for a request that is not complete."""
        return len(self._buffer) + self._size

    def receive(self, data: bytes) -> Iterator[tuple[bytes, ...]]:
        """Yield the commands that are complete now; each has at least one argument.

        Lazy, so that ``trusted`` may change between two commands of one chunk. Abandoning it drops the rest.

        Raises:
            RespError: the protocol is broken; nothing more can be parsed.

        """
        if not self._buffer and not self._missing and (command := _whole(data)) is not None:
            yield command
            return
        buffer: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            buffer = self._buffer
        position = 0
        while position < len(buffer):
            inline = not self._missing and buffer[position] != _STAR
            if self._length < 0:  # a line is next
                mark, too_big = _LINES[inline, bool(self._missing)]
                end = self._line_end(buffer, position, mark, too_big)
                if end < 0 or (not inline and end + 2 > len(buffer)):
                    break
                if inline:
                    words = split_inline(bytes(buffer[position:end]).removesuffix(b"\r"))
                    position = end + 1
                    if words:
                        yield tuple(words)
                    continue
                if not self._missing:
                    self._missing = self._count(bytes(buffer[position:end]))
                    position = end + 2
                    continue
                self._length = self._bulk_length(bytes(buffer[position:end]) or b"\r")
                position = end + 2
            end = position + self._length
            if end + 2 > len(buffer):
                break
            self._arguments.append(bytes(buffer[position:end]))
            self._size += self._length
            position = end + 2
            self._length = -1
            self._missing -= 1
            if not self._missing:
                command = tuple(self._arguments)
                self._arguments.clear()
                self._size = 0
                yield command
        if buffer is data:
            self._buffer += data[position:]
        else:
            del self._buffer[:position]
        self._scanned = max(0, self._scanned - position)

    def _line_end(self, buffer: bytes | bytearray, start: int, mark: bytes, too_big: str) -> int:
        """Return where the line ends, -1 while it does not; remembers what it has looked through."""
        end = buffer.find(mark, max(start, self._scanned))
        self._scanned = len(buffer) if end < 0 else end
        # The server looks with strchr(), which sees nothing behind a NUL.
        if end >= 0 and buffer.find(b"\0", start, end) >= 0:
            end = -1
            self._scanned = start
        if (len(buffer) if end < 0 else end) - start > MAX_INLINE:
            raise RespError(too_big, bytes(buffer[start : start + MAX_SAMPLE]))
        return end

    def _count(self, line: bytes) -> int:
        count = _number(line[1:])
        if count is None or count > MAX_ARGUMENTS:
            raise RespError("invalid multibulk length", line)
        if count > UNTRUSTED_ARGUMENTS and not self.trusted:
            raise RespError("unauthenticated multibulk length", line)
        return max(count, 0)

    def _bulk_length(self, line: bytes) -> int:
        if line[0] != _DOLLAR:
            raise RespError(f"expected '$', got '{chr(line[0])}'", line)
        length = _number(line[1:])
        if length is None or length < 0 or length > MAX_BULK or self._size + length > MAX_COMMAND:
            raise RespError("invalid bulk length", line)
        if length > UNTRUSTED_BULK and not self.trusted:
            raise RespError("unauthenticated bulk length", line)
        return length


def split_inline(line: bytes) -> list[bytes]:
    """Return the words of an inline request, quoting undone (src/sds.c, sdssplitargs).

    Raises:
        RespError: a quote does not end, or is followed by something else than a space.

    """
    if not any(mark in line for mark in _UNUSUAL):
        return line.split()
    words: list[bytes] = []
    at = 0
    while True:
        while at < len(line) and line[at] in _SPACES:
            at += 1
        if at >= len(line):
            return words
        word, at = _word(line, at)
        words.append(word)


def simple(text: bytes) -> bytes:
    """Return a status; ``text`` is one line."""
    return b"+" + text + b"\r\n"


def error(text: bytes) -> bytes:
    """Return an error; ends of line in it become spaces, as the server makes them."""
    return b"-" + text.replace(b"\r", b" ").replace(b"\n", b" ") + b"\r\n"


def integer(value: int) -> bytes:
    """Return an integer."""
    return b":%d\r\n" % value


def bulk(value: bytes) -> bytes:
    """Return a string of any bytes."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


def array(items: Sequence[bytes]) -> bytes:
    """Return an array of replies that are encoded already."""
    return b"*%d\r\n%b" % (len(items), b"".join(items))


def bulks(values: Sequence[bytes]) -> bytes:
    """Return an array of strings; also how a client writes a command."""
    return array([bulk(value) for value in values])


def _whole(data: bytes) -> tuple[bytes, ...] | None:
    """Return the command if the data is exactly one small, well-formed request: what nearly every chunk is.

    Small enough for strangers, so that ``trusted`` does not matter.
    """
    if len(data) > _SMALL or data[:1] != b"*":
        return None
    parts = data.split(b"\r\n")
    words = tuple(parts[2::2])
    count = len(words)
    if parts[-1] or parts[0] != b"*%d" % count or len(parts) != count * 2 + 2 or not 0 < count <= UNTRUSTED_ARGUMENTS:
        return None
    for header, word in zip(parts[1::2], words, strict=False):
        if header != b"$%d" % len(word):
            return None
    return words


def _word(line: bytes, at: int) -> tuple[bytes, int]:
    """Return the word that begins at ``at`` and where it ends."""
    word = bytearray()
    quote = 0
    while at < len(line):
        byte = line[at]
        following = line[at + 1] if at + 1 < len(line) else -1
        if not quote:
            if byte in b" \n\r\t":
                return bytes(word), at
            if byte in _QUOTES:
                quote = byte
            else:
                word.append(byte)
        elif byte == quote:
            if following >= 0 and following not in _SPACES:
                raise RespError(_UNBALANCED, line)
            return bytes(word), at + 1
        elif byte == _BACKSLASH and quote == _QUOTE and following >= 0:
            digits = line[at + 2 : at + 4]
            if following == _X and len(digits) == 2 and _HEX.issuperset(digits):  # noqa: PLR2004  two hex digits
                word.append(int(digits, 16))
                at += 3
            else:
                word.append(_ESCAPES.get(following, following))
                at += 1
        elif byte == _BACKSLASH and quote == _APOSTROPHE and following == _APOSTROPHE:
            word.append(following)
            at += 1
        else:
            word.append(byte)
        at += 1
    if quote:
        raise RespError(_UNBALANCED, line)
    return bytes(word), at


def _number(digits: bytes | bytearray) -> int | None:
    """Return the number if the server would read it as one (src/util.c, string2ll): no sign but -, no leading zero."""
    if not 0 < len(digits) <= _MAX_DIGITS:
        return None
    unsigned = digits[1:] if digits[:1] == b"-" else digits
    if not unsigned.isdigit() or (unsigned[:1] == b"0" and digits != b"0"):
        return None
    value = int(digits)
    return value if -(1 << 63) <= value < 1 << 63 else None

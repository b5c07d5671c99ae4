"""This module is one client as its server sees it: what it may, what it asked for, and how its replies are written."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from decnet_actors.wire import resp
from plugins.decoy.redis.keyspace import WRONG_TYPE, Keyspace, RedisError, Value
from plugins.decoy.redis.server import Server

MAX_OUTBOX = 1_000  # messages of channels waiting for a subscriber; older ones are dropped
OK = b"+OK\r\n"
ZERO, ONE = b":0\r\n", b":1\r\n"
SYNTAX = b"ERR syntax error"
NOT_AN_INTEGER = b"ERR value is not an integer or out of range"
NOT_A_FLOAT = b"ERR value is not a valid float"

_DIGITS = 20
_RESP3 = 3

Words: TypeAlias = tuple[bytes, ...]
Handler: TypeAlias = "Callable[[Client, Words], bytes]"


class Client:
    """State of one connection that commands read and change."""

    __slots__ = (
        "authenticated",
        "closing",
        "commands",
        "db",
        "dirty",
        "facts",
        "id",
        "last",
        "name",
        "now",
        "opened",
        "outbox",
        "patterns",
        "peer",
        "protocol",
        "queue",
        "seen",
        "server",
        "subscriptions",
        "user",
        "watching",
    )

    def __init__(self, server: "Server[Client]", number: int, peer: Peer, now: float) -> None:
        self.server = server
        self.id = number
        self.peer = peer
        self.now = now
        self.opened = self.seen = now
        self.db = 0
        self.name = b""
        self.user = "default"
        self.authenticated = not server.password
        self.protocol = 2
        self.last = "NULL"  # as CLIENT LIST shows it
        self.commands = 0
        self.queue: list[Words] | None = None  # of MULTI
        self.dirty = False  # MULTI holds a bad command
        self.watching: dict[tuple[int, bytes], int] | None = None
        self.subscriptions: dict[bytes, None] | None = None
        self.patterns: dict[bytes, None] | None = None
        self.outbox: deque[bytes] | None = None
        self.facts: list[Fact] = []
        self.closing = False

    @property
    def keys(self) -> Keyspace:
        """The server's keys."""
        return self.server.keyspace

    @property
    def ms(self) -> int:
        """Now, in Unix milliseconds."""
        return int(self.now * 1000)

    def nil(self) -> bytes:
        """Return "no value"."""
        return b"_\r\n" if self.protocol == _RESP3 else b"$-1\r\n"

    def no_array(self) -> bytes:
        """Return "no array"."""
        return b"_\r\n" if self.protocol == _RESP3 else b"*-1\r\n"

    def mapping(self, flat: Sequence[bytes]) -> bytes:
        """Return names and values, encoded, that alternate."""
        if self.protocol == _RESP3:
            return b"%%%d\r\n%b" % (len(flat) // 2, b"".join(flat))
        return resp.array(flat)

    def unordered(self, values: Sequence[bytes]) -> bytes:
        """Return a set of strings."""
        body = resp.bulks(values)
        return b"~" + body[1:] if self.protocol == _RESP3 else body

    def push(self, items: Sequence[bytes]) -> bytes:
        """Return a message nobody asked for: of a channel."""
        body = resp.array(items)
        return b">" + body[1:] if self.protocol == _RESP3 else body

    def number(self, value: float) -> bytes:
        """Return a floating-point number."""
        text = shown(value)
        return b",%b\r\n" % text if self.protocol == _RESP3 else resp.bulk(text)

    def deliver(self, message: bytes) -> None:
        """Keep a message of a channel until the client's next turn."""
        if self.outbox is None:
            self.outbox = deque(maxlen=MAX_OUTBOX)
        self.outbox.append(message)


def expect(value: Value | None, kind: type) -> None:
    """Refuse a value of another type.

    Raises:
        RedisError: WRONGTYPE.

    """
    if value is not None and type(value) is not kind:
        raise RedisError(WRONG_TYPE)


def to_int(word: bytes, reply: bytes = NOT_AN_INTEGER) -> int:
    """Return a signed 64-bit number (src/util.c, string2ll).

    Raises:
        RedisError: with ``reply``.

    """
    digits = word[1:] if word[:1] == b"-" else word
    if len(word) > _DIGITS or not digits.isdigit() or (digits[:1] == b"0" and word != b"0"):
        raise RedisError(reply)
    value = int(word)
    if not -(1 << 63) <= value < 1 << 63:
        raise RedisError(reply)
    return value


def to_float(word: bytes, reply: bytes = NOT_A_FLOAT) -> float:
    """Return a number that is not NaN.

    Raises:
        RedisError: with ``reply``.

    """
    try:
        value = float(word) if word[:1].strip() and b"_" not in word and len(word) <= 256 else float("nan")  # noqa: PLR2004  MAX_LONG_DOUBLE_CHARS is larger; nobody writes more
    except ValueError:
        raise RedisError(reply) from None
    if value != value:  # noqa: PLR0124  only NaN differs from itself
        raise RedisError(reply)
    return value


def shown(value: float) -> bytes:
    """Return a number as Redis writes it: 17 significant digits, no trailing zeros."""
    if value == float("inf"):
        return b"inf"
    if value == float("-inf"):
        return b"-inf"
    if value == int(value) and abs(value) < 1e17:  # noqa: PLR2004  what 17 digits hold
        return b"%d" % int(value)
    return b"%.17g" % value

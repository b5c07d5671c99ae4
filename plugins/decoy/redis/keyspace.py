"""This module keeps the keys of one decky: sixteen databases that survive sessions, bounded in keys and bytes.

Values are ``bytes`` (string), ``deque`` (list), ``dict`` of bytes to bytes (hash), ``Members`` (set) and
``Scores`` (sorted set). Time is Unix milliseconds, as in Redis.
"""

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from attrs import define, field

DATABASES = 16
MAX_KEYS = 10_000  # of all databases; KEYS looks at each within one turn of the loop
MAX_BYTES = 16 * 1024 * 1024  # of all keys and values, as ``size_of`` counts
MAX_PATTERN = 256  # bytes; ours: longer patterns match nothing, so that matching stays cheap
MAX_MATCHED = 4096  # bytes; ours, as above
_OVERHEAD = 64  # bytes a key or an element costs us beside its content

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
OUT_OF_MEMORY = b"OOM command not allowed when used memory > 'maxmemory'."


class RedisError(Exception):
    """A command failed; ``reply`` is the error as it goes on the wire, without its dash."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


class Members(dict[bytes, None]):
    """A set, in the order of insertion."""


class Scores(dict[bytes, float]):
    """A sorted set: member to score."""

    def ordered(self) -> list[tuple[bytes, float]]:
        """Return the members by score, then by bytes."""
        return sorted(self.items(), key=lambda item: (item[1], item[0]))


class Hash(dict[bytes, bytes]):
    """A hash, in the order of insertion."""


Value: TypeAlias = bytes | deque[bytes] | Hash | Members | Scores

TYPES: dict[type, bytes] = {bytes: b"string", deque: b"list", Hash: b"hash", Members: b"set", Scores: b"zset"}


def size_of(value: Value) -> int:
    """Return about how many bytes a value costs us."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Hash):
        return sum(len(name) + len(text) + 2 * _OVERHEAD for name, text in value.items())
    return sum(len(item) + _OVERHEAD for item in value)


@define
class Database:
    """One numbered database."""

    values: dict[bytes, Value] = field(factory=dict)
    expiries: dict[bytes, int] = field(factory=dict)  # Unix milliseconds


class Keyspace:
    """All databases of one server."""

    def __init__(self) -> None:
        self.databases = [Database() for _ in range(DATABASES)]
        self.bytes = 0
        self.changes = 0  # since the last save
        self.expired = 0
        self.hits = 0
        self.misses = 0
        self.watched: dict[tuple[int, bytes], tuple[int, int]] = {}  # place -> (changes, watchers)

    def get(self, db: int, key: bytes, now: int) -> Value | None:
        """Return the value, counting hits and misses as a read command does."""
        value = self.peek(db, key, now)
        if value is None:
            self.misses += 1
        else:
            self.hits += 1
        return value

    def peek(self, db: int, key: bytes, now: int) -> Value | None:
        """Return the value; an expired one is removed first."""
        database = self.databases[db]
        expiry = database.expiries.get(key)
        if expiry is not None and expiry <= now:
            self.remove(db, key)
            self.expired += 1
        return database.values.get(key)

    def put(self, db: int, key: bytes, value: Value, *, keep_expiry: bool = False) -> None:
        """Set a value.

        Raises:
            RedisError: the keyspace is full.

        """
        database = self.databases[db]
        old = database.values.get(key)
        grown = size_of(value) - (size_of(old) if old is not None else -len(key) - _OVERHEAD)
        self._need(grown, new_key=old is None)
        database.values[key] = value
        if not keep_expiry:
            database.expiries.pop(key, None)
        self.bytes += grown
        self.touched(db, key)

    def grow(self, db: int, key: bytes, size: int) -> None:
        """Count bytes added to (or taken from) a value in place; ``size`` includes nothing for the elements' overhead.

        Raises:
            RedisError: the keyspace is full; call before changing the value.

        """
        self._need(size)
        self.bytes += size
        self.touched(db, key)

    def element(self, *parts: bytes) -> int:
        """Return what an element made of these parts costs."""
        return sum(len(part) + _OVERHEAD for part in parts)

    def remove(self, db: int, key: bytes) -> bool:
        """Remove a key; return whether it was there."""
        database = self.databases[db]
        value = database.values.pop(key, None)
        database.expiries.pop(key, None)
        if value is None:
            return False
        self.bytes -= size_of(value) + len(key) + _OVERHEAD
        self.touched(db, key)
        return True

    def clear(self, db: int | None = None) -> int:
        """Remove all keys of one or every database; return how many there were."""
        count = 0
        for number, database in enumerate(self.databases):
            if db is None or number == db:
                count += len(database.values)
                for key in list(database.values):
                    self.remove(number, key)
        return count

    def keys(self, db: int, now: int) -> Iterator[bytes]:
        """Yield the keys that are not expired."""
        self.purge(db, now)
        yield from list(self.databases[db].values)

    def count(self, db: int, now: int) -> int:
        """Return how many keys a database has."""
        self.purge(db, now)
        return len(self.databases[db].values)

    def purge(self, db: int, now: int) -> None:
        """Remove what has expired."""
        for key in [key for key, when in self.databases[db].expiries.items() if when <= now]:
            self.remove(db, key)
            self.expired += 1

    def expiry(self, db: int, key: bytes) -> int | None:
        """Return when the key expires, ``None`` for never."""
        return self.databases[db].expiries.get(key)

    def set_expiry(self, db: int, key: bytes, when: int | None) -> None:
        """Make the key expire at ``when``, or never."""
        if when is None:
            self.databases[db].expiries.pop(key, None)
        else:
            self.databases[db].expiries[key] = when
        self.touched(db, key)

    def watch(self, place: tuple[int, bytes]) -> int:
        """Begin to count changes of a key for one more watcher; return the count so far."""
        count, watchers = self.watched.get(place, (0, 0))
        self.watched[place] = (count, watchers + 1)
        return count

    def unwatch(self, place: tuple[int, bytes]) -> None:
        """One watcher less."""
        count, watchers = self.watched.get(place, (0, 1))
        if watchers > 1:
            self.watched[place] = (count, watchers - 1)
        else:
            self.watched.pop(place, None)

    def seen(self, place: tuple[int, bytes]) -> int:
        """Return how often a watched key has changed."""
        return self.watched.get(place, (0, 0))[0]

    def touched(self, db: int, key: bytes) -> None:
        """Count a change; those who watch the key will see it."""
        self.changes += 1
        if (db, key) in self.watched:
            count, watchers = self.watched[db, key]
            self.watched[db, key] = (count + 1, watchers)

    def _need(self, size: int, *, new_key: bool = False) -> None:
        if self.bytes + size > MAX_BYTES and size > 0:
            raise RedisError(OUT_OF_MEMORY)
        if new_key and sum(len(database.values) for database in self.databases) >= MAX_KEYS:
            raise RedisError(OUT_OF_MEMORY)


def glob_match(pattern: bytes, text: bytes, *, fold: bool = False) -> bool:
    """Return whether ``text`` matches, by Redis' rules (src/util.c, stringmatchlen), in at most len * len steps.

    Args:
        pattern: with ``*``, ``?``, ``[a-z]``, ``[^a]`` and a backslash to take the next literally.
        text: what is matched as a whole.
        fold: ignore ASCII case.

    """
    if len(pattern) > MAX_PATTERN or len(text) > MAX_MATCHED:
        return False
    if fold:
        pattern, text = pattern.lower(), text.lower()
    p = t = 0
    star = -1
    mark = 0
    while t < len(text):
        if p < len(pattern):
            if pattern[p] == _STAR:
                star, mark = p, t
                p += 1
                continue
            matched, after = _one(pattern, p, text[t])
            if matched:
                p, t = after, t + 1
                continue
        if star < 0:
            return False
        mark += 1
        p, t = star + 1, mark
    return not pattern[p:].strip(b"*")


_STAR, _ANY, _OPEN, _CLOSE, _ESCAPE, _NOT, _DASH = b"*?[]\\^-"


def _one(pattern: bytes, at: int, byte: int) -> tuple[bool, int]:
    """Return whether the pattern's next element takes the byte, and where the one after begins."""
    first = pattern[at]
    if first == _ANY:
        return True, at + 1
    if first == _OPEN:
        return _class(pattern, at + 1, byte)
    if first == _ESCAPE and at + 1 < len(pattern):
        at += 1
    return pattern[at] == byte, at + 1


def _class(pattern: bytes, at: int, byte: int) -> tuple[bool, int]:
    negated = pattern[at : at + 1] == b"^"
    at += negated
    found = False
    while at < len(pattern) and pattern[at] != _CLOSE:
        if pattern[at] == _ESCAPE and at + 1 < len(pattern):
            at += 1
            found |= pattern[at] == byte
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            found |= low <= byte <= high
            at += 2
        else:
            found |= pattern[at] == byte
        at += 1
    return found is not negated, at + 1

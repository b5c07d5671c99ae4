"""This module implements the commands on keys of any type (src/db.c, src/expire.c)."""

from collections import deque
from collections.abc import Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.client import OK, ONE, SYNTAX, ZERO, Client, Handler, Words, to_int
from plugins.decoy.redis.keyspace import DATABASES, TYPES, Hash, Members, RedisError, Scores, Value, glob_match, size_of

_LAST_MS = (1 << 63) - 1
_SMALL_STRING = 44  # bytes; longer ones are not "embstr" (src/object.c)
_LISTPACK_VALUE = 64  # bytes; hash-max-listpack-value and its likes
_LISTPACK_HASH = 512
_LISTPACK_ZSET = 128
_INTSET = 512
_NO_KEY = b"ERR no such key"
_EXPIRE_OPTIONS = {b"NX", b"XX", b"GT", b"LT"}


def del_(c: Client, words: Words) -> bytes:
    """Answer DEL."""
    return resp.integer(
        sum([c.keys.peek(c.db, key, c.ms) is not None and c.keys.remove(c.db, key) for key in words[1:]])
    )


def exists(c: Client, words: Words) -> bytes:
    """Answer EXISTS."""
    return resp.integer(sum(c.keys.get(c.db, key, c.ms) is not None for key in words[1:]))


def type_(c: Client, words: Words) -> bytes:
    """Answer TYPE."""
    value = c.keys.peek(c.db, words[1], c.ms)
    return resp.simple(b"none" if value is None else TYPES[type(value)])


def _expire(c: Client, words: Words, *, unit: int, absolute: bool) -> bytes:
    name = words[0].lower()
    options = set()
    for word in words[3:]:
        option = word.upper()
        if option not in _EXPIRE_OPTIONS:
            raise RedisError(b"ERR Unsupported option %b" % word)
        options.add(option)
    if b"NX" in options and len(options) > 1:
        raise RedisError(b"ERR NX and XX, GT or LT options at the same time are not compatible")
    if {b"GT", b"LT"} <= options:
        raise RedisError(b"ERR GT and LT options at the same time are not compatible")
    when = to_int(words[2]) * unit + (0 if absolute else c.ms)
    if not -_LAST_MS <= when <= _LAST_MS:
        raise RedisError(b"ERR invalid expire time in '%b' command" % name)
    if c.keys.peek(c.db, words[1], c.ms) is None:
        return ZERO
    present = c.keys.expiry(c.db, words[1])
    if (
        (b"NX" in options and present is not None)
        or (b"XX" in options and present is None)
        or (b"GT" in options and (present is None or when <= present))
        or (b"LT" in options and present is not None and when >= present)
    ):
        return ZERO
    if when <= c.ms:
        c.keys.remove(c.db, words[1])
    else:
        c.keys.set_expiry(c.db, words[1], when)
    return ONE


def expire(c: Client, words: Words) -> bytes:
    """Answer EXPIRE."""
    return _expire(c, words, unit=1000, absolute=False)


def pexpire(c: Client, words: Words) -> bytes:
    """Answer PEXPIRE."""
    return _expire(c, words, unit=1, absolute=False)


def expireat(c: Client, words: Words) -> bytes:
    """Answer EXPIREAT."""
    return _expire(c, words, unit=1000, absolute=True)


def pexpireat(c: Client, words: Words) -> bytes:
    """Answer PEXPIREAT."""
    return _expire(c, words, unit=1, absolute=True)


def _left(c: Client, key: bytes) -> int:
    """Return the milliseconds a key has left; -1 for ever, -2 for no such key."""
    if c.keys.peek(c.db, key, c.ms) is None:
        return -2
    when = c.keys.expiry(c.db, key)
    return -1 if when is None else when - c.ms


def pttl(c: Client, words: Words) -> bytes:
    """Answer PTTL."""
    return resp.integer(_left(c, words[1]))


def ttl(c: Client, words: Words) -> bytes:
    """Answer TTL."""
    left = _left(c, words[1])
    return resp.integer(left if left < 0 else (left + 500) // 1000)


def pexpiretime(c: Client, words: Words) -> bytes:
    """Answer PEXPIRETIME."""
    left = _left(c, words[1])
    return resp.integer(left if left < 0 else left + c.ms)


def expiretime(c: Client, words: Words) -> bytes:
    """Answer EXPIRETIME."""
    left = _left(c, words[1])
    return resp.integer(left if left < 0 else (left + c.ms + 500) // 1000)


def persist(c: Client, words: Words) -> bytes:
    """Answer PERSIST."""
    if _left(c, words[1]) < 0:
        return ZERO
    c.keys.set_expiry(c.db, words[1], None)
    return ONE


def keys(c: Client, words: Words) -> bytes:
    """Answer KEYS."""
    pattern = words[1]
    found = c.keys.keys(c.db, c.ms)
    return resp.bulks([key for key in found if pattern == b"*" or glob_match(pattern, key)])


def dbsize(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer DBSIZE."""
    return resp.integer(c.keys.count(c.db, c.ms))


def randomkey(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer RANDOMKEY."""
    found = list(c.keys.keys(c.db, c.ms))
    return resp.bulk(c.server.rng.choice(found)) if found else c.nil()


def _flush(c: Client, words: Words, db: int | None) -> bytes:
    if len(words) > 2 or (len(words) == 2 and words[1].upper() not in {b"SYNC", b"ASYNC"}):  # noqa: PLR2004  as in FLUSHALL SYNC
        raise RedisError(SYNTAX)
    c.keys.clear(db)
    return OK


def flushdb(c: Client, words: Words) -> bytes:
    """Answer FLUSHDB."""
    return _flush(c, words, c.db)


def flushall(c: Client, words: Words) -> bytes:
    """Answer FLUSHALL."""
    return _flush(c, words, None)


def _moved(c: Client, words: Words, *, over: bool) -> bytes | None:
    value = c.keys.peek(c.db, words[1], c.ms)
    if value is None:
        raise RedisError(_NO_KEY)
    if not over and c.keys.peek(c.db, words[2], c.ms) is not None:
        return ZERO
    if words[1] != words[2]:
        when = c.keys.expiry(c.db, words[1])
        c.keys.remove(c.db, words[1])
        c.keys.put(c.db, words[2], value)
        if when is not None:
            c.keys.set_expiry(c.db, words[2], when)
    return None


def rename(c: Client, words: Words) -> bytes:
    """Answer RENAME."""
    return _moved(c, words, over=True) or OK


def renamenx(c: Client, words: Words) -> bytes:
    """Answer RENAMENX."""
    return _moved(c, words, over=False) or ONE


def _db(word: bytes, complaint: bytes) -> int:
    db = to_int(word, complaint)
    if not 0 <= db < DATABASES:
        raise RedisError(b"ERR DB index is out of range")
    return db


def move(c: Client, words: Words) -> bytes:
    """Answer MOVE."""
    db = _db(words[2], b"ERR value is not an integer or out of range")
    if db == c.db:
        raise RedisError(b"ERR source and destination objects are the same")
    value = c.keys.peek(c.db, words[1], c.ms)
    if value is None or c.keys.peek(db, words[1], c.ms) is not None:
        return ZERO
    when = c.keys.expiry(c.db, words[1])
    c.keys.remove(c.db, words[1])
    c.keys.put(db, words[1], value)
    if when is not None:
        c.keys.set_expiry(db, words[1], when)
    return ONE


def copy(c: Client, words: Words) -> bytes:
    """Answer COPY."""
    db, replace, at = c.db, False, 3
    while at < len(words):
        option = words[at].upper()
        if option == b"REPLACE":
            replace = True
        elif option == b"DB" and at + 1 < len(words):
            db = _db(words[at + 1], b"ERR value is not an integer or out of range")
            at += 1
        else:
            raise RedisError(SYNTAX)
        at += 1
    if db == c.db and words[1] == words[2]:
        raise RedisError(b"ERR source and destination objects are the same")
    value = c.keys.peek(c.db, words[1], c.ms)
    if value is None or (not replace and c.keys.peek(db, words[2], c.ms) is not None):
        return ZERO
    c.keys.put(db, words[2], _copied(value))
    return ONE


def _copied(value: Value) -> Value:
    if isinstance(value, Hash | Members | Scores):
        copied = type(value)()
        copied.update(value)  # type: ignore[arg-type]  # both are of the same class
        return copied
    return value if isinstance(value, bytes) else value.copy()


def swapdb(c: Client, words: Words) -> bytes:
    """Answer SWAPDB."""
    first = _db(words[1], b"ERR invalid first DB index")
    second = _db(words[2], b"ERR invalid second DB index")
    databases = c.keys.databases
    databases[first], databases[second] = databases[second], databases[first]
    return OK


def encoding(value: Value) -> bytes:
    """Return the name of the representation Redis 7.0 would use."""
    if isinstance(value, bytes):
        try:
            to_int(value)
        except RedisError:
            return b"embstr" if len(value) <= _SMALL_STRING else b"raw"
        return b"int"
    if isinstance(value, deque):
        return b"quicklist"
    small = all(len(item) <= _LISTPACK_VALUE for item in value)
    if isinstance(value, Hash):
        small = small and all(len(text) <= _LISTPACK_VALUE for text in value.values())
        return b"listpack" if small and len(value) <= _LISTPACK_HASH else b"hashtable"
    if isinstance(value, Scores):
        return b"listpack" if small and len(value) <= _LISTPACK_ZSET else b"skiplist"
    return b"intset" if len(value) <= _INTSET and _all_integers(value) else b"hashtable"


def _all_integers(members: Members) -> bool:
    try:
        for item in members:
            to_int(item)
    except RedisError:
        return False
    return True


def _object(c: Client, words: Words) -> Value | None:
    return c.keys.peek(c.db, words[2], c.ms)


def object_encoding(c: Client, words: Words) -> bytes:
    """Answer OBJECT ENCODING."""
    value = _object(c, words)
    return c.nil() if value is None else resp.bulk(encoding(value))


def object_refcount(c: Client, words: Words) -> bytes:
    """Answer OBJECT REFCOUNT."""
    return c.nil() if _object(c, words) is None else ONE


def object_idletime(c: Client, words: Words) -> bytes:
    """Answer OBJECT IDLETIME."""
    return c.nil() if _object(c, words) is None else ZERO


def object_freq(c: Client, words: Words) -> bytes:
    """Answer OBJECT FREQ."""
    if _object(c, words) is None:
        return c.nil()
    raise RedisError(
        b"ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
        b"between policies at runtime LRU and LFU data will take some time to adjust."
    )


def memory_usage(c: Client, words: Words) -> bytes:
    """Answer MEMORY USAGE."""
    value = _object(c, words)
    return c.nil() if value is None else resp.integer(48 + len(words[2]) + size_of(value))


COMMANDS: Mapping[str, Handler] = {
    "copy": copy,
    "dbsize": dbsize,
    "del": del_,
    "exists": exists,
    "expire": expire,
    "expireat": expireat,
    "expiretime": expiretime,
    "flushall": flushall,
    "flushdb": flushdb,
    "keys": keys,
    "memory|usage": memory_usage,
    "move": move,
    "object|encoding": object_encoding,
    "object|freq": object_freq,
    "object|idletime": object_idletime,
    "object|refcount": object_refcount,
    "persist": persist,
    "pexpire": pexpire,
    "pexpireat": pexpireat,
    "pexpiretime": pexpiretime,
    "pttl": pttl,
    "randomkey": randomkey,
    "rename": rename,
    "renamenx": renamenx,
    "swapdb": swapdb,
    "touch": exists,
    "ttl": ttl,
    "type": type_,
    "unlink": del_,
}

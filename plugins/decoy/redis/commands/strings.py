"""This module implements the commands on strings (src/t_string.c)."""

from collections.abc import Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.client import (
    OK,
    ONE,
    SYNTAX,
    ZERO,
    Client,
    Handler,
    Words,
    expect,
    to_float,
    to_int,
)
from plugins.decoy.redis.keyspace import RedisError

MAX_STRING = 1024 * 1024  # bytes; as wire.resp.MAX_BULK
_TOO_LONG = b"ERR string exceeds maximum allowed size (proto-max-bulk-len)"
_OVERFLOW = b"ERR increment or decrement would overflow"
_MILLISECONDS = {b"EX": 1000, b"PX": 1, b"EXAT": 1000, b"PXAT": 1}
_LAST_MS = (1 << 63) - 1


def string(c: Client, key: bytes) -> bytes | None:
    """Return the string under a key, if any."""
    value = c.keys.get(c.db, key, c.ms)
    expect(value, bytes)
    return value if isinstance(value, bytes) else None


def deadline(c: Client, word: bytes, option: bytes, command: str) -> int:
    """Return when something expires, in Unix milliseconds.

    Raises:
        RedisError: not a number, not positive, or beyond the end of time.

    """
    amount = to_int(word)
    when = amount * _MILLISECONDS[option]
    if not option.endswith(b"AT"):
        when += c.ms
    if amount <= 0 or when > _LAST_MS:
        raise RedisError(b"ERR invalid expire time in '%b' command" % command.encode())
    return when


def get(c: Client, words: Words) -> bytes:
    """Answer GET."""
    value = string(c, words[1])
    return c.nil() if value is None else resp.bulk(value)


def set_(c: Client, words: Words) -> bytes:
    """Answer SET."""
    key, value = words[1], words[2]
    expiry: int | None = None
    only = b""
    timed = give_old = False
    at = 3
    while at < len(words):
        option = words[at].upper()
        following = words[at + 1] if at + 1 < len(words) else None
        if option in {b"NX", b"XX"} and only in {b"", option}:
            only = option
        elif option == b"GET":
            give_old = True
        elif option == b"KEEPTTL" and not timed:
            timed = True
            expiry = -1
        elif option in _MILLISECONDS and not timed and following is not None:
            timed = True
            expiry = deadline(c, following, option, "set")
            at += 1
        else:
            raise RedisError(SYNTAX)
        at += 1
    reply = OK
    if give_old:
        reply = get(c, words)
    exists = c.keys.peek(c.db, key, c.ms) is not None
    if (only == b"NX" and exists) or (only == b"XX" and not exists):
        return reply if give_old else c.nil()
    c.keys.put(c.db, key, value, keep_expiry=expiry == -1)
    if expiry is not None and expiry != -1:
        c.keys.set_expiry(c.db, key, expiry)
    return reply


def setnx(c: Client, words: Words) -> bytes:
    """Answer SETNX."""
    if c.keys.peek(c.db, words[1], c.ms) is not None:
        return ZERO
    c.keys.put(c.db, words[1], words[2])
    return ONE


def setex(c: Client, words: Words) -> bytes:
    """Answer SETEX."""
    when = deadline(c, words[2], b"EX", "setex")
    c.keys.put(c.db, words[1], words[3])
    c.keys.set_expiry(c.db, words[1], when)
    return OK


def psetex(c: Client, words: Words) -> bytes:
    """Answer PSETEX."""
    when = deadline(c, words[2], b"PX", "psetex")
    c.keys.put(c.db, words[1], words[3])
    c.keys.set_expiry(c.db, words[1], when)
    return OK


def getset(c: Client, words: Words) -> bytes:
    """Answer GETSET."""
    old = get(c, words)
    c.keys.put(c.db, words[1], words[2])
    return old


def getdel(c: Client, words: Words) -> bytes:
    """Answer GETDEL."""
    old = get(c, words)
    c.keys.remove(c.db, words[1])
    return old


def getex(c: Client, words: Words) -> bytes:
    """Answer GETEX."""
    option = words[2].upper() if len(words) > 2 else b""  # noqa: PLR2004  the key and an option
    value = string(c, words[1])
    if option in _MILLISECONDS and len(words) == 4:  # noqa: PLR2004  GETEX key EX n
        when: int | None = deadline(c, words[3], option, "getex")
    elif option == b"PERSIST" and len(words) == 3:  # noqa: PLR2004  GETEX key PERSIST
        when = None
    elif option:
        raise RedisError(SYNTAX)
    else:
        return c.nil() if value is None else resp.bulk(value)
    if value is None:
        return c.nil()
    c.keys.set_expiry(c.db, words[1], when)
    return resp.bulk(value)


def append(c: Client, words: Words) -> bytes:
    """Answer APPEND."""
    value = (string(c, words[1]) or b"") + words[2]
    if len(value) > MAX_STRING:
        raise RedisError(_TOO_LONG)
    c.keys.put(c.db, words[1], value, keep_expiry=True)
    return resp.integer(len(value))


def strlen(c: Client, words: Words) -> bytes:
    """Answer STRLEN."""
    return resp.integer(len(string(c, words[1]) or b""))


def getrange(c: Client, words: Words) -> bytes:
    """Answer GETRANGE."""
    start, end = to_int(words[2]), to_int(words[3])
    value = string(c, words[1]) or b""
    if start < 0 and end < 0 and start > end:
        return resp.bulk(b"")
    start = max(start + len(value), 0) if start < 0 else start
    end = max(end + len(value), 0) if end < 0 else end
    return resp.bulk(value[start : end + 1])


def setrange(c: Client, words: Words) -> bytes:
    """Answer SETRANGE."""
    offset = to_int(words[2])
    if offset < 0:
        raise RedisError(b"ERR offset is out of range")
    value = string(c, words[1]) or b""
    if not words[3]:
        return resp.integer(len(value))
    if offset + len(words[3]) > MAX_STRING:
        raise RedisError(_TOO_LONG)
    value = value[:offset].ljust(offset, b"\0") + words[3] + value[offset + len(words[3]) :]
    c.keys.put(c.db, words[1], value, keep_expiry=True)
    return resp.integer(len(value))


def _add(c: Client, key: bytes, amount: int) -> bytes:
    value = to_int(string(c, key) or b"0") + amount
    if not -(1 << 63) <= value < 1 << 63:
        raise RedisError(_OVERFLOW)
    c.keys.put(c.db, key, b"%d" % value, keep_expiry=True)
    return resp.integer(value)


def incr(c: Client, words: Words) -> bytes:
    """Answer INCR."""
    return _add(c, words[1], 1)


def decr(c: Client, words: Words) -> bytes:
    """Answer DECR."""
    return _add(c, words[1], -1)


def incrby(c: Client, words: Words) -> bytes:
    """Answer INCRBY."""
    return _add(c, words[1], to_int(words[2]))


def decrby(c: Client, words: Words) -> bytes:
    """Answer DECRBY."""
    amount = to_int(words[2])
    if amount == -(1 << 63):
        raise RedisError(b"ERR decrement would overflow")
    return _add(c, words[1], -amount)


def incrbyfloat(c: Client, words: Words) -> bytes:
    """Answer INCRBYFLOAT."""
    value = to_float(string(c, words[1]) or b"0") + to_float(words[2])
    if abs(value) == float("inf"):
        raise RedisError(b"ERR increment would produce NaN or Infinity")
    text = b"%.17f" % value
    text = text.rstrip(b"0").rstrip(b".") if value != round(value, 15) else repr(round(value, 15)).encode()
    text = text.removesuffix(b".0")
    c.keys.put(c.db, words[1], text, keep_expiry=True)
    return resp.bulk(text)


def mget(c: Client, words: Words) -> bytes:
    """Answer MGET."""
    found = [c.keys.get(c.db, key, c.ms) for key in words[1:]]
    return resp.array([resp.bulk(value) if isinstance(value, bytes) else c.nil() for value in found])


def mset(c: Client, words: Words) -> bytes:
    """Answer MSET."""
    if len(words) % 2 == 0:
        raise RedisError(b"ERR wrong number of arguments for '%b' command" % words[0].lower())
    for key, value in zip(words[1::2], words[2::2], strict=True):
        c.keys.put(c.db, key, value)
    return OK


def msetnx(c: Client, words: Words) -> bytes:
    """Answer MSETNX."""
    if len(words) % 2 and any(c.keys.peek(c.db, key, c.ms) is not None for key in words[1::2]):
        return ZERO
    mset(c, words)
    return ONE


COMMANDS: Mapping[str, Handler] = {
    "append": append,
    "decr": decr,
    "decrby": decrby,
    "get": get,
    "getdel": getdel,
    "getex": getex,
    "getrange": getrange,
    "getset": getset,
    "incr": incr,
    "incrby": incrby,
    "incrbyfloat": incrbyfloat,
    "mget": mget,
    "mset": mset,
    "msetnx": msetnx,
    "psetex": psetex,
    "set": set_,
    "setex": setex,
    "setnx": setnx,
    "setrange": setrange,
    "strlen": strlen,
    "substr": getrange,
}

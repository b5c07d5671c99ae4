"""This module implements the commands on sets (src/t_set.c)."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from decnet_actors.wire import resp
from plugins.decoy.redis.client import ONE, ZERO, Client, Handler, Words, expect, to_int
from plugins.decoy.redis.commands.collections import NOT_POSITIVE, shrunk
from plugins.decoy.redis.keyspace import Members, RedisError

Combine: TypeAlias = Callable[[set[bytes], set[bytes]], set[bytes]]


def _set(c: Client, key: bytes) -> Members | None:
    value = c.keys.get(c.db, key, c.ms)
    expect(value, Members)
    return value if isinstance(value, Members) else None


def sadd(c: Client, words: Words) -> bytes:
    """Answer SADD."""
    members = _set(c, words[1])
    if members is None:
        members = Members()
        c.keys.put(c.db, words[1], members)
    new = [item for item in dict.fromkeys(words[2:]) if item not in members]
    c.keys.grow(c.db, words[1], c.keys.element(*new))
    members.update(dict.fromkeys(new))
    return resp.integer(len(new))


def srem(c: Client, words: Words) -> bytes:
    """Answer SREM."""
    members = _set(c, words[1])
    if members is None:
        return ZERO
    gone = [item for item in dict.fromkeys(words[2:]) if item in members]
    for item in gone:
        del members[item]
    if gone:
        shrunk(c, words[1], members, c.keys.element(*gone))
    return resp.integer(len(gone))


def smembers(c: Client, words: Words) -> bytes:
    """Answer SMEMBERS."""
    return c.unordered(_in_order(_set(c, words[1]) or Members()))


def _in_order(members: Members) -> list[bytes]:
    """Return the members; a set of integers is kept sorted (src/intset.c)."""
    items = list(members)
    try:
        return sorted(items, key=to_int)
    except RedisError:
        return items


def scard(c: Client, words: Words) -> bytes:
    """Answer SCARD."""
    return resp.integer(len(_set(c, words[1]) or ()))


def sismember(c: Client, words: Words) -> bytes:
    """Answer SISMEMBER."""
    return ONE if words[2] in (_set(c, words[1]) or ()) else ZERO


def smismember(c: Client, words: Words) -> bytes:
    """Answer SMISMEMBER."""
    members = _set(c, words[1]) or Members()
    return resp.array([ONE if item in members else ZERO for item in words[2:]])


def spop(c: Client, words: Words) -> bytes:
    """Answer SPOP."""
    if len(words) > 3:  # noqa: PLR2004  SPOP key count
        raise RedisError(b"ERR syntax error")
    count = to_int(words[2], NOT_POSITIVE) if len(words) == 3 else None  # noqa: PLR2004  as above
    if count is not None and count < 0:
        raise RedisError(NOT_POSITIVE)
    members = _set(c, words[1])
    if members is None:
        return c.nil() if count is None else c.unordered([])
    chosen = c.server.rng.sample(list(members), min(1 if count is None else count, len(members)))
    srem(c, (b"srem", words[1], *chosen))
    return resp.bulk(chosen[0]) if count is None else c.unordered(chosen)


def srandmember(c: Client, words: Words) -> bytes:
    """Answer SRANDMEMBER."""
    members = list(_set(c, words[1]) or ())
    if len(words) == 2:  # noqa: PLR2004  SRANDMEMBER key
        return resp.bulk(c.server.rng.choice(members)) if members else c.nil()
    count = to_int(words[2])
    if count < 0:
        return resp.bulks(c.server.rng.choices(members, k=min(-count, len(members) * 4)) if members else [])
    return resp.bulks(c.server.rng.sample(members, min(count, len(members))))


def _merged(c: Client, keys: Words, combine: Combine) -> Members:
    sets = [_set(c, key) or Members() for key in keys]
    kept = set(sets[0])
    for other in sets[1:]:
        kept = combine(kept, set(other))
    everything = dict.fromkeys(item for one in sets for item in one)
    return Members((item, None) for item in everything if item in kept)


def _combined(combine: Combine) -> Handler:
    return lambda c, words: c.unordered(_in_order(_merged(c, words[1:], combine)))


def _stored(combine: Combine) -> Handler:
    def handler(c: Client, words: Words) -> bytes:
        found = _merged(c, words[2:], combine)
        c.keys.peek(c.db, words[1], c.ms)
        c.keys.remove(c.db, words[1])
        if found:
            c.keys.put(c.db, words[1], found)
        return resp.integer(len(found))

    return handler


def sintercard(c: Client, words: Words) -> bytes:
    """Answer SINTERCARD."""
    count = to_int(words[1], b"ERR numkeys should be greater than 0")
    if count < 1:
        raise RedisError(b"ERR numkeys should be greater than 0")
    if count > len(words) - 2:
        raise RedisError(b"ERR Number of keys can't be greater than number of args")
    limit, rest = 0, words[2 + count :]
    if rest:
        if len(rest) != 2 or rest[0].upper() != b"LIMIT":  # noqa: PLR2004  LIMIT n
            raise RedisError(b"ERR syntax error")
        limit = to_int(rest[1], b"ERR LIMIT can't be negative")
        if limit < 0:
            raise RedisError(b"ERR LIMIT can't be negative")
    size = len(_merged(c, words[2 : 2 + count], set.intersection))
    return resp.integer(min(size, limit) if limit else size)


def smove(c: Client, words: Words) -> bytes:
    """Answer SMOVE."""
    members = _set(c, words[1])
    _set(c, words[2])
    if members is None or words[3] not in members:
        return ZERO
    srem(c, (b"srem", words[1], words[3]))
    sadd(c, (b"sadd", words[2], words[3]))
    return ONE


COMMANDS: Mapping[str, Handler] = {
    "sadd": sadd,
    "scard": scard,
    "sdiff": _combined(set.difference),
    "sdiffstore": _stored(set.difference),
    "sinter": _combined(set.intersection),
    "sintercard": sintercard,
    "sinterstore": _stored(set.intersection),
    "sismember": sismember,
    "smembers": smembers,
    "smismember": smismember,
    "smove": smove,
    "spop": spop,
    "srandmember": srandmember,
    "srem": srem,
    "sunion": _combined(set.union),
    "sunionstore": _stored(set.union),
}

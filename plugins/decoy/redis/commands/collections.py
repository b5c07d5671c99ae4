"""This module implements the commands on lists and hashes (src/t_list.c, src/t_hash.c)."""

from collections import deque
from collections.abc import Mapping
from itertools import islice

from decnet_actors.wire import resp
from plugins.decoy.redis.client import ONE, ZERO, Client, Handler, Words, expect, to_float, to_int
from plugins.decoy.redis.client import shown as shown_number
from plugins.decoy.redis.keyspace import Hash, Members, RedisError

NOT_POSITIVE = b"ERR value is out of range, must be positive"


# --- lists


def _list(c: Client, key: bytes) -> "deque[bytes] | None":
    value = c.keys.get(c.db, key, c.ms)
    expect(value, deque)
    return value if isinstance(value, deque) else None


def _push(c: Client, words: Words, *, left: bool, only_existing: bool = False) -> bytes:
    items = _list(c, words[1])
    if items is None:
        if only_existing:
            return ZERO
        c.keys.put(c.db, words[1], deque())
        items = _list(c, words[1])
    if items is None:  # pragma: no cover  it was just put
        return ZERO
    c.keys.grow(c.db, words[1], c.keys.element(*words[2:]))
    (items.extendleft if left else items.extend)(words[2:])
    return resp.integer(len(items))


def lpush(c: Client, words: Words) -> bytes:
    """Answer LPUSH."""
    return _push(c, words, left=True)


def rpush(c: Client, words: Words) -> bytes:
    """Answer RPUSH."""
    return _push(c, words, left=False)


def lpushx(c: Client, words: Words) -> bytes:
    """Answer LPUSHX."""
    return _push(c, words, left=True, only_existing=True)


def rpushx(c: Client, words: Words) -> bytes:
    """Answer RPUSHX."""
    return _push(c, words, left=False, only_existing=True)


def _pop(c: Client, words: Words, *, left: bool) -> bytes:
    count = None
    if len(words) > 3:  # noqa: PLR2004  LPOP key count
        raise RedisError(b"ERR wrong number of arguments for '%b' command" % words[0].lower())
    if len(words) == 3:  # noqa: PLR2004  LPOP key count
        count = to_int(words[2], NOT_POSITIVE)
        if count < 0:
            raise RedisError(NOT_POSITIVE)
    items = _list(c, words[1])
    if items is None:
        return c.nil() if count is None else c.no_array()
    taken = [items.popleft() if left else items.pop() for _ in range(min(1 if count is None else count, len(items)))]
    shrunk(c, words[1], items, c.keys.element(*taken))
    return resp.bulks(taken) if count is not None else resp.bulk(taken[0])


def shrunk(c: Client, key: bytes, value: "deque[bytes] | Hash | Members", size: int) -> None:
    """Count what was taken from a collection, and remove the key of an empty one."""
    c.keys.grow(c.db, key, -size)
    if not value:
        c.keys.remove(c.db, key)


def lpop(c: Client, words: Words) -> bytes:
    """Answer LPOP."""
    return _pop(c, words, left=True)


def rpop(c: Client, words: Words) -> bytes:
    """Answer RPOP."""
    return _pop(c, words, left=False)


def llen(c: Client, words: Words) -> bytes:
    """Answer LLEN."""
    return resp.integer(len(_list(c, words[1]) or ()))


def _bounds(words: Words, length: int) -> tuple[int, int]:
    start, end = to_int(words[2]), to_int(words[3])
    return max(start + length, 0) if start < 0 else start, (end + length if end < 0 else min(end, length - 1)) + 1


def lrange(c: Client, words: Words) -> bytes:
    """Answer LRANGE."""
    to_int(words[2]), to_int(words[3])
    items = _list(c, words[1])
    if items is None:
        return b"*0\r\n"
    start, end = _bounds(words, len(items))
    return resp.bulks(list(islice(items, start, max(end, start))))


def lindex(c: Client, words: Words) -> bytes:
    """Answer LINDEX."""
    items = _list(c, words[1])
    index = to_int(words[2])
    return c.nil() if items is None or not -len(items) <= index < len(items) else resp.bulk(items[index])


def lset(c: Client, words: Words) -> bytes:
    """Answer LSET."""
    items = _list(c, words[1])
    if items is None:
        raise RedisError(b"ERR no such key")
    index = to_int(words[2])
    if not -len(items) <= index < len(items):
        raise RedisError(b"ERR index out of range")
    c.keys.grow(c.db, words[1], len(words[3]) - len(items[index]))
    items[index] = words[3]
    return b"+OK\r\n"


def ltrim(c: Client, words: Words) -> bytes:
    """Answer LTRIM."""
    to_int(words[2]), to_int(words[3])
    items = _list(c, words[1])
    if items is not None:
        start, end = _bounds(words, len(items))
        kept = deque(islice(items, start, max(end, start)))
        gone = c.keys.element(*items) - c.keys.element(*kept)
        items.clear()
        items.extend(kept)
        shrunk(c, words[1], items, gone)
    return b"+OK\r\n"


def lrem(c: Client, words: Words) -> bytes:
    """Answer LREM."""
    count = to_int(words[2])
    items = _list(c, words[1])
    if items is None:
        return ZERO
    left = abs(count) or len(items)
    ordered = list(items) if count >= 0 else list(reversed(items))
    kept: list[bytes] = []
    for item in ordered:
        if item == words[3] and left:
            left -= 1
        else:
            kept.append(item)
    removed = len(items) - len(kept)
    items.clear()
    items.extend(kept if count >= 0 else reversed(kept))
    if removed:
        shrunk(c, words[1], items, removed * c.keys.element(words[3]))
    return resp.integer(removed)


def linsert(c: Client, words: Words) -> bytes:
    """Answer LINSERT."""
    where = words[2].upper()
    if where not in {b"BEFORE", b"AFTER"}:
        raise RedisError(b"ERR syntax error")
    items = _list(c, words[1])
    if items is None:
        return ZERO
    if words[3] not in items:
        return b":-1\r\n"
    c.keys.grow(c.db, words[1], c.keys.element(words[4]))
    items.insert(items.index(words[3]) + (where == b"AFTER"), words[4])
    return resp.integer(len(items))


def lmove(c: Client, words: Words) -> bytes:
    """Answer LMOVE."""
    sides = [words[3].upper(), words[4].upper()]
    if not set(sides) <= {b"LEFT", b"RIGHT"}:
        raise RedisError(b"ERR syntax error")
    if _list(c, words[1]) is None:
        return c.nil()
    _list(c, words[2])
    reply = _pop(c, words[:2], left=sides[0] == b"LEFT")
    moved = reply.partition(b"\r\n")[2][:-2]
    _push(c, (b"lpush", words[2], moved), left=sides[1] == b"LEFT")
    return reply


def rpoplpush(c: Client, words: Words) -> bytes:
    """Answer RPOPLPUSH."""
    return lmove(c, (*words, b"RIGHT", b"LEFT"))


# --- hashes


def _hash(c: Client, key: bytes) -> Hash | None:
    value = c.keys.get(c.db, key, c.ms)
    expect(value, Hash)
    return value if isinstance(value, Hash) else None


def _own_hash(c: Client, key: bytes) -> Hash:
    found = _hash(c, key)
    if found is None:
        found = Hash()
        c.keys.put(c.db, key, found)
    return found


def _put_field(c: Client, key: bytes, fields: Hash, name: bytes, value: bytes) -> bool:
    new = name not in fields
    c.keys.grow(c.db, key, c.keys.element(name, value) if new else len(value) - len(fields[name]))
    fields[name] = value
    return new


def hset(c: Client, words: Words) -> bytes:
    """Answer HSET."""
    if len(words) % 2:
        raise RedisError(b"ERR wrong number of arguments for '%b' command" % words[0].lower())
    fields = _own_hash(c, words[1])
    pairs = zip(words[2::2], words[3::2], strict=True)
    added = sum([_put_field(c, words[1], fields, name, value) for name, value in pairs])
    return resp.integer(added) if words[0].lower() == b"hset" else b"+OK\r\n"


def hsetnx(c: Client, words: Words) -> bytes:
    """Answer HSETNX."""
    fields = _own_hash(c, words[1])
    if words[2] in fields:
        return ZERO
    _put_field(c, words[1], fields, words[2], words[3])
    return ONE


def hget(c: Client, words: Words) -> bytes:
    """Answer HGET."""
    value = (_hash(c, words[1]) or Hash()).get(words[2])
    return c.nil() if value is None else resp.bulk(value)


def hmget(c: Client, words: Words) -> bytes:
    """Answer HMGET."""
    fields = _hash(c, words[1]) or Hash()
    return resp.array([resp.bulk(fields[name]) if name in fields else c.nil() for name in words[2:]])


def hgetall(c: Client, words: Words) -> bytes:
    """Answer HGETALL."""
    fields = _hash(c, words[1]) or Hash()
    return c.mapping([resp.bulk(part) for pair in fields.items() for part in pair])


def hkeys(c: Client, words: Words) -> bytes:
    """Answer HKEYS."""
    return resp.bulks(list(_hash(c, words[1]) or ()))


def hvals(c: Client, words: Words) -> bytes:
    """Answer HVALS."""
    return resp.bulks(list((_hash(c, words[1]) or Hash()).values()))


def hlen(c: Client, words: Words) -> bytes:
    """Answer HLEN."""
    return resp.integer(len(_hash(c, words[1]) or ()))


def hexists(c: Client, words: Words) -> bytes:
    """Answer HEXISTS."""
    return ONE if words[2] in (_hash(c, words[1]) or ()) else ZERO


def hstrlen(c: Client, words: Words) -> bytes:
    """Answer HSTRLEN."""
    return resp.integer(len((_hash(c, words[1]) or Hash()).get(words[2], b"")))


def hrandfield(c: Client, words: Words) -> bytes:
    """Answer HRANDFIELD."""
    names = list(_hash(c, words[1]) or ())
    if len(words) == 2:  # noqa: PLR2004  HRANDFIELD key
        return resp.bulk(c.server.rng.choice(names)) if names else c.nil()
    count = to_int(words[2])
    return resp.bulks(c.server.rng.sample(names, min(abs(count), len(names))))


def hdel(c: Client, words: Words) -> bytes:
    """Answer HDEL."""
    fields = _hash(c, words[1])
    if fields is None:
        return ZERO
    gone = [(name, fields.pop(name)) for name in dict.fromkeys(words[2:]) if name in fields]
    if gone:
        shrunk(c, words[1], fields, c.keys.element(*(part for pair in gone for part in pair)))
    return resp.integer(len(gone))


def hincrby(c: Client, words: Words) -> bytes:
    """Answer HINCRBY."""
    amount = to_int(words[3])
    fields = _own_hash(c, words[1])
    value = to_int(fields.get(words[2], b"0"), b"ERR hash value is not an integer") + amount
    if not -(1 << 63) <= value < 1 << 63:
        raise RedisError(b"ERR increment or decrement would overflow")
    _put_field(c, words[1], fields, words[2], b"%d" % value)
    return resp.integer(value)


def hincrbyfloat(c: Client, words: Words) -> bytes:
    """Answer HINCRBYFLOAT."""
    amount = to_float(words[3])
    fields = _own_hash(c, words[1])
    value = to_float(fields.get(words[2], b"0"), b"ERR hash value is not a float") + amount
    text = shown_number(round(value, 15))
    _put_field(c, words[1], fields, words[2], text)
    return resp.bulk(text)


COMMANDS: Mapping[str, Handler] = {
    "hdel": hdel,
    "hexists": hexists,
    "hget": hget,
    "hgetall": hgetall,
    "hincrby": hincrby,
    "hincrbyfloat": hincrbyfloat,
    "hkeys": hkeys,
    "hlen": hlen,
    "hmget": hmget,
    "hrandfield": hrandfield,
    "hmset": hset,
    "hset": hset,
    "hsetnx": hsetnx,
    "hstrlen": hstrlen,
    "hvals": hvals,
    "lindex": lindex,
    "linsert": linsert,
    "llen": llen,
    "lmove": lmove,
    "lpop": lpop,
    "lpush": lpush,
    "lpushx": lpushx,
    "lrange": lrange,
    "lrem": lrem,
    "lset": lset,
    "ltrim": ltrim,
    "rpop": rpop,
    "rpoplpush": rpoplpush,
    "rpush": rpush,
    "rpushx": rpushx,
}

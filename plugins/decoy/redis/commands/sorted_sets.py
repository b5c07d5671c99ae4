"""This module implements the commands on sorted sets that clients use most (src/t_zset.c)."""

from collections.abc import Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.client import SYNTAX, ZERO, Client, Handler, Words, expect, to_float, to_int
from plugins.decoy.redis.keyspace import RedisError, Scores

_NOT_POSITIVE = b"ERR value is out of range, must be positive"
_MIN_MAX = b"ERR min or max is not a float"


def _scores(c: Client, key: bytes) -> Scores | None:
    value = c.keys.get(c.db, key, c.ms)
    expect(value, Scores)
    return value if isinstance(value, Scores) else None


def zadd(c: Client, words: Words) -> bytes:
    """Answer ZADD."""
    at, options = 2, set()
    while at < len(words) and words[at].upper() in {b"NX", b"XX", b"CH", b"INCR", b"GT", b"LT"}:
        options.add(words[at].upper())
        at += 1
    pairs = words[at:]
    if not pairs or len(pairs) % 2:
        raise RedisError(SYNTAX)
    if {b"NX", b"XX"} <= options:
        raise RedisError(b"ERR XX and NX options at the same time are not compatible")
    if len(options & {b"NX", b"GT", b"LT"}) > 1:
        raise RedisError(b"ERR GT, LT, and/or NX options at the same time are not compatible")
    if b"INCR" in options and len(pairs) > 2:  # noqa: PLR2004  one pair
        raise RedisError(b"ERR INCR option supports a single increment-element pair")
    wanted = [(to_float(score), item) for score, item in zip(pairs[::2], pairs[1::2], strict=True)]
    scores = _scores(c, words[1])
    if scores is None:
        if b"XX" in options:
            return c.nil() if b"INCR" in options else ZERO
        scores = Scores()
        c.keys.put(c.db, words[1], scores)
    added = changed = 0
    for score, item in wanted:
        old = scores.get(item)
        new = score + (old or 0.0) if b"INCR" in options else score
        refused = (
            (b"NX" in options and old is not None)
            or (b"XX" in options and old is None)
            or (b"GT" in options and old is not None and new <= old)
            or (b"LT" in options and old is not None and new >= old)
        )
        if refused:
            if b"INCR" in options:
                return c.nil()
            continue
        c.keys.grow(c.db, words[1], c.keys.element(item) if old is None else 0)
        scores[item] = new
        added += old is None
        changed += old != new
        if b"INCR" in options:
            return c.number(new)
    return resp.integer(changed if b"CH" in options else added)


def zincrby(c: Client, words: Words) -> bytes:
    """Answer ZINCRBY."""
    return zadd(c, (b"zadd", words[1], b"INCR", words[2], words[3]))


def zscore(c: Client, words: Words) -> bytes:
    """Answer ZSCORE."""
    score = (_scores(c, words[1]) or Scores()).get(words[2])
    return c.nil() if score is None else c.number(score)


def zcard(c: Client, words: Words) -> bytes:
    """Answer ZCARD."""
    return resp.integer(len(_scores(c, words[1]) or ()))


def zrem(c: Client, words: Words) -> bytes:
    """Answer ZREM."""
    scores = _scores(c, words[1])
    if scores is None:
        return ZERO
    gone = [item for item in dict.fromkeys(words[2:]) if scores.pop(item, None) is not None]
    c.keys.grow(c.db, words[1], -c.keys.element(*gone))
    if not scores:
        c.keys.remove(c.db, words[1])
    return resp.integer(len(gone))


def _rank(c: Client, words: Words, *, backwards: bool) -> bytes:
    ordered = [item for item, _ in (_scores(c, words[1]) or Scores()).ordered()]
    if words[2] not in ordered:
        return c.nil()
    index = ordered.index(words[2])
    return resp.integer(len(ordered) - 1 - index if backwards else index)


def zrank(c: Client, words: Words) -> bytes:
    """Answer ZRANK."""
    return _rank(c, words, backwards=False)


def zrevrank(c: Client, words: Words) -> bytes:
    """Answer ZREVRANK."""
    return _rank(c, words, backwards=True)


def _by_rank(c: Client, words: Words, *, backwards: bool) -> bytes:
    start, end = to_int(words[2]), to_int(words[3])
    options = [word.upper() for word in words[4:]]
    if set(options) - {b"WITHSCORES"}:
        raise RedisError(SYNTAX)
    ordered = (_scores(c, words[1]) or Scores()).ordered()
    if backwards:
        ordered.reverse()
    start = max(start + len(ordered), 0) if start < 0 else start
    end = end + len(ordered) if end < 0 else end
    return _shown(c, ordered[start : end + 1], scores=bool(options))


def _shown(c: Client, pairs: "list[tuple[bytes, float]]", *, scores: bool) -> bytes:
    items: list[bytes] = []
    for item, score in pairs:
        items.append(resp.bulk(item))
        if scores:
            items.append(c.number(score))
    return resp.array(items)


def zrange(c: Client, words: Words) -> bytes:
    """Answer ZRANGE."""
    return _by_rank(c, words, backwards=False)


def zrevrange(c: Client, words: Words) -> bytes:
    """Answer ZREVRANGE."""
    return _by_rank(c, words, backwards=True)


def _bound(word: bytes) -> tuple[float, bool]:
    return to_float(word.removeprefix(b"("), _MIN_MAX), word.startswith(b"(")


def _between(c: Client, key: bytes, low: bytes, high: bytes) -> "list[tuple[bytes, float]]":
    (least, above), (most, below) = _bound(low), _bound(high)
    return [
        (item, score)
        for item, score in (_scores(c, key) or Scores()).ordered()
        if (score > least if above else score >= least) and (score < most if below else score <= most)
    ]


def zrangebyscore(c: Client, words: Words) -> bytes:
    """Answer ZRANGEBYSCORE."""
    return _limited(c, words, _between(c, words[1], words[2], words[3]))


def zrevrangebyscore(c: Client, words: Words) -> bytes:
    """Answer ZREVRANGEBYSCORE."""
    return _limited(c, words, _between(c, words[1], words[3], words[2])[::-1])


def _limited(c: Client, words: Words, found: "list[tuple[bytes, float]]") -> bytes:
    at, scores = 4, False
    while at < len(words):
        option = words[at].upper()
        if option == b"WITHSCORES":
            scores = True
        elif option == b"LIMIT" and at + 2 < len(words):
            offset, count = to_int(words[at + 1]), to_int(words[at + 2])
            found = found[offset : offset + count if count >= 0 else None] if offset >= 0 else []
            at += 2
        else:
            raise RedisError(SYNTAX)
        at += 1
    return _shown(c, found, scores=scores)


def zcount(c: Client, words: Words) -> bytes:
    """Answer ZCOUNT."""
    return resp.integer(len(_between(c, words[1], words[2], words[3])))


def zmscore(c: Client, words: Words) -> bytes:
    """Answer ZMSCORE."""
    scores = _scores(c, words[1]) or Scores()
    return resp.array([c.number(scores[item]) if item in scores else c.nil() for item in words[2:]])


def _popped(c: Client, words: Words, *, highest: bool) -> bytes:
    if len(words) > 3:  # noqa: PLR2004  ZPOPMIN key count
        raise RedisError(SYNTAX)
    count = to_int(words[2], _NOT_POSITIVE) if len(words) == 3 else 1  # noqa: PLR2004  as above
    if count < 0:
        raise RedisError(_NOT_POSITIVE)
    ordered = (_scores(c, words[1]) or Scores()).ordered()
    if highest:
        ordered.reverse()
    return _taken(c, words[1], ordered[:count])


def _taken(c: Client, key: bytes, pairs: "list[tuple[bytes, float]]") -> bytes:
    if pairs:
        zrem(c, (b"zrem", key, *(item for item, _ in pairs)))
    return _shown(c, pairs, scores=True)


def zpopmin(c: Client, words: Words) -> bytes:
    """Answer ZPOPMIN."""
    return _popped(c, words, highest=False)


def zpopmax(c: Client, words: Words) -> bytes:
    """Answer ZPOPMAX."""
    return _popped(c, words, highest=True)


def zremrangebyscore(c: Client, words: Words) -> bytes:
    """Answer ZREMRANGEBYSCORE."""
    found = _between(c, words[1], words[2], words[3])
    _taken(c, words[1], found)
    return resp.integer(len(found))


def zremrangebyrank(c: Client, words: Words) -> bytes:
    """Answer ZREMRANGEBYRANK."""
    start, end = to_int(words[2]), to_int(words[3])
    ordered = (_scores(c, words[1]) or Scores()).ordered()
    start = max(start + len(ordered), 0) if start < 0 else start
    end = end + len(ordered) if end < 0 else end
    found = ordered[start : end + 1]
    _taken(c, words[1], found)
    return resp.integer(len(found))


COMMANDS: Mapping[str, Handler] = {
    "zadd": zadd,
    "zcard": zcard,
    "zcount": zcount,
    "zincrby": zincrby,
    "zmscore": zmscore,
    "zpopmax": zpopmax,
    "zpopmin": zpopmin,
    "zrange": zrange,
    "zrangebyscore": zrangebyscore,
    "zrank": zrank,
    "zrem": zrem,
    "zremrangebyrank": zremrangebyrank,
    "zremrangebyscore": zremrangebyscore,
    "zrevrange": zrevrange,
    "zrevrangebyscore": zrevrangebyscore,
    "zrevrank": zrevrank,
    "zscore": zscore,
}

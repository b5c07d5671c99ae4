"""This module implements publish and subscribe within one decky (src/pubsub.c)."""

from collections.abc import Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.client import Client, Handler, Words
from plugins.decoy.redis.keyspace import RedisError, glob_match

MAX_CHANNELS = 1_000  # of one client; ours
_TOO_MANY = b"ERR max number of subscriptions reached"


def _count(c: Client) -> int:
    return len(c.subscriptions or ()) + len(c.patterns or ())


def _message(c: Client, kind: bytes, name: bytes | None, number: int) -> bytes:
    return c.push([resp.bulk(kind), c.nil() if name is None else resp.bulk(name), resp.integer(number)])


def subscribe(c: Client, words: Words) -> bytes:
    """Answer SUBSCRIBE."""
    if c.subscriptions is None:
        c.subscriptions = {}
    return _joined(c, c.subscriptions, b"subscribe", words)


def psubscribe(c: Client, words: Words) -> bytes:
    """Answer PSUBSCRIBE."""
    if c.patterns is None:
        c.patterns = {}
    return _joined(c, c.patterns, b"psubscribe", words)


def _joined(c: Client, names: dict[bytes, None], kind: bytes, words: Words) -> bytes:
    replies = []
    for name in words[1:]:
        if _count(c) >= MAX_CHANNELS:
            raise RedisError(_TOO_MANY)
        names[name] = None
        replies.append(_message(c, kind, name, _count(c)))
    return b"".join(replies)


def unsubscribe(c: Client, words: Words) -> bytes:
    """Answer UNSUBSCRIBE."""
    return _left(c, c.subscriptions, b"unsubscribe", words)


def punsubscribe(c: Client, words: Words) -> bytes:
    """Answer PUNSUBSCRIBE."""
    return _left(c, c.patterns, b"punsubscribe", words)


def _left(c: Client, names: dict[bytes, None] | None, kind: bytes, words: Words) -> bytes:
    leaving = list(words[1:]) or list(names or ())
    if not leaving:
        return _message(c, kind, None, _count(c))
    replies = []
    for name in leaving:
        if names is not None:
            names.pop(name, None)
        replies.append(_message(c, kind, name, _count(c)))
    return b"".join(replies)


def publish(c: Client, words: Words) -> bytes:
    """Answer PUBLISH."""
    channel, text = words[1], words[2]
    reached = 0
    for other in c.server.clients.values():
        if other.subscriptions and channel in other.subscriptions:
            reached += 1
            other.deliver(other.push([resp.bulk(b"message"), resp.bulk(channel), resp.bulk(text)]))
        for pattern in other.patterns or ():
            if glob_match(pattern, channel):
                reached += 1
                parts = (b"pmessage", pattern, channel, text)
                other.deliver(other.push([resp.bulk(part) for part in parts]))
    return resp.integer(reached)


def channels(c: Client, words: Words) -> bytes:
    """Answer PUBSUB CHANNELS."""
    pattern = words[2] if len(words) > 2 else b"*"  # noqa: PLR2004  PUBSUB CHANNELS pattern
    names = dict.fromkeys(name for other in c.server.clients.values() for name in other.subscriptions or ())
    return resp.bulks([name for name in names if glob_match(pattern, name)])


def numsub(c: Client, words: Words) -> bytes:
    """Answer PUBSUB NUMSUB."""

    def listeners(name: bytes) -> int:
        return sum(name in (other.subscriptions or ()) for other in c.server.clients.values())

    return resp.array([part for name in words[2:] for part in (resp.bulk(name), resp.integer(listeners(name)))])


def numpat(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer PUBSUB NUMPAT."""
    return resp.integer(len({name for other in c.server.clients.values() for name in other.patterns or ()}))


COMMANDS: Mapping[str, Handler] = {
    "psubscribe": psubscribe,
    "publish": publish,
    "pubsub|channels": channels,
    "pubsub|numpat": numpat,
    "pubsub|numsub": numsub,
    "pubsub|shardchannels": lambda _c, _words: b"*0\r\n",
    "pubsub|shardnumsub": lambda _c, words: resp.array([x for n in words[2:] for x in (resp.bulk(n), b":0\r\n")]),
    "punsubscribe": punsubscribe,
    "spublish": lambda _c, _words: b":0\r\n",
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
}

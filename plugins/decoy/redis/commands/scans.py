"""This module implements SCAN and its kin (src/db.c, scanGenericCommand)."""

from collections.abc import Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.client import SYNTAX, Client, Handler, Words, expect, shown, to_int
from plugins.decoy.redis.keyspace import TYPES, Hash, Members, RedisError, Scores, glob_match

_LAST_CURSOR = (1 << 64) - 1


def _elements_scanned(kind: type) -> Handler:
    """Return HSCAN, SSCAN or ZSCAN: small collections come as a whole, whatever the cursor."""

    def handler(c: Client, words: Words) -> bytes:
        to_int(words[2], b"ERR invalid cursor")
        value = c.keys.get(c.db, words[1], c.ms)
        expect(value, kind)
        pattern = _options(words[3:])[1]
        found: list[bytes] = []
        for item in value if isinstance(value, Hash | Members | Scores) else ():
            if pattern == b"*" or glob_match(pattern, item):
                found.append(resp.bulk(item))
                if isinstance(value, Hash):
                    found.append(resp.bulk(value[item]))
                elif isinstance(value, Scores):
                    found.append(resp.bulk(shown(value[item])))
        return resp.array([resp.bulk(b"0"), resp.array(found)])

    return handler


def scan(c: Client, words: Words) -> bytes:
    """Answer SCAN."""
    cursor = to_int(words[1], b"ERR invalid cursor")
    # The server reads it as unsigned: a negative cursor is beyond the end, not an error.
    page, following = _scanned(c, words[2:], cursor & _LAST_CURSOR)
    return resp.array([resp.bulk(b"%d" % following), resp.bulks(page)])


def _scanned(c: Client, words: Words, cursor: int) -> tuple[list[bytes], int]:
    """Return the keys of a page that fit, and the next cursor."""
    count, pattern, kind = _options(words)
    everything = list(c.keys.keys(c.db, c.ms))
    page = everything[cursor : cursor + count]
    following = cursor + count if cursor + count < len(everything) else 0
    fitting = [
        key
        for key in page
        if (pattern == b"*" or glob_match(pattern, key))
        and (not kind or TYPES[type(c.keys.peek(c.db, key, c.ms))] == kind)
    ]
    return fitting, following


def _options(words: Words) -> tuple[int, bytes, bytes]:
    """Return COUNT, MATCH and TYPE of a scan."""
    count, pattern, kind, at = 10, b"*", b"", 0
    while at < len(words):
        option = words[at].upper()
        if at + 1 >= len(words):
            raise RedisError(SYNTAX)
        if option == b"COUNT":
            count = to_int(words[at + 1])
            if count < 1:
                raise RedisError(SYNTAX)
        elif option == b"MATCH":
            pattern = words[at + 1]
        elif option == b"TYPE":
            kind = words[at + 1].lower()
        else:
            raise RedisError(SYNTAX)
        at += 2
    return count, pattern, kind


COMMANDS: Mapping[str, Handler] = {
    "hscan": _elements_scanned(Hash),
    "scan": scan,
    "sscan": _elements_scanned(Members),
    "zscan": _elements_scanned(Scores),
}

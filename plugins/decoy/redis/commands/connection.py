"""This module implements the commands on the connection itself (src/networking.c, src/acl.c)."""

import math
from collections.abc import Mapping

from decnet_actors.domain.facts import CredentialSeen, Outcome
from decnet_actors.wire import resp
from plugins.decoy.redis.client import NOT_AN_INTEGER, OK, SYNTAX, ZERO, Client, Handler, Words, to_int
from plugins.decoy.redis.keyspace import DATABASES, RedisError

MECHANISM = "redis auth"
_DEFAULT = "default"
_NO_PASSWORD = (
    b"ERR AUTH <password> called without any password configured for the default user. "
    b"Are you sure your configuration is correct?"
)
_WRONG = b"WRONGPASS invalid username-password pair or user is disabled."
_TEXT_SINCE = (6, 2)


def auth(c: Client, words: Words) -> bytes:
    """Answer AUTH with a password, or with a user and a password."""
    if len(words) > 3:  # noqa: PLR2004  AUTH user password
        raise RedisError(SYNTAX)
    if not c.server.has_users and len(words) != 2:  # noqa: PLR2004  AUTH password
        raise RedisError(b"ERR wrong number of arguments for 'auth' command")
    user, secret = (None, words[1]) if len(words) == 2 else (words[1], words[2])  # noqa: PLR2004  as above
    accepted, complaint = _judged(c, user, secret)
    name = None if user is None else user.decode("utf-8", "surrogateescape")
    outcome = Outcome.ACCEPTED if accepted else Outcome.REFUSED
    c.facts.append(CredentialSeen(user=_text(name), secret=secret, mechanism=MECHANISM, outcome=outcome))
    if not accepted:
        raise RedisError(complaint)
    c.authenticated = True
    c.user = _DEFAULT if name is None else name
    return OK


def _text(name: str | None) -> str | None:
    """Return a name that can be stored: undecodable bytes are shown, not kept as surrogates."""
    return None if name is None else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _judged(c: Client, user: bytes | None, secret: bytes) -> tuple[bool, bytes]:
    """Return whether the pair is right, and what is said if not."""
    name = _DEFAULT if user is None else user.decode("utf-8", "replace")
    if c.server.password and name == _DEFAULT and secret == c.server.password:
        return True, b""
    if c.server.policy.accepts(name, secret, service="redis"):
        return True, b""
    if not c.server.password:
        if user is not None and name == _DEFAULT:
            return True, b""  # "nopass" takes any
        if user is None:
            old = b"ERR Client sent AUTH, but no password is set"
            return False, _NO_PASSWORD if c.server.has_users else old
    if not c.server.has_users:
        return False, b"ERR invalid password"
    return False, _WRONG if c.server.version >= _TEXT_SINCE else b"WRONGPASS invalid username-password pair"


def hello(c: Client, words: Words) -> bytes:
    """Answer HELLO: choose a protocol, and perhaps authenticate."""
    protocol, at = c.protocol, 2
    if len(words) > 1:
        version = to_int(words[1], b"ERR Protocol version is not an integer or out of range")
        if version not in {2, 3}:
            raise RedisError(b"NOPROTO unsupported protocol version")
        protocol = version
    name: bytes | None = None
    while at < len(words):
        option = words[at].upper()
        if option == b"AUTH" and at + 2 < len(words):
            auth(c, (b"auth", words[at + 1], words[at + 2]))
            at += 2
        elif option == b"SETNAME" and at + 1 < len(words):
            name = _checked_name(words[at + 1])
            at += 1
        else:
            raise RedisError(b"ERR Syntax error in HELLO option '%b'" % words[at])
        at += 1
    if not c.authenticated:
        raise RedisError(
            b"NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "
            b"<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the "
            b"same time"
        )
    c.protocol = protocol
    if name is not None:
        c.name = name
    role = b"master" if c.server.master is None else b"replica"
    pairs = (
        (b"server", resp.bulk(b"redis")),
        (b"version", resp.bulk(c.server.version_text.encode())),
        (b"proto", resp.integer(c.protocol)),
        (b"id", resp.integer(c.id)),
        (b"mode", resp.bulk(b"standalone")),
        (b"role", resp.bulk(role)),
        (b"modules", b"*0\r\n"),
    )
    return c.mapping([part for key, value in pairs for part in (resp.bulk(key), value)])


def select(c: Client, words: Words) -> bytes:
    """Answer SELECT."""
    db = to_int(words[1])
    if not 0 <= db < DATABASES:
        raise RedisError(b"ERR DB index is out of range")
    c.db = db
    return OK


def ping(c: Client, words: Words) -> bytes:
    """Answer PING."""
    if len(words) > 2:  # noqa: PLR2004  PING message
        raise RedisError(b"ERR wrong number of arguments for 'ping' command")
    if c.protocol == 2 and (c.subscriptions or c.patterns):  # noqa: PLR2004  as in RESP 2
        return resp.bulks([b"pong", words[1] if len(words) > 1 else b""])
    return resp.bulk(words[1]) if len(words) > 1 else b"+PONG\r\n"


def echo(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer ECHO."""
    return resp.bulk(words[1])


def reset(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer RESET."""
    c.queue = c.watching = None
    c.dirty = False
    c.subscriptions = c.patterns = None
    c.db, c.name, c.protocol, c.user = 0, b"", 2, _DEFAULT
    c.authenticated = not c.server.password
    return b"+RESET\r\n"


def line(c: Client, other: Client) -> bytes:
    """Return a client as CLIENT LIST shows it."""
    queued = -1 if other.queue is None else len(other.queue)
    subscribed = bool(other.subscriptions or other.patterns)
    peer = other.peer
    fields: list[tuple[str, object]] = [
        ("id", other.id),
        ("addr", f"{peer.address}:{peer.port}"),
        ("laddr", f"{peer.local_address}:{c.server.config['port']}"),
        ("fd", 7 + other.id % 40),
        ("name", other.name.decode("latin-1")),
        ("age", int(c.now - other.opened)),
        ("idle", int(c.now - other.seen)),
        ("flags", "x" if other.queue is not None else "P" if subscribed else "N"),
        ("db", other.db),
        ("sub", len(other.subscriptions or ())),
        ("psub", len(other.patterns or ())),
        ("ssub", 0),
        ("multi", queued),
        ("qbuf", 26 if other is c else 0),
        ("qbuf-free", 20448 if other is c else 0),
        ("argv-mem", 10 if other is c else 0),
        ("multi-mem", 0),
        ("rbs", 16384 if other is c else 1024),
        ("rbp", 16384 if other is c else 0),
        ("obl", 0),
        ("oll", 0),
        ("omem", 0),
        ("tot-mem", 37658 if other is c else 1928),
        ("events", "r"),
        ("cmd", other.last),
        ("user", other.user),
        ("redir", -1),
        ("resp", other.protocol),
    ]
    if c.server.version < (7, 0):
        added = {"laddr", "ssub", "multi-mem", "rbs", "rbp", "tot-mem", "redir", "resp"}
        fields = [(key, value) for key, value in fields if key not in added]
    text = " ".join(f"{key}={value}" for key, value in fields)
    return text.encode("latin-1", "replace") + b"\n"


def client_list(c: Client, words: Words) -> bytes:
    """Answer CLIENT LIST."""
    wanted = list(c.server.clients.values())
    if len(words) == 4 and words[2].upper() == b"TYPE":  # noqa: PLR2004  CLIENT LIST TYPE x
        kind = words[3].lower()
        if kind not in {b"normal", b"master", b"replica", b"slave", b"pubsub"}:
            raise RedisError(b"ERR Unknown client type '%b'" % words[3])
        subscribed = [one for one in wanted if one.subscriptions or one.patterns]
        plain = [one for one in wanted if one not in subscribed]
        wanted = {b"normal": plain, b"pubsub": subscribed}.get(kind, [])
    elif len(words) > 3 and words[2].upper() == b"ID":  # noqa: PLR2004  CLIENT LIST ID x
        numbers = [to_int(word, b"ERR Invalid client ID") for word in words[3:]]
        wanted = [c.server.clients[number] for number in numbers if number in c.server.clients]
    elif len(words) > 2:  # noqa: PLR2004  as in CLIENT LIST
        raise RedisError(SYNTAX)
    return resp.bulk(b"".join(line(c, other) for other in wanted))


def client_info(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer CLIENT INFO."""
    return resp.bulk(line(c, c))


def client_id(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer CLIENT ID."""
    return resp.integer(c.id)


def _checked_name(name: bytes) -> bytes:
    if any(not 33 <= byte <= 126 for byte in name):  # noqa: PLR2004  printable, no space
        raise RedisError(b"ERR Client names cannot contain spaces, newlines or special characters.")
    return name[:256]


def client_setname(c: Client, words: Words) -> bytes:
    """Answer CLIENT SETNAME."""
    c.name = _checked_name(words[2])
    return OK


def client_getname(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer CLIENT GETNAME."""
    return resp.bulk(c.name) if c.name else c.nil()


def client_kill(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer CLIENT KILL."""
    if len(words) == 3:  # noqa: PLR2004  CLIENT KILL address
        raise RedisError(b"ERR No such client")
    if len(words) % 2:
        raise RedisError(SYNTAX)
    if words[2].upper() == b"ID":
        to_int(words[3], b"ERR client-id should be greater than 0")
    return ZERO


def client_pause(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer CLIENT PAUSE."""
    timeout = to_int(words[2], b"ERR timeout is not an integer or out of range")
    if timeout < 0 or timeout == math.inf:
        raise RedisError(b"ERR timeout is negative")
    return OK


def _fine(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    return OK


def _none(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    to_int(words[2], NOT_AN_INTEGER)
    return ZERO


COMMANDS: Mapping[str, Handler] = {
    "auth": auth,
    "client|getname": client_getname,
    "client|getredir": lambda _c, _words: b":-1\r\n",
    "client|id": client_id,
    "client|info": client_info,
    "client|kill": client_kill,
    "client|list": client_list,
    "client|no-evict": _fine,
    "client|pause": client_pause,
    "client|reply": _fine,
    "client|setname": client_setname,
    "client|tracking": _fine,
    "client|unblock": _none,
    "client|unpause": _fine,
    "echo": echo,
    "hello": hello,
    "ping": ping,
    "reset": reset,
    "select": select,
}

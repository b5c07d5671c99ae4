"""This module implements CONFIG (src/config.c), with the protections of the version."""

from collections.abc import Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.client import OK, Client, Handler, Words
from plugins.decoy.redis.keyspace import RedisError, glob_match

PROTECTS_SINCE = (7, 0)
MAX_SETTING = 64 * 1024  # bytes of one value; ours

# Settings that 7.0 refuses to change at run time unless enable-protected-configs says otherwise.
PROTECTED = frozenset({"dbfilename", "dir"})
IMMUTABLE = frozenset(
    {
        "aclfile",
        "always-show-logo",
        "appenddirname",
        "appendfilename",
        "cluster-config-file",
        "cluster-enabled",
        "daemonize",
        "databases",
        "disable-thp",
        "enable-debug-command",
        "enable-module-command",
        "enable-protected-configs",
        "io-threads",
        "io-threads-do-reads",
        "logfile",
        "pidfile",
        "rdbchecksum",
        "server_cpulist",
        "supervised",
        "syslog-enabled",
        "syslog-facility",
        "syslog-ident",
        "tcp-backlog",
        "unixsocket",
        "unixsocketperm",
    }
)
_UNITS = {b"": 1, b"b": 1, b"k": 1000, b"kb": 1024, b"m": 10**6, b"mb": 1 << 20, b"g": 10**9, b"gb": 1 << 30}


def get(c: Client, words: Words) -> bytes:
    """Answer CONFIG GET: each setting once, whatever patterns match it."""
    patterns = words[2:]
    if not _protects(c):
        patterns = patterns[:1]
    found = [
        (name, value)
        for name, value in c.server.config.items()
        if any(pattern == b"*" or glob_match(pattern, name.encode(), fold=True) for pattern in patterns)
    ]
    return c.mapping([resp.bulk(part.encode("utf-8", "surrogateescape")) for pair in found for part in pair])


def set_(c: Client, words: Words) -> bytes:
    """Answer CONFIG SET: all the settings, or none."""
    protects = _protects(c)
    if len(words) % 2:
        raise RedisError(b"ERR wrong number of arguments for 'config|set' command" if protects else _syntax(c))
    new: dict[str, str] = {}
    for word, value in zip(words[2::2], words[3::2], strict=True):
        name = word.lower().decode("utf-8", "surrogateescape")
        if name not in c.server.config:
            if protects:
                raise RedisError(b"ERR Unknown option or number of arguments for CONFIG SET - '%b'" % word)
            raise RedisError(b"ERR Unsupported CONFIG parameter: %b" % word)
        if name in new:
            raise _failed(c, word, b"duplicate parameter")
        new[name] = _checked(c, name, word, value)
    c.server.config.update(new)
    if "requirepass" in new:
        c.server.password = new["requirepass"].encode("utf-8", "surrogateescape")
    return OK


def _checked(c: Client, name: str, word: bytes, value: bytes) -> str:
    present = c.server.config[name]
    if name in IMMUTABLE:
        raise _failed(c, word, b"can't set immutable config")
    if name in PROTECTED and _protects(c):
        raise _failed(c, word, b"can't set protected config")
    if len(value) > MAX_SETTING:
        raise _failed(c, word, b"argument is too long")
    text = value.decode("utf-8", "surrogateescape")
    if name == "dir":
        known = c.server.persona.accounts
        homes = {account.home for account in known} | {"/", "/tmp", "/var/lib/redis", "/var/www/html", "/etc", "/root"}  # noqa: S108  the decoy's
        allowed = ("/var/", "/etc/", "/root/", "/home/", "/tmp/", "/usr/", "/opt/", "/dev/", "/run/", "/srv/")  # noqa: S108  the decoy's
        if text.rstrip("/") not in homes and not text.startswith(allowed):
            raise RedisError(b"ERR Changing directory: No such file or directory")
        return text
    if name == "dbfilename" and "/" in text:
        raise _failed(c, word, b"dbfilename can't be a path, just a filename")
    if present in {"yes", "no"}:
        if text.lower() not in {"yes", "no"}:
            raise _failed(c, word, b"argument must be 'yes' or 'no'")
        return text.lower()
    if present.lstrip("-").isdigit():
        return _number(c, word, value)
    if name == "save":
        return _save(c, word, text)
    return text


def _number(c: Client, word: bytes, value: bytes) -> str:
    digits = value.lower().rstrip(b"bkmg")
    unit = value.lower()[len(digits) :]
    if not digits.lstrip(b"-").isdigit() or unit not in _UNITS or len(digits) > 18:  # noqa: PLR2004  a 64-bit number
        memory = word.lower() in {
            b"maxmemory",
            b"proto-max-bulk-len",
            b"repl-backlog-size",
            b"client-query-buffer-limit",
        }
        raise _failed(c, word, b"argument must be a memory value" if memory else _NOT_A_NUMBER)
    return str(int(digits) * _UNITS[unit])


_NOT_A_NUMBER = b"argument couldn't be parsed into an integer"


def _save(c: Client, word: bytes, text: str) -> str:
    parts = text.split()
    if len(parts) % 2 or not all(part.isdigit() for part in parts):
        raise _failed(c, word, b"Invalid save parameters")
    return " ".join(parts)


def _failed(c: Client, word: bytes, why: bytes) -> RedisError:
    if _protects(c):
        return RedisError(b"ERR CONFIG SET failed (possibly related to argument '%b') - %b" % (word, why))
    return RedisError(b"ERR Invalid argument for CONFIG SET '%b'" % word)


def _protects(c: Client) -> bool:
    return c.server.version >= PROTECTS_SINCE


def _syntax(_: Client) -> bytes:
    return b"ERR Unknown subcommand or wrong number of arguments for 'SET'. Try CONFIG HELP."


def rewrite(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer CONFIG REWRITE: the package's file belongs to root's group and cannot be replaced by the server."""
    return OK


def resetstat(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer CONFIG RESETSTAT."""
    s = c.server
    s.processed = s.read = s.written = 0
    s.errors.clear()
    c.keys.hits = c.keys.misses = c.keys.expired = 0
    return OK


COMMANDS: Mapping[str, Handler] = {
    "config|get": get,
    "config|resetstat": resetstat,
    "config|rewrite": rewrite,
    "config|set": set_,
}

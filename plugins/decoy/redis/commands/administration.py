"""This module implements what administrators and attackers do to a server: save, replicate, load, shut down."""

import hashlib
from collections.abc import Mapping

from decnet_actors.domain.facts import DownloadRequested
from decnet_actors.domain.text import escaped
from decnet_actors.wire import resp
from plugins.decoy.redis.catalogue import described, everything
from plugins.decoy.redis.client import OK, SYNTAX, ZERO, Client, Handler, Words, to_int
from plugins.decoy.redis.commands.info import used_memory
from plugins.decoy.redis.keyspace import RedisError
from plugins.decoy.redis.server import DENIED_CATEGORIES, DENIED_COMMANDS

_NO_CLUSTER = b"ERR This instance has cluster support disabled"
_NO_ACL_FILE = (
    b"ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    b"command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
    b"users in the Redis configuration."
)
_PORTS = range(65536)
MAX_HOST = 512  # characters of a host name kept


def _refused(text: bytes) -> Handler:
    def handler(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
        raise RedisError(text)

    return handler


def _always(reply: bytes) -> Handler:
    return lambda _c, _words: reply


def save(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer SAVE."""
    c.server.saved_at = c.now
    c.keys.changes = 0
    return OK


def bgsave(c: Client, words: Words) -> bytes:
    """Answer BGSAVE."""
    if len(words) > 2 or (len(words) == 2 and words[1].upper() != b"SCHEDULE"):  # noqa: PLR2004  as in BGSAVE SCHEDULE
        raise RedisError(SYNTAX)
    save(c, words)
    return b"+Background saving started\r\n"


def lastsave(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer LASTSAVE."""
    return resp.integer(int(c.server.saved_at))


def replicaof(c: Client, words: Words) -> bytes:
    """Answer REPLICAOF."""
    if (words[1].lower(), words[2].lower()) == (b"no", b"one"):
        c.server.master = None
        return OK
    try:
        port = to_int(words[2])
    except RedisError:
        port = -1
    if port not in _PORTS:
        raise RedisError(b"ERR Invalid master port")
    host = escaped(words[1], MAX_HOST)
    c.facts.append(DownloadRequested(url=f"redis://{host}:{port}/", mechanism=words[0].decode("ascii").lower()))
    if c.server.master == (host, port):
        return resp.simple(b"OK Already connected to specified master")
    c.server.master, c.server.master_since = (host, port), c.now
    return OK


def role(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer ROLE."""
    if c.server.master is None:
        return resp.array([resp.bulk(b"master"), ZERO, b"*0\r\n"])
    host, port = c.server.master
    parts = [resp.bulk(b"slave"), resp.bulk(host.encode()), resp.integer(port), resp.bulk(b"connecting"), b":-1\r\n"]
    return resp.array(parts)


def module_wanted(words: Words) -> DownloadRequested:
    """Return the fact that somebody wants a module loaded."""
    return DownloadRequested(url=f"file:{escaped(words[2], MAX_HOST)}", mechanism="module load")


def module_load(c: Client, words: Words) -> bytes:
    """Answer MODULE LOAD."""
    c.facts.append(module_wanted(words))
    raise RedisError(b"ERR Error loading the extension. Please check the server logs.")


def shutdown(c: Client, words: Words) -> bytes:
    """Answer SHUTDOWN."""
    for word in words[1:]:
        if word.upper() not in {b"SAVE", b"NOSAVE", b"NOW", b"FORCE", b"ABORT"}:
            raise RedisError(SYNTAX)
    if len(words) > 1 and words[1].upper() == b"ABORT":
        raise RedisError(b"ERR No shutdown in progress.")
    c.closing = True
    return b""


def time(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer TIME."""
    microseconds = int(c.now * 1_000_000)
    return resp.bulks([b"%d" % (microseconds // 1_000_000), b"%d" % (microseconds % 1_000_000)])


def wait(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer WAIT."""
    to_int(words[1])
    if to_int(words[2], b"ERR timeout is not an integer or out of range") < 0:
        raise RedisError(b"ERR timeout is negative")
    return ZERO


def acl_line(c: Client) -> bytes:
    """Return the one user there is, with what was taken from him."""
    secret = "nopass" if not c.server.password else "#" + hashlib.sha256(c.server.password).hexdigest()
    known = c.server.catalogue
    denied = [f"-@{name}" for name in DENIED_CATEGORIES]
    denied += [f"-{name}" for name in DENIED_COMMANDS if name.encode() in known]
    channels = " &*" if c.server.version >= (6, 2) else ""
    return f"user default on {secret} ~*{channels} +@all {' '.join(denied)}".encode()


def acl_list(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer ACL LIST."""
    return resp.bulks([acl_line(c)])


def acl_whoami(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer ACL WHOAMI."""
    return resp.bulk(c.user.encode("utf-8", "surrogateescape"))


def acl_cat(c: Client, words: Words) -> bytes:
    """Answer ACL CAT."""
    order = (
        b"keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow "
        b"blocking dangerous connection transaction scripting"
    ).split()
    if len(words) == 2:  # noqa: PLR2004  as in ACL CAT
        return resp.bulks(order)
    wanted = words[2].lower()
    if wanted not in order:
        raise RedisError(b"ERR Unknown category '%b'" % words[2])
    status = "+@" + wanted.decode()
    return resp.bulks([name for name, command in c.server.catalogue.items() if status in command.entry[6]])


def acl_genpass(c: Client, words: Words) -> bytes:
    """Answer ACL GENPASS."""
    bits = to_int(words[2]) if len(words) > 2 else 256  # noqa: PLR2004  ACL GENPASS bits
    if not 0 < bits <= 4096:  # noqa: PLR2004  src/acl.c, GENPASS_MAX_BITS
        raise RedisError(
            b"ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
        )
    digits = (bits + 3) // 4
    return resp.bulk(f"{c.server.rng.getrandbits(digits * 4):0{digits}x}".encode())


def command(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer COMMAND."""
    return everything(c.server.version)


def command_count(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer COMMAND COUNT."""
    return resp.integer(len(c.server.catalogue))


def command_info(c: Client, words: Words) -> bytes:
    """Answer COMMAND INFO."""
    if len(words) == 2:  # noqa: PLR2004  as in COMMAND INFO
        return everything(c.server.version)
    found = [c.server.catalogue.get(word.lower()) for word in words[2:]]
    return resp.array([c.nil() if one is None else described(one) for one in found])


def command_list(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer COMMAND LIST."""
    return resp.bulks(list(c.server.catalogue))


def command_docs(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer COMMAND DOCS."""
    return c.mapping([])


def command_getkeys(c: Client, words: Words) -> bytes:
    """Answer COMMAND GETKEYS."""
    found = c.server.catalogue.get(words[2].lower()) if len(words) > 2 else None  # noqa: PLR2004  COMMAND GETKEYS x
    if found is None:
        raise RedisError(b"ERR Invalid command specified")
    first, last, step = found.entry[3:6]
    rest = words[2:]
    if not first:
        raise RedisError(b"ERR The command has no key arguments")
    if not found.accepts(len(rest)):
        raise RedisError(b"ERR Invalid number of arguments specified for command")
    end = last + len(rest) if last < 0 else last
    return resp.bulks(rest[first : end + 1 : step])


def slowlog_get(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer SLOWLOG GET."""
    if len(words) > 2 and to_int(words[2], b"ERR count should be greater than or equal to -1") < -1:  # noqa: PLR2004  SLOWLOG GET n
        raise RedisError(b"ERR count should be greater than or equal to -1")
    return b"*0\r\n"


def memory_stats(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer MEMORY STATS."""
    used = used_memory(c)
    pairs = (
        (b"peak.allocated", used + 2048),
        (b"total.allocated", used),
        (b"startup.allocated", c.server.base_memory - 4096),
        (b"keys.count", c.keys.count(0, c.ms)),
        (b"dataset.bytes", c.keys.bytes),
    )
    return c.mapping([part for key, value in pairs for part in (resp.bulk(key), resp.integer(value))])


def memory_doctor(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer MEMORY DOCTOR."""
    return resp.bulk(
        b"Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these "
        b"conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be "
        b"back to our programming as soon as I finished rebooting.\n"
    )


def lolwut(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer LOLWUT."""
    return resp.bulk(b"Redis ver. %b\n" % c.server.version_text.encode())


COMMANDS: Mapping[str, Handler] = {
    "acl|cat": acl_cat,
    "acl|dryrun": _always(OK),
    "acl|genpass": acl_genpass,
    "acl|list": acl_list,
    "acl|load": _refused(_NO_ACL_FILE),
    "acl|log": _always(b"*0\r\n"),
    "acl|save": _refused(_NO_ACL_FILE),
    "acl|users": _always(resp.bulks([b"default"])),
    "acl|whoami": acl_whoami,
    "asking": _refused(_NO_CLUSTER),
    "bgrewriteaof": _always(b"+Background append only file rewriting started\r\n"),
    "bgsave": bgsave,
    "cluster": _refused(_NO_CLUSTER),
    "command": command,
    "command|count": command_count,
    "command|docs": command_docs,
    "command|getkeys": command_getkeys,
    "command|info": command_info,
    "command|list": command_list,
    "lastsave": lastsave,
    "latency|histogram": lambda c, _words: c.mapping([]),
    "latency|history": _always(b"*0\r\n"),
    "latency|latest": _always(b"*0\r\n"),
    "latency|reset": _always(ZERO),
    "lolwut": lolwut,
    "memory|doctor": memory_doctor,
    "memory|purge": _always(OK),
    "memory|stats": memory_stats,
    "module|list": _always(b"*0\r\n"),
    "module|load": module_load,
    "module|loadex": module_load,
    "module|unload": _refused(b"ERR Error unloading module: no such module with that name"),
    "readonly": _refused(_NO_CLUSTER),
    "readwrite": _refused(_NO_CLUSTER),
    "replicaof": replicaof,
    "role": role,
    "save": save,
    "shutdown": shutdown,
    "slaveof": replicaof,
    "slowlog|get": slowlog_get,
    "slowlog|len": _always(ZERO),
    "slowlog|reset": _always(OK),
    "time": time,
    "wait": wait,
}

"""This module implements EVAL and SCRIPT for scripts that only return an expression; nothing is ever executed.

The expressions understood are constants, KEYS and ARGV, tables, and redis.call of the decoy's own commands. Everything
else is answered as the sandbox of a real server answers attacks: with its errors.
"""

import hashlib
import re
from collections.abc import Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.client import OK, ONE, ZERO, Client, Handler, Words, to_int
from plugins.decoy.redis.keyspace import RedisError

MAX_SCRIPTS = 256  # kept; the oldest goes first
MAX_SCRIPT = 64 * 1024  # bytes looked at
MAX_DEPTH = 16  # of nested tables and calls
MAX_VALUES = 10_000  # of one script

_TOKEN = re.compile(
    rb"""\s*(?:--[^\n]*\n\s*)*(?:
        (?P<name>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d*)?)|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
        |(?P<sign>\.\.|[=~<>]=|[^\s\w])|(?P<end>$))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(\d{1,3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
# What the sandbox has; any other global is "nonexistent".
_GLOBALS = frozenset(
    b"KEYS ARGV redis server string table math struct cjson cmsgpack bit assert error pairs ipairs next pcall xpcall "
    b"tonumber tostring type unpack select rawget rawset rawequal setmetatable getmetatable loadstring".split()
)
_KEYWORDS = frozenset(
    b"and break do else elseif end false for function if in local nil not or repeat return then true until "
    b"while".split()
)


class _NotUnderstoodError(Exception):
    """The script is more than an expression."""


def sha1(script: bytes) -> bytes:
    """Return the name of a script."""
    return hashlib.sha1(script, usedforsecurity=False).hexdigest().encode()


def eval_(c: Client, words: Words) -> bytes:
    """Answer EVAL and EVAL_RO."""
    keys, arguments = _numbered(words)
    _keep(c, words[1])
    return _run(c, words[1], keys, arguments)


def evalsha(c: Client, words: Words) -> bytes:
    """Answer EVALSHA and EVALSHA_RO."""
    keys, arguments = _numbered(words)
    script = c.server.scripts.get(words[1].lower())
    if script is None:
        raise RedisError(b"NOSCRIPT No matching script. Please use EVAL.")
    return _run(c, script, keys, arguments)


def script_load(c: Client, words: Words) -> bytes:
    """Answer SCRIPT LOAD."""
    return resp.bulk(_keep(c, words[2]))


def script_exists(c: Client, words: Words) -> bytes:
    """Answer SCRIPT EXISTS."""
    return resp.array([ONE if word.lower() in c.server.scripts else ZERO for word in words[2:]])


def script_flush(c: Client, words: Words) -> bytes:
    """Answer SCRIPT FLUSH."""
    if len(words) > 3 or (len(words) == 3 and words[2].upper() not in {b"SYNC", b"ASYNC"}):  # noqa: PLR2004  as in SCRIPT FLUSH SYNC
        raise RedisError(b"ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    c.server.scripts.clear()
    return OK


def script_kill(c: Client, words: Words) -> bytes:  # noqa: ARG001  a handler's signature
    """Answer SCRIPT KILL."""
    raise RedisError(b"NOTBUSY No scripts in execution right now.")


def _numbered(words: Words) -> tuple[Words, Words]:
    count = to_int(words[2])
    if count > len(words) - 3:
        raise RedisError(b"ERR Number of keys can't be greater than number of args")
    if count < 0:
        raise RedisError(b"ERR Number of keys can't be negative")
    return words[3 : 3 + count], words[3 + count :]


def _keep(c: Client, script: bytes) -> bytes:
    complaint = _syntax_error(script[:MAX_SCRIPT])
    if complaint:
        raise RedisError(b"ERR Error compiling script (new function): user_script:1: " + complaint)
    name = sha1(script)
    scripts = c.server.scripts
    scripts[name] = script[:MAX_SCRIPT]
    while len(scripts) > MAX_SCRIPTS:
        del scripts[next(iter(scripts))]
    return name


def _syntax_error(script: bytes) -> bytes:
    """Return what Lua's compiler complains of, for the mistakes people and probes make; empty if nothing is seen."""
    tokens = _tokens(script)
    if tokens and tokens[-1][1] in {b"'", b'"'}:
        return b"unfinished string near '<eof>'"
    if tokens and tokens[-1][0] == "sign" and tokens[-1][1] not in {b")", b"}", b"]", b";"}:
        return b"unexpected symbol near '<eof>'"
    if tokens and tokens[0][0] == "name" and tokens[0][1] not in _KEYWORDS:
        following = tokens[1] if len(tokens) > 1 else ("end", b"<eof>")
        if following[0] != "sign" or following[1] not in {b"=", b".", b"(", b"[", b":", b","}:
            return b"'=' expected near '%b'" % following[1] if following[0] != "string" else b""
    return b""


def _tokens(script: bytes) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    at = 0
    while len(found) < MAX_VALUES:
        match = _TOKEN.match(script, at)
        if match is None or match.lastgroup in {None, "end"}:
            break
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found


def _run(c: Client, script: bytes, keys: Words, arguments: Words) -> bytes:
    where = b" script: %b, on @user_script:1." % sha1(script)
    tokens = _tokens(script)
    locals_ = set[bytes]()
    for before, (kind, text) in zip([("", b""), *tokens], tokens, strict=False):
        if kind != "name" or text in _KEYWORDS or before[1] in {b".", b":"}:
            continue
        if before[1] in {b"local", b"for", b",", b"function", b"("} and text not in _GLOBALS:
            locals_.add(text)
        elif text not in _GLOBALS and text not in locals_:
            raise RedisError(
                b"ERR user_script:1: Script attempted to access nonexistent global variable '%b'" % text + where
            )
    try:
        return _Expression(c, tokens, keys, arguments).returned()
    except _NotUnderstoodError:
        return c.nil()
    except RedisError as error:
        raise RedisError(error.reply + where) from None


class _Expression:
    """Evaluates ``return <expression>``, or a bare call; each value is a reply already encoded, or raw bytes."""

    def __init__(self, c: Client, tokens: list[tuple[str, bytes]], keys: Words, arguments: Words) -> None:
        self._c = c
        self._tokens = [*tokens, ("end", b"")]
        self._names = {b"KEYS": keys, b"ARGV": arguments}
        self._at = 0

    def returned(self) -> bytes:
        explicit = self._taken(b"return")
        value = self._value(0)
        self._taken(b";")
        if self._tokens[self._at][0] != "end":
            raise _NotUnderstoodError
        return value if explicit else self._c.nil()

    def _taken(self, text: bytes) -> bool:
        if self._tokens[self._at][1] == text:
            self._at += 1
            return True
        return False

    def _need(self, text: bytes) -> None:
        if not self._taken(text):
            raise _NotUnderstoodError

    def _value(self, depth: int) -> bytes:
        if depth > MAX_DEPTH:
            raise _NotUnderstoodError
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return resp.integer(int(float(text)))
        if kind == "string":
            return resp.bulk(_unquoted(text))
        if text == b"{":
            return resp.array(self._list(b"}", depth))
        if text == b"-":
            kind, text = self._tokens[self._at]
            self._at += 1
            if kind == "number":
                return resp.integer(-int(float(text)))
        if text in {b"nil", b"false"}:
            return self._c.nil()
        if text == b"true":
            return ONE
        if text in self._names:
            return self._element(text)
        if text == b"redis" and self._taken(b"."):
            return self._called(depth)
        raise _NotUnderstoodError

    def _element(self, name: bytes) -> bytes:
        words = self._names[name]
        if not self._taken(b"["):
            return resp.bulks(words)
        kind, text = self._tokens[self._at]
        self._at += 1
        self._need(b"]")
        if kind != "number":
            raise _NotUnderstoodError
        index = int(float(text))
        return resp.bulk(words[index - 1]) if 1 <= index <= len(words) else self._c.nil()

    def _list(self, end: bytes, depth: int) -> list[bytes]:
        items: list[bytes] = []
        while not self._taken(end):
            value = self._value(depth + 1)
            if value != self._c.nil() or end == b")":
                items.append(value)
            elif end == b"}":  # a table as a reply ends at its first nil
                self._skip_to_end()
                break
            if not self._taken(b","):
                self._need(end)
                break
        return items

    def _skip_to_end(self) -> None:
        while not self._taken(b"}"):
            if self._tokens[self._at][0] == "end":
                raise _NotUnderstoodError
            self._at += 1

    def _called(self, depth: int) -> bytes:
        name = self._tokens[self._at][1]
        self._at += 1
        self._need(b"(")
        items = self._list(b")", depth)
        if name == b"sha1hex" and len(items) == 1:
            return resp.bulk(sha1(_plain(items[0])))
        if name not in {b"call", b"pcall"} or not items:
            raise _NotUnderstoodError
        return self._c.server.call(self._c, tuple(_plain(item) for item in items))


def _plain(value: bytes) -> bytes:
    """Return what a reply that is a string or number holds."""
    if value[:1] == b"$" and value[:2] != b"$-":
        return value.partition(b"\r\n")[2][:-2]
    if value[:1] == b":":
        return value[1:-2]
    raise RedisError(b"ERR Lua redis lib command arguments must be strings or integers")


def _unquoted(text: bytes) -> bytes:
    def replaced(match: "re.Match[bytes]") -> bytes:
        code = match[1]
        return bytes([int(code) & 255]) if code.isdigit() else _LETTERS.get(code, code)

    return _ESCAPE.sub(replaced, text[1:-1])


COMMANDS: Mapping[str, Handler] = {
    "eval": eval_,
    "eval_ro": eval_,
    "evalsha": evalsha,
    "evalsha_ro": evalsha,
    "script|exists": script_exists,
    "script|flush": script_flush,
    "script|kill": script_kill,
    "script|load": script_load,
}

"""This module is one connection to the Redis decoy: bytes in, commands judged in the server's order, effects out.

The order of refusals is that of src/server.c, processCommand: it is part of the fingerprint.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from decnet_actors.contracts.decoy import Effect, HangUp, Note, Send, SessionLog, WakeAt
from decnet_actors.domain.facts import CommandSeen, Direction, FileCaptured, ProtocolViolated
from decnet_actors.domain.text import escaped
from decnet_actors.wire import resp
from decnet_actors.wire.resp import RespError, RespParser
from plugins.decoy.redis.catalogue import Command
from plugins.decoy.redis.client import OK, Client, Words
from plugins.decoy.redis.commands import HANDLERS
from plugins.decoy.redis.commands.administration import module_wanted
from plugins.decoy.redis.keyspace import RedisError
from plugins.decoy.redis.server import Server

MAX_QUEUED = 10_000  # commands of one MULTI
MAX_QUEUED_BYTES = 4 * 1024 * 1024
MAX_NOTED = 16 * 1024  # bytes of one argument kept in a fact; the whole becomes an artifact
MAX_NOTED_ARGUMENTS = 256
MAX_VERB = 64  # characters
POLL = 0.1  # seconds between looks for messages, while subscribed

_QUOTED = 128  # characters of arguments in an error; src/server.c
_ALLOWED_SUBSCRIBED = {
    "psubscribe",
    "subscribe",
    "ssubscribe",
    "unsubscribe",
    "sunsubscribe",
    "punsubscribe",
    "ping",
    "quit",
    "reset",
}
_NOT_QUEUED = {"exec", "discard", "multi", "watch", "quit", "reset"}
_QUOTES_SINCE = (7, 0)
_GUARDS_SINCE = (7, 0)
_NEVER = float("inf")


class RedisSession:
    """One peer."""

    __slots__ = ("_artifacts", "_client", "_parser", "_server")

    def __init__(self, server: Server[Client], log: SessionLog) -> None:
        self._server = server
        now = log.now()
        self._client = Client(server, server.next_client(), log.peer, now)
        server.clients[self._client.id] = self._client
        self._parser = RespParser(trusted=self._client.authenticated)
        self._artifacts: list[bytes] | None = None

    def opened(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """Redis waits for the client to speak."""
        return ()

    def received(self, data: bytes, now: float) -> Sequence[Effect]:
        """Answer every complete command in what came."""
        client, server, parser = self._client, self._server, self._parser
        client.now = client.seen = now
        server.read += len(data)
        effects: list[Effect] = []
        try:
            for words in parser.receive(data):
                reply = self._answer(words, effects)
                if reply:
                    server.written += len(reply)
                    effects.append(Send(reply))
                if client.closing:
                    effects.append(HangUp())
                    return effects
                parser.trusted = client.authenticated
        except RespError as error:
            effects += [Note(ProtocolViolated(detail=error.detail, sample=error.sample)), Send(error.reply), HangUp()]
            return effects
        if client.subscriptions or client.patterns:
            effects += self._messages(now)
        return effects

    def ended(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """Redis closes when the client does."""
        return (HangUp(),)

    def tick(self, now: float) -> Sequence[Effect]:
        """Look for messages of the channels subscribed to."""
        self._client.now = now
        return self._messages(now)

    def closed(self, now: float) -> Sequence[Effect]:  # noqa: ARG002  the port's signature
        """The server forgets the client."""
        self._server.clients.pop(self._client.id, None)
        self._unwatch()
        return ()

    def take_artifacts(self) -> Sequence[bytes]:
        """Return (once) the long arguments captured."""
        taken, self._artifacts = self._artifacts, None
        return taken or ()

    def _messages(self, now: float) -> list[Effect]:
        client = self._client
        effects: list[Effect] = []
        if client.outbox:
            effects.append(Send(b"".join(client.outbox)))
            client.outbox.clear()
        listening = client.subscriptions or client.patterns
        effects.append(WakeAt(now + POLL if listening else _NEVER))
        return effects

    # one command

    def _answer(self, words: Words, effects: list[Effect]) -> bytes:
        client, server = self._client, self._server
        client.commands += 1
        server.processed += 1
        name = words[0].lower()
        if name in {b"host:", b"post"}:  # somebody makes a browser talk to us; src/networking.c, securityWarningCommand
            self._note(None, words, effects)
            client.closing = True
            return b""
        if name == b"quit":
            self._note("QUIT", words[1:], effects)
            client.closing = True
            return OK
        command = server.catalogue.get(name)
        if command is None or (not server.has_users and command.name in server.denied):
            self._note(None, words, effects)
            return self._rejected(self._unknown(words))
        # The credential of an AUTH tells all that its command would; one too long for a fact is captured as well.
        told_by_fact = name == b"auth" and len(max(words, key=len)) <= MAX_NOTED
        if not told_by_fact:
            self._note(command.name.upper(), words[1:], effects)
        try:
            reply = self._judged(command, words)
        except RedisError as error:
            reply = self._failed(error.reply)
        if client.facts:
            effects += [Note(fact) for fact in client.facts]
            client.facts.clear()
        elif told_by_fact:
            self._note(command.name.upper(), words[1:], effects)
        return reply

    def _judged(self, command: Command, words: Words) -> bytes:
        """Refuse, queue or run a known command."""
        client, server = self._client, self._server
        if command.subcommands and len(words) > 1:
            found = command.subcommands.get(words[1].lower().decode("latin-1"))
            if found is None or (server.version < _QUOTES_SINCE and not found.accepts(len(words))):
                return self._rejected(_unknown_subcommand(words, server))
            command = found
        if not command.accepts(len(words)):
            if command.name == "exec":
                return self._aborted(b"wrong number of arguments for 'exec' command")
            return self._rejected(b"ERR wrong number of arguments for '%b' command" % command.name.encode())
        container = command.name.partition("|")[0]
        if server.version >= _GUARDS_SINCE and container in {"debug", "module"} and _guarded(command):
            if command.name in _MODULE_LOADS:
                client.facts.append(module_wanted(words))
            return self._rejected(_NOT_ALLOWED % (container.upper().encode(), container.encode()))
        if not client.authenticated and "no_auth" not in command.flags:
            return self._rejected(b"NOAUTH Authentication required.")
        if command.name in server.denied:
            return self._rejected(_no_permission(command, server))
        if server.master is not None and "write" in command.flags:
            return self._rejected(b"READONLY You can't write against a read only replica.")
        subscribed = client.protocol == 2 and (client.subscriptions or client.patterns)  # noqa: PLR2004  that is RESP 2
        if subscribed and command.name not in _ALLOWED_SUBSCRIBED:
            return self._rejected(
                b"ERR Can't execute '%b': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
                b"this context" % command.name.encode()
            )
        if client.queue is not None and command.name not in _NOT_QUEUED:
            return self._queued(words)
        client.last = command.name
        return self._run(command.name, words)

    def _queued(self, words: Words) -> bytes:
        queue = self._client.queue
        if queue is None:
            return OK
        if len(queue) >= MAX_QUEUED or sum(len(word) for one in queue[-8:] for word in one) > MAX_QUEUED_BYTES:
            return self._rejected(b"OOM command not allowed when used memory > 'maxmemory'.")
        queue.append(words)
        return b"+QUEUED\r\n"

    def _run(self, name: str, words: Words) -> bytes:
        own = _OWN.get(name)
        if own is not None:
            return own(self, words)
        handler = HANDLERS.get(name) or HANDLERS.get(name.partition("|")[0] if "|" in name else "")
        if handler is None:
            return self._rejected(_no_permission_named(name))
        return handler(self._client, words)

    # transactions

    def _multi(self, words: Words) -> bytes:  # noqa: ARG002  a handler's signature
        if self._client.queue is not None:
            raise RedisError(b"ERR MULTI calls can not be nested")
        self._client.queue = []
        self._client.dirty = False
        return OK

    def _exec(self, words: Words) -> bytes:  # noqa: ARG002  a handler's signature
        client = self._client
        queue, client.queue = client.queue, None
        if queue is None:
            raise RedisError(b"ERR EXEC without MULTI")
        touched = self._watched_was_touched()
        self._unwatch()
        if client.dirty:
            client.dirty = False
            raise RedisError(b"EXECABORT Transaction discarded because of previous errors.")
        if touched:
            return client.no_array()
        replies = []
        for words_ in queue:
            try:
                replies.append(self._run(self._full_name(words_), words_))
            except RedisError as error:
                replies.append(self._failed(error.reply))
        return resp.array(replies)

    def _full_name(self, words: Words) -> str:
        command = self._server.catalogue[words[0].lower()]
        sub = command.subcommands.get(words[1].lower().decode("latin-1")) if len(words) > 1 else None
        return command.name if sub is None else sub.name

    def _discard(self, words: Words) -> bytes:  # noqa: ARG002  a handler's signature
        if self._client.queue is None:
            raise RedisError(b"ERR DISCARD without MULTI")
        self._client.queue = None
        self._client.dirty = False
        self._unwatch()
        return OK

    def _watch(self, words: Words) -> bytes:
        client = self._client
        if client.queue is not None:
            raise RedisError(b"ERR WATCH inside MULTI is not allowed")
        if client.watching is None:
            client.watching = {}
        for key in words[1:]:
            place = (client.db, key)
            if place not in client.watching and len(client.watching) < MAX_QUEUED:
                client.keys.peek(client.db, key, client.ms)
                client.watching[place] = client.keys.watch(place)
        return OK

    def _unwatch_command(self, words: Words) -> bytes:  # noqa: ARG002  a handler's signature
        self._unwatch()
        return OK

    def _watched_was_touched(self) -> bool:
        client = self._client
        for db, key in client.watching or ():
            client.keys.peek(db, key, client.ms)  # an expired key counts as touched
        return any(client.keys.seen(place) != then for place, then in (client.watching or {}).items())

    def _unwatch(self) -> None:
        watching, self._client.watching = self._client.watching, None
        for place in watching or ():
            self._client.keys.unwatch(place)

    def _aborted(self, why: bytes) -> bytes:
        self._client.queue = None
        self._client.dirty = False
        self._unwatch()
        return self._failed(b"EXECABORT Transaction discarded because of: " + why)

    # refusals

    def _failed(self, text: bytes) -> bytes:
        kind = text.partition(b" ")[0].decode("latin-1")
        self._server.errors[kind] = self._server.errors.get(kind, 0) + 1
        return resp.error(text)

    def _rejected(self, text: bytes) -> bytes:
        """Refuse before running; a transaction in the making is spoilt."""
        if self._client.queue is not None:
            self._client.dirty = True
        return self._failed(text)

    def _unknown(self, words: Words) -> bytes:
        modern = self._server.version >= _QUOTES_SINCE
        mark, gap = (b"'", b"' ") if modern else (b"`", b"`, ")
        arguments = b""
        for word in words[1:]:
            if len(arguments) >= _QUOTED:
                break
            arguments += mark + _text(word)[: _QUOTED - len(arguments)] + gap
        name = _text(words[0])[:_QUOTED]
        return b"ERR unknown command %b%b%b, with args beginning with: %b" % (mark, name, mark, arguments)

    # facts

    def _note(self, verb: str | None, arguments: Words, effects: list[Effect]) -> None:
        """Record a command; ``None`` is an unknown one, whose first word then stays in the arguments."""
        if verb is None:
            verb = escaped(arguments[0].upper(), MAX_VERB)
        if len(arguments) > MAX_NOTED_ARGUMENTS:
            arguments = arguments[:MAX_NOTED_ARGUMENTS]
        if arguments and max(map(len, arguments)) > MAX_NOTED:
            effects += [self._captured(verb, word) for word in arguments if len(word) > MAX_NOTED]
            arguments = tuple(word[:MAX_NOTED] for word in arguments)
        effects.append(Note(CommandSeen(verb=verb, args=arguments)))

    def _captured(self, verb: str, word: bytes) -> Note:
        if self._artifacts is None:
            self._artifacts = []
        self._artifacts.append(word)
        digest = hashlib.sha256(word).hexdigest()
        fact = FileCaptured(
            path=f"{verb.lower()}-{digest[:12]}",
            sha256=digest,
            size=len(word),
            direction=Direction.IN,
            mechanism=f"redis {verb.lower()}",
        )
        return Note(fact)


def call(client: Client, words: Words) -> bytes:
    """Run a command for a script.

    Raises:
        RedisError: it is unknown, refused, or fails.

    """
    command = client.server.catalogue.get(words[0].lower())
    if command is None:
        raise RedisError(b"ERR Unknown Redis command called from script")
    if command.subcommands and len(words) > 1:
        command = command.subcommands.get(words[1].lower().decode("latin-1"), command)
    if not command.accepts(len(words)):
        raise RedisError(b"ERR Wrong number of args calling Redis command from script")
    handler = HANDLERS.get(command.name)
    if handler is None or "noscript" in command.flags:
        raise RedisError(b"ERR This Redis command is not allowed from script")
    if client.server.master is not None and "write" in command.flags:
        raise RedisError(b"READONLY You can't write against a read only replica.")
    return handler(client, words)


_OWN: Mapping[str, Callable[[RedisSession, Words], bytes]] = {
    "discard": RedisSession._discard,  # noqa: SLF001  a table of this module's own methods
    "exec": RedisSession._exec,  # noqa: SLF001  as above
    "multi": RedisSession._multi,  # noqa: SLF001  as above
    "unwatch": RedisSession._unwatch_command,  # noqa: SLF001  as above
    "watch": RedisSession._watch,  # noqa: SLF001  as above
}
_NOT_ALLOWED = (
    b'ERR %b command not allowed. If the enable-%b-command option is set to "local", you can run it from a local '
    b"connection, otherwise you need to set this option in the configuration file, and then restart the server."
)
_MODULE_LOADS = {"module|load", "module|loadex"}
_MODULE_GUARDED = {*_MODULE_LOADS, "module|unload"}


def _guarded(command: Command) -> bool:
    return command.name in _MODULE_GUARDED or command.name == "debug"


def _text(word: bytes) -> bytes:
    """Return a word as printf's %s shows it: up to a NUL."""
    return word.partition(b"\0")[0]


def _unknown_subcommand(words: Words, server: Server[Client]) -> bytes:
    if server.version < _QUOTES_SINCE:
        return b"ERR Unknown subcommand or wrong number of arguments for '%b'. Try %b HELP." % (
            _text(words[1])[:_QUOTED],
            words[0].upper(),
        )
    return b"ERR unknown subcommand '%b'. Try %b HELP." % (_text(words[1])[:_QUOTED], words[0].upper())


def _no_permission(command: Command, server: Server[Client]) -> bytes:
    if server.version < _QUOTES_SINCE:
        return b"NOPERM this user has no permissions to run the '%b' command or its subcommand" % command.name.encode()
    return _no_permission_named(command.name)


def _no_permission_named(name: str) -> bytes:
    return b"NOPERM this user has no permissions to run the '%b' command" % name.encode()

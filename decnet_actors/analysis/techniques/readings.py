"""This module reads facts as rules see them: named fields of text, whatever a fact has them in.

A fact has one reading, a line of a shell one for each command on it: the conditions of a rule must hold for one
reading together. All text is bounded here, once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote_plus

from decnet_actors.analysis.techniques.command_line import Command, commands
from decnet_actors.domain import facts
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.records import Record
from decnet_actors.domain.text import escaped

MAX_VALUE = 16 * 1024  # characters of a value
MAX_VALUES = 128  # of one field
DECODED = 2  # how often a target is decoded: once more than a server does

Reading: TypeAlias = Mapping[str, Sequence[str]]

WHERE = ("service", "decky")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "ShellCommandSeen": ("line", "program", "path", "arguments", "writes", "reads", "feeds", "user"),
    "CommandSeen": ("verb", "arguments", "line"),
    "CredentialSeen": ("user", "secret", "pair", "kind", "mechanism", "outcome"),
    "HttpRequestSeen": ("method", "target", "path", "query", "agent", "headers", "body", "status", "text"),
    "DownloadRequested": ("url", "scheme", "mechanism"),
    "DownloadFetched": ("url", "media_type"),
    "FileCaptured": ("path", "name", "mechanism", "direction"),
    "ForwardRequested": ("kind", "host", "port"),
    "SshClientSeen": ("version", "hassh"),
}
SECRET = frozenset({"secret", "pair", "body", "headers", "text"})  # may hold one, so that no evidence shows it


def readings(record: Record) -> Sequence[Reading]:
    """Return how rules see a record; nothing where no rule can be about it."""
    read = _READERS.get(record.kind)
    if read is None:
        return ()
    where = {"service": (record.service,), "decky": (record.decky,)}
    return [where | {name: _bounded(values) for name, values in one.items()} for one in read(record.fact)]


def _bounded(values: Sequence[str]) -> Sequence[str]:
    return [value if len(value) <= MAX_VALUE else value[:MAX_VALUE] for value in values[:MAX_VALUES]]


def _text(value: bytes) -> str:
    return value[:MAX_VALUE].decode("utf-8", "replace")


def _shell(fact: facts.ShellCommandSeen) -> list[Reading]:
    user = (fact.user,)
    return [{**_command(command), "user": user} for command in commands(fact.line)]


def _command(command: Command) -> Reading:
    return {
        "line": (" ".join(command.words),),
        "program": (command.program,),
        "path": command.words[:1],
        "arguments": command.words[1:],
        "writes": command.writes,
        "reads": command.reads,
        "feeds": command.feeds,
    }


def _protocol(fact: facts.CommandSeen) -> list[Reading]:
    arguments = tuple(map(_text, fact.args[:MAX_VALUES]))
    return [{"verb": (fact.verb,), "arguments": arguments, "line": (" ".join((fact.verb, *arguments)),)}]


def _credential(fact: facts.CredentialSeen) -> list[Reading]:
    user, secret = fact.user or "", _text(fact.secret)
    return [
        {
            "user": (user,),
            "secret": (secret,),
            "pair": (f"{user}:{secret}",),
            "kind": (fact.kind,),
            "mechanism": (fact.mechanism,),
            "outcome": (fact.outcome.value,),
        }
    ]


def _request(fact: facts.HttpRequestSeen) -> list[Reading]:
    path, _, query = fact.target[:MAX_VALUE].partition("?")
    path, query = _decoded(path), _decoded(query)
    headers = tuple(_text(value) for _, value in fact.headers[:MAX_VALUES])
    agent = tuple(_text(value) for name, value in fact.headers[:MAX_VALUES] if name.lower() == b"user-agent")
    body = _decoded(_text(fact.body))
    return [
        {
            "method": (fact.method,),
            "target": (fact.target,),
            "path": (path,),
            "query": (query,),
            "agent": agent,
            "headers": headers,
            "body": (body,),
            "status": (str(fact.status),),
            "text": (path, query, body, *headers),
        }
    ]


def _decoded(text: str) -> str:
    for _ in range(DECODED):
        text = unquote_plus(text, errors="replace")
    return text


def _wanted(fact: facts.DownloadRequested) -> list[Reading]:
    scheme = fact.url.partition(":")[0].lower()
    return [{"url": (fact.url,), "scheme": (scheme,), "mechanism": (fact.mechanism,)}]


def _fetched(fact: facts.DownloadFetched) -> list[Reading]:
    return [{"url": (fact.url, *fact.urls), "media_type": (fact.media_type,)}]


def _file(fact: facts.FileCaptured) -> list[Reading]:
    return [
        {
            "path": (fact.path,),
            "name": (fact.path.rpartition("/")[2],),
            "mechanism": (fact.mechanism,),
            "direction": (fact.direction.value,),
        }
    ]


def _forward(fact: facts.ForwardRequested) -> list[Reading]:
    return [{"kind": (fact.kind,), "host": (fact.host,), "port": (str(fact.port),)}]


def _ssh_client(fact: facts.SshClientSeen) -> list[Reading]:
    return [{"version": (fact.version,), "hassh": (fact.hassh,)}]


_READERS: Mapping[str, Callable[[Any], list[Reading]]] = {  # Any: each takes its own class of facts
    "ShellCommandSeen": _shell,
    "CommandSeen": _protocol,
    "CredentialSeen": _credential,
    "HttpRequestSeen": _request,
    "DownloadRequested": _wanted,
    "DownloadFetched": _fetched,
    "FileCaptured": _file,
    "ForwardRequested": _forward,
    "SshClientSeen": _ssh_client,
}


def evidence(fact: Fact, names: Sequence[str], reading: Reading, limit: int) -> dict[str, str]:
    """Return the fields that show why a rule matched, as text that is safe to show."""
    typed = getattr(fact, "line", "")  # as it was typed, not as it was read
    values = {name: typed if name == "line" and typed else " ".join(reading[name]) for name in names}
    return {name: escaped(value, limit) for name, value in values.items() if value}

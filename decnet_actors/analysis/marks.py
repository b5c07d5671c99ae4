"""This module tells what the clients of an attacker are known by."""

from collections.abc import Iterator

from decnet_actors.domain.facts import CredentialSeen, Fact, HttpRequestSeen, SshClientSeen, TelnetClientSeen
from decnet_actors.domain.text import escaped

MAX_VALUE = 500  # characters; the fact has all of it
MAX_HEADERS = 40  # names of one request


def marks_of(fact: Fact) -> Iterator[tuple[str, str]]:
    """Yield kind and value, escaped, of everything in a fact that a client could be known by."""
    for kind, value in _marks(fact):
        if value:
            yield kind, escaped(value, MAX_VALUE)


def _marks(fact: Fact) -> Iterator[tuple[str, str | bytes]]:
    match fact:
        case SshClientSeen():
            yield "ssh_version", fact.version
            yield "hassh", fact.hassh
        case TelnetClientSeen():
            yield "telnet_terminal", fact.terminal
            yield "telnet_options", " ".join(fact.options)
        case HttpRequestSeen():
            yield "user_agent", next((value for name, value in fact.headers if name.lower() == b"user-agent"), b"")
            yield "http_headers", b",".join(name for name, _ in fact.headers[:MAX_HEADERS])
        case CredentialSeen():
            yield "public_key", fact.fingerprint
        case _:
            pass

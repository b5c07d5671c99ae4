"""This module reads the block list of Feodo Tracker (feodotracker.abuse.ch/blocklist, "Botnet C2 IP Blocklist")."""

import ipaddress
from collections.abc import Mapping

import msgspec

from decnet_actors.contracts.intel import (
    Answer,
    Count,
    Limits,
    Opinion,
    ProviderError,
    Request,
    Value,
    clipped,
    decoded,
)
from decnet_actors.domain.intel import Verdict

MAX_SIZE = 16 * 2**20  # bytes
MAX_LISTED = 100_000
PER_DAY = 600  # a list every five minutes, and what fails


class Server(msgspec.Struct):
    """What is used of a line."""

    ip_address: str
    malware: str | None = None
    status: str | None = None
    port: Count | None = None
    first_seen: str | None = None
    last_online: str | None = None


class Feodo:
    """Gets the list.

    Args:
        url: of the list.
        every: seconds it is good for.

    """

    lacks = ""
    versions = frozenset({4, 6})

    def __init__(self, url: str, every: float) -> None:
        self.limits = Limits(interval=60.0, per_day=PER_DAY, max_size=MAX_SIZE)
        self.every = every
        self._url = url

    def list_request(self) -> Request:
        return Request(url=self._url, headers={"Accept": "application/json"})

    def read_list(self, answer: Answer) -> Mapping[str, Opinion]:
        servers = decoded(answer, list[Server])
        if len(servers) > MAX_LISTED:
            raise ProviderError(f"its list is longer than {MAX_LISTED} lines")
        return {_address(server.ip_address): _opinion(server) for server in servers}

    def unlisted(self) -> Opinion:
        return Opinion(verdict=Verdict.UNKNOWN, fields={"listed": False})


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ProviderError(f"its list has a line without an address: {clipped(text)}") from error


def _opinion(server: Server) -> Opinion:
    fields: dict[str, Value] = {
        "listed": True,
        "family": clipped(server.malware),
        "status": clipped(server.status),
        "first_seen": clipped(server.first_seen),
        "last_online": clipped(server.last_online),
    }
    if server.port is not None:
        fields["port"] = server.port
    return Opinion(verdict=Verdict.MALICIOUS, fields=fields)

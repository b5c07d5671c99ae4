"""This module checks what every provider of intelligence promises."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from decnet_actors.conformance.promises import ConformanceError
from decnet_actors.contracts.intel import Answer, ListProvider, Opinion, Provider, ProviderError, Request, said
from decnet_actors.contracts.plugin import Plugin

ADDRESSES = {4: "45.83.64.1", 6: "2a01:4f8::1"}
MAX_FIELDS = 100  # words an opinion says
MAX_WORD = 1000  # characters
HOSTILE: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"data": 1e999}',
    b'{"data": {"abuseConfidenceScore": "100"}}',
    b'{"query_status": "ok", "data": "none"}',
    b'[{"ip_address": "elsewhere"}]',
    b'{"classification": ["malicious"]}',
    b"\xff\xfe\x00",
    json.dumps({"classification": "malicious", "name": "x" * 10**6, "noise": True}).encode(),
    json.dumps(
        {"query_status": "ok", "data": [{"ioc": "45.83.64.1:1", "malware_printable": "\0\x1b[2J"}] * 500}
    ).encode(),
    json.dumps([{"ip_address": "45.83.64.1", "port": 10**30}]).encode(),
)


def check_intel(plugin: Plugin[Any], *, config: Any) -> None:  # Any: its own config class
    """Raise ``ConformanceError`` for the first promise that is not kept; nobody is asked anything.

    Any other error is the plugin's own: it must read every answer, or refuse it with ``ProviderError``.

    Args:
        plugin: what is checked.
        config: of the plugin, with a key if it takes one.

    """
    if plugin.kind != "intel":
        raise ConformanceError(f"{plugin.id}: the id of a provider of intelligence begins with 'intel.'")
    provider: Provider = plugin.create(config, None)
    check = _Check(plugin.id, provider)
    check.limits()
    if isinstance(provider, ListProvider):
        check.list(provider)
    else:
        check.addresses()


class _Check:
    """The promises."""

    def __init__(self, plugin: str, provider: Provider) -> None:
        self._plugin = plugin
        self._provider = provider

    def _demand(self, kept: bool, promise: str) -> None:  # noqa: FBT001  an assertion's signature
        if not kept:
            raise ConformanceError(f"{self._plugin}: {promise}")

    def limits(self) -> None:
        """How it may be asked is bounded."""
        limits = self._provider.limits
        self._demand(limits.interval >= 0 and limits.per_day > 1, "it may be asked without end")
        self._demand(0 < limits.max_size <= 64 * 2**20, "an answer may have any size")
        self._demand(bool(self._provider.versions) and self._provider.versions <= {4, 6}, "it knows no version of IP")

    def addresses(self) -> None:
        """A request tells the address and nothing else of ours; an answer is read or refused, never anything else."""
        provider = self._provider
        if isinstance(provider, ListProvider):
            return
        for version in sorted(provider.versions):
            address = ADDRESSES[version]
            request = provider.request(address)
            self._demand(request == provider.request(address), "the same question is asked in another way")
            self._request(request)
            for status in (200, 204, 400, 401, 403, 404, 500):
                for body in HOSTILE:
                    self._read(lambda answer, address=address: {"": provider.read(address, answer)}, status, body)

    def list(self, provider: ListProvider) -> None:
        """The request for the list names no address; a list is read or refused."""
        request = provider.list_request()
        self._request(request)
        self._demand(provider.every > 0, "its list is never good")
        for address in ADDRESSES.values():
            self._demand(address.encode() not in request.url.encode() + request.body, "it learns an address")
        for status in (200, 404, 500):
            for body in HOSTILE:
                self._read(provider.read_list, status, body)
        self._opinion(provider.unlisted())

    def _request(self, request: Request) -> None:
        self._demand(urlsplit(request.url).scheme in {"http", "https"}, "it does not ask over HTTP")
        for value in request.headers.values():
            self._demand(value not in repr(request) if len(value) > len("application/json") else True, "a key shows")

    def _read(self, read: Any, status: int, body: bytes) -> None:  # Any: either kind's own
        try:
            opinions: Mapping[str, Opinion] = read(Answer(status=status, body=body))
        except ProviderError as error:
            self._demand(0 < len(error.reason) < MAX_WORD, "a reason is missing, or as long as the answer")
        else:
            for address, opinion in opinions.items():
                self._demand(not address or address == str(ipaddress.ip_address(address)), "an address is not short")
                self._opinion(opinion)

    def _opinion(self, opinion: Opinion) -> None:
        words = said(opinion.fields)
        self._demand(len(words) <= MAX_FIELDS, "it says more than can be kept")
        self._demand(all(len(word) <= MAX_WORD and word.isprintable() for word in words), "what it says is not safe")

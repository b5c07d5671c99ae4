"""This module searches ThreatFox for an address (its reference: threatfox.abuse.ch/api, "Search an IOC")."""

from typing import Any

import msgspec

from decnet_actors.contracts.intel import (
    MAX_TEXT,
    Answer,
    Count,
    Key,
    Limits,
    Opinion,
    ProviderError,
    Request,
    clipped,
    decoded,
    key_of,
    labels,
)
from decnet_actors.domain.intel import Verdict
from decnet_actors.domain.text import escaped

MAX_SIZE = 4 * 2**20  # bytes
NOTHING = Opinion(verdict=Verdict.UNKNOWN, fields={"listed": False})


class Indicator(msgspec.Struct):
    """What is used of something that was found."""

    ioc: str
    ioc_type: str | None = None
    threat_type: str | None = None
    malware_printable: str | None = None
    confidence_level: Count | None = None


class Envelope(msgspec.Struct):
    """An answer; what ``data`` is depends on the status."""

    query_status: str
    data: Any = None  # Any: a list of indicators, or a sentence


class ThreatFox:
    """Asks about one address at a time.

    Args:
        url: of the interface.
        key: of an account.
        interval: seconds between requests.
        per_day: requests in 24 hours.

    """

    versions = frozenset({4, 6})

    def __init__(self, url: str, key: Key | None, interval: float, per_day: int) -> None:
        self.limits = Limits(interval=interval, per_day=per_day, max_size=MAX_SIZE)
        self.lacks = "" if key is not None else "a key"
        self._url = url
        self._key = key_of(key)

    def request(self, address: str) -> Request:
        # not exact_match: indicators are "address:port", which no address equals
        body = msgspec.json.encode({"query": "search_ioc", "search_term": address, "exact_match": False})
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Auth-Key": self._key}
        return Request(method="POST", url=self._url, headers=headers, body=body)

    def read(self, address: str, answer: Answer) -> Opinion:
        said = decoded(answer, Envelope)
        if said.query_status == "no_result":
            return NOTHING
        if said.query_status != "ok":
            raise ProviderError(f"it answers {clipped(said.query_status)}")
        try:
            found = msgspec.convert(said.data, list[Indicator])
        except (msgspec.ValidationError, RecursionError) as error:
            raise ProviderError(f"its answer makes no sense: {escaped(str(error), MAX_TEXT)}") from error
        own = [one for one in found if _host(one.ioc) == address]  # a search finds 11.2.3.4 for 1.2.3.4, too
        if not own:
            return NOTHING
        return Opinion(
            verdict=Verdict.MALICIOUS,
            fields={
                "listed": True,
                "families": labels([one.malware_printable for one in own]),
                "threat_types": labels([one.threat_type for one in own]),
                "ioc_types": labels([one.ioc_type for one in own]),
                "confidence": max(one.confidence_level or 0 for one in own),
            },
        )


def _host(ioc: str) -> str:
    """Return the address of ``1.2.3.4:443``, ``[2001:db8::1]:443``, and of either without a port."""
    if ioc.startswith("["):
        return ioc[1:].partition("]")[0]
    return ioc.partition(":")[0] if ioc.count(":") == 1 else ioc

"""This module asks AbuseIPDB's check endpoint, verbosely: what an address did stands in the single reports alone.

Its reference: docs.abuseipdb.com, "CHECK Endpoint"; the numbers of categories: abuseipdb.com/categories.
"""

from collections import Counter
from typing import Final
from urllib.parse import urlencode

import msgspec

from decnet_actors.contracts.intel import (
    MAX_LABELS,
    Answer,
    Count,
    Key,
    Limits,
    Opinion,
    Request,
    clipped,
    decoded,
    key_of,
)
from decnet_actors.domain.intel import Verdict

MAX_SIZE = 8 * 2**20  # bytes; ten thousand reports at most, each with a comment
MALICIOUS, SUSPICIOUS = 75, 25  # score from which on it is
CATEGORIES: Final = {
    1: "dns-compromise",
    2: "dns-poisoning",
    3: "fraud-orders",
    4: "ddos-attack",
    5: "ftp-brute-force",
    6: "ping-of-death",
    7: "phishing",
    8: "fraud-voip",
    9: "open-proxy",
    10: "web-spam",
    11: "email-spam",
    12: "blog-spam",
    13: "vpn-ip",
    14: "port-scan",
    15: "hacking",
    16: "sql-injection",
    17: "spoofing",
    18: "brute-force",
    19: "bad-web-bot",
    20: "exploited-host",
    21: "web-app-attack",
    22: "ssh",
    23: "iot-targeted",
}


class Report(msgspec.Struct):
    """What is used of one report; its comment is not."""

    categories: list[Count] = []


class Check(msgspec.Struct, rename="camel"):
    """What is used of an answer's data."""

    abuse_confidence_score: Count
    total_reports: Count = 0
    num_distinct_users: Count = 0
    usage_type: str | None = None
    isp: str | None = None
    domain: str | None = None
    is_tor: bool = False
    is_whitelisted: bool | None = None
    last_reported_at: str | None = None
    reports: list[Report] = []


class Checked(msgspec.Struct):
    """The envelope."""

    data: Check


class AbuseIpDb:
    """Asks about one address at a time.

    Args:
        url: of the check endpoint.
        key: of an account.
        days: how old reports may be.
        interval: seconds between requests.
        per_day: requests in 24 hours.

    """

    versions = frozenset({4, 6})

    def __init__(self, url: str, key: Key | None, days: int, interval: float, per_day: int) -> None:
        self.limits = Limits(interval=interval, per_day=per_day, max_size=MAX_SIZE)
        self.lacks = "" if key is not None else "a key"
        self._url = url
        self._key = key_of(key)
        self._days = days

    def request(self, address: str) -> Request:
        query = urlencode({"ipAddress": address, "maxAgeInDays": self._days, "verbose": ""})
        return Request(url=f"{self._url}?{query}", headers={"Accept": "application/json", "Key": self._key})

    def read(self, address: str, answer: Answer) -> Opinion:
        del address
        said = decoded(answer, Checked).data
        score = min(said.abuse_confidence_score, 100)
        counted = Counter(number for report in said.reports for number in set(report.categories))
        often = sorted(counted, key=lambda number: (-counted[number], number))[:MAX_LABELS]
        return Opinion(
            verdict=_verdict(score),
            fields={
                "score": score,
                "categories": tuple(CATEGORIES.get(number, str(number)) for number in often),
                "reports": said.total_reports,
                "reporters": said.num_distinct_users,
                "usage": clipped(said.usage_type),
                "isp": clipped(said.isp),
                "domain": clipped(said.domain),
                "tor": said.is_tor,
                "whitelisted": bool(said.is_whitelisted),
                "last_reported": clipped(said.last_reported_at),
            },
        )


def _verdict(score: int) -> Verdict:
    if score >= MALICIOUS:
        return Verdict.MALICIOUS
    return Verdict.SUSPICIOUS if score >= SUSPICIOUS else Verdict.UNKNOWN

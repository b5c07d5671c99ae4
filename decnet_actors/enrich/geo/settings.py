"""This module defines what an operator can say about looking up addresses."""

import ipaddress
from enum import StrEnum
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, le, max_len

DAY = 86_400.0  # seconds
MAX_SOURCES = 32


class Refresh(StrEnum):
    """When sources are read again by themselves."""

    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def seconds(self) -> float | None:
        """Age at which the index is made anew; ``None`` is never."""
        return {Refresh.OFF: None, Refresh.DAILY: DAY, Refresh.WEEKLY: 7 * DAY}[self]


def is_url(source: str) -> bool:
    """Return whether a source is fetched, not read."""
    return "://" in source


def _sources(_: object, attribute: "Attribute[tuple[str, ...]]", value: tuple[str, ...]) -> None:
    for source in value:
        if not is_url(source):
            if not source.startswith("/"):
                raise ValueError(f"{attribute.name}: {source!r} is neither a whole path nor a URL")
            continue
        parts = urlsplit(source)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError(f"{attribute.name}: {source!r} is not a URL of https")
    if len(set(value)) < len(value):
        raise ValueError(f"{attribute.name}: one of them is there twice")


def _server(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ValueError(f"{attribute.name}: {value!r} is no IP address") from None


@frozen(kw_only=True)
class GeoipSettings:
    """Countries and networks of addresses, from files of the operator's choice; no address is ever sent anywhere."""

    enabled: bool = field(
        default=True, metadata={"help": "look addresses up; false reads nothing, fetches nothing and answers nothing"}
    )
    refresh: Refresh = field(
        default=Refresh.OFF,
        metadata={
            "help": "off reads the sources only at: decnetctl geoip refresh; daily and weekly do so by themselves"
        },
    )
    sources: tuple[str, ...] = field(
        default=(),
        validator=[max_len(MAX_SOURCES), _sources],
        metadata={
            "help": "registries' delegated statistics, tables of iptoasn and MaxMind DBs: paths, or URLs of https; of "
            "one kind, the earlier one's word counts more"
        },
    )
    max_size: int = field(
        default=256 * 2**20, validator=[gt(0), le(512 * 2**20)], metadata={"help": "bytes of one download"}
    )
    timeout: float = field(default=300.0, validator=[gt(0), le(3600)], metadata={"help": "time one download may take"})


@frozen(kw_only=True)
class PtrSettings:
    """Host names of addresses. The resolver learns which addresses are asked about."""

    enabled: bool = field(default=False, metadata={"help": "ask the resolver for the names of attackers' addresses"})
    server: str = field(
        default="",
        validator=_server,
        metadata={"help": "address of the resolver; empty is the first of /etc/resolv.conf"},
    )
    port: int = field(default=53, validator=[ge(1), le(65_535)], metadata={"help": "its UDP port"})
    timeout: float = field(default=2.0, validator=[gt(0), le(30)], metadata={"help": "time for an answer"})
    at_once: int = field(default=10, validator=[ge(1), le(100)], metadata={"help": "questions at the same time"})

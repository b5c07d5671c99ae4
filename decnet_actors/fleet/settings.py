"""This module defines how an operator writes down a fleet, as ``[[decky]]`` tables of the configuration."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from attrs import Attribute, field, frozen
from attrs.validators import and_, ge, le

from decnet_actors.contracts.fleet import Bait, Limits

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")  # a host name label, and a token of actor paths and topics
_DISTRIBUTION = re.compile(r"[a-z]+(:[0-9.]+)?")


def _host_label(_: object, attribute: "Attribute[str]", value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"{attribute.name}: {value!r} is not a host name: lower-case letters, digits and dashes, 63 at most"
        )


def _address(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ValueError(f"{attribute.name}: {value!r} is not an IP address") from None


def _distribution(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value and not _DISTRIBUTION.fullmatch(value):
        raise ValueError(f"{attribute.name}: {value!r} is not a distribution; write debian or debian:12")


@frozen(kw_only=True)
class DeckySettings:
    """One decoy machine."""

    name: str = field(validator=_host_label, metadata={"help": "its name in events, commands and actor paths"})
    services: tuple[str, ...] | Mapping[str, Any] = field(
        metadata={"help": "what it serves: names of decoy plugins, or one table of options for each"}
    )  # Any: each plugin has options of its own
    address: str = field(default="", validator=_address, metadata={"help": "its address; empty: the driver chooses"})
    distribution: str = field(
        default="",
        validator=_distribution,
        metadata={"help": "the system it claims to be, such as debian or ubuntu:22.04; empty: chosen once"},
    )
    bait: tuple[Bait, ...] = field(default=(), metadata={"help": "credentials that log in because they were laid out"})
    weak_credentials: int = field(
        default=2,
        validator=and_(ge(0), le(10)),
        metadata={"help": "how many common user and password pairs log in, chosen once per decky"},
    )
    limits: Limits = field(factory=Limits, metadata={"help": "caps of each of its services"})


def default_fleet() -> tuple[DeckySettings, ...]:
    """Return the fleet of an installation that has none configured: small, and every decoy that is installed."""
    return (
        DeckySettings(name="web-01", services=("ssh", "http")),
        DeckySettings(name="cache-01", services=("ssh", "redis")),
        DeckySettings(name="term-01", services=("telnet",)),
    )

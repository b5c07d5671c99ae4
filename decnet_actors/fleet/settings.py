"""This module defines how an operator writes down a fleet, as ``[[decky]]`` tables of the configuration."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import and_, ge, le

from decnet_actors.contracts.fleet import Bait, Limits, Tarpit
from decnet_actors.contracts.fleet_driver import DHCP

SHORTEST_MUTATION = 60.0  # seconds; a machine whose ports change faster is believed by nobody

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")  # a host name label, and a token of actor paths and topics
_DISTRIBUTION = re.compile(r"[a-z]+(:[a-z0-9][a-z0-9.-]{0,30})?")
_STACK = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_MULTICAST = 1  # bit of the first octet


def _host_label(_: object, attribute: "Attribute[str]", value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"{attribute.name}: {value!r} is not a host name: lower-case letters, digits and dashes, 63 at most"
        )


def _address(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value and value != DHCP:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ValueError(f"{attribute.name}: {value!r} is not an IP address, nor dhcp") from None


def _distribution(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value and not _DISTRIBUTION.fullmatch(value):
        raise ValueError(f"{attribute.name}: {value!r} is not a distribution; write debian or debian:12")


def _stack(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value and not _STACK.fullmatch(value):
        raise ValueError(f"{attribute.name}: {value!r} is not the name of a stack, such as linux or windows-10")


def _mac(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value and not (_MAC.fullmatch(value) and not int(value[:2], 16) & _MULTICAST):
        raise ValueError(f"{attribute.name}: {value!r} is not the address of one card, such as 52:54:00:1a:2b:3c")


def _interval(_: object, attribute: "Attribute[float]", value: float) -> None:
    if value and value < SHORTEST_MUTATION:
        raise ValueError(f"{attribute.name}: at least {SHORTEST_MUTATION:.0f} seconds, or 0 for never")


@frozen(kw_only=True)
class DeckySettings:
    """One decoy machine."""

    name: str = field(validator=_host_label, metadata={"help": "its name in events, commands and actor paths"})
    archetype: str = field(
        default="", metadata={"help": "what kind of machine it is, such as web-server: gives what is not said below"}
    )
    services: tuple[str, ...] | Mapping[str, Any] = field(
        default=(),
        metadata={
            "help": "what it serves: names of decoy plugins, or one table of options for each; "
            "empty: what its archetype has"
        },
    )  # Any: each plugin has options of its own
    address: str = field(
        default="",
        validator=_address,
        metadata={"help": "its address, or dhcp: what the network's DHCP server gives it; empty: the driver chooses"},
    )
    distribution: str = field(
        default="",
        validator=_distribution,
        metadata={"help": "the system it claims to be, such as debian or ubuntu:22.04; empty: chosen once"},
    )
    stack: str = field(
        default="",
        validator=_stack,
        metadata={"help": "the TCP/IP stack it shows, such as linux; empty: the one that fits its system"},
    )
    mac: str = field(
        default="", validator=_mac, metadata={"help": "address of its network card; empty: one that fits its system"}
    )
    bait: tuple[Bait, ...] = field(default=(), metadata={"help": "credentials that log in because they were laid out"})
    weak_credentials: int = field(
        default=2,
        validator=and_(ge(0), le(10)),
        metadata={"help": "how many common user and password pairs log in, chosen once per decky"},
    )
    mutate_interval: float = field(
        default=0.0, validator=_interval, metadata={"help": "time between changes of its services; 0: they stay"}
    )
    tarpit: tuple[Tarpit, ...] = field(
        default=(), metadata={"help": "how replies are slowed down: of all services, or of those named"}
    )
    state: Literal["running", "stopped"] = field(
        default="running", metadata={"help": "stopped: it is kept, but nothing of it listens"}
    )
    isolate: Literal["", "none", "source", "session"] = field(
        default="", metadata={"help": "which attackers see one another's files on it; empty: as [fleet] isolate says"}
    )
    limits: Limits = field(factory=Limits, metadata={"help": "caps of each of its services"})


def default_fleet() -> tuple[DeckySettings, ...]:
    """Return the fleet of an installation that has none configured: small, and every decoy that is installed."""
    return (
        DeckySettings(name="web-01", services=("ssh", "http")),
        DeckySettings(name="cache-01", services=("ssh", "redis")),
        DeckySettings(name="term-01", services=("telnet",)),
    )

"""This module defines what an operator can say about looking back at attackers."""

import ipaddress

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, le, matches_re


def _ports(_: object, attribute: "Attribute[tuple[int, ...]]", value: tuple[int, ...]) -> None:
    if not all(0 < port < 2**16 for port in value):
        raise ValueError(f"{attribute.name}: a port is a number from 1 to 65535")


def _networks(_: object, attribute: "Attribute[tuple[str, ...]]", value: tuple[str, ...]) -> None:
    for text in value:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise ValueError(f"{attribute.name}: {error}") from error


def _sources(settings: "ProberSettings", attribute: "Attribute[tuple[str, ...]]", value: tuple[str, ...]) -> None:
    for text in value:
        try:
            ipaddress.ip_address(text)
        except ValueError as error:
            raise ValueError(f"{attribute.name}: {error}") from error
    if len({":" in text for text in value}) < len(value):
        raise ValueError(f"{attribute.name}: one address of each family at most")
    if settings.enabled and not value:
        raise ValueError(f"{attribute.name}: say which address of this machine attackers are to see")


@frozen(kw_only=True)
class ProberSettings:
    """Whether and how attackers' own services are looked at."""

    enabled: bool = field(
        default=False,
        metadata={"help": "connect to ports of addresses that attacked, and fingerprint what answers"},
    )
    source: tuple[str, ...] = field(
        default=(),
        validator=_sources,
        metadata={"help": "addresses to connect from, one of a family; attackers see them"},
    )
    ssh_ports: tuple[int, ...] = field(
        default=(22, 2222), validator=_ports, metadata={"help": "ports asked for a HASSHServer"}
    )
    tls_ports: tuple[int, ...] = field(
        default=(443, 8443), validator=_ports, metadata={"help": "ports asked for a JARM and a certificate"}
    )
    allow: tuple[str, ...] = field(
        default=(),
        validator=_networks,
        metadata={"help": "networks looked at although they are private or next to ours"},
    )
    deny: tuple[str, ...] = field(default=(), validator=_networks, metadata={"help": "networks never looked at"})
    again_after: float = field(
        default=86_400.0, validator=[ge(60), le(31_536_000)], metadata={"help": "time an address is left alone after"}
    )
    per_minute: int = field(default=6, validator=ge(1), metadata={"help": "addresses a minute"})
    at_once: int = field(default=4, validator=[ge(1), le(64)], metadata={"help": "addresses at the same time"})
    timeout: float = field(
        default=5.0, validator=[gt(0), le(60)], metadata={"help": "time one connection may take, all of it"}
    )
    ssh_version: str = field(
        default="SSH-2.0-OpenSSH_9.2p1",
        validator=matches_re(r"SSH-2\.0-[!-~]{1,200}"),
        metadata={"help": "what it calls itself to SSH servers"},
    )

"""This module agrees with the peer on a data connection, which only the peer will open (ADR 19)."""

import ipaddress

from decnet_actors.domain.facts import ForwardRequested
from decnet_actors.wire import ftp
from plugins.decoy.ftp.client import Client
from plugins.decoy.ftp.transfers import Transfers

PRIVILEGED = 1024  # ports below are never connected to
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_IPV6 = 2  # IANA address family


def pasv(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer PASV (RFC 959, 4.1.2)."""
    del argument, now
    address = client.peer.local_address
    if client.extended_only and "pasv.extended" in client.dialect.texts:
        client.say("pasv.extended")
    elif ":" in address:
        client.say("pasv.ipv6")
    else:
        text = client.dialect.texts["pasv.ok"]
        transfers.listen(lambda port: text.format(place=ftp.host_port(address, port)))


def epsv(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer EPSV (RFC 2428, 3)."""
    del now
    if argument.upper() == "ALL" and "epsv.all" in client.dialect.texts:
        client.extended_only = True
        client.say("epsv.all")
        return
    family = "2" if ":" in client.peer.local_address else "1"
    texts = client.dialect.texts
    if argument not in {"", family} and f"epsv.{argument}" not in texts and "epsv.family" in texts:
        client.say_first("epsv.family" if argument.isdigit() else "epsv.odd", "epsv.family")
        return
    text = client.dialect.texts["epsv.ok"]
    transfers.listen(lambda port: text.format(port=port))


def port(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer PORT (RFC 959, 4.1.2)."""
    del now
    if client.extended_only and "port.extended" in client.dialect.texts:
        client.say("port.extended")
        return
    found = ftp.parse_host_port(argument)
    if found is None:
        client.say("port.bad")
        return
    _point(client, transfers, "port", *found)


def eprt(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer EPRT (RFC 2428, 2)."""
    del now
    if client.extended_only and "eprt.extended" in client.dialect.texts:
        client.say("eprt.extended")
        return
    found = ftp.parse_extended_port(argument)
    if found is None:
        if argument.startswith(("|1|", "|2|")):
            client.say("eprt.bad")
        elif argument and not argument.startswith("|"):
            client.say_first("eprt.garbage", "eprt.bad")
        else:
            client.say_first("eprt.family" if argument else "eprt.nothing", "eprt.family")
        return
    family, address, port = found
    if (family == _IPV6) != (":" in client.peer.address) and "eprt.version" in client.dialect.texts:
        client.note(ForwardRequested(kind="ftp eprt", host=address, port=port))
        client.say("eprt.version")
        return
    _point(client, transfers, "eprt", address, port)


def _point(client: Client, transfers: Transfers, verb: str, address: str, port: int) -> None:
    """Take where the peer wants a connection to: nowhere but to itself, and never made (ADR 19)."""
    foreign = address != client.peer.address
    if foreign and client.dialect.trusts_private and _is_private(address) and not _is_private(client.peer.address):
        client.note(ForwardRequested(kind=f"ftp {verb}", host=address, port=port))
        foreign = False  # it takes this for a client behind a NAT, and means the peer
    if foreign or port < PRIVILEGED:
        client.note(ForwardRequested(kind=f"ftp {verb}", host=address, port=port))
    refusal = f"{verb}.foreign" if foreign else f"{verb}.low"
    if (foreign or port < PRIVILEGED) and refusal in client.dialect.texts:
        client.say(refusal, address=address, peer=client.peer.address)
        return
    transfers.point(port)
    client.say(f"{verb}.ok")


def _is_private(address: str) -> bool:
    """Return whether it is one of RFC 1918."""
    found = ipaddress.ip_address(address)
    return isinstance(found, ipaddress.IPv4Address) and any(found in network for network in _PRIVATE)

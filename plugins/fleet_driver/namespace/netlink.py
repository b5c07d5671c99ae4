"""This module speaks rtnetlink (rtnetlink(7)): the few requests that make a decky's interface and read it back."""

import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Self, TypeAlias

from attrs import frozen

Interface: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# linux/netlink.h
_REQUEST, _ACK, _DUMP, _REPLACE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x300, 0x100, 0x200, 0x400
_ERROR, _DONE = 2, 3
_NESTED, _TYPE_MASK = 0x8000, 0x3FFF
# linux/rtnetlink.h
_NEWLINK, _DELLINK, _GETLINK, _NEWADDR, _DELADDR, _GETADDR, _NEWROUTE = 16, 17, 18, 20, 21, 22, 24
_RT_TABLE_MAIN, _RTPROT_BOOT, _RT_SCOPE_UNIVERSE, _RTN_UNICAST, _RTA_GATEWAY = 254, 3, 0, 1, 5
# linux/if_link.h, linux/if_addr.h, linux/veth.h
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINK, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 1, 3, 5, 18, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _IFLA_MACVLAN_MODE, _MACVLAN_BRIDGE, _VETH_PEER = 1, 2, 1, 4, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST, _IFA_F_NODAD = 1, 2, 4, 0x02
_IFF_UP = 1

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # family, type, index, flags, change
_ADDR = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_BUFFER = 65_536  # bytes of one datagram; the kernel's dumps stay below
_ANSWER = 5.0  # seconds


@frozen(kw_only=True)
class Link:
    """An interface as the kernel tells it."""

    index: int
    kind: str  # macvlan; empty for hardware
    mac: str
    parent: int  # index of the interface it hangs on, in that one's namespace; 0 is none
    is_up: bool


class Netlink:
    """A netlink socket. It stays in the namespace it was opened in, wherever the thread goes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.settimeout(_ANSWER)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def add_macvlan(self, name: str, *, parent: int, mac: str, namespace: int) -> None:
        """Make an interface in bridge mode on ``parent``; it is born in ``namespace``, a descriptor."""
        kind = _text(_IFLA_INFO_KIND, "macvlan")
        data = _nest(_IFLA_INFO_DATA, _number(_IFLA_MACVLAN_MODE, _MACVLAN_BRIDGE))
        self._ask(
            _NEWLINK,
            _CREATE | _EXCLUSIVE,
            _LINK.pack(0, 0, 0, 0, 0)
            + _name(name)
            + _number(_IFLA_LINK, parent)
            + _attribute(_IFLA_ADDRESS, _mac(mac))
            + _number(_IFLA_NET_NS_FD, namespace)
            + _nest(_IFLA_LINKINFO, kind, data),
        )

    def add_veth(self, name: str, *, peer: str, mac: str, namespace: int) -> None:
        """Make a cable: ``name`` here and up, ``peer`` with this MAC in ``namespace``."""
        other = (
            _LINK.pack(0, 0, 0, 0, 0)
            + _name(peer)
            + _attribute(_IFLA_ADDRESS, _mac(mac))
            + _number(_IFLA_NET_NS_FD, namespace)
        )
        data = _nest(_IFLA_INFO_DATA, _attribute(_VETH_PEER | _NESTED, other))
        info = _nest(_IFLA_LINKINFO, _text(_IFLA_INFO_KIND, "veth"), data)
        self._ask(_NEWLINK, _CREATE | _EXCLUSIVE, _LINK.pack(0, 0, 0, _IFF_UP, _IFF_UP) + _name(name) + info)

    def set_up(self, index: int) -> None:
        """Switch an interface on."""
        self._ask(_NEWLINK, 0, _LINK.pack(0, 0, index, _IFF_UP, _IFF_UP))

    def delete_link(self, index: int) -> None:
        """Remove an interface; its MAC is free at once, which it is not yet when its namespace merely ends."""
        self._ask(_DELLINK, 0, _LINK.pack(0, 0, index, 0, 0))

    def add_address(self, index: int, address: Interface) -> None:
        """Give an address. IPv6 skips duplicate detection: the address would not answer for a second or two."""
        network = address.network
        body = _attribute(_IFA_ADDRESS, address.ip.packed) + _attribute(_IFA_LOCAL, address.ip.packed)
        if isinstance(network, ipaddress.IPv4Network):
            flags = 0
            if network.num_addresses > 2:  # noqa: PLR2004  a point-to-point network has no broadcast address
                body += _attribute(_IFA_BROADCAST, network.broadcast_address.packed)
        else:
            flags = _IFA_F_NODAD
        head = _ADDR.pack(_family(address.ip), network.prefixlen, flags, 0, index)
        self._ask(_NEWADDR, _CREATE | _REPLACE, head + body)

    def delete_address(self, index: int, address: Interface) -> None:
        """Take an address away, with the routes that need it."""
        head = _ADDR.pack(_family(address.ip), address.network.prefixlen, 0, 0, index)
        self._ask(_DELADDR, 0, head + _attribute(_IFA_LOCAL, address.ip.packed))

    def add_default_route(self, gateway: Address) -> None:
        """Send what is not on the link to the gateway."""
        head = _ROUTE.pack(_family(gateway), 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, _RT_SCOPE_UNIVERSE, _RTN_UNICAST, 0)
        self._ask(_NEWROUTE, _CREATE | _REPLACE, head + _attribute(_RTA_GATEWAY, gateway.packed))

    def link(self, name: str) -> Link:
        """Return an interface.

        Raises:
            OSError: there is none.

        """
        found = self._ask(_GETLINK, 0, _LINK.pack(0, 0, 0, 0, 0) + _name(name))
        if not found:
            raise OSError(f"the kernel tells nothing of {name}")
        _, _, number, flags, _ = _LINK.unpack_from(found[0])
        attributes = dict(_attributes(found[0], _LINK.size))
        info = dict(_attributes(attributes.get(_IFLA_LINKINFO, b""), 0))
        return Link(
            index=number,
            kind=info.get(_IFLA_INFO_KIND, b"").rstrip(b"\0").decode("ascii", "replace"),
            mac=attributes.get(_IFLA_ADDRESS, b"").hex(":"),
            parent=int.from_bytes(attributes.get(_IFLA_LINK, b""), "little"),
            is_up=bool(flags & _IFF_UP),
        )

    def addresses(self) -> dict[int, set[Address]]:
        """Return the addresses of every interface, by its index."""
        found: dict[int, set[Address]] = {}
        for body in self._ask(_GETADDR, _DUMP, _ADDR.pack(0, 0, 0, 0, 0)):
            _, _, _, _, index = _ADDR.unpack_from(body)
            attributes = dict(_attributes(body, _ADDR.size))
            packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
            if packed:
                found.setdefault(index, set()).add(ipaddress.ip_address(packed))
        return found

    def _ask(self, kind: int, flags: int, body: bytes) -> tuple[bytes, ...]:
        """Return the bodies of what the kernel tells.

        Raises:
            OSError: the kernel refuses.

        """
        self._sequence += 1
        head = _HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST | _ACK, self._sequence, 0)
        self._socket.send(head + body)
        told: list[bytes] = []
        while True:
            data = self._socket.recv(_BUFFER)
            for answer, sequence, part in _messages(data):
                if sequence != self._sequence:
                    continue
                if answer == _DONE:
                    return tuple(told)
                if answer == _ERROR:
                    number = -int.from_bytes(part[:4], "little", signed=True)
                    if number:
                        raise OSError(number, os.strerror(number))
                    return tuple(told)
                told.append(part)


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        yield kind, sequence, data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def _attributes(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _TYPE_MASK, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def _attribute(kind: int, data: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(data)
    return _ATTRIBUTE.pack(length, kind) + data + b"\0" * (-length % 4)


def _nest(kind: int, *parts: bytes) -> bytes:
    return _attribute(kind | _NESTED, b"".join(parts))


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode("ascii"))


def _name(value: str) -> bytes:
    return _attribute(_IFLA_IFNAME, value.encode("ascii") + b"\0")


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _family(address: Address) -> int:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004  IP versions

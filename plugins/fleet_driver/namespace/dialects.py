"""This module says how real systems' DHCP clients speak: which options, in which order.

Servers and those who watch the network tell systems apart by it. Written by hand from what the clients send: dhclient
of Debian 12 and udhcpc of BusyBox 1.35 as captured, the others from their public descriptions.
"""

from collections.abc import Callable, Mapping, Sequence

from attrs import evolve, frozen

from plugins.fleet_driver.namespace.dhcp import MESSAGE_TYPE, REQUESTED, SERVER, Kind, Option

_HOSTNAME, _LARGEST, _PARAMETERS, _VENDOR, _CLIENT, _FULL_NAME = 12, 57, 55, 60, 61, 81  # RFC 2132, RFC 4702
_LONGEST_NAME = 63  # bytes
_ETHERNET = b"\x01"


@frozen(kw_only=True)
class Dialect:
    """A client. ``discover`` and ``request`` are the codes of its options in their order."""

    discover: Sequence[int]
    request: Sequence[int]
    parameters: Sequence[int]
    vendor: bytes = b""
    largest: int = 0  # bytes of a message it takes
    identity: Callable[[str], bytes] = lambda mac: _ETHERNET + _card(mac)

    def options(self, kind: Kind, mac: str, hostname: str, *, wish: str = "", server: str = "") -> Sequence[Option]:
        """Return the options of a message.

        Args:
            kind: of the message.
            mac: of the client.
            hostname: the machine's; empty leaves it out.
            wish: the address that is asked for, if one is.
            server: which one is meant, if one is.

        """
        name = hostname.encode("ascii", "replace")[:_LONGEST_NAME]
        values = {
            MESSAGE_TYPE: bytes((kind,)),
            REQUESTED: _packed(wish),
            SERVER: _packed(server),
            _HOSTNAME: name,
            _LARGEST: self.largest.to_bytes(2, "big") if self.largest else b"",
            _PARAMETERS: bytes(self.parameters),
            _VENDOR: self.vendor,
            _CLIENT: self.identity(mac),
            _FULL_NAME: b"\0\0\0" + name if name else b"",
        }
        order = self.discover if kind is Kind.DISCOVER else self.request
        if kind is Kind.DECLINE:  # says which address, of which server, and nothing else (RFC 2131, table 5)
            order = [code for code in order if code in {MESSAGE_TYPE, REQUESTED, SERVER, _CLIENT}]
        return [(code, values[code]) for code in order if values[code]]


def _packed(address: str) -> bytes:
    return bytes(map(int, address.split("."))) if address else b""


def _card(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _of_cisco(mac: str) -> bytes:
    digits = mac.replace(":", "")
    return f"\0cisco-{digits[:4]}.{digits[4:8]}.{digits[8:]}-Gi0/0".encode("ascii")


_DHCLIENT = Dialect(
    discover=(MESSAGE_TYPE, REQUESTED, _HOSTNAME, _PARAMETERS),
    request=(MESSAGE_TYPE, SERVER, REQUESTED, _HOSTNAME, _PARAMETERS),
    parameters=(1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42),
)
_WINDOWS_10 = Dialect(
    discover=(MESSAGE_TYPE, _CLIENT, REQUESTED, _HOSTNAME, _VENDOR, _PARAMETERS),
    request=(MESSAGE_TYPE, _CLIENT, REQUESTED, SERVER, _HOSTNAME, _FULL_NAME, _VENDOR, _PARAMETERS),
    parameters=(1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252),
    vendor=b"MSFT 5.0",
)
_UDHCPC = (_LARGEST, _PARAMETERS, _HOSTNAME, _VENDOR, _CLIENT)

DIALECTS: Mapping[str, Dialect] = {  # by stack
    "linux": _DHCLIENT,
    "windows-10": _WINDOWS_10,
    # Before domain search lists (119) were asked for.
    "windows-server-2016": evolve(_WINDOWS_10, parameters=(1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 121, 249, 252)),
    "windows-server-2019": _WINDOWS_10,
    "freebsd": Dialect(
        discover=(MESSAGE_TYPE, REQUESTED, _CLIENT, _HOSTNAME, _PARAMETERS),
        request=(MESSAGE_TYPE, SERVER, REQUESTED, _CLIENT, _HOSTNAME, _PARAMETERS),
        parameters=(1, 28, 2, 121, 3, 15, 6, 12, 119),
    ),
    "cisco-ios": Dialect(
        discover=(MESSAGE_TYPE, _LARGEST, _CLIENT, REQUESTED, _HOSTNAME, _PARAMETERS),
        request=(MESSAGE_TYPE, _LARGEST, _CLIENT, SERVER, REQUESTED, _HOSTNAME, _PARAMETERS),
        parameters=(1, 66, 6, 15, 44, 3, 67, 12, 33, 150, 43),
        largest=1152,
        identity=_of_cisco,
    ),
    "embedded": Dialect(
        discover=(MESSAGE_TYPE, REQUESTED, *_UDHCPC),
        request=(MESSAGE_TYPE, REQUESTED, SERVER, *_UDHCPC),
        parameters=(1, 3, 6, 12, 15, 28, 42),
        vendor=b"udhcp 1.35.0",
        largest=576,
    ),
}

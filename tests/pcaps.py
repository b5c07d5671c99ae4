"""This module makes packets, and writes and reads captures of them (libpcap's classic format, pcap-savefile(5))."""

import ipaddress
import struct
from collections.abc import Iterable
from pathlib import Path

_GLOBAL = struct.Struct("<IHHiIII")
_EACH = struct.Struct("<IIII")
_MAGIC = 0xA1B2C3D4
_RAW = 101  # LINKTYPE_RAW: packets begin with their IP header

SYN_OPTIONS = {  # as the systems send them
    "linux": bytes.fromhex("020405b40402080a0011223300000000 0103 0307".replace(" ", "")),
    "windows": bytes.fromhex("020405b40103030801010402"),
    "macos": bytes.fromhex("020405b4010303060101080a00112233000000000402 0000".replace(" ", "")),
    "freebsd": bytes.fromhex("020405b4010303060402080a0011223300000000"),
    "openbsd": bytes.fromhex("020405b401010402010303060101080a0011223300000000"),
}


def tcp(sport, dport, *, flags, seq=0, ack=0, window=64_240, options=b"", payload=b"", urgent=0):
    return (
        struct.pack(">HHIIBBHHH", sport, dport, seq, ack, (20 + len(options)) // 4 << 4, flags, window, 0, urgent)
        + options
        + payload
    )


def udp(sport, dport, payload):
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def ipv4(source, destination, body, *, protocol=6, ttl=64, tos=0, ident=0, fragment=0x4000):
    return (
        struct.pack(
            ">BBHHHBBH4s4s",
            0x45, tos, 20 + len(body), ident, fragment, ttl, protocol, 0,
            ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed,
        )
        + body
    )  # fmt: skip


def ipv6(source, destination, body, *, following=6, ttl=64, tos=0):
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return struct.pack(">IHBB", 6 << 28 | tos << 20, len(body), following, ttl) + addresses + body


def write(path: Path, packets: Iterable[tuple[float, bytes]]) -> None:
    with path.open("wb") as file:
        file.write(_GLOBAL.pack(_MAGIC, 2, 4, 0, 0, 65_535, _RAW))
        for time, data in packets:
            seconds = int(time)
            file.write(_EACH.pack(seconds, int((time - seconds) * 1e6), len(data), len(data)) + data)


def read(path: Path) -> list[tuple[float, bytes]]:
    data = path.read_bytes()
    assert _GLOBAL.unpack_from(data)[0] == _MAGIC
    found, at = [], _GLOBAL.size
    while at < len(data):
        seconds, microseconds, kept, _ = _EACH.unpack_from(data, at)
        at += _EACH.size
        found.append((seconds + microseconds / 1e6, data[at : at + kept]))
        at += kept
    return found

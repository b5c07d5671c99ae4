"""This module fingerprints TLS servers by how they answer ten hellos: JARM (Salesforce, BSD-3). Pure.

The hellos and the hash are those of the public tool, oddities included, or ours would be nobody else's.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeVar

from attrs import frozen

from decnet_actors.wire.tls_server import ServerHello

NOTHING = "0" * 62  # of a server that answers none of the hellos
NO_ANSWER = "|||"
MAX_ANSWER = 1484  # bytes of an answer that count

Noise = Callable[[int], bytes]  # gives as many random bytes
T = TypeVar("T")

_CIPHERS = struct.unpack(
    ">69H",
    bytes.fromhex(
        "001600330067c09ec0a2009e0039006bc09fc0a3009f004500be008800c4009ac008c009c023c0acc0aec02bc00ac024c0adc0af"
        "c02cc072c073cca913021301cc14c007c012c013c027c02fc014c028c030c060c061c076c077cca8130513041303cc13c011000a"
        "002f003cc09cc0a0009c0035003dc09dc0a1009d004100ba008400c0000700040005"
    ),
)
_OF_TLS_1_3 = range(0x1301, 0x1306)
_NUMBERED = sorted(_CIPHERS, key=lambda cipher: (cipher in _OF_TLS_1_3, cipher))
# spdy/3 and h2 are one piece in the public tool: they stay together however the list is ordered.
_PROTOCOLS = (b"http/0.9", b"http/1.0", b"http/1.1", b"spdy/1", b"spdy/2", b"spdy/3\x02h2", b"h2c", b"hq")
_RARE_PROTOCOLS = (b"http/0.9", b"http/1.0", b"spdy/1", b"spdy/2", b"spdy/3", b"h2c", b"hq")
_SPDY_3 = 6  # bytes of its name

_TLS_1_1, _TLS_1_2, _TLS_1_3 = 0x0302, 0x0303, 0x0304
_FIRST_VERSION = 0x0301


class _Order(Enum):
    FORWARD = "as they are"
    REVERSE = "backwards"
    TOP_HALF = "the first half, backwards"
    BOTTOM_HALF = "the second half"
    MIDDLE_OUT = "from the middle to both ends"


@frozen(kw_only=True)
class _Probe:
    """One of the hellos. ``supported``: the newest version its extension names; 0: it has none."""

    version: int
    order: _Order
    supported: int
    listed: _Order  # of protocols and versions
    grease: bool = False
    rare: bool = False  # protocols nobody speaks
    old_ciphers: bool = False  # none of TLS 1.3


_F, _R = _Order.FORWARD, _Order.REVERSE
_PROBES = (
    _Probe(version=_TLS_1_2, order=_F, supported=_TLS_1_2, listed=_R),
    _Probe(version=_TLS_1_2, order=_R, supported=_TLS_1_2, listed=_F),
    _Probe(version=_TLS_1_2, order=_Order.TOP_HALF, supported=0, listed=_F),
    _Probe(version=_TLS_1_2, order=_Order.BOTTOM_HALF, supported=0, listed=_F, rare=True),
    _Probe(version=_TLS_1_2, order=_Order.MIDDLE_OUT, supported=0, listed=_R, rare=True, grease=True),
    _Probe(version=_TLS_1_1, order=_F, supported=0, listed=_F),
    _Probe(version=_TLS_1_3, order=_F, supported=_TLS_1_3, listed=_R),
    _Probe(version=_TLS_1_3, order=_R, supported=_TLS_1_3, listed=_F),
    _Probe(version=_TLS_1_3, order=_F, supported=_TLS_1_3, listed=_F, old_ciphers=True),
    _Probe(version=_TLS_1_3, order=_Order.MIDDLE_OUT, supported=_TLS_1_3, listed=_R, grease=True),
)


def hellos(host: str, noise: Noise) -> tuple[bytes, ...]:
    """Return the ten records to send, each on a connection of its own.

    Args:
        host: as it was asked for; an address is sent as its text.
        noise: where random bytes come from.

    """
    return tuple(_record(probe, host.encode("ascii"), noise) for probe in _PROBES)


def answer(hello: ServerHello | None) -> str:
    """Return what of a server's answer counts: cipher, version, protocol and extensions; or ``NO_ANSWER``."""
    if hello is None:
        return NO_ANSWER
    try:
        alpn = hello.alpn.decode()
    except UnicodeDecodeError:
        return NO_ANSWER
    extensions = "-".join(f"{kind:04x}" for kind in hello.extensions)
    return f"{hello.cipher:04x}|{hello.version:04x}|{alpn}|{extensions}"


def jarm(answers: Sequence[str]) -> str:
    """Return the fingerprint: three characters for each of the ten answers, then a hash of protocols and extensions."""
    if all(text == NO_ANSWER for text in answers):
        return NOTHING
    parts = [text.split("|") for text in answers]
    start = "".join(_cipher(part[0]) + _version(part[1]) for part in parts)
    more = "".join(part[2] + part[3] for part in parts)
    return start + hashlib.sha256(more.encode()).hexdigest()[:32]


def _cipher(text: str) -> str:
    if not text:
        return "00"
    cipher = int(text, 16)
    number = _NUMBERED.index(cipher) if cipher in _NUMBERED else len(_NUMBERED)
    return f"{number + 1:02x}"


def _version(text: str) -> str:
    return dict(zip(("0300", "0301", "0302", "0303", "0304", "0305"), "abcdef", strict=True)).get(text, "0")


def _ordered(values: Sequence[T], order: _Order) -> list[T]:
    middle = len(values) // 2
    match order:
        case _Order.FORWARD:
            return list(values)
        case _Order.REVERSE:
            return list(reversed(values))
        case _Order.TOP_HALF:
            return list(reversed(values[: len(values) - middle]))
        case _Order.BOTTOM_HALF:
            return list(values[len(values) - middle :])
        case _Order.MIDDLE_OUT:
            before, after = list(reversed(values[:middle])), list(values[len(values) - middle :])
            both = [value for pair in zip(after, before, strict=True) for value in pair]
            return list(values[middle : len(values) - middle]) + both


def _record(probe: _Probe, host: bytes, noise: Noise) -> bytes:
    legacy = min(probe.version, _TLS_1_2)
    ciphers = [cipher for cipher in _CIPHERS if not (probe.old_ciphers and cipher in _OF_TLS_1_3)]
    listed = b"".join(_pair(cipher) for cipher in _ordered(ciphers, probe.order))
    if probe.grease:
        listed = _grease(noise) + listed
    session = noise(32)
    body = _pair(legacy) + noise(32) + _sized(1, session) + _sized(2, listed) + _sized(1, b"\0")
    message = b"\x01" + _sized(3, body + _sized(2, _extensions(probe, host, noise)))
    outer = _FIRST_VERSION if probe.version == _TLS_1_3 else probe.version
    return b"\x16" + _pair(outer) + _sized(2, message)


def _extensions(probe: _Probe, host: bytes, noise: Noise) -> bytes:
    found = _grease(noise) + _sized(2, b"") if probe.grease else b""
    found += _extension(0, _sized(2, b"\0" + _sized(2, host)))
    found += _extension(23, b"")  # extended master secret
    found += _extension(1, b"\x01")  # 512 bytes a fragment
    found += _extension(0xFF01, b"\0")  # first negotiation
    found += _extension(10, _sized(2, bytes.fromhex("001d001700180019")))  # groups
    found += _extension(11, _sized(1, b"\0"))  # uncompressed points
    found += _extension(35, b"")  # a ticket is welcome
    found += _extension(16, _sized(2, _protocols(probe)))
    found += _extension(13, _sized(2, bytes.fromhex("040308040401050308050501080606010201")))  # signatures
    shares = _grease(noise) + _sized(2, b"\0") if probe.grease else b""
    found += _extension(51, _sized(2, shares + _pair(0x001D) + _sized(2, noise(32))))
    found += _extension(45, _sized(1, b"\x01"))  # PSK with a key exchange
    if probe.supported:
        versions = _ordered(range(_FIRST_VERSION, probe.supported + 1), probe.listed)
        greased = _grease(noise) if probe.grease else b""
        found += _extension(43, _sized(1, greased + b"".join(map(_pair, versions))))
    return found


def _protocols(probe: _Probe) -> bytes:
    names = _ordered(_RARE_PROTOCOLS if probe.rare else _PROTOCOLS, probe.listed)
    return b"".join(bytes((min(len(name), _SPDY_3) if name[:4] == b"spdy" else len(name),)) + name for name in names)


def _grease(noise: Noise) -> bytes:
    return bytes((noise(1)[0] & 0xF0 | 0x0A,)) * 2


def _extension(kind: int, content: bytes) -> bytes:
    return _pair(kind) + _sized(2, content)


def _sized(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size) + content


def _pair(number: int) -> bytes:
    return number.to_bytes(2)

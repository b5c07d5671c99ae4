"""This module fingerprints TLS peers: JA3, JA3S (Salesforce, BSD-3) and JA4 (FoxIO, BSD-3). Pure.

JA4 is the client's part of FoxIO's family only: JA4S, JA4H, JA4L, JA4X and others are under a licence that is not free.
"""

import hashlib
from collections.abc import Iterable, Sequence

from decnet_actors.wire.tls import ClientHello, Extension
from decnet_actors.wire.tls_server import ServerHello

_NOTHING = "0" * 12  # in the place of a hash of an empty list (JA4)
_VERSIONS = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
}
_NAMED_BEFORE = {Extension.SERVER_NAME, Extension.ALPN}  # they are in the first part of a JA4


def is_grease(value: int) -> bool:
    """Return whether a value means nothing but that its reader must bear it (RFC 8701)."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF  # noqa: PLR2004  0x0a0a, 0x1a1a, ... 0xfafa


def ja3(hello: ClientHello) -> str:
    """Return the JA3 of a client: the MD5, in hex, of ``ja3_text``."""
    return _md5(ja3_text(hello))


def ja3_text(hello: ClientHello) -> str:
    """Return version, ciphers, extensions, groups and point formats, decimal, in the client's order."""
    lists = (hello.ciphers, hello.extensions, hello.groups, hello.point_formats)
    return ",".join((str(hello.version), *(_dashed(_meant(values)) for values in lists)))


def ja3s(hello: ServerHello) -> str:
    """Return the JA3S of a server: the MD5, in hex, of ``ja3s_text``."""
    return _md5(ja3s_text(hello))


def ja3s_text(hello: ServerHello) -> str:
    """Return version, chosen cipher and extensions, decimal, in the server's order."""
    return f"{hello.version},{hello.cipher},{_dashed(hello.extensions)}"


def ja4(hello: ClientHello, transport: str = "t") -> str:
    """Return the JA4 of a client.

    Args:
        hello: what it offers.
        transport: ``t``: TLS over TCP, ``q``: QUIC.

    """
    ciphers, extensions, algorithms = _ja4_lists(hello)
    return "_".join((_ja4_start(hello, transport), _hashed(ciphers), _hashed(extensions, algorithms)))


def ja4_text(hello: ClientHello, transport: str = "t") -> str:
    """Return a JA4 before it is hashed (``JA4_r``)."""
    return "_".join((_ja4_start(hello, transport), *map(",".join, _ja4_lists(hello))))


def _ja4_lists(hello: ClientHello) -> tuple[list[str], list[str], list[str]]:
    """Return ciphers and extensions, sorted, and signature algorithms, in the client's order."""
    extensions = (kind for kind in _meant(hello.extensions) if kind not in _NAMED_BEFORE)
    return sorted(_hex(_meant(hello.ciphers))), sorted(_hex(extensions)), _hex(_meant(hello.signature_algorithms))


def _ja4_start(hello: ClientHello, transport: str) -> str:
    versions = _meant(hello.supported_versions)
    version = _VERSIONS.get(max(versions) if versions else hello.version, "00")
    place = "d" if Extension.SERVER_NAME in hello.extensions else "i"
    counts = (min(len(_meant(values)), 99) for values in (hello.ciphers, hello.extensions))
    return transport + version + place + "".join(f"{count:02}" for count in counts) + _ends(hello.alpn)


def _ends(alpn: Sequence[bytes]) -> str:
    """Return the first and the last character of the first protocol's name."""
    name = alpn[0] if alpn else b""
    if not name:
        return "00"
    ends = bytes((name[0], name[-1]))
    return ends.decode() if ends.isalnum() else name.hex()[0] + name.hex()[-1]


def _hashed(values: list[str], more: Sequence[str] = ()) -> str:
    if not values:
        return _NOTHING
    text = "_".join(",".join(part) for part in (values, more) if part)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _meant(values: Iterable[int]) -> list[int]:
    return [value for value in values if not is_grease(value)]


def _dashed(values: Iterable[int]) -> str:
    return "-".join(map(str, values))


def _hex(values: Iterable[int]) -> list[str]:
    return [f"{value:04x}" for value in values]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

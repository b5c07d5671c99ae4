"""This module makes TLS messages and QUIC packets for tests: what a client might say, byte by byte."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from decnet_actors.wire.quic import Keys

GREASE = 0x1A1A


def sized(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size) + content


def numbers(values: Sequence[int], size: int = 2) -> bytes:
    return b"".join(value.to_bytes(size) for value in values)


def server_name(name: bytes) -> tuple[int, bytes]:
    return 0, sized(2, b"\0" + sized(2, name))


def groups(values: Sequence[int]) -> tuple[int, bytes]:
    return 10, sized(2, numbers(values))


def point_formats(values: Sequence[int]) -> tuple[int, bytes]:
    return 11, sized(1, bytes(values))


def signature_algorithms(values: Sequence[int]) -> tuple[int, bytes]:
    return 13, sized(2, numbers(values))


def alpn(*names: bytes) -> tuple[int, bytes]:
    return 16, sized(2, b"".join(sized(1, name) for name in names))


def supported_versions(values: Sequence[int]) -> tuple[int, bytes]:
    return 43, sized(1, numbers(values))


def client_hello(
    version: int = 0x0303,
    ciphers: Sequence[int] = (0x1301,),
    extensions: Sequence[tuple[int, bytes]] | None = (),
    session_id: bytes = b"",
) -> bytes:
    """Return a message with its header; ``extensions=None`` leaves the list out."""
    body = numbers([version]) + bytes(32) + sized(1, session_id) + sized(2, numbers(ciphers)) + b"\1\0"
    if extensions is not None:
        body += sized(2, b"".join(numbers([kind]) + sized(2, content) for kind, content in extensions))
    return b"\1" + sized(3, body)


def server_hello(version: int, cipher: int, extensions: Sequence[tuple[int, bytes]] | None = ()) -> bytes:
    body = numbers([version]) + bytes(32) + sized(1, bytes(32)) + numbers([cipher]) + b"\0"
    if extensions is not None:
        body += sized(2, b"".join(numbers([kind]) + sized(2, content) for kind, content in extensions))
    return b"\2" + sized(3, body)


def certificate(*chain: bytes) -> bytes:
    return b"\x0b" + sized(3, sized(3, b"".join(sized(3, one) for one in chain)))


def records(message: bytes, size: int = 1 << 14) -> bytes:
    """Return messages in records of at most ``size`` bytes."""
    pieces = (message[place : place + size] for place in range(0, len(message), size))
    return b"".join(b"\x16\x03\x01" + sized(2, piece) for piece in pieces)


def crypto(data: bytes, offset: int = 0) -> bytes:
    """Return a CRYPTO frame; numbers of it are written in two bytes."""
    return b"\x06" + numbers([0x4000 | offset]) + numbers([0x4000 | len(data)]) + data


def initial(version: int, kind: int, keys: Keys, cid: bytes, number: int, frames: bytes) -> bytes:
    """Return an Initial packet without a token, its number in four bytes."""
    size = 4 + len(frames) + 16
    header = bytes((0xC0 | kind << 4 | 3,)) + version.to_bytes(4) + sized(1, cid) + b"\0\0"
    header += numbers([0x4000 | size]) + number.to_bytes(4)
    nonce = (int.from_bytes(keys.iv) ^ number).to_bytes(12)
    sealed = AESGCM(keys.key).encrypt(nonce, frames, header)
    mask = Cipher(algorithms.AES(keys.hp), modes.ECB()).encryptor().update(sealed[:16])
    number_bytes = bytes(byte ^ other for byte, other in zip(header[-4:], mask[1:5], strict=True))
    return bytes((header[0] ^ mask[0] & 0x0F,)) + header[1:-4] + number_bytes + sealed

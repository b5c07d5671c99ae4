"""This module finds the ClientHello in a QUIC client's first datagrams (RFC 9000, RFC 9001; version 2: RFC 9369). Pure.

Initial packets are encrypted with keys that follow from what they say in the clear, so whoever sees them can read them.
"""

import hashlib
import hmac
from bisect import insort

from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from decnet_actors.wire.errors import WireError
from decnet_actors.wire.tls import ClientHello, client_hello
from decnet_actors.wire.tls_records import MAX_HANDSHAKE, Fields, Message, TlsError

MAX_DATAGRAMS = 16  # that are looked at; a hello of 32 KiB has 28
MAX_DATAGRAM = 9000  # bytes; longer ones are not looked at. Clients send 1200 to 1472
MAX_PIECES = 64  # of the hello that wait for those before them; Chrome sends about 10

_LONG = 0x80
_MAX_CID = 20
_SAMPLE = 16
_TAG = 16
_NUMBER_MAX = 4
_MESSAGE_HEADER = 4


class QuicError(WireError):
    """The peer broke QUIC."""


@frozen(kw_only=True)
class Version:
    """What differs between versions."""

    salt: bytes
    prefix: bytes  # of the labels
    initial: int  # types of long headers
    retry: int


VERSIONS = {
    0x00000001: Version(
        salt=bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), prefix=b"quic", initial=0, retry=3
    ),
    0x6B3343CF: Version(
        salt=bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), prefix=b"quicv2", initial=1, retry=0
    ),
}


@frozen(kw_only=True)
class Keys:
    """What protects a client's Initial packets."""

    key: bytes
    iv: bytes
    hp: bytes


def initial_keys(version: Version, cid: bytes) -> Keys:
    """Return a client's keys; ``cid`` is the destination of its first packet (RFC 9001, section 5.2)."""
    initial = hmac.digest(version.salt, cid, "sha256")
    secret = _expanded(initial, b"client in", 32)
    return Keys(
        key=_expanded(secret, version.prefix + b" key", 16),
        iv=_expanded(secret, version.prefix + b" iv", 12),
        hp=_expanded(secret, version.prefix + b" hp", 16),
    )


def _expanded(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446, section 7.1) of up to one block."""
    full = b"tls13 " + label
    info = size.to_bytes(2) + bytes((len(full),)) + full + b"\0" + b"\1"
    return hmac.digest(secret, info, hashlib.sha256)[:size]


@frozen(kw_only=True)
class _Packet:
    """An Initial packet: as it came, where its number begins, and whom it is for."""

    version: Version
    cid: bytes
    data: bytes
    number_at: int


class InitialReader:
    """Gathers a client's ClientHello from its Initial packets, in any order, repeated, split over datagrams.

    ``failed``: there will be none, or it was not there in ``MAX_DATAGRAMS``.
    """

    __slots__ = ("_crypto", "_done", "_keys", "_seen", "failed")

    def __init__(self) -> None:
        self._crypto = _Crypto()
        self._keys: Keys | None = None
        self._seen = 0
        self._done = False
        self.failed = False

    @property
    def buffered(self) -> int:
        """How many bytes are kept."""
        return self._crypto.buffered

    def feed(self, datagram: bytes) -> ClientHello | None:
        """Return the hello once it is whole."""
        if self._done or self.failed:
            return None
        self._seen += 1
        try:
            for packet in _initials(datagram) if len(datagram) <= MAX_DATAGRAM else ():
                self._take(packet)
            message = self._crypto.message()
        except (QuicError, TlsError):  # that datagram; another version may follow one we do not know
            message = None
        if message is None:
            self.failed = self._crypto.failed or self._seen >= MAX_DATAGRAMS
            return None
        hello = client_hello(message)
        self._done, self.failed = hello is not None, hello is None
        self._crypto = _Crypto()
        return hello

    def _take(self, packet: _Packet) -> None:
        """Read a packet: with the keys of the first one or, after a Retry, with keys of its own."""
        for keys in (self._keys, initial_keys(packet.version, packet.cid)):
            frames = None if keys is None else _opened(packet, keys)
            if frames is not None:
                self._keys = keys
                _read_frames(frames, self._crypto)
                return


class _Crypto:
    """The stream of CRYPTO frames, from its start."""

    __slots__ = ("_pieces", "_whole", "failed")

    def __init__(self) -> None:
        self._whole = bytearray()
        self._pieces: list[tuple[int, bytes]] = []  # behind a gap, by offset
        self.failed = False

    @property
    def buffered(self) -> int:
        return len(self._whole) + sum(len(data) for _, data in self._pieces)

    def add(self, offset: int, data: bytes) -> None:
        if offset + len(data) > _MESSAGE_HEADER + MAX_HANDSHAKE:
            self.failed = True
            return
        if offset > len(self._whole):
            if (offset, data) not in self._pieces:
                insort(self._pieces, (offset, data))
            self.failed = len(self._pieces) > MAX_PIECES or self.buffered > 2 * MAX_HANDSHAKE
            return
        self._whole += data[len(self._whole) - offset :]
        while self._pieces and self._pieces[0][0] <= len(self._whole):
            start, piece = self._pieces.pop(0)
            self._whole += piece[len(self._whole) - start :]

    def message(self) -> bytes | None:
        """Return the first message, a ClientHello, without its header, once it is whole."""
        if len(self._whole) < _MESSAGE_HEADER:
            return None
        size = int.from_bytes(self._whole[1:_MESSAGE_HEADER])
        self.failed = self.failed or self._whole[0] != Message.CLIENT_HELLO or size > MAX_HANDSHAKE
        end = _MESSAGE_HEADER + size
        return None if self.failed or len(self._whole) < end else bytes(self._whole[_MESSAGE_HEADER:end])


def _initials(datagram: bytes) -> list[_Packet]:
    """Return the Initial packets of a datagram; the others in it are passed over (RFC 9000, section 12.2)."""
    found, position = [], 0
    while position < len(datagram) and datagram[position] & _LONG:
        fields = Fields(datagram[position:])
        kind = fields.number(1) >> 4 & 3
        version = VERSIONS.get(fields.number(4))
        if version is None:
            raise QuicError("another version")
        cid = fields.vector(1).rest()
        fields.vector(1)  # where answers are to go
        if len(cid) > _MAX_CID or kind == version.retry:
            break
        if kind == version.initial:
            fields.take(_varint(fields))  # a token
        size = _varint(fields)
        number_at = len(datagram) - position - fields.left
        fields.take(size)
        end = position + number_at + size
        if kind == version.initial:
            found.append(_Packet(version=version, cid=cid, data=datagram[position:end], number_at=number_at))
        position = end
    return found


def _varint(fields: Fields) -> int:
    """Return a variable-length integer (RFC 9000, section 16)."""
    first = fields.number(1)
    more = (1 << (first >> 6)) - 1
    return (first & 0x3F) << 8 * more | fields.number(more)


def _opened(packet: _Packet, keys: Keys) -> bytes | None:
    """Return the frames of a packet, ``None`` when it was sealed with other keys (RFC 9001, section 5.4)."""
    at, data = packet.number_at, packet.data
    sample = data[at + _NUMBER_MAX : at + _NUMBER_MAX + _SAMPLE]
    if len(sample) < _SAMPLE:
        return None
    # One block under a key that all the world can derive; the RFC says ECB.
    cipher = Cipher(algorithms.AES(keys.hp), modes.ECB()).encryptor()  # noqa: S305  see above
    mask = cipher.update(sample)
    first = data[0] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    number = bytes(byte ^ other for byte, other in zip(data[at : at + size], mask[1:], strict=False))
    nonce = (int.from_bytes(keys.iv) ^ int.from_bytes(number)).to_bytes(len(keys.iv))
    header = bytes((first,)) + data[1:at] + number
    try:
        return AESGCM(keys.key).decrypt(nonce, data[at + size :], header)
    except InvalidTag:
        return None


def _read_frames(data: bytes, crypto: _Crypto) -> None:
    """Take CRYPTO frames out of the frames an Initial packet may have (RFC 9000, section 12.4)."""
    fields = Fields(data)
    while fields.left:
        match _varint(fields):
            case 0x00:  # PADDING, of which there are hundreds
                fields.skip_zeros()
            case 0x01:  # PING
                pass
            case 0x02 | 0x03 as kind:
                _skip_ack(fields, counts=3 * (kind == 0x03))  # noqa: PLR2004  with three counts of ECN
            case 0x06:
                offset = _varint(fields)
                crypto.add(offset, fields.take(_varint(fields)))
            case _:  # CONNECTION_CLOSE, or what must not be here
                return


def _skip_ack(fields: Fields, counts: int) -> None:
    _varint(fields)  # the largest
    _varint(fields)  # the delay
    ranges = _varint(fields)
    for _ in range(1 + 2 * ranges + counts):  # each takes a byte at least, so what is left bounds them
        _varint(fields)

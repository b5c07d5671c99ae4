"""This module reads how an SSH peer begins, and fingerprints it: HASSH and HASSHServer (Salesforce, BSD-3). Pure.

The peer says who it is (RFC 4253, section 4.2) and offers algorithms (KEXINIT, section 7.1), all in the clear.
"""

import hashlib

from attrs import frozen

from decnet_actors.wire.errors import WireError

MAX_PACKET = 35_000  # bytes (RFC 4253, section 6.1)
MAX_BANNER = 8192  # bytes before and in the identification line; OpenSSH reads as many (sshconnect.c)
KEXINIT = 20  # the message's number

_PREFIX = b"SSH-"
_COOKIE_END = 17  # after the message's number and 16 random bytes
_LENGTH = 4
_LISTS = 10
_KEX, _HOST_KEY = 0, 1
_TO_SERVER = (_KEX, 2, 4, 6)  # kex; ciphers, macs, compressions from client to server
_TO_CLIENT = (_KEX, 3, 5, 7)


class SshError(WireError):
    """The peer broke SSH."""


@frozen(kw_only=True)
class Offer:
    """A KEXINIT message: its name lists, in the order of the message."""

    lists: tuple[bytes, ...]
    guessed: bool  # the first packet of an exchange follows unasked

    def guess_is_wrong(self, kex: bytes, host_key: bytes) -> bool:
        """Return whether that packet must be dropped: one side's first choice is not the other's."""
        firsts = [self.lists[index].partition(b",")[0] for index in (_KEX, _HOST_KEY)]
        return self.guessed and firsts != [kex, host_key]


def read_offer(payload: bytes) -> Offer | None:
    """Return the offer in a KEXINIT payload; ``None`` when it is malformed."""
    lists, position = [], _COOKIE_END
    for _ in range(_LISTS):
        size = int.from_bytes(payload[position : position + _LENGTH])
        position += _LENGTH
        lists.append(payload[position : position + size])
        position += size
    if position >= len(payload):
        return None
    return Offer(lists=tuple(lists), guessed=bool(payload[position]))


def hassh_text(offer: Offer) -> bytes:
    """Return what a client's HASSH is the hash of."""
    return b";".join(offer.lists[index] for index in _TO_SERVER)


def hassh(offer: Offer) -> str:
    """Return the HASSH of a client: the MD5, in hex, of ``hassh_text``."""
    return hashlib.md5(hassh_text(offer), usedforsecurity=False).hexdigest()


def hassh_server_text(offer: Offer) -> bytes:
    """Return what a server's HASSHServer is the hash of."""
    return b";".join(offer.lists[index] for index in _TO_CLIENT)


def hassh_server(offer: Offer) -> str:
    """Return the HASSHServer of a server: the MD5, in hex, of ``hassh_server_text``."""
    return hashlib.md5(hassh_server_text(offer), usedforsecurity=False).hexdigest()


class OfferReader:
    """Finds the offer at the beginning of what an SSH peer sends, client or server.

    ``banner``: the identification line once it came, without its end; ``failed``: there will be no offer.
    """

    __slots__ = ("_data", "_done", "banner", "failed")

    def __init__(self) -> None:
        self._data = bytearray()
        self._done = False
        self.banner: bytes | None = None
        self.failed = False

    @property
    def buffered(self) -> int:
        """How many bytes are kept."""
        return len(self._data)

    def feed(self, data: bytes) -> Offer | None:
        """Return the offer once it is whole; what comes after it is not looked at."""
        if self._done or self.failed:
            return None
        self._data += data[: MAX_BANNER + _LENGTH + MAX_PACKET - len(self._data)]
        try:
            offer = self._offer() if self.banner is not None or self._identified() else None
        except SshError:
            self.failed = True
            self._data.clear()
            return None
        if offer is not None:
            self._done = True
            self._data.clear()
        return offer

    def _identified(self) -> bool:
        """Take the identification line; a server may say other lines before it."""
        start = 0
        while (end := self._data.find(b"\n", start)) >= 0 and end < MAX_BANNER:
            line = bytes(self._data[start:end]).removesuffix(b"\r")
            start = end + 1
            if line.startswith(_PREFIX):
                self.banner = line
                del self._data[:start]
                return True
        if max(end, len(self._data)) >= MAX_BANNER:
            raise SshError("no identification")
        return False

    def _offer(self) -> Offer | None:
        data = self._data
        if len(data) < _LENGTH:
            return None
        size = int.from_bytes(data[:_LENGTH])
        if not 0 < size <= MAX_PACKET:
            raise SshError(f"a packet of {size} bytes")
        if len(data) < _LENGTH + size:
            return None
        padding = data[_LENGTH]
        payload = bytes(data[_LENGTH + 1 : _LENGTH + size - padding])
        offer = read_offer(payload) if payload[:1] == bytes((KEXINIT,)) else None
        if offer is None:
            raise SshError("no offer")
        return offer

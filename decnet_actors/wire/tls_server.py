"""This module reads what a TLS server says in the clear: ServerHello and, before TLS 1.3, Certificate. Pure."""

from typing import TypeAlias

from attrs import frozen

from decnet_actors.wire.tls import Extension
from decnet_actors.wire.tls_records import Fields, Handshakes, Message, TlsError

MAX_EXTENSIONS = 256
MAX_CERTIFICATES = 16


@frozen(kw_only=True)
class ServerHello:
    """What a server chose. ``version`` is that of the message; ``selected_version``, of TLS 1.3 on, else 0."""

    version: int
    cipher: int
    extensions: tuple[int, ...]
    alpn: bytes = b""
    selected_version: int = 0


@frozen(kw_only=True)
class Certificates:
    """A server's chain as it was sent, its own certificate first; each in DER."""

    chain: tuple[bytes, ...]


Said: TypeAlias = ServerHello | Certificates


class ServerReader:
    """Gives what a server says, until it encrypts, ends or breaks the protocol: then ``done``."""

    __slots__ = ("_handshakes", "done")

    def __init__(self) -> None:
        self._handshakes = Handshakes()
        self.done = False

    @property
    def buffered(self) -> int:
        """How many bytes are kept."""
        return self._handshakes.buffered

    def feed(self, data: bytes) -> list[Said]:
        """Return what is whole now; messages of other types are passed over."""
        found: list[Said] = []
        if self.done:
            return found
        for kind, body in self._handshakes.feed(data):
            try:
                if kind == Message.SERVER_HELLO:
                    found.append(_server_hello(Fields(body)))
                elif kind == Message.CERTIFICATE:
                    found.append(_certificates(Fields(body)))
            except TlsError:
                self.done = True
                return found
        self.done = self._handshakes.failed or self._handshakes.ended
        return found


def _server_hello(fields: Fields) -> ServerHello:
    version = fields.number(2)
    fields.take(32)  # the random
    fields.vector(1)  # the session's id
    cipher = fields.number(2)
    fields.take(1)  # the compression method
    extensions: list[int] = []
    alpn, selected = b"", 0
    inside = fields.vector(2) if fields.left else Fields(b"")
    while inside.left and len(extensions) < MAX_EXTENSIONS:
        kind = inside.number(2)
        content = inside.vector(2)
        extensions.append(kind)
        if kind == Extension.ALPN:
            alpn = content.vector(2).vector(1).rest()
        elif kind == Extension.SUPPORTED_VERSIONS:
            selected = content.number(2)
    return ServerHello(
        version=version, cipher=cipher, extensions=tuple(extensions), alpn=alpn, selected_version=selected
    )


def _certificates(fields: Fields) -> Certificates:
    listed = fields.vector(3)
    chain: list[bytes] = []
    while listed.left and len(chain) < MAX_CERTIFICATES:
        chain.append(listed.vector(3).rest())
    return Certificates(chain=tuple(chain))

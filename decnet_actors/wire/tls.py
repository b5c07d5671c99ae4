"""This module reads a TLS client's first message, the ClientHello (RFC 8446, section 4.1.2; RFC 6066). Pure."""

from attrs import frozen

from decnet_actors.wire.tls_records import Fields, Handshakes, Message, TlsError

MAX_LIST = 1024  # entries of a list that are kept; the longest known client offers about 200 ciphers
MAX_NAME = 255  # bytes of a server's name (RFC 1035)


class Extension:
    """Types of extensions whose content we read (IANA "TLS ExtensionType Values")."""

    SERVER_NAME = 0
    GROUPS = 10
    POINT_FORMATS = 11
    SIGNATURE_ALGORITHMS = 13
    ALPN = 16
    TICKET = 35
    PRE_SHARED_KEY = 41
    SUPPORTED_VERSIONS = 43


@frozen(kw_only=True)
class ClientHello:
    """What a client offers, in its order, GREASE (RFC 8701) included.

    ``server_name`` is as the peer sent it, other bytes than ASCII escaped; ``resumed``: it brings a ticket or a
    pre-shared key. A list whose extension is missing is empty.
    """

    version: int
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    groups: tuple[int, ...] = ()
    point_formats: tuple[int, ...] = ()
    signature_algorithms: tuple[int, ...] = ()
    supported_versions: tuple[int, ...] = ()
    alpn: tuple[bytes, ...] = ()
    server_name: str = ""
    session_id_size: int = 0
    resumed: bool = False


class HelloReader:
    """Finds the ClientHello at the beginning of what a client sends.

    ``failed``: there will be none. Bounded by a record and a message (``tls_records``).
    """

    __slots__ = ("_done", "_handshakes", "failed")

    def __init__(self) -> None:
        self._handshakes = Handshakes()
        self._done = False
        self.failed = False

    @property
    def buffered(self) -> int:
        """How many bytes are kept."""
        return self._handshakes.buffered

    def feed(self, data: bytes) -> ClientHello | None:
        """Return the hello once it is whole; what comes after it is not looked at."""
        if self._done or self.failed:
            return None
        messages = self._handshakes.feed(data)
        if not messages:
            self.failed = self._handshakes.failed or self._handshakes.ended
            return None
        kind, body = messages[0]
        hello = client_hello(body) if kind == Message.CLIENT_HELLO else None
        self._done, self.failed = hello is not None, hello is None
        self._handshakes = Handshakes()
        return hello


def client_hello(body: bytes) -> ClientHello | None:
    """Return the hello in a message without its header; ``None`` when it is malformed."""
    try:
        return _client_hello(Fields(body))
    except TlsError:
        return None


def _client_hello(fields: Fields) -> ClientHello:
    version = fields.number(2)
    fields.take(32)  # the random
    session_id = fields.vector(1).rest()
    ciphers = fields.vector(2).numbers(2)
    fields.vector(1)  # compression methods
    extensions = _extensions(fields.vector(2)) if fields.left else []
    first: dict[int, bytes] = {}
    for kind, content in extensions:
        first.setdefault(kind, content)
    return ClientHello(
        version=version,
        ciphers=ciphers[:MAX_LIST],
        extensions=tuple(kind for kind, _ in extensions),
        groups=_listed(first, Extension.GROUPS, 2, 2),
        point_formats=_listed(first, Extension.POINT_FORMATS, 1, 1),
        signature_algorithms=_listed(first, Extension.SIGNATURE_ALGORITHMS, 2, 2),
        supported_versions=_listed(first, Extension.SUPPORTED_VERSIONS, 1, 2),
        alpn=_protocols(first.get(Extension.ALPN)),
        server_name=_server_name(first.get(Extension.SERVER_NAME)),
        session_id_size=len(session_id),
        resumed=bool(first.get(Extension.TICKET)) or Extension.PRE_SHARED_KEY in first,
    )


def _extensions(fields: Fields) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while fields.left and len(found) < MAX_LIST:
        kind = fields.number(2)
        found.append((kind, fields.vector(2).rest()))
    return found


def _listed(extensions: dict[int, bytes], kind: int, length_size: int, size: int) -> tuple[int, ...]:
    content = extensions.get(kind)
    if content is None:
        return ()
    return Fields(content).vector(length_size).numbers(size)[:MAX_LIST]


def _protocols(content: bytes | None) -> tuple[bytes, ...]:
    if content is None:
        return ()
    names = Fields(content).vector(2)
    found: list[bytes] = []
    while names.left and len(found) < MAX_LIST:
        found.append(names.vector(1).rest())
    return tuple(found)


def _server_name(content: bytes | None) -> str:
    if not content:  # servers answer with an empty one
        return ""
    names = Fields(content).vector(2)
    while names.left:
        kind, name = names.number(1), names.vector(2).rest()
        if kind == 0:
            return name[:MAX_NAME].decode("ascii", "backslashreplace")
    return ""

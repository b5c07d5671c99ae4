"""This module looks at one port of one address: SSH offers, JARM, TLS certificates. Bounded in time and bytes."""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Callable
from enum import Enum

from attrs import frozen
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from decnet_actors.domain.findings import AttackerFingerprinted
from decnet_actors.domain.text import escaped
from decnet_actors.wire import jarm
from decnet_actors.wire.ssh_kex import MAX_BANNER, MAX_PACKET, OfferReader, hassh_server, hassh_server_text
from decnet_actors.wire.tls_server import ServerHello, ServerReader

MAX_TEXT = 512  # characters kept of what a peer says
MAX_NAMES = 50  # of a certificate
MAX_CERTIFICATE = 64 * 1024  # bytes
CHUNK = 4096
MAX_HANDSHAKE = 256 * 1024  # bytes of a server's part
MAX_SSH = MAX_BANNER + MAX_PACKET + 4

_MALFORMED = (ValueError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)


@frozen(kw_only=True)
class Target:
    """Where a probe goes, where from, and how long it may take."""

    address: str
    port: int
    source: str
    timeout: float


class End(Enum):
    """How a talk ended."""

    CLOSED = "nobody took the connection"
    LATE = "the time was over"
    OVER = "one of us had said enough, or broke it off"


async def look_at_ssh(target: Target, version: str) -> list[AttackerFingerprinted]:
    """Return what an SSH server offers; nothing when the port is closed or speaks something else."""
    reader = OfferReader()
    offers = []

    def take(data: bytes) -> bytes | None:
        offer = reader.feed(data)
        if offer is not None:
            offers.append(offer)
        return None if offers or reader.failed else b""

    await _talk(target, version.encode("ascii") + b"\r\n", take, MAX_SSH)
    return [
        _found(
            target,
            "hassh_server",
            hassh_server(offer),
            version=escaped(reader.banner or b"", MAX_TEXT),
            algorithms=escaped(hassh_server_text(offer), 4 * MAX_TEXT),
        )
        for offer in offers
    ]


async def look_at_tls(target: Target, noise: jarm.Noise) -> list[AttackerFingerprinted]:
    """Return the JARM of a TLS server and its certificate; nothing when the port is closed or speaks something else."""
    answers: list[str] = []
    for record in jarm.hellos(target.address, noise):
        hello, end = await _hello(target, record)
        if end is End.LATE or (end is End.CLOSED and not answers):
            return []  # as the public tool: who keeps silent once has no fingerprint
        answers.append(jarm.answer(hello))
    value = jarm.jarm(answers)
    if value == jarm.NOTHING:
        return []
    certificate = await _certificate(target)
    found = [_found(target, "jarm", value)]
    return found if certificate is None else [*found, read_certificate(target, certificate)]


async def _hello(target: Target, record: bytes) -> tuple[ServerHello | None, End]:
    """Return how a server answers a hello, and how the talk ended."""
    reader = ServerReader()
    hellos: list[ServerHello] = []

    def take(data: bytes) -> bytes | None:
        hellos.extend(said for said in reader.feed(data) if isinstance(said, ServerHello))
        return None if hellos or reader.done else b""

    end = await _talk(target, record, take, jarm.MAX_ANSWER)
    return (hellos[0] if hellos else None), end


async def _talk(target: Target, say: bytes, take: Callable[[bytes], bytes | None], limit: int) -> End:
    """Say something and give what comes, at most ``limit`` bytes, to ``take``: it returns what to say next.

    ``None`` from it ends the talk.
    """
    loop = asyncio.get_running_loop()
    end = End.CLOSED
    try:
        async with asyncio.timeout(target.timeout):
            with await _connected(target) as sock:
                end = End.OVER
                await loop.sock_sendall(sock, say)
                while limit > 0 and (data := await loop.sock_recv(sock, min(CHUNK, limit))):
                    limit -= len(data)
                    if (more := take(data)) is None:
                        break
                    await loop.sock_sendall(sock, more)
    except TimeoutError:
        return End.LATE
    except OSError:  # refused, reset, unreachable: the peer's answer
        return end
    return end


async def _connected(target: Target) -> socket.socket:
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)  # noqa: FBT003  the standard library's signature
        sock.bind((target.source, 0))
        await asyncio.get_running_loop().sock_connect(sock, (target.address, target.port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _certificate(target: Target) -> bytes | None:
    """Return the certificate of a handshake that is made to the end and then left."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whoever it is, we want to know who it says it is
    context.set_ciphers("ALL:!kDHE:@SECLEVEL=0")  # a peer's long primes would stop the loop
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)

    def shake() -> bytes | None:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            return outgoing.read()
        except ssl.SSLError:
            return None
        return None

    def take(data: bytes) -> bytes | None:
        incoming.write(data)
        return shake()

    await _talk(target, shake() or b"", take, MAX_HANDSHAKE)
    try:
        der = tls.getpeercert(binary_form=True)
    except ValueError:  # the handshake did not end
        return None
    return None if der is None or len(der) > MAX_CERTIFICATE else der


def read_certificate(target: Target, der: bytes) -> AttackerFingerprinted:
    """Return what a certificate says; one that cannot be read has its hash."""
    digest = hashlib.sha256(der).hexdigest()
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
        details = {
            "subject": escaped(subject.encode(), MAX_TEXT),
            "issuer": escaped(issuer.encode(), MAX_TEXT),
            "names": escaped(",".join(_names(certificate)).encode(), 4 * MAX_TEXT),
            "serial": f"{certificate.serial_number:x}"[:MAX_TEXT],
            "not_before": certificate.not_valid_before_utc.isoformat(),
            "not_after": certificate.not_valid_after_utc.isoformat(),
            "self_signed": "yes" if certificate.subject == certificate.issuer else "no",
        }
    except _MALFORMED:
        details = {}
    return _found(target, "tls_certificate", digest, **details)


def _names(certificate: x509.Certificate) -> list[str]:
    """Return the alternative names, as many as are kept."""
    for extension in certificate.extensions:
        if extension.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME:
            assert isinstance(extension.value, x509.SubjectAlternativeName)  # noqa: S101  that is what the OID says
            return [str(name.value) for name in list(extension.value)[:MAX_NAMES]]
    return []


def _found(target: Target, probe: str, value: str, **details: str) -> AttackerFingerprinted:
    return AttackerFingerprinted(
        address=target.address, port=target.port, probe=probe, value=value, details=tuple(details.items())
    )

"""This module is what attackers may run: servers on loopback that say what a test tells them to."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from decnet_actors.sensors.probes import Target

LOOPBACK = "127.0.0.1"
NAMES = ("c2.example", "*.c2.example")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def target(port: int, timeout: float = 5.0) -> Target:
    return Target(address=LOOPBACK, port=port, source=LOOPBACK, timeout=timeout)


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Major Cobalt")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(146_473_198)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2036, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(text) for text in NAMES]), critical=False)
        .sign(key, hashes.SHA256())
    )


def context(folder: Path) -> tuple[ssl.SSLContext, bytes]:
    """Return a server's context and its certificate in DER."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    made = certificate(key)
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(pem)
    return found, made.public_bytes(serialization.Encoding.DER)


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Yield the port of a server on loopback."""

    async def hosted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except OSError:  # the prober has left
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(hosted, LOOPBACK, 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read until the peer leaves."""
    del writer
    while await reader.read(4096):
        pass


def saying(data: bytes) -> Serve:
    """Return what says something and then waits for the peer to leave."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await silent(reader, writer)

    return serve


def endlessly(data: bytes) -> Serve:
    """Return what says something without end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        while True:
            writer.write(data)
            await writer.drain()

    return serve

"""This module gives tests of address data a web server with a certificate, on loopback."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from attrs import define, field
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOME = "127.0.0.1"


@define
class Site:
    """A server of files, and what it was asked."""

    trust: ssl.SSLContext
    port: int = 0
    files: dict[str, tuple[bytes, str]] = field(factory=dict)  # path -> data and tag
    asked: list[tuple[str, str]] = field(factory=list)  # path, If-None-Match
    agents: set[str] = field(factory=set)

    def url(self, name: str) -> str:
        return f"https://{HOME}:{self.port}/{name}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path[1:]
        self.asked.append((name, request.headers.get("If-None-Match", "")))
        self.agents.add(request.headers["User-Agent"])
        if name == "moved":
            raise web.HTTPFound(self.url("elsewhere"))
        if name == "cut":
            response = web.StreamResponse(headers={"Content-Length": "50"})
            await response.prepare(request)
            await response.write(b"part")
            assert request.transport is not None
            request.transport.close()
            return response
        if name not in self.files:
            return web.Response(status=404)
        data, tag = self.files[name]
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=data, headers={"ETag": tag} if tag else {})


def certificate() -> tuple[bytes, bytes]:
    """Return a certificate for loopback and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOME))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture
async def site(tmp_path_factory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    pem, key = certificate()
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(key)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    site = Site(trust=ssl.create_default_context(cadata=pem.decode()))
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOME, 0, ssl_context=server_side).start()
    site.port = runner.addresses[0][1]
    yield site
    await runner.cleanup()

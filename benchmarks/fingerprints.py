"""This module measures what it costs to read and fingerprint what clients say first.

Run: ``python -m benchmarks.fingerprints``. Each line: microseconds of CPU for one, and that beside MD5 and SHA-256 of
the same bytes, which no reader could do without.
"""

import contextlib
import hashlib
import ssl
import time
from collections.abc import Callable

from decnet_actors.wire.community_id import TCP, community_id
from decnet_actors.wire.ja import ja3, ja4
from decnet_actors.wire.jarm import hellos
from decnet_actors.wire.quic import VERSIONS, InitialReader, initial_keys
from decnet_actors.wire.tls import HelloReader
from tests import hellos as made

SECONDS = 0.5
ROUNDS = 3


def client() -> bytes:
    """Return what this system's TLS library says first."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="decky.example")
    with contextlib.suppress(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


def cost(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call, the best of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        calls, start = 0, time.process_time()
        while (spent := time.process_time() - start) < SECONDS / ROUNDS:
            for _ in range(50):
                work()
            calls += 50
        best = min(best, spent / calls)
    return best


def main() -> None:
    record = client()
    pieces = [record[place : place + 100] for place in range(0, len(record), 100)]
    hello = HelloReader().feed(record)
    assert hello is not None
    version, cid = VERSIONS[1], bytes(range(8))
    frames = made.crypto(record[5:]) + bytes(1100 - len(record))
    initial = made.initial(1, version.initial, initial_keys(version, cid), cid, 0, frames)

    def cut() -> None:
        reader = HelloReader()
        for piece in pieces:
            reader.feed(piece)

    works: dict[str, Callable[[], object]] = {
        f"MD5 and SHA-256 of the hello's {len(record)} bytes": lambda: (
            hashlib.md5(record).digest(),
            hashlib.sha256(record).digest(),
        ),
        "a hello read": lambda: HelloReader().feed(record),
        f"a hello read, in {len(pieces)} segments": cut,
        "JA3": lambda: ja3(hello),
        "JA4": lambda: ja4(hello),
        f"a QUIC Initial of {len(initial)} bytes opened and its hello read": lambda: InitialReader().feed(initial),
        "a Community ID": lambda: community_id("192.0.2.1", "198.51.100.1", TCP, 40_000, 443),
        "the ten hellos of JARM made": lambda: hellos("192.0.2.1", bytes),
        "64 KiB that are no hello, refused": lambda: HelloReader().feed(bytes(65_536)),
    }
    least = None
    for name, work in works.items():
        spent = cost(work)
        least = least or spent
        print(f"{name:60} {spent * 1e6:8.1f} µs {spent / least:7.1f} x")


if __name__ == "__main__":
    main()

"""This module hears what a service says to a peer that asks what every peer asks."""

import socket
from collections.abc import Mapping
from contextlib import suppress

PATIENCE = 0.5  # seconds of silence after which a service has said what it says
MAX_GREETING = 8192  # bytes
MAX_READS = 16

# What makes services speak that wait for their peer.
QUESTIONS: Mapping[str, bytes] = {"http": b"GET / HTTP/1.0\r\n\r\n", "redis": b"INFO server\r\n"}


def greeting(client: socket.socket, service: str = "") -> bytes:
    """Return what a service says first, or to the usual question; nothing when it says nothing. Blocks."""
    client.settimeout(PATIENCE)
    heard = bytearray()
    with suppress(OSError):  # silence, or the end of the connection: what was heard is what there is
        if service in QUESTIONS:
            client.sendall(QUESTIONS[service])
        for _ in range(MAX_READS):
            data = client.recv(MAX_GREETING)
            heard += data
            if not data or len(heard) >= MAX_GREETING or not service:
                break
    return bytes(heard[:MAX_GREETING])

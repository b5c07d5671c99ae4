"""This module is the bus for other processes of this host: subscribe to its broker, or offer something to publish."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import zmq

from supervisors.bus import Envelope, GapDetector
from supervisors.bus_wire import inlet, outlet, pack_offer, unpack_envelope
from supervisors.clock import Clock, SystemClock
from supervisors.net import FdReader, receive_pairs
from supervisors.topics import TopicTrie, root_of, validate_topic, wire_prefix


class BusUnavailableError(ConnectionError):
    """No broker answers in that folder."""


class BusClient:
    """Receives and offers, without an event loop.

    It subscribes to whole roots and matches patterns here: few subscriptions, and ``gaps`` notices every loss. A
    process with a loop calls ``watch`` and then ``accept`` with what it drains.
    """

    def __init__(self, folder: Path, *, high_water: int = 10_000, clock: Clock | None = None) -> None:
        self.gaps = GapDetector()
        self._clock = clock or SystemClock()
        self._folder = folder
        self._high_water = high_water
        self._patterns: TopicTrie[None] = TopicTrie()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._connect(zmq.SUB, outlet(folder))
        self._publisher: zmq.Socket[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect; what is not yet sent is lost."""
        self._context.destroy(linger=0)

    def subscribe(self, pattern: str) -> None:
        """Receive what matches, from shortly after now."""
        self._patterns.add(pattern, None)
        root = root_of(pattern)
        self.socket.setsockopt(zmq.SUBSCRIBE, wire_prefix(f"{root}.>" if root not in {"*", ">"} else ">"))

    def accept(self, frames: list[bytes]) -> Envelope | None:
        """Return the envelope if it is subscribed to; look for gaps in any case. Raises ``ValueError`` on nonsense."""
        envelope = unpack_envelope(frames)
        self.gaps.missed(envelope)
        return envelope if self._patterns.match(envelope.topic) else None

    def watch(self, wake: Callable[[], None]) -> FdReader:
        """Return a reader on the running loop; give what it drains to ``accept``."""
        return FdReader(self.socket, wake, receive=receive_pairs(self.socket))

    def receive(self, within: float) -> Envelope | None:
        """Return the next envelope, or ``None`` if none came in that many seconds."""
        end = self._clock.monotonic() + within
        while self.socket.poll(_milliseconds(end - self._clock.monotonic())):
            if (envelope := self.accept(self.socket.recv_multipart())) is not None:
                return envelope
        return None

    def __iter__(self) -> Iterator[Envelope]:
        """Yield envelopes without end."""
        while True:
            if (envelope := self.accept(self.socket.recv_multipart())) is not None:
                yield envelope

    def publish(self, topic: str, payload: object, *, within: float = 5.0) -> None:
        """Offer something to the broker, which may refuse it silently.

        Raises:
            TopicError: not a topic.
            BusUnavailableError: no broker was there in time to take it.

        """
        validate_topic(topic)
        if self._publisher is None:
            publisher = self._connect(zmq.XPUB, inlet(self._folder))
            if not publisher.poll(_milliseconds(within)):  # the broker's subscription: before it, all would be lost
                publisher.close()
                raise BusUnavailableError(f"no broker answers in {self._folder}")
            publisher.recv()
            self._publisher = publisher
        self._publisher.send_multipart(pack_offer(topic, payload))

    def _connect(self, kind: int, path: Path) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVHWM, self._high_water)
        socket.setsockopt(zmq.SNDHWM, self._high_water)
        socket.connect(f"ipc://{path}")
        return socket


def _milliseconds(seconds: float) -> int:
    return max(0, int(seconds * 1000))

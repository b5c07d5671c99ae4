"""This module connects the bus with other processes of this host, over ZeroMQ sockets in a folder of ours.

Others subscribe on ``bus-pub.sock`` and publish on ``bus-sub.sock``. What they publish passes one policy point and gets
its order from the bus, like everything else. ZeroMQ drops what a slow process cannot take and tells nobody, so every
envelope names the one before it (``GapDetector``).
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, assert_never

import zmq
from attrs import frozen

from supervisors.actor import LoopActor
from supervisors.bus import Bus, Envelope
from supervisors.bus_wire import Encode, inlet, outlet, pack_envelope, unpack_offer
from supervisors.errors import Reason
from supervisors.log import get_logger
from supervisors.mailbox import MailboxSpec
from supervisors.net import FdReader, PathLock, bind_private, make_private_folder, send_pair
from supervisors.topics import wire_topic

MAX_OFFER = 256 * 1024  # bytes another process may publish at once
MAX_SUBSCRIPTION = 1024  # bytes of a prefix
MAX_PREFIXES = 1024  # known by name; beyond them everything is sent, and ZeroMQ filters

log = get_logger(__name__)


@frozen
class _Subscribed:
    """Another process subscribed or unsubscribed."""


@frozen
class _Offered:
    """Another process wants something published."""


_BrokerMsg: TypeAlias = _Subscribed | _Offered


def _nobody(_topic: str) -> bool:
    return False


def _as_it_is(payload: object) -> object:
    return payload


class Broker(LoopActor):
    """Owns the sockets of a bus. While it is down only other processes miss envelopes, and find the gap.

    Args:
        bus: whose envelopes go out.
        folder: made with mode 0700 if it is not there; holds the sockets (0600) and a lock file.
        encode: turns a payload into what msgspec encodes (builtins, bytes, attrs classes).
        allow: says whether other processes may publish a topic; by default none.
        high_water: envelopes kept for one slow process, and for one that publishes.

    """

    mailbox_spec: ClassVar[MailboxSpec] = MailboxSpec(limit=8)

    def __init__(
        self,
        bus: Bus,
        folder: Path,
        *,
        encode: Encode = _as_it_is,
        allow: Callable[[str], bool] = _nobody,
        high_water: int = 10_000,
    ) -> None:
        super().__init__()
        self._bus = bus
        self._folder = folder
        self._encode = encode
        self._allow = allow
        self._high_water = high_water
        self._prefixes: set[bytes] = set()
        self._wanted: tuple[bytes, ...] = ()  # the same, for bytes.startswith
        self._lock: PathLock | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._readers: list[FdReader] = []

    @property
    def prefixes(self) -> frozenset[bytes]:
        """What other processes subscribe to."""
        return frozenset(self._prefixes)

    async def on_start(self) -> None:
        """Raise PathTakenError while another process serves the folder."""
        make_private_folder(self._folder)
        self._lock = PathLock(self._folder / "bus.lock")
        self._context = context = zmq.Context()
        self._out = self._socket(context, zmq.XPUB, outlet(self._folder), MAX_SUBSCRIPTION)
        self._in = self._socket(context, zmq.XSUB, inlet(self._folder), MAX_OFFER)
        self._in.send(b"\x01")  # everything that others publish
        self._joins = FdReader(self._out, lambda: self.tell_self(_Subscribed()))
        self._offers = FdReader(self._in, lambda: self.tell_self(_Offered()))
        self._readers = [self._joins, self._offers]
        self._offers.kick()
        self._bus.egress = self._send

    async def handle(self, message: _BrokerMsg) -> None:
        match message:
            case _Subscribed():
                for frames in self._joins.drain():
                    self._subscribed(frames[0])
            case _Offered():
                for frames in self._offers.drain():
                    self._offered(frames)
            case _:
                assert_never(message)

    def on_exit(self, reason: Reason) -> None:  # noqa: ARG002 - whatever the reason
        if self._bus.egress == self._send:
            self._bus.egress = None
        for reader in self._readers:
            reader.close()
        if self._context is not None:
            self._context.destroy(linger=0)
        if self._lock is not None:
            self._lock.release()

    def _socket(
        self, context: "zmq.Context[zmq.Socket[bytes]]", kind: int, path: Path, max_size: int
    ) -> "zmq.Socket[bytes]":
        socket = context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, self._high_water)
        socket.setsockopt(zmq.RCVHWM, self._high_water)
        socket.setsockopt(zmq.MAXMSGSIZE, max_size)
        bind_private(socket, path)
        return socket

    def _send(self, envelope: Envelope) -> bool:
        """Send if some process may want it; never waits."""
        wanted = self._wanted
        if not wanted or not wire_topic(envelope.topic).startswith(wanted):
            return False
        send_pair(self._out, pack_envelope(envelope, self._encode))
        self._joins.kick()
        return True

    def _subscribed(self, frame: bytes) -> None:
        what, prefix = frame[:1], frame[1:]
        if what == b"\x01":
            self._prefixes.add(prefix)
        elif what == b"\x00":
            self._prefixes.discard(prefix)
        if len(self._prefixes) > MAX_PREFIXES:
            self._prefixes = {b""}
            log.warning("broker.too_many_subscriptions", limit=MAX_PREFIXES)
        self._wanted = tuple(self._prefixes)

    def _offered(self, frames: list[Any]) -> None:  # bytes
        with suppress(ValueError, RecursionError):  # odd, or one root too many; counted with what is not allowed
            topic, payload = unpack_offer(frames)
            if self._allow(topic):
                self._bus.publish(topic, payload)
                return
        self._bus.refused += 1

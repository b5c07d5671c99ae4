"""This module tells who is at the other end of a local socket, as the kernel says."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import zmq
from attrs import field, frozen

from supervisors.log import get_logger
from supervisors.net import FdReader

RoleOf = Callable[[int, tuple[int, ...], int], str | None]  # uid, gids, pid; None: may not enter
DOMAIN = b"control"

log = get_logger(__name__)


@frozen(kw_only=True)
class ControlPeer:
    """Who asks. ``uid``, ``gid`` and ``pid`` come from the kernel (SO_PEERCRED), as they were when it connected."""

    uid: int
    gid: int
    pid: int
    role: str

    def pack(self) -> bytes:
        """Return what ZeroMQ attaches to each of the peer's messages."""
        return f"{self.uid}:{self.gid}:{self.pid}:{self.role}".encode()

    @classmethod
    def unpack(cls, text: str) -> "ControlPeer":
        """Return the peer a message was attached to."""
        uid, gid, pid, role = text.split(":", 3)
        return cls(uid=int(uid), gid=int(gid), pid=int(pid), role=role)


@frozen(eq=False)
class Doorkeeper:
    """Answers ZeroMQ's question who may connect (ZAP, RFC 27). One a context, there before the sockets it guards."""

    context: "zmq.Context[zmq.Socket[bytes]]"
    role_of: RoleOf
    wake: Callable[[], None]
    socket: "zmq.Socket[bytes]" = field(init=False)
    reader: FdReader = field(init=False)

    def __attrs_post_init__(self) -> None:
        socket = self.context.socket(zmq.REP)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind("inproc://zeromq.zap.01")
        object.__setattr__(self, "socket", socket)
        object.__setattr__(self, "reader", FdReader(socket, self.wake))

    def answer(self) -> None:
        """Let in, or not, everybody who waits."""
        for frames in self.reader.drain():
            version, request, _domain, address, *_ = frames
            peer = self._admit(address.decode())
            status, user = (b"200", peer.pack()) if peer else (b"400", b"")
            self.socket.send_multipart([version, request, status, b"", user, b""])
            self.reader.kick()

    def _admit(self, address: str) -> ControlPeer | None:
        with suppress(ValueError):  # not the address of a local peer
            _, uid, gid, pid = address.split(":")
            role = self.role_of(int(uid), groups_of(int(uid), int(gid), int(pid)), int(pid))
            if role is not None:
                return ControlPeer(uid=int(uid), gid=int(gid), pid=int(pid), role=role)
        log.warning("control.refused", address=address)
        return None


def groups_of(uid: int, gid: int, pid: int, proc: Path = Path("/proc")) -> tuple[int, ...]:
    """Return all groups of a process; only ``gid`` if it has gone, or its number belongs to somebody else by now."""
    try:
        lines = (proc / str(pid) / "status").read_text().splitlines()
    except OSError:
        return (gid,)
    fields = {name: values.split() for name, _, values in (line.partition(":") for line in lines)}
    if fields.get("Uid", [""])[0] != str(uid):
        return (gid,)
    return tuple(dict.fromkeys((gid, *map(int, fields.get("Groups", ())))))

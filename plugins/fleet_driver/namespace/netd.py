"""This module is ``decnet-netd``, the privileged helper: it makes deckies' namespaces and hands out sockets in them.

It has one thread, since a namespace is a thread's, and serves one unprivileged client at a time. What it makes stays
while that client restarts, and goes when nobody has come back for a while.
"""

import argparse
import contextlib
import errno
import json
import os
import pwd
import resource
import selectors
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from plugins.fleet_driver.namespace import messages, privileges
from plugins.fleet_driver.namespace.capture import Listening
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.messages import (
    Abandon,
    Adopt,
    Assign,
    Capture,
    Create,
    Destroy,
    Fields,
    Hello,
    Lease,
    Leave,
    Listen,
    Observe,
    Probe,
    Request,
)
from plugins.fleet_driver.namespace.rules import MAX_DECKIES, Egress, Rules
from plugins.fleet_driver.namespace.workshop import House, Workshop, close_all

LINGER = 60.0  # seconds deckies are kept when nobody is connected
SEND = 5.0  # seconds a client may take to read an answer
ROOT = 0
USAGE = 2
_SYSTEMD_FD = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)
_UCRED = struct.Struct("3i")  # pid, uid, gid
_LOUD = 100  # refusals logged one by one; then every hundredth

Answer: TypeAlias = tuple[Fields, tuple[socket.socket, ...]]


class Netd:
    """Answers requests. A request that is refused changes nothing; none ends the helper."""

    def __init__(self, workshop: Workshop, rules: Rules, log: Callable[..., None]) -> None:
        self._workshop = workshop
        self._rules = rules
        self._log = log
        self._refused = 0
        self._listening = Listening(rules)

    def close(self) -> None:
        """End what was begun beside the deckies."""
        self._listening.end()

    def answer(self, data: bytes, descriptors: Sequence[int] = ()) -> tuple[bytes, tuple[socket.socket, ...]]:
        """Return the answer to a datagram and the sockets that go with it, which the caller closes.

        Args:
            data: as it came.
            descriptors: that came with it; they stay the caller's.

        """
        try:
            fields, sockets = self._do(messages.parse(data), descriptors)
        except RefusedError as error:
            self._refuse(str(error))
            fields, sockets = {"error": str(error), "refused": True}, ()
        except OSError as error:
            fields = {"error": error.strerror or str(error), "errno": error.errno or errno.EIO}
            sockets = ()
        return messages.write({"id": messages.id_of(data), **fields}), sockets

    def _do(self, request: Request, descriptors: Sequence[int]) -> Answer:
        workshop = self._workshop
        match request:
            case Hello():
                return self._greet(request), ()
            case Adopt():
                if len(descriptors) != 1:
                    raise RefusedError(f"{len(descriptors)} descriptors; one tells the namespace to adopt")
                return _row(workshop.adopt(request, descriptors[0])), ()
            case Create():
                return _row(workshop.create(request)), (workshop.anchor(request.decky),)
            case Lease():
                return {}, (workshop.lease(request.decky),)
            case Assign():
                workshop.assign(request)
                return {}, ()
            case Destroy():
                workshop.destroy(request.decky)
                return {}, ()
            case Abandon():
                return self._abandon(request.deckies), ()
            case Listen():
                made, port = workshop.listen(request)
                return {"port": port}, (made,)
            case Probe():
                return {}, (workshop.probe(request),)
            case Observe():
                return self._page(request.after), ()
            case Capture():
                return {}, (self._listening.begin(),)
            case Leave():
                workshop.clear()
                return {}, ()

    def _abandon(self, deckies: Sequence[str]) -> Fields:
        for decky in deckies:
            self._workshop.abandon(decky)
        return {}

    def _greet(self, hello: Hello) -> Fields:
        if hello.version != messages.VERSION:
            raise RefusedError(f"version {hello.version} is asked for, this is {messages.VERSION}: restart decnet-netd")
        if hello.digest != self._rules.digest:
            ours = " ".join(self._rules.arguments())
            raise RefusedError(f"decnet-netd runs with other options than [fleet.namespace] says: {ours}")
        self._workshop.check()
        return {"version": messages.VERSION, "deckies": len(self._workshop.houses)}

    def _page(self, after: str) -> Fields:
        houses = self._workshop.houses
        names = sorted(name for name in houses if name > after)
        page = [houses[name] for name in names[: messages.PAGE]]
        rows = [{"decky": house.decky, "fault": self._workshop.fault(house), **_row(house)} for house in page]
        return {"deckies": rows, "more": len(names) > messages.PAGE}

    def _refuse(self, why: str) -> None:
        self._refused += 1
        if self._refused <= _LOUD or self._refused % _LOUD == 0:  # a client gone wild must not fill the disk
            self._log("refused", reason=why, count=self._refused)


def _row(house: House) -> Fields:
    return {
        "addresses": [str(one.ip) for one in house.everywhere],
        "leased": house.leased,
        "mac": house.mac,
        "stack": house.stack,
        "tier": house.tier,
        "detail": house.detail[:200],
    }


class Door:
    """Serves one client after the other on a listening socket."""

    def __init__(self, listener: socket.socket, netd: Netd, uid: int, log: Callable[..., None]) -> None:
        self._listener = listener
        self._netd = netd
        self._uid = uid
        self._log = log
        self._client: socket.socket | None = None

    def serve(self, linger: float) -> None:
        """Return when nobody has been connected for ``linger`` seconds."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select(linger if self._client is None else None)]
                if not ready:
                    return
                if self._client is not None and self._client in ready and not self._turn(self._client):
                    selector.unregister(self._client)
                    self._client.close()
                    self._client = None
                if self._listener in ready and (client := self._accept()) is not None:
                    selector.register(client, selectors.EVENT_READ)
                    self._client = client

    def _accept(self) -> socket.socket | None:
        """Return a new client, if it is one for us."""
        client, _ = self._listener.accept()
        _, uid, _ = _UCRED.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        problem = ""
        if uid not in {ROOT, self._uid}:
            problem = f"uid {uid} may not use this"
        elif self._client is not None:
            problem = "another decnetd is connected"
        if problem:
            self._log("refused_client", reason=problem)
            with client, contextlib.suppress(OSError):  # it may not wait to hear it
                client.settimeout(SEND)
                client.send(messages.write({"id": 0, "error": problem, "refused": True}))
            return None
        client.settimeout(SEND)
        return client

    def _turn(self, client: socket.socket) -> bool:
        """Serve one request; return whether the client is still there."""
        descriptors: list[int] = []
        sockets: tuple[socket.socket, ...] = ()
        try:
            data, descriptors, _, _ = socket.recv_fds(
                client, messages.MAX_MESSAGE + 1, messages.MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
            if not data:
                return False
            answer, sockets = self._netd.answer(data, descriptors)
            if sockets:
                socket.send_fds(client, [answer], [one.fileno() for one in sockets])
            else:
                client.send(answer)
        except OSError as error:  # gone, or it does not read
            self._log("client_lost", reason=str(error))
            return False
        finally:
            close_all(sockets)
            for descriptor in descriptors:
                os.close(descriptor)
        return True


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="decnet-netd",
        description="Makes network namespaces for decnetd and hands it sockets in them, within what is permitted here.",
        allow_abbrev=False,
    )
    made.add_argument("--parent", required=True, metavar="NAME", help="interface deckies hang on, such as eth0")
    made.add_argument("--network", action="append", required=True, metavar="CIDR", help="what is on its link")
    made.add_argument(
        "--range", action="append", default=[], metavar="CIDR", help="where deckies may be (default: all)"
    )
    made.add_argument("--gateway", action="append", default=[], metavar="ADDRESS", help="default router of deckies")
    made.add_argument("--reserve", action="append", default=[], metavar="ADDRESS", help="never a decky's")
    made.add_argument(
        "--egress", choices=[str(one) for one in Egress], default=str(Egress.NONE), help="what may leave unasked"
    )
    made.add_argument("--max-deckies", type=int, default=MAX_DECKIES, metavar="N", help="deckies at most")
    made.add_argument(
        "--user", type=_uid, dest="uid", default=os.getuid(), metavar="NAME", help="who may connect beside root"
    )
    made.add_argument("--linger", type=float, default=LINGER, metavar="SECONDS", help="keep deckies without a client")
    made.add_argument("--socket-fd", type=int, metavar="FD", help="listening socket (default: systemd's)")
    return made


def _uid(name: str) -> int:
    if name.isascii() and name.isdigit():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise argparse.ArgumentTypeError(f"there is no user {name!r}") from None


def log(event: str, **values: object) -> None:
    """Write one line to standard error."""
    sys.stderr.write(json.dumps({"event": f"netd.{event}", **values}) + "\n")
    sys.stderr.flush()


def run(argv: Sequence[str], systemd: str = "") -> int:
    """Serve and return the exit code.

    Args:
        argv: without the program's name.
        systemd: LISTEN_FDS, when systemd set it for this process.

    """
    options = parser().parse_args(argv)
    try:
        rules = Rules.of(
            parent=options.parent,
            networks=options.network,
            ranges=options.range,
            gateways=options.gateway,
            reserved=options.reserve,
            egress=options.egress,
            max_deckies=options.max_deckies,
        )
    except ValueError as error:
        log("misconfigured", reason=str(error))
        return USAGE
    descriptor = options.socket_fd if options.socket_fd is not None else _SYSTEMD_FD if systemd == "1" else None
    if descriptor is None:
        log("misconfigured", reason="no socket: start decnet-netd.socket, or give --socket-fd")
        return USAGE
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a decky is a descriptor; the hard limit is policy
    privileges.drop()
    workshop = Workshop(rules)
    netd = Netd(workshop, rules, log)
    with socket.socket(fileno=descriptor) as listener:
        Door(listener, netd, options.uid, log).serve(options.linger)
    log("idle", deckies=len(workshop.houses), after=options.linger)
    netd.close()
    workshop.close()
    return 0


def main() -> None:
    """Run the command line of this process."""
    environ = os.environ  # noqa: TID251  sd_listen_fds(3): systemd says so in the environment and nowhere else
    ours = environ.get("LISTEN_PID") == str(os.getpid())
    sys.exit(run(sys.argv[1:], environ.get("LISTEN_FDS", "") if ours else ""))


if __name__ == "__main__":
    main()

"""This module is the daemon's end of the link to the helper: requests with numbers, answers with descriptors."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from typing import TypeAlias

from decnet_actors.contracts.fleet_driver import DriverUnreachableError
from plugins.fleet_driver.namespace import messages
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.messages import Fields

IN_FLIGHT = 8  # requests; a sequenced-packet socket queues ten by default (net.unix.max_dgram_qlen)
_SCM_MAX = 253  # descriptors one message can carry, net/core/scm.c

Answer: TypeAlias = tuple[Fields, tuple[socket.socket, ...]]


class Link:
    """A connected link; ``open`` makes one. Once it is lost it stays lost.

    Args:
        connection: to the helper.
        patience: seconds it may take to answer.

    """

    def __init__(self, connection: socket.socket, patience: float) -> None:
        self._socket = connection
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._number = 0
        self.lost = ""  # why it is

    @classmethod
    async def open(cls, path: str, patience: float) -> "Link":
        """Connect.

        Raises:
            OSError: nobody listens there.

        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.settimeout(0)
            connection.connect(path)  # a unix socket connects at once or not at all
        except OSError:
            connection.close()
            raise
        link = cls(connection, patience)
        link._loop.add_reader(connection.fileno(), link._readable)
        return link

    def close(self, why: str = "closed") -> None:
        """Give up; whoever waits is told why. Nothing happens the second time."""
        if self.lost:
            return
        self.lost = why
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(DriverUnreachableError(why))
        self._waiting.clear()

    async def ask(self, operation: str, fields: Fields, *, descriptors: Sequence[int] = ()) -> Answer:
        """Return what the helper answers; its sockets are the caller's.

        Raises:
            DriverUnreachableError: it does not answer.
            OSError: it could not do it.
            RefusedError: it will not.

        """
        async with self._room:
            if self.lost:
                raise DriverUnreachableError(self.lost)
            self._number = number = self._number + 1
            data = messages.write({"id": number, "op": operation, **fields})
            self._waiting[number] = waiting = self._loop.create_future()
            try:
                try:
                    socket.send_fds(self._socket, [data], descriptors)
                except OSError as error:
                    self._break(error)
                try:
                    async with asyncio.timeout(self._patience):
                        answer, sockets = await waiting
                except TimeoutError:
                    self.close(f"decnet-netd did not answer {operation} in {self._patience:g} s")
                    raise DriverUnreachableError(self.lost) from None
            finally:
                self._waiting.pop(number, None)
        if "error" in answer:
            raise _error(answer)
        return answer, sockets

    def _break(self, error: OSError) -> None:
        """Give up on the link, with its last words if there are any: a helper that turns us away says why first."""
        said: Fields = {}
        with contextlib.suppress(OSError):  # nothing was said
            said = messages.read(self._socket.recv(messages.MAX_MESSAGE))
        self.close(_last_words(said) if "error" in said else f"decnet-netd is gone: {error.strerror}")

    def _readable(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self._socket, messages.MAX_MESSAGE, _SCM_MAX, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        except OSError as error:
            self._break(error)
            return
        sockets = tuple(socket.socket(fileno=descriptor) for descriptor in descriptors)
        with contextlib.ExitStack() as unclaimed:
            for one in sockets:
                unclaimed.enter_context(one)
                one.settimeout(0)
            if not data:
                self.close("decnet-netd has ended")
                return
            try:
                answer = messages.read(data)
            except RefusedError as error:
                self.close(f"decnet-netd answers {error}")
                return
            number = answer.pop("id", None)
            if number == 0:  # said to whoever connects, not answered
                self.close(_last_words(answer))
                return
            waiting = self._waiting.get(number)
            if waiting is not None and not waiting.done():  # else whoever asked has left
                waiting.set_result((answer, sockets))
                unclaimed.pop_all()


def _last_words(said: Fields) -> str:
    return f"decnet-netd says: {said.get('error')}"


def _error(answer: Fields) -> Exception:
    text, number = str(answer["error"]), answer.get("errno")
    if answer.get("refused"):
        return RefusedError(text)
    return OSError(number, text) if isinstance(number, int) else OSError(text)

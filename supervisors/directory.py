"""This module maps paths to live actors: everybody holds a name, as a restart makes a new actor."""

import asyncio
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

if TYPE_CHECKING:
    from supervisors.ref import ActorRef


class Directory:
    """Who is up, by path; kept by the supervisors."""

    def __init__(self) -> None:
        self.dead_letters = 0  # messages told to a path where nobody was
        self._refs: dict[str, ActorRef] = {}
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}

    def whereis(self, path: str) -> "ActorRef | None":
        """Return the live incarnation, None while there is none."""
        ref = self._refs.get(path)
        return ref if ref is not None and ref.is_alive() else None

    def address(self, path: str) -> "Address":
        """Return a name that outlives restarts; nobody needs to be there yet."""
        return Address(self, path)

    def paths(self) -> tuple[str, ...]:
        """Return the paths of all that are up, in the order they came up."""
        return tuple(self._refs)

    def register(self, path: str, ref: "ActorRef") -> None:
        """Enter a started actor; its supervisor calls this."""
        self._refs[path] = ref
        for waiter in self._waiters.pop(path, ()):
            if not waiter.done():
                waiter.set_result(None)

    def unregister(self, path: str, ref: "ActorRef") -> None:
        """Strike out an ended actor, unless a newer one has its path."""
        if self._refs.get(path) is ref:
            del self._refs[path]

    async def wait_up(self, path: str, within: float) -> "ActorRef":
        """Return the live incarnation as soon as there is one.

        Raises:
            TimeoutError: nobody came up in time.

        """
        async with asyncio.timeout(within):
            while (ref := self.whereis(path)) is None:
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                waiters = self._waiters.setdefault(path, [])
                waiters.append(waiter)
                try:
                    await waiter
                finally:
                    if waiter in waiters:
                        waiters.remove(waiter)
                    if not waiters and self._waiters.get(path) is waiters:
                        del self._waiters[path]
        return ref


class Address:
    """A name to send to."""

    __slots__ = ("_directory", "path")

    def __init__(self, directory: Directory, path: str) -> None:
        self._directory = directory
        self.path = path

    def __repr__(self) -> str:
        return f"Address({self.path!r})"

    def tell(self, message: Any) -> bool:  # an actor's messages are its own business
        """Send; False means that nobody was there and the message is counted as a dead letter.

        Raises:
            MailboxFullError: somebody is there and has no room.

        """
        ref = self._directory.whereis(self.path)
        if ref is not None:
            try:
                ref.tell(message)
            except ActorDeadError:  # it ended in another thread just now
                pass
            else:
                return True
        self._directory.dead_letters += 1
        return False

    async def ask(self, message: Any, *, within: float) -> Any:  # as above
        """Send and return the answer.

        Raises:
            ActorDeadError: nobody is there, or it ended before it answered.
            AskTimeoutError: no answer in time.

        """
        ref = self._directory.whereis(self.path)
        if ref is None:
            raise ActorDeadError(f"nobody at {self.path}")
        return await ref.ask(message, within=within)

    async def send(self, message: Any) -> None:  # as above
        """Send, waiting for room.

        Raises:
            ActorDeadError: nobody is there.

        """
        ref = self._directory.whereis(self.path)
        if ref is None:
            raise ActorDeadError(f"nobody at {self.path}")
        await ref.send(message)

    async def wait_up(self, within: float) -> "ActorRef":
        """Return the live incarnation as soon as there is one; TimeoutError otherwise."""
        return await self._directory.wait_up(self.path, within)

"""This module knows which sessions are open now, over all services."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from attrs import frozen

from decnet_actors.domain.facts import CloseReason


class Held(Protocol):
    """An open connection."""

    id: str
    source: str
    source_port: int
    opened: float
    bytes_in: int
    bytes_out: int

    def close(self, reason: CloseReason, *, reset: bool = False, at_once: bool = False) -> None:
        """End it."""


class Door(Protocol):
    """A service that accepts connections."""

    @property
    def key(self) -> tuple[str, str]:
        """(decky, service)."""

    @property
    def held(self) -> Sequence[Held]:
        """The connections it holds now."""


@frozen(kw_only=True)
class OpenSession:
    """A session that is open now."""

    session: str
    decky: str
    service: str
    source: str
    source_port: int
    opened: float  # monotonic
    bytes_in: int
    bytes_out: int


class OpenSessions:
    """Asks every open door; keeps nothing a door could forget to take back."""

    def __init__(self) -> None:
        self._doors: dict[tuple[str, str], Door] = {}

    def add(self, door: Door) -> None:
        """A service began to listen; it replaces an earlier one of the same name."""
        self._doors[door.key] = door

    def remove(self, door: Door) -> None:
        """A service no longer listens."""
        if self._doors.get(door.key) is door:
            del self._doors[door.key]

    def __len__(self) -> int:
        return sum(len(door.held) for door in self._doors.values())

    def __iter__(self) -> Iterator[OpenSession]:
        for (decky, service), door in self._doors.items():
            for held in door.held:
                yield OpenSession(
                    session=held.id,
                    decky=decky,
                    service=service,
                    source=held.source,
                    source_port=held.source_port,
                    opened=held.opened,
                    bytes_in=held.bytes_in,
                    bytes_out=held.bytes_out,
                )

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many sessions each (decky, service) holds."""
        return {key: len(door.held) for key, door in self._doors.items()}

    def listens(self, decky: str, service: str) -> bool:
        """Return whether a service listens now."""
        return (decky, service) in self._doors

    def close(self, session: str) -> bool:
        """End one session as the decoy would; return whether it was open."""
        for door in self._doors.values():
            for held in door.held:
                if held.id == session:
                    held.close(CloseReason.DECOY)
                    return True
        return False

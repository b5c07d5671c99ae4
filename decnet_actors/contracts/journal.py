"""This module defines the journal port: the one way evidence becomes durable."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from decnet_actors.domain.records import Entry, Record


class JournalWriter(Protocol):
    """What an observer holds. One per producer; not shared between event loops."""

    def put(self, record: Record) -> int:
        """Take a record without blocking and return its number (1, 2, ... for this producer).

        Always takes it: an observer that finds ``crowded`` true must stop reading from its peers until
        ``room`` returns, which is what keeps memory bounded.
        """

    @property
    def crowded(self) -> bool:
        """Whether observers must stop reading from their peers."""

    async def room(self) -> None:
        """Return once there is room again."""

    async def durable(self, number: int) -> None:
        """Return once the record with this number, and all before it, are committed."""


class JournalReader(Protocol):
    """What a consumer of evidence holds."""

    async def head(self) -> int:
        """Return the highest committed seq, 0 if there is none."""

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[Entry]:
        """Return committed entries with ``seq > after``, in order; fewer than ``limit`` means the end."""

    def follow(self, *, after: int | None = None) -> AsyncGenerator[Entry, None]:
        """Yield every entry after ``after`` (``None``: from now on): stored ones, then live ones, without a hole."""

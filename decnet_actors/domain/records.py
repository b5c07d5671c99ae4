"""This module defines the stamped fact: a fact with its authoritative identity, before and after the journal."""

from msgspec import Struct

from decnet_actors.domain.facts import Fact
from decnet_actors.domain.registry import topic


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """A fact and who observed it. Made only by the host of a decoy (or another observer of ours).

    ``decky`` is empty for facts about the fleet, ``session`` for facts that belong to no session. ``source`` is the
    peer's address as the kernel gave it, empty when there is no peer.
    """

    id: str  # 32 hex digits, time-ordered (UUIDv7)
    time: float  # Unix seconds, UTC
    host: str
    decky: str
    service: str
    fact: Fact
    session: str = ""
    source: str = ""
    source_port: int = 0

    @property
    def kind(self) -> str:
        """The class name of the fact."""
        return type(self.fact).__name__

    @property
    def topic(self) -> str:
        """``<area>.<host>.<decky>.<fact>``, without the decky where none is meant; never holds what a peer chose."""
        return topic(type(self.fact), self.host, self.decky)


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """A record the journal has committed under ``seq`` (> 0, increasing, without holes)."""

    seq: int
    record: Record

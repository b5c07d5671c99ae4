"""This module defines what the analysis of reuse needs from others: its tables, and which baits were laid out.

A secret is known by its digest; a target is a service of a decky.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from attrs import field, frozen

from decnet_actors.contracts.analysis import Work

Pair: TypeAlias = tuple[str, str]  # digest, source
Place: TypeAlias = tuple[str, str, str]  # digest, decky, service
Use: TypeAlias = tuple[str, str, str, str]  # digest, source, decky, service


@frozen(kw_only=True)
class Secret:
    """What is kept of a secret that was tried."""

    sources: int
    targets: int
    planted: frozenset[str]  # deckies it was laid out on
    told: int  # how many targets it had when it was last told of; 0: never


@frozen(kw_only=True)
class Touched:
    """What some attempts concern."""

    ids: Collection[str]  # of the attempts' records
    secrets: Collection[str]
    pairs: Collection[Pair]
    places: Collection[Place]
    uses: Collection[Use]  # of baits
    sources: Collection[str]


@frozen(kw_only=True)
class Known:
    """What of it is in the tables."""

    ids: frozenset[str] = frozenset()
    secrets: Mapping[str, Secret] = field(factory=dict)
    pairs: frozenset[Pair] = frozenset()
    places: frozenset[Place] = frozenset()
    uses: frozenset[Use] = frozenset()
    guessers: Mapping[str, int] = field(factory=dict)  # how many secrets each source has tried


@frozen(kw_only=True)
class SecretRow:
    """What attempts add to a secret; ``planted`` and ``told`` replace what is kept."""

    digest: str
    secret: bytes
    kind: str
    planted: frozenset[str]
    attempts: int
    accepted: int
    sources: int
    targets: int
    first_seen: float
    last_seen: float
    told: int


@frozen(kw_only=True)
class UseRow:
    """What attempts add to the use of a secret: by a source, at a target, or of a bait by a source at a target."""

    key: tuple[str, ...]  # Pair, Place or Use
    attempts: int
    accepted: int
    first_seen: float
    last_seen: float


@frozen(kw_only=True)
class GuesserRow:
    """What attempts add to a source."""

    address: str
    secrets: int
    last_seen: float


@frozen(kw_only=True)
class Changes:
    """What attempts add to the tables."""

    attempts: Sequence[tuple[str, float]] = ()  # id and time of those that were counted
    secrets: Sequence[SecretRow] = ()
    pairs: Sequence[UseRow] = ()
    places: Sequence[UseRow] = ()
    uses: Sequence[UseRow] = ()
    guessers: Sequence[GuesserRow] = ()


@frozen(kw_only=True)
class Whereabouts:
    """Who tried a secret, and where: the first of each in their order."""

    sources: tuple[str, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()


class ReuseTables(Protocol):
    """The tables of the analysis."""

    async def known(self, touched: Touched) -> Known: ...
    async def population(self) -> int:
        """Return how many sources tried any credential."""

    async def fewest(self, secrets: Collection[str], *, besides: Collection[str]) -> Mapping[str, int]:
        """Return of each secret how many secrets its choosiest source tried, other sources than ``besides``."""

    async def whereabouts(self, secrets: Collection[str], limit: int) -> Mapping[str, Whereabouts]: ...
    def work(self, changes: Changes) -> Sequence[Work]:
        """Return what keeps the changes."""


@frozen(kw_only=True)
class Planted:
    """A bait on a decky, from a time on."""

    decky: str
    user: str
    secret: bytes = field(repr=False)
    since: float  # Unix seconds


class Baits(Protocol):
    """Which baits were laid out, also those that no longer are: what was leaked stays leaked."""

    async def planted(self) -> Sequence[Planted]: ...

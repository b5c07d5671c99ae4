"""This module folds attempts to log in into what they add to the tables of reuse. Pure.

Sums are taken over attempts that were not counted before, and whether a source or a place is new follows from sets, so
the order in which attempts come, how many come at a time, and how often one comes change nothing in the end.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from attrs import define, frozen

from decnet_actors.analysis.common import is_common
from decnet_actors.contracts.reuse import (
    Changes,
    GuesserRow,
    Known,
    Pair,
    Place,
    Planted,
    Secret,
    SecretRow,
    Touched,
    Use,
    UseRow,
)
from decnet_actors.domain.facts import CredentialSeen, Outcome
from decnet_actors.domain.records import Entry

K = TypeVar("K", Pair, Place, Use)

_NEW = Secret(sources=0, targets=0, planted=frozenset(), told=0)


@frozen(kw_only=True)
class Attempt:
    """One attempt; ``digest`` is empty when its secret is a common one, of which nothing follows."""

    id: str
    time: float
    source: str
    decky: str
    service: str
    user: str | None
    secret: bytes
    kind: str
    accepted: bool
    digest: str
    planted: frozenset[str]  # deckies on which it was laid out as bait before

    @property
    def pair(self) -> Pair:
        return (self.digest, self.source)

    @property
    def place(self) -> Place:
        return (self.digest, self.decky, self.service)

    @property
    def use(self) -> Use:
        return (self.digest, self.source, self.decky, self.service)


@define(kw_only=True)
class _Sum:
    attempts: int = 0
    accepted: int = 0
    first_seen: float = float("inf")
    last_seen: float = float("-inf")

    def add(self, attempt: Attempt) -> None:
        self.attempts += 1
        self.accepted += attempt.accepted
        self.first_seen = min(self.first_seen, attempt.time)
        self.last_seen = max(self.last_seen, attempt.time)


def secret_digest(kind: str, secret: bytes, challenge: bytes | None) -> str:
    """Return the identity of a secret: SHA-256 over its kind, the challenge it answers, and itself.

    An answer to a challenge tells of the password only who was asked the same; as challenges are random, such secrets
    are never grouped unless a service's challenge is fixed.
    """
    asked = b"-" if challenge is None else b"+" + challenge
    label = kind.encode()
    return hashlib.sha256(b"%d:%s%d:%s%s" % (len(label), label, len(asked), asked, secret)).hexdigest()


def attempts(entries: Iterable[Entry], planted: Sequence[Planted]) -> Iterator[Attempt]:
    """Yield the attempts to log in that have a source."""
    baits: dict[bytes, list[Planted]] = {}
    for bait in planted:
        baits.setdefault(bait.secret, []).append(bait)
    for entry in entries:
        record, fact = entry.record, entry.record.fact
        if not isinstance(fact, CredentialSeen) or not record.source:
            continue
        asked = fact.challenge
        common = asked is None and is_common(fact.user, fact.secret)
        laid = baits.get(fact.secret, ()) if asked is None and not common else ()
        yield Attempt(
            id=record.id,
            time=record.time,
            source=record.source,
            decky=record.decky,
            service=record.service,
            user=fact.user,
            secret=fact.secret,
            kind=fact.kind,
            accepted=fact.outcome is Outcome.ACCEPTED,
            digest="" if common else secret_digest(fact.kind, fact.secret, asked),
            # a service that asks for a password alone names no user
            planted=frozenset(
                bait.decky for bait in laid if fact.user in {None, bait.user} and bait.since <= record.time
            ),
        )


def touched(found: Sequence[Attempt]) -> Touched:
    """Return what attempts concern."""
    kept = [one for one in found if one.digest]
    return Touched(
        ids={one.id for one in kept},
        secrets={one.digest for one in kept},
        pairs={one.pair for one in kept},
        places={one.place for one in kept},
        uses={one.use for one in kept if one.planted},
        sources={one.source for one in found},
    )


def unseen(found: Iterable[Attempt], known: AbstractSet[str]) -> list[Attempt]:
    """Return the attempts that were not counted before, each once."""
    kept: dict[str, Attempt] = {}
    for one in found:
        if one.id not in known:
            kept.setdefault(one.id, one)
    return list(kept.values())


def changes(fresh: Sequence[Attempt], known: Known) -> Changes:
    """Return what attempts that were not counted before add; nothing is told yet."""
    secrets: dict[str, _Sum] = {}
    pairs: dict[Pair, _Sum] = {}
    places: dict[Place, _Sum] = {}
    uses: dict[Use, _Sum] = {}
    guessers: dict[str, float] = {}
    examples: dict[str, Attempt] = {}
    planted: dict[str, set[str]] = {}
    for one in fresh:
        guessers[one.source] = max(one.time, guessers.get(one.source, one.time))
        if not one.digest:
            continue
        examples[one.digest] = one
        planted.setdefault(one.digest, set()).update(one.planted)
        secrets.setdefault(one.digest, _Sum()).add(one)
        pairs.setdefault(one.pair, _Sum()).add(one)
        places.setdefault(one.place, _Sum()).add(one)
        if one.planted:
            uses.setdefault(one.use, _Sum()).add(one)
    new_pairs = [pair for pair in pairs if pair not in known.pairs]
    sources = Counter(digest for digest, _ in new_pairs)
    secrets_of = Counter(source for _, source in new_pairs)
    targets = Counter(place[0] for place in places if place not in known.places)
    return Changes(
        attempts=[(one.id, one.time) for one in fresh if one.digest],
        secrets=[
            SecretRow(
                digest=digest,
                secret=examples[digest].secret,
                kind=examples[digest].kind,
                planted=frozenset(planted[digest]) | _before(known, digest).planted,
                attempts=total.attempts,
                accepted=total.accepted,
                sources=sources[digest],
                targets=targets[digest],
                first_seen=total.first_seen,
                last_seen=total.last_seen,
                told=_before(known, digest).told,
            )
            for digest, total in secrets.items()
        ],
        pairs=_rows(pairs),
        places=_rows(places),
        uses=_rows(uses),
        guessers=[
            GuesserRow(address=source, secrets=secrets_of[source], last_seen=seen) for source, seen in guessers.items()
        ],
    )


def _before(known: Known, digest: str) -> Secret:
    return known.secrets.get(digest, _NEW)


def _rows(sums: Mapping[K, _Sum]) -> list[UseRow]:
    return [
        UseRow(
            key=key,
            attempts=total.attempts,
            accepted=total.accepted,
            first_seen=total.first_seen,
            last_seen=total.last_seen,
        )
        for key, total in sums.items()
    ]

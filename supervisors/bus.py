"""This module is the bus inside the process: who publishes gives an envelope its order, who subscribes gets it whole.

Delivery never runs inside ``publish``: an actor finds the envelope in its mailbox, a callable is called in a later turn
of the loop. So every subscriber sees one order, whatever subscribers publish or cancel meanwhile. What a slow
subscriber cannot take is dropped and counted; the journal, not the bus, is where nothing is lost.
``supervisors.broker`` carries the same envelopes to other processes.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from attrs import frozen
from msgspec import Struct
from pykka import ActorDeadError
from pykka._envelope import Envelope as _Boxed  # private, pinned by pykka>=4.5,<5; what mailboxes carry

from supervisors.clock import Clock
from supervisors.errors import MailboxFullError
from supervisors.mailbox import WhenFull
from supervisors.ref import ActorRef
from supervisors.topics import TopicTrie, root_of

VERSION = 1  # of the envelope
MAX_ROOTS = 1024  # first words of topics
TURN = 64  # envelopes a callable gets in one turn of the loop


class Envelope(Struct, frozen=True, kw_only=True):
    """What travels. ``seq`` increases among all topics with the same first word, and ``prev`` is the one before it."""

    v: int = VERSION
    id: str
    seq: int
    prev: int  # 0: none since the bus was made
    topic: str
    ts: float  # Unix seconds
    host: str
    payload: Any  # each topic has one class


Sink: TypeAlias = ActorRef | Callable[[Envelope], object]


@frozen(kw_only=True)
class BusStats:
    """Counts since the bus was made."""

    published: int
    delivered: int
    dropped: int  # by slow local subscribers
    remote: int  # handed to ZeroMQ
    refused: int  # from other processes
    subscriptions: int


class GapDetector:
    """Notices that something is missing between two envelopes; for subscribers to whole roots (``attacker.>``).

    What was missed is not known here: ask the journal.
    """

    def __init__(self) -> None:
        self.gaps = 0
        self._last: dict[str, int] = {}

    def missed(self, envelope: Envelope) -> bool:
        """Take note of an envelope; return whether some of its root were lost since the one before."""
        root = root_of(envelope.topic)
        last = self._last.get(root)
        if last is None and len(self._last) >= MAX_ROOTS:
            self._last.clear()
        self._last[root] = envelope.seq
        if last is None or envelope.prev == last:
            return False
        self.gaps += 1
        return True


class Subscription(ABC):
    """One subscriber's place on the bus."""

    def __init__(self, bus: "Bus", patterns: tuple[str, ...]) -> None:
        self.patterns = patterns
        self.delivered = 0
        self.dropped = 0
        self.active = True
        self._bus = bus

    def cancel(self) -> None:
        """End it at once, also from inside a delivery; a second call does nothing."""
        if self.active:
            self.active = False
            self._bus.forget(self)

    @abstractmethod
    def take(self, boxed: _Boxed[Envelope]) -> None:
        """Deliver, or drop and count; called by the bus only."""


class _ToActor(Subscription):
    """Into a mailbox, whose own bound and policy apply."""

    def __init__(self, bus: "Bus", patterns: tuple[str, ...], ref: ActorRef) -> None:
        super().__init__(bus, patterns)
        self._inbox = ref.actor_inbox

    def take(self, boxed: _Boxed[Envelope]) -> None:
        inbox = self._inbox
        before = inbox.dropped
        try:
            inbox.put(boxed)
        except MailboxFullError:
            self.dropped += 1
        except ActorDeadError:
            self.cancel()
        else:
            self.delivered += 1
            self.dropped += inbox.dropped - before  # an older one was displaced


class _ToCallable(Subscription):
    """Through a bounded queue, emptied in later turns of the loop. An error of the callable is the loop's to report."""

    def __init__(
        self, bus: "Bus", patterns: tuple[str, ...], call: Callable[[Envelope], object], limit: int, when_full: WhenFull
    ) -> None:
        super().__init__(bus, patterns)
        self._call = call
        self._limit = limit
        self._displace = when_full is WhenFull.DROP_OLDEST
        self._waiting: deque[Envelope] = deque()
        self._loop = asyncio.get_running_loop()
        self._awake = False

    def take(self, boxed: _Boxed[Envelope]) -> None:
        waiting = self._waiting
        if len(waiting) >= self._limit:
            self.dropped += 1
            if not self._displace:
                return
            waiting.popleft()
        waiting.append(boxed.message)
        if not self._awake:
            self._awake = True
            self._loop.call_soon(self._turn)

    def cancel(self) -> None:
        super().cancel()
        self._waiting.clear()

    def _turn(self) -> None:
        waiting, left = self._waiting, TURN
        try:
            while waiting and left:
                left -= 1
                envelope = waiting.popleft()
                self.delivered += 1
                self._call(envelope)
        finally:  # also when the callable failed: the next envelope is not to blame
            self._awake = bool(waiting)
            if waiting:
                self._loop.call_soon(self._turn)


class Bus:
    """Publish and subscribe on one event loop; not safe to use from other threads.

    Args:
        clock: stamps envelopes.
        host: whose envelopes these are.
        new_id: makes identifiers.

    """

    def __init__(self, *, clock: Clock, host: str, new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._host = host
        self._new_id = new_id
        self._trie: TopicTrie[Subscription] = TopicTrie()
        self._subscriptions: set[Subscription] = set()
        self._last: dict[str, int] = {}  # by root
        self._published = 0
        self._past = (0, 0)  # delivered and dropped of subscriptions that have ended
        self.egress: Callable[[Envelope], bool] | None = None  # the broker's, while it runs; whether it was sent
        self.remote = 0
        self.refused = 0  # counted by the broker

    def publish(
        self,
        topic: str,
        payload: object,
        *,
        seq: int | None = None,
        id: str | None = None,  # noqa: A002 - the envelope's own word
        ts: float | None = None,
    ) -> Envelope:
        """Give the payload its place in the order and deliver it.

        Args:
            topic: made of words of ours, never of text that a peer chose.
            payload: immutable; every subscriber gets this very object.
            seq: greater than every one before it on this root (the journal's number); the next one if ``None``.
            id: the envelope's identifier; a new one if ``None``.
            ts: Unix seconds; now if ``None``.

        Raises:
            ValueError: not a topic, a seq that does not increase, or too many roots.

        """
        found = self._trie.match(topic)
        root = root_of(topic)
        prev = self._last.get(root, 0)
        if seq is None:
            seq = prev + 1
        elif seq <= prev:
            raise ValueError(f"seq {seq} comes after {prev} on {root}")
        if prev == 0 and len(self._last) >= MAX_ROOTS:
            raise ValueError(f"more than {MAX_ROOTS} roots of topics")
        self._last[root] = seq
        envelope = Envelope(
            id=self._new_id() if id is None else id,
            seq=seq,
            prev=prev,
            topic=topic,
            ts=self._clock.now() if ts is None else ts,
            host=self._host,
            payload=payload,
        )
        self._published += 1
        if found:
            boxed = _Boxed(envelope)
            for subscription in found:
                if subscription.active:
                    subscription.take(boxed)
        if self.egress is not None and self.egress(envelope):
            self.remote += 1
        return envelope

    def subscribe(
        self,
        pattern: str | Iterable[str],
        sink: Sink,
        *,
        limit: int = 10_000,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> Subscription:
        """Deliver what matches from now on.

        Args:
            pattern: one or several; an envelope comes once however many match.
            sink: an actor, whose mailbox decides what happens when it is full and whose end ends the subscription;
                or a callable, which is called in a later turn of the loop and must be quick.
            limit: envelopes that may wait for a callable.
            when_full: what goes when more would wait for a callable: DROP_OLDEST, or FAIL for the newest.

        Raises:
            TopicError: not a pattern.
            ValueError: no patterns, or BLOCK, which a bus cannot do.

        """
        patterns = (pattern,) if isinstance(pattern, str) else tuple(dict.fromkeys(pattern))
        if not patterns or when_full is WhenFull.BLOCK or limit < 1:
            raise ValueError("a subscription needs a pattern, room, and DROP_OLDEST or FAIL")
        subscription: Subscription = (
            _ToActor(self, patterns, sink)
            if isinstance(sink, ActorRef)
            else _ToCallable(self, patterns, sink, limit, when_full)
        )
        for number, one in enumerate(patterns):
            try:
                self._trie.add(one, subscription)
            except ValueError:
                for added in patterns[:number]:
                    self._trie.remove(added, subscription)
                raise
        self._subscriptions.add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Remove a subscription; use its ``cancel``."""
        for pattern in subscription.patterns:
            self._trie.remove(pattern, subscription)
        self._subscriptions.discard(subscription)
        delivered, dropped = self._past
        self._past = (delivered + subscription.delivered, dropped + subscription.dropped)

    def stats(self) -> BusStats:
        """Return the counts."""
        delivered, dropped = self._past
        return BusStats(
            published=self._published,
            delivered=delivered + sum(one.delivered for one in self._subscriptions),
            dropped=dropped + sum(one.dropped for one in self._subscriptions),
            remote=self.remote,
            refused=self.refused,
            subscriptions=len(self._subscriptions),
        )

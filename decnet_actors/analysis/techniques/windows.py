"""This module counts what makes a sequence: for each source by itself, within a time, however long it runs.

A window remembers the newest values and when each was seen. Once there are enough within the time, its rule matches,
and not again until the time has passed: ten thousand refused log-ins in a minute are one brute force.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from attrs import define, field

from decnet_actors.analysis.techniques.readings import Reading
from decnet_actors.analysis.techniques.rules import Rule
from decnet_actors.contracts.techniques import Window
from decnet_actors.domain.records import Record

MAX_WINDOWS = 20_000
DIGEST = 8  # bytes that stand for a value: the value may be a secret


@define
class _Open:
    touched: int = 0
    fired: float | None = None  # time of the newest event that made it match
    seen: dict[str, float] = field(factory=dict)  # digest of a value -> when it was seen last


class Windows:
    """The open windows, those that were touched longest ago first.

    Args:
        kept: what was kept of them.
        limit: how many there are at most.

    """

    def __init__(self, kept: Iterable[Window] = (), limit: int = MAX_WINDOWS) -> None:
        self._open: OrderedDict[str, _Open] = OrderedDict((one.key, _decoded(one)) for one in kept)
        self._limit = limit
        self._touches = max((one.touched for one in self._open.values()), default=0)
        self._changed: dict[str, None] = {}
        self._gone: dict[str, None] = {}

    def count(self, rule: Rule, record: Record, reading: Reading) -> bool:
        """Return whether an event that a rule is about completes its sequence."""
        of = rule.sequence
        if of is None:
            return True
        group = " ".join(reading[of.same]) if of.same else ""
        value = " ".join(reading[of.distinct]) if of.distinct else record.id
        window = self._touched(_digest(rule.id, str(rule.version), record.source, group))
        mark = _digest(value)
        window.seen[mark] = max(record.time, window.seen.get(mark, record.time))
        if len(window.seen) > 2 * of.count:
            del window.seen[min(window.seen, key=lambda one: (window.seen[one], one))]
        near = sum(abs(record.time - when) <= of.within for when in window.seen.values())
        if near < of.count or (window.fired is not None and abs(record.time - window.fired) <= of.within):
            return False
        window.fired = record.time
        return True

    def _touched(self, key: str) -> _Open:
        window = self._open.setdefault(key, _Open())
        self._touches += 1
        window.touched = self._touches
        self._open.move_to_end(key)
        self._changed[key] = None
        self._gone.pop(key, None)
        while len(self._open) > self._limit:
            oldest, _ = self._open.popitem(last=False)
            self._changed.pop(oldest, None)
            self._gone[oldest] = None
        return window

    def news(self) -> tuple[Sequence[Window], Sequence[str]]:
        """Return the windows that changed since the last call, and the keys of those that are gone."""
        changed = [_encoded(key, self._open[key]) for key in self._changed]
        gone = list(self._gone)
        self._changed, self._gone = {}, {}
        return changed, gone


def _digest(*values: str) -> str:
    text = json.dumps(values).encode()
    return hashlib.blake2b(text, digest_size=DIGEST if len(values) == 1 else 2 * DIGEST).hexdigest()


def _encoded(key: str, window: _Open) -> Window:
    return Window(key=key, touched=window.touched, state=json.dumps([window.fired, window.seen], separators=(",", ":")))


def _decoded(window: Window) -> _Open:
    fired, seen = json.loads(window.state)
    return _Open(touched=window.touched, fired=fired, seen=seen)

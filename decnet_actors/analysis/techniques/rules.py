"""This module defines the rules: which facts show a technique."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from attrs import Attribute, field, frozen, validators

from decnet_actors.analysis.techniques.attack import attack
from decnet_actors.analysis.techniques.patterns import Wild, compiled, fits, holds
from decnet_actors.analysis.techniques.readings import FIELDS, SECRET, WHERE, Reading
from supervisors.config_errors import closest, quote

MAX_COUNT = 100  # events of a sequence
MAX_WITHIN = 86_400.0  # seconds of a sequence

Phase = Literal[
    "reconnaissance",
    "resource_development",
    "weaponization",
    "delivery",
    "social_engineering",
    "exploitation",
    "persistence",
    "defense_evasion",
    "command_and_control",
    "pivoting",
    "discovery",
    "privilege_escalation",
    "execution",
    "credential_access",
    "lateral_movement",
    "collection",
    "exfiltration",
    "impact",
    "objectives",
]


def _expression(_: object, attribute: "Attribute[str]", value: str) -> None:
    if value:
        try:
            compiled(value)
        except ValueError as error:
            raise ValueError(f"{attribute.name} {error}") from error


@frozen(kw_only=True)
class Condition:
    """What a field must say. All that is given must hold for one of its values; words compare without case."""

    any_of: tuple[str, ...] = field(default=(), metadata={"help": "is one of these"})
    prefix: tuple[str, ...] = field(default=(), metadata={"help": "begins with one of these"})
    suffix: tuple[str, ...] = field(default=(), metadata={"help": "ends with one of these"})
    contains: tuple[str, ...] = field(default=(), metadata={"help": "has one of these in it"})
    regex: str = field(default="", validator=_expression, metadata={"help": "this expression is found in it"})
    _words: frozenset[str] = field(init=False, repr=False, eq=False)
    _found: tuple[tuple[str, ...], ...] = field(init=False, repr=False, eq=False)
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if not (self.any_of or self.prefix or self.suffix or self.contains or self.regex):
            raise ValueError("expected any_of, prefix, suffix, contains or regex")
        lowered = tuple(tuple(map(str.lower, words)) for words in (self.prefix, self.suffix, self.contains))
        object.__setattr__(self, "_words", frozenset(map(str.lower, self.any_of)))
        object.__setattr__(self, "_found", lowered)
        object.__setattr__(self, "_pattern", compiled(f"(?i){self.regex}") if self.regex else None)

    def meets(self, values: Sequence[str]) -> bool:
        """Return whether one of the values is as it must be."""
        return any(map(self._meets, values))

    def _meets(self, value: str) -> bool:
        text = value.lower()
        if self._words and text not in self._words and not self._stands_for_one(value):
            return False
        prefix, suffix, inside = self._found
        return (
            (not prefix or text.startswith(prefix))
            and (not suffix or text.endswith(suffix))
            and (not inside or any(word in text for word in inside))
            and (self._pattern is None or holds(self._pattern, value))
        )

    def _stands_for_one(self, value: str) -> bool:
        return isinstance(value, Wild) and any(fits(value.lower(), word) for word in self._words)


def _all(_: object, attribute: "Attribute[Any]", value: Sequence[Any]) -> None:  # Any: lists of many things
    if not value:
        raise ValueError(f"{attribute.name} must not be empty")


@frozen(kw_only=True)
class Repetition:
    """How often, until it is one.

    Counted for each source by itself, and for each value of the field ``same``; different values of the field
    ``distinct``, otherwise events.
    """

    count: int = field(validator=[validators.ge(2), validators.le(MAX_COUNT)], metadata={"help": "how many"})
    within: float = field(
        validator=[validators.gt(0.0), validators.le(MAX_WITHIN)], metadata={"help": "the time they come in"}
    )
    distinct: str = field(default="", metadata={"help": "count the different values of this field"})
    same: str = field(default="", metadata={"help": "count for each value of this field by itself"})


def _known_technique(_: object, __: "Attribute[str]", value: str) -> None:
    known = attack().techniques
    if value not in known:
        near = closest(value, list(known))
        raise ValueError(f"{quote(value)} is no technique that attack.yaml knows" + (f" ({near}?)" if near else ""))


@frozen(kw_only=True)
class Emit:
    """What a rule says when it matches."""

    technique: str = field(validator=_known_technique, metadata={"help": "id, T1110 or T1110.001"})
    tactic: str = field(metadata={"help": "short name of one of the technique's tactics, credential-access"})
    confidence: float = field(
        validator=[validators.gt(0), validators.le(1)], metadata={"help": "from 0 to 1", "unit": "1"}
    )

    def __attrs_post_init__(self) -> None:
        tactics = attack().techniques[self.technique].tactics
        if self.tactic not in tactics:
            raise ValueError(f"tactic {quote(self.tactic)} is none of {self.technique}: {', '.join(tactics)}")


Alternative = Mapping[str, Condition]


@frozen(kw_only=True)
class Rule:
    """Which facts show a technique."""

    id: str = field(validator=validators.matches_re(r"[A-Z][A-Z0-9-]{1,31}"), metadata={"help": "capitals and digits"})
    version: int = field(default=1, validator=validators.ge(1), metadata={"help": "raised when it matches otherwise"})
    name: str = field(
        validator=[validators.min_len(1), validators.max_len(100)], metadata={"help": "what was done, in a few words"}
    )
    phase: Phase = field(metadata={"help": "of the kill chain"})
    on: tuple[str, ...] = field(validator=_all, metadata={"help": "classes of facts"})
    match: tuple[Alternative, ...] = field(validator=_all, metadata={"help": "one of these holds"})
    unless: tuple[Alternative, ...] = field(default=(), metadata={"help": "and none of these does"})
    sequence: Repetition | None = field(default=None, metadata={"help": "and that often"})
    emits: tuple[Emit, ...] = field(validator=_all, metadata={"help": "techniques"})
    evidence: tuple[str, ...] = field(validator=_all, metadata={"help": "fields that show it; never secrets"})

    def __attrs_post_init__(self) -> None:
        fields = self._fields()
        for name in self._named():
            if name not in fields:
                near = closest(name, sorted(fields))
                hint = f" (did you mean {quote(near)}?)" if near else f": {', '.join(sorted(fields))}"
                raise ValueError(f"{' and '.join(self.on)} has no field {quote(name)}{hint}")
        if secret := SECRET & set(self.evidence):
            raise ValueError(f"evidence must not show {', '.join(sorted(secret))}, which may hold a secret")
        twice = [one.technique for one in self.emits]
        if len(set(twice)) < len(twice):
            raise ValueError("emits one technique twice")

    def _fields(self) -> frozenset[str]:
        for kind in self.on:
            if kind not in FIELDS:
                near = closest(kind, list(FIELDS))
                raise ValueError(f"no rule can be on {quote(kind)}" + (f" (did you mean {near}?)" if near else ""))
        return frozenset(set.intersection(*({*FIELDS[kind], *WHERE} for kind in self.on)))

    def _named(self) -> Iterable[str]:
        for alternative in (*self.match, *self.unless):
            yield from alternative
        yield from self.evidence
        if self.sequence is not None:
            yield from filter(None, (self.sequence.distinct, self.sequence.same))

    def matching(self, readings: Sequence[Reading]) -> Reading | None:
        """Return the first reading that the rule is about."""
        for reading in readings:
            if any(_holds(one, reading) for one in self.match) and not any(_holds(one, reading) for one in self.unless):
                return reading
        return None


def _holds(alternative: Alternative, reading: Reading) -> bool:
    return all(condition.meets(reading[name]) for name, condition in alternative.items())

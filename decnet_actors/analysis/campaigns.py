"""This module weighs what makes identities one campaign: what they use, and how their work fits together in time.

The families are those of the kill chain as a defender sees it: shared infrastructure (payloads and endpoints), one that
hands over to another on the same decky, activity at the same time, rhythm, and a cohort of origin, tool and target.
Only the first is enough alone, and only when nearly all of it is shared: on a busy decky somebody always comes after
somebody.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from decnet_actors.analysis.links import HUB, Blocking, Edge, Reason, Worth
from decnet_actors.analysis.observations import ASN, MAX_SPANS, Observation
from decnet_actors.analysis.phases import Phase
from decnet_actors.analysis.rhythm import centroid, likeness
from decnet_actors.analysis.similarity import ENOUGH, rarity
from decnet_actors.analysis.traces import C2, PAYLOAD, TOOL, Span, capped, spans_of

MAX_VALUES = 256
DECKY = "decky"
INFRASTRUCTURE = (PAYLOAD, C2)
COHORT = (ASN, TOOL, DECKY)

INFRASTRUCTURE_WEIGHT = 1.0
HANDOFF_WEIGHT = 0.4
OVERLAP_WEIGHT = 0.15
RHYTHM_WEIGHT = 0.4
COHORT_WEIGHT = 0.1
HANDOFF_WITHIN = 24 * 3600.0  # seconds
HANDS_OVER = frozenset((Phase.COMMAND_AND_CONTROL.value, Phase.PERSISTENCE.value))
TAKES_OVER = frozenset((Phase.DISCOVERY.value, Phase.LATERAL_MOVEMENT.value))


class Profile(Struct, frozen=True, kw_only=True):
    """An identity as campaigns see it."""

    id: str
    first: float  # Unix seconds
    last: float
    features: dict[str, frozenset[str]]
    spans: tuple[Span, ...] = ()
    rhythm: int | None = None


def profile_of(identity: str, observations: Iterable[Observation]) -> Profile | None:
    """Return what observations of one identity come to; ``None`` without any."""
    found = sorted(observations, key=_id)
    if not found:
        return None
    spans = spans_of((span for one in found for span in one.spans), MAX_SPANS)
    features: dict[str, frozenset[str]] = {}
    for kind in (*INFRASTRUCTURE, ASN, TOOL):
        values = frozenset(value for one in found for value in one.features.get(kind, ()))
        if values:
            features[kind] = capped(values, MAX_VALUES)
    if spans:
        features[DECKY] = frozenset(span.decky for span in spans)
    return Profile(
        id=identity,
        first=min(one.first for one in found),
        last=max(one.last for one in found),
        features=features,
        spans=spans,
        rhythm=centroid([rhythm for one in found for _, rhythm in one.rhythms]),
    )


class SameCampaign:
    """What makes identities one campaign (``links.Rules``)."""

    def blocking(self, kind: str) -> Blocking:
        return Blocking.CHAIN if kind in INFRASTRUCTURE else Blocking.NONE

    def rarity(self, kind: str, nodes: Sequence[Profile]) -> float:
        if kind in INFRASTRUCTURE:
            return 1.0
        return rarity(min(len(nodes), HUB)) if nodes else 0.0

    def rank(self, node: Profile) -> str:
        return min(node.features.get(PAYLOAD, ("",)))  # those with a payload in common, then with an endpoint only

    def edge(self, one: Profile, other: Profile, worth: Worth) -> Edge | None:
        if other.id < one.id:
            one, other = other, one
        reasons = tuple(reason for reason in _reasons(one, other, worth) if reason.weight > 0)
        weight = sum(reason.weight for reason in reasons)
        return Edge(one.id, other.id, round(weight, 6), reasons) if weight >= ENOUGH - 1e-9 else None


def handoff(one: Profile, other: Profile) -> str:
    """Return the decky on which one went on where the other had stopped, within a day; empty if there is none."""
    ours, theirs = _by_decky(one.spans), _by_decky(other.spans)
    for decky in sorted(ours.keys() & theirs.keys()):
        if _follows(ours[decky], theirs[decky]) or _follows(theirs[decky], ours[decky]):
            return decky
    return ""


def overlap(one: Profile, other: Profile) -> float:
    """Return how much of the shorter time of activity both were active in."""
    both = min(one.last, other.last) - max(one.first, other.first)
    shorter = min(one.last - one.first, other.last - other.first)
    return 0.0 if both <= 0 else min(1.0, both / shorter)


def _reasons(one: Profile, other: Profile, worth: Worth) -> Iterator[Reason]:
    ours, theirs = _infrastructure(one), _infrastructure(other)
    shared = ours & theirs
    if not shared:
        return
    kind, value = min(shared)
    weight = INFRASTRUCTURE_WEIGHT * len(shared) / len(ours | theirs)
    yield Reason("infrastructure", round(weight, 6), value, worth.worth(kind, value))
    if decky := handoff(one, other):
        yield Reason("hand-off", HANDOFF_WEIGHT, decky, 1.0)
    if (together := overlap(one, other)) > 0:
        yield Reason("overlap", round(OVERLAP_WEIGHT * together, 6), f"{together:.0%} of the time", 1.0)
    if (alike := likeness(one.rhythm, other.rhythm)) > 0:
        yield Reason("rhythm", round(RHYTHM_WEIGHT * alike, 6), f"{alike:.0%} alike", 1.0)
    yield _cohort(one.features, other.features)


def _cohort(ours: Mapping[str, frozenset[str]], theirs: Mapping[str, frozenset[str]]) -> Reason:
    one = {(kind, value) for kind in COHORT for value in ours.get(kind, ())}
    other = {(kind, value) for kind in COHORT for value in theirs.get(kind, ())}
    whole = len(one | other)
    value = len(one & other) / whole if whole else 0.0
    return Reason(
        "cohort", round(COHORT_WEIGHT * value, 6), ", ".join(sorted(value for _, value in one & other))[:200], 1.0
    )


def _infrastructure(one: Profile) -> frozenset[tuple[str, str]]:
    return frozenset((kind, value) for kind in INFRASTRUCTURE for value in one.features.get(kind, ()))


def _by_decky(spans: Iterable[Span]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for span in spans:
        found.setdefault(span.decky, []).append(span)
    return found


def _follows(before: Sequence[Span], after: Sequence[Span]) -> bool:
    ended = max(before, key=_end)
    began = min(after, key=_begin)
    return ended.phase in HANDS_OVER and began.phase in TAKES_OVER and 0 <= began.first - ended.last <= HANDOFF_WITHIN


def _id(one: Observation) -> str:
    return one.id


def _end(span: Span) -> tuple[float, str]:
    return span.last, span.phase


def _begin(span: Span) -> tuple[float, str]:
    return span.first, span.phase

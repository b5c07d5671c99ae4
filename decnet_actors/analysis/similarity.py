"""This module weighs what two observations share: which families of evidence say that one actor is behind both.

Each value weighs by how rare it is here: what is shared by a few weighs whole, what is shared by many nothing. The
count is absolute, not a share of all: in a small installation one actor may be most of what there is, and in a large
one a value that more than ``links.HUB`` addresses have is sold or published, however small a part of all they are.
What ``commodity.toml`` names weighs little or nothing from the first time it is seen.

A family that is worth 1.0 is enough alone. When the clients of both are known and disagree, shared payloads and
endpoints tell of shared tools: the hands (commands, rhythm, credentials) must agree as well.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from decnet_actors.analysis.links import Blocking, Edge, Reason, Worth
from decnet_actors.analysis.observations import ADDRESS, ASN, NETWORK, Observation
from decnet_actors.analysis.rhythm import likeness
from decnet_actors.analysis.traces import C2, CLIENTS, COMMAND, CREDENTIAL, PAYLOAD, SSH_KEY, TOOL

ENOUGH = 1.0
RARITY = ((4, 1.0), (8, 0.9), (16, 0.75), (32, 0.5))  # nodes that share a value, what it is worth

KEY_WEIGHT = 1.0  # one private key
TOOLING = {PAYLOAD: 1.0, C2: 0.8}
CLIENT_WEIGHT = 0.7
TWO_CLIENTS = 0.2  # another kind of client agrees too
TOOL_WEIGHT = 0.2  # a library that many build on
COMMAND_WEIGHT = 0.6
CREDENTIAL_WEIGHT = 0.3
RHYTHM_WEIGHT = 0.4
ADDRESS_WEIGHT = 1.0
CROWDED_WEIGHT = 0.5  # an address behind which there are several
NETWORK_WEIGHT = 0.15
ASN_WEIGHT = 0.05


class Clients(StrEnum):
    """What the clients of two observations say."""

    AGREE = "agree"
    UNKNOWN = "unknown"  # neither is known
    HALF_KNOWN = "half known"
    DISAGREE = "disagree"


TRUST = {Clients.AGREE: 1.0, Clients.UNKNOWN: 1.0, Clients.HALF_KNOWN: 0.9, Clients.DISAGREE: 0.6}  # in shared tooling


def rarity(count: int) -> float:
    """Return what a value is worth that ``count`` share."""
    return next((worth for most, worth in RARITY if count <= most), 0.0)


class SameActor:
    """What makes observations one identity (``links.Rules``)."""

    def blocking(self, kind: str) -> Blocking:
        if kind in {SSH_KEY, PAYLOAD, C2}:
            return Blocking.CHAIN
        if kind in CLIENTS or kind == ADDRESS or kind.startswith(COMMAND):
            return Blocking.PAIRS
        return Blocking.NONE

    def rarity(self, kind: str, nodes: Sequence[Observation]) -> float:
        if self.blocking(kind) is Blocking.CHAIN:
            return 1.0  # made by somebody: as many as share it, it is theirs
        if kind == ADDRESS:
            return CROWDED_WEIGHT if crowded(nodes) else ADDRESS_WEIGHT
        if kind in {NETWORK, ASN}:
            return 1.0
        return rarity(len(nodes)) if nodes else 0.0

    def rank(self, node: Observation) -> str:
        return node.client

    def edge(self, one: Observation, other: Observation, worth: Worth) -> Edge | None:
        if other.id < one.id:
            one, other = other, one
        reasons = tuple(_reasons(one, other, worth))
        weight = sum(reason.weight for reason in reasons)
        return Edge(one.id, other.id, round(weight, 6), reasons) if weight >= ENOUGH - 1e-9 else None


def crowded(nodes: Sequence[Observation]) -> bool:
    """Return whether an address shows two clients of one kind."""
    kinds = {node.client.partition(":")[0] for node in nodes if node.client}
    return len(kinds) < len({node.client for node in nodes if node.client})


def clients(one: Observation, other: Observation) -> Clients:
    """Return what the clients of both say; agreement in one kind outweighs disagreement in another."""
    compared = [
        (ours, theirs) for kind in CLIENTS if (ours := one.features.get(kind)) and (theirs := other.features.get(kind))
    ]
    if any(not ours.isdisjoint(theirs) for ours, theirs in compared):
        return Clients.AGREE
    if compared or (_kind(one) == _kind(other) and one.client != other.client and _kind(one)):
        return Clients.DISAGREE
    return Clients.HALF_KNOWN if _known(one) != _known(other) else Clients.UNKNOWN


def _kind(one: Observation) -> str:
    return one.client.partition(":")[0]


def _known(one: Observation) -> bool:
    return bool(one.client) or any(kind in one.features for kind in CLIENTS)


def _reasons(one: Observation, other: Observation, worth: Worth) -> Iterator[Reason]:
    shared = {
        kind: found
        for kind, values in one.features.items()
        if kind in other.features and (found := values & other.features[kind])
    }
    if not shared and not one.rhythms:
        return
    yield from _key(shared, worth)
    yield from _tooling(shared, worth, one, other)
    yield from _client(shared, worth)
    yield from _commands(shared, worth, one, other)
    if CREDENTIAL in shared:
        value = _jaccard(CREDENTIAL, shared[CREDENTIAL], one, other, worth)
        yield from _reason("credentials", CREDENTIAL_WEIGHT * value, CREDENTIAL, shared[CREDENTIAL], worth)
    if (alike := likeness(one.rhythm, other.rhythm)) > 0:
        yield Reason("rhythm", RHYTHM_WEIGHT * alike, f"{alike:.0%} alike", 1.0)
    yield from _place(shared, worth)


def _key(shared: dict[str, frozenset[str]], worth: Worth) -> Iterator[Reason]:
    if SSH_KEY in shared:
        yield from _reason("ssh key", KEY_WEIGHT, SSH_KEY, shared[SSH_KEY], worth)


def _tooling(shared: dict[str, frozenset[str]], worth: Worth, one: Observation, other: Observation) -> Iterator[Reason]:
    kind = next((kind for kind in TOOLING if kind in shared), None)
    if kind is not None:
        weight = TOOLING[kind] * TRUST[clients(one, other)]
        yield from _reason(kind, weight, kind, shared[kind], worth)


def _client(shared: dict[str, frozenset[str]], worth: Worth) -> Iterator[Reason]:
    found = sorted(
        ((max(worth.worth(kind, value) for value in shared[kind]), kind) for kind in CLIENTS if kind in shared),
        reverse=True,
    )
    for place, (value, kind) in enumerate(found):
        weight = value * (TWO_CLIENTS if place else CLIENT_WEIGHT)
        yield from _reason(f"{kind} client", weight, kind, shared[kind], worth)
    if TOOL in shared and not found:
        value = max(worth.worth(TOOL, value) for value in shared[TOOL])
        yield from _reason("tool", TOOL_WEIGHT * value, TOOL, shared[TOOL], worth)


def _commands(
    shared: dict[str, frozenset[str]], worth: Worth, one: Observation, other: Observation
) -> Iterator[Reason]:
    found = [
        (_jaccard(kind, values, one, other, worth), kind) for kind, values in shared.items() if kind.startswith(COMMAND)
    ]
    if found:
        value, kind = max(found)
        yield from _reason("commands", COMMAND_WEIGHT * value, kind, shared[kind], worth)


def _place(shared: dict[str, frozenset[str]], worth: Worth) -> Iterator[Reason]:
    for kind, weight in ((ADDRESS, ADDRESS_WEIGHT), (NETWORK, NETWORK_WEIGHT), (ASN, ASN_WEIGHT)):
        if kind in shared:
            value = max(worth.worth(kind, value) for value in shared[kind]) if kind == ADDRESS else 1.0
            yield from _reason(kind, weight * value, kind, shared[kind], worth)
            return


def _reason(family: str, weight: float, kind: str, values: frozenset[str], worth: Worth) -> Iterator[Reason]:
    if weight > 0:
        rare, value = min((-worth.worth(kind, value), value) for value in values)
        yield Reason(family, round(weight, 6), value, -rare)


def _jaccard(kind: str, shared: frozenset[str], one: Observation, other: Observation, worth: Worth) -> float:
    """Return how much of what both have they have in common, each value by what it is worth."""
    values = sorted(shared)
    common = sum(worth.worth(kind, value) for value in values)
    weighed = sum(max(worth.worth(kind, value), 0.1) for value in values)
    whole = worth.mass(one.id, kind) + worth.mass(other.id, kind) - weighed
    return common / whole if whole > 0 else 0.0

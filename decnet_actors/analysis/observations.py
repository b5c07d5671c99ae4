"""This module folds traces into observations: who acts, as far as one address and one program show.

An observation is a source address with the client that its sessions ran (HASSH, telnet options). Behind an address
there may be many (NAT, an exit of a VPN), and that is seen when it shows two clients of one kind; where it does not,
the address joins its observations again (``similarity``).
"""

from collections.abc import Iterable

from msgspec import Struct

from decnet_actors.analysis.rhythm import centroid, rhythm_of
from decnet_actors.analysis.traces import (
    AsnOf,
    Feature,
    Span,
    Trace,
    capped,
    digest,
    network_of,
    spans_of,
)

MAX_VALUES = 128  # of one kind
MAX_SPANS = 256
MAX_RHYTHMS = 8
ADDRESS = "address"
NETWORK = "network"
ASN = "asn"


class Observation(Struct, frozen=True, kw_only=True):
    """What is known of one address with one client. ``evidence`` says whether there is anything to compare."""

    id: str
    source: str
    client: str
    first: float  # Unix seconds
    last: float
    features: dict[str, frozenset[str]]  # by kind
    spans: tuple[Span, ...] = ()
    rhythms: tuple[tuple[str, int], ...] = ()  # of its first sessions that have one

    @property
    def evidence(self) -> bool:
        """Whether more is known of it than where it came from."""
        return bool(self.rhythms) or any(kind not in {ADDRESS, NETWORK, ASN} for kind in self.features)

    @property
    def rhythm(self) -> int | None:
        """What most of its rhythms have."""
        return centroid([rhythm for _, rhythm in self.rhythms])


def observation_id(source: str, client: str) -> str:
    """Return the id of an observation, which follows from what it is of."""
    return digest("observation", source, client)


def observe(source: str, client: str, traces: Iterable[Trace], asn: AsnOf) -> Observation | None:
    """Return the observation that traces of one address and client come to; ``None`` without any."""
    found = tuple(traces)
    if not found:
        return None
    return grown(None, found, source=source, client=client, asn=asn)


def grown(old: Observation | None, traces: Iterable[Trace], *, source: str, client: str, asn: AsnOf) -> Observation:
    """Return an observation with more traces; those that are in it already change nothing."""
    found = tuple(traces)
    features = _by_kind(feature for trace in found for feature in trace.features)
    if old is None:
        features |= _place(source, asn)
    else:
        for kind, values in old.features.items():
            features[kind] = capped(values | features.get(kind, frozenset()), MAX_VALUES)
    spans = (*(old.spans if old else ()), *(span for trace in found for span in trace.spans))
    rhythms = {**dict(old.rhythms if old else ()), **dict(_rhythms(found))}
    return Observation(
        id=old.id if old else observation_id(source, client),
        source=source,
        client=client,
        first=min([trace.first for trace in found] + ([old.first] if old else [])),
        last=max([trace.last for trace in found] + ([old.last] if old else [])),
        features=features,
        spans=spans_of(spans, MAX_SPANS),
        rhythms=tuple(sorted(rhythms.items())[:MAX_RHYTHMS]),
    )


def _rhythms(traces: Iterable[Trace]) -> Iterable[tuple[str, int]]:
    for trace in traces:
        if trace.keys and (rhythm := rhythm_of(trace.keys)) is not None:
            yield trace.session, rhythm


def _by_kind(features: Iterable[Feature]) -> dict[str, frozenset[str]]:
    kinds: dict[str, set[str]] = {}
    for kind, value in features:
        kinds.setdefault(kind, set()).add(value)
    return {kind: capped(values, MAX_VALUES) for kind, values in kinds.items()}


def _place(source: str, asn: AsnOf) -> dict[str, frozenset[str]]:
    found = {ADDRESS: source, NETWORK: network_of(source), ASN: asn(source)}
    return {kind: frozenset((value,)) for kind, value in found.items() if value}

"""This module measures the clustering: how good it is over many corpora, what it costs as attackers become many.

Run: ``python -m benchmarks.clustering [--seeds 50] [--sizes 1000,10000,100000]``. Times are CPU seconds.
"""

import argparse
import math
import statistics
import time
import tracemalloc
from collections.abc import Iterable, Sequence
from itertools import pairwise

from decnet_actors.analysis.campaigns import SameCampaign, profile_of
from decnet_actors.analysis.commodity import shipped
from decnet_actors.analysis.linker import Linker
from decnet_actors.analysis.observations import Observation, grown, observation_id
from decnet_actors.analysis.similarity import SameActor
from decnet_actors.analysis.traces import Trace, join, trace_of
from decnet_actors.domain.records import Record
from tests.corpus import Corpus, corpus, invent
from tests.measures import scores

BATCH = 500


def fold(records: Iterable[Record], traces: dict[str, Trace]) -> list[Trace]:
    """Return the traces that records change."""
    commodity, changed = shipped(), set()
    for record in records:
        trace = trace_of(record, commodity)
        if trace is not None:
            old = traces.get(trace.session)
            traces[trace.session] = trace if old is None else join(old, trace)
            changed.add(trace.session)
    return [traces[session] for session in sorted(changed)]


def observed(traces: Iterable[Trace], made: Corpus, known: dict[str, Observation]) -> list[Observation]:
    """Return the observations that traces change."""
    places: dict[tuple[str, str], list[Trace]] = {}
    for trace in traces:
        places.setdefault((trace.source, trace.client), []).append(trace)
    found = []
    for (source, client), some in places.items():
        old = known.get(observation_id(source, client))
        one = grown(old, some, source=source, client=client, asn=lambda address: made.asns.get(address, ""))
        known[one.id] = one
        found.append(one)
    return found


def cluster(made: Corpus) -> tuple[Linker[Observation], dict[str, str], dict[str, str]]:
    """Return the graph, and identity and campaign of each observation."""
    known: dict[str, Observation] = {}
    observed(fold(made.records, {}), made, known)
    linker = Linker(SameActor())
    linker.update([one for one in known.values() if one.evidence])
    profiles = [profile_of(name, [known[ident] for ident in nodes]) for name, nodes in linker.members.items()]
    above = Linker(SameCampaign())
    above.update([one for one in profiles if one is not None])
    identity = {ident: linker.founder.get(ident, ident) for ident in made.truth.identity}
    return linker, identity, {ident: above.founder.get(name, name) for ident, name in identity.items()}


def quality(seeds: int, attackers: int) -> None:
    found: dict[str, list[tuple[float, ...]]] = {"identity": [], "campaign": []}
    for seed in range(seeds):
        made = corpus(invent(seed, attackers), seed)
        _, identity, campaign = cluster(made)
        found["identity"].append(scores(made.truth.identity, identity))
        found["campaign"].append(scores(made.truth.campaign, campaign))
    print(f"{seeds} corpora of {attackers} attackers, each from a seed of its own; mean (least)\n")
    print("| level | ARI | homogeneity | completeness | singleton recall | corpora without a fault |")
    print("|---|---|---|---|---|---|")
    for level, rows in found.items():
        cells = [f"{statistics.mean(column):.4f} ({min(column):.4f})" for column in zip(*rows, strict=True)]
        print(f"| {level} | {' | '.join(cells)} | {sum(row == (1.0, 1.0, 1.0, 1.0) for row in rows)} |")


def cost(sizes: Sequence[int]) -> None:
    print(
        "\n| attackers | events | fold, s | graph, s | cold, s | batch of 500 events, ms | memory, MB | edges | ARI |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    colds: list[tuple[int, float]] = []
    for size in sizes:
        made = corpus(invent(1, size), 1)
        head, tail = made.records[: -4 * BATCH], made.records[-4 * BATCH :]
        traces: dict[str, Trace] = {}
        known: dict[str, Observation] = {}
        began = time.process_time()
        observed(fold(head, traces), made, known)
        folded = time.process_time()
        linker = Linker(SameActor())
        linker.update([one for one in known.values() if one.evidence])
        done = time.process_time()
        batches = []
        for start in range(0, len(tail), BATCH):
            first = time.process_time()
            changed = observed(fold(tail[start : start + BATCH], traces), made, known)
            linker.update([one for one in changed if one.evidence])
            batches.append(time.process_time() - first)
        identity = {ident: linker.founder.get(ident, ident) for ident in made.truth.identity}
        colds.append((size, done - began))
        ari = scores(made.truth.identity, identity)[0]
        edges = sum(map(len, linker.edges.values())) // 2
        print(
            f"| {size:,} | {len(made.records):,} | {folded - began:.2f} | {done - folded:.2f} | {done - began:.2f} "
            f"| {max(batches) * 1000:.0f} | {memory(made):.0f} | {edges:,} | {ari:.4f} |"
        )
    for (small, less), (large, more) in pairwise(colds):
        print(f"\ngrowth from {small:,} to {large:,}: exponent {math.log(more / less) / math.log(large / small):.2f}")


def memory(made: Corpus) -> float:
    """Return what the graph and its observations hold, in MB; measured apart, as measuring it takes time."""
    tracemalloc.start()
    kept = cluster(made)
    size = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    del kept
    return size


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clustering", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--attackers", type=int, default=300)
    parser.add_argument("--sizes", default="1000,10000,100000")
    arguments = parser.parse_args()
    quality(arguments.seeds, arguments.attackers)
    cost([int(size) for size in arguments.sizes.split(",")])


if __name__ == "__main__":
    main()

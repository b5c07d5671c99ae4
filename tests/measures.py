"""This module measures how well a partition agrees with the truth: the usual measures, in a few lines each."""

import math
from collections import Counter
from collections.abc import Mapping

Labels = Mapping[str, str]


def adjusted_rand(truth: Labels, found: Labels) -> float:
    """Return the adjusted Rand index (Hubert and Arabie, 1985); 1.0 where chance leaves nothing to explain."""
    both, ours, theirs = _counts(truth, found)
    pairs = sum(map(_pairs, both.values()))
    one, other = sum(map(_pairs, ours.values())), sum(map(_pairs, theirs.values()))
    whole = _pairs(len(truth))
    expected = one * other / whole if whole else 0.0
    most = (one + other) / 2
    return 1.0 if most == expected else (pairs - expected) / (most - expected)


def homogeneity(truth: Labels, found: Labels) -> float:
    """Return 1.0 when no cluster mixes classes (Rosenberg and Hirschberg, 2007)."""
    both, ours, theirs = _counts(truth, found)
    entropy = _entropy(ours, len(truth))
    if entropy == 0.0:
        return 1.0
    mixed = -sum(n / len(truth) * math.log(n / theirs[cluster]) for (_, cluster), n in both.items())
    return 1.0 - mixed / entropy


def completeness(truth: Labels, found: Labels) -> float:
    """Return 1.0 when no class is split."""
    return homogeneity(found, truth)


def singleton_recall(truth: Labels, found: Labels) -> float:
    """Return the share of those who stand alone that are found to; 1.0 when nobody does."""
    ours, theirs = Counter(truth.values()), Counter(found[item] for item in truth)
    alone = [item for item in truth if ours[truth[item]] == 1]
    return sum(theirs[found[item]] == 1 for item in alone) / len(alone) if alone else 1.0


def scores(truth: Labels, found: Labels) -> tuple[float, float, float, float]:
    """Return all four, rounded to what floats can tell."""
    measures = (adjusted_rand, homogeneity, completeness, singleton_recall)
    one, two, three, four = (round(measure(truth, found), 9) for measure in measures)
    return one, two, three, four


def _counts(truth: Labels, found: Labels) -> tuple[Counter[tuple[str, str]], Counter[str], Counter[str]]:
    both = Counter((label, found[item]) for item, label in truth.items())
    return both, Counter(truth.values()), Counter(found[item] for item in truth)


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _entropy(counts: Counter[str], whole: int) -> float:
    return -sum(n / whole * math.log(n / whole) for n in counts.values())

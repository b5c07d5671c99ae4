"""This module says how sure it is that a secret was used again, and by whoever has it, not by chance.

Two strangers try ``admin`` because everybody does; that nobody else tries a secret is what ties those together who do.
So a secret weighs by how rare it is among the sources of this installation (inverse document frequency), and by how
choosy the choosiest of its users is: who tries thousands of secrets says little with each.
"""

import math

from attrs import frozen

PRIOR = 1000  # sources as if they had been seen before the first: two of two is no proof that everybody tries it
SURE = 0.5  # what is told, and listed unless asked for less


@frozen(kw_only=True)
class Figures:
    """What is known of a secret."""

    sources: int  # that tried it, >= 1
    population: int  # sources that tried any
    fewest: int  # secrets that the choosiest of its sources tried
    planted: tuple[str, ...] = ()  # deckies it was laid out on


def rarity(sources: int, population: int) -> float:
    """Return how rare a secret is, 0..1: 1 of one source, 0 when all try it.

    Args:
        sources: that tried it, >= 1.
        population: sources that tried any.

    """
    return max(0.0, 1.0 - math.log(sources) / math.log(population + PRIOR))


def choice(fewest: int) -> float:
    """Return how much a trial means of a source that tried ``fewest`` secrets: 1 of one, a half of a hundred."""
    return 1.0 / (1.0 + math.log10(max(1, fewest)) / 2)


def confidence(of: Figures) -> float:
    """Return how sure it is, 0..1 in thousandths; a bait is certain, for nobody but us made it."""
    if of.planted:
        return 1.0
    return round(rarity(of.sources, of.population) * choice(of.fewest), 3)


def most_sources(least: float, population: int) -> int:
    """Return how many sources a secret has at most that no bait is and of which it is at least ``least`` sure."""
    return math.ceil(math.pow(population + PRIOR, 1.0 - least))


def reasons(of: Figures) -> tuple[str, ...]:
    """Return what the confidence comes from, in words."""
    if of.planted:
        return (f"bait that was laid out on {', '.join(of.planted)}",)
    rare, choosy = rarity(of.sources, of.population), choice(of.fewest)
    return (
        f"tried by {of.sources} of {of.population} sources: rarity {rare:.2f}",
        f"the choosiest of them tried {of.fewest} secrets: choice {choosy:.2f}",
    )

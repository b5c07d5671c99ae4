"""This module defines what a ``linker`` links: nodes, edges with their reasons, rules, and what operators decide."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

from attrs import frozen

HUB = 32  # nodes that share a value


class Blocking(StrEnum):
    """Which nodes a kind of value makes pairs of."""

    NONE = "none"
    PAIRS = "pairs"  # all that share it, while they are few
    CHAIN = "chain"  # as well, and neighbours when they are many


class Node(Protocol):
    """What is linked."""

    @property
    def id(self) -> str: ...
    @property
    def first(self) -> float: ...
    @property
    def last(self) -> float: ...
    @property
    def features(self) -> Mapping[str, frozenset[str]]: ...


N = TypeVar("N", bound=Node)
M_contra = TypeVar("M_contra", bound=Node, contravariant=True)


@frozen
class Reason:
    """Why two nodes belong together: what they share, what it weighs, and how rare it is (``Rules.rarity``)."""

    family: str
    weight: float
    value: str
    rarity: float


@frozen
class Edge:
    """Two nodes that belong together, the lesser id first."""

    one: str
    other: str
    weight: float
    reasons: tuple[Reason, ...]


class Rules(Protocol[M_contra]):
    """What makes nodes of one sort belong together."""

    def blocking(self, kind: str) -> Blocking: ...
    def rarity(self, kind: str, nodes: Sequence[M_contra]) -> float:
        """Return what sharing a value is worth, from 0.0 to 1.0, given those that do (none if more than ``HUB``)."""

    def rank(self, node: M_contra) -> str:
        """Return where a node stands in a chain: those that are most alike beside one another."""

    def edge(self, one: M_contra, other: M_contra, worth: "Worth") -> Edge | None:
        """Return why two nodes belong together; ``None`` when they do not. Symmetric."""


class Worth(Protocol):
    """What values are worth now."""

    def worth(self, kind: str, value: str) -> float: ...
    def mass(self, node: str, kind: str) -> float:
        """Return what the values of a kind are worth together that a node has."""


LEAST = 0.1  # what a value that is worth nothing weighs against a likeness


@frozen
class Decision:
    """What an operator decided of nodes: those of one side belong together, or those of two sides never do."""

    id: str
    together: bool
    sides: tuple[tuple[str, ...], ...]


@frozen
class Change:
    """Components as they were and as they are now, by their founders; those that stayed as they were are left out."""

    before: Mapping[str, frozenset[str]]
    after: Mapping[str, frozenset[str]]
    made: tuple[Edge, ...] = ()  # edges that are new, or other than they were
    cut: tuple[tuple[str, str], ...] = ()  # edges that are no more

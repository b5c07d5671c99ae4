"""This module names components: what an identity or a campaign is called, and what became of those there were.

A component is called after its founder, the oldest node in it, so its name follows from what is in it, and seldom
changes. When components become one, the older name goes on and the other one is kept, with a pointer to it (a soft
merge); when they fall apart again, it is there as before.
"""

from collections.abc import Iterable, Mapping

from attrs import define, field, frozen

from decnet_actors.analysis.links import Change
from decnet_actors.analysis.traces import digest


@frozen(kw_only=True)
class Formed:
    """A name that was not there before."""

    id: str
    nodes: tuple[str, ...]


@frozen(kw_only=True)
class Linked:
    """A node that belongs to another component than before, or to one for the first time."""

    id: str
    node: str
    prior: str  # empty: it belonged to none


@frozen(kw_only=True)
class Merged:
    """One that goes on as another."""

    winner: str
    loser: str


@frozen(kw_only=True)
class Unmerged:
    """One that is there again by itself."""

    id: str
    former: str


@frozen(kw_only=True)
class Outcome:
    """What became of names. ``assigned`` has the nodes that changed, ``members`` those of each name that changed."""

    formed: tuple[Formed, ...]
    linked: tuple[Linked, ...]
    merged: tuple[Merged, ...]
    unmerged: tuple[Unmerged, ...]
    assigned: Mapping[str, str]
    members: Mapping[str, frozenset[str]]


@define(eq=False)
class Names:
    """Which names there are, each with the one it was merged into (empty: it stands for itself)."""

    sort: str  # identity, campaign
    known: dict[str, str] = field(factory=dict)

    def name_of(self, founder: str) -> str:
        """Return what a component with this founder is called."""
        return digest(self.sort, founder)

    def reconcile(self, change: Change) -> Outcome:
        """Take a change of components in and return what became of names."""
        prior = {node: self.name_of(founder) for founder, nodes in change.before.items() for node in nodes}
        now = {node: self.name_of(founder) for founder, nodes in change.after.items() for node in nodes}
        members = {self.name_of(founder): nodes for founder, nodes in sorted(change.after.items())}
        formed = tuple(Formed(id=name, nodes=tuple(sorted(members[name]))) for name in self._unknown(members))
        unmerged = tuple(Unmerged(id=name, former=self.known[name]) for name in sorted(members) if self.known.get(name))
        merged = tuple(sorted(self._merged(change, prior, now, members), key=_loser))
        new = {one.id for one in formed}
        linked = tuple(
            Linked(id=name, node=node, prior=prior.get(node, ""))
            for node, name in sorted(now.items())
            if name not in new and prior.get(node) != name
        )
        self.known.update(dict.fromkeys(members, ""))
        self.known.update((one.loser, one.winner) for one in merged)
        empty = {self.name_of(founder) for founder in change.before} - members.keys()
        return Outcome(
            formed=formed,
            linked=linked,
            merged=merged,
            unmerged=unmerged,
            assigned={node: name for node, name in now.items() if prior.get(node) != name}
            | dict.fromkeys(prior.keys() - now.keys(), ""),
            members={**dict.fromkeys(sorted(empty), frozenset()), **members},
        )

    def _unknown(self, names: Iterable[str]) -> Iterable[str]:
        return (name for name in sorted(names) if name not in self.known)

    def _merged(
        self,
        change: Change,
        prior: Mapping[str, str],
        now: Mapping[str, str],
        members: Mapping[str, frozenset[str]],
    ) -> Iterable[Merged]:
        """Yield those whose name no component has: they go on where their founder went, or the first of their nodes."""
        for founder, nodes in change.before.items():
            loser = prior[founder]
            if loser not in members:
                heir = next((node for node in (founder, *sorted(nodes)) if node in now), None)
                if heir is not None:
                    yield Merged(winner=now[heir], loser=loser)


def _loser(one: Merged) -> str:
    return one.loser

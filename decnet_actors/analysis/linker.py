"""This module keeps a graph of nodes that share rare values, and the components that its edges make of them.

It is incremental: a change touches the nodes that share a value with it and the components they are in, nothing else.
What comes out depends on the nodes, never on the order in which they came: edges follow from two nodes and from how
many share each of their values, components from the edges and from what operators decided.

Pairs are looked for among the nodes that share a value (blocking keys). A value that more than ``links.HUB`` nodes
share makes no pairs, or, where sharing it means much all the same, pairs only those that stand beside one another in
the order of their ``rank``; so pairs grow with the nodes, not with their square.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Generic

from attrs import define, field

from decnet_actors.analysis.links import HUB, LEAST, Blocking, Change, Decision, Edge, N, Node, Rules

_Key = tuple[str, str]


@define
class _Posting:
    members: set[str] = field(factory=set)
    chain: list[tuple[str, str]] = field(factory=list)  # rank and id, where the kind makes chains
    worth: float = 0.0


class Linker(Generic[N]):
    """The graph of one sort of nodes."""

    def __init__(self, rules: Rules[N]) -> None:
        self.nodes: dict[str, N] = {}
        self.edges: dict[str, dict[str, Edge]] = {}
        self.members: dict[str, frozenset[str]] = {}  # by founder
        self.founder: dict[str, str] = {}  # by node
        self._rules = rules
        self._postings: dict[_Key, _Posting] = {}
        self._mass: dict[str, dict[str, float]] = {}
        self._decisions: dict[str, Decision] = {}
        self._bound: dict[str, set[str]] = {}  # node -> decisions about it
        self._ranks: dict[str, str] = {}

    def worth(self, kind: str, value: str) -> float:
        posting = self._postings.get((kind, value))
        return posting.worth if posting is not None else 0.0

    def mass(self, node: str, kind: str) -> float:
        kinds = self._mass.setdefault(node, {})
        found = kinds.get(kind)
        if found is None:
            values = self.nodes[node].features.get(kind, ())
            found = kinds[kind] = sum(max(self.worth(kind, value), LEAST) for value in sorted(values))
        return found

    def weakest(self, members: Iterable[str]) -> float:
        """Return the least of what ties each of the members to the others; 0.0 where something else does."""
        return min(
            (max((edge.weight for edge in self.edges.get(ident, {}).values()), default=0.0) for ident in members),
            default=0.0,
        )

    def update(
        self,
        nodes: Iterable[N] = (),
        gone: Iterable[str] = (),
        *,
        decided: Iterable[Decision] = (),
        withdrawn: Iterable[str] = (),
    ) -> Change:
        """Put nodes in or replace them, take others out, and return what became of components."""
        touched: set[_Key] = set()
        dirty: set[str] = set()
        for ident in gone:
            self._put(ident, None, touched, dirty)
        for node in nodes:
            self._put(node.id, node, touched, dirty)
        dirty |= self._revalued(touched)
        region = self._region(dirty)
        for decision in decided:
            region |= self._region(self._decide(decision))
        for ident in withdrawn:
            region |= self._region(self._withdraw(ident))
        old: dict[tuple[str, str], Edge] = {}
        for ident in dirty:
            self._cut(ident, old)
        new: dict[tuple[str, str], Edge] = {}
        for ident in dirty:
            self._link(ident, dirty, new)
        before, after = self._settle(region | dirty)
        return Change(
            before,
            after,
            tuple(new[key] for key in sorted(new) if old.get(key) != new[key]),
            tuple(sorted(old.keys() - new.keys())),
        )

    # Values and who shares them.

    def _put(self, ident: str, node: N | None, touched: set[_Key], dirty: set[str]) -> None:
        old = self.nodes.get(ident)
        before = _keys(old) if old is not None else set()
        after = _keys(node) if node is not None else set()
        rank = self._rules.rank(node) if node is not None else ""
        if old is not None and rank != self._ranks[ident]:
            for key in before:
                self._leave(key, ident, touched, dirty)
            before = set()
        for key in before - after:
            self._leave(key, ident, touched, dirty)
        if node is None:
            self.nodes.pop(ident, None)
            self._ranks.pop(ident, None)
        else:
            self.nodes[ident] = node
            self._ranks[ident] = rank
        for key in after - before:
            self._enter(key, ident, rank, touched, dirty)
        dirty.add(ident)

    def _enter(self, key: _Key, ident: str, rank: str, touched: set[_Key], dirty: set[str]) -> None:
        posting = self._postings.get(key)
        if posting is None:
            posting = self._postings[key] = _Posting()
        posting.members.add(ident)
        if self._rules.blocking(key[0]) is Blocking.CHAIN:
            insort(posting.chain, (rank, ident))
            dirty.update(self._beside(posting, rank, ident))
        touched.add(key)

    def _leave(self, key: _Key, ident: str, touched: set[_Key], dirty: set[str]) -> None:
        posting = self._postings[key]
        posting.members.discard(ident)
        if posting.chain:
            place = (self._ranks[ident], ident)
            dirty.update(self._beside(posting, *place))
            posting.chain.remove(place)
        touched.add(key)

    def _beside(self, posting: _Posting, rank: str, ident: str) -> Iterator[str]:
        """Yield who stands beside a node in a long chain."""
        if len(posting.chain) < HUB:
            return
        at = bisect_left(posting.chain, (rank, ident))
        for place in (at - 1, at + 1):
            if 0 <= place < len(posting.chain):
                yield posting.chain[place][1]

    def _revalued(self, touched: Iterable[_Key]) -> set[str]:
        """Return who has a value that is worth more or less than before."""
        found: set[str] = set()
        for key in touched:
            posting = self._postings[key]
            if not posting.members:
                del self._postings[key]
                continue
            worth = self._worth(key, posting)
            if worth != posting.worth:
                posting.worth = worth
                found |= posting.members
        return found

    def _worth(self, key: _Key, posting: _Posting) -> float:
        few = sorted(posting.members)[: HUB + 1] if len(posting.members) <= HUB else ()
        many = self._rules.blocking(key[0]) is not Blocking.CHAIN and len(posting.members) > HUB
        return 0.0 if many else self._rules.rarity(key[0], [self.nodes[ident] for ident in few])

    # Edges.

    def _cut(self, ident: str, old: dict[tuple[str, str], Edge]) -> None:
        for other, edge in self.edges.pop(ident, {}).items():
            del self.edges[other][ident]
            if not self.edges[other]:
                del self.edges[other]
            old[edge.one, edge.other] = edge
        self._mass.pop(ident, None)

    def _link(self, ident: str, dirty: set[str], new: dict[tuple[str, str], Edge]) -> None:
        node = self.nodes.get(ident)
        if node is None:
            return
        for other in self._candidates(node):
            if other in dirty and other < ident:
                continue  # looked at from there
            edge = self._rules.edge(node, self.nodes[other], self)
            if edge is not None:
                self.edges.setdefault(ident, {})[other] = edge
                self.edges.setdefault(other, {})[ident] = edge
                new[edge.one, edge.other] = edge

    def _candidates(self, node: N) -> set[str]:
        found: set[str] = set()
        for kind, values in node.features.items():
            blocking = self._rules.blocking(kind)
            if blocking is Blocking.NONE:
                continue
            for value in values:
                posting = self._postings[kind, value]
                if len(posting.members) <= HUB:
                    found |= posting.members
                elif blocking is Blocking.CHAIN:
                    found.update(self._beside(posting, self._ranks[node.id], node.id))
        found.discard(node.id)
        return found

    # Decisions of operators.

    def _decide(self, decision: Decision) -> set[str]:
        nodes = {ident for side in decision.sides for ident in side}
        self._decisions[decision.id] = decision
        for ident in nodes:
            self._bound.setdefault(ident, set()).add(decision.id)
        return nodes

    def _withdraw(self, ident: str) -> set[str]:
        decision = self._decisions.pop(ident, None)
        nodes = {node for side in decision.sides for node in side} if decision is not None else set()
        for node in nodes:
            self._bound[node].discard(ident)
            if not self._bound[node]:
                del self._bound[node]
        return nodes

    # Components.

    def _region(self, nodes: Iterable[str]) -> set[str]:
        """Return the nodes and everyone they were in one component with."""
        region = set(nodes)
        for ident in tuple(region):
            if (founder := self.founder.get(ident)) is not None:
                region |= self.members[founder]
        return region

    def _settle(self, region: set[str]) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
        region = self._whole(region)
        before = {self.founder[ident]: self.members[self.founder[ident]] for ident in region if ident in self.founder}
        for founder, members in before.items():
            del self.members[founder]
            for ident in members:
                del self.founder[ident]
        after: dict[str, frozenset[str]] = {}
        for component in self._components({ident for ident in region if ident in self.nodes}):
            founder = min(component, key=self._age)
            after[founder] = self.members[founder] = frozenset(component)
            for ident in component:
                self.founder[ident] = founder
        same = {founder for founder, members in after.items() if before.get(founder) == members}
        return (
            {founder: members for founder, members in before.items() if founder not in same},
            {founder: members for founder, members in after.items() if founder not in same},
        )

    def _whole(self, region: set[str]) -> set[str]:
        """Return the nodes, everyone they are tied to, and everyone those were in one component with."""
        whole = self._region(region)
        waiting = list(whole)
        while waiting:
            ident = waiting.pop()
            for other in (*self.edges.get(ident, ()), *self._tied(ident)):
                if other not in whole:
                    new = self._region((other,)) - whole
                    whole |= new
                    waiting += new
        return whole

    def _age(self, ident: str) -> tuple[float, str]:
        return self.nodes[ident].first, ident

    def _tied(self, ident: str) -> Iterator[str]:
        """Yield whom operators put together with a node."""
        for decision in self._bound.get(ident, ()):
            if self._decisions[decision].together:
                yield from (other for side in self._decisions[decision].sides for other in side)

    def _components(self, region: set[str]) -> Iterator[set[str]]:
        left = set(region)
        while left:
            found = {left.pop()}
            waiting = list(found)
            while waiting:
                ident = waiting.pop()
                for other in (*self.edges.get(ident, ()), *self._tied(ident)):
                    if other not in found and other in self.nodes:
                        found.add(other)
                        waiting.append(other)
            left -= found
            if any(ident in self._bound for ident in found):
                yield from self._divided(found)
            else:
                yield found

    def _divided(self, nodes: set[str]) -> Iterator[set[str]]:
        """Yield what a component falls into when those kept apart must not meet; the strongest edges come first."""
        group = {ident: ident for ident in nodes}
        groups = {ident: {ident} for ident in nodes}
        sides = {ident: self._sides(ident) for ident in nodes}

        def unite(one: str, other: str) -> None:
            into, out = sorted((group[one], group[other]))
            ours, theirs = sides[into], sides[out]
            if into == out or any(ours.get(decision, side) != side for decision, side in theirs.items()):
                return
            ours.update(theirs)
            for ident in groups[out]:
                group[ident] = into
            groups[into] |= groups.pop(out)

        for one in sorted(nodes):
            for other in sorted(self._tied(one)):
                if other in nodes:
                    unite(one, other)
        edges = {edge for ident in nodes for edge in self.edges.get(ident, {}).values()}
        for edge in sorted(edges, key=_strength):
            unite(edge.one, edge.other)
        yield from groups.values()

    def _sides(self, ident: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in self._bound.get(ident, ()):
            decision = self._decisions[name]
            if not decision.together:
                found[name] = next(number for number, side in enumerate(decision.sides) if ident in side)
        return found


def _keys(node: Node) -> set[_Key]:
    return {(kind, value) for kind, values in node.features.items() for value in values}


def _strength(edge: Edge) -> tuple[float, str, str]:
    return -edge.weight, edge.one, edge.other

"""This module keeps tags of techniques in memory, made by the shipped rules of the facts in a journal."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from decnet_actors.analysis.techniques import loader
from decnet_actors.analysis.techniques.study import tagged
from decnet_actors.analysis.techniques.windows import Windows
from decnet_actors.contracts.analysis import Work
from decnet_actors.contracts.techniques import RuleState, Seen, Tag, Window
from decnet_actors.domain.records import Entry

RULES = loader.load()


class MemoryTags:
    """Tags as a page needs them (``contracts.techniques.TechniqueTags``)."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    @property
    def _tags(self) -> list[Tag]:
        windows = Windows()
        return [tag for entry in self._entries for tag in tagged(entry, RULES, {}, windows)]

    def work(self, tags: Sequence[Tag], windows: Sequence[Window], gone: Sequence[str]) -> Sequence[Work]:
        raise AssertionError((tags, windows, gone))

    async def windows(self) -> Sequence[Window]:
        return ()

    async def known(self, pairs: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        return frozenset(pairs)

    async def states(self) -> Mapping[str, RuleState]:
        return {}

    async def set_state(self, state: RuleState) -> None:
        raise AssertionError(state)

    async def fired(self) -> Mapping[str, tuple[int, float]]:
        return {}

    async def matrix(self, *, source: str | None = None, since: float | None = None) -> Sequence[Seen]:
        assert since is None
        chosen = sorted(
            (tag for tag in self._tags if source in {None, tag.source}), key=lambda tag: (tag.tactic, tag.technique)
        )
        found = []
        for (tactic, technique), group in groupby(chosen, key=lambda tag: (tag.tactic, tag.technique)):
            tags = list(group)
            found.append(
                Seen(
                    technique=technique,
                    tactic=tactic,
                    events=len({tag.seq for tag in tags}),
                    sources=len({tag.source for tag in tags}),
                    first=min(tag.time for tag in tags),
                    last=max(tag.time for tag in tags),
                    confidence=max(tag.confidence for tag in tags),
                )
            )
        return found

    async def tags(
        self,
        techniques: Sequence[str],
        *,
        source: str | None = None,
        since: float | None = None,
        before: tuple[int, str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[Tag]:
        assert (since, before) == (None, None)
        chosen = (tag for tag in reversed(self._tags) if tag.technique in techniques and source in {None, tag.source})
        return tuple(chosen)[:limit]

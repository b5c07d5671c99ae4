"""This module is the study of techniques: entries in, tags and what is new of each source out."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from decnet_actors.analysis.techniques.attack import attack
from decnet_actors.analysis.techniques.loader import RuleSet
from decnet_actors.analysis.techniques.readings import Reading, evidence, readings
from decnet_actors.analysis.techniques.rules import Rule
from decnet_actors.analysis.techniques.windows import Windows
from decnet_actors.contracts.analysis import NOTHING, Findings, Found
from decnet_actors.contracts.techniques import Mode, RuleState, Tag, TechniqueTags
from decnet_actors.domain.findings import TechniqueSeen
from decnet_actors.domain.records import Entry, Record

NAME = "techniques"
MAX_EVIDENCE = 300  # characters of a field
AT_ONCE = 8  # entries looked at before others have their turn on the loop


class Techniques:
    """Tags events with the techniques they show (``contracts.analysis.Study``).

    Args:
        tags: where tags are kept.
        rules: returns the rules in force.

    """

    name = NAME

    def __init__(self, tags: TechniqueTags, rules: Callable[[], RuleSet]) -> None:
        self._tags = tags
        self._rules = rules
        self._windows: Windows | None = None

    async def study(self, entries: Sequence[Entry]) -> Findings:
        """Return the tags of entries, and a finding for each technique that is new of its source."""
        if self._windows is None:
            self._windows = Windows(await self._tags.windows())
        rules, states = self._rules(), await self._tags.states()
        tags: list[Tag] = []
        for number, entry in enumerate(entries, 1):
            tags += tagged(entry, rules, states, self._windows)
            if not number % AT_ONCE:
                await asyncio.sleep(0)
        windows, gone = self._windows.news()
        if not (tags or windows or gone):
            return NOTHING
        return Findings(work=self._tags.work(tags, windows, gone), found=await self._new(tags))

    async def _new(self, tags: Sequence[Tag]) -> Sequence[Found]:
        first: dict[tuple[str, str], Tag] = {}
        for tag in tags:
            first.setdefault((tag.source, tag.technique), tag)
        known = await self._tags.known(first)
        return [Found(finding=_finding(tag), time=tag.time) for pair, tag in first.items() if pair not in known]


def tagged(entry: Entry, rules: RuleSet, states: Mapping[str, RuleState], windows: Windows) -> Sequence[Tag]:
    """Return what the rules say of one entry."""
    record = entry.record
    candidates = rules.by_kind.get(record.kind, ()) if record.source else ()
    if not candidates:
        return ()
    read = readings(record)
    tags: list[Tag] = []
    for rule in candidates:
        ceiling = _ceiling(states.get(rule.id), record.time)
        if ceiling and (reading := rule.matching(read)) is not None and windows.count(rule, record, reading):
            tags += _tags(entry, rule, reading, ceiling)
    return tags


def _ceiling(state: RuleState | None, time: float) -> float:
    """Return how far a rule is believed: 0 of a disabled one."""
    if state is None or state.mode is Mode.ENABLED or (state.until is not None and time >= state.until):
        return 1.0
    return 0.0 if state.mode is Mode.DISABLED else state.ceiling


def _tags(entry: Entry, rule: Rule, reading: Reading, ceiling: float) -> Sequence[Tag]:
    record: Record = entry.record
    shown = evidence(record.fact, rule.evidence, reading, MAX_EVIDENCE)
    return [
        Tag(
            event=record.id,
            rule=rule.id,
            technique=emit.technique,
            version=rule.version,
            tactic=emit.tactic,
            phase=rule.phase,
            confidence=min(emit.confidence, ceiling),
            seq=entry.seq,
            time=record.time,
            source=record.source,
            session=record.session,
            decky=record.decky,
            service=record.service,
            evidence=shown,
        )
        for emit in rule.emits
    ]


def _finding(tag: Tag) -> TechniqueSeen:
    return TechniqueSeen(
        source=tag.source,
        technique=tag.technique,
        name=attack().techniques[tag.technique].name,
        tactic=tag.tactic,
        phase=tag.phase,
        confidence=tag.confidence,
        rule=tag.rule,
        version=tag.version,
        event=tag.event,
        session=tag.session,
        decky=tag.decky,
    )

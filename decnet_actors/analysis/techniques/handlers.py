"""This module answers the operations on techniques."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from decnet_actors.analysis.techniques import navigator
from decnet_actors.analysis.techniques import operations as ops
from decnet_actors.analysis.techniques.attack import attack
from decnet_actors.analysis.techniques.loader import RuleSet
from decnet_actors.analysis.techniques.rules import Rule
from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Caller, Handler, Nothing, Operation, Page
from decnet_actors.contracts.techniques import Mode, RuleState, Tag, TechniqueTags
from decnet_actors.domain.text import escaped

MAX_SHOWN = 100  # events shown with a technique
MAX_NAME = 64  # characters of an unknown name repeated in an error
URL = "https://attack.mitre.org/techniques/"
_CURSOR = (int, str, str)


class Table(Protocol):
    """Where operations are bound (``contracts.operation_table.OperationTable``)."""

    def bind(self, operation: Operation[Any, Any], handler: Handler) -> None: ...  # Any: operations of unlike classes


class TechniqueHandlers:
    """Handlers of technique.*.

    Args:
        tags: where tags are kept.
        rules: returns the rules in force.
        now: Unix seconds.

    """

    def __init__(self, tags: TechniqueTags, rules: Callable[[], RuleSet], now: Callable[[], float]) -> None:
        self._tags = tags
        self._rules = rules
        self._now = now

    def bind(self, table: Table) -> None:
        """Make the operations callable."""
        table.bind(ops.TECHNIQUE_LIST, self.list)
        table.bind(ops.TECHNIQUE_SHOW, self.show)
        table.bind(ops.TECHNIQUE_EVENTS, self.events)
        table.bind(ops.TECHNIQUE_RULES, self.rules)
        table.bind(ops.RULE_ENABLE, self.enable)
        table.bind(ops.RULE_DISABLE, self.disable)
        table.bind(ops.RULE_CLIP, self.clip)
        table.bind(ops.TECHNIQUE_EXPORT, self.export)

    async def list(self, args: ops.TechniqueListArgs, _caller: Caller) -> Page[ops.TechniqueRow]:
        """Answer technique.list."""
        known = attack()
        order = {name: place for place, name in enumerate(known.tactics)}
        rows = [
            ops.TechniqueRow(
                technique=one.technique,
                name=known.full_name(one.technique),
                tactic=one.tactic,
                tactic_id=known.tactics[one.tactic].id,
                events=one.events,
                sources=one.sources,
                first_seen=one.first,
                last_seen=one.last,
                confidence=one.confidence,
            )
            for one in await self._tags.matrix(source=args.source, since=args.since)
            if one.technique in known.techniques
        ]
        return Page(items=sorted(rows, key=lambda row: (order[row.tactic], row.technique)))

    async def show(self, args: ops.TechniqueArgs, _caller: Caller) -> ops.TechniqueDetail:
        """Answer technique.show."""
        known, ident = attack(), _known(args.id)
        ids = known.within(ident)
        tags = await self._tags.tags(ids, limit=MAX_SHOWN + 1)
        return ops.TechniqueDetail(
            technique=ident,
            name=known.full_name(ident),
            tactics=known.techniques[ident].tactics,
            url=URL + ident.replace(".", "/"),
            rules=tuple(rule.id for rule in self._rules().rules.values() if {e.technique for e in rule.emits} & {*ids}),
            tags=tuple(map(_tag_row, tags[:MAX_SHOWN])),
            truncated=len(tags) > MAX_SHOWN,
            notice=known.notice,
        )

    async def events(self, args: ops.TechniqueEventsArgs, _caller: Caller) -> Page[ops.TagRow]:
        """Answer technique.events."""
        tags = await self._tags.tags(
            attack().within(_known(args.id)),
            source=args.source,
            since=args.since,
            before=_before(args.cursor),
            limit=args.limit,
        )
        return Page(items=tuple(map(_tag_row, tags)), next=_after(tags[-1]) if len(tags) == args.limit else None)

    async def rules(self, _args: Nothing, _caller: Caller) -> Page[ops.RuleRow]:
        """Answer technique.rules."""
        states, fired, rules = await self._tags.states(), await self._tags.fired(), self._rules()
        return Page(items=[self._rule_row(rule, states, fired) for rule in rules.rules.values()])

    async def enable(self, args: ops.RuleArgs, caller: Caller) -> ops.RuleRow:
        """Answer technique.rule-enable."""
        return await self._set(args, caller, Mode.ENABLED)

    async def disable(self, args: ops.RuleDisableArgs, caller: Caller) -> ops.RuleRow:
        """Answer technique.rule-disable."""
        return await self._set(args, caller, Mode.DISABLED, until=args.until)

    async def clip(self, args: ops.RuleClipArgs, caller: Caller) -> ops.RuleRow:
        """Answer technique.rule-clip."""
        return await self._set(args, caller, Mode.CLIPPED, until=args.until, ceiling=args.ceiling)

    async def export(self, args: ops.TechniqueExportArgs, _caller: Caller) -> ops.TechniqueLayer:
        """Answer technique.export."""
        seen = await self._tags.matrix(source=args.source, since=args.since)
        return ops.TechniqueLayer(name=navigator.NAME, text=navigator.layer(seen))

    async def _set(
        self, args: ops.RuleArgs, caller: Caller, mode: Mode, *, until: float | None = None, ceiling: float = 1.0
    ) -> ops.RuleRow:
        rule = self._rule(args.rule)
        state = RuleState(
            rule=rule.id,
            mode=mode,
            ceiling=ceiling,
            until=until,
            reason=args.reason,
            author=caller.name,
            time=self._now(),
        )
        await self._tags.set_state(state)
        return self._rule_row(rule, {rule.id: state}, await self._tags.fired())

    def _rule(self, ident: str) -> Rule:
        rules = self._rules().rules
        if ident not in rules:
            raise OperatorError(
                CATALOGUE["DN3001"],
                f'no rule is called "{escaped(ident, MAX_NAME)}"{did_you_mean(ident, rules)}',
                fix=("decnetctl technique rules",),
            )
        return rules[ident]

    def _rule_row(
        self, rule: Rule, states: Mapping[str, RuleState], fired: Mapping[str, tuple[int, float]]
    ) -> ops.RuleRow:
        state = states.get(rule.id, RuleState(rule=rule.id, mode=Mode.ENABLED))
        is_over = state.until is not None and state.until <= self._now()
        events, last = fired.get(rule.id, (0, None))
        return ops.RuleRow(
            rule=rule.id,
            version=rule.version,
            name=rule.name,
            techniques=tuple(emit.technique for emit in rule.emits),
            on=rule.on,
            own=rule.id in self._rules().own,
            mode=Mode.ENABLED if is_over else state.mode,
            ceiling=1.0 if is_over else state.ceiling,
            until=state.until,
            reason=state.reason,
            author=state.author,
            events=events,
            last_seen=last,
        )


def _known(ident: str) -> str:
    """Return the id of a technique that rules can find."""
    known = attack().techniques
    if ident.upper() not in known:
        raise OperatorError(
            CATALOGUE["DN3001"],
            f'no rule can find a technique "{escaped(ident, MAX_NAME)}"{did_you_mean(ident.upper(), known)}',
            fix=("decnetctl technique list", "decnetctl technique rules"),
        )
    return ident.upper()


def _tag_row(tag: Tag) -> ops.TagRow:
    return ops.TagRow(
        time=tag.time,
        source=tag.source,
        decky=tag.decky,
        service=tag.service,
        technique=tag.technique,
        rule=tag.rule,
        confidence=tag.confidence,
        phase=tag.phase,
        evidence=tag.evidence,
        session=tag.session,
        event=tag.event,
        seq=tag.seq,
    )


def _after(tag: Tag) -> str:
    return json.dumps([tag.seq, tag.rule, tag.technique], separators=(",", ":"))


def _before(cursor: str | None) -> tuple[int, str, str] | None:
    if cursor is None:
        return None
    try:
        values = json.loads(cursor)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or tuple(map(type, values)) != _CURSOR or not 0 <= values[0] < 2**63:
        raise OperatorError(CATALOGUE["DN5001"], "/cursor: is not the next of a page", errors=("/cursor: unknown",))
    return values[0], values[1], values[2]

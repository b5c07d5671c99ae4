"""This module answers the dashboard's operations from facts in memory."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import evolve

from decnet_actors.analysis.techniques.handlers import TechniqueHandlers
from decnet_actors.contracts.description_operations import PLUGIN_LIST, PluginRow
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.lifecycle import Lifecycle, State
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Page
from decnet_actors.contracts.runtime_operations import (
    ACTOR_RESTART,
    ACTOR_START,
    ACTOR_STOP,
    ACTOR_TREE,
    STATUS_SHOW,
    ActorNode,
    StatusReport,
)
from decnet_actors.domain.codec import plain
from decnet_actors.domain.facts import CredentialSeen, FileCaptured, Outcome, SessionClosed, SshClientSeen
from decnet_actors.domain.records import Entry
from decnet_actors.domain.text import escaped
from decnet_actors.fleet.decky_operations import (
    DECKY_LIST,
    DECKY_SHOW,
    SERVICE_LIST,
    DeckyDetail,
    DeckyRow,
    ServiceRow,
    ServiceState,
)
from decnet_actors.fleet.lifecycle_operations import OPERATION_LIST
from decnet_actors.store.attacker_operations import ATTACKER_EXPORT, ATTACKER_LIST, ATTACKER_SHOW
from decnet_actors.store.credential_operations import CREDENTIAL_LIST, CREDENTIAL_SHOW, CredentialDetail, CredentialRow
from decnet_actors.store.event_operations import EVENT_LIST, EventRow
from decnet_actors.store.overview_operations import OVERVIEW_SHOW, Figure, Overview, Point, Ranked
from decnet_actors.store.reuse_operations import REUSE_LIST, REUSE_SHOW, ReuseDetail, ReuseRow
from decnet_actors.store.search_operations import SESSION_SEARCH, FoundLine, LineKind
from decnet_actors.store.session_operations import (
    SESSION_LIST,
    SESSION_REPLAY,
    SESSION_SHOW,
    CredentialUse,
    Replay,
    SessionDetail,
    SessionRow,
)
from tests.browser.attackers import Attackers
from tests.browser.reused import reuses
from tests.browser.seed import DAY, FLEET, INTRUDER, NOW, PORTS
from tests.browser.tags import RULES, MemoryTags
from tests.decnet_actors.web.fakes import MemoryJournal

Commands = frozenset({"ShellCommandSeen", "CommandSeen"})


FAILED = Lifecycle(
    id="0199f0c2a7d47b3e8d5c6f1a2b3c4d5e",
    kind="fleet.apply",
    author="ana",
    via="web",
    reason="two more web servers",
    revision=4,
    requested=NOW - 3600,
    started=NOW - 3600,
    ended=NOW - 3590,
    state=State.FAILED,
    error="1 of 2 not up: web-02: ssh: port 22 is taken",
    attempts=1,
    done=2,
    total=2,
)


class Backend:
    """Handlers of everything the pages ask for. ``fleet`` is empty on an instance nobody has set up."""

    def __init__(
        self, journal: MemoryJournal, *, fleet: Sequence[tuple[str, str, tuple[str, ...], str]] = FLEET
    ) -> None:
        self._journal = journal
        self._fleet = fleet
        self.states: dict[str, str] = {}
        self.operations = [FAILED] if fleet else []
        self.replayed: list[str] = []

    def bind(self, table: OperationTable) -> None:
        table.bind(EVENT_LIST, _handler(self._events))
        table.bind(SESSION_LIST, _handler(self._sessions))
        table.bind(SESSION_SHOW, _handler(self._session))
        table.bind(SESSION_SEARCH, _handler(self._search))
        table.bind(SESSION_REPLAY, _handler(self._replay))
        table.bind(ATTACKER_LIST, _handler(lambda args: self._attackers().page(args)))
        table.bind(ATTACKER_SHOW, _handler(lambda args: self._attackers().show(args)))
        table.bind(ATTACKER_EXPORT, _handler(lambda args: self._attackers().export(args)))
        table.bind(CREDENTIAL_LIST, _handler(self._credentials))
        table.bind(CREDENTIAL_SHOW, _handler(self._credential))
        table.bind(REUSE_LIST, _handler(self._reuses))
        table.bind(REUSE_SHOW, _handler(self._reuse))
        table.bind(OVERVIEW_SHOW, _handler(self._overview))
        table.bind(DECKY_LIST, _handler(self._deckies))
        table.bind(DECKY_SHOW, _handler(self._decky))
        table.bind(SERVICE_LIST, _handler(self._services))
        table.bind(OPERATION_LIST, _handler(lambda _: Page(items=self.operations)))
        table.bind(ACTOR_TREE, _handler(lambda _: self._tree()))
        table.bind(ACTOR_RESTART, _handler(lambda args: self._act(args.path, "running")))
        table.bind(ACTOR_STOP, _handler(lambda args: self._act(args.path, "stopped")))
        table.bind(ACTOR_START, _handler(lambda args: self._act(args.path, "running")))
        table.bind(STATUS_SHOW, _handler(self._status))
        table.bind(PLUGIN_LIST, _handler(self._plugins))
        TechniqueHandlers(MemoryTags(self._journal.entries), lambda: RULES, lambda: NOW).bind(table)

    # --- evidence

    def _events(self, args: Any) -> Page[EventRow]:
        found = [
            entry
            for entry in reversed(self._journal.entries)
            if _fits(args.decky, entry.record.decky)
            and _fits(args.service, entry.record.service)
            and _fits(args.source, entry.record.source)
            and _fits(args.session, entry.record.session)
            and (args.kind is None or entry.record.kind in args.kind.split(","))
            and (args.q is None or args.q in json.dumps(plain(entry.record.fact)))
        ]
        return _page([_event(entry) for entry in found], args)

    def _attackers(self) -> Attackers:
        return Attackers(self._journal.entries)

    def _groups(self) -> dict[str, list[Entry]]:
        groups: dict[str, list[Entry]] = {}
        for entry in self._journal.entries:
            groups.setdefault(entry.record.session, []).append(entry)
        return groups

    def _rows(self) -> list[SessionRow]:
        return sorted((_session(entries) for entries in self._groups().values()), key=lambda row: -row.opened)

    def _sessions(self, args: Any) -> Page[SessionRow]:
        return _page(
            [
                row
                for row in self._rows()
                if _fits(args.decky, row.decky)
                and _fits(args.service, row.service)
                and _fits(args.source, row.source)
                and (args.q is None or args.q in f"{row.user} {row.client}")
                and (args.state is None or (row.closed is None) == (args.state == "open"))
            ],
            args,
        )

    def _session(self, args: Any) -> SessionDetail:
        entries = self._groups().get(args.id)
        if entries is None:
            raise OperatorError(CATALOGUE["DN3001"], "No session has that id.")
        row = _session(entries)
        return SessionDetail(
            **{field.name: getattr(row, field.name) for field in SessionRow.__attrs_attrs__},
            kinds=Counter(entry.record.kind for entry in entries),
            uses=tuple(_uses(entries)),
            timeline=tuple(_event(entry) for entry in entries),
            truncated=False,
        )

    def _search(self, args: Any) -> Page[FoundLine]:
        found = []
        for entry in reversed(self._journal.entries):
            line = escaped(getattr(entry.record.fact, "line", ""))
            before, hit, after = line.partition(args.text)
            if hit:
                record = entry.record
                found.append(
                    FoundLine(
                        time=record.time,
                        session=record.session,
                        decky=record.decky,
                        service=record.service,
                        source=record.source,
                        kind=LineKind.TYPED,
                        before=before,
                        hit=hit,
                        after=after,
                        erased=False,
                        at=12.5,
                        replay=2.5 if record.session == INTRUDER else None,
                    )
                )
        return _page(found, args)

    def _replay(self, args: Any) -> Replay:
        self.replayed.append(args.id)
        header = json.dumps({"version": 2, "width": 90, "height": 24, "env": {"TERM": "xterm-256color"}})
        lines, time = [header], 0.5
        for entry in self._groups()[args.id]:
            if entry.record.kind == "ShellCommandSeen":
                for text in ("\x1b[32mdeploy@web-01\x1b[0m:\x1b[34m~\x1b[0m$ ", *entry.record.fact.line, "\r\n"):  # type: ignore[attr-defined]  # its kind says so
                    time += 0.07
                    lines.append(json.dumps([round(time, 3), "o", text]))
        return Replay(session=args.id, duration=time, lines=tuple(lines), truncated=False)

    def _credential_rows(self) -> list[CredentialDetail]:
        found: dict[str, list[CredentialUse]] = {}
        for entries in self._groups().values():
            for use in _uses(entries):
                found.setdefault(use.credential, []).append(use)
        return [
            CredentialDetail(
                id=key,
                user=uses[0].user,
                secret=uses[0].secret,
                kind=uses[0].kind,
                mechanism=f"{uses[0].service} password",
                hashcat=None,
                first_seen=min(use.time for use in uses),
                last_seen=max(use.time for use in uses),
                count=sum(use.count for use in uses),
                accepted=sum(use.accepted for use in uses),
                sessions=len(uses),
                uses=tuple(uses[:50]),
                truncated=len(uses) > 50,
            )
            for key, uses in found.items()
        ]

    def _credentials(self, args: Any) -> Page[CredentialRow]:
        rows = [
            row
            for row in self._credential_rows()
            if _fits(args.user, row.user)
            and (args.secret is None or args.secret.encode() == row.secret)
            and (args.accepted is None or args.accepted == bool(row.accepted))
        ]
        rows.sort(
            key=lambda row: (-row.count, -row.last_seen) if args.order == "count" else (-row.last_seen, row.count)
        )
        return _page(rows, args)

    def _credential(self, args: Any) -> CredentialDetail:
        return next(row for row in self._credential_rows() if row.id == args.id)

    def _reuses(self, args: Any) -> Page[ReuseRow]:
        rows = [
            row
            for row in reuses(self._credential_rows())
            if row.targets >= args.min_targets
            and row.confidence >= args.min_confidence
            and (args.bait is None or args.bait == bool(row.planted))
            and (args.source is None or any(one.source == args.source for one in row.who))
            and (args.decky is None or any(one.decky == args.decky for one in row.where))
        ]
        return _page(rows, args)

    def _reuse(self, args: Any) -> ReuseDetail:
        return next(row for row in reuses(self._credential_rows()) if row.id == args.id)

    def _overview(self, args: Any) -> Overview:
        until = args.until or NOW
        since = args.since or until - DAY
        step = max(60.0, (until - since) // 48)
        rows = [row for row in self._rows() if since <= row.opened < until]
        entries = [entry for entry in self._journal.entries if since <= entry.record.time < until]
        series = []
        for index in range(int((until - since) // step)):
            start = since + index * step
            inside = [row for row in rows if start <= row.opened < start + step]
            series.append(
                Point(
                    time=start,
                    events=sum(row.events for row in inside),
                    sessions=len(inside),
                    credentials=sum(row.credentials for row in inside),
                    accepted=sum(1 for row in inside if row.user),
                )
            )
        seen = [entry.record.fact for entry in entries if isinstance(entry.record.fact, CredentialSeen)]

        def figure(value: int) -> Figure:
            return Figure(value=value, previous=round(value * 0.87))

        def top(names: Iterable[str]) -> tuple[Ranked, ...]:
            return tuple(Ranked(name=name, count=count) for name, count in Counter(names).most_common(args.top))

        return Overview(
            since=since,
            until=until,
            step=step,
            events=figure(len(entries)),
            sessions=figure(len(rows)),
            credentials=figure(len(seen)),
            accepted=figure(sum(1 for fact in seen if fact.outcome is Outcome.ACCEPTED)),
            sources=figure(len({row.source for row in rows})),
            commands=figure(sum(row.commands for row in rows)),
            files=figure(sum(row.files for row in rows)),
            open_sessions=sum(1 for row in rows if row.closed is None),
            last_event=entries[-1].record.time if entries else None,
            series=tuple(series),
            deckies=top(row.decky for row in rows),
            services=top(row.service for row in rows),
            top_sources=top(row.source for row in rows),
            users=top(escaped(fact.user) for fact in seen if fact.user is not None),
            secrets=top(escaped(fact.secret) for fact in seen),
        )

    # --- fleet and system

    def _details(self) -> list[DeckyDetail]:
        sessions = Counter((row.decky, row.service) for row in self._rows() if row.closed is None)
        made = []
        for index, (name, address, services, system) in enumerate(self._fleet):
            rows = tuple(
                ServiceRow(
                    decky=name,
                    service=service,
                    state=ServiceState.DOWN if (name, service) == ("printer-3f", "http") else ServiceState.UP,
                    address=address,
                    port=0 if (name, service) == ("printer-3f", "http") else PORTS[service] + 20_000,
                    claimed_port=PORTS[service],
                    sessions=sessions[name, service],
                    restarts=index % 2,
                    error="DN2107: port 20080 is taken" if (name, service) == ("printer-3f", "http") else "",
                )
                for service in services
            )
            made.append(
                DeckyDetail(
                    name=name,
                    state=ServiceState.UP,
                    address=address,
                    system=system,
                    hostname=f"{name}.corp.example",
                    services=services,
                    sessions=sum(row.sessions for row in rows),
                    details=rows,
                    kernel="6.1.0-28-amd64",
                    mac=f"52:54:00:1a:2b:{index:02x}",
                    booted=NOW - 31 * DAY - index * 7_000,
                    users=("root", "deploy", "backup"),
                    baits=("deploy",),
                    weak_credentials=12,
                )
            )
        return made

    def _deckies(self, _: Any) -> Page[DeckyRow]:
        names = [field.name for field in DeckyRow.__attrs_attrs__]
        return Page(items=[DeckyRow(**{name: getattr(d, name) for name in names}) for d in self._details()])

    def _decky(self, args: Any) -> DeckyDetail:
        found = next((decky for decky in self._details() if decky.name == args.name), None)
        if found is None:
            raise OperatorError(CATALOGUE["DN2001"], "No decky has that name.")
        return found

    def _services(self, args: Any) -> Page[ServiceRow]:
        rows = [row for decky in self._details() for row in decky.details if _fits(args.decky, row.decky)]
        return Page(items=rows)

    def _tree(self) -> ActorNode:
        def node(path: str, kind: str = "actor", children: tuple[ActorNode, ...] = (), **more: Any) -> ActorNode:
            state = self.states.get(path, more.pop("state", "running"))
            uptime = 0.0 if state == "stopped" else 90_061.0
            return ActorNode(path=path, kind=kind, state=state, uptime=uptime, children=children, **more)

        fleet = tuple(
            node(
                f"decnetd/fleet/{name}",
                "supervisor",
                tuple(node(f"decnetd/fleet/{name}/{service}", handled=1_200) for service in services),
            )
            for name, _, services, _ in self._fleet
        )
        return node(
            "decnetd",
            "supervisor",
            (
                node("decnetd/bus", handled=48_211, mailbox_high=41),
                node("decnetd/journal", "thread", handled=45_009, mailbox_depth=3, mailbox_high=812),
                node("decnetd/control", handled=96),
                node("decnetd/fleet", "supervisor", fleet),
                node(
                    "decnetd/profiler",
                    state="backoff",
                    restarts=3,
                    dropped=18,
                    last_error="ValueError: unknown technique T9999 in profiler.py:112",
                ),
                node("decnetd/web", handled=3_004),
            ),
        )

    def _act(self, path: str, state: str) -> ActorNode:
        self.states[path] = state
        stack = [self._tree()]
        while stack:
            found = stack.pop()
            if found.path == path:
                return evolve(found, children=())
            stack.extend(found.children)
        raise OperatorError(CATALOGUE["DN6002"], "No actor has that path.")

    def _status(self, _: Any) -> StatusReport:
        return StatusReport(
            ready=True,
            version="0.1.0",
            started=NOW - 90_061,
            uptime=90_061.0,
            host="hq",
            deckies_up=len(self._fleet),
            deckies_total=len(self._fleet),
            events_total=len(self._journal.entries),
            last_event=self._journal.entries[-1].record.time if self._journal.entries else None,
            journal_lag=0.004,
            actors=24,
            restarts=3,
            loop_lag_ms=0.4,
            memory=92_000_000,
            database_size=48_300_000,
            disk_free=61_000_000_000,
        )

    def _plugins(self, _: Any) -> Page[PluginRow]:
        names = (
            ("ssh", "OpenSSH server with a shell"),
            ("http", "Web server"),
            ("redis", "Redis"),
            ("telnet", "Telnet"),
        )
        rows = [PluginRow(id=f"decoy.{n}", kind="decoy", name=n, summary=text, used=3) for n, text in names]
        broken = PluginRow(
            id="fleet_driver.namespace",
            kind="fleet_driver",
            name="namespace",
            summary="Own MAC and address per decky",
            needs=("net.admin",),
            error="ModuleNotFoundError: pyroute2",
        )
        return Page(items=[*rows, broken])


def _handler(answer: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    async def handler(args: Any, _caller: Any) -> Any:
        return answer(args)

    return handler


def _fits(wanted: str | None, got: str | None) -> bool:
    return wanted is None or wanted == got


def _page(rows: Sequence[Any], args: Any) -> Page[Any]:
    start = int(args.cursor or 0)
    end = start + args.limit
    return Page(items=rows[start:end], next=str(end) if end < len(rows) else None)


def _event(entry: Entry) -> EventRow:
    record = entry.record
    return EventRow(
        seq=entry.seq,
        id=record.id,
        time=record.time,
        host=record.host,
        decky=record.decky,
        service=record.service,
        session=record.session,
        source=record.source,
        source_port=record.source_port,
        kind=record.kind,
        topic=record.topic,
        summary=record.kind,
        fact=plain(record.fact),
    )


def _session(entries: Sequence[Entry]) -> SessionRow:
    first, last = entries[0].record, entries[-1].record
    facts = [entry.record.fact for entry in entries]
    closed = next((fact for fact in facts if isinstance(fact, SessionClosed)), None)
    tried = [fact for fact in facts if isinstance(fact, CredentialSeen)]
    user = next((fact.user for fact in tried if fact.outcome is Outcome.ACCEPTED), None)
    client = next((fact.version for fact in facts if isinstance(fact, SshClientSeen)), None)
    return SessionRow(
        id=first.session,
        decky=first.decky,
        service=first.service,
        source=first.source,
        source_port=first.source_port,
        opened=first.time,
        last_seen=last.time,
        closed=last.time if closed else None,
        reason=closed.reason.value if closed else None,
        duration=closed.duration if closed else None,
        bytes_in=closed.bytes_in if closed else 412,
        bytes_out=closed.bytes_out if closed else 903,
        events=len(entries),
        commands=sum(1 for entry in entries if entry.record.kind in Commands),
        credentials=len(tried),
        files=sum(1 for fact in facts if isinstance(fact, FileCaptured)),
        replayable=first.session == INTRUDER,
        user=None if user is None else escaped(user),
        client=client,
        host=first.host,
        first_seq=entries[0].seq,
        last_seq=entries[-1].seq,
    )


def _uses(entries: Sequence[Entry]) -> Iterable[CredentialUse]:
    counts: dict[str, CredentialUse] = {}
    for entry in entries:
        fact = entry.record.fact
        if isinstance(fact, CredentialSeen):
            key = f"{abs(hash((fact.user, fact.secret))):016x}"
            accepted = int(fact.outcome is Outcome.ACCEPTED)
            use = counts.get(key) or CredentialUse(
                credential=key,
                session=entry.record.session,
                decky=entry.record.decky,
                service=entry.record.service,
                source=entry.record.source,
                time=entries[0].record.time,
                user=None if fact.user is None else escaped(fact.user),
                secret=fact.secret,
                kind=fact.kind,
                count=0,
                accepted=0,
            )
            counts[key] = evolve(use, count=use.count + 1, accepted=use.accepted + accepted)
    return counts.values()

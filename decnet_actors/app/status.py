"""This module answers status.show: the daemon on one screen."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from decnet_actors.app.actors import walk
from decnet_actors.contracts import runtime_operations as ops
from decnet_actors.contracts.operations import Caller, Nothing
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.sensors.settings import When
from decnet_actors.sensors.sniffer import Gauge
from decnet_actors.store.journal import JournalStatus
from supervisors.report import TreeNode
from supervisors.watchdog import LoopLag

PAGE = os.sysconf("SC_PAGE_SIZE")
LOW_DISK = 512 * 1024 * 1024  # bytes free below which an operator should know


@frozen(kw_only=True)
class Gauges:
    """Where the numbers come from; each is asked when somebody looks."""

    tree: Callable[[], Awaitable[TreeNode]]
    journal: Callable[[], Awaitable[JournalStatus | None]]  # None: no journal runs at this moment
    last_event: Callable[[], Awaitable[float | None]]  # Unix seconds
    sessions: OpenSessions
    planned: Callable[[], Sequence[tuple[str, str]]]  # (decky, service)
    loop_lag: Callable[[], Awaitable[LoopLag]]
    dashboard: Callable[[], Awaitable[Sequence[str]]]
    config_files: Callable[[], Sequence[Path]]
    config_problem: Callable[[], str]  # of a reload that was refused
    paused: Callable[[], Awaitable[bool]]  # whether the fleet rests
    sniffing: Gauge
    sniffs: When  # whether it is to
    left_out: Callable[[], Mapping[str, str]]  # deckies that could not be put together, and why
    database: Path | None  # the file, on SQLite
    state_dir: Path
    host: str
    version: str
    now: Callable[[], float]
    monotonic: Callable[[], float]
    started: float = field()  # Unix seconds
    started_monotonic: float = field()


class Status:
    """Puts the report together."""

    def __init__(self, gauges: Gauges) -> None:
        self._from = gauges

    async def show(self, args: Nothing, caller: Caller) -> ops.StatusReport:
        """Answer status.show."""
        del args, caller
        return await self.report()

    async def report(self) -> ops.StatusReport:
        """Return how the daemon is doing."""
        gauges = self._from
        tree = await gauges.tree()
        journal = await gauges.journal()
        nodes = list(walk(tree))
        planned = gauges.planned()
        up = {pair for pair in planned if gauges.sessions.listens(*pair)}
        database = await asyncio.to_thread(_size, gauges.database)
        free = await asyncio.to_thread(_free, gauges.state_dir)
        problems = [*self._problems(nodes, journal, free), *_silent(planned, up)]
        for name, why in gauges.left_out().items():
            text = f"{name} is left out of the fleet: {why}"
            problems.append(ops.Problem(code="DN2107", text=text, fix=f"decnetctl decky edit {name} --help"))
        if await gauges.paused():
            text = "the fleet rests: no decky changes by itself"
            problems.append(ops.Problem(code="DN2002", text=text, fix="decnetctl fleet resume"))
        return ops.StatusReport(
            ready=journal is not None and journal.stalled_since is None and len(up) == len(planned),
            version=gauges.version,
            started=gauges.started,
            uptime=gauges.monotonic() - gauges.started_monotonic,
            host=gauges.host,
            deckies_up=len({decky for decky, _ in up}),
            deckies_total=len({decky for decky, _ in planned}),
            services_up=len(up),
            services_total=len(planned),
            sessions_active=len(gauges.sessions),
            events_total=0 if journal is None else journal.head,
            last_event=await gauges.last_event(),
            journal_lag=self._lag(journal),
            journal_stalled=journal is None or journal.stalled_since is not None,
            actors=sum(node.state == "running" for node in nodes),
            restarts=sum(node.restarts for node in nodes),
            loop_lag_ms=(await gauges.loop_lag()).p99 * 1000,
            memory=await asyncio.to_thread(resident),
            database_size=database,
            disk_free=free,
            sniffer="off" if gauges.sniffs is When.OFF else gauges.sniffing.interface or gauges.sniffing.problem,
            sniffer_packets=gauges.sniffing.packets,
            sniffer_dropped=gauges.sniffing.dropped,
            sniffer_suppressed=gauges.sniffing.suppressed,
            dashboard=" ".join(await gauges.dashboard()),
            config_files=tuple(str(path) for path in gauges.config_files()),
            problems=tuple(problems),
        )

    async def unready(self) -> Sequence[str]:
        """Return why the daemon is not ready, for ``/readyz``."""
        report = await self.report()
        if report.ready:
            return ()
        return tuple(problem.text for problem in report.problems) or ("starting",)

    def _lag(self, journal: JournalStatus | None) -> float:
        if journal is None or journal.stalled_since is None:
            return 0.0
        return max(0.0, self._from.now() - journal.stalled_since)

    def _problems(self, nodes: Sequence[TreeNode], journal: JournalStatus | None, free: int) -> list[ops.Problem]:
        found = []
        if journal is None:
            found.append(ops.Problem(code="DN6002", text="the journal is being restarted", fix="decnetctl actor tree"))
        elif journal.stalled_since is not None:
            text = f"evidence cannot be written: {journal.last_error}; decoys hold their answers meanwhile"
            found.append(ops.Problem(code="DN3002", text=text, fix="decnetctl doctor store"))
        for node in nodes:
            if node.state == "failed":
                text = f"{node.path} gave up after {node.restarts} restarts: {node.last_error}"
                found.append(ops.Problem(code="DN6002", text=text, fix=f"decnetctl actor start {node.path}"))
            if node.zombies:
                text = f"{node.zombies} child(ren) of {node.path} cannot be ended"
                found.append(ops.Problem(code="DN6500", text=text, fix="restart decnetd"))
        if free < LOW_DISK:
            text = f"{free // 2**20} MiB are free below {self._from.state_dir}"
            found.append(ops.Problem(code="DN3002", text=text, fix="df -h"))
        if self._from.sniffs is When.ON and not self._from.sniffing.interface:
            text = f"the sniffer does not listen: {self._from.sniffing.problem}"
            found.append(ops.Problem(code="DN2112", text=text, fix="decnetctl doctor network.sniffer"))
        refused = self._from.config_problem()
        if refused:
            first, _, more = refused.partition("\n")  # the rest is the excerpt, and further problems
            text = f"the last reload was refused: {first}{' (and more)' if more.count(': error ') else ''}"
            found.append(ops.Problem(code="DN1012", text=text, fix="decnetctl config check"))
        return found


def _silent(planned: Sequence[tuple[str, str]], listening: Collection[tuple[str, str]]) -> list[ops.Problem]:
    if not planned:
        return [ops.Problem(code="DN2001", text="the fleet has no decky that runs", fix="decnetctl fleet show")]
    return [
        ops.Problem(
            code="DN2107",
            text=f"{service} of {decky} does not listen",
            fix=f"decnetctl actor list --under decnetd/fleet/{decky}",
        )
        for decky, service in planned
        if (decky, service) not in listening
    ]


def resident() -> int:
    """Return the bytes of memory this process holds (``/proc/self/statm``)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def _size(database: Path | None) -> int:
    if database is None:
        return 0
    names = (database, database.with_name(database.name + "-wal"))
    return sum(path.stat().st_size for path in names if path.exists())


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free

"""This module measures the journal: records put by observers until a subscriber of the bus sees them, committed.

Beside it, in the same run, what SQLite itself can do: ``executemany`` of the same rows into the same fact table with
nothing else, synchronous=FULL. Run: ``python -m benchmarks.journal [--seconds 10] [--rate 20000] [--folder DIR]``.
"""

import argparse
import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from decnet_actors.domain.codec import encode_fact
from decnet_actors.domain.facts import (
    CloseReason,
    CredentialSeen,
    Direction,
    Fact,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TerminalSeen,
)
from decnet_actors.domain.records import Entry, Record
from decnet_actors.domain.registry import ROOTS
from decnet_actors.store.engine import PRAGMAS, make_engine
from decnet_actors.store.intake import Intake
from decnet_actors.store.journal import Journal
from decnet_actors.store.migrations import migrate
from supervisors.bus import Bus, Envelope
from supervisors.clock import SystemClock
from supervisors.errors import Exit
from supervisors.testing import launch

PASSWORDS = [f"password{number}".encode() for number in range(5000)]


def traffic(count: int, seed: int = 1) -> list[Record]:
    """Return ``count`` records of SSH sessions of ten facts each, from 2000 sources on 50 deckies."""
    rng = random.Random(seed)
    records: list[Record] = []
    now = 1_800_000_000.0
    number = 0
    while len(records) < count:
        number += 1
        source = f"198.51.{rng.randrange(8)}.{rng.randrange(250)}"
        decky = f"web-{rng.randrange(50):02}"
        session = f"{int(now * 1000):012x}7{rng.getrandbits(76):019x}"
        facts: list[Fact] = [SessionOpened(local_address="192.0.2.10", local_port=22)]
        facts.append(SshClientSeen(version="SSH-2.0-libssh_0.9.6", hassh="a" * 32, algorithms="curve25519-sha256;aes"))
        facts += [CredentialSeen(user="root", secret=rng.choice(PASSWORDS), mechanism="ssh password") for _ in range(3)]
        facts.append(TerminalSeen(direction=Direction.OUT, data=b"Linux web-01 6.1.0-18-amd64\r\n$ "))
        facts.append(TerminalSeen(direction=Direction.IN, data=b"uname -a\r"))
        facts += [
            ShellCommandSeen(line=line, interactive=True, user="root") for line in ("uname -a", "cat /etc/passwd")
        ]
        facts.append(SessionClosed(reason=CloseReason.PEER, duration=3.2, bytes_in=2000, bytes_out=4000))
        for fact in facts:
            now += 0.0001
            records.append(
                Record(
                    id=f"{int(now * 1000):012x}7{rng.getrandbits(76):019x}",
                    time=now,
                    host="manager",
                    decky=decky,
                    service="ssh",
                    fact=fact,
                    session=session,
                    source=source,
                    source_port=rng.randrange(1024, 65536),
                )
            )
    return records[:count]


def raw(folder: Path, records: Sequence[Record], batch: int = 1000) -> tuple[float, float]:
    """Return (events/s, CPU microseconds an event) of bare SQLite; rows are made inside the measurement."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(
        "CREATE TABLE fact (seq INTEGER PRIMARY KEY, id TEXT, producer TEXT, number INTEGER, time REAL, kind TEXT, "
        "host TEXT, decky TEXT, service TEXT, session TEXT, source TEXT, source_port INTEGER, payload BLOB, "
        "UNIQUE (producer, number))"
    )
    started, cpu = time.perf_counter(), time.process_time()
    for begin in range(0, len(records), batch):
        rows = [
            (
                seq,
                item.id,
                "raw",
                seq,
                item.time,
                item.kind,
                item.host,
                item.decky,
                item.service,
                item.session,
                item.source,
                item.source_port,
                encode_fact(item.fact),
            )
            for seq, item in enumerate(records[begin : begin + batch], begin + 1)
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO fact VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        connection.execute("COMMIT")
    wall, used = time.perf_counter() - started, time.process_time() - cpu
    connection.close()
    return len(records) / wall, used / len(records) * 1e6


class Run:
    """A journal with a subscriber that notes when each record reached it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.engine = make_engine(f"sqlite:///{folder}/{name}.db")
        self.intake = Intake(name)
        self.writer = self.intake.writer()
        self.seen = 0
        self.latencies: list[float] = []
        self.put_at: list[float] = []
        self.arrived = asyncio.Event()
        self.wanted = 0
        self.bus = Bus(clock=SystemClock(), host="bench", new_id=lambda: "")
        self.bus.subscribe(ROOTS, self.receive, limit=1_000_000)

    async def start(self) -> None:
        await migrate(self.engine)
        self.journal = Journal(self.engine, self.intake, self.publish)
        launch(self.journal, "store/journal", clock=SystemClock())
        await self.journal.started

    def publish(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            record = entry.record
            self.bus.publish(record.topic, entry, seq=entry.seq, id=record.id, ts=record.time)

    def receive(self, envelope: Envelope) -> None:
        self.seen += 1
        if not envelope.seq % 50:
            self.latencies.append(time.perf_counter() - self.put_at[envelope.seq - 1])
        if self.seen == self.wanted:
            self.arrived.set()

    async def until(self, count: int) -> None:
        self.wanted = count
        if self.seen < count:
            await self.arrived.wait()

    async def stop(self) -> None:
        ended = asyncio.Event()
        self.journal.add_exit_callback(lambda _reason: ended.set())
        self.journal.request_stop(Exit.SHUTDOWN)
        await ended.wait()
        await self.engine.dispose()


async def closed_loop(folder: Path, records: Sequence[Record]) -> tuple[float, float]:
    """Return (events/s, CPU microseconds an event) when observers put as fast as ``crowded`` lets them."""
    run = Run(folder, "closed")
    await run.start()
    started, cpu = time.perf_counter(), time.process_time()
    for number, record in enumerate(records):
        run.put_at.append(time.perf_counter())
        run.writer.put(record)
        if number % 100 == 99:
            await (run.writer.room() if run.writer.crowded else asyncio.sleep(0))
    await run.until(len(records))
    wall, used = time.perf_counter() - started, time.process_time() - cpu
    await run.stop()
    return len(records) / wall, used / len(records) * 1e6


async def open_loop(folder: Path, records: Sequence[Record], rate: int) -> tuple[float, float, float, float]:
    """Return (events/s, CPU microseconds an event, p50 ms, p99 ms) when records come at ``rate`` a second."""
    run = Run(folder, "open")
    await run.start()
    started, cpu = time.perf_counter(), time.process_time()
    put = 0
    while put < len(records):
        due = min(len(records), int((time.perf_counter() - started) * rate))
        now = time.perf_counter()
        for record in records[put:due]:
            run.put_at.append(now)
            run.writer.put(record)
        put = max(put, due)
        await asyncio.sleep(max(0.0, started + (put + rate * 0.002) / rate - time.perf_counter()))
    await run.until(len(records))
    wall, used = time.perf_counter() - started, time.process_time() - cpu
    await run.stop()
    cuts = statistics.quantiles(run.latencies, n=100)
    return len(records) / wall, used / len(records) * 1e6, cuts[49] * 1e3, cuts[98] * 1e3


async def one_waiter(folder: Path, records: Sequence[Record]) -> tuple[float, float]:
    """Return (p50 ms, p99 ms) of one observer that waits until each record is durable."""
    run = Run(folder, "waiter")
    await run.start()
    times = []
    for record in records:
        begun = time.perf_counter()
        run.put_at.append(begun)
        await run.writer.durable(run.writer.put(record))
        times.append(time.perf_counter() - begun)
    await run.stop()
    cuts = statistics.quantiles(times, n=100)
    return cuts[49] * 1e3, cuts[98] * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    records = traffic(options.seconds * options.rate)
    put_cost = _cost_of_put(records)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        print("| design | events/s | CPU us an event | p50 ms | p99 ms |")
        print("|---|---|---|---|---|")
        speed, cpu = raw(folder, records)
        print(f"| raw sqlite3, executemany of 1000, fact table only | {speed:,.0f} | {cpu:.1f} | | |")
        speed, cpu = asyncio.run(closed_loop(folder, records))
        print(f"| journal with all tables, as fast as it goes | {speed:,.0f} | {cpu:.1f} | | |")
        speed, cpu, p50, p99 = asyncio.run(open_loop(folder, records, options.rate))
        offered = f"journal with all tables, {options.rate:,} a second offered"
        print(f"| {offered} | {speed:,.0f} | {cpu:.1f} | {p50:.1f} | {p99:.1f} |")
        p50, p99 = asyncio.run(one_waiter(folder, records[:1000]))
        print(f"| journal, one observer waiting for each record | | | {p50:.1f} | {p99:.1f} |")
        print(f"\nput(): {put_cost:.2f} us a record")


def _cost_of_put(records: Sequence[Record]) -> float:
    async def measure() -> float:
        writer = Intake("put").writer()
        started = time.perf_counter()
        for record in records[:100_000]:
            writer.put(record)
        return (time.perf_counter() - started) / min(len(records), 100_000) * 1e6

    return asyncio.run(measure())


if __name__ == "__main__":
    main()

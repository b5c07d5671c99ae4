"""This module measures how long a search through the lines of sessions takes.

Run: ``python -m benchmarks.search [--lines 1000000] [--url URL]``; without a URL an SQLite file is made and removed.
"""

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.domain.facts import Direction, TerminalSeen
from decnet_actors.domain.records import Entry, Record
from decnet_actors.store import search_queries
from decnet_actors.store.engine import make_engine
from decnet_actors.store.migrations import migrate
from decnet_actors.store.search_operations import SessionSearchArgs
from decnet_actors.store.search_queries import SearchQueries
from decnet_actors.store.tables import line, session
from decnet_actors.store.transcript import LineRow, write

PER_SESSION = 50
CHUNK = 5_000
WORDS = [
    "cat",
    "ls",
    "-la",
    "wget",
    "http://",
    "198.51.100.",
    "/tmp/x",
    "chmod",
    "+x",
    "./x",
    "uname",
    "-a",
    "echo",
    "root:",
    "/etc/passwd",
    "grep",
    "rm",
    "-rf",
    "busybox",
]


def facts(count: int, rng: random.Random) -> list[Record]:
    """Return terminal input of ``count`` lines, of sessions of fifty, every tenth edited before it was sent."""
    found = []
    for number in range(count):
        words = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(2, 9)))
        typed = f"{words} x{number:07d}"
        edited = typed + ("oops\x7f\x7f\x7f\x7f" if number % 10 == 0 else "")
        fact = TerminalSeen(direction=Direction.IN, data=f"{edited}\r".encode())
        ident = f"{number // PER_SESSION:032x}"
        found.append(
            Record(
                id=f"{number:032x}",
                time=1.8e9 + number,
                host="h",
                decky="web-01",
                service="ssh",
                fact=fact,
                session=ident,
            )
        )
    return found


async def fill(engine: AsyncEngine, count: int) -> None:
    rng = random.Random(1)
    done, number, seq = 0, 1, 1
    while done < count:
        size = min(CHUNK, count - done)
        part = [Entry(seq=seq + at, record=item) for at, item in enumerate(facts(size, rng))]
        written = write(part, {}, number)
        number, seq = written.number, seq + size
        base = done // PER_SESSION
        async with engine.begin() as connection:
            rows = [
                {name: getattr(row, name) for name in LineRow.__struct_fields__}
                | {"session": f"{base + int(row.session, 16):032x}"}
                for row in written.rows.values()
            ]
            await connection.execute(insert(line), rows)
            await connection.execute(insert(session), [_session(base + at) for at in range(size // PER_SESSION)])
        done += size


def _session(number: int) -> dict[str, object]:
    zeros = dict.fromkeys(("bytes_in", "bytes_out", "events", "commands", "credentials", "files", "terminal"), 0)
    return {
        "id": f"{number:032x}",
        "first_seq": 1,
        "last_seq": 1,
        "host": "h",
        "decky": "web-01",
        "service": "ssh",
        "source": "192.0.2.1",
        "source_port": 1,
        "opened": 1.8e9,
        "last_seen": 1.8e9,
        **zeros,
    }


async def measure(url: str, count: int) -> None:
    engine = make_engine(url)
    await migrate(engine)
    await fill(engine, count)
    if engine.dialect.name == "postgresql":
        async with engine.begin() as connection:
            await connection.execute(text("ANALYZE"))
    queries = SearchQueries(engine)
    print(f"{engine.dialect.name}, {count:,} lines, {search_queries.WINDOW:,} a statement")
    print("| looked for | found | seconds, three runs |\n|---|---|---|")
    wanted = {
        "what nobody typed": SessionSearchArgs(text="needle"),
        "what many typed, a page": SessionSearchArgs(text="wget"),
        "one line in five thousand": SessionSearchArgs(text="x0000001"),
        "what was erased": SessionSearchArgs(text="0000OOPS"),
    }
    for name, args in wanted.items():
        times = []
        found = 0
        for _ in range(3):
            began = time.perf_counter()
            page = await queries.page(args)
            times.append(time.perf_counter() - began)
            found = len(page.lines)
        print(f"| {name} | {found} | {', '.join(f'{took:.3f}' for took in times)} |")
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--url", help="of an empty database")
    arguments = parser.parse_args()
    if arguments.url:
        asyncio.run(measure(arguments.url, arguments.lines))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(f"sqlite:///{folder}/search.db", arguments.lines))
        size = (Path(folder) / "search.db").stat().st_size
        print(f"{size / arguments.lines:.0f} bytes of the file a line")


if __name__ == "__main__":
    main()

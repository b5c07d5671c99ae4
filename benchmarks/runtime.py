"""Measures the runtime beside pykka.ThreadingActor: ``python benchmarks/runtime.py`` prints a markdown table.

CPU is that of the process, all threads; each figure is the best of some rounds, as other programs only ever add.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pykka
import uvloop

from supervisors import log
from supervisors.actor import LoopActor, MailboxSpec, WhenFull
from supervisors.clock import SystemClock
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.system import System
from supervisors.testing import launch

ROUNDS = 5
KINDS = ("asyncio", "uvloop", "threads")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Loop(LoopActor):
    mailbox_spec = MailboxSpec(limit=2_000_000)

    async def handle(self, message):
        if message == "boom":
            raise ValueError(message)
        return message


class Bounded(Loop):
    mailbox_spec = MailboxSpec(limit=1000, when_full=WhenFull.BLOCK)


class Threaded(pykka.ThreadingActor):
    use_daemon_thread = True

    def on_receive(self, message):
        return message


def rss():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def micros(seconds, count):
    return seconds / count * 1e6


async def best(measure):
    return min([await measure() for _ in range(ROUNDS)])


async def tell(count=100_000):
    ref = launch(Loop())
    await ref.ask(0)
    began = time.process_time()
    for _ in range(count):
        ref.tell(1)
    await ref.ask(0)
    used = time.process_time() - began
    await ref.stop()
    return micros(used, count)


async def send(count=100_000):
    ref = launch(Bounded())
    began = time.process_time()
    for _ in range(count):
        await ref.send(1)
    await ref.ask(0)
    used = time.process_time() - began
    await ref.stop()
    return micros(used, count)


async def ask(count=20_000, within=None):
    ref = launch(Loop())
    began = time.process_time()
    for _ in range(count):
        await ref.ask(1, within=within)
    used = time.process_time() - began
    await ref.stop()
    return micros(used, count)


async def ask_within():
    return await ask(within=5.0)


def threaded_tell(count=50_000):
    ref = Threaded.start()
    began = time.process_time()
    for _ in range(count):
        ref.tell(1)
    ref.ask(0)
    used = time.process_time() - began
    ref.stop()
    return micros(used, count)


def threaded_ask(count=10_000):
    ref = Threaded.start()
    began = time.process_time()
    for _ in range(count):
        ref.ask(1)
    used = time.process_time() - began
    ref.stop()
    return micros(used, count)


async def restarts(count=2000):
    """Return p50 and p99 from the tell that crashes the actor to its successor being up; microseconds."""
    up = asyncio.Event()

    class Crashing(Loop):
        async def on_start(self):
            up.set()

    system = System(
        SupervisorSpec("top", [ChildSpec("a", Crashing)], intensity=10 * count, within=1.0), clock=SystemClock(), seed=0
    )
    await system.start()
    took = []
    for _ in range(count):
        ref = await system.directory.wait_up("top/a", 1)
        up.clear()
        began = time.perf_counter()
        ref.tell("boom")
        await up.wait()
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0)
    await system.stop()
    took.sort()
    return took[count // 2] * 1e6, took[count * 99 // 100] * 1e6


def threaded_restarts(count=500):
    """As ``restarts``, the successor started by hand from ``on_failure``: pykka has no supervisors."""
    up = threading.Event()

    class Crashing(Threaded):
        def on_start(self):
            up.set()

        def on_receive(self, message):
            raise ValueError(message)

        def on_failure(self, *_details):
            refs.append(Crashing.start())

    refs = [Crashing.start()]
    took = []
    for _ in range(count):
        up.wait()
        up.clear()
        began = time.perf_counter()
        refs[-1].tell("boom")
        up.wait()
        took.append(time.perf_counter() - began)
        while not refs[-1].is_alive():
            pass
    refs[-1].stop()
    took.sort()
    return took[count // 2] * 1e6, took[count * 99 // 100] * 1e6


async def idle(count=10_000):
    gc.collect()
    before = rss()
    refs = [launch(Loop(), f"top/pool/{number}") for number in range(count)]
    await asyncio.sleep(0.2)
    gc.collect()
    used = (rss() - before) / count
    for ref in reversed(refs):
        _stopping = ref.stop()
    while refs[0].is_alive():
        await asyncio.sleep(0.01)
    return used


def threaded_idle(count=2000):
    gc.collect()
    before = rss()
    refs = [Threaded.start() for _ in range(count)]
    time.sleep(0.2)
    used = (rss() - before) / count
    for ref in reversed(refs):
        ref.stop()
    return used


async def ours():
    memory = await idle()
    p50, p99 = await restarts()
    return {
        "tell": await best(tell),
        "send": await best(send),
        "ask": await best(ask),
        "ask, within 5 s": await best(ask_within),
        "restart p50": p50,
        "restart p99": p99,
        "idle actor": memory / 1000,
    }


def theirs():
    p50, p99 = threaded_restarts()
    return {
        "tell": min(threaded_tell() for _ in range(ROUNDS)),
        "ask": min(threaded_ask() for _ in range(ROUNDS)),
        "restart p50": p50,
        "restart p99": p99,
        "idle actor": threaded_idle() / 1000,
    }


ROWS = (
    ("tell", "µs CPU", "1.5"),
    ("send", "µs CPU", ""),
    ("ask", "µs CPU", "12"),
    ("ask, within 5 s", "µs CPU", ""),
    ("restart p50", "µs", ""),
    ("restart p99", "µs", "1000"),
    ("idle actor", "kB", "6"),
)


def measure(what):
    log.configure("critical")
    logging.getLogger("pykka").setLevel(logging.CRITICAL)
    if what == "threads":
        return theirs()
    factory = uvloop.new_event_loop if what == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(ours())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=KINDS, help="measure one kind and print JSON")
    only = parser.parse_args().only
    if only is not None:
        print(json.dumps(measure(only)))
        return
    columns = []
    for kind in KINDS:  # a fresh process each: memory left over by one would be reused by the next
        run = subprocess.run([sys.executable, __file__, "--only", kind], check=True, capture_output=True, text=True)
        columns.append(json.loads(run.stdout))
    print(f"Python {platform.python_version()}, pykka {version('pykka')}, uvloop {version('uvloop')}, ", end="")
    print(f"{platform.system()} {platform.release()}, {cpu()}, {os.cpu_count()} CPUs")
    print("\n| | unit | at most | asyncio | uvloop | pykka.ThreadingActor |\n|---|---|---|---|---|---|")
    for name, unit, target in ROWS:
        cells = [f"{figures[name]:.2f}" if name in figures else "" for figures in columns]
        print(f"| {name} | {unit} | {target} | {' | '.join(cells)} |")


def cpu():
    lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return lines[0].partition(": ")[2] if lines else platform.machine()


if __name__ == "__main__":
    main()

"""Our decoys under the same load as the peers and as bare servers, in one run.

    python -m benchmarks.under_load --bench FOLDER [--repeats 3]

FOLDER holds the load generator, a package called ``bench``: whole login attempts against any host and port, CPU time
read from /proc. Prints Markdown; the main figure is server CPU seconds per 1,000 whole attempts at 50 connections,
every attempt recorded in the journal before it is answered. Before each run of ours comes one of a bare server that
records nothing: the share of the machine that others take shows in both, so compare the two.
"""

import argparse
import asyncio
import importlib
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RUN_IDS = ("ghj", "kmn", "pqr", "stv", "wxy", "jkm", "npq", "rst", "vwx", "zgh")  # the load's markers begin with these
PORTS = {"ftp": 12621, "ssh": 12622, "telnet": 12623, "http": 12680, "redis": 12679}
ATTEMPTS = {"ssh": 2000, "ssh-exec": 1500}
DEFAULT_ATTEMPTS = 4000
BARE = {  # protocol -> what serves it with nothing behind, the load it gets, and its port
    "ssh": ("asyncssh", "ssh", 12703),
    "ssh-exec": ("asyncssh", "ssh-exec", 12703),
    "ftp": ("echo", "line", 12701),
    "telnet": ("echo", "line", 12701),
    "http": ("aiohttp", "http", 12702),
    "http-close": ("aiohttp", "http-close", 12702),
    "redis": ("echo", "line", 12701),
}
FLOORS = {"telnet": 12704}  # a server that speaks the same rounds and records nothing
# CPU s per 1,000 of the bare servers on this kind of machine when it had nothing else to do
BARE_AT_REST = {"ssh": 0.743, "ssh-exec": 1.11, "line": 0.0355, "http": 0.0343, "http-close": 0.0783}
AT_MOST = {
    "ssh": 0.70, "ssh-exec": 1.5, "telnet": 0.11, "ftp": 0.10, "http": 0.06, "http-close": 0.14, "redis": 0.09
}  # fmt: skip


def config(home: Path, *, analyses: bool) -> str:
    baits = "".join(f'[[decky.bait]]\nuser = "root"\nsecret = "{run_id}0*"\nservice = "ssh"\n' for run_id in RUN_IDS)
    return f"""
[daemon]
state_dir = "{home}/state"
run_dir = "{home}/run"
log_level = "warning"
[analysis]
enabled = {str(analyses).lower()}
[sniffer]
enabled = "{"auto" if analyses else "off"}"
[web]
listen = ["127.0.0.1:12643"]
[[decky]]
name = "bench-01"
address = "127.0.0.1"
distribution = "debian:12"
weak_credentials = 0
[decky.services]
ssh = {{ port = {PORTS["ssh"]}, failure_delay = 0.0 }}
telnet = {{ port = {PORTS["telnet"]}, failure_delay = 0.0 }}
ftp = {{ port = {PORTS["ftp"]}, failure_delay = 0.0 }}
http = {{ port = {PORTS["http"]} }}
redis = {{ port = {PORTS["redis"]}, password = "foobared-9c1f" }}
{baits}
"""


def started(home: Path, *, analyses: bool = False) -> subprocess.Popen[bytes]:
    (home / "decnet.toml").write_text(config(home, analyses=analyses))
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("decnetd"), "-c", str(home / "decnet.toml")],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    deadline = time.monotonic() + 20
    import socket

    for port in PORTS.values():
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"decnetd did not start:\n{(home / 'log').read_text()}")
            time.sleep(0.02)
    return process


def options(protocol: str) -> dict[str, str]:
    return {"path": "/login"} if protocol.startswith("http") else {}


def started_bare(folder: Path) -> dict[str, subprocess.Popen[bytes]]:
    """Start the bare servers; return each by its name."""
    commands = {name: ("bench.reference", name, str(port), "uvloop") for name, _, port in BARE.values()}
    bare = {
        name: subprocess.Popen([sys.executable, "-m", *command], cwd=folder, stdin=subprocess.DEVNULL)
        for name, command in commands.items()
    }
    for protocol, port in FLOORS.items():
        command = [sys.executable, "-m", f"benchmarks.bare_{protocol}", str(port)]
        bare[f"floor {protocol}"] = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    return bare


def run_of(bench, service, process, home: Path, logs: list[str], at: int, attempts: int) -> dict[str, Any]:
    return asyncio.run(
        bench.suite.load_run(service, process.pid, home, logs, concurrency=at, attempts=attempts, seconds=60.0)
    )


def measure_ours(
    bench, protocols: list[str], concurrency: list[int], repeats: int, *, analyses: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return protocol -> list of runs (CPU per 1,000, answered, recorded, p50)."""
    found: dict[str, list[dict[str, Any]]] = {}
    home = Path(tempfile.mkdtemp(prefix="dn-bench-"))
    bare = started_bare(Path(bench.__file__).parents[1])
    process = started(home, analyses=analyses)
    baited, usual = iter(RUN_IDS), bench.load.new_run_id
    bench.load._used.update(RUN_IDS)  # a run's id is its own, or its attempts could not be counted
    try:
        idle = bench.proc.memory(process.pid)
        found["rss idle MiB"] = [{"value": idle.rss_mib}]
        for protocol in protocols:
            port = PORTS["ssh" if protocol.startswith("ssh") else "http" if protocol.startswith("http") else protocol]
            user = "root" if protocol == "ssh-exec" else "bench"
            address = bench.load.Address("127.0.0.1", port)
            service = bench.target.Service(protocol, address, user, options(protocol))
            name, load, bare_port = BARE[protocol]
            beside = bench.target.Service(load, bench.load.Address("127.0.0.1", bare_port), user, {"path": "/"})
            attempts = ATTEMPTS.get(protocol, DEFAULT_ATTEMPTS)
            for at in concurrency:
                for _ in range(repeats):
                    bench.load.new_run_id = usual
                    found.setdefault(f"bare {protocol} x{at}", []).append(
                        run_of(bench, beside, bare[name], home, [], at, attempts)
                    )
                    if protocol in FLOORS:
                        floor = bench.load.Address("127.0.0.1", FLOORS[protocol])
                        rounds = bench.target.Service(protocol, floor, user, options(protocol))
                        found.setdefault(f"floor {protocol} x{at}", []).append(
                            run_of(bench, rounds, bare[f"floor {protocol}"], home, [], at, attempts)
                        )
                    bench.load.new_run_id = (lambda: next(baited)) if protocol == "ssh-exec" else usual
                    found.setdefault(f"{protocol} x{at}", []).append(
                        run_of(bench, service, process, home, ["state/decnet.db*"], at, attempts)
                    )
        bench.load.new_run_id = usual
        found["rss after MiB"] = [{"value": bench.proc.memory(process.pid).rss_mib}]
    finally:
        for one in (process, *bare.values()):
            one.send_signal(signal.SIGTERM)
            one.wait(30)
        shutil.rmtree(home, ignore_errors=True)
    return found


def measure_idle(bench, protocol: str) -> list[dict[str, Any]]:
    """Return what 2,000 idle connections cost a daemon that was just started: no freed memory hides them."""
    home = Path(tempfile.mkdtemp(prefix="dn-bench-"))
    process = started(home)
    try:
        service = bench.target.Service(protocol, bench.load.Address("127.0.0.1", PORTS[protocol]))
        return [asyncio.run(bench.idle.measure(service, process.pid, 2000))]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder that holds the load generator's package")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--concurrency", default="50")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--analyses", action="store_true", help="with all analyses and, where permitted, the sniffer")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    folder = arguments.bench.resolve()
    sys.path.insert(0, str(folder if (folder / "bench").is_dir() else folder.parent))
    bench = importlib.import_module("bench")
    for name in ("load", "proc", "suite", "target", "idle", "limits", "protocols"):
        setattr(bench, name, importlib.import_module(f"bench.{name}"))
    bench.suite.raise_file_limit()
    protocols = arguments.only or list(AT_MOST)
    at = [int(n) for n in arguments.concurrency.split(",")]
    found = measure_ours(bench, protocols, at, arguments.repeats, analyses=arguments.analyses)
    for protocol in ("ssh", "telnet", "redis", "http"):
        if any(one.startswith(protocol) for one in protocols):
            found[f"idle {protocol}"] = measure_idle(bench, protocol)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1, default=str))
    print_tables(found)


def median_cpu(runs: list[dict[str, Any]]) -> float:
    return statistics.median(float(run["server_cpu_per_1000"]) for run in runs if run["server_cpu_per_1000"])


def print_tables(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print what was measured as Markdown."""
    print(
        "| attempt x connections | ours | bare server, same run | ratio | same rounds, nothing recorded | ours at rest "
        "| at most | p50 ms | recorded |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for key, runs in found.items():
        if " x" not in key or key.startswith(("bare ", "floor ")):
            continue
        protocol = key.partition(" x")[0]
        name, load, _ = BARE[protocol]
        ours, bare = median_cpu(runs), median_cpu(found[f"bare {key}"])
        answered, recorded = (sum(int(run[what]) for run in runs) for what in ("answered", "recorded"))
        floor = f"{median_cpu(found[f'floor {key}']):.3f}" if protocol in FLOORS else ""
        wait = statistics.median(run["p50_ms"] for run in runs)
        rest = ours * BARE_AT_REST[load] / bare
        print(
            f"| {key} | {ours:.3f} | {name} {bare:.3f} | {ours / bare:.1f} | {floor} | {rest:.3f} "
            f"| {AT_MOST[protocol]} | {wait:.0f} | {recorded} of {answered} |"
        )
    print("\n| 2,000 idle | alive (greeted) | KiB a connection | newcomer's first byte p50 ms |\n|---|---|---|---|")
    for key, runs in found.items():
        if key.startswith("idle "):
            one = runs[0]
            held = one["held"]["memory"]["rss_mib"] - one["before"]["memory"]["rss_mib"]
            first = one["held"]["first_byte_ms"]["p50"]
            print(
                f"| {key.removeprefix('idle ')} | {one['alive']} ({one['greeted']}) | {held * 1024 / 2000:.1f} "
                f"| {first:.2f} |"
            )
    rss = [f"{found[key][0]['value']:.0f} MiB" for key in ("rss idle MiB", "rss after MiB")]
    print(f"\nRSS {rss[0]} at start, {rss[1]} after the load.")


if __name__ == "__main__":
    main()

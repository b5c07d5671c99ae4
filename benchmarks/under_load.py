"""Our decoys under the same load as the peers and as bare servers, in one run.

    python -m benchmarks.under_load --bench FOLDER [--repeats 3]

FOLDER holds the load generator, a package called ``bench``: whole login attempts against any host and port, CPU time
read from /proc. Prints Markdown; the main figure is server CPU seconds per 1,000 whole attempts at 50 connections,
every attempt recorded in the journal before it is answered.
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
PORTS = {"ssh": 12622, "telnet": 12623, "http": 12680, "redis": 12679}
ATTEMPTS = {"ssh": 2000, "ssh-exec": 1500}
DEFAULT_ATTEMPTS = 4000
AT_MOST = {
    "ssh": 0.70, "ssh-exec": 1.5, "telnet": 0.11, "http": 0.06, "http-close": 0.14, "redis": 0.09
}  # fmt: skip


def config(home: Path) -> str:
    baits = "".join(f'[[decky.bait]]\nuser = "root"\nsecret = "{run_id}0*"\nservice = "ssh"\n' for run_id in RUN_IDS)
    return f"""
[daemon]
state_dir = "{home}/state"
run_dir = "{home}/run"
log_level = "warning"
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
http = {{ port = {PORTS["http"]} }}
redis = {{ port = {PORTS["redis"]}, password = "foobared-9c1f" }}
{baits}
"""


def started(home: Path) -> subprocess.Popen[bytes]:
    (home / "decnet.toml").write_text(config(home))
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


def measure_ours(bench, protocols: list[str], concurrency: list[int], repeats: int) -> dict[str, list[dict[str, Any]]]:
    """Return protocol -> list of runs (CPU per 1,000, answered, recorded, p50)."""
    found: dict[str, list[dict[str, Any]]] = {}
    home = Path(tempfile.mkdtemp(prefix="dn-bench-"))
    process = started(home)
    baited, usual = iter(RUN_IDS), bench.load.new_run_id
    bench.load._used.update(RUN_IDS)  # a run's id is its own, or its attempts could not be counted
    try:
        idle = bench.proc.memory(process.pid)
        found["rss idle MiB"] = [{"value": idle.rss_mib}]
        for protocol in protocols:
            port = PORTS["ssh" if protocol.startswith("ssh") else "http" if protocol.startswith("http") else protocol]
            bench.load.new_run_id = (lambda: next(baited)) if protocol == "ssh-exec" else usual
            user = "root" if protocol == "ssh-exec" else "bench"
            address = bench.load.Address("127.0.0.1", port)
            service = bench.target.Service(protocol, address, user, options(protocol))
            for at in concurrency:
                for _ in range(repeats):
                    run = asyncio.run(
                        bench.suite.load_run(
                            service,
                            process.pid,
                            home,
                            ["state/decnet.db*"],
                            concurrency=at,
                            attempts=ATTEMPTS.get(protocol, DEFAULT_ATTEMPTS),
                            seconds=60.0,
                        )
                    )
                    found.setdefault(f"{protocol} x{at}", []).append(run)
        found["rss after MiB"] = [{"value": bench.proc.memory(process.pid).rss_mib}]
        for protocol in ("ssh", "telnet", "redis", "http"):
            service = bench.target.Service(protocol, bench.load.Address("127.0.0.1", PORTS[protocol]))
            found[f"idle {protocol}"] = [asyncio.run(bench.idle.measure(service, process.pid, 2000))]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder that holds the load generator's package")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--concurrency", default="50")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.bench.resolve().parent if arguments.bench.name == "bench" else arguments.bench))
    bench = importlib.import_module("bench")
    for name in ("load", "proc", "suite", "target", "idle", "limits", "protocols"):
        setattr(bench, name, importlib.import_module(f"bench.{name}"))
    bench.suite.raise_file_limit()
    protocols = arguments.only or list(AT_MOST)
    found = measure_ours(bench, protocols, [int(n) for n in arguments.concurrency.split(",")], arguments.repeats)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1, default=str))
    print("| attempt | CPU s / 1,000 (median of runs) | at most | answered | recorded |")
    print("|---|---|---|---|---|")
    for key, runs in found.items():
        if " x" not in key:
            continue
        protocol = key.partition(" x")[0]
        cpu = statistics.median(float(run["server_cpu_per_1000"]) for run in runs if run["server_cpu_per_1000"])
        answered = sum(int(run["answered"]) for run in runs)
        recorded = sum(int(run["recorded"]) for run in runs)
        print(f"| {key} | {cpu:.3f} | {AT_MOST[protocol]} | {answered} | {recorded} |")
    for key, runs in found.items():
        if " x" not in key:
            print(f"- {key}: {json.dumps(runs[0], default=str)}")


if __name__ == "__main__":
    main()

"""This module measures looking addresses up: how many a second of CPU, and how much memory, over data of true size.

The data is made up, seeded, in the formats and sizes of the real files: registries' statistics of about 250,000 IPv4
and 100,000 IPv6 records, and 500,000 rows of iptoasn. Beside our index in the same run: a list of tuples and
``bisect``.

Run: ``python -m benchmarks.geoip [--scale 1.0] [--lookups 200000]``.
"""

import argparse
import gc
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from decnet_actors.enrich.geo.build import build, load
from decnet_actors.enrich.geo.index import Index
from decnet_actors.enrich.geo.source import read_source

V4_RECORDS, V6_RECORDS, AS_ROWS = 250_000, 100_000, 500_000
AS_COUNT = 80_000
CLOSE = 0.8  # share of spans without a hole behind them
V6_SHARE = 4  # of AS_ROWS, one in
HOSTS = 10_000  # that come again and again, a few of them most of the time
COUNTRIES = [a + b for a in "ABCDEFGHIJKLMNOPRSTUVZ" for b in "ADEGHILMNORSTUYZ"][:240]
REGISTRIES = ("arin", "ripencc", "apnic", "lacnic", "afrinic")


def spans(rng: random.Random, start: int, end: int, count: int, grain: int) -> Iterator[tuple[int, int]]:
    """Yield disjoint spans of whole grains, one beside the other but for a hole after some."""
    points = sorted(rng.sample(range(start // grain, end // grain), count + 1))
    for first, following in pairwise(points):
        last = following - 1 if rng.random() < CLOSE else rng.randrange(first, following)
        yield first * grain, last * grain + grain - 1


def area(number: int, bits: int) -> int:
    """Return which country a part of the addresses belongs to: a 4096th of all, or for IPv6 a 2^20th."""
    return (number >> (bits - (12 if bits == 32 else 20))) * 7919 % 240


def text4(number: int) -> str:
    return socket.inet_ntoa(number.to_bytes(4, "big"))


def text6(number: int) -> str:
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))


def write_statistics(folder: Path, rng: random.Random, scale: float) -> list[Path]:
    v4 = list(spans(rng, 1 << 24, 224 << 24, int(V4_RECORDS * scale), 256))
    v6 = list(spans(rng, 0x2001 << 112, 0x2C10 << 112, int(V6_RECORDS * scale), 1 << 96))
    paths = []
    for number, registry in enumerate(REGISTRIES):
        lines = [f"2|{registry}|20260101|0|19830101|20260101|+0000"]
        for first, last in v4[number::5]:
            country = COUNTRIES[area(first, 32)]
            lines.append(f"{registry}|{country}|ipv4|{text4(first)}|{last - first + 1}|20100101|allocated|{first:x}")
        for first, _ in v6[number::5]:
            lines.append(f"{registry}|{COUNTRIES[area(first, 128)]}|ipv6|{text6(first)}|32|20120101|assigned|{first:x}")
        path = folder / f"delegated-{registry}-extended-latest"
        path.write_text("\n".join(lines) + "\n")
        paths.append(path)
    return paths


def write_iptoasn(folder: Path, rng: random.Random, scale: float) -> Path:
    names = [
        f"{rng.choice(['CABLE', 'HOSTING', 'MOBIL', 'UNI'])}-{number:X} Example Network {number}"
        for number in range(AS_COUNT)
    ]
    v6 = int(AS_ROWS * scale) // V6_SHARE
    lines = []
    for text, bits, ranges in (
        (text4, 32, spans(rng, 1 << 24, 224 << 24, int(AS_ROWS * scale) - v6, 256)),
        (text6, 128, spans(rng, 0x2001 << 112, 0x2C10 << 112, v6, 1 << 80)),
    ):
        for first, last in ranges:
            number = rng.randrange(AS_COUNT // 240) * 240 + area(first, bits)  # systems stay in their country
            lines.append(f"{text(first)}\t{text(last)}\t{number + 1}\t{COUNTRIES[area(first, bits)]}\t{names[number]}")
    path = folder / "ip2asn-combined.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def resident() -> float:
    """Return MiB of this process in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmRSS")


def rate(look: Callable[[str], object], addresses: Sequence[str], repeats: int = 5) -> float:
    """Return the most lookups a second of CPU of some runs."""
    best = 0.0
    for _ in range(repeats):
        before = time.process_time()
        for address in addresses:
            look(address)
        best = max(best, len(addresses) / (time.process_time() - before))
    return best


def tuples(path: Path) -> Callable[[str], object]:
    """Return what one writes first: a sorted list of tuples, searched with bisect."""
    layer = read_source(path)
    rows = {version: sorted(layer.networks[version], key=lambda row: row[0]) for version in (4, 6)}
    starts = {version: [row[0] for row in rows[version]] for version in (4, 6)}

    def look(address: str) -> object:
        version, family = (6, socket.AF_INET6) if ":" in address else (4, socket.AF_INET)
        number = int.from_bytes(socket.inet_pton(family, address), "big")
        at = bisect_right(starts[version], number) - 1
        row = rows[version][at]
        return row[2] if at >= 0 and number <= row[1] else None

    return look


def measure(what: str, folder: Path, lookups: int) -> None:
    """Print one row: in a process of its own, so that memory is that of one way alone."""
    rng = random.Random(7)
    v4 = [text4(rng.randrange(1 << 24, 224 << 24)) for _ in range(lookups)]
    v6 = [text6(rng.randrange(0x2001 << 112, 0x2C10 << 112)) for _ in range(lookups)]
    gc.collect()
    before = resident()
    began = time.process_time()
    look: Callable[[str], object]
    if what == "index":
        index = load(folder)
        assert isinstance(index, Index)
        look, name = index.place, "our index (country, system, network)"
    else:
        look, name = tuples(folder / "ip2asn-combined.tsv"), "bisect over tuples (system only)"
    loaded = time.process_time() - began
    gc.collect()
    memory = resident() - before
    again = [v4[int(rng.paretovariate(0.8)) % HOSTS] for _ in range(lookups)]
    rates = " | ".join(f"{rate(look, addresses):,.0f}" for addresses in (again, v4, v6))
    print(f"| {name} | {rates} | {memory:.1f} | {loaded:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--lookups", type=int, default=200_000)
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure[0], Path(arguments.measure[1]), arguments.lookups)
        return
    with tempfile.TemporaryDirectory() as name:
        folder, rng = Path(name), random.Random(1)
        files = {path.name: path for path in write_statistics(folder, rng, arguments.scale)}
        table = write_iptoasn(folder, rng, arguments.scale)
        files[table.name] = table
        before = time.process_time()
        head = build(folder, files, 0.0, {})
        spent = time.process_time() - before
        size = (folder / "places.index").stat().st_size
        ways = ["index", "tuples"]
        print(f"Python {platform.python_version()}; {arguments.lookups:,} random addresses of each version, best of 5")
        print(f"sources: {sum(one.rows for one in head.sources):,} rows, built in {spent:.1f} s of CPU")
        print(f"index: boundaries {dict(head.ranges)}, {size / 2**20:.1f} MiB\n")
        print(
            "| way | as attackers come | any IPv4 | any IPv6 | MiB | s to load |\n|---|---|---|---|---|---|", flush=True
        )
        for way in ways:
            command = [sys.executable, "-m", "benchmarks.geoip", "--lookups", str(arguments.lookups)]
            subprocess.run([*command, "--measure", way, name], check=True, env=os.environ)


if __name__ == "__main__":
    main()

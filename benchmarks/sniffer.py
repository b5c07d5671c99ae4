"""Measure what a packet costs the sniffer, beside a bare loop of recv and beside scapy's dissector on the same packets.

``--scapy PYTHON``: an interpreter that has scapy, which is GPL and stays out of ours. Needs root: a network of its own.
"""

import argparse
import ipaddress
import json
import os
import random
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from decnet_actors.kernel import netns
from decnet_actors.kernel.capture import Ring, packets
from decnet_actors.sensors.watch import Watch
from plugins.fleet_driver.namespace.netlink import Netlink
from tests.netlab import ATTACKER, PARENT, netlab
from tests.pcaps import SYN_OPTIONS, ipv4, tcp

DECKY = "10.66.0.1"
NETWORKS = (ipaddress.ip_network("10.66.0.0/16"),)
COUNT = 40_000
BURST, PAUSE = 200, 0.004
QUIET = 500  # ms without a packet after which a run is over
SYN, ACK, OURS = 2, 16, 1000
SCAPY = """
import json, sys, time
from scapy.layers.inet import IP, TCP
data = open(sys.argv[1], "rb").read()
frames, at = [], 0
while at < len(data):
    size = int.from_bytes(data[at:at + 2], "big")
    frames.append(data[at + 2:at + 2 + size])
    at += 2 + size
began = time.process_time()
options = sum(len(IP(frame)[TCP].options) for frame in frames)
print(json.dumps((time.process_time() - began) / len(frames)))
"""


def flood(rng: random.Random) -> list[bytes]:
    """SYNs from everywhere."""
    return [
        ipv4(
            f"172.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
            DECKY,
            tcp(rng.randrange(65_536), 80, flags=SYN, seq=rng.randrange(2**32), options=SYN_OPTIONS["linux"]),
        )
        for _ in range(COUNT)
    ]


def scan(rng: random.Random) -> list[bytes]:
    """One source, every port."""
    options = bytes.fromhex("020405b4")
    made = [tcp(50_000, port, flags=SYN, seq=7, window=1024, options=options) for port in range(1, COUNT + 1)]
    return [ipv4(ATTACKER, DECKY, one, ident=rng.randrange(65_536)) for one in made]


def transfer(_: random.Random) -> list[bytes]:
    """One connection that carries a lot; the greeting is no TLS."""
    begin = [
        ipv4(ATTACKER, DECKY, tcp(4000, 80, flags=SYN, seq=0, options=SYN_OPTIONS["linux"])),
        ipv4(DECKY, ATTACKER, tcp(80, 4000, flags=SYN | ACK, seq=OURS - 1, ack=1)),
    ]
    data = [
        ipv4(ATTACKER, DECKY, tcp(4000, 80, flags=ACK, seq=1 + 1000 * n, ack=OURS, payload=b"x" * 1000))
        for n in range(COUNT)
    ]
    return [*begin, *data]


def foreign(_: random.Random) -> list[bytes]:
    """For addresses nobody has."""
    return [ipv4(ATTACKER, "10.66.7.7", tcp(4000, 80, flags=ACK, payload=b"x" * 100))] * COUNT


WORKLOADS = {
    "SYNs of made-up sources": flood,
    "SYN scan of one source": scan,
    "one transfer, 1000 bytes a packet": transfer,
    "for nobody here": foreign,
}


def send(namespace: int, frames: list[bytes]) -> int:
    """Send in another process; return its id."""
    pid = os.fork()
    if pid:
        return pid
    with netns.inside(namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as cable:
        cable.bind(("eth0", 0))
        time.sleep(0.2)
        for at in range(0, len(frames), BURST):
            for data in frames[at : at + BURST]:
                cable.send(b"\xff" * 6 + b"\x00PV\x00\x00\x01\x08\x00" + data)
            time.sleep(PAUSE)
    os._exit(0)


def measured(lab, frames: list[bytes], descriptor: int, read: Callable[[], int]) -> tuple[float, int]:
    """Return CPU seconds a packet and how many came."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    pid = send(lab.attacker, frames)
    poll.poll(10_000)
    began, count = time.process_time(), 0
    while poll.poll(QUIET):
        count += read()
    spent = time.process_time() - began
    os.waitpid(pid, 0)
    return spent / count, count


def bare(lab, frames):
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as tap:
        tap.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE: as much as the ring has
        tap.bind((PARENT, 3))
        tap.settimeout(0)

        def read() -> int:
            count = 0
            try:
                while tap.recv(4096):
                    count += 1
            except BlockingIOError:
                return count
            return count

        return measured(lab, frames, tap.fileno(), read)


def ringed(lab, frames, look: Callable[[bytes, int, int, float], None] | None, watch: Watch):
    tap = Ring(PARENT, NETWORKS)

    def read() -> int:
        count = 0
        while (block := tap.take()) is not None:
            for now, start, end, _ in packets(block):
                count += 1
                if look is not None:
                    look(block, start, end, now)
            watch.taken(time.time())
        return count

    try:
        return measured(lab, frames, tap.fileno(), read)
    finally:
        tap.close()


def scapy(python: str, frames: list[bytes]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames"
        path.write_bytes(b"".join(len(one).to_bytes(2, "big") + one for one in frames[:5000]))
        done = subprocess.run([python, "-c", SCAPY, str(path)], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sniffer", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scapy", metavar="PYTHON", default="")
    arguments = parser.parse_args()
    print(f"CPU us a packet, median of {arguments.repeats} runs of {COUNT} packets; Python {sys.version.split()[0]}\n")
    print("| packets | recv, nothing else | ring, nothing else | ring and sniffer | scapy, dissecting only |")
    print("|---|---|---|---|---|")
    rates, ratios = [], []
    with netlab() as lab, netns.inside(lab.host):
        with Netlink() as own:
            own.set_up(socket.if_nametoindex(PARENT))
        for name, make in WORKLOADS.items():
            frames = make(random.Random(1))
            rows: list[tuple[float, float, float]] = []
            for _ in range(arguments.repeats):
                watch = Watch()
                watch.follow({ipaddress.ip_address(DECKY).packed: "web-01"})
                one, _ = bare(lab, frames)
                two, _ = ringed(lab, frames, None, Watch())
                three, _ = ringed(lab, frames, watch.look, watch)
                rows.append((one, two, three))
            cells = [statistics.median(column) for column in zip(*rows, strict=True)]
            other = scapy(arguments.scapy, frames) if arguments.scapy else None
            told = f"{other * 1e6:.0f}" if other is not None else "-"
            print(f"| {name} | " + " | ".join(f"{cell * 1e6:.2f}" for cell in cells) + f" | {told} |", flush=True)
            rates.append(1 / cells[2])
            if other is not None:
                ratios.append(other / cells[2])
    print(f"\nThe sniffer looks at {min(rates):,.0f} to {max(rates):,.0f} packets a CPU second.")
    if ratios:
        print(f"scapy's dissector alone takes {min(ratios):.0f} to {max(ratios):.0f} times the sniffer's time.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

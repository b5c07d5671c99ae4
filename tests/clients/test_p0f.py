"""p0f and our sniffer say the same of a system, from the same capture."""

import contextlib
import re
import select
import shutil
import socket
import subprocess

import pytest

from decnet_actors.domain.sensed import SynSeen
from decnet_actors.kernel import netns
from decnet_actors.kernel.capture import Ring, packets
from decnet_actors.sensors.watch import Watch
from plugins.fleet_driver.namespace.netlink import Netlink
from tests.netlab import ATTACKER, PARENT, netlab
from tests.pcaps import SYN_OPTIONS, ipv4, tcp, write

DECKY = "10.66.0.1"
FAMILIES = {"linux": "Linux", "windows": "Windows", "openbsd": "OpenBSD", "freebsd": "FreeBSD"}
START = 1_795_000_000.0
WITHIN = 5000  # ms

pytestmark = pytest.mark.client


@pytest.fixture(autouse=True)
def _needs_p0f():
    if shutil.which("p0f") is None:
        pytest.skip("p0f is not installed")


def said(path) -> dict[str, str]:
    """Return what p0f says of each source's system."""
    done = subprocess.run(["p0f", "-r", str(path)], check=True, capture_output=True, text=True, timeout=30)
    found = re.findall(r"\.-\[ ([0-9.]+)/\d+ -> [^\n]*\(syn\) \]-.*?\| os +=([^\n]*)", done.stdout, re.DOTALL)
    return {source: system.strip() for source, system in found}


def ours(captured) -> dict[str, str]:
    watch = Watch()
    watch.follow({bytes([10, 66, 0, 1]): "web-01"})
    for time, data in captured:
        watch.look(data, 0, len(data), time)
    return {one.source: one.fact.os_guess for one in watch.taken(START) if isinstance(one.fact, SynSeen)}


def test_the_kernel_of_this_machine_is_known_by_both(tmp_path):
    with netlab() as lab, contextlib.ExitStack() as undo:
        with netns.inside(lab.host):
            with Netlink() as own:
                own.set_up(socket.if_nametoindex(PARENT))
            tap = undo.enter_context(contextlib.closing(Ring(PARENT)))
        client = undo.enter_context(lab.socket())
        client.settimeout(0)
        lab.run("ip", "neigh", "add", DECKY, "lladdr", "02:00:00:00:00:01", "dev", "eth0")
        client.connect_ex((DECKY, 80))
        poll = select.poll()
        poll.register(tap.fileno(), select.POLLIN)
        assert poll.poll(WITHIN)
        block = tap.take()
        assert block is not None
        captured = [(time, block[start:end]) for time, start, end, _ in packets(block)]
    write(tmp_path / "a.pcap", captured)

    assert {ATTACKER: "linux"} == ours(captured)
    assert "Linux" in said(tmp_path / "a.pcap")[ATTACKER]


def test_families_that_p0f_knows_are_the_same_as_ours(tmp_path):
    shapes = {"linux": (64, 14_600), "windows": (128, 8192), "freebsd": (64, 65_535), "openbsd": (64, 16_384)}
    captured = [
        (
            START + number,
            ipv4(
                f"10.1.0.{number + 1}",
                DECKY,
                tcp(
                    1000 + number,
                    80,
                    flags=2,
                    seq=number * 10**8 + 1,
                    window=shapes[name][1],
                    options=SYN_OPTIONS[name],
                ),
                ttl=shapes[name][0],
                ident=1000 + number,
            ),
        )
        for number, name in enumerate(shapes)
    ]
    write(tmp_path / "a.pcap", captured)
    theirs = said(tmp_path / "a.pcap")
    named = {source: system for source, system in ours(captured).items() if not theirs[source].startswith("???")}

    assert {f"10.1.0.{number + 1}": name for number, name in enumerate(shapes)} == ours(captured)
    assert {"linux", "windows", "freebsd"} <= set(named.values())
    assert all(FAMILIES[system] in theirs[source] for source, system in named.items())

"""The passive scanner takes no decky for another family than it pretends to be, and a Linux decky for what Linux is."""

import asyncio
import contextlib
import ipaddress
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from decnet_actors.contracts.fleet_driver import Wanted
from decnet_actors.kernel import netns
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.namespace.netlink import Netlink
from tests.netlab import PARENT, NetLab

pytestmark = [pytest.mark.client, pytest.mark.slow]
DATABASE = Path("/etc/p0f/p0f.fp")
# What p0f calls each; ??? is what it says of real systems newer than its database of 2014, unless ``NEWER`` tells it.
KNOWN = {
    "real": "???",
    "linux": "???",
    "windows-10": "???",
    "windows-server-2016": "Windows 7 or 8",
    "windows-server-2019": "???",
    "freebsd": "FreeBSD 9.x",
    "cisco-ios": "???",
    "embedded": "Linux 2.4-2.6",
}
# In its own language: TTL, window, scale, options and quirks of systems since. This host's own Linux checks the
# first.
NEWER = """
[tcp:response]
label = s:unix:Linux:4.20 and newer
sig   = *:64:0:*:mss*45,7:mss,sok,ts,nop,ws:df:0
sig   = *:64:0:*:mss*44,7:mss,nop,nop,sok,nop,ws:df:0
label = s:win:Windows:10
sig   = *:128:0:*:65535,8:mss,nop,ws,nop,nop,sok:df,id+:0
"""
FAMILY = {
    "real": "Linux 4.20 and newer",
    "linux": "Linux 4.20 and newer",
    "windows-10": "Windows 10",
    "windows-server-2016": "Windows",
    "windows-server-2019": "Windows 10",
    "freebsd": "FreeBSD",
    "cisco-ios": r"\?\?\?",
    "embedded": "Linux",
}
REAL = "10.66.254.1"
PORT = 22
WITHIN = 10.0
STOCK = "4096\t131072\t6291456"  # tcp_rmem of a host with the usual memory


@contextlib.contextmanager
def watching(lab: NetLab, database: Path, log: Path) -> Iterator[None]:
    """Run p0f at the cable's end."""
    words = ["p0f", "-i", "eth0", "-o", str(log), "-f", str(database)]
    with subprocess.Popen(lab.command(lab.attacker, *words), stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        try:
            for line in watcher.stdout:
                if "Entered main event loop" in line:
                    break
            yield
        finally:
            watcher.kill()


def seen(log: Path) -> dict[str, list[str]]:
    """Return what p0f took each server for, by address, in the order of connections."""
    found: dict[str, list[str]] = {}
    for line in log.read_text().splitlines():
        match = re.search(r"mod=syn\+ack\|.*srv=([^/]+)/.*\|os=([^|]*)\|", line)
        if match:
            found.setdefault(match[1], []).append(match[2])
    return found


@contextlib.contextmanager
def real_linux(lab: NetLab) -> Iterator[None]:
    """Have this host's own kernel answer, as it does where nobody has changed a switch."""
    with contextlib.ExitStack() as stack:
        with netns.inside(lab.host), Netlink() as host:
            Path("/proc/sys/net/ipv4/tcp_rmem").write_text(STOCK)
            host.add_address(host.link(PARENT).index, ipaddress.ip_interface(f"{REAL}/16"))
            server = stack.enter_context(socket.create_server((REAL, PORT)))
        server.settimeout(WITHIN)
        yield


@pytest.mark.parametrize("newer", [False, True])
async def test_p0f_agrees_with_the_family(station, drivers, newer):
    if shutil.which("p0f") is None:
        pytest.skip("p0f is not installed")
    database, log = station.folder / "p0f.fp", station.folder / "p0f.log"
    # Its sections may come twice; the classes are those of the first one.
    database.write_text(DATABASE.read_text() + (NEWER if newer else ""))
    driver = await drivers()
    names, kept = {REAL: "real"}, []
    for index, stack in enumerate(PERSONALITIES):
        place = await driver.create(Wanted(decky=f"d-{index}", index=index, stack=stack))
        kept += (await driver.listen(place, PORT))[0]
        names[place.address] = stack
    with real_linux(station.lab), watching(station.lab, database, log):
        for stamps in "10":
            with netns.inside(station.lab.attacker):
                Path("/proc/sys/net/ipv4/tcp_timestamps").write_text(stamps)
            for address in names:
                station.lab.connect(address, PORT).close()
        async with asyncio.timeout(WITHIN):
            while sum(map(len, seen(log).values())) < 2 * len(names):
                await asyncio.sleep(0.01)
    for listener in kept:
        listener.close()

    for address, named in seen(log).items():
        stack = names[address]
        for one in named:
            assert re.match(FAMILY[stack], one) if newer else one == KNOWN[stack], (stack, named)

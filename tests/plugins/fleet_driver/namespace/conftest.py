"""This module gives tests a lab and drivers in it."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve

from decnet_actors.kernel import netns
from plugins.fleet_driver.namespace import NamespaceConfig
from plugins.fleet_driver.namespace.driver import NamespaceDriver
from tests.netlab import NETWORKS, PARENT, NetLab, netlab

STOP = 10.0  # seconds a helper may take to end


@define
class Station:
    """A lab, a place for sockets, and what was started there."""

    lab: NetLab
    folder: Path
    helpers: list[subprocess.Popen[bytes]]

    @property
    def config(self) -> NamespaceConfig:
        """Of a driver in the lab that starts its own helper."""
        return NamespaceConfig(parent=PARENT, networks=NETWORKS, socket=f"{self.folder}/netd.sock")

    @property
    def served(self) -> NamespaceConfig:
        """Of a driver that finds a helper."""
        return evolve(self.config, spawn=False)

    def helper(self, config: NamespaceConfig, *options: str, within: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a helper as systemd would, or ``within`` a command line that ends by running it."""
        path = Path(config.socket)
        path.unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", "plugins.fleet_driver.namespace.netd", *config.rules().arguments()]
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, netns.inside(self.lab.host):
            listener.bind(str(path))
            listener.listen(4)
            path.chmod(0o666)
            started = subprocess.Popen(
                [*within, *command, "--socket-fd", str(listener.fileno()), *options],
                pass_fds=[listener.fileno()],
                stderr=subprocess.DEVNULL,
            )
        self.helpers.append(started)
        return started


@pytest.fixture
def lab() -> Iterator[NetLab]:
    with netlab() as made:
        yield made


@pytest.fixture
def station(lab: NetLab) -> Iterator[Station]:
    folder = Path(tempfile.mkdtemp(prefix="dn-"))  # not tmp_path: socket paths must stay short
    made = Station(lab, folder, [])
    try:
        yield made
    finally:
        for helper in made.helpers:
            helper.send_signal(signal.SIGKILL)
            helper.wait(STOP)
        shutil.rmtree(folder)


@pytest.fixture
async def drivers(station: Station) -> Any:  # Any: an asynchronous generator, for pytest
    """Return a function that makes open drivers, which start their helpers in the lab's host."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(config: NamespaceConfig | None = None) -> NamespaceDriver:
            driver = NamespaceDriver(config or station.config)
            stack.push_async_callback(driver.aclose)
            await driver.open()
            return driver

        with netns.inside(station.lab.host):  # where what this thread starts lives
            yield opened

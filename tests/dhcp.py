"""This module runs a real DHCP server in the small network of the tests."""

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest
from attrs import define

from tests.netlab import NetLab

POOL = "10.66.200.10,10.66.200.30"
_STOP = 10.0  # seconds


@define
class Server:
    """A DHCP server at the cable's end, and what it has written."""

    process: subprocess.Popen[str]
    said: list[str]

    def hear(self, word: str) -> None:
        """Return once it has written a word."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if word in line:
                return
        raise AssertionError(f"it ended without {word}: {''.join(self.said)}")

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.stderr is not None
        self.said += self.process.stderr.readlines()
        self.process.stderr.close()
        self.process.wait(_STOP)

    def lines(self, word: str) -> list[str]:
        """Return what follows a word in the lines that have it; once it has ended."""
        return [line.split(word, 1)[1].strip() for line in self.said if word in line]


@contextlib.contextmanager
def serving(lab: NetLab, pool: str = POOL) -> Iterator[Server]:
    """Run a server that gives out a pool, with nothing known from before."""
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    options = ["--conf-file=/dev/null", "--leasefile-ro", "--port=0", "--no-ping", "--dhcp-authoritative"]
    words = [
        "dnsmasq",
        "--keep-in-foreground",
        "--log-facility=-",
        "--log-dhcp",
        "--user=root",
        "--pid-file=",
        *options,
    ]
    words += ["--interface=eth0", "--bind-interfaces", f"--dhcp-range={pool},255.255.0.0,1h", "--no-daemon"]
    process = subprocess.Popen(lab.command(lab.attacker, *words), stderr=subprocess.PIPE, text=True)
    made = Server(process, [])
    try:
        made.hear("sockets bound")
        yield made
    finally:
        if process.returncode is None:
            made.end()

"""This module is a small network in the test process: an attacker, a cable and a host whose deckies hang on it.

Everything is anonymous: no names in the host's namespaces, nothing to clean up, and the kernel removes all of it when
the last descriptor is closed, also after SIGKILL.
"""

import ipaddress
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from attrs import define

from decnet_actors.kernel import netns
from plugins.fleet_driver.namespace.netlink import Netlink

PARENT = "lan0"
NETWORKS = ("10.66.0.0/16", "fd66::/64")
ATTACKER, ATTACKER6 = "10.66.255.1", "fd66::ffff"
_DEVICE = "eth0"


@define
class NetLab:
    """Descriptors of two namespaces: the host's, with the deckies' parent, and the attacker's at the cable's end."""

    host: int
    attacker: int

    def connect(self, address: str, port: int, timeout: float = 5.0) -> socket.socket:
        """Return a socket of this process that is connected from the attacker's namespace."""
        made = self.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        made.settimeout(timeout)
        try:
            made.connect((address, port))
        except OSError:
            made.close()
            raise
        return made

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, proto: int = 0) -> socket.socket:
        """Return a socket of this process in the attacker's namespace."""
        with netns.inside(self.attacker):
            return socket.socket(family, kind, proto)

    def command(self, namespace: int, *words: str) -> list[str]:
        """Return a command line that runs in one of the namespaces."""
        return ["nsenter", f"--net=/proc/{os.getpid()}/fd/{namespace}", *words]

    def run(self, *words: str, timeout: float = 110.0) -> str:
        """Run a program as the attacker and return what it prints."""
        command = self.command(self.attacker, *words)
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=True).stdout

    def deckies(self) -> set[str]:
        """Return the MACs that the parent takes in for those who hang on it."""
        command = self.command(self.host, "bridge", "fdb", "show", "dev", PARENT)
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
        return {line.split()[0] for line in said.splitlines() if not line.startswith(("33:", "01:"))}  # multicast


def forbidden() -> str:
    """Return why this process may make no namespaces; empty if it may."""
    try:
        with netns.new() as scratch:
            os.close(scratch)
    except OSError as error:
        return f"the kernel allows no network namespaces here: {error.strerror} (rootless runs are tests of their own)"
    return ""


@contextmanager
def netlab() -> Iterator[NetLab]:
    """Make a lab."""
    if why := forbidden():
        pytest.skip(why)
    with netns.new() as host, Netlink() as root:
        root.set_up(1)
        with netns.new() as attacker:
            root.add_veth(PARENT, peer=_DEVICE, mac="00:50:56:00:00:01", namespace=attacker)
            with Netlink() as own:
                own.set_up(1)
                index = socket.if_nametoindex(_DEVICE)
                own.add_address(index, ipaddress.ip_interface(f"{ATTACKER}/16"))
                own.add_address(index, ipaddress.ip_interface(f"{ATTACKER6}/64"))
                own.set_up(index)
    try:
        yield NetLab(host, attacker)
    finally:
        os.close(attacker)
        os.close(host)

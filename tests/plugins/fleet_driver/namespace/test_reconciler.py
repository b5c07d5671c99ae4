"""The reconciler over the real driver: namespaces that lose addresses and links, a helper that is killed."""

import contextlib
import ipaddress
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from typing import ClassVar

import pytest
from attrs import evolve
from hypothesis import settings

from decnet_actors.contracts.fleet_driver import DriverUnreachableError, Wanted
from decnet_actors.kernel import netns
from plugins.fleet_driver.namespace import NamespaceConfig
from plugins.fleet_driver.namespace.driver import NamespaceDriver
from plugins.fleet_driver.namespace.interior import DEVICE, demolish
from plugins.fleet_driver.namespace.netlink import Netlink
from tests.decnet_actors.fleet.machine import NAMES, ReconcilerMachine
from tests.netlab import NETWORKS, PARENT, forbidden, netlab

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(forbidden()), reason=forbidden())]
EXAMPLES, STEPS = 20, 30  # each starts a lab and a helper
_OTHER = ipaddress.ip_interface("10.66.99.99/16")


class NamespaceNetwork:
    """A lab. What goes wrong goes wrong in the kernel, or with the helper."""

    leases: ClassVar[bool] = False  # their time is not the model's; see test_leases.py

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._lab = self._stack.enter_context(netlab())
        self._stack.enter_context(netns.inside(self._lab.host))  # where what this thread starts lives
        folder = tempfile.mkdtemp(prefix="dn-")
        self._stack.callback(shutil.rmtree, folder)
        self._config = NamespaceConfig(parent=PARENT, networks=NETWORKS, socket=f"{folder}/s")
        self._taken: set[str] = set()  # addresses of this host that deckies would have
        self.driver = NamespaceDriver(self._config)

    async def open(self) -> None:
        await self.driver.open()

    async def aclose(self) -> None:
        await self.driver.aclose()
        self._stack.close()

    def there(self) -> Collection[str]:
        return self.driver._kept

    def mark(self) -> object:
        """Return which cards hang on the parent, and which sockets keep which namespaces."""
        return self._lab.deckies(), {name: netns.cookie(kept.anchor) for name, kept in self.driver._kept.items()}

    def answering(self) -> Mapping[str, str]:
        """Return the IPv4 addresses of interfaces that are up, as the kernel has them."""
        shown = {}
        for decky in self.driver._kept:
            with self._inside(decky) as found:
                if found is not None:
                    own, index = found
                    (shown[decky],) = [str(one) for one in own.addresses()[index] if one.version == 4]
                    assert own.link(DEVICE).is_up
        return shown

    @contextlib.contextmanager
    def _inside(self, decky: str):
        kept = self.driver._kept.get(decky)
        if kept is None:
            yield None
            return
        namespace = netns.of_socket(kept.anchor.fileno())
        try:
            with netns.inside(namespace), Netlink() as own:
                try:
                    index = own.link(DEVICE).index
                except OSError:  # lost before
                    yield None
                else:
                    yield own, index
        finally:
            os.close(namespace)

    async def drift(self, decky: str) -> None:
        with self._inside(decky) as found:
            if found is not None:
                own, index = found
                for address in own.addresses().get(index, set()):
                    if address.version == 4:
                        own.delete_address(index, ipaddress.ip_interface(f"{address}/16"))
                own.add_address(index, _OTHER)

    async def break_(self, decky: str) -> None:
        with self._inside(decky) as found:
            if found is not None:
                subprocess.run(["ip", "link", "set", DEVICE, "down"], check=True)

    async def lose(self, decky: str) -> None:
        with self._inside(decky) as found:
            if found is not None:
                demolish()

    async def crowd(self, decky: str) -> None:
        address = self.driver.place(Wanted(decky=decky, index=NAMES.index(decky))).address
        if address not in self._taken:
            self._taken.add(address)
            with Netlink() as host:
                host.add_address(host.link(PARENT).index, ipaddress.ip_interface(f"{address}/32"))

    async def part(self) -> None:
        self.driver._config = evolve(self._config, spawn=False)
        helper = self.driver._process
        if helper is not None and helper.returncode is None:
            helper.kill()
            await helper.wait()

    async def lease(self, decky: str, address: str) -> None: ...

    async def heal(self) -> None:
        self.driver._config = self._config
        with Netlink() as host:
            index = host.link(PARENT).index
            for address in self._taken:
                host.delete_address(index, ipaddress.ip_interface(f"{address}/32"))
        self._taken.clear()
        with contextlib.suppress(DriverUnreachableError):  # the link of before is found dead
            await self.driver.observe()


class NamespaceMachine(ReconcilerMachine):
    network_class = NamespaceNetwork


NamespaceMachine.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
TestReconciler = NamespaceMachine.TestCase

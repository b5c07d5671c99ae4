"""This module is a Docker Engine of the tests' own on a small LAN, with an attacker's machine at the cable's end.

Engine, cable and attacker are in network namespaces of their own: nothing touches this machine's network, and all of it
is gone with the two processes.
"""

import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from attrs import frozen

from plugins.fleet_driver.docker import netns

T = TypeVar("T")

IMAGE, NETWORK = "decnet/test:1", "lan"
SUBNET, POOL, ATTACKER = "10.99.0.0/16", "10.99.4.0/22", "10.99.255.254"  # the attacker is the router as well
NETWORK_WANTED = {
    "Name": NETWORK,
    "Driver": "macvlan",
    "Options": {"parent": "lan0"},
    "IPAM": {"Config": [{"Subnet": SUBNET, "Gateway": ATTACKER}]},
}
START, STOP = 30.0, 15.0  # seconds
TOOLS = ("dockerd", "busybox", "unshare", "nsenter", "setpriv", "ip")
APPLETS = (
    "cat",
    "echo",
    "find",
    "head",
    "hostname",
    "id",
    "ln",
    "ls",
    "nc",
    "nslookup",
    "ps",
    "sh",
    "sleep",
    "stty",
    "tar",
    "touch",
    "true",
    "tty",
)
TEXTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\ndeploy:x:1000:1000::/:/bin/sh\n",
    "etc/motd": b"Authorised use only.\n",
    "etc/os-release": b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
}
SFTP_SERVER = "/usr/lib/openssh/sftp-server"
ENGINE = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs", "--log-level=warn")


@frozen(kw_only=True)
class Lan:
    """What tests need to know of it."""

    socket: str  # the engine's
    engine: subprocess.Popen[bytes]
    attacker: int  # descriptor of a network namespace

    async def attack(self, work: Callable[[], T]) -> T:
        """Return what a function returns that runs on the attacker's machine."""
        return await netns.inside(self.attacker, work)


def unavailable() -> str:
    """Return why there can be no engine here; empty if there can."""
    if os.geteuid():
        return "a Docker Engine needs root"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


@contextmanager
def lan() -> Iterator[Lan]:
    """Start it; skip the test where that is impossible."""
    if why := unavailable():
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="dn-"))  # not tmp_path: socket paths must stay short
    path = str(folder / "d.sock")
    alone = ["setpriv", "--pdeathsig", "TERM", "unshare", "--net", "--mount"]
    places = [f"--host=unix://{path}", f"--data-root={folder}/data", f"--exec-root={folder}/exec"]
    places += [f"--pidfile={folder}/d.pid", f"--config-file={folder}/none.json"]
    (folder / "none.json").write_text("{}")
    with (folder / "log").open("wb") as log:
        attacker = subprocess.Popen([*alone, "sleep", "infinity"])
        engine = subprocess.Popen([*alone, "dockerd", *places, *ENGINE], stdout=log, stderr=log)
    try:
        if not reached(path, engine):
            pytest.skip(f"no Docker Engine runs here: {(folder / 'log').read_text().splitlines()[-1:]}")
        wire(engine.pid, attacker.pid)
        ask(path, "POST", f"/images/create?fromSrc=-&repo={IMAGE.partition(':')[0]}&tag=1", image())
        ask(path, "POST", "/networks/create", json.dumps(NETWORK_WANTED).encode())
        namespace = netns.namespace_of(attacker.pid)
        yield Lan(socket=path, engine=engine, attacker=namespace)
        os.close(namespace)
    finally:
        for process, how in ((engine, signal.SIGTERM), (attacker, signal.SIGKILL)):
            process.send_signal(how)
            process.wait(STOP)
        shutil.rmtree(folder)


def reached(path: str, engine: subprocess.Popen[bytes]) -> bool:
    """Wait until the engine answers; return whether it ever does."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and engine.poll() is None:
        try:
            ask(path, "GET", "/_ping")
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def wire(engine: int, attacker: int) -> None:
    """Lay the cable between two processes' namespaces; the engine's end has no address."""
    ip(engine, "link set lo up")
    ip(engine, f"link add lan0 type veth peer name eth0 netns {attacker}")
    ip(engine, "link set lan0 up")
    ip(attacker, f"addr add {ATTACKER}/16 dev eth0")
    ip(attacker, "link set eth0 up")


def ip(process: int, words: str) -> None:
    subprocess.run(["nsenter", f"--net=/proc/{process}/ns/net", "ip", *words.split()], check=True, timeout=STOP)


def ask(path: str, method: str, what: str, body: bytes | None = None) -> bytes:
    """Ask the engine without the library that the driver uses."""
    connection = http.client.HTTPConnection("localhost", timeout=START)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(START)
    try:
        connection.sock.connect(path)
        connection.request(method, what, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 400, text
        return text
    finally:
        connection.close()


def image() -> bytes:
    """Return a small system as a tar archive."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        needed = [path.lstrip("/") for path in programs(SFTP_SERVER)]
        folders = {str(parent) for path in needed for parent in Path(path).parents} - {"."}
        for folder in sorted({"bin", "etc", "root", "tmp", "run", "dev", "proc", "sys"} | folders):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(member)
        tar.add(shutil.which("busybox") or "", "bin/busybox")
        for applet in APPLETS:
            member = tarfile.TarInfo(f"bin/{applet}")
            member.type, member.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(member)
        for path, text in TEXTS.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
        for path in needed:
            tar.add(Path("/", path).resolve(), path)
    return made.getvalue()


def programs(path: str) -> list[str]:
    """Return a program's file and those of its libraries; nothing where the program is missing."""
    if not Path(path).exists():
        return []
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True, timeout=STOP)
    return [path, *re.findall(r"(/\S+) \(0x", listed.stdout)]

"""This module says what a decky's container is to be, and reads what the engine tells of one. Pure."""

import hashlib
import json
from collections.abc import Mapping

from attrs import frozen

from decnet_actors.contracts.fleet_driver import Place
from plugins.fleet_driver.docker.config import DockerConfig
from plugins.fleet_driver.docker.engine import Json

INSTALLATION, DECKY, ADDRESS, MAC, STACK, DIGEST = (
    f"decnet.{label}" for label in ("installation", "decky", "address", "mac", "stack", "digest")
)
_OPEN_FILES = 1024
_NANO_PERCENT = 10_000_000  # billionths of a processor in a percent of one
_TMPFS: Mapping[str, str] = {
    "/tmp": "rw,nosuid,nodev,size=16m,mode=1777",  # noqa: S108  the container's own
    "/run": "rw,nosuid,nodev,size=8m,mode=755",
}
MEMORY = (*_TMPFS, "/dev/shm")  # noqa: S108  what is in these came after the container was started


@frozen(kw_only=True)
class Container:
    """A container as the engine knows it."""

    id: str
    name: str
    labels: Mapping[str, str]
    hostname: str
    running: bool
    pid: int  # of its first process in the engine's process namespace; 0 unless it runs
    started: str  # when it was last started, in the engine's words
    fault: str  # why it does not run; empty if it does
    addresses: Mapping[str, tuple[str, str]]  # IPv4 address and MAC it has now, by network

    @property
    def place(self) -> Place:
        """Where its decky is to be."""
        address = self.labels[ADDRESS]
        return Place(
            decky=self.labels[DECKY],
            address=address,
            addresses=(address,),
            mac=self.labels[MAC],
            stack=self.labels[STACK],
        )

    def is_of(self, installation: str) -> bool:
        """Whether an installation made it."""
        return (
            self.labels.get(INSTALLATION) == installation and {DECKY, ADDRESS, MAC, STACK, DIGEST} <= self.labels.keys()
        )


def name_of(installation: str, decky: str) -> str:
    """Return the name of a decky's container."""
    return f"{installation}-{decky}"


def wanted_container(config: DockerConfig, place: Place, hostname: str) -> Json:
    """Return what the engine is to make (Docker Engine API 1.41, "Create a container").

    Its label ``decnet.digest`` stands for all the rest: what has the same needs no other.
    """
    wanted: Json = {
        "Image": config.image,
        "Hostname": hostname,
        "Entrypoint": list(config.idle),
        "Cmd": [],
        "Tty": False,
        "OpenStdin": False,
        "StopSignal": "SIGKILL",  # an idle program has nothing to put in order
        "MacAddress": place.mac,  # read by engines before 25, which do not know the one below
        "Labels": {
            INSTALLATION: config.installation,
            DECKY: place.decky,
            ADDRESS: place.address,
            MAC: place.mac,
            STACK: place.stack,
        },
        "HostConfig": {
            "NetworkMode": config.network,
            "RestartPolicy": {"Name": "no"},  # only we start it: what starts by itself is not closed in
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Privileged": False,
            "ReadonlyRootfs": config.read_only,
            "Tmpfs": dict(_TMPFS),
            "Memory": config.memory,
            "MemorySwap": config.memory,
            "PidsLimit": config.processes,
            "NanoCpus": config.cpu_percent * _NANO_PERCENT,
            "Ulimits": [{"Name": "nofile", "Soft": _OPEN_FILES, "Hard": _OPEN_FILES}],
            "IpcMode": "private",
            "LogConfig": {"Type": "none", "Config": {}},  # nobody fills the disk by printing
        },
        "NetworkingConfig": {
            "EndpointsConfig": {config.network: {"IPAMConfig": {"IPv4Address": place.address}, "MacAddress": place.mac}}
        },
    }
    wanted["Labels"][DIGEST] = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    return wanted


def read_container(told: Json) -> Container:
    """Return what the engine tells of a container ("Inspect a container")."""
    state, networks = told["State"], told["NetworkSettings"]["Networks"]
    return Container(
        id=told["Id"],
        name=told["Name"].removeprefix("/"),
        labels=told["Config"]["Labels"] or {},
        hostname=told["Config"]["Hostname"],
        running=state["Running"] and not state["Paused"],
        pid=state["Pid"],
        started=state["StartedAt"],
        fault=_fault(state),
        addresses={name: (one["IPAddress"], one["MacAddress"]) for name, one in networks.items()},
    )


def _fault(state: Json) -> str:
    if state["Paused"]:
        return "its container is paused"
    if state["Running"]:
        return ""
    if state["OOMKilled"]:
        return "its container was out of memory"
    if state["Error"]:
        return f"its container did not start: {state['Error']}"
    return f"its container is {state['Status']}, exit status {state['ExitCode']}"

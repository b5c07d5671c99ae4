"""This module defines the options of the docker driver."""

import ipaddress
import re

from attrs import Attribute, field, frozen
from attrs.validators import and_, ge, in_, le, matches_re, min_len

from decnet_actors.kernel.personality import PERSONALITIES

_MIB = 1024 * 1024
_SMALLEST = 30  # prefix length; anything longer has no room
_LONGEST_PATH = 100  # bytes; sun_path of unix(7) has 108
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}")  # what the engine takes as a name, and short enough for a log


def _pool(_: object, attribute: "Attribute[str]", value: str) -> None:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(
            f"{attribute.name}: {value!r} is not an IPv4 network such as 192.168.1.128/25 ({error})"
        ) from None
    if network.prefixlen > _SMALLEST:
        raise ValueError(f"{attribute.name}: {value} has no room for a decky")


def _socket_path(_: object, attribute: "Attribute[str]", value: str) -> None:
    if not value.startswith("/") or len(value.encode()) > _LONGEST_PATH:
        raise ValueError(f"{attribute.name}: {value!r} is not an absolute path of at most {_LONGEST_PATH} bytes")


@frozen(kw_only=True)
class DockerConfig:
    """Options of ``[fleet.docker]``."""

    image: str = field(
        validator=min_len(1),
        metadata={"help": "what containers are made of, such as decnet/debian:12; it must be there, nothing is pulled"},
    )
    network: str = field(
        validator=matches_re(_NAME),
        metadata={"help": "Docker network the deckies are on, made by you with a subnet; see docs/howto/use-docker.md"},
    )
    pool: str = field(
        validator=_pool,
        metadata={"help": "part of its subnet deckies get their addresses from, such as 192.168.1.128/25"},
    )
    socket: str = field(
        default="/var/run/docker.sock",
        validator=_socket_path,
        metadata={"help": "where the Docker Engine of this machine listens"},
    )
    installation: str = field(
        default="decnet",
        validator=matches_re(_NAME),
        metadata={"help": "tells our containers from those of another DECNET on the same engine; begins their names"},
    )
    stack: str = field(
        default="linux",
        validator=in_(tuple(PERSONALITIES)),
        metadata={"help": f"TCP/IP stack of deckies that want none of their own: {', '.join(PERSONALITIES)}"},
    )
    idle: tuple[str, ...] = field(
        default=("sh", "-c", "while :; do sleep 3600; done"),
        validator=min_len(1),
        metadata={"help": "program of the image that only waits for ever, and for processes nobody else waits for"},
    )
    memory: int = field(
        default=128 * _MIB,
        validator=ge(8 * _MIB),
        metadata={"help": "bytes all programs of a container may have, without swap"},
    )
    processes: int = field(
        default=64, validator=and_(ge(2), le(32768)), metadata={"help": "processes and threads of a container"}
    )
    cpu_percent: int = field(
        default=50,
        validator=and_(ge(1), le(100_000)),
        metadata={"help": "percent of one processor a container may use"},
    )
    read_only: bool = field(
        default=True,
        metadata={"help": "whether only /tmp and /run can be written; false lets files be planted in containers"},
    )

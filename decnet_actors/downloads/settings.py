"""This module defines what an operator can say about downloads."""

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, le, matches_re

MAX_SIZE = 64 * 2**20  # bytes; what the artifact store keeps


def _ports(_: object, attribute: "Attribute[tuple[int, ...]]", value: tuple[int, ...]) -> None:
    if not all(0 < port < 2**16 for port in value):
        raise ValueError(f"{attribute.name}: a port is a number from 1 to 65535")


@frozen(kw_only=True)
class DownloadSettings:
    """Whether and how what attackers asked for is fetched; their shells never get it."""

    fetch: bool = field(
        default=False,
        metadata={"help": "fetch what wget and curl were asked for, from this machine's address, into quarantine"},
    )
    ports: tuple[int, ...] = field(
        default=(80, 443, 8000, 8080, 8443), validator=_ports, metadata={"help": "ports that are fetched from"}
    )
    max_size: int = field(
        default=8 * 2**20, validator=[gt(0), le(MAX_SIZE)], metadata={"help": "bytes of one file; the rest is cut off"}
    )
    day_size: int = field(default=2**30, validator=gt(0), metadata={"help": "bytes fetched in a day"})
    timeout: float = field(
        default=60.0, validator=[gt(0), le(600)], metadata={"help": "time one fetch may take, redirects included"}
    )
    at_once: int = field(default=4, validator=[ge(1), le(64)], metadata={"help": "fetches that run at the same time"})
    per_minute: int = field(default=30, validator=ge(1), metadata={"help": "fetches a minute"})
    host_per_minute: int = field(default=6, validator=ge(1), metadata={"help": "fetches a minute from one host"})
    user_agent: str = field(
        default="Wget/1.21.3",
        validator=matches_re(r"[ -~]{1,200}"),
        metadata={"help": "what it calls itself; a name of ours would tell the attacker who asks"},
    )

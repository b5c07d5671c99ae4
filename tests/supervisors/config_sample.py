"""This module is the configuration that the tests of the loader use: one field of every kind."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from attrs import Attribute, field, frozen, validators

from supervisors.config import ConfigError, Secret, load


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


def _port(_: object, __: "Attribute[int]", value: int) -> None:
    if not 0 <= value <= 65535:
        raise ValueError(f"{value} is not a port (0 to 65535)")


@frozen(kw_only=True)
class Tls:
    mode: Literal["self-signed", "files", "off"] = field(default="self-signed", metadata={"help": "who signs"})
    cert: Path | None = field(default=None, metadata={"help": "a PEM file"})

    def __attrs_post_init__(self) -> None:
        if self.mode == "files" and self.cert is None:
            raise ValueError('mode "files" needs cert')


@frozen(kw_only=True)
class Web:
    listen: tuple[str, ...] = field(default=("127.0.0.1:8443",), metadata={"help": "addresses to listen on"})
    port: int = field(default=8443, validator=_port, metadata={"help": "a port"})
    idle: float = field(default=28800.0, metadata={"help": "how long a session may rest"})
    enabled: bool = field(default=True, metadata={"help": "whether there is a dashboard"})
    tls: Tls = field(factory=Tls, metadata={"help": "Encryption."})


@frozen(kw_only=True)
class Retention:
    events: float = field(default=7776000.0, metadata={"help": "how long events stay"})
    max_disk: int = field(default=20 << 30, metadata={"help": "what all of it may take", "unit": "bytes"})
    keep_share: float = field(
        default=0.8,
        validator=[validators.ge(0), validators.le(1)],
        metadata={"help": "share that raises an alarm", "unit": "ratio"},
    )


@frozen(kw_only=True)
class Output:
    name: str = field(metadata={"help": "how you call it"})
    type: str = field(default="webhook", validator=validators.in_(["slack", "syslog", "webhook"]))
    url: Secret | None = field(default=None, metadata={"help": "where to"})
    min_severity: Severity = field(default=Severity.LOW, metadata={"help": "least severity"})
    events: Sequence[str] = field(default=(), metadata={"help": "topics"})


@frozen(kw_only=True)
class Decky:
    name: str = field(metadata={"help": "its name"})
    count: int = field(default=1, validator=validators.ge(1), metadata={"help": "how many"})
    services: Mapping[str, dict[str, Any]] = field(factory=dict, metadata={"help": "what it offers"})


@frozen(kw_only=True)
class Persona:
    language: str = field(default="en", metadata={"help": "two letters"})
    born: dt.date | None = field(default=None, metadata={"help": "a birthday"})


@frozen(kw_only=True)
class Database:
    url: str = field(default="sqlite:///decnet.db", metadata={"help": "where evidence goes"})
    password: Secret | None = field(default=None, metadata={"help": "a secret reference"})


@frozen(kw_only=True)
class Root:
    version: Literal[1] = field(default=1, metadata={"help": "format of this file"})
    web: Web = field(factory=Web, metadata={"help": "The dashboard."})
    database: Database = field(factory=Database, metadata={"help": "The store."})
    retention: Retention = field(factory=Retention, metadata={"help": "How long things stay.", "hot": True})
    output: tuple[Output, ...] = field(default=(), metadata={"help": "Where alerts go.", "hot": True})
    decky: tuple[Decky, ...] = field(default=(), metadata={"help": "The machines."})
    persona: dict[str, Persona] = field(factory=dict, metadata={"help": "Who works there."})


def golden(path: Path) -> str:
    """Return what an operator reads who loads this file; the name stands for the whole path."""
    try:
        load(Root, [path], environ={})
    except ConfigError as error:
        return f"{error}\n".replace(f"{path.parent}/", "")
    return "no error\n"


if __name__ == "__main__":  # python -m tests.supervisors.config_sample: accept the present messages
    for source in sorted((Path(__file__).parent.parent / "data" / "config").glob("*.toml")):
        source.with_suffix(".expected").write_text(golden(source))

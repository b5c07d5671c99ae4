"""This module puts the settings of all features together: the root of the configuration file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import field, frozen, validators

from decnet_actors.analysis.settings import AnalysisSettings
from decnet_actors.analysis.techniques.settings import TechniqueSettings
from decnet_actors.contracts.decky_files import Isolation
from decnet_actors.downloads.settings import DownloadSettings
from decnet_actors.enrich.geo.settings import GeoipSettings, PtrSettings
from decnet_actors.enrich.settings import IntelSettings
from decnet_actors.fleet.settings import DeckySettings, default_fleet
from decnet_actors.sensors.prober_settings import ProberSettings
from decnet_actors.sensors.settings import SnifferSettings
from decnet_actors.store.settings import JournalConfig, RetentionConfig
from decnet_actors.web.settings import WebSettings
from supervisors.config import Secret

FORMAT = 1  # version of the file format


@frozen(kw_only=True)
class DaemonSettings:
    """The process itself."""

    state_dir: Path | None = field(
        default=None,
        metadata={
            "help": "where evidence, keys and artifacts are kept; default: the usual place of the user it runs as"
        },
    )
    run_dir: Path | None = field(
        default=None, metadata={"help": "where the control and bus sockets are; default: the usual place likewise"}
    )
    host: str = field(
        default="local",
        validator=validators.matches_re(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"),
        metadata={"help": "name of this machine in every event"},
    )
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info", metadata={"help": "what is logged", "hot": True}
    )
    log_format: Literal["auto", "console", "json", "journal"] = field(
        default="auto",
        metadata={"help": "auto is journal under systemd, console on a terminal and json elsewhere"},
    )


@frozen(kw_only=True)
class DatabaseSettings:
    """Where evidence is stored. SQLite needs nothing; the others need the postgresql or mysql extra."""

    url: str = field(
        default="",
        metadata={"help": "sqlite:///path, postgresql://user@host/name or mysql://...; empty is SQLite in state_dir"},
    )
    password: Secret | None = field(
        default=None, metadata={"help": "by reference: { file = ... }, { env = ... } or { credential = ... }"}
    )


@frozen(kw_only=True)
class ControlSettings:
    """Who may do what over the control socket. Root and the daemon's own user are administrators."""

    admin_groups: tuple[str, ...] = field(
        default=("decnet",), metadata={"help": "members of these groups are administrators"}
    )
    analyst_groups: tuple[str, ...] = field(default=(), metadata={"help": "members of these groups are analysts"})
    viewer_groups: tuple[str, ...] = field(default=(), metadata={"help": "members of these groups may look"})


@frozen(kw_only=True)
class FleetSettings:
    """How deckies get onto a network."""

    driver: str = field(default="loopback", metadata={"help": "name of a fleet_driver plugin"})
    isolate: Isolation = field(
        default=Isolation.NONE,
        metadata={
            "help": "which attackers see one another's files on a decky: none keeps nobody apart, source each address, "
            "session each session, whose changes end with it"
        },
    )
    docker: Mapping[str, Any] = field(  # Any: the plugin's own options, checked by the plugin registry
        factory=dict,
        metadata={"help": "options of the docker driver; see: decnetctl plugin show fleet_driver.docker"},
    )
    loopback: Mapping[str, Any] = field(  # Any: as above
        factory=dict,
        metadata={"help": "options of the loopback driver; see: decnetctl plugin show fleet_driver.loopback"},
    )
    namespace: Mapping[str, Any] = field(  # Any: as above
        factory=dict,
        metadata={"help": "options of the namespace driver; see: decnetctl plugin show fleet_driver.namespace"},
    )


@frozen(kw_only=True)
class Settings:
    """Everything that can be configured."""

    version: int = field(
        default=FORMAT, validator=validators.in_([FORMAT]), metadata={"help": "version of this file's format"}
    )
    daemon: DaemonSettings = field(factory=DaemonSettings, metadata={"help": "the process itself"})
    database: DatabaseSettings = field(factory=DatabaseSettings, metadata={"help": "where evidence is stored"})
    journal: JournalConfig = field(factory=JournalConfig, metadata={"help": "how evidence is committed"})
    retention: RetentionConfig = field(
        factory=RetentionConfig, metadata={"help": "how long evidence is kept", "hot": True}
    )
    control: ControlSettings = field(factory=ControlSettings, metadata={"help": "who may use decnetctl"})
    web: WebSettings = field(factory=WebSettings, metadata={"help": "the console"})
    downloads: DownloadSettings = field(
        factory=DownloadSettings, metadata={"help": "whether what attackers wanted to download is fetched"}
    )
    prober: ProberSettings = field(
        factory=ProberSettings, metadata={"help": "whether attackers' own services are looked at"}
    )
    geoip: GeoipSettings = field(
        factory=GeoipSettings, metadata={"help": "countries and networks of addresses, from files"}
    )
    ptr: PtrSettings = field(factory=PtrSettings, metadata={"help": "names of addresses, from a resolver"})
    intel: IntelSettings = field(
        factory=IntelSettings, metadata={"help": "whether others are asked about attackers' addresses"}
    )
    analysis: AnalysisSettings = field(factory=AnalysisSettings, metadata={"help": "what the evidence is made into"})
    techniques: TechniqueSettings = field(
        factory=TechniqueSettings, metadata={"help": "by which rules techniques are found", "hot": True}
    )
    sniffer: SnifferSettings = field(
        factory=SnifferSettings, metadata={"help": "whether packets to and from deckies are looked at"}
    )
    fleet: FleetSettings = field(factory=FleetSettings, metadata={"help": "how deckies get onto a network"})
    decky: tuple[DeckySettings, ...] = field(
        factory=default_fleet, metadata={"help": "the deckies; without any a small default fleet", "hot": True}
    )

"""This module defines the operations on single deckies and their services."""

from enum import StrEnum

from attrs import field, frozen

from decnet_actors.contracts.fleet_driver import Tier
from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.contracts.operations import Audit, Nothing, Operation, Page, Role, Route, about
from decnet_actors.fleet.fleet_operations import ChangeArgs, FleetChange


class ServiceState(StrEnum):
    """Whether a service can be reached."""

    UP = "up"
    DOWN = "down"
    STOPPED = "stopped"  # as an operator wanted it


@frozen(kw_only=True)
class ServiceRow:
    """One service of one decky. ``port`` is the one it really has, 0 while it is down."""

    decky: str
    service: str
    state: ServiceState
    address: str
    port: int
    claimed_port: int  # what it would be on a real machine
    sessions: int = 0
    restarts: int = 0
    error: str = ""  # why it is down


@frozen(kw_only=True)
class DeckyRow:
    """One decky."""

    name: str
    state: ServiceState  # up while any of its services is
    address: str
    system: str  # Debian GNU/Linux 12 (bookworm)
    hostname: str
    services: tuple[str, ...]
    sessions: int = 0


@frozen(kw_only=True)
class DeckyDetail(DeckyRow):
    """One decky with its services and its persona."""

    details: tuple[ServiceRow, ...] = ()
    kernel: str = ""
    mac: str = ""
    addresses: tuple[str, ...] = ()
    stack: str = ""  # the TCP/IP stack it pretends to have; empty: the driver gives none
    stack_tier: Tier = Tier.NONE  # how much of that is in force
    booted: float = 0.0  # Unix seconds
    users: tuple[str, ...] = ()
    baits: tuple[str, ...] = ()  # users with bait laid out; the secrets are in the configuration
    weak_credentials: int = 0


@frozen(kw_only=True)
class DeckyArgs:
    """Which decky."""

    name: str = field(metadata=about("Name of the decky.", positional=True))


@frozen(kw_only=True)
class ServiceListArgs:
    """Which services."""

    decky: str | None = field(default=None, metadata=about("Only services of this decky."))


DECKY_LIST = Operation(
    name="decky.list",
    summary="List the deckies, whether they are up and what they serve.",
    args=Nothing,
    result=Page[DeckyRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/deckies"),
    examples=("decnetctl decky list",),
    columns=("name", "state", "address", "system", "services", "sessions"),
)

DECKY_SHOW = Operation(
    name="decky.show",
    summary="Show one decky: its persona, its services and where they listen.",
    args=DeckyArgs,
    result=DeckyDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/deckies/{name}"),
    examples=("decnetctl decky show web-01",),
)

SERVICE_LIST = Operation(
    name="service.list",
    summary="List the services of all deckies, where they listen and how busy they are.",
    args=ServiceListArgs,
    result=Page[ServiceRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/services"),
    examples=("decnetctl service list", "decnetctl service list --decky web-01"),
    columns=("decky", "service", "state", "address", "port", "sessions", "error"),
)


@frozen(kw_only=True)
class DeckyChangeArgs(ChangeArgs):
    """Which decky to change."""

    name: str = field(metadata=about("Name of the decky.", positional=True))


@frozen(kw_only=True)
class DeckyCreateArgs(DeckyChangeArgs):
    """What the new decky is."""

    services: tuple[str, ...] = field(default=(), metadata=about("What it serves; by default what its archetype has."))
    archetype: str = field(default="", metadata=about("What kind of machine it is; see archetype list."))
    address: str = field(default="", metadata=about("Its address, or dhcp; by default the driver chooses."))
    distribution: str = field(default="", metadata=about("The system it claims to be, such as debian:12."))
    stack: str = field(default="", metadata=about("The TCP/IP stack it shows."))
    mac: str = field(default="", metadata=about("Address of its network card."))
    weak_credentials: int | None = field(default=None, metadata=about("How many common passwords log in."))
    mutate_interval: float | None = field(
        default=None, metadata=about("Seconds between changes of its services; 0: they stay.")
    )


@frozen(kw_only=True)
class DeckyEditArgs(DeckyChangeArgs):
    """What becomes different; what is not given stays."""

    services: tuple[str, ...] | None = field(
        default=None, metadata=about("What it serves; options of services that stay are kept.")
    )
    archetype: str | None = field(default=None, metadata=about("What kind of machine it is; empty for none."))
    address: str | None = field(default=None, metadata=about("Its address, or dhcp; empty: the driver chooses."))
    distribution: str | None = field(default=None, metadata=about("The system it claims to be; empty: chosen once."))
    stack: str | None = field(default=None, metadata=about("The TCP/IP stack it shows; empty: one that fits."))
    mac: str | None = field(default=None, metadata=about("Address of its network card; empty: one that fits."))
    weak_credentials: int | None = field(default=None, metadata=about("How many common passwords log in."))
    mutate_interval: float | None = field(
        default=None, metadata=about("Seconds between changes of its services; 0: they stay.")
    )


@frozen(kw_only=True)
class DeckyServiceArgs(DeckyChangeArgs):
    """Which service of which decky."""

    service: str = field(metadata=about("Name of the service, such as ssh.", positional=True))


@frozen(kw_only=True)
class DeckyOptionsArgs(DeckyServiceArgs):
    """Options of a service."""

    option: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "KEY=VALUE, as plugin show names them; KEY= for the default. Give it again for more.", audited=False
        ),
    )


@frozen(kw_only=True)
class DeckyRestartArgs(DeckyArgs):
    """Which decky to restart."""

    reason: str = field(default="", metadata=about("Why; it is kept in the audit."))
    dry_run: bool = field(default=False, metadata=about("Show what would happen, and do nothing."))


@frozen(kw_only=True)
class DeckyRestart:
    """A restart."""

    dry_run: bool
    interrupts: tuple[str, ...] = ()  # deckies whose connections end
    operation: Lifecycle | None = None  # goes on after this answer


DECKY_CREATE = Operation(
    name="decky.create",
    summary="Add a decky to the fleet.",
    args=DeckyCreateArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies"),
    examples=(
        "decnetctl decky create web-02 --services ssh --services http",
        "decnetctl decky create db-01 --archetype database-server --distribution debian:12",
    ),
)
DECKY_EDIT = Operation(
    name="decky.edit",
    summary="Change a decky; no other is touched.",
    args=DeckyEditArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="PATCH", path="/deckies/{name}"),
    examples=("decnetctl decky edit web-02 --distribution ubuntu:22.04",),
)
DECKY_DELETE = Operation(
    name="decky.delete",
    summary="Remove a decky from the fleet; its evidence stays.",
    args=DeckyChangeArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="DELETE", path="/deckies/{name}"),
    examples=("decnetctl decky delete web-02",),
)
DECKY_START = Operation(
    name="decky.start",
    summary="Let a stopped decky listen again.",
    args=DeckyChangeArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}:start"),
    examples=("decnetctl decky start web-02",),
)
DECKY_STOP = Operation(
    name="decky.stop",
    summary="Keep a decky, but let nothing of it listen; it stays so over restarts.",
    args=DeckyChangeArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}:stop"),
    examples=("decnetctl decky stop web-02",),
)
DECKY_RESTART = Operation(
    name="decky.restart",
    summary="Start a decky's services anew; nothing else of it changes.",
    args=DeckyRestartArgs,
    result=DeckyRestart,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}:restart"),
    examples=("decnetctl decky restart web-02",),
)
DECKY_MUTATE = Operation(
    name="decky.mutate",
    summary="Give a decky another plausible set of services.",
    args=DeckyChangeArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}:mutate"),
    examples=("decnetctl decky mutate web-02",),
)
DECKY_SERVICE_ADD = Operation(
    name="decky.service-add",
    summary="Let a decky serve something more.",
    args=DeckyOptionsArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}/services/{service}:add"),
    examples=("decnetctl decky service-add web-02 redis --option password=Winter2024",),
)
DECKY_SERVICE_SET = Operation(
    name="decky.service-set",
    summary="Set options of one service of a decky.",
    args=DeckyOptionsArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}/services/{service}:set"),
    examples=("decnetctl decky service-set web-02 ssh --option port=2022",),
)
DECKY_SERVICE_REMOVE = Operation(
    name="decky.service-remove",
    summary="Let a decky not serve something any more.",
    args=DeckyServiceArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/deckies/{name}/services/{service}:remove"),
    examples=("decnetctl decky service-remove web-02 http",),
)

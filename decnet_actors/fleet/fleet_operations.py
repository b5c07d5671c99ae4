"""This module defines the operations on the fleet as a whole, and what every change of it answers.

Each change makes a revision: it is given a file or a few words, shows what is different, and is kept with who and why.
"""

from enum import StrEnum

from attrs import field, frozen, validators

from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.contracts.operations import Audit, File, Operation, Page, Role, Route, about

MAX_REASON = 500  # characters
MAX_LIMIT = 1000
MAX_GROUP = 1000  # deckies of one group


class Action(StrEnum):
    """What becomes of a decky."""

    CREATED = "created"
    CHANGED = "changed"
    MOVED = "moved"  # stands at another place of the list; nothing of it changes
    REMOVED = "removed"


@frozen(kw_only=True)
class FieldChange:
    """One field of a decky. Values are TOML text, empty where there is none; secrets are hidden."""

    field: str
    old: str
    new: str


@frozen(kw_only=True)
class DeckyChange:
    """One decky that is different."""

    name: str
    action: Action
    fields: tuple[FieldChange, ...] = ()
    services: tuple[str, ...] = ()  # after the change


@frozen(kw_only=True)
class FleetChange:
    """What a change comes to. With ``dry_run`` nothing is done, and ``revision`` is ``base``."""

    base: int  # the newest revision before
    revision: int  # the newest one now
    dry_run: bool
    changes: tuple[DeckyChange, ...] = ()
    interrupts: tuple[str, ...] = ()  # deckies whose connections end
    operation: Lifecycle | None = None  # brings the deckies to the revision; goes on after this answer
    notes: tuple[str, ...] = ()  # what could not be carried over from a file, and what deckies are hosted without
    paused: bool = False  # whether the fleet rests


@frozen(kw_only=True)
class FleetDiff:
    """What applying something would change."""

    base: int
    changes: tuple[DeckyChange, ...] = ()


@frozen(kw_only=True)
class FleetMember:
    """One decky as it is meant to be."""

    name: str
    state: str
    archetype: str
    services: tuple[str, ...]
    address: str  # empty: chosen by the driver
    distribution: str  # empty: chosen once
    stack: str


@frozen(kw_only=True)
class FleetReport:
    """One revision, and the fleet it stands for."""

    revision: int
    newest_revision: int
    time: float  # Unix seconds
    author: str
    via: str
    reason: str
    digest: str
    paused: bool = False  # whether nothing changes it by itself
    deckies: tuple[FleetMember, ...] = ()


@frozen(kw_only=True)
class PlannedDecky:
    """One decky as a file means it."""

    name: str
    services: tuple[str, ...]  # ssh:22
    missing: tuple[str, ...]  # what its archetype has besides, and no decoy is installed for
    address: str
    distribution: str
    stack: str
    archetype: str


@frozen(kw_only=True)
class RevisionRow:
    """One revision. Times are Unix seconds."""

    revision: int
    time: float
    author: str
    via: str
    summary: str
    reason: str
    digest: str


@frozen(kw_only=True)
class FleetText:
    """The fleet as a file that applies to the same."""

    revision: int
    text: str = field(repr=False)  # TOML, with the secrets in it


@frozen(kw_only=True)
class ChangeArgs:
    """What every change takes."""

    reason: str = field(
        default="",
        validator=validators.max_len(MAX_REASON),
        metadata=about("Why; it is kept with the revision."),
    )
    dry_run: bool = field(default=False, metadata=about("Show what would change, and change nothing."))
    base: int | None = field(
        default=None, metadata=about("Only if this is still the newest revision; any revision by default.")
    )


@frozen(kw_only=True)
class FleetFileArgs:
    """Which file."""

    file: File = field(metadata=about("TOML file with [[decky]] tables; - is standard input.", positional=True))


@frozen(kw_only=True)
class FleetDiffArgs:
    """What to compare with."""

    file: File | None = field(
        default=None,
        metadata=about("TOML file with [[decky]] tables; the configuration by default.", positional=True),
    )


@frozen(kw_only=True)
class FleetApplyArgs(ChangeArgs):
    """Which file to apply."""

    file: File = field(metadata=about("TOML file with [[decky]] tables; - is standard input.", positional=True))


@frozen(kw_only=True)
class FleetImportArgs(ChangeArgs):
    """Which file to import."""

    file: File = field(metadata=about("INI file of the predecessor; - is standard input.", positional=True))


@frozen(kw_only=True)
class FleetShowArgs:
    """Which revision."""

    revision: int | None = field(default=None, metadata=about("A revision; the newest by default."))


@frozen(kw_only=True)
class FleetRollbackArgs(ChangeArgs):
    """Where to go back to."""

    revision: int = field(metadata=about("The revision to go back to.", positional=True))


@frozen(kw_only=True)
class FleetScaleArgs(ChangeArgs):
    """Which group, and how many."""

    group: str = field(metadata=about("What comes before the number in the deckies' names.", positional=True))
    count: int = field(
        validator=[validators.ge(1), validators.le(MAX_GROUP)],
        metadata=about("How many deckies it is to have.", positional=True),
    )


@frozen(kw_only=True)
class FleetHistoryArgs:
    """Which part of the history."""

    limit: int = field(
        default=100, validator=[validators.ge(1), validators.le(MAX_LIMIT)], metadata=about("Rows at most.")
    )
    cursor: str | None = field(default=None, metadata=about("Where the page before this one ended."))


FLEET_SHOW = Operation(
    name="fleet.show",
    summary="Show the fleet as it is meant to be, and who said so.",
    args=FleetShowArgs,
    result=FleetReport,
    role=Role.VIEWER,
    route=Route(method="GET", path="/fleet"),
    examples=("decnetctl fleet show", "decnetctl fleet show --revision 3"),
    columns=("revision", "time", "author", "via", "reason", "deckies"),
)
FLEET_PLAN = Operation(
    name="fleet.plan",
    summary="Show what a file means: every decky with its services and ports; nothing is changed.",
    args=FleetFileArgs,
    result=Page[PlannedDecky],
    role=Role.ADMIN,
    route=Route(method="POST", path="/fleet:plan"),
    examples=("decnetctl fleet plan office.toml",),
    columns=("name", "services", "missing", "address", "distribution", "stack"),
)
FLEET_DIFF = Operation(
    name="fleet.diff",
    summary="Show what applying a file, or the configuration, would change; exit code 1 when something would.",
    args=FleetDiffArgs,
    result=FleetDiff,
    role=Role.ADMIN,
    route=Route(method="POST", path="/fleet:diff"),
    examples=("decnetctl fleet diff office.toml", "decnetctl fleet diff"),
)
FLEET_APPLY = Operation(
    name="fleet.apply",
    summary="Make the fleet what a file says; what the file does not name is removed.",
    args=FleetApplyArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/fleet:apply"),
    examples=(
        "decnetctl fleet apply office.toml",
        'decnetctl fleet apply office.toml --reason "two more web servers" --yes',
        "decnetctl fleet apply - --dry-run",
    ),
)
FLEET_HISTORY = Operation(
    name="fleet.history",
    summary="List the revisions of the fleet, newest first.",
    args=FleetHistoryArgs,
    result=Page[RevisionRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/fleet/revisions"),
    examples=("decnetctl fleet history",),
    columns=("revision", "time", "author", "via", "summary", "reason"),
)
FLEET_ROLLBACK = Operation(
    name="fleet.rollback",
    summary="Make the fleet what it was in a revision, addresses included; this is a new revision.",
    args=FleetRollbackArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/fleet:rollback"),
    examples=("decnetctl fleet rollback 3",),
)
FLEET_SCALE = Operation(
    name="fleet.scale",
    summary="Make a group of deckies larger or smaller; new ones are made like the last, which goes first.",
    args=FleetScaleArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/fleet:scale"),
    examples=("decnetctl fleet scale web 4",),
)
FLEET_PAUSE = Operation(
    name="fleet.pause",
    summary="Let the fleet rest: no decky changes by itself until fleet resume; commands go on working.",
    args=ChangeArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/fleet:pause"),
    examples=('decnetctl fleet pause --reason "audit of the network"',),
)
FLEET_RESUME = Operation(
    name="fleet.resume",
    summary="Let deckies change by themselves again; every interval begins anew.",
    args=ChangeArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/fleet:resume"),
    examples=("decnetctl fleet resume",),
)
FLEET_TEARDOWN = Operation(
    name="fleet.teardown",
    summary="Remove every decky; the history and the evidence stay.",
    args=ChangeArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/fleet:teardown"),
    examples=("decnetctl fleet teardown",),
)
FLEET_IMPORT = Operation(
    name="fleet.import",
    summary="Make the fleet what an INI file of the predecessor says, and tell what of it cannot be carried over.",
    args=FleetImportArgs,
    result=FleetChange,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    outlasts=True,
    route=Route(method="POST", path="/fleet:import"),
    examples=("decnetctl fleet import decnet.ini",),
)
FLEET_EXPORT = Operation(
    name="fleet.export",
    summary="Write the fleet as a TOML file that applies to the same, secrets included.",
    args=FleetShowArgs,
    result=FleetText,
    role=Role.ADMIN,
    audit=Audit.READ,
    route=Route(method="GET", path="/fleet/document"),
    examples=(
        "decnetctl fleet export",
        "decnetctl fleet export --revision 3",
    ),
)

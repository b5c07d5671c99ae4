"""This module defines the operations on attackers: the addresses that peers came from, and what is known of them."""

from enum import StrEnum

from attrs import field, frozen

from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route, about
from decnet_actors.domain.behaviour import Behaviour
from decnet_actors.store.argument_fields import cursor, limit, matching, moment, word


class AttackerOrder(StrEnum):
    """What comes first."""

    RECENT = "recent"
    FIRST = "first"  # the newest arrivals
    EVENTS = "events"
    SESSIONS = "sessions"
    DECKIES = "deckies"
    CREDENTIALS = "credentials"
    ACCEPTED = "accepted"
    COMMANDS = "commands"
    FILES = "files"


@frozen(kw_only=True)
class AttackerRow:
    """One attacker. ``behaviour`` is how it acts in time, ``tools`` what it seems to use."""

    address: str
    behaviour: str
    tools: tuple[str, ...]
    first_seen: float
    last_seen: float
    sessions: int
    services: tuple[str, ...]
    deckies: int
    credentials: int
    accepted: int
    commands: int
    files: int
    bytes_in: int
    bytes_out: int
    events: int


@frozen(kw_only=True)
class AttackerListArgs:
    """Which attackers."""

    q: str | None = matching("Only addresses that begin with this.")
    behaviour: Behaviour | None = field(default=None, metadata=about("Only those that act like this."))
    decky: str | None = matching("Only those that were on this decky.")
    service: str | None = matching("Only those that used this service.")
    tool: str | None = matching("Only those that seem to use this tool.")
    since: float | None = moment("Seen since this time.")
    order: AttackerOrder = field(default=AttackerOrder.RECENT, metadata=about("What comes first."))
    limit: int = limit("Attackers at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class AttackerArgs:
    """Which attacker."""

    address: str = word("Its address.")


@frozen(kw_only=True)
class VisitRow:
    """What an attacker did on one decky."""

    decky: str
    services: tuple[str, ...]
    first_seen: float
    last_seen: float
    sessions: int
    credentials: int
    accepted: int
    commands: int
    files: int
    events: int


@frozen(kw_only=True)
class MutationRow:
    """That a decky changed while an attacker was about."""

    time: float
    decky: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    trigger: str


@frozen(kw_only=True)
class SeenRow:
    """One thing an attacker showed, escaped, and how often."""

    value: str
    count: int
    first_seen: float
    last_seen: float


@frozen(kw_only=True)
class FingerprintRow(SeenRow):
    """Something its clients are known by. ``others`` counts the other attackers that showed the same."""

    kind: str
    others: int


@frozen(kw_only=True)
class TriedRow:
    """A credential it tried."""

    credential: str
    user: str | None
    secret: bytes
    kind: str
    count: int
    accepted: int


@frozen(kw_only=True)
class RelatedRow:
    """Another attacker that showed some of the same."""

    address: str
    shared: int  # fingerprints
    kinds: tuple[str, ...]
    last_seen: float


@frozen(kw_only=True)
class Timing:
    """When an attacker acts: seconds, but for ``acts``, ``variation`` and ``hours``.

    An act is something it did, or a connection in which it did nothing; those in one tenth of a second are one.
    ``interval`` and ``jitter`` (percent) are those of its calls home, if that is what it does.
    """

    acts: int
    mean: float | None  # of the gaps
    variation: float | None  # of the gaps: standard deviation over mean
    interval: float | None
    jitter: float | None
    hours: tuple[int, ...]  # acts by hour of the day, UTC


@frozen(kw_only=True)
class Phases:
    """When an attacker had looked around, and when it began to do more: Unix seconds, ``latency`` in between."""

    recon_end: float | None
    exfil_start: float | None
    latency: float | None
    large_payloads: int


@frozen(kw_only=True)
class AttackerDetail(AttackerRow):
    """All that is known of one attacker; lists have the first of each, ``left_out`` how often there was another."""

    downloads: int
    visits: tuple[VisitRow, ...]  # in the order in which the deckies were reached
    mutations: tuple[MutationRow, ...]  # of these deckies between its first event and its last
    timing: Timing
    phases: Phases
    fingerprints: tuple[FingerprintRow, ...]
    tried: tuple[TriedRow, ...]
    command_lines: tuple[SeenRow, ...]
    digests: tuple[SeenRow, ...]  # SHA-256 of files it brought
    urls: tuple[SeenRow, ...]  # that it asked for
    related: tuple[RelatedRow, ...]
    left_out: int


class ExportFormat(StrEnum):
    """What to write."""

    JSON = "json"
    CSV = "csv"
    STIX = "stix"  # a STIX 2.1 bundle
    MISP = "misp"  # a MISP event


@frozen(kw_only=True)
class AttackerExportArgs:
    """Which attacker, and how it is written."""

    address: str = word("Its address.")
    format: ExportFormat = field(default=ExportFormat.JSON, metadata=about("What to write."))


@frozen(kw_only=True)
class AttackerExport:
    """What is known of an attacker, as a file."""

    name: str
    media_type: str
    text: str


ATTACKER_LIST = Operation(
    name="attacker.list",
    summary="List the addresses peers came from and how they act.",
    args=AttackerListArgs,
    result=Page[AttackerRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/attackers"),
    examples=(
        "decnetctl attacker list --since 7d",
        "decnetctl attacker list --behaviour brute_force --order credentials",
    ),
    columns=(
        "address",
        "behaviour",
        "last_seen",
        "sessions",
        "deckies",
        "credentials",
        "accepted",
        "commands",
        "files",
        "tools",
    ),
)
ATTACKER_SHOW = Operation(
    name="attacker.show",
    summary="Show one attacker: its way, its clients, what it tried and took, and who is like it.",
    args=AttackerArgs,
    result=AttackerDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/attackers/{address}"),
    examples=("decnetctl attacker show 203.0.113.7",),
)
ATTACKER_EXPORT = Operation(
    name="attacker.export",
    summary="Write what is known of one attacker as JSON, CSV, STIX 2.1 or a MISP event.",
    args=AttackerExportArgs,
    result=AttackerExport,
    role=Role.VIEWER,
    audit=Audit.READ,
    route=Route(method="GET", path="/attackers/{address}/export"),
    examples=("decnetctl attacker export 203.0.113.7 --format stix",),
)

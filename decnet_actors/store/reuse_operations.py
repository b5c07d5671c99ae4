"""This module defines the operations on secrets that were used again."""

from attrs import field, frozen
from attrs.validators import ge, le

from decnet_actors.contracts.operations import Operation, Page, Role, Route, about
from decnet_actors.domain.reuse import SURE
from decnet_actors.store.argument_fields import count, cursor, limit, matching, moment, word

MOST = 1_000_000


@frozen(kw_only=True)
class ReuseRow:
    """One secret that was tried by several sources, or at several targets; or a bait that was tried.

    ``confidence`` (0..1) says how sure it is that they have it from one another, ``reasons`` what that comes from.
    ``planted`` names the deckies that had it laid out as bait.
    """

    id: str
    secret: bytes
    kind: str
    sources: int
    targets: int
    attempts: int
    accepted: int
    confidence: float
    reasons: tuple[str, ...]
    planted: tuple[str, ...]
    first_seen: float
    last_seen: float


@frozen(kw_only=True)
class ReuseListArgs:
    """Which of them."""

    min_targets: int = count("Tried at so many targets (service of a decky) at least.", 1, 1, MOST)
    min_sources: int = count("Tried by so many sources at least.", 1, 1, MOST)
    min_confidence: float = field(
        default=SURE, validator=[ge(0), le(1)], metadata=about("Only what is at least so sure, 0 to 1.")
    )
    decky: str | None = matching("Only those tried at this decky.")
    source: str | None = matching("Only those tried by this address.")
    bait: bool | None = field(default=None, metadata=about("Only baits, or only what was no bait."))
    since: float | None = moment("Tried since this time.")
    limit: int = limit("Secrets at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class ReuseArgs:
    """Which secret."""

    id: str = word("Id of the reuse.")


@frozen(kw_only=True)
class ReuseSource:
    """A source that tried a secret."""

    source: str
    attempts: int
    accepted: int
    first_seen: float
    last_seen: float
    secrets: int  # that it tried in all, without those everybody tries


@frozen(kw_only=True)
class ReuseTarget:
    """Where a secret was tried."""

    decky: str
    service: str
    attempts: int
    accepted: int
    first_seen: float
    last_seen: float


@frozen(kw_only=True)
class ReuseUser:
    """A user a secret was tried with; ``credential`` is the id of the two."""

    credential: str
    user: str | None
    mechanism: str
    count: int
    accepted: int


@frozen(kw_only=True)
class ReuseDetail(ReuseRow):
    """One secret with who tried it, where and as whom, the first of each first."""

    who: tuple[ReuseSource, ...]
    where: tuple[ReuseTarget, ...]
    users: tuple[ReuseUser, ...]
    truncated: bool  # there are more


REUSE_LIST = Operation(
    name="credential.reuse-list",
    summary="List secrets that were used again, the last tried first.",
    args=ReuseListArgs,
    result=Page[ReuseRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/credential-reuse"),
    examples=("decnetctl credential reuse-list --min-targets 2", "decnetctl credential reuse-list --bait"),
    columns=("id", "secret", "kind", "sources", "targets", "confidence", "planted", "last_seen"),
)
REUSE_SHOW = Operation(
    name="credential.reuse-show",
    summary="Show who used a secret again, where, and as whom.",
    args=ReuseArgs,
    result=ReuseDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/credential-reuse/{id}"),
    examples=("decnetctl credential reuse-show ID",),
)

"""This module defines the operations on credentials and artifacts."""

from enum import StrEnum

from attrs import field, frozen

from decnet_actors.contracts.operations import Operation, Page, Role, Route, about
from decnet_actors.store.argument_fields import cursor, limit, matching, moment, word
from decnet_actors.store.session_operations import CredentialUse


class CredentialOrder(StrEnum):
    """What comes first."""

    RECENT = "recent"
    COUNT = "count"


@frozen(kw_only=True)
class CredentialRow:
    """One pair of user and secret. ``hashcat`` is the line to crack it with, for a challenge-response."""

    id: str
    user: str | None
    secret: bytes
    kind: str
    mechanism: str
    hashcat: str | None
    first_seen: float
    last_seen: float
    count: int
    accepted: int
    sessions: int


@frozen(kw_only=True)
class CredentialListArgs:
    """Which credentials."""

    user: str | None = matching("Only of this user.")
    secret: str | None = matching("Only with exactly this secret: who else uses it.")
    kind: str | None = matching("Only of this kind: plaintext, public_key, ...")
    accepted: bool | None = field(default=None, metadata=about("Only those that did, or did not, open a door."))
    since: float | None = moment("Seen since this time.")
    order: CredentialOrder = field(default=CredentialOrder.RECENT, metadata=about("What comes first."))
    limit: int = limit("Credentials at most.")
    cursor: str | None = cursor()


@frozen(kw_only=True)
class CredentialArgs:
    """Which credential."""

    id: str = word("Id of the credential.")


@frozen(kw_only=True)
class CredentialDetail(CredentialRow):
    """One credential and where it was tried, newest first."""

    uses: tuple[CredentialUse, ...]
    truncated: bool


CREDENTIAL_LIST = Operation(
    name="credential.list",
    summary="List the credentials peers tried.",
    args=CredentialListArgs,
    result=Page[CredentialRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/credentials"),
    examples=("decnetctl credential list --order count", "decnetctl credential list --user root"),
    columns=("user", "secret", "kind", "count", "accepted", "sessions", "last_seen"),
)
CREDENTIAL_SHOW = Operation(
    name="credential.show",
    summary="Show one credential and where it was tried.",
    args=CredentialArgs,
    result=CredentialDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/credentials/{id}"),
    examples=("decnetctl credential show ID",),
)


@frozen(kw_only=True)
class ArtifactRow:
    """One file peers brought, by its content."""

    sha256: str
    size: int
    first_seen: float
    last_seen: float
    count: int


@frozen(kw_only=True)
class ArtifactListArgs:
    """Which artifacts."""

    q: str | None = matching("Only digests that begin with this.")
    since: float | None = moment("Seen since this time.")
    limit: int = limit("Artifacts at most.")
    cursor: str | None = cursor()


ARTIFACT_LIST = Operation(
    name="artifact.list",
    summary="List the files peers brought, the last seen first.",
    args=ArtifactListArgs,
    result=Page[ArtifactRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/artifacts"),
    examples=("decnetctl artifact list",),
    columns=("sha256", "size", "first_seen", "last_seen", "count"),
)

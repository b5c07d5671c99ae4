"""This module defines the operations on lifecycle operations: which there are, and how one goes."""

from attrs import field, frozen, validators

from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.contracts.operations import Mode, Operation, Page, Role, Route, about

MAX_LIMIT = 1000
MAX_ID = 64  # characters


@frozen(kw_only=True)
class LifecycleListArgs:
    """Which part of the list."""

    limit: int = field(
        default=100, validator=[validators.ge(1), validators.le(MAX_LIMIT)], metadata=about("Rows at most.")
    )
    cursor: str | None = field(
        default=None,
        validator=validators.optional(validators.max_len(MAX_ID)),
        metadata=about("Where the page before this one ended."),
    )


@frozen(kw_only=True)
class LifecycleArgs:
    """Which lifecycle operation."""

    id: str = field(validator=validators.max_len(MAX_ID), metadata=about("Its id.", positional=True))


OPERATION_LIST = Operation(
    name="operation.list",
    summary="List what was asked of the deckies, newest first, and whether it is done.",
    args=LifecycleListArgs,
    result=Page[Lifecycle],
    role=Role.VIEWER,
    route=Route(method="GET", path="/operations"),
    examples=("decnetctl operation list",),
    columns=("id", "kind", "state", "done", "total", "author", "requested", "error"),
)
OPERATION_SHOW = Operation(
    name="operation.show",
    summary="Show one operation on the fleet: who wanted it, where it stands and what became of each decky.",
    args=LifecycleArgs,
    result=Lifecycle,
    role=Role.VIEWER,
    route=Route(method="GET", path="/operations/{id}"),
    examples=("decnetctl operation show 0199f0c2a7d47b3e8d5c6f1a2b3c4d5e",),
)
OPERATION_FOLLOW = Operation(
    name="operation.follow",
    summary="Follow one operation on the fleet to its end; the last answer says what became of each decky.",
    args=LifecycleArgs,
    result=Lifecycle,
    role=Role.VIEWER,
    mode=Mode.STREAM,
    route=Route(method="GET", path="/operations/{id}/follow"),
    examples=("decnetctl operation follow 0199f0c2a7d47b3e8d5c6f1a2b3c4d5e",),
)

"""This module defines the operations on accounts: users, API tokens and the audit log.

Imports attrs and the operation classes only, so the command line stays light; handlers are in ``web.accounts``.
"""

from attrs import field, frozen, validators

from decnet_actors.contracts.operations import Audit, Nothing, Operation, Page, Role, Route, about

MAX_LIMIT = 1000


# --- users ------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class UserRow:
    """Somebody who may sign in. Times are Unix seconds."""

    name: str
    role: Role
    disabled: bool
    created: float
    last_login: float | None = None


@frozen(kw_only=True)
class NewUser(UserRow):
    """A user with a password that was made for them; it is shown this once."""

    password: str = field(default="", repr=False)


@frozen(kw_only=True)
class UserArgs:
    """Which user."""

    name: str = field(metadata=about("Name of the user.", positional=True))


@frozen(kw_only=True)
class UserAddArgs(UserArgs):
    """Whom to add."""

    role: Role = field(default=Role.VIEWER, metadata=about("viewer, analyst or admin."))
    password: str = field(
        default="", repr=False, metadata=about("Password; one is made and shown once when empty.", secret=True)
    )


@frozen(kw_only=True)
class UserPasswordArgs(UserArgs):
    """Whose password."""

    password: str = field(
        default="", repr=False, metadata=about("New password; one is made and shown once when empty.", secret=True)
    )


@frozen(kw_only=True)
class UserRoleArgs(UserArgs):
    """Whose role."""

    role: Role = field(metadata=about("viewer, analyst or admin.", positional=True))


@frozen(kw_only=True)
class UserDisableArgs(UserArgs):
    """Whom to lock out or let in again."""

    disabled: bool = field(default=True, metadata=about("False lets the user in again."))


@frozen(kw_only=True)
class SetupUrl:
    """The one-time link with which the first administrator is created."""

    url: str = field(repr=False)
    valid: float  # seconds


_USER_COLUMNS = ("name", "role", "disabled", "created", "last_login")

USER_LIST = Operation(
    name="user.list",
    summary="List who may sign in to the console.",
    args=Nothing,
    result=Page[UserRow],
    role=Role.ADMIN,
    route=Route(method="GET", path="/users"),
    examples=("decnetctl user list", "decnetctl user list -o json"),
    columns=_USER_COLUMNS,
)
USER_ADD = Operation(
    name="user.add",
    summary="Add somebody who may sign in to the console.",
    args=UserAddArgs,
    result=NewUser,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/users"),
    examples=("decnetctl user add ana --role admin", "decnetctl user add bo --role analyst"),
    columns=("name", "role", "password"),
)
USER_RESET_PASSWORD = Operation(
    name="user.reset-password",
    summary="Give a user a new password and end their sessions.",
    args=UserPasswordArgs,
    result=NewUser,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/users/{name}:reset-password"),
    examples=("decnetctl user reset-password ana",),
    columns=("name", "password"),
)
USER_DISABLE = Operation(
    name="user.disable",
    summary="Lock a user out and end their sessions; nothing they did is forgotten.",
    args=UserDisableArgs,
    result=UserRow,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/users/{name}:disable"),
    examples=("decnetctl user disable bo",),
    columns=_USER_COLUMNS,
)
USER_ROLE = Operation(
    name="user.role",
    summary="Change what a user may do.",
    args=UserRoleArgs,
    result=UserRow,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/users/{name}:role"),
    examples=("decnetctl user role bo analyst",),
    columns=_USER_COLUMNS,
)
USER_SETUP_LINK = Operation(
    name="user.setup-link",
    summary="Make a new one-time link with which the first administrator is created in a browser.",
    args=Nothing,
    result=SetupUrl,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=None,
    examples=("decnetctl user setup-link",),
    columns=("url", "valid"),
    exempt={"rest": "whoever could call it over the web is an administrator already"},
)

# --- API tokens -------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class TokenRow:
    """A machine's key, without the key. Times are Unix seconds."""

    id: str
    name: str
    role: Role
    created: float
    created_by: str
    expires: float | None = None
    last_used: float | None = None


@frozen(kw_only=True)
class NewToken(TokenRow):
    """A new key; it is shown this once."""

    token: str = field(repr=False)


@frozen(kw_only=True)
class TokenCreateArgs:
    """What the token is for and may do."""

    name: str = field(
        metadata=about("What the token is for.", positional=True),
        validator=[validators.min_len(1), validators.max_len(64)],
    )
    role: Role = field(default=Role.VIEWER, metadata=about("At most your own role."))
    days: float = field(
        default=90.0,
        validator=[validators.ge(0), validators.le(36_500)],
        metadata=about("Days until it expires; 0 never."),
    )


@frozen(kw_only=True)
class TokenArgs:
    """Which token."""

    id: str = field(metadata=about("Id of the token, as `api-token list` shows it.", positional=True))


_TOKEN_COLUMNS = ("id", "name", "role", "created_by", "expires", "last_used")

API_TOKEN_LIST = Operation(
    name="api-token.list",
    summary="List the keys of machines.",
    args=Nothing,
    result=Page[TokenRow],
    role=Role.ADMIN,
    route=Route(method="GET", path="/api-tokens"),
    examples=("decnetctl api-token list",),
    columns=_TOKEN_COLUMNS,
)
API_TOKEN_SHOW = Operation(
    name="api-token.show",
    summary="Show what is known of a machine's key; the key itself is kept nowhere.",
    args=TokenArgs,
    result=TokenRow,
    role=Role.ADMIN,
    route=Route(method="GET", path="/api-tokens/{id}"),
    examples=("decnetctl api-token show 3f9a12c04b7e",),
    columns=_TOKEN_COLUMNS,
)
API_TOKEN_CREATE = Operation(
    name="api-token.create",
    summary="Make a key for a machine; it is shown once.",
    args=TokenCreateArgs,
    result=NewToken,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/api-tokens"),
    examples=("decnetctl api-token create siem --role viewer --days 365",),
    columns=("id", "token"),
)
API_TOKEN_REVOKE = Operation(
    name="api-token.revoke",
    summary="Make a machine's key worthless at once.",
    args=TokenArgs,
    result=Nothing,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="DELETE", path="/api-tokens/{id}"),
    examples=("decnetctl api-token revoke 3f9a12c04b7e",),
)

# --- audit ------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class AuditItem:
    """One audited call. ``arguments`` is JSON without secrets."""

    number: int
    time: float
    caller: str
    via: str
    address: str
    operation: str
    arguments: str
    outcome: str


@frozen(kw_only=True)
class AuditListArgs:
    """Which part of the log."""

    limit: int = field(
        default=100,
        validator=[validators.ge(1), validators.le(MAX_LIMIT)],
        metadata=about("Rows at most."),
    )
    cursor: str | None = field(default=None, metadata=about("Where the page before this one ended."))


AUDIT_LIST = Operation(
    name="audit.list",
    summary="List who did what, newest first.",
    args=AuditListArgs,
    result=Page[AuditItem],
    role=Role.ADMIN,
    route=Route(method="GET", path="/audit"),
    examples=("decnetctl audit list", "decnetctl audit list --limit 1000 -o jsonl"),
    columns=("time", "caller", "via", "operation", "outcome"),
)

OPERATIONS = (
    USER_LIST,
    USER_ADD,
    USER_RESET_PASSWORD,
    USER_DISABLE,
    USER_ROLE,
    USER_SETUP_LINK,
    API_TOKEN_LIST,
    API_TOKEN_SHOW,
    API_TOKEN_CREATE,
    API_TOKEN_REVOKE,
    AUDIT_LIST,
)

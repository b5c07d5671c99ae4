"""This module defines the account store port: who may use the console, what they hold, and what they did."""

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen

from decnet_actors.contracts.operations import Role


@frozen(kw_only=True)
class User:
    """Somebody who may sign in. ``password_hash`` is an argon2id string, empty while none is set."""

    name: str
    role: Role
    created: float
    disabled: bool = False
    last_login: float | None = None
    password_hash: str = field(default="", repr=False)


@frozen(kw_only=True)
class WebSession:
    """A signed-in browser. ``digest`` is the SHA-256 of the cookie's value; the value itself is kept nowhere."""

    digest: bytes = field(repr=False)
    user: str
    created: float
    last_seen: float
    expires: float
    address: str
    user_agent: str


@frozen(kw_only=True)
class ApiToken:
    """A machine's key. ``digest`` is the SHA-256 of the token; the token itself is shown once and kept nowhere."""

    id: str
    digest: bytes = field(repr=False)
    name: str
    role: Role
    created: float
    created_by: str
    expires: float | None = None
    last_used: float | None = None


@frozen(kw_only=True)
class AuditRow:
    """One audited call; ``arguments`` is JSON without secrets. Rows are hash-chained by the store."""

    time: float
    caller: str
    via: str
    address: str
    operation: str
    arguments: str
    outcome: str  # "ok" or an error code


class AccountStore(Protocol):
    """Keeps accounts. Names are unique; ``add_*`` raises ``ValueError`` when a name is taken.

    ``get_*`` return ``None`` for what does not exist; ``remove_*`` and ``change_*`` return whether it existed.
    """

    async def users(self) -> Sequence[User]: ...
    async def get_user(self, name: str) -> User | None: ...
    async def add_user(self, user: User) -> None: ...
    async def change_user(self, user: User) -> bool: ...
    async def add_session(self, session: WebSession) -> None: ...
    async def get_session(self, digest: bytes) -> WebSession | None: ...
    async def touch_session(self, digest: bytes, last_seen: float) -> None: ...
    async def remove_sessions(self, user: str, *, digest: bytes | None = None) -> int:
        """Remove one session (``digest``) or all of a user; return how many."""

    async def tokens(self) -> Sequence[ApiToken]: ...
    async def get_token(self, digest: bytes) -> ApiToken | None: ...
    async def add_token(self, token: ApiToken) -> None: ...
    async def remove_token(self, token_id: str) -> bool: ...
    async def touch_token(self, token_id: str, last_used: float) -> None: ...
    async def add_audit(self, row: AuditRow) -> None: ...
    async def audit(self, *, before: int | None = None, limit: int = 100) -> Sequence[tuple[int, AuditRow]]:
        """Return audit rows newest first with their numbers."""

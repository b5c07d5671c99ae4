"""This module knows who is at the door: signs people in and out, and recognises sessions and tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from attrs import evolve, frozen

from decnet_actors.contracts.accounts import AccountStore, AuditRow, User, WebSession
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.web.allowance import Allowance, Buckets
from decnet_actors.web.passwords import Hasher, faults
from decnet_actors.web.problems import INVALID, NOT_SIGNED_IN, TooManyRequestsError
from decnet_actors.web.settings import WebSettings
from decnet_actors.web.setup_link import SetupLink
from decnet_actors.web.throttle import Throttle
from decnet_actors.web.tokens import TOKEN_PREFIX, digest, new_secret

TOUCH_EVERY = 60.0  # seconds; a session's last use is written at most this often
MAX_USER_AGENT = 200  # characters kept
MAX_NAME = 64  # characters of a user name
MAX_PASSWORD_READ = 1024  # characters of a password that are hashed to compare; the longest one has MAX_LENGTH
HASHED_AT_ONCE = 2
MAX_CHECKING = 16  # passwords being checked or waiting for it; more are turned away
TOKEN_REQUESTS = 600  # a token may make in TOKEN_WINDOW
TOKEN_WINDOW = 60.0  # seconds
MAX_SECRET = 256  # characters of a cookie or token we look at

T = TypeVar("T")


class Offload(Protocol):
    """Runs a slow function off the loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class Times(Protocol):
    """The clock: ``now`` in Unix seconds, ``monotonic`` for durations."""

    def now(self) -> float: ...
    def monotonic(self) -> float: ...


@frozen(kw_only=True)
class Visitor:
    """Where a request comes from."""

    address: str
    user_agent: str = ""


@frozen(kw_only=True)
class SignedIn:
    """A new session: ``secret`` goes into the cookie and is kept nowhere."""

    secret: str
    session: WebSession
    role: Role


class Doorkeeper:
    """Decides who a request comes from.

    Args:
        accounts: who exists.
        settings: lengths and times.
        clock: both clocks.
        offload: where passwords are hashed.
        hasher: how.

    """

    def __init__(
        self, *, accounts: AccountStore, settings: WebSettings, clock: Times, offload: Offload, hasher: Hasher
    ) -> None:
        self.accounts = accounts
        self.settings = settings
        self.setup_link = SetupLink(clock.monotonic, settings.setup_valid)
        self._clock = clock
        self._offload = offload
        self._hasher = hasher
        self._by_address = Throttle(longest=900.0)
        self._by_user = Throttle(longest=60.0)
        self._by_token = Buckets(limit=TOKEN_REQUESTS, window=TOKEN_WINDOW)
        self._slots = asyncio.Semaphore(HASHED_AT_ONCE)
        self._checking = 0
        self.admin_created: Callable[[], None] = _nothing

    async def has_admin(self) -> bool:
        """Return whether somebody can administer; while nobody can, the set-up link works."""
        return any(user.role is Role.ADMIN and not user.disabled for user in await self.accounts.users())

    async def hash(self, password: str) -> str:
        """Return a new password's hash."""
        return await self._offload(lambda: self._hasher.hash(password))

    def check_password(self, user: str, password: str) -> None:
        """Refuse a weak new password with DN5001."""
        if found := faults(password, minimum=self.settings.min_password, words=(user,)):
            raise OperatorError(
                INVALID, "The password is not accepted.", fix=("choose a longer, unusual phrase",), errors=found
            )

    async def sign_in(self, name: str, password: str, visitor: Visitor) -> SignedIn:
        """Check a password and open a session.

        Raises:
            OperatorError: DN4001 wrong name or password, DN4029 too many of them.

        """
        now = self._clock.monotonic()
        wait = max(self._by_address.wait(visitor.address, now), self._by_user.wait(name, now))
        if wait > 0:
            raise TooManyRequestsError("There were too many attempts to sign in", wait)
        # Counted before it is checked: guesses made at the same time must not all be the first.
        self._by_address.failed(visitor.address, now)
        self._by_user.failed(name, now)
        user = await self.accounts.get_user(name) if len(name) <= MAX_NAME else None
        fits = await self._fits(user.password_hash if user else "", password)
        if user is None or user.disabled or not fits:
            await self._note("auth.login", name if user else "?", visitor, NOT_SIGNED_IN.code)
            raise OperatorError(NOT_SIGNED_IN, "The user name or the password is wrong.", fix=("check both and retry",))
        self._by_address.succeeded(visitor.address)
        self._by_user.succeeded(name)
        return await self._open(user, visitor)

    async def set_up(self, token: str, name: str, password: str, visitor: Visitor) -> SignedIn:
        """Create the first administrator with the one-time token and open a session."""
        now = self._clock.monotonic()
        if (wait := self._by_address.wait(visitor.address, now)) > 0:
            raise TooManyRequestsError("There were too many attempts", wait)
        ticket = b"" if await self.has_admin() else self.setup_link.take(token)
        if not ticket:
            self._by_address.failed(visitor.address, now)
            raise OperatorError(
                NOT_SIGNED_IN,
                "The set-up link is used, expired or wrong.",
                fix=("decnetctl user setup-link", "decnetctl user add NAME --role admin"),
            )
        try:
            check_name(name)
            self.check_password(name, password)
            user = User(name=name, role=Role.ADMIN, created=self._clock.now(), password_hash=await self.hash(password))
            await self.accounts.add_user(user)
        except ValueError as error:
            self.setup_link.give_back(ticket)
            raise OperatorError(CATALOGUE["DN4009"], f"There is a user {name} already.") from error
        except OperatorError:
            self.setup_link.give_back(ticket)
            raise
        await self._note("auth.setup", name, visitor, "ok")
        self.admin_created()
        return await self._open(user, visitor)

    async def sign_out(self, secret: str, caller: Caller, visitor: Visitor) -> None:
        """Close the session of this cookie."""
        await self.accounts.remove_sessions(caller.name, digest=digest(secret))
        await self._note("auth.logout", caller.name, visitor, "ok")

    async def change_password(self, caller: Caller, current: str, new: str, visitor: Visitor) -> SignedIn:
        """Change one's own password, end every session, and open a new one."""
        user = await self.accounts.get_user(caller.name)
        now = self._clock.monotonic()
        if (wait := self._by_user.wait(caller.name, now)) > 0:
            raise TooManyRequestsError("There were too many attempts", wait)
        self._by_user.failed(caller.name, now)  # before the check, as in ``sign_in``
        if user is None or not await self._fits(user.password_hash, current):
            await self._note("auth.password", caller.name, visitor, NOT_SIGNED_IN.code)
            raise OperatorError(INVALID, "The current password is wrong.", errors=("/current: does not match",))
        self._by_user.succeeded(caller.name)
        self.check_password(caller.name, new)
        changed = evolve(user, password_hash=await self.hash(new))
        await self.accounts.change_user(changed)
        await self.accounts.remove_sessions(caller.name)
        await self._note("auth.password", caller.name, visitor, "ok")
        return await self._open(changed, visitor)

    async def by_cookie(self, secret: str, visitor: Visitor, *, touch: bool = True) -> tuple[Caller, WebSession] | None:
        """Return who a session cookie belongs to, or ``None``."""
        if not secret or len(secret) > MAX_SECRET:
            return None
        key = digest(secret)
        session = await self.accounts.get_session(key)
        if session is None:
            return None
        now = self._clock.now()
        user = await self.accounts.get_user(session.user)
        idle = now - session.last_seen > self.settings.session_idle
        if idle or now > session.expires or user is None or user.disabled:
            await self.accounts.remove_sessions(session.user, digest=key)
            return None
        if touch and now - session.last_seen > TOUCH_EVERY:
            await self.accounts.touch_session(key, now)
        return Caller(name=user.name, role=user.role, via="web", address=visitor.address), session

    async def by_token(self, token: str, visitor: Visitor) -> Caller | None:
        """Return who an API token belongs to, or ``None``."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > MAX_SECRET:
            return None
        found = await self.accounts.get_token(digest(token))
        now = self._clock.now()
        if found is None or (found.expires is not None and now > found.expires):
            return None
        if found.last_used is None or now - found.last_used > TOUCH_EVERY:
            await self.accounts.touch_token(found.id, now)
        return Caller(name=f"token:{found.name}", role=found.role, via="token", address=visitor.address)

    def spend(self, caller: Caller) -> Allowance | None:
        """Count a request of a machine; ``None`` for a person, whose browser sets the pace."""
        return self._by_token.spend(caller.name, self._clock.monotonic()) if caller.via == "token" else None

    async def _fits(self, password_hash: str, password: str) -> bool:
        """Check a password, a few at a time: each costs 64 MiB and a good part of a core."""
        if self._checking >= MAX_CHECKING:
            raise TooManyRequestsError("Too many people sign in at this moment", 2.0)
        self._checking += 1
        try:
            async with self._slots:
                return await self._offload(lambda: self._hasher.fits(password_hash, password[:MAX_PASSWORD_READ]))
        finally:
            self._checking -= 1

    async def _open(self, user: User, visitor: Visitor) -> SignedIn:
        secret, now = new_secret(), self._clock.now()
        session = WebSession(
            digest=digest(secret),
            user=user.name,
            created=now,
            last_seen=now,
            expires=now + self.settings.session_max,
            address=visitor.address,
            user_agent=visitor.user_agent[:MAX_USER_AGENT],
        )
        await self.accounts.add_session(session)
        await self.accounts.change_user(evolve(user, last_login=now))
        await self._note("auth.login", user.name, visitor, "ok")
        return SignedIn(secret=secret, session=session, role=user.role)

    async def _note(self, operation: str, name: str, visitor: Visitor, outcome: str) -> None:
        await self.accounts.add_audit(
            AuditRow(
                time=self._clock.now(),
                caller=name,
                via="web",
                address=visitor.address,
                operation=operation,
                arguments="{}",
                outcome=outcome,
            )
        )


def _nothing() -> None:
    """Tell nobody."""


def check_name(name: str) -> None:
    """Refuse a user name that is empty, long or hard to type, with DN5001."""
    if not name or len(name) > MAX_NAME or not all(c.isalnum() or c in "._-@" for c in name):
        raise OperatorError(
            INVALID,
            "The user name is not accepted.",
            errors=(f"/user: letters, digits and . _ - @ only, 1 to {MAX_NAME} characters",),
        )

"""This module serves signing in and out, the set-up link, and what the browser may do."""

from collections.abc import Mapping

from aiohttp import web
from attrs import field, frozen

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Mode, Nothing, Role
from decnet_actors.web.addresses import Access, Address, Answer
from decnet_actors.web.bodies import read_as, reply
from decnet_actors.web.doorkeeper import SignedIn
from decnet_actors.web.identity import Identity
from decnet_actors.web.problems import FORBIDDEN


@frozen(kw_only=True)
class Login:
    """What the sign-in form sends."""

    user: str
    password: str = field(repr=False)


@frozen(kw_only=True)
class Setup:
    """What the set-up form sends."""

    token: str = field(repr=False)
    user: str
    password: str = field(repr=False)


@frozen(kw_only=True)
class NewPassword:
    """What the password form sends."""

    current: str = field(repr=False)
    password: str = field(repr=False)


@frozen(kw_only=True)
class Reach:
    """Where an operation that the caller may call lives."""

    method: str
    path: str
    stream: bool


@frozen(kw_only=True)
class Session:
    """Who is signed in, until when (Unix seconds), and what they may call, by the operation's name."""

    user: str
    role: Role
    expires: float | None
    min_password: int
    operations: Mapping[str, Reach]


@frozen(kw_only=True)
class NoSession:
    """Nobody is signed in; ``setup`` tells whether the first administrator is still to be created."""

    user: None = None
    setup: bool


_WELCOME = {"200": Answer(help="Signed in; the cookie is the session", shapes=(Session,))}
_FORM = ("403", "422", "429", "500")


class AuthRoutes:
    """Handlers under ``/api/v1/auth`` and ``/api/v1/setup``."""

    def __init__(self, identity: Identity, table: OperationTable) -> None:
        self._identity = identity
        self._door = identity.doorkeeper
        self._table = table

    def addresses(self) -> tuple[Address, ...]:
        """Return what is answered here."""
        return (
            Address(
                method="POST",
                path="/api/v1/auth/login",
                handler=self.login,
                name="auth.login",
                summary="Sign in with a password.",
                access=Access.ANYONE,
                body=Login,
                answers=_WELCOME,
                refusals=("401", *_FORM),
            ),
            Address(
                method="POST",
                path="/api/v1/auth/logout",
                handler=self.logout,
                name="auth.logout",
                summary="Close this browser's session.",
                access=Access.SIGNED_IN,
                answers={"200": Answer(help="Signed out", shapes=(Nothing,))},
                refusals=("401", "403", "429", "500"),
            ),
            Address(
                method="POST",
                path="/api/v1/auth/password",
                handler=self.password,
                name="auth.password",
                summary="Change one's own password; every other browser is signed out.",
                access=Access.SIGNED_IN,
                body=NewPassword,
                answers=_WELCOME,
                refusals=("401", *_FORM),
            ),
            Address(
                method="GET",
                path="/api/v1/auth/session",
                handler=self.session,
                name="auth.session",
                summary="Tell who is signed in and what they may call.",
                access=Access.EITHER,
                answers={"200": Answer(help="Who it is", shapes=(Session, NoSession))},
                refusals=("500",),
            ),
            Address(
                method="POST",
                path="/api/v1/setup",
                handler=self.set_up,
                name="auth.setup",
                summary="Create the first administrator with the token of the one-time link, and sign in.",
                access=Access.ANYONE,
                body=Setup,
                answers=_WELCOME,
                refusals=("401", "409", *_FORM),
            ),
        )

    async def login(self, request: web.Request) -> web.Response:
        """Sign in with a password."""
        body = await read_as(request, Login, operation="auth.login")
        signed_in = await self._door.sign_in(body.user, body.password, self._identity.visitor(request))
        return self._welcome(request, signed_in)

    async def set_up(self, request: web.Request) -> web.Response:
        """Create the first administrator."""
        body = await read_as(request, Setup, operation="auth.setup")
        signed_in = await self._door.set_up(body.token, body.user, body.password, self._identity.visitor(request))
        return self._welcome(request, signed_in)

    async def logout(self, request: web.Request) -> web.Response:
        """Close this browser's session."""
        caller = await self._identity.require(request)
        if caller.via == "web":
            await self._door.sign_out(self._identity.secret(request), caller, self._identity.visitor(request))
        return self._identity.farewell(reply({}))

    async def password(self, request: web.Request) -> web.Response:
        """Change one's own password; every other browser is signed out."""
        caller = await self._identity.require(request)
        if caller.via != "web":
            raise OperatorError(FORBIDDEN, "A token has no password.")
        body = await read_as(request, NewPassword, operation="auth.password")
        visitor = self._identity.visitor(request)
        return self._welcome(request, await self._door.change_password(caller, body.current, body.password, visitor))

    async def session(self, request: web.Request) -> web.Response:
        """Tell who is signed in and what they may call; also while nobody is, so that a page need not fail."""
        caller, expires = await self._identity.find(request)
        if caller is None:
            return reply(NoSession(setup=not await self._door.has_admin()))
        return reply(self._session(caller, expires))

    def _welcome(self, request: web.Request, signed_in: SignedIn) -> web.Response:
        caller = Caller(name=signed_in.session.user, role=signed_in.role, via="web", address=request.remote or "")
        return self._identity.welcome(reply(self._session(caller, signed_in.session.expires)), signed_in)

    def _session(self, caller: Caller, expires: float | None) -> Session:
        allowed = {
            operation.name: Reach(
                method=operation.route.method,
                path=f"/api/v1{operation.route.path}",
                stream=operation.mode is Mode.STREAM,
            )
            for operation in self._table.operations()
            if operation.route is not None and caller.role.includes(operation.role)
        }
        return Session(
            user=caller.name,
            role=caller.role,
            expires=expires,
            min_password=self._door.settings.min_password,
            operations=allowed,
        )

"""This module answers the operations on users, API tokens and the audit log."""

from collections.abc import Callable

from attrs import evolve

from decnet_actors.contracts.accounts import ApiToken, AuditRow, User
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Nothing, Page, Role
from decnet_actors.web import operations as ops
from decnet_actors.web.doorkeeper import Doorkeeper, check_name
from decnet_actors.web.problems import FORBIDDEN, INVALID
from decnet_actors.web.tokens import digest, new_api_token, new_id, new_secret

DAY = 86_400.0
LOCAL_VIA = frozenset({"control", "local"})


class Accounts:
    """Handlers of the account operations.

    Args:
        doorkeeper: who hashes and checks passwords.
        now: Unix seconds.
        base_url: how browsers reach the console, for the set-up link.

    """

    def __init__(self, doorkeeper: Doorkeeper, now: Callable[[], float], base_url: Callable[[], str]) -> None:
        self._door = doorkeeper
        self._store = doorkeeper.accounts
        self._now = now
        self._base_url = base_url

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.USER_LIST, self.list_users)
        table.bind(ops.USER_ADD, self.add_user)
        table.bind(ops.USER_RESET_PASSWORD, self.reset_password)
        table.bind(ops.USER_DISABLE, self.disable_user)
        table.bind(ops.USER_ROLE, self.change_role)
        table.bind(ops.USER_SETUP_LINK, self.new_setup_link)
        table.bind(ops.API_TOKEN_LIST, self.list_tokens)
        table.bind(ops.API_TOKEN_SHOW, self.show_token)
        table.bind(ops.API_TOKEN_CREATE, self.create_token)
        table.bind(ops.API_TOKEN_REVOKE, self.revoke_token)
        table.bind(ops.AUDIT_LIST, self.list_audit)

    async def list_users(self, args: Nothing, caller: Caller) -> Page[ops.UserRow]:
        """Answer user.list."""
        del args, caller
        users = sorted(await self._store.users(), key=lambda user: user.name)
        return Page(items=[_row(user) for user in users])

    async def add_user(self, args: ops.UserAddArgs, caller: Caller) -> ops.NewUser:
        """Answer user.add."""
        del caller
        check_name(args.name)
        password, shown = self._password(args.name, args.password)
        user = User(name=args.name, role=args.role, created=self._now(), password_hash=await self._door.hash(password))
        try:
            await self._store.add_user(user)
        except ValueError as error:
            raise OperatorError(
                CATALOGUE["DN4009"],
                f"There is a user {args.name} already.",
                fix=(f"decnetctl user role {args.name} ROLE", f"decnetctl user reset-password {args.name}"),
            ) from error
        if user.role is Role.ADMIN:
            self._door.admin_created()
        return _new(user, shown)

    async def reset_password(self, args: ops.UserPasswordArgs, caller: Caller) -> ops.NewUser:
        """Answer user.reset-password."""
        del caller
        user = await self._user(args.name)
        password, shown = self._password(args.name, args.password)
        user = evolve(user, password_hash=await self._door.hash(password))
        await self._store.change_user(user)
        await self._store.remove_sessions(args.name)
        return _new(user, shown)

    async def disable_user(self, args: ops.UserDisableArgs, caller: Caller) -> ops.UserRow:
        """Answer user.disable."""
        user = await self._user(args.name)
        if args.disabled:
            await self._keep_an_admin(user, caller)
            await self._store.remove_sessions(args.name)
        user = evolve(user, disabled=args.disabled)
        await self._store.change_user(user)
        return _row(user)

    async def change_role(self, args: ops.UserRoleArgs, caller: Caller) -> ops.UserRow:
        """Answer user.role."""
        user = await self._user(args.name)
        if args.role is not Role.ADMIN:
            await self._keep_an_admin(user, caller)
        user = evolve(user, role=args.role)
        await self._store.change_user(user)
        return _row(user)

    async def new_setup_link(self, args: Nothing, caller: Caller) -> ops.SetupUrl:
        """Answer user.setup-link."""
        del args
        if caller.via not in LOCAL_VIA:
            raise OperatorError(FORBIDDEN, "A set-up link is made on the machine itself.")
        if await self._door.has_admin():
            raise OperatorError(
                CATALOGUE["DN4010"],
                "An administrator exists already, so a set-up link would do nothing.",
                fix=("decnetctl user reset-password NAME", "decnetctl user add NAME --role admin"),
            )
        return ops.SetupUrl(url=self.setup_url(), valid=self._door.settings.setup_valid)

    def setup_url(self) -> str:
        """Return a fresh set-up link; the token is in the fragment, which browsers send nobody."""
        return f"{self._base_url()}/setup#{self._door.setup_link.issue()}"

    async def list_tokens(self, args: Nothing, caller: Caller) -> Page[ops.TokenRow]:
        """Answer api-token.list."""
        del args, caller
        tokens = sorted(await self._store.tokens(), key=lambda token: token.created)
        return Page(items=[_token(token) for token in tokens])

    async def show_token(self, args: ops.TokenArgs, caller: Caller) -> ops.TokenRow:
        """Answer api-token.show."""
        del caller
        token = next((token for token in await self._store.tokens() if token.id == args.id), None)
        if token is None:
            raise _no_such_token()
        return _token(token)

    async def create_token(self, args: ops.TokenCreateArgs, caller: Caller) -> ops.NewToken:
        """Answer api-token.create."""
        if not caller.role.includes(args.role):
            raise OperatorError(FORBIDDEN, f"A {caller.role} cannot make a token with the role {args.role}.")
        secret, now = new_api_token(), self._now()
        token = ApiToken(
            id=new_id(),
            digest=digest(secret),
            name=args.name,
            role=args.role,
            created=now,
            created_by=caller.name,
            expires=now + args.days * DAY if args.days else None,
        )
        try:
            await self._store.add_token(token)
        except ValueError as error:
            raise OperatorError(
                CATALOGUE["DN4009"], f"There is a token {args.name} already.", fix=("decnetctl api-token list",)
            ) from error
        return ops.NewToken(
            id=token.id,
            name=token.name,
            role=token.role,
            created=token.created,
            created_by=token.created_by,
            expires=token.expires,
            token=secret,
        )

    async def revoke_token(self, args: ops.TokenArgs, caller: Caller) -> Nothing:
        """Answer api-token.revoke."""
        del caller
        if not await self._store.remove_token(args.id):
            raise _no_such_token()
        return Nothing()

    async def list_audit(self, args: ops.AuditListArgs, caller: Caller) -> Page[ops.AuditItem]:
        """Answer audit.list."""
        del caller
        if args.cursor is not None and not (args.cursor.isascii() and args.cursor.isdecimal()):
            raise OperatorError(INVALID, "The cursor is not one of ours.", errors=("/cursor: is not a cursor",))
        before = int(args.cursor) if args.cursor else None
        rows = await self._store.audit(before=before, limit=args.limit)
        return Page(
            items=[_audited(number, row) for number, row in rows],
            next=str(rows[-1][0]) if len(rows) == args.limit else None,
        )

    def _password(self, name: str, given: str) -> tuple[str, str]:
        """Return the password to set, and the one to show: a made one only."""
        if given:
            self._door.check_password(name, given)
            return given, ""
        made = new_secret()
        return made, made

    async def _user(self, name: str) -> User:
        user = await self._store.get_user(name)
        if user is None:
            raise OperatorError(CATALOGUE["DN3001"], "No user has that name.", fix=("decnetctl user list",))
        return user

    async def _keep_an_admin(self, user: User, caller: Caller) -> None:
        """Refuse what would leave nobody who can administer, or lock the caller out."""
        others = [
            other
            for other in await self._store.users()
            if other.role is Role.ADMIN and not other.disabled and other.name != user.name
        ]
        if user.role is Role.ADMIN and not user.disabled and not others:
            raise OperatorError(
                CATALOGUE["DN4010"],
                f"{user.name} is the only administrator.",
                fix=("decnetctl user add NAME --role admin",),
            )
        if caller.via == "web" and caller.name == user.name:
            raise OperatorError(CATALOGUE["DN4010"], "Ask another administrator to change your own account.")


def _row(user: User) -> ops.UserRow:
    return ops.UserRow(
        name=user.name, role=user.role, disabled=user.disabled, created=user.created, last_login=user.last_login
    )


def _token(token: ApiToken) -> ops.TokenRow:
    return ops.TokenRow(
        id=token.id,
        name=token.name,
        role=token.role,
        created=token.created,
        created_by=token.created_by,
        expires=token.expires,
        last_used=token.last_used,
    )


def _no_such_token() -> OperatorError:
    return OperatorError(CATALOGUE["DN3001"], "No API token has that id.", fix=("decnetctl api-token list",))


def _new(user: User, password: str) -> ops.NewUser:
    return ops.NewUser(
        name=user.name,
        role=user.role,
        disabled=user.disabled,
        created=user.created,
        last_login=user.last_login,
        password=password,
    )


def _audited(number: int, row: AuditRow) -> ops.AuditItem:
    return ops.AuditItem(
        number=number,
        time=row.time,
        caller=row.caller,
        via=row.via,
        address=row.address,
        operation=row.operation,
        arguments=row.arguments,
        outcome=row.outcome,
    )

"""This module keeps accounts, browser sessions, tokens and the audit log (``contracts.accounts.AccountStore``)."""

import asyncio
import hashlib
import json
from collections.abc import Sequence

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.accounts import ApiToken, AuditRow, User, WebSession
from decnet_actors.contracts.operations import Role
from decnet_actors.store.errors import BrokenChainError
from decnet_actors.store.tables import ADDRESS, NAME, api_token, audit, web_session, web_user
from decnet_actors.store.texts import storable

AUDIT_PAGE = 1000  # rows verified at a time
FIRST_LINK = "0" * 64  # what the first audit row is chained to


class Accounts:
    """Keeps accounts in the database. One per process: it numbers the audit rows."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._auditing = asyncio.Lock()

    async def users(self) -> Sequence[User]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(web_user).order_by(web_user.c.name))
            return tuple(_user(row) for row in rows)

    async def get_user(self, name: str) -> User | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(web_user).where(web_user.c.name == name))).first()
        return None if row is None else _user(row)

    async def add_user(self, user: User) -> None:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(web_user).values(name=user.name, created=user.created, **_state(user)))
        except IntegrityError as error:
            raise ValueError(f"there is a user {user.name} already") from error

    async def change_user(self, user: User) -> bool:
        async with self._engine.begin() as connection:
            found = await connection.execute(select(web_user.c.name).where(web_user.c.name == user.name))
            if found.first() is None:
                return False
            await connection.execute(update(web_user).where(web_user.c.name == user.name).values(**_state(user)))
        return True

    async def add_session(self, session: WebSession) -> None:
        values = {
            "digest": session.digest.hex(),
            "user": session.user,
            "created": session.created,
            "last_seen": session.last_seen,
            "expires": session.expires,
            "address": session.address[:ADDRESS],
            "user_agent": storable(session.user_agent),
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(web_session).values(values))

    async def get_session(self, digest: bytes) -> WebSession | None:
        async with self._engine.connect() as connection:
            found = await connection.execute(select(web_session).where(web_session.c.digest == digest.hex()))
            row = found.first()
        if row is None:
            return None
        return WebSession(
            digest=digest,
            user=row.user,
            created=row.created,
            last_seen=row.last_seen,
            expires=row.expires,
            address=row.address,
            user_agent=row.user_agent,
        )

    async def touch_session(self, digest: bytes, last_seen: float) -> None:
        change = update(web_session).where(web_session.c.digest == digest.hex()).values(last_seen=last_seen)
        async with self._engine.begin() as connection:
            await connection.execute(change)

    async def remove_sessions(self, user: str, *, digest: bytes | None = None) -> int:
        where = [web_session.c.user == user]
        if digest is not None:
            where.append(web_session.c.digest == digest.hex())
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(web_session).where(*where))).rowcount

    async def remove_expired_sessions(self, now: float) -> int:
        """Remove sessions whose time is over; return how many."""
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(web_session).where(web_session.c.expires <= now))).rowcount

    async def tokens(self) -> Sequence[ApiToken]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(api_token).order_by(api_token.c.created, api_token.c.id))
            return tuple(_token(row) for row in rows)

    async def get_token(self, digest: bytes) -> ApiToken | None:
        async with self._engine.connect() as connection:
            found = await connection.execute(select(api_token).where(api_token.c.digest == digest.hex()))
            row = found.first()
        return None if row is None else _token(row)

    async def add_token(self, token: ApiToken) -> None:
        values = {
            "id": token.id,
            "digest": token.digest.hex(),
            "name": token.name,
            "role": token.role.value,
            "created": token.created,
            "created_by": token.created_by,
            "expires": token.expires,
            "last_used": token.last_used,
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(api_token).values(values))
        except IntegrityError as error:
            raise ValueError(f"there is a token {token.name} already") from error

    async def remove_token(self, token_id: str) -> bool:
        async with self._engine.begin() as connection:
            removed = await connection.execute(delete(api_token).where(api_token.c.id == token_id))
        return removed.rowcount > 0

    async def touch_token(self, token_id: str, last_used: float) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(api_token).where(api_token.c.id == token_id).values(last_used=last_used))

    async def add_audit(self, row: AuditRow) -> None:
        """Append a row, chained to the one before it."""
        async with self._auditing, self._engine.begin() as connection:
            last = (await connection.execute(select(audit).order_by(audit.c.number.desc()).limit(1))).first()
            number, link = (1, FIRST_LINK) if last is None else (last.number + 1, last.chain)
            values = {
                "number": number,
                "time": row.time,
                "caller": storable(row.caller),
                "via": storable(row.via, 32),
                "address": storable(row.address, NAME),
                "operation": storable(row.operation, NAME),
                "arguments": storable(row.arguments),
                "outcome": storable(row.outcome, NAME),
            }
            await connection.execute(insert(audit).values(**values, chain=chain(link, values)))

    async def audit(self, *, before: int | None = None, limit: int = 100) -> Sequence[tuple[int, AuditRow]]:
        """Return audit rows newest first with their numbers."""
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.number < before)
        async with self._engine.connect() as connection:
            return tuple((row.number, _audit_row(row)) for row in await connection.execute(query))

    async def verify_audit(self) -> int:
        """Check the chain from its first row and return how many rows it has.

        Raises:
            BrokenChainError: a row was changed, removed or put in between; its number is given. What an attacker
                with the database cut off at the *end* cannot be seen here: compare the count with a backup's.

        """
        number, link = 0, FIRST_LINK
        while True:
            query = select(audit).where(audit.c.number > number).order_by(audit.c.number).limit(AUDIT_PAGE)
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).all()
            for row in rows:
                values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's documented name of it
                stored = values.pop("chain")
                link = chain(link, values)
                if row.number != number + 1 or stored != link:
                    raise BrokenChainError(number + 1)
                number += 1
            if len(rows) < AUDIT_PAGE:
                return number


def chain(link: str, values: dict[str, object]) -> str:
    """Return the SHA-256 over the link before and a row, as hex digits."""
    names = ("number", "time", "caller", "via", "address", "operation", "arguments", "outcome")
    return hashlib.sha256(json.dumps([link, *(values[name] for name in names)]).encode()).hexdigest()


def _state(user: User) -> dict[str, object]:
    return {
        "role": user.role.value,
        "disabled": user.disabled,
        "last_login": user.last_login,
        "password_hash": user.password_hash,
    }


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(
        name=row.name,
        role=Role(row.role),
        created=row.created,
        disabled=bool(row.disabled),
        last_login=row.last_login,
        password_hash=row.password_hash,
    )


def _token(row: Row[tuple[object, ...]]) -> ApiToken:
    return ApiToken(
        id=row.id,
        digest=bytes.fromhex(row.digest),
        name=row.name,
        role=Role(row.role),
        created=row.created,
        created_by=row.created_by,
        expires=row.expires,
        last_used=row.last_used,
    )


def _audit_row(row: Row[tuple[object, ...]]) -> AuditRow:
    return AuditRow(
        time=row.time,
        caller=row.caller,
        via=row.via,
        address=row.address,
        operation=row.operation,
        arguments=row.arguments,
        outcome=row.outcome,
    )

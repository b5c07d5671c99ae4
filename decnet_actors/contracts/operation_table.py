"""This module defines the operation table: where every surface calls operations by name.

It checks the role, structures the arguments, calls the bound handler, audits, and gives JSON-ready values back.

>>> table = OperationTable(audit=accounts.add_audit, now=clock.now)
>>> table.bind(SESSION_LIST, sessions.list)
>>> await table.call("session.list", {"limit": "10"}, caller)
{'items': [...], 'next': None}
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import attrs

from decnet_actors.contracts.accounts import AuditRow
from decnet_actors.contracts.arguments import did_you_mean, structure
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Audit, Caller, Handler, Mode, Nothing, Operation
from decnet_actors.domain.codec import plain
from decnet_actors.domain.text import escaped

A = TypeVar("A")
R = TypeVar("R")

Plain: TypeAlias = Any  # the shape of JSON
AnyOperation: TypeAlias = Operation[Any, Any]  # operations of many argument and result classes in one table

MAX_AUDITED_TEXT = 256  # characters of one argument kept in an audit row
MAX_AUDITED_ITEMS = 100  # of one sequence
MAX_NAME = 80  # characters of an unknown operation's name repeated in the error


class OperationTable:
    """Operations and their handlers, by name.

    Args:
        audit: keeps one row; ``None`` keeps none. An audited call whose row cannot be kept fails.
        now: Unix seconds.

    """

    def __init__(self, audit: Callable[[AuditRow], Awaitable[None]] | None, now: Callable[[], float]) -> None:
        self._audit = audit
        self._now = now
        self._bound: dict[str, tuple[AnyOperation, Handler]] = {}

    def bind(self, operation: Operation[A, R], handler: Handler) -> None:
        """Make ``operation`` callable; ``handler(args, caller)`` is a coroutine or async generator function.

        Raises:
            ValueError: an operation of that name is bound already.

        """
        if operation.name in self._bound:
            raise ValueError(f"operation {operation.name} is bound twice")
        self._bound[operation.name] = (operation, handler)

    def operations(self) -> Sequence[AnyOperation]:
        """Return what is bound, by name."""
        return tuple(self._bound[name][0] for name in sorted(self._bound))

    def get(self, name: str) -> AnyOperation:
        """Return the bound operation ``name``.

        Raises:
            OperatorError: DN5002.

        """
        return self._find(name)[0]

    def dispatch(self, name: str, raw: Mapping[str, Any], caller: Caller) -> Awaitable[Plain] | AsyncIterator[Plain]:
        """Return the awaitable or the iterator, as the operation's mode says; an unknown name fails when awaited."""
        bound = self._bound.get(name)
        if bound is not None and bound[0].mode is Mode.STREAM:
            return self.stream(name, raw, caller)
        return self.call(name, raw, caller)

    async def call(self, name: str, raw: Mapping[str, Any], caller: Caller) -> Plain:
        """Call an operation that answers once.

        Raises:
            OperatorError: DN5002 no such operation, DN4003 not allowed, DN5001 bad arguments, or the handler's own.

        """
        operation, handler = self._find(name, Mode.REPLY)
        outcome = "DN6500"  # what a defect of ours, or a cancelled call, leaves in the audit
        args = None
        try:
            args = self._admit(operation, raw, caller)
            answer = handler(args, caller)
            if isinstance(answer, AsyncIterator):
                raise TypeError(f"{name} answers once, its handler is a generator")
            result = plain(await answer)
            outcome = "ok"
        except OperatorError as error:
            outcome = error.kind.code
            args = args or _known(operation, raw)
            raise
        finally:
            await self._keep(operation, args, caller, outcome)
        return {} if operation.result is Nothing else result

    async def stream(self, name: str, raw: Mapping[str, Any], caller: Caller) -> AsyncIterator[Plain]:
        """Call an operation that answers with many values; audited once, before the first of them leaves.

        Raises:
            OperatorError: as ``call``, from the first step of the iteration.

        """
        operation, handler = self._find(name, Mode.STREAM)
        args = None
        try:
            args = self._admit(operation, raw, caller)
        except OperatorError as error:
            await self._keep(operation, _known(operation, raw), caller, error.kind.code)
            raise
        answer = handler(args, caller)
        if not isinstance(answer, AsyncIterator):
            raise TypeError(f"{name} is a stream, its handler is not a generator")
        kept = False
        try:
            async for item in answer:
                if not kept:
                    await self._keep(operation, args, caller, "ok")
                    kept = True
                yield plain(item)
            if not kept:
                await self._keep(operation, args, caller, "ok")
        except OperatorError as error:
            if not kept:
                await self._keep(operation, args, caller, error.kind.code)
            raise
        finally:
            close = getattr(answer, "aclose", None)  # generators have it, plain iterators need not
            if close is not None:
                await close()

    def _find(self, name: str, mode: Mode | None = None) -> tuple[AnyOperation, Handler]:
        bound = self._bound.get(name)
        if bound is None:
            shown = escaped(str(name), MAX_NAME)
            raise OperatorError(
                CATALOGUE["DN5002"], f'no operation is called "{shown}"{did_you_mean(name, self._bound)}'
            )
        if mode is not None and bound[0].mode is not mode:
            wanted = "answers once" if bound[0].mode is Mode.REPLY else "answers with a stream"
            raise OperatorError(CATALOGUE["DN5001"], f"{name} {wanted}; ask for it that way")
        return bound

    def _admit(self, operation: AnyOperation, raw: Mapping[str, Any], caller: Caller) -> Any:  # Any: its args class
        if not caller.role.includes(operation.role):
            raise OperatorError(
                CATALOGUE["DN4003"],
                f"{operation.name} needs the role {operation.role}; {escaped(caller.name, MAX_NAME)} has {caller.role}",
            )
        return structure(operation.args, raw, operation=operation.name)

    async def _keep(self, operation: AnyOperation, args: object, caller: Caller, outcome: str) -> None:
        if self._audit is None or operation.audit is Audit.NONE:
            return
        if operation.audit is Audit.CHANGE and outcome == "ok" and getattr(args, "dry_run", False):
            return  # nothing was changed
        await self._audit(
            AuditRow(
                time=self._now(),
                caller=caller.name,
                via=caller.via,
                address=caller.address,
                operation=operation.name,
                arguments=json.dumps({} if args is None else _public(args), sort_keys=True),
                outcome=outcome,
            )
        )


def error_body(error: OperatorError) -> dict[str, Plain]:
    """Return the one shape an error has on every surface."""
    kind = error.kind
    return {
        "code": kind.code,
        "title": kind.title,
        "status": kind.status,
        "exit": kind.exit,
        "detail": error.detail,
        "why": kind.why,
        "fix": list(error.fix),
        "errors": list(error.errors),
    }


def _known(operation: AnyOperation, raw: Mapping[str, Any]) -> object:
    """Return a refused call's arguments if they make sense; others could hide a secret under another key."""
    try:
        return structure(operation.args, raw, operation=operation.name)
    except OperatorError:
        return None


def _public(value: Any) -> Plain:  # Any: an attrs instance, or a value inside one
    """Return ``value`` without the fields that are not to be kept, and bounded."""
    if attrs.has(type(value)):
        return {
            field.name: _public(getattr(value, field.name))
            for field in attrs.fields(type(value))
            if field.metadata.get("audited", True)
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_public(item) for item in list(value)[:MAX_AUDITED_ITEMS]]
    if isinstance(value, dict):
        return {escaped(str(key), MAX_NAME): _public(item) for key, item in list(value.items())[:MAX_AUDITED_ITEMS]}
    if isinstance(value, (str, bytes)):
        return escaped(value, MAX_AUDITED_TEXT)
    return plain(value)

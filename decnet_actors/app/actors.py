"""This module answers the operations on the live supervisor tree."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from decnet_actors.contracts import runtime_operations as ops
from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.text import escaped
from supervisors.errors import ChildStateError, NoSuchActorError, StartError
from supervisors.report import TreeNode
from supervisors.system import System

# Stopping one of these would take away the means of starting it again, or stop the evidence.
KEPT = ("broker", "store", "surfaces/control")

MAX_PATH = 200  # characters of an unknown path repeated in the error


class Actors:
    """Handlers of ``actor.*``.

    Args:
        system: the running tree.
        now: Unix seconds.
        uptime: seconds since the daemon started, which are the root's.

    """

    def __init__(self, system: System, now: Callable[[], float], uptime: Callable[[], float]) -> None:
        self._system = system
        self._now = now
        self._uptime = uptime

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.ACTOR_TREE, self.tree)
        table.bind(ops.ACTOR_LIST, self.list)
        table.bind(ops.ACTOR_RESTART, self.restart)
        table.bind(ops.ACTOR_STOP, self.stop)
        table.bind(ops.ACTOR_START, self.start)

    async def tree(self, args: ops.ActorTreeArgs, caller: Caller) -> ops.ActorNode:
        """Answer actor.tree."""
        del caller
        root = await self._system.tree()
        return self._node(_find(root, args.path) if args.path else root)

    async def list(self, args: ops.ActorListArgs, caller: Caller) -> Page[ops.ActorRow]:
        """Answer actor.list."""
        del caller
        root = await self._system.tree()
        rows = [self._row(node) for node in walk(_find(root, args.under) if args.under else root)]
        return Page(items=[row for row in rows if args.state in {None, row.state}])

    async def restart(self, args: ops.ActorArgs, caller: Caller) -> ops.ActorRow:
        """Answer actor.restart."""
        del caller
        await self._control(self._system.restart, args.path)
        return await self._after(args.path)

    async def stop(self, args: ops.ActorArgs, caller: Caller) -> ops.ActorRow:
        """Answer actor.stop."""
        del caller
        _find(await self._system.tree(), args.path)
        if _is_kept(args.path.partition("/")[2]):
            raise OperatorError(
                CATALOGUE["DN6003"],
                f"{args.path} keeps evidence or this connection alive and can be restarted, not stopped",
                fix=(
                    f"decnetctl actor restart {args.path}"
                    if "/" in args.path
                    else "stop the daemon: Ctrl-C or SIGTERM",
                ),
            )
        await self._control(self._system.stop_child, args.path)
        return await self._after(args.path)

    async def start(self, args: ops.ActorArgs, caller: Caller) -> ops.ActorRow:
        """Answer actor.start."""
        del caller
        await self._control(self._system.start_child, args.path)
        return await self._after(args.path)

    async def _control(self, act: "Callable[[str], object]", path: str) -> None:
        try:
            await act(path)  # type: ignore[misc]  # each is a coroutine function of System
        except NoSuchActorError as error:
            raise _missing(path, ()) from error
        except ChildStateError as error:
            raise OperatorError(
                CATALOGUE["DN4010"],
                f"{path} is {error.state} and is not started a second time",
                fix=(f"decnetctl actor restart {path}",),
            ) from error
        except StartError as error:
            raise OperatorError(CATALOGUE["DN6008"], f"{path} did not start: {error}") from error

    async def _after(self, path: str) -> ops.ActorRow:
        return self._row(_find(await self._system.tree(), path))

    def _row(self, node: TreeNode) -> ops.ActorRow:
        return ops.ActorRow(**self._fields(node))

    def _node(self, node: TreeNode) -> ops.ActorNode:
        return ops.ActorNode(**self._fields(node), children=tuple(self._node(child) for child in node.children))

    def _fields(self, node: TreeNode) -> dict[str, Any]:  # Any: fields of many types
        return {
            "path": node.path,
            "kind": node.kind,
            "state": node.state,
            "uptime": (node.uptime or 0.0) if "/" in node.path else self._uptime(),
            "restarts": node.restarts,
            "handled": node.handled,
            "mailbox_depth": node.mailbox_depth,
            "mailbox_high": node.mailbox_high,
            "dropped": node.dropped,
            "busy_for": max(0.0, self._now() - node.busy_since) if node.busy_since is not None else 0.0,
            "last_error": node.last_error or "",
        }


def walk(node: TreeNode) -> Iterator[TreeNode]:
    """Yield a node and all below it, in start order."""
    yield node
    for child in node.children:
        yield from walk(child)


def _is_kept(below: str) -> bool:
    """Return whether this part of the tree must go on running: the root (empty), what is kept, and what holds it."""
    return not below or any(f"{below}/".startswith(f"{kept}/") or kept.startswith(f"{below}/") for kept in KEPT)


def _find(root: TreeNode, path: str) -> TreeNode:
    for node in walk(root):
        if node.path == path:
            return node
    raise _missing(path, [node.path for node in walk(root)])


def _missing(path: str, known: Iterable[str]) -> OperatorError:
    return OperatorError(
        CATALOGUE["DN6002"], f'no actor has the path "{escaped(path, MAX_PATH)}"{did_you_mean(path, known)}'
    )

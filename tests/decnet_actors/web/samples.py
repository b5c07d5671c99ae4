"""This module has operations and facts for the console's tests."""

import asyncio
from collections.abc import AsyncIterator

from attrs import evolve, field, frozen

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Audit, Caller, Mode, Nothing, Operation, Page, Role, Route
from decnet_actors.domain.facts import CredentialSeen, Direction, Fact, TerminalSeen
from decnet_actors.domain.records import Record


@frozen(kw_only=True)
class Thing:
    name: str
    size: int = 0


@frozen(kw_only=True)
class ThingArgs:
    name: str = field(metadata={"help": "Which thing."})


@frozen(kw_only=True)
class BuildArgs(ThingArgs):
    dry_run: bool = field(default=False, metadata={"help": "Change nothing."})


@frozen(kw_only=True)
class Building:
    operation: Lifecycle | None = None


@frozen(kw_only=True)
class ListArgs:
    limit: int = field(default=2, metadata={"help": "Rows at most."})
    cursor: str | None = field(default=None, metadata={"help": "Where to go on."})
    tags: tuple[str, ...] = field(default=(), metadata={"help": "Only with these."})


def _operation(name, args, result, role, method, path, *, mode=Mode.REPLY, audit=Audit.NONE):
    return Operation(
        name=name,
        summary=f"Do {name}.",
        args=args,
        result=result,
        role=role,
        audit=audit,
        mode=mode,
        route=Route(method=method, path=path),
        examples=(f"decnetctl {name.replace('.', ' ')}",),
    )


THING_LIST = _operation("thing.list", ListArgs, Page[Thing], Role.VIEWER, "GET", "/things")
THING_SHOW = _operation("thing.show", ThingArgs, Thing, Role.VIEWER, "GET", "/things/{name}")
THING_GROW = _operation("thing.grow", Thing, Thing, Role.ANALYST, "POST", "/things/{name}:grow", audit=Audit.CHANGE)
THING_BUILD = evolve(
    _operation("thing.build", BuildArgs, Building, Role.ANALYST, "POST", "/things/{name}:build", audit=Audit.CHANGE),
    outlasts=True,
)
THING_BREAK = _operation("thing.break", Nothing, Nothing, Role.ADMIN, "POST", "/things:break")
THING_WATCH = _operation("thing.watch", ThingArgs, Thing, Role.VIEWER, "GET", "/things/{name}/watch", mode=Mode.STREAM)
THING_SET = _operation("thing.set", Thing, Thing, Role.ANALYST, "PUT", "/things/{name}", audit=Audit.CHANGE)
OPERATIONS = (THING_LIST, THING_SHOW, THING_SET, THING_GROW, THING_BUILD, THING_BREAK, THING_WATCH)


async def _list(args: ListArgs, _: Caller) -> Page[Thing]:
    start = int(args.cursor or 0)
    things = [Thing(name=f"t{number}", size=len(args.tags)) for number in range(start, start + args.limit)]
    return Page(items=things, next=str(start + args.limit) if start + args.limit < 6 else None)


class _Shelf:
    """Things that keep the size they were given."""

    def __init__(self) -> None:
        self._things: dict[str, Thing] = {}

    async def show(self, args: ThingArgs, _: Caller) -> Thing:
        if args.name == "none":
            raise OperatorError(CATALOGUE["DN3001"], "No thing has that name.", fix=("decnetctl thing list",))
        return self._things.get(args.name, Thing(name=args.name))

    async def set(self, args: Thing, _: Caller) -> Thing:
        await asyncio.sleep(0)  # others get their turn, as with a database
        self._things[args.name] = args
        return args


async def _grow(args: Thing, _: Caller) -> Thing:
    return Thing(name=args.name, size=args.size + 1)


async def _build(args: BuildArgs, caller: Caller) -> Building:
    begun = Lifecycle(
        id="0a" * 16, kind="thing.build", author=caller.name, via=caller.via, reason="", revision=1, requested=1.0
    )
    return Building(operation=None if args.dry_run else begun)


async def _break(_args: Nothing, _: Caller) -> Nothing:
    raise RuntimeError("secret detail of a defect")


async def _watch(args: ThingArgs, _: Caller) -> AsyncIterator[Thing]:
    if args.name == "none":
        raise OperatorError(CATALOGUE["DN3001"], "No thing has that name.")
    yield Thing(name=args.name, size=1)
    if args.name == "half":
        raise OperatorError(CATALOGUE["DN3002"], "The disk is full.")
    yield Thing(name=args.name, size=2)


def bind_things(table: OperationTable) -> None:
    table.bind(THING_LIST, _list)
    shelf = _Shelf()
    table.bind(THING_SHOW, shelf.show)
    table.bind(THING_SET, shelf.set)
    table.bind(THING_GROW, _grow)
    table.bind(THING_BUILD, _build)
    table.bind(THING_BREAK, _break)
    table.bind(THING_WATCH, _watch)


def record(fact: Fact | None = None, *, number: int = 0) -> Record:
    return Record(
        id=f"{number:032x}",
        time=1_790_000_000.0 + number,
        host="hq",
        decky="web-01",
        service="ssh",
        session="s" * 32,
        source="203.0.113.7",
        source_port=40_000,
        fact=fact or CredentialSeen(user="root", secret=b"hunter2"),
    )


def terminal() -> Record:
    return record(TerminalSeen(direction=Direction.OUT, data=b"$ "))

"""Operations with every kind of field, for the tests of the table."""

from enum import StrEnum

from attrs import evolve, field, frozen, validators

from decnet_actors.contracts.operations import Audit, File, Mode, Nothing, Operation, Role, Route, about


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@frozen(kw_only=True)
class Corner:
    x: int
    y: int = 0


@frozen(kw_only=True)
class Paint:
    name: str
    count: int = field(default=1, validator=[validators.ge(0), validators.le(100)])
    ratio: float = 0.5
    wet: bool = False
    colour: Colour | None = None
    tags: tuple[str, ...] = ()
    corners: tuple[Corner, ...] = ()
    limit: int | None = None
    password: str = field(default="", metadata=about("It.", secret=True))
    file: File | None = None
    dry_run: bool = False
    option: str = field(default="", metadata=about("It.", audited=False))


@frozen(kw_only=True)
class Painted:
    args: str
    raw: bytes = b""


WALL_PAINT = Operation(
    name="wall.paint",
    summary="Paint a wall.",
    args=Paint,
    result=Painted,
    role=Role.ANALYST,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/walls"),
    examples=("decnetctl wall paint north",),
)
WALL_WATCH = evolve(WALL_PAINT, name="wall.watch", mode=Mode.STREAM, audit=Audit.READ)
WALL_LOOK = evolve(WALL_PAINT, name="wall.look", role=Role.VIEWER, audit=Audit.NONE)
WALL_DROP = Operation(
    name="wall.drop",
    summary="Drop a wall.",
    args=Paint,
    result=Nothing,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="DELETE", path="/walls/{name}"),
    examples=("decnetctl wall drop north",),
)

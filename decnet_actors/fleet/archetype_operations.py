"""This module defines the operations on the kinds of machines a decky can be."""

from attrs import field, frozen

from decnet_actors.contracts.operations import Nothing, Operation, Page, Role, Route, about


@frozen(kw_only=True)
class ArchetypeRow:
    """One kind of machine."""

    name: str
    services: tuple[str, ...]  # there are decoys for
    missing: tuple[str, ...]  # a real one has too, and there is no decoy for
    stack: str
    summary: str


@frozen(kw_only=True)
class ArchetypeDetail(ArchetypeRow):
    """One kind of machine, and who is of it."""

    distributions: tuple[str, ...] = ()  # plausible systems
    usable: bool = False  # whether there is a decoy for anything it serves
    deckies: tuple[str, ...] = ()


@frozen(kw_only=True)
class ArchetypeArgs:
    """Which archetype."""

    name: str = field(metadata=about("Name of the archetype.", positional=True))


ARCHETYPE_LIST = Operation(
    name="archetype.list",
    summary="List the kinds of machines a decky can be, and which of their services there are decoys for.",
    args=Nothing,
    result=Page[ArchetypeRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/archetypes"),
    examples=("decnetctl archetype list",),
    columns=("name", "services", "missing", "stack"),
)
ARCHETYPE_SHOW = Operation(
    name="archetype.show",
    summary="Show one kind of machine: its services, plausible systems, and the deckies that are of it.",
    args=ArchetypeArgs,
    result=ArchetypeDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/archetypes/{name}"),
    examples=("decnetctl archetype show web-server",),
)

"""This module defines the nodes of an awk program."""

from attrs import define, field, frozen


@frozen
class Node:
    """A piece of a program: ``kind`` says what, ``text`` its name or value, ``parts`` its operands."""

    kind: str
    text: str = ""
    parts: "tuple[Node, ...]" = ()


@frozen
class Routine:
    """A function: parameters, those of them that are arrays, and what it does."""

    names: tuple[str, ...]
    arrays: frozenset[str]
    body: Node


@define
class Program:
    """What an awk program does when."""

    begin: list[Node] = field(factory=list)
    rules: list[tuple[tuple[Node, ...], Node]] = field(factory=list)
    end: list[Node] = field(factory=list)
    routines: dict[str, Routine] = field(factory=dict)

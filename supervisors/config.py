"""This module loads configuration: TOML files, drop-ins and environment variables become one frozen attrs object.

Later sources win: tables merge by key, arrays of tables by their ``name``. What types and metadata a field may have
stands in ``supervisors.config_types``. This is the one module that reads the process's environment.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from supervisors import config_source
from supervisors.config_doc import KeyDoc, NoSuchKeyError, explain, to_toml
from supervisors.config_errors import SYNTAX, UNREADABLE, ConfigError, Place, Problem, problem_at
from supervisors.config_source import Node
from supervisors.config_types import Secret, Structurer, Table
from supervisors.config_units import parse_duration, parse_size

__all__ = [
    "ConfigError",
    "KeyDoc",
    "Loaded",
    "NoSuchKeyError",
    "Problem",
    "Secret",
    "Table",
    "drop_ins",
    "explain",
    "load",
    "parse_duration",
    "parse_size",
    "structure",
    "to_toml",
]

MAX_VARIABLE = 64 * 1024  # characters

T = TypeVar("T")


@frozen
class Loaded(Generic[T]):
    """A configuration and where each of its values came from (a key that is not there has its default)."""

    value: T
    origins: Mapping[str, str]  # dotted key -> "file:line" or "$VARIABLE"
    files: tuple[Path, ...]
    tree: Node = field(repr=False, eq=False)


def drop_ins(folder: Path) -> tuple[Path, ...]:
    """Return the ``*.toml`` files of a folder in the order they apply; none if there is no such folder."""
    return tuple(sorted(path for path in folder.glob("*.toml") if path.is_file()))


def load(
    root: type[T], files: Sequence[Path], *, environ: Mapping[str, str] | None = None, prefix: str = ""
) -> Loaded[T]:
    """Read the files in order, then the environment, and build ``root``.

    Args:
        root: a frozen attrs class.
        files: read in this order, later wins.
        environ: variables; the process's own if ``None``.
        prefix: of variables that override keys (``DECNET__`` makes ``DECNET__WEB__LISTEN`` set ``web.listen``, to a
            TOML value); empty for no overrides.

    Raises:
        ConfigError: with every problem of every file.

    """
    if environ is None:
        environ = os.environ  # noqa: TID251 this is the one place
    trees, broken = [], list[Problem]()
    for read in [*(_from_file(path) for path in files), *_from_environment(environ, prefix)]:
        if isinstance(read, Node):
            trees.append(read)
            broken += config_source.repeated_names(read)
        else:
            broken += read.problems
    tree = config_source.empty()
    for one in trees:
        tree = config_source.merge(tree, one)
    found: list[Problem] = []
    value = Structurer(found.append, environ).build(tree, root)
    if {SYNTAX, UNREADABLE} & {problem.code for problem in broken}:  # what seems missing may stand in a broken file
        found = [problem for problem in found if problem.text != "is required"]
    if value is None or broken or found:
        order = {str(path): number for number, path in enumerate(files)}
        problems = sorted([*broken, *found], key=lambda p: (order.get(p.file, len(order)), p.line, p.column))
        raise ConfigError(problems)
    leaves = ((key, node.place) for key, node in tree.leaves() if not isinstance(node.value, dict))
    origins = {key: _origin(place) for key, place in leaves}
    return Loaded(value, origins, tuple(files), tree)


def structure(cls: type[T], table: Mapping[str, Any], *, environ: Mapping[str, str] | None = None) -> T:
    """Build a class from a table: a ``Table`` of a loaded configuration (problems show its lines) or plain builtins.

    Raises:
        ConfigError: with every problem.

    """
    if environ is None:
        environ = os.environ  # noqa: TID251 this is the one place
    found: list[Problem] = []
    node = table.node if isinstance(table, Table) else config_source.unplaced(table)
    value = Structurer(found.append, environ).build(node, cls)
    if value is None or found:
        raise ConfigError(found)
    return value


def _from_file(path: Path) -> Node | ConfigError:
    try:
        return config_source.read_file(path)
    except ConfigError as error:
        return error


def _from_environment(environ: Mapping[str, str], prefix: str) -> Iterable[Node | ConfigError]:
    for name in sorted(environ) if prefix else ():
        if name.startswith(prefix) and name != prefix:
            yield _from_variable(name, name.removeprefix(prefix).lower().split("__"), environ[name])


def _from_variable(name: str, keys: Sequence[str], text: str) -> Node | ConfigError:
    place = Place(f"${name}")  # without its text: it may be a secret under a misspelt name
    try:
        tree = config_source.parse(f"_ = {text[:MAX_VARIABLE]}", place.file)
        (node,) = tree.value.values()  # a text with a line break could bring keys of its own
    except ValueError:
        hint = 'is not a TOML value (a text needs quotes: "...")'
        return ConfigError([problem_at(place, SYNTAX, hint, key=".".join(keys))])
    node = _moved(node, place)
    for key in reversed(keys):
        node = Node({key: node}, place, place)
    return node


def _moved(node: Node, place: Place) -> Node:
    """Return the tree of a variable's value with places that show the variable."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _moved(item, place) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_moved(item, place) for item in value]
    return Node(value, place, place)


def _origin(place: Place) -> str:
    return place.file if place.file.startswith("$") else f"{place.file}:{place.line}"

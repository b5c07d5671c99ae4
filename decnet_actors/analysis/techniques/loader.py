"""This module loads the rules: the shipped ones, and those of the operator's folder."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from attrs import field, frozen

from decnet_actors.analysis.techniques import yaml_tree
from decnet_actors.analysis.techniques.rules import Rule
from supervisors.config import Table, structure
from supervisors.config_errors import INVALID, UNREADABLE, ConfigError, Place, Problem, problem_at, quote
from supervisors.config_source import Node

SHIPPED = Path(__file__).parent / "rules"
MAX_FILES = 200
MAX_RULES = 1000


@frozen(kw_only=True)
class RuleFile:
    """What a file of rules may hold."""

    rules: tuple[Rule, ...] = field(default=(), metadata={"help": "the rules"})


@frozen(kw_only=True)
class RuleSet:
    """The rules in force."""

    rules: Mapping[str, Rule]
    own: frozenset[str] = frozenset()  # ids of the operator's
    by_kind: Mapping[str, Sequence[Rule]] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        found: dict[str, list[Rule]] = defaultdict(list)
        for rule in self.rules.values():
            for kind in rule.on:
                found[kind].append(rule)
        object.__setattr__(self, "by_kind", dict(found))


def load(folder: Path | None = None) -> RuleSet:
    """Return the shipped rules and those of a folder's ``*.yaml`` files; one with the id of a shipped one replaces it.

    Raises:
        ConfigError: with every problem of every file.

    """
    shipped = dict(_shipped())
    if folder is None:
        return RuleSet(rules=shipped)
    own = _read(_files(folder))
    if len(shipped | own) > MAX_RULES:
        raise ConfigError([problem_at(Place(str(folder)), INVALID, f"there are more than {MAX_RULES} rules")])
    return RuleSet(rules=shipped | own, own=frozenset(own))


@cache
def _shipped() -> Mapping[str, Rule]:
    return _read(_files(SHIPPED))


def _files(folder: Path) -> Sequence[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError as error:
        text = f"cannot be read: {error.strerror or error}"
        raise ConfigError([problem_at(Place(str(folder)), UNREADABLE, text)]) from error
    if len(found) > MAX_FILES:
        raise ConfigError([problem_at(Place(str(folder)), INVALID, f"has more than {MAX_FILES} files")])
    return found


def _read(files: Sequence[Path]) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    places: dict[str, Place] = {}
    problems: list[Problem] = []
    for path in files:
        try:
            tree = yaml_tree.read_file(path)
            problems += _repeated(tree, places)
            rules |= {rule.id: rule for rule in structure(RuleFile, Table(_titled(tree)), environ={}).rules}
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return rules


def _titled(tree: Node) -> Node:
    """Return a file's tree as a table: a file may also be just the list."""
    return Node({"rules": tree}, tree.place, tree.key_place) if isinstance(tree.value, list) else tree


def _repeated(tree: Node, places: dict[str, Place]) -> list[Problem]:
    """Return a problem for each id that another rule has too."""
    found = []
    rules = _titled(tree).value.get("rules") if isinstance(_titled(tree).value, dict) else None
    for node in rules.value if rules is not None and isinstance(rules.value, list) else ():
        ident = node.value.get("id") if isinstance(node.value, dict) else None
        if ident is None or not isinstance(ident.value, str):
            continue
        if (first := places.setdefault(ident.value, ident.place)) is not ident.place:
            text = f"{quote(ident.value)} is the id of another rule ({first.file}:{first.line})"
            found.append(problem_at(ident.place, INVALID, text))
    return found

"""This module knows the techniques that rules may name: those of MITRE ATT&CK that are in ``attack.yaml``."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from attrs import field, frozen

from decnet_actors.analysis.techniques import yaml_tree
from supervisors.config import Table, structure

PLACE = Path(__file__).parent / "attack.yaml"


@frozen(kw_only=True)
class Tactic:
    """What an attacker is after."""

    id: str
    name: str


@frozen(kw_only=True)
class Technique:
    """How an attacker goes about it. The id of a sub-technique has that of its technique before the dot."""

    id: str
    name: str
    tactics: tuple[str, ...]  # short names, such as credential-access


@frozen(kw_only=True)
class Attack:
    """The part of ATT&CK that is known here. ``notice`` must go with whatever shows it."""

    release: str
    notice: str
    tactics: Mapping[str, Tactic]  # by short name, in the order of the matrix
    techniques: Mapping[str, Technique] = field(repr=False)  # by id

    def full_name(self, ident: str) -> str:
        """Return a technique's name; that of a sub-technique behind its technique's."""
        name = self.techniques[ident].name
        parent = ident.partition(".")[0]
        return name if parent == ident else f"{self.techniques[parent].name}: {name}"

    def within(self, ident: str) -> tuple[str, ...]:
        """Return a technique's id and those of its sub-techniques."""
        return tuple(known for known in self.techniques if known == ident or known.startswith(f"{ident}."))


@frozen(kw_only=True)
class _File:
    release: str
    notice: str
    tactics: Mapping[str, Tactic]
    techniques: tuple[Technique, ...]


@cache
def attack() -> Attack:
    """Return the part of ATT&CK that is known here."""
    read = structure(_File, Table(yaml_tree.read_file(PLACE)), environ={})
    return Attack(
        release=read.release,
        notice=read.notice,
        tactics=read.tactics,
        techniques={one.id: one for one in read.techniques},
    )

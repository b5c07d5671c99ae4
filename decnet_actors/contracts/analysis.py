"""This module defines how an analysis follows the journal: what it makes of facts is kept with how far it has read.

::

    journal -> Follower (one actor an analysis) -> Study.study(entries) -> Findings -> Ledger.keep
                 ^                                                                        | one transaction:
                 '------------------ findings are facts of the journal again <------------' tables, findings, cursor
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from attrs import frozen

from decnet_actors.domain.findings import Finding
from decnet_actors.domain.records import Entry

Work: TypeAlias = Any  # statements of the store's, each with its rows; whoever keeps a table makes them


@frozen(kw_only=True)
class Found:
    """A finding, and when the newest event it follows from happened (Unix seconds)."""

    finding: Finding
    time: float


@frozen(kw_only=True)
class Findings:
    """What entries come to: the work to do on the analysis's own tables, and what is to be told."""

    work: Sequence[Work] = ()
    found: Sequence[Found] = ()


NOTHING = Findings()


class Study(Protocol):
    """An analysis. It may hold in memory what its tables say, and nothing else."""

    @property
    def name(self) -> str:
        """The token of its actor and of its cursor."""

    async def study(self, entries: Sequence[Entry]) -> Findings:
        """Return what entries come to; they come in the order of their seq, each once, findings of others included.

        What is returned is kept before the next entries come; if that fails, the study is made anew.
        """


class MovedError(Exception):
    """An analysis is not where whoever keeps its findings believes it to be."""


class Ledger(Protocol):
    """Where findings are kept."""

    async def position(self, name: str) -> int:
        """Return the seq up to which an analysis has read."""

    async def keep(self, name: str, findings: Findings, *, before: int, seq: int) -> None:
        """Keep findings and that the analysis has read up to ``seq``, together or not at all.

        Waits as long as the database is away.

        Raises:
            MovedError: the analysis has not read up to ``before``: another incarnation went on.

        """

"""This module defines the revision store port: what the fleet was meant to be, one numbered document after another."""

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen

from decnet_actors.contracts.lifecycle import Lifecycle


@frozen(kw_only=True)
class FleetRevision:
    """One desired state of the fleet, who wanted it and why. ``document`` is canonical JSON (``fleet.document``)."""

    number: int  # 1, 2, ... without holes
    time: float  # Unix seconds
    author: str
    via: str  # control, web, token, local, or configuration
    reason: str
    summary: str  # 1 created, 2 changed
    digest: str  # SHA-256 of the document, as hex digits
    configured: str  # tells the fleet of the configuration that was known then from others
    document: str = field(repr=False)  # holds secrets; empty where revisions are listed


class FleetRevisions(Protocol):
    """Keeps revisions. They are only added, never changed and never removed."""

    async def newest(self) -> FleetRevision | None: ...
    async def get(self, number: int) -> FleetRevision | None: ...
    async def list(self, *, before: int | None = None, limit: int = 100) -> Sequence[FleetRevision]:
        """Return revisions newest first, without their documents."""

    async def add(self, revision: FleetRevision, lifecycle: Lifecycle | None = None) -> None:
        """Keep one more, together with the operation that brings the deckies to it.

        Raises:
            ValueError: there is one of that number already.

        """

"""This module keeps what the fleet is meant to be: the newest revision, and the way to the next one.

Files are inputs. The configuration's fleet becomes a revision when it is not the one last taken from there; until then
what an operator changed by command stands, also over a restart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from attrs import frozen

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_revisions import FleetRevision, FleetRevisions
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.fleet import changes
from decnet_actors.fleet.document import (
    EMPTY,
    MAX_DOCUMENT,
    Document,
    digest,
    fingerprint,
    from_json,
    numbered,
    to_json,
)
from decnet_actors.fleet.plan import Installed, expand, named
from decnet_actors.fleet.settings import DeckySettings, default_fleet
from supervisors.config import ConfigError
from supervisors.log import get_logger

log = get_logger(__name__)

CONFIGURATION = "configuration"  # the author, and the way, of a revision that nobody commanded
UNCONFIGURED = ""  # stands for the default fleet: a newer program's default replaces nobody's fleet


@frozen(kw_only=True)
class Desired:
    """One revision with its document read; ``number`` 0 and an empty fleet before there is any."""

    revision: FleetRevision
    document: Document


NOTHING = Desired(
    revision=FleetRevision(
        number=0,
        time=0.0,
        author="",
        via="",
        reason="",
        summary="",
        digest="",
        configured=UNCONFIGURED,
        document="",
    ),
    document=EMPTY,
)


class DesiredFleet:
    """What the fleet is meant to be. One per process: it numbers the revisions.

    Whoever changes it holds ``changing`` from looking at the newest revision until the next one is applied.

    Args:
        revisions: keeps them.
        installed: what deckies can be made of.
        now: Unix seconds.
        offload: runs a function that computes for long off the loop.

    """

    def __init__(
        self,
        revisions: FleetRevisions,
        installed: Installed,
        *,
        now: Callable[[], float],
        offload: Callable[[Callable[[], Any]], Awaitable[Any]],  # Any: whatever the work returns
    ) -> None:
        self.changing = asyncio.Lock()
        self.revisions = revisions
        self.installed = installed
        self._now = now
        self._offload = offload
        self.configured: tuple[DeckySettings, ...] | None = None  # what the configuration says, when last taken

    async def newest(self) -> Desired:
        """Return the newest revision."""
        return await self._read(await self.revisions.newest())

    async def at(self, number: int) -> Desired:
        """Return a revision.

        Raises:
            OperatorError: DN3001, there is none of that number.

        """
        found = await self.revisions.get(number)
        if found is None:
            raise OperatorError(
                CATALOGUE["DN3001"], f"the fleet has no revision {number}", fix=("decnetctl fleet history",)
            )
        return await self._read(found)

    async def take(self, configured: Sequence[DeckySettings] | None) -> tuple[DeckyPlan, ...]:
        """Take the configuration's fleet if it is a new one; return the plans of the newest revision.

        Args:
            configured: valid, as it is written; ``None`` when none is, which is the default fleet.

        """
        self.configured = None if configured is None else tuple(configured)
        fleet = default_fleet() if configured is None else configured
        mark = UNCONFIGURED if configured is None else await self._offload(lambda: fingerprint(fleet))
        newest = await self.newest()
        if newest is NOTHING or newest.revision.configured != mark:
            document = numbered(fleet, newest.document)
            nobody = Caller(name=CONFIGURATION, role=Role.ADMIN, via=CONFIGURATION)
            await self.add(newest, document, nobody, reason="", configured=mark)
            return await self.plans(document)
        return await self._usable(newest.document)

    async def plans(self, document: Document) -> tuple[DeckyPlan, ...]:
        """Return the plans of a document.

        Raises:
            ConfigError: with every problem.

        """
        plans: tuple[DeckyPlan, ...] = await self._offload(
            lambda: expand(document.deckies, self.installed, document.numbers)
        )
        return plans

    async def add(
        self, before: Desired, document: Document, caller: Caller, *, reason: str, configured: str | None = None
    ) -> Desired:
        """Keep a document as the next revision and return it.

        Args:
            before: the newest revision.
            document: what comes after it.
            caller: who wants it.
            reason: why.
            configured: tells which fleet of the configuration is known; the one that was by default.

        """
        text: str = await self._offload(lambda: to_json(document))
        if len(text.encode()) > MAX_DOCUMENT:
            raise OperatorError(CATALOGUE["DN4010"], f"the fleet's document is larger than {MAX_DOCUMENT} bytes")
        revision = FleetRevision(
            number=before.revision.number + 1,
            time=self._now(),
            author=caller.name,
            via=caller.via,
            reason=reason,
            summary=changes.summary(changes.differences(before.document, document)),
            digest=digest(text),
            configured=before.revision.configured if configured is None else configured,
            document=text,
        )
        await self.revisions.add(revision)
        log.info("fleet.revision", number=revision.number, author=revision.author, summary=revision.summary)
        return Desired(revision=revision, document=document)

    async def _read(self, revision: FleetRevision | None) -> Desired:
        if revision is None:
            return NOTHING
        document: Document = await self._offload(lambda: from_json(revision.document))
        return Desired(revision=revision, document=document)

    async def _usable(self, document: Document) -> tuple[DeckyPlan, ...]:
        """Return the plans of what can still be hosted: a plugin may be gone since the revision was made."""
        try:
            return await self.plans(document)
        except ConfigError as error:
            broken = {named(problem): problem.text for problem in error.problems}
        for name, text in broken.items():
            log.error("fleet.decky_left_out", decky=name, reason=text)
        usable = [settings for settings in document.deckies if settings.name not in broken]
        return expand(usable, self.installed, document.numbers)

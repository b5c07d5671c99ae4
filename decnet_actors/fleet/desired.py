"""This module keeps what the fleet is meant to be: the newest revision, and the way to the next one.

Files are inputs. The configuration's fleet becomes a revision when it is not the one last taken from there; until then
what an operator changed by command stands, also over a restart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from attrs import field, frozen

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.contracts.fleet_revisions import FleetRevision, FleetRevisions
from decnet_actors.contracts.lifecycle import Lifecycle
from decnet_actors.contracts.operations import Caller, File, Role
from decnet_actors.fleet import changes, toml
from decnet_actors.fleet.document import (
    EMPTY,
    MAX_DOCUMENT,
    Document,
    digest,
    fingerprint,
    from_json,
    normal,
    numbered,
    to_json,
)
from decnet_actors.fleet.plan import Installed, Memory, expand, named
from decnet_actors.fleet.settings import DeckySettings, default_fleet
from supervisors.config import ConfigError
from supervisors.log import get_logger

log = get_logger(__name__)

CONFIGURATION = "configuration"  # the author, and the way, of a revision that nobody commanded
NOBODY = Caller(name=CONFIGURATION, role=Role.ADMIN, via=CONFIGURATION)
UNCONFIGURED = ""  # stands for the default fleet: a newer program's default replaces nobody's fleet


@frozen(kw_only=True)
class Desired:
    """One revision with its document read; ``number`` 0 and an empty fleet before there is any."""

    revision: FleetRevision
    document: Document


@frozen(kw_only=True)
class Proposal:
    """What could be the next revision: its document, the plans of it, and what is different from the newest."""

    document: Document
    plans: tuple[DeckyPlan, ...]
    found: tuple[changes.Difference, ...]
    summary: str  # of what is different; empty when nothing is


@frozen(kw_only=True)
class Hostable:
    """What of a revision can be hosted here."""

    plans: tuple[DeckyPlan, ...]
    left_out: Mapping[str, str] = field(factory=dict)  # the other deckies, and why not


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

    Whoever changes it holds ``changing`` from looking at the newest revision until the next one is kept.

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
        self.offload = offload
        self._now = now
        self._memory = Memory()
        self._file: tuple[File, tuple[DeckySettings, ...]] | None = None  # the last one that was read
        self._expanding = Lock()  # it is done in threads
        self._newest: Desired | None = None  # nobody else writes revisions, so it is read once
        self.configured: tuple[DeckySettings, ...] | None = None  # what the configuration says, when last taken

    async def newest(self) -> Desired:
        """Return the newest revision."""
        if self._newest is None:
            self._newest = await self._read(await self.revisions.newest())
        return self._newest

    async def at(self, number: int) -> Desired:
        """Return a revision.

        Raises:
            OperatorError: DN3001, there is none of that number.

        """
        newest = self._newest
        if newest is not None and newest.revision.number == number:
            return newest
        found = await self.revisions.get(number)
        if found is None:
            raise OperatorError(
                CATALOGUE["DN3001"], f"the fleet has no revision {number}", fix=("decnetctl fleet history",)
            )
        return await self._read(found)

    async def take(self, configured: Sequence[DeckySettings] | None) -> Hostable:
        """Take the configuration's fleet if it is a new one; return what the newest revision comes to.

        Args:
            configured: valid, as it is written; ``None`` when none is, which is the default fleet.

        """
        self.configured = None if configured is None else tuple(configured)
        fleet = default_fleet() if configured is None else configured
        mark = UNCONFIGURED if configured is None else await self.offload(lambda: fingerprint(fleet))
        newest = await self.newest()
        if newest is NOTHING or newest.revision.configured != mark:
            taken = await self.propose(newest, lambda before: numbered(fleet, before))
            await self.add(newest, taken, NOBODY, reason="", configured=mark)
            return Hostable(plans=taken.plans)
        return await self.hostable(newest.document)

    async def read(self, file: File) -> tuple[DeckySettings, ...]:
        """Return the fleet a TOML file stands for; a change is shown before it is made, so the same file comes twice.

        Raises:
            ConfigError: with every mistake, where it is.

        """
        if self._file is None or self._file[0] != file:
            fleet: tuple[DeckySettings, ...] = await self.offload(
                lambda: tuple(map(normal, toml.read(file.text, file.name, self.installed)))
            )
            self._file = (file, fleet)
        return self._file[1]

    async def propose(self, before: Desired, make: Callable[[Document], Document]) -> Proposal:
        """Return what could come after a revision; nothing is kept.

        Args:
            before: the newest revision.
            make: makes the next document of its document; runs off the loop.

        Raises:
            ConfigError: with every problem of what was made.
            OperatorError: what ``make`` raises.

        """

        def work() -> Proposal:
            document = make(before.document)
            found = changes.differences(before.document, document)
            return Proposal(
                document=document,
                plans=self._expand(document),
                found=found,
                summary=changes.summary(before.document, document, found),
            )

        proposal: Proposal = await self.offload(work)
        return proposal

    async def add(
        self,
        before: Desired,
        proposal: Proposal,
        caller: Caller,
        *,
        reason: str,
        configured: str | None = None,
        lifecycle: Lifecycle | None = None,
    ) -> Desired:
        """Keep a proposal as the next revision and return it.

        Args:
            before: the newest revision.
            proposal: what comes after it.
            caller: who wants it.
            reason: why.
            configured: tells which fleet of the configuration is known; the one that was by default.
            lifecycle: what brings the deckies to it, kept together with it.

        """
        text: str = await self.offload(lambda: to_json(proposal.document))
        if len(text.encode()) > MAX_DOCUMENT:
            raise OperatorError(CATALOGUE["DN4010"], f"the fleet's document is larger than {MAX_DOCUMENT} bytes")
        revision = FleetRevision(
            number=before.revision.number + 1,
            time=self._now(),
            author=caller.name,
            via=caller.via,
            reason=reason,
            summary=proposal.summary,
            digest=digest(text),
            configured=before.revision.configured if configured is None else configured,
            document=text,
        )
        self._newest = None  # whether it was kept is not known when this is cut off
        await self.revisions.add(revision, lifecycle)
        log.info("fleet.revision", number=revision.number, author=revision.author, summary=revision.summary)
        self._newest = Desired(revision=revision, document=proposal.document)
        return self._newest

    async def _read(self, revision: FleetRevision | None) -> Desired:
        if revision is None:
            return NOTHING
        document: Document = await self.offload(lambda: from_json(revision.document))
        return Desired(revision=revision, document=document)

    def _expand(self, document: Document) -> tuple[DeckyPlan, ...]:
        with self._expanding:
            return expand(document.deckies, self.installed, document.numbers, self._memory)

    async def hostable(self, document: Document) -> Hostable:
        """Return what of a document can be hosted: a plugin may be gone since the revision was made."""
        try:
            plans: tuple[DeckyPlan, ...] = await self.offload(lambda: self._expand(document))
        except ConfigError as error:
            broken = {named(problem): problem.text for problem in error.problems}
        else:
            return Hostable(plans=plans)
        usable = [settings for settings in document.deckies if settings.name not in broken]
        return Hostable(plans=expand(usable, self.installed, document.numbers), left_out=broken)

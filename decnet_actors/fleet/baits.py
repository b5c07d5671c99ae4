"""This module knows every bait that was ever laid out, and since when: what was leaked stays leaked."""

import json
from collections.abc import Sequence
from functools import partial

from decnet_actors.contracts.fleet import Bait
from decnet_actors.contracts.fleet_revisions import FleetRevision
from decnet_actors.contracts.reuse import Planted
from decnet_actors.fleet.desired import DesiredFleet


class LaidOut:
    """The baits of all revisions of the fleet (``contracts.reuse.Baits``); each revision is read once.

    A pattern is no bait in this sense: who fits it need not have found it.
    """

    def __init__(self, desired: DesiredFleet) -> None:
        self._desired = desired
        self._read = 0  # revisions
        self._found: dict[tuple[str, str, bytes], Planted] = {}

    async def planted(self) -> Sequence[Planted]:
        """Return the baits, each since the first revision that has it."""
        newest = (await self._desired.newest()).revision.number
        while self._read < newest:
            revision = await self._desired.revisions.get(self._read + 1)
            if revision is not None:
                await self._desired.offload(partial(self._add, revision))
            self._read += 1
        return tuple(self._found.values())

    def _add(self, revision: FleetRevision) -> None:
        if '"bait"' not in revision.document:
            return
        for row in json.loads(revision.document)["deckies"]:
            for one in row.get("bait", ()):
                bait = Bait(**one)
                if not bait.is_pattern:
                    planted = Planted(
                        decky=row["name"], user=bait.user, secret=bait.secret.encode(), since=revision.time
                    )
                    self._found.setdefault((planted.decky, planted.user, planted.secret), planted)

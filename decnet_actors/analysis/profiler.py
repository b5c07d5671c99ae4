"""This module is the study of who attackers are and what they do."""

from collections.abc import Sequence
from typing import ClassVar

from decnet_actors.analysis.profile import State, fold, is_touch, judge
from decnet_actors.contracts.analysis import NOTHING, Findings
from decnet_actors.contracts.profiles import Changed, Profiles
from decnet_actors.domain.facts import DeckyMutated
from decnet_actors.domain.records import Entry


class Profiler:
    """Keeps a profile of every attacker (``contracts.analysis.Study``); between batches it knows nothing.

    Args:
        profiles: what was kept before.

    """

    name: ClassVar[str] = "profiles"

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    async def study(self, entries: Sequence[Entry]) -> Findings:
        """Return what entries come to."""
        touched = [entry.record for entry in entries if is_touch(entry)]
        mutated = {entry.record.decky for entry in entries if isinstance(entry.record.fact, DeckyMutated)}
        if not touched and not mutated:
            return NOTHING
        state = State(
            profiles=await self._profiles.profiles({record.source for record in touched}),
            visits=await self._profiles.visits({(record.source, record.decky) for record in touched if record.decky}),
            mutations=await self._profiles.mutations(mutated),
        )
        for entry in entries:
            fold(state, entry)
        for profile in state.profiles.values():
            judge(profile)
        changed = Changed(profiles=state.profiles, visits=state.visits, marks=state.marks, mutations=state.mutations)
        return Findings(work=self._profiles.work(changed), found=state.found)

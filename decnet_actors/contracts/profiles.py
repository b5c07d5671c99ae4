"""This module defines where profiles of attackers are kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from decnet_actors.contracts.analysis import Work
from decnet_actors.domain.profile import Mark, Mutation, Profile, Visit


@frozen(kw_only=True)
class Changed:
    """Everything of a batch as it is now."""

    profiles: Mapping[str, Profile] = field(factory=dict)  # by address
    visits: Mapping[tuple[str, str], Visit] = field(factory=dict)  # by address and decky
    marks: Sequence[Mark] = ()  # new ones
    mutations: Mapping[str, Sequence[Mutation]] = field(factory=dict)  # by decky, all that are known


class Profiles(Protocol):
    """Keeps profiles: one row an address, one an address and decky."""

    async def profiles(self, addresses: Collection[str]) -> dict[str, Profile]:
        """Return those of addresses that are known."""

    async def visits(self, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], Visit]:
        """Return those of addresses and deckies that are known."""

    async def mutations(self, deckies: Collection[str]) -> dict[str, list[Mutation]]:
        """Return what is known of deckies, in no order."""

    def work(self, changed: Changed) -> Sequence[Work]:
        """Return the work of keeping it."""

"""This module defines where it is kept what services of attackers were told by."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from attrs import frozen

from decnet_actors.contracts.analysis import Work


class Service(NamedTuple):
    """What was looked at, and for what."""

    address: str
    port: int
    probe: str


@frozen(kw_only=True)
class Told:
    """What a service is told by; times are Unix seconds."""

    value: str
    rotations: int
    first_seen: float
    last_seen: float


class Fingerprints(Protocol):
    """What services were told by when they were last looked at."""

    async def last(self, services: Collection[Service]) -> Mapping[Service, Told]:
        """Return what is kept of services; those never looked at are not in it."""

    def kept(self, told: Mapping[Service, Told]) -> Sequence[Work]:
        """Return the work of keeping what services are told by now."""

"""This module asks one provider, never more often than it may be asked, and leaves it alone when it fails."""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import frozen

from decnet_actors.contracts.intel import (
    AddressProvider,
    Answer,
    ListProvider,
    Opinion,
    Provider,
    ProviderError,
    Request,
)
from decnet_actors.contracts.intel_operations import ProviderRow, ProviderState
from decnet_actors.enrich.ask import Ask, UnwantedError
from decnet_actors.enrich.breaker import Breaker, State
from decnet_actors.enrich.budget import Budget
from supervisors.clock import Clock
from supervisors.log import get_logger

LIST_STALE = 86_400.0  # seconds for which a list is used that cannot be had anew
SOON = 60.0  # seconds before something that had no turn is tried again, at least
log = get_logger(__name__)


@frozen(kw_only=True)
class Failure:
    """There is no opinion."""

    reason: str
    again: float  # seconds until it makes sense to ask again; 0: as after any failure
    asked: bool  # whether a request was made


Reply: TypeAlias = Opinion | Failure


class Correspondent:
    """One provider and everything that lasts longer than an incarnation of the actor: budget, breaker, list.

    Args:
        name: of the provider.
        provider: the plugin's object.
        ask: makes requests.
        clock: for budget and pauses.

    """

    def __init__(self, name: str, provider: Provider, ask: Ask, clock: Clock) -> None:
        self.name = name
        self._provider = provider
        self._ask = ask
        self._clock = clock
        self._breaker = Breaker()
        self._budget: Budget | None = None
        self._answered = self._failed = 0
        self._error = ""
        self._list: Mapping[str, Opinion] | None = None
        self._listed_at = 0.0  # monotonic

    @property
    def lacks(self) -> str:
        """What it cannot be asked without; empty when it can be."""
        return self._provider.lacks

    @property
    def is_new(self) -> bool:
        """Whether what was spent of its budget has not been told yet."""
        return self._budget is None

    def begin(self, spent: int) -> None:
        """Take note of how many requests the last 24 hours had."""
        self._budget = Budget(self._provider.limits, 0 if isinstance(self._provider, ListProvider) else spent)

    def knows(self, address: str) -> bool:
        """Return whether it can say something of addresses of this version of IP."""
        return not self.lacks and ipaddress.ip_address(address).version in self._provider.versions

    def good_for(self, ttl: float) -> float:
        """Return the seconds an opinion is good for: no longer than the list it is from."""
        return min(ttl, self._provider.every) if isinstance(self._provider, ListProvider) else ttl

    async def opinions(self, addresses: Sequence[str], within: float) -> Mapping[str, Reply]:
        """Return an opinion or a failure for each address.

        Args:
            addresses: in their shortest form, of versions it knows.
            within: seconds in which the last request is begun; the rest waits for its turn.

        """
        ends = self._clock.monotonic() + within
        if isinstance(self._provider, ListProvider):
            return await self._listed(self._provider, addresses, ends)
        return {address: await self._single(self._provider, address, ends) for address in addresses}

    def status(self, *, enabled: bool) -> ProviderRow:
        """Return how it is doing."""
        now = self._clock.monotonic()
        state = self._state(now) if enabled else ProviderState.OFF
        waits = state in {ProviderState.PAUSED, ProviderState.SPENT}
        return ProviderRow(
            provider=self.name,
            state=state,
            left=self._budget.left(now) if self._budget is not None else 0,
            answers=self._answered,
            failures=self._failed,
            listed=None if self._list is None else len(self._list),
            resumes=self._clock.now() + max(self._breaker.pause(now), self._waits(now)) if waits else None,
            error=f"{self.lacks} is missing" if self.lacks else self._error,
        )

    def _state(self, now: float) -> ProviderState:
        if self.lacks:
            return ProviderState.LACKING
        match self._breaker.state(now):
            case State.OPEN:
                return ProviderState.PAUSED
            case State.HALF_OPEN:
                return ProviderState.TRYING
            case State.CLOSED:
                return ProviderState.READY if self._budget is None or self._budget.left(now) else ProviderState.SPENT

    def _waits(self, now: float) -> float:
        return self._budget.wait(now) if self._budget is not None else 0.0

    async def _single(self, provider: AddressProvider, address: str, ends: float) -> Reply:
        if (no_turn := await self._turn(ends)) is not None:
            return no_turn
        try:
            opinion = provider.read(address, await self._send(provider.request(address)))
        except ProviderError as error:
            return self._fail(error)
        self._succeed()
        return opinion

    async def _listed(self, provider: ListProvider, addresses: Sequence[str], ends: float) -> Mapping[str, Reply]:
        now = self._clock.monotonic()
        failure: Failure | None = None
        if self._list is None or now >= self._listed_at + provider.every:
            failure = await self._renew(provider, ends)
        known = self._list
        if known is None or (failure is not None and now >= self._listed_at + LIST_STALE):
            return dict.fromkeys(addresses, failure or Failure(reason="there is no list yet", again=SOON, asked=False))
        unlisted = provider.unlisted()
        return {address: known.get(address, unlisted) for address in addresses}

    async def _renew(self, provider: ListProvider, ends: float) -> Failure | None:
        """Get the list anew; the old one stays when that fails."""
        if (no_turn := await self._turn(ends)) is not None:
            return no_turn
        try:
            self._list = provider.read_list(await self._send(provider.list_request()))
        except ProviderError as error:
            return self._fail(error)
        self._listed_at = self._clock.monotonic()
        self._succeed()
        return None

    async def _turn(self, ends: float) -> Failure | None:
        """Wait for the turn of one request; return why there is none until ``ends``."""
        now = self._clock.monotonic()
        if (pause := self._breaker.pause(now)) > 0:
            return Failure(reason=f"it failed, and is left alone: {self._error}", again=pause, asked=False)
        if self._budget is None:
            self._budget = Budget(self._provider.limits)
        wait = self._budget.wait(now)
        if now + wait > ends:
            return Failure(reason="it waits for its turn", again=max(wait, SOON), asked=False)
        if wait > 0:
            await asyncio.sleep(wait)
        self._budget.take(self._clock.monotonic())
        return None

    async def _send(self, request: Request) -> Answer:
        self._breaker.begin(self._clock.monotonic())
        try:
            return await self._ask(request, self._provider.limits.max_size)
        except asyncio.CancelledError:
            self._breaker.abandon()
            raise

    def _fail(self, error: ProviderError) -> Failure:
        now = self._clock.monotonic()
        before = self._breaker.state(now)
        self._failed += 1
        self._error = error.reason
        self._breaker.fail(now, error.seconds if isinstance(error, UnwantedError) else 0.0)
        if before is State.CLOSED and self._breaker.state(now) is State.OPEN:
            log.warning(
                "intel.paused", provider=self.name, reason=error.reason, seconds=round(self._breaker.pause(now))
            )
        return Failure(reason=error.reason, again=self._breaker.pause(now), asked=True)

    def _succeed(self) -> None:
        if self._breaker.state(self._clock.monotonic()) is not State.CLOSED:
            log.info("intel.resumed", provider=self.name)
        self._answered += 1
        self._error = ""
        self._breaker.succeed()

"""This module answers the operations that have to do with providers themselves."""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from decnet_actors.contracts import intel_operations as ops
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Caller, Handler, Nothing, Operation, Page
from decnet_actors.domain.addresses import off_internet
from decnet_actors.domain.text import escaped
from decnet_actors.enrich.correspondent import Correspondent
from decnet_actors.enrich.enricher import Refresh
from supervisors.actor import ActorDeadError

MAX_NAME = 80  # characters of an address that is none repeated in an error
ANSWER = 60.0  # seconds for what others are asked about before, and for this


class Table(Protocol):
    """Where operations are bound (``contracts.operation_table.OperationTable``)."""

    def bind(self, operation: Operation[Any, Any], handler: Handler) -> None: ...  # Any: operations of unlike classes


class Asks(Protocol):
    """The enricher's address."""

    async def ask(self, message: Refresh, *, within: float) -> Any: ...  # Any: nothing that is used


class IntelHandlers:
    """Answers what needs the providers.

    Args:
        enabled: whether anybody is asked.
        correspondents: the providers.
        enricher: tells the actor's address.
        detail: what is kept of an address in its shortest form.

    """

    def __init__(
        self,
        *,
        enabled: bool,
        correspondents: Sequence[Correspondent],
        enricher: Callable[[], Asks],
        detail: Callable[[str], Awaitable[ops.IntelDetail | None]],
    ) -> None:
        self._enabled = enabled
        self._correspondents = correspondents
        self._enricher = enricher
        self._detail = detail

    def bind(self, table: Table) -> None:
        """Bind them."""
        table.bind(ops.INTEL_REFRESH, self.refresh)
        table.bind(ops.INTEL_STATUS, self.status)

    async def status(self, _args: Nothing, _caller: Caller) -> Page[ops.ProviderRow]:
        """Answer intel.status."""
        return Page(items=tuple(one.status(enabled=self._enabled) for one in self._correspondents))

    async def refresh(self, args: ops.IntelArgs, _caller: Caller) -> ops.IntelDetail:
        """Answer intel.refresh."""
        address = _of_the_internet(args.address)
        if not self._enabled:
            raise OperatorError(
                CATALOGUE["DN4010"],
                "nobody is asked about addresses: intelligence is not enabled",
                fix=("[intel] enabled = true", "decnetctl explain intel.enabled"),
            )
        if not any(one.knows(address) for one in self._correspondents):
            raise OperatorError(
                CATALOGUE["DN4010"], f"no provider can be asked about {address}", fix=("decnetctl intel status",)
            )
        try:
            await self._enricher().ask(Refresh(address=address), within=ANSWER)
        except ActorDeadError as error:
            raise OperatorError(
                CATALOGUE["DN4010"],
                "who asks the providers is being restarted",
                fix=("decnetctl actor list --under decnetd/enrich",),
            ) from error
        except TimeoutError as error:
            raise OperatorError(
                CATALOGUE["DN6004"],
                f"no provider answered within {ANSWER:.0f} s; what comes is kept all the same",
                fix=(f"decnetctl intel show {address}",),
            ) from error
        found = await self._detail(address)
        if found is None:
            raise OperatorError(
                CATALOGUE["DN4010"], f"{address} is an address of ours: nobody is asked about it", fix=()
            )
        return found


def _of_the_internet(text: str) -> str:
    """Return the address in its shortest form.

    Raises:
        OperatorError: DN5001, it is none, or none that anybody is asked about.

    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        problem = f"/address: {escaped(text, MAX_NAME)} is no IP address"
        raise OperatorError(CATALOGUE["DN5001"], f"intel.refresh: {problem}", errors=(problem,)) from None
    if reason := off_internet(address):
        problem = f"/address: {reason}: nobody is asked about it"
        raise OperatorError(CATALOGUE["DN5001"], f"intel.refresh: {problem}", errors=(problem,))
    return str(address)

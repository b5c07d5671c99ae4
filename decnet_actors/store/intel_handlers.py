"""This module answers the operations that read what providers of intelligence said."""

import ipaddress

from decnet_actors.contracts import intel_operations as ops
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.intel import Known, said
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.intel import Verdict
from decnet_actors.domain.text import escaped
from decnet_actors.store.handlers import Table
from decnet_actors.store.intel import IntelTable
from decnet_actors.store.paging import decode_cursor, encode_cursor

MAX_NAME = 80  # characters of an unknown address repeated in an error


def bind_intel(table: Table, intel: IntelTable) -> None:
    """Bind the operations that read."""
    handlers = IntelHandlers(intel)
    table.bind(ops.INTEL_SHOW, handlers.show)
    table.bind(ops.INTEL_LIST, handlers.list)


class IntelHandlers:
    """Answers from the tables alone: it asks nobody."""

    def __init__(self, table: IntelTable) -> None:
        self._table = table

    async def show(self, args: ops.IntelArgs, _caller: Caller) -> ops.IntelDetail:
        """Answer intel.show."""
        found = await self.detail(_shortest(args.address))
        if found is None:
            shown = escaped(args.address, MAX_NAME)
            raise OperatorError(
                CATALOGUE["DN3001"],
                f"nobody was asked about {shown}",
                fix=(f"decnetctl intel refresh {shown}", "decnetctl intel status"),
            )
        return found

    async def detail(self, address: str) -> ops.IntelDetail | None:
        """Return what is known of an address in its shortest form, ``None`` when nobody was asked about it."""
        known = (await self._table.known([address]))[address]
        thought = await self._table.verdict(address)
        if not known:
            return None
        return ops.IntelDetail(
            address=address,
            verdict=Verdict.UNKNOWN if thought is None else thought[0],
            time=None if thought is None else thought[1],
            opinions=tuple(_opinion(one) for one in known.values()),
        )

    async def list(self, args: ops.IntelListArgs, _caller: Caller) -> Page[ops.IntelRow]:
        """Answer intel.list."""
        after = None
        if args.cursor is not None:
            time, address = decode_cursor(args.cursor, str, str)
            after = (_number(str(time)), str(address))
        found = await self._table.page(args, after=after)
        known = await self._table.known([address for address, _, _ in found])
        rows = tuple(
            ops.IntelRow(
                address=address,
                verdict=verdict,
                time=time,
                opinions=tuple(f"{one.provider}={one.verdict}" for one in known[address].values() if one.answered),
            )
            for address, verdict, time in found
        )
        full = len(rows) == args.limit
        return Page(items=rows, next=encode_cursor(repr(rows[-1].time), rows[-1].address) if full else None)


def _opinion(known: Known) -> ops.IntelOpinion:
    return ops.IntelOpinion(
        provider=known.provider,
        verdict=known.verdict,
        says=said(known.fields),
        asked=known.asked,
        answered=known.answered,
        expires=known.expires,
        error=known.error,
    )


def _shortest(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OperatorError(CATALOGUE["DN5001"], "/cursor: is not the next of a page") from None

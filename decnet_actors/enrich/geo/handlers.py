"""This module answers the operations on what is known of addresses."""

import ipaddress
from collections.abc import Awaitable, Callable

from attrs import asdict

from decnet_actors.contracts import geoip_operations as ops
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.geography import Names
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Nothing
from decnet_actors.domain.text import escaped
from decnet_actors.enrich.geo.atlas import Atlas
from decnet_actors.enrich.geo.settings import GeoipSettings

ADD_SOURCES = '[geoip] sources = ["/path/of/a/file", "https://..."], and restart decnetd'


class GeoipHandlers:
    """Handlers of ``geoip.*``.

    Args:
        atlas: what is known.
        names: of hosts; ``None`` when nobody may be asked.
        settings: as configured.
        refresh: has all sources read again; returns what went wrong.
        now: Unix seconds.

    """

    def __init__(
        self,
        atlas: Atlas,
        names: Names | None,
        settings: GeoipSettings,
        refresh: Callable[[], Awaitable[str]],
        now: Callable[[], float],
    ) -> None:
        self._atlas = atlas
        self._names = names
        self._settings = settings
        self._refresh = refresh
        self._now = now

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.GEOIP_STATUS, self.status)
        table.bind(ops.GEOIP_REFRESH, self.refresh)
        table.bind(ops.GEOIP_LOOKUP, self.lookup)

    async def status(self, args: Nothing, caller: Caller) -> ops.GeoipStatus:
        """Answer geoip.status."""
        del args, caller
        return self.report()

    def report(self) -> ops.GeoipStatus:
        """Return what addresses are looked up in."""
        index = self._atlas.index
        known = {source.name: ops.GeoipSource(**asdict(source)) for source in index.head.sources} if index else {}
        return ops.GeoipStatus(
            enabled=self._settings.enabled,
            refresh=str(self._settings.refresh),
            refreshing=self._atlas.refreshing,
            created=index.head.built if index else None,
            age=max(0.0, self._now() - index.head.built) if index else None,
            size=index.size if index else 0,
            ranges_v4=index.head.ranges["v4"] if index else 0,
            ranges_v6=index.head.ranges["v6"] if index else 0,
            sources=tuple(
                known.get(name, ops.GeoipSource(name=name, problem="not read yet")) for name in self._settings.sources
            ),
            problem=self._atlas.problem,
        )

    async def refresh(self, args: Nothing, caller: Caller) -> ops.GeoipStatus:
        """Answer geoip.refresh."""
        del args, caller
        self._check_enabled()
        if not self._settings.sources:
            raise OperatorError(CATALOGUE["DN4010"], "no source of address data is configured", fix=(ADD_SOURCES,))
        if problem := await self._refresh():
            raise OperatorError(CATALOGUE["DN6020"], problem)
        return self.report()

    async def lookup(self, args: ops.GeoipLookupArgs, caller: Caller) -> ops.GeoipPlace:
        """Answer geoip.lookup."""
        del caller
        try:
            found = ipaddress.ip_address(args.address)
        except ValueError as error:
            raise OperatorError(CATALOGUE["DN5001"], f'"{escaped(args.address)}" is no IP address') from error
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        address = str(mapped or found)
        self._check_enabled()
        if self._atlas.index is None:
            fix = "decnetctl geoip refresh" if self._settings.sources else ADD_SOURCES
            raise OperatorError(CATALOGUE["DN4010"], "there is no index of addresses yet", fix=(fix,))
        place = self._atlas.place(address)
        name = await self._names.name(address) if self._names is not None else None
        if place is None:
            return ops.GeoipPlace(address=address, name=name or "")
        return ops.GeoipPlace(
            address=address,
            country=place.country,
            asn=place.asn or None,
            as_name=place.as_name,
            network=place.network,
            source=place.source,
            name=name or "",
        )

    def _check_enabled(self) -> None:
        if not self._settings.enabled:
            raise OperatorError(
                CATALOGUE["DN4010"],
                "looking addresses up is turned off",
                fix=("[geoip] enabled = true, and restart decnetd",),
            )

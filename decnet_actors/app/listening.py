"""This module makes the sniffer of the daemon: where it listens, to whom, and where what it sees is recorded."""

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import frozen

from decnet_actors.contracts.fleet_driver import FleetDriver, Place, Tap
from decnet_actors.contracts.journal import JournalWriter
from decnet_actors.domain.ids import Ids
from decnet_actors.domain.records import Record
from decnet_actors.kernel.capture import Ring
from decnet_actors.sensors.settings import SnifferSettings
from decnet_actors.sensors.sniffer import Gauge, Means, Sniffer
from decnet_actors.sensors.watch import Sighting


@frozen(kw_only=True)
class Ears:
    """What a sniffer is made with.

    Args:
        settings: whether and where.
        driver: has the deckies, and knows their interface.
        places: of the deckies there are.
        writer: of the journal.
        ids: of records.
        host: this machine's name.
        gauge: is kept up to date.

    """

    settings: SnifferSettings
    driver: FleetDriver
    places: Callable[[], Iterable[Place]]
    writer: JournalWriter
    ids: Ids
    host: str
    gauge: Gauge

    def sniffer(self) -> Sniffer:
        """Return the actor."""
        means = Means(
            open=self._open,
            deckies=self._deckies,
            note=self._note,
            crowded=lambda: self.writer.crowded,
            gauge=self.gauge,
        )
        return Sniffer(means)

    async def _open(self) -> Tap:
        interface = self.settings.interface
        if not interface:
            return await self.driver.capture()
        try:
            return Ring(interface)
        except PermissionError as error:
            reason = f"listening on {interface} needs CAP_NET_RAW, which decnetd does not have"
            raise PermissionError(error.errno, reason) from error
        except OSError as error:
            raise OSError(error.errno, f"[sniffer] interface {interface}: {error.strerror}") from error

    def _deckies(self) -> Mapping[bytes, str]:
        return {
            ipaddress.ip_address(address).packed: place.decky
            for place in self.places()
            for address in (place.addresses or (place.address,))
            if address
        }

    def _note(self, sightings: Sequence[Sighting]) -> None:
        for one in sightings:
            record = Record(
                id=self.ids.at(one.time),
                time=one.time,
                host=self.host,
                decky=one.decky,
                service="",
                fact=one.fact,
                source=one.source,
                source_port=one.source_port,
            )
            self.writer.put(record)

"""This module puts together what answers for addresses: where they are, and what they are called."""

from decnet_actors.app.daemon import Daemon
from decnet_actors.app.tree import CARTOGRAPHER
from decnet_actors.enrich.geo.cartographer import RefreshIndex
from decnet_actors.enrich.geo.handlers import GeoipHandlers
from supervisors.actor import ActorDeadError

REFRESH = 3600.0  # seconds all sources may take


def address_handlers(daemon: Daemon) -> GeoipHandlers:
    """Return the handlers of ``geoip.*``."""

    async def refresh() -> str:
        try:
            problem: str = await daemon.system.directory.address(CARTOGRAPHER).ask(RefreshIndex(), within=REFRESH)
        except ActorDeadError:
            return "its actor has ended; decnetctl actor restart decnetd/cartographer"
        except TimeoutError:
            return f"not done in {REFRESH:g} s"
        return problem

    return GeoipHandlers(daemon.atlas, daemon.names, daemon.settings.geoip, refresh, daemon.clock.now)

"""This module is the embedded fleet driver: each decky on a loopback address of its own, no privileges needed."""

import ipaddress

from attrs import Attribute, field, frozen

from decnet_actors.contracts.plugin import Plugin
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift

_SMALLEST = 30  # prefix length; anything longer has no room


def _loopback(_: object, attribute: "Attribute[str]", value: str) -> None:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(
            f"{attribute.name}: {value!r} is not an IPv4 network such as 127.77.0.0/16 ({error})"
        ) from None
    if not network.is_loopback or network.prefixlen > _SMALLEST:
        raise ValueError(f"{attribute.name}: {value} must lie in 127.0.0.0/8 and have room for a decky")


@frozen(kw_only=True)
class LoopbackConfig:
    """Options of ``[fleet_driver.loopback]``."""

    network: str = field(
        default="127.77.0.0/16", validator=_loopback, metadata={"help": "where deckies get their addresses from"}
    )
    shift: Shift = field(
        default=Shift.AUTO,
        metadata={"help": "ports below 1024: auto tries the real one and shifts when not permitted; always; never"},
    )


PLUGIN = Plugin(
    id="fleet_driver.loopback",
    config=LoopbackConfig,
    create=lambda config, _deps: LoopbackDriver(network=config.network, shift=config.shift),
    summary="Deckies on 127.x.y.z, ports shifted when unprivileged",
)

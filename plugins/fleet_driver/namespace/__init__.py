"""This module is the fleet driver that gives each decky a network namespace: own MAC, addresses and TCP/IP stack."""

from typing import Any

from attrs import Attribute, field, frozen
from attrs.validators import in_

from decnet_actors.contracts.plugin import Plugin
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.namespace.rules import MAX_DECKIES, Egress, Rules

_SOCKET = "/run/decnet/netd.sock"
_LONGEST_PATH = 100  # bytes; sun_path of unix(7) has 108


def _socket_path(_: object, attribute: "Attribute[str]", value: str) -> None:
    if not value.startswith("/") or len(value.encode()) > _LONGEST_PATH:
        raise ValueError(f"{attribute.name}: {value!r} is not an absolute path of at most {_LONGEST_PATH} bytes")


@frozen(kw_only=True)
class NamespaceConfig:
    """Options of ``[fleet_driver.namespace]``."""

    parent: str = field(metadata={"help": "interface of this host that deckies hang on, such as eth0"})
    networks: tuple[str, ...] = field(
        metadata={"help": "what is on its link, IPv4 and IPv6, such as 192.168.1.0/24; the first gives the address"}
    )
    ranges: tuple[str, ...] = field(
        default=(), metadata={"help": "where in the networks deckies may be; empty: everywhere"}
    )
    gateways: tuple[str, ...] = field(default=(), metadata={"help": "default routers of deckies"})
    reserved: tuple[str, ...] = field(
        default=(), metadata={"help": "addresses of real machines, never given to a decky"}
    )
    stack: str = field(
        default="linux",
        validator=in_(tuple(PERSONALITIES)),
        metadata={"help": f"TCP/IP stack of deckies that want none of their own: {', '.join(PERSONALITIES)}"},
    )
    egress: Egress = field(
        default=Egress.NONE,
        metadata={"help": "what may leave a decky unasked: none (enforced, needs libnftables1) or any"},
    )
    max_deckies: int = field(default=MAX_DECKIES, metadata={"help": "deckies the helper makes at most"})
    socket: str = field(default=_SOCKET, validator=_socket_path, metadata={"help": "where decnet-netd listens"})
    spawn: bool = field(
        default=True,
        metadata={"help": "start decnet-netd when nobody listens there; the daemon then needs its capabilities"},
    )

    def __attrs_post_init__(self) -> None:
        self.rules()  # what is wrong with it is told with the configuration, not at the start

    def rules(self) -> Rules:
        """Return what the helper is to permit."""
        return Rules.of(
            parent=self.parent,
            networks=self.networks,
            ranges=self.ranges,
            gateways=self.gateways,
            reserved=self.reserved,
            egress=self.egress,
            max_deckies=self.max_deckies,
        )


def _create(config: NamespaceConfig, _deps: object) -> Any:  # Any: the driver's class, which the helper must not load
    from plugins.fleet_driver.namespace.driver import NamespaceDriver

    return NamespaceDriver(config)


PLUGIN = Plugin(
    id="fleet_driver.namespace",
    config=NamespaceConfig,
    create=_create,
    summary="Deckies in network namespaces with a MAC, addresses and a TCP/IP stack of their own",
)

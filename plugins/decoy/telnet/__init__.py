"""A Debian or Ubuntu telnetd, with ``login`` and the machine's shell behind it."""

from attrs import field, frozen, validators

from decnet_actors.contracts.plugin import Plugin
from plugins.decoy.telnet.service import TelnetService


@frozen(kw_only=True)
class TelnetConfig:
    """Options of ``[decoy.telnet]``."""

    port: int = field(
        default=23,
        validator=[validators.ge(1), validators.le(65535)],
        metadata={"help": "TCP port a decky offers the service on"},
    )
    failure_delay: float = field(
        default=3.0,
        validator=[validators.ge(0), validators.le(60)],
        metadata={"help": "seconds, on average, before 'Login incorrect'; pam_faildelay's default is 3"},
    )
    patience: float = field(
        default=3.0,
        validator=[validators.ge(0), validators.le(60)],
        metadata={
            "help": "seconds to wait for a peer that answers no option before it is shown the prompt all the same;"
            " 0 waits for ever, as the real daemon does, and loses the passwords of the simplest scanners"
        },
    )


PLUGIN = Plugin(
    id="decoy.telnet",
    config=TelnetConfig,
    create=lambda config, deps: TelnetService(deps, failure_delay=config.failure_delay, patience=config.patience),
    summary="Telnet log-in of a Debian or Ubuntu server, and its shell",
)

"""A TFTP server: in.tftpd of tftp-hpa, with a folder of the machine's own files."""

from attrs import field, frozen, validators

from decnet_actors.contracts.plugin import Plugin
from plugins.decoy.tftp.service import TftpService


@frozen(kw_only=True)
class TftpConfig:
    """Options of ``[decky.services.tftp]``."""

    port: int = field(
        default=69,
        validator=[validators.ge(1), validators.le(65535)],
        metadata={"help": "UDP port a decky offers the service on"},
    )
    create: bool = field(
        default=False,
        metadata={"help": "take new files from anybody, as in.tftpd --create does; what is brought is kept"},
    )


PLUGIN = Plugin(
    id="decoy.tftp",
    config=TftpConfig,
    create=lambda config, deps: TftpService(deps, create=config.create),
    summary="TFTP server: in.tftpd of tftp-hpa, and the machine's files",
)

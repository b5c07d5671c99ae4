"""An FTP server: vsftpd, ProFTPD or Pure-FTPd, as the persona has it, with the machine's own files behind it."""

from attrs import field, frozen, validators

from decnet_actors.contracts.plugin import Plugin
from plugins.decoy.ftp.service import FtpService


@frozen(kw_only=True)
class FtpConfig:
    """Options of ``[decky.services.ftp]``."""

    port: int = field(
        default=21,
        validator=[validators.ge(1), validators.le(65535)],
        metadata={"help": "TCP port a decky offers the service on"},
    )
    anonymous: bool = field(
        default=False, metadata={"help": "let guests in as anonymous, to read what is in /srv/ftp; none may write"}
    )
    writable: bool = field(
        default=True, metadata={"help": "let those who have logged in change files; what they bring is kept"}
    )
    tls: bool = field(
        default=False,
        metadata={"help": "offer AUTH TLS, with a certificate of the machine's own; the packages do not"},
    )
    failure_delay: float = field(
        default=1.0,
        validator=[validators.ge(0), validators.le(10)],
        metadata={"help": "how many times as long as the real daemon a refusal takes; 0 answers at once"},
    )


PLUGIN = Plugin(
    id="decoy.ftp",
    config=FtpConfig,
    create=lambda config, deps: FtpService(
        deps,
        port=config.port,
        anonymous=config.anonymous,
        writable=config.writable,
        delay=config.failure_delay,
        tls=config.tls,
    ),
    summary="FTP server: vsftpd, ProFTPD or Pure-FTPd, and the machine's files",
)

"""An OpenSSH server of the persona's version, with its machine's shell, sftp and scp behind it."""

from attrs import field, frozen, validators

from decnet_actors.contracts.plugin import Plugin
from plugins.decoy.ssh.service import SshService


@frozen(kw_only=True)
class SshConfig:
    """Options of ``[decoy.ssh]``."""

    port: int = field(
        default=22,
        validator=[validators.ge(1), validators.le(65535)],
        metadata={"help": "TCP port a decky offers the service on"},
    )
    failure_delay: float = field(
        default=2.0,
        validator=[validators.ge(0), validators.le(60)],
        metadata={"help": "seconds, on average, before a wrong password's verdict; pam_unix's default is 2"},
    )
    keyboard_interactive: bool = field(
        default=False,
        metadata={"help": "whether to offer keyboard-interactive too; Debian and Ubuntu do not"},
    )


PLUGIN = Plugin(
    id="decoy.ssh",
    config=SshConfig,
    create=lambda config, deps: SshService(
        deps, failure_delay=config.failure_delay, keyboard_interactive=config.keyboard_interactive
    ),
    summary="OpenSSH of the persona's version: every attempt recorded, shell, sftp and scp on the shared machine",
)

"""This module decides where the daemon keeps its state and sockets: FHS for root, XDG for everybody else."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from decnet_actors.settings import DaemonSettings

ROOT = 0
PRIVATE = 0o700


@frozen(kw_only=True)
class Places:
    """Folders of this daemon; made, and closed to others, by ``make``."""

    state: Path
    run: Path

    @property
    def artifacts(self) -> Path:
        """Files that peers brought."""
        return self.state / "artifacts"

    @property
    def geoip(self) -> Path:
        """What is known of addresses."""
        return self.state / "geoip"

    @property
    def database(self) -> Path:
        """The embedded database."""
        return self.state / "decnet.db"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.run / "control.sock"

    def make(self) -> None:
        """Create what is missing.

        Raises:
            OSError: a folder cannot be made, or belongs to somebody else.

        """
        for folder in (self.state, self.run):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            if folder.stat().st_uid not in {ROOT, os.getuid()}:
                raise PermissionError(errno.EPERM, "belongs to another user", str(folder))


def places(settings: DaemonSettings, environ: Mapping[str, str], uid: int) -> Places:
    """Return the folders: configured, else given by systemd, else the usual ones of the user.

    Args:
        settings: what is configured.
        environ: STATE_DIRECTORY and RUNTIME_DIRECTORY (systemd.exec), XDG_STATE_HOME and XDG_RUNTIME_DIR, HOME.
        uid: who the daemon runs as.

    """
    if uid == ROOT:
        state, run = Path("/var/lib/decnet"), Path("/run/decnet")
    else:
        home = Path(environ.get("HOME", "/"))
        state = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "decnet"
        runtime = environ.get("XDG_RUNTIME_DIR")
        run = Path(runtime) / "decnet" if runtime else Path(f"/tmp/decnet-{uid}")  # noqa: S108  0700 and owned by us, or refused
    state = _systemd(environ, "STATE_DIRECTORY") or state
    run = _systemd(environ, "RUNTIME_DIRECTORY") or run
    return Places(state=(settings.state_dir or state).absolute(), run=(settings.run_dir or run).absolute())


def _systemd(environ: Mapping[str, str], name: str) -> Path | None:
    first = environ.get(name, "").partition(":")[0]
    return Path(first) if first else None

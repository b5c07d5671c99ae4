"""This module tells the service manager how the daemon is doing (sd_notify(3), sd_watchdog_enabled(3))."""

import socket
from collections.abc import Mapping

MICRO = 1_000_000


class ServiceManager:
    """The service manager that started this process; without one every call does nothing.

    Args:
        environ: ``NOTIFY_SOCKET`` names its socket (a leading ``@`` is the abstract name space), ``WATCHDOG_USEC`` and
            ``WATCHDOG_PID`` say how often it wants to hear ``WATCHDOG=1``.
        pid: of this process.

    """

    def __init__(self, environ: Mapping[str, str], *, pid: int) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        period = environ.get("WATCHDOG_USEC", "")
        meant = environ.get("WATCHDOG_PID") in {None, "", str(pid)}
        micros = int(period) if period.isascii() and period.isdecimal() and meant and name else 0
        self.watchdog_period = micros / MICRO or None  # seconds within which it wants a beat, if it wants any

    def ready(self, status: str = "") -> None:
        """Start-up, or a reload, is complete."""
        self._tell(READY="1", STATUS=status)

    def reloading(self, monotonic: float) -> None:
        """A reload begins; ``monotonic`` is CLOCK_MONOTONIC in seconds."""
        self._tell(RELOADING="1", MONOTONIC_USEC=str(int(monotonic * MICRO)))

    def stopping(self, status: str = "") -> None:
        """An orderly stop begins."""
        self._tell(STOPPING="1", STATUS=status)

    def status(self, text: str) -> None:
        """Show one line in ``systemctl status``."""
        self._tell(STATUS=text)

    def watchdog(self) -> None:
        """Still alive."""
        self._tell(WATCHDOG="1")

    def _tell(self, **state: str) -> None:
        if not self._address:
            return
        lines = [f"{key}={value.splitlines()[0]}" for key, value in state.items() if value.strip()]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(0)
            try:
                channel.sendto("\n".join(lines).encode(), self._address)
            except OSError:
                return  # a manager that went away, or is too busy to listen, must not stop the daemon

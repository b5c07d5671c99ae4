"""This module defines the settings of the web console."""

from enum import StrEnum

from attrs import field, frozen, validators


class TlsMode(StrEnum):
    """Where the certificate comes from."""

    OFF = "off"  # loopback, or behind a reverse proxy
    FILES = "files"
    SELF_SIGNED = "self-signed"


@frozen(kw_only=True)
class WebSettings:
    """The web console: where it listens and how people sign in."""

    enabled: bool = field(default=True, metadata={"help": "Whether the console is served at all."})
    listen: tuple[str, ...] = field(
        default=("127.0.0.1:8443",),
        metadata={"help": "host:port pairs; until an administrator exists only loopback addresses are used."},
    )
    metrics_listen: str = field(
        default="", metadata={"help": "host:port of the Prometheus endpoint /metrics; empty serves none."}
    )
    public_url: str = field(
        default="",
        metadata={"help": "How browsers reach the console, if not by a listen address; its host is allowed."},
    )
    allowed_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": "Further Host header names to answer to; others are refused (DNS rebinding)."}
    )
    session_idle: float = field(
        default=8 * 3600.0,
        validator=validators.gt(0),
        metadata={"help": "Seconds without a request after which a browser session ends."},
    )
    session_max: float = field(
        default=7 * 86400.0,
        validator=validators.gt(0),
        metadata={"help": "Seconds after which a browser session ends in any case."},
    )
    min_password: int = field(
        default=15,
        validator=[validators.ge(8), validators.le(128)],
        metadata={"help": "Shortest password, in characters."},
    )
    setup_valid: float = field(
        default=15 * 60.0, validator=validators.gt(0), metadata={"help": "Seconds a set-up link is valid."}
    )
    stream_clients: int = field(
        default=64, validator=validators.ge(1), metadata={"help": "Live streams open at the same time."}
    )
    tls: TlsMode = field(default=TlsMode.OFF, metadata={"help": "off, files or self-signed."})
    tls_certificate: str = field(default="", metadata={"help": "PEM file with the certificate chain."})
    tls_key: str = field(default="", metadata={"help": "PEM file with the private key."})


def split_listen(text: str) -> tuple[str, int]:
    """Return ``("::1", 8443)`` for ``[::1]:8443``.

    Raises:
        ValueError: it is not ``host:port``.

    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004  the largest port
        raise ValueError(f"{text!r} is not host:port")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Return whether an address reaches only this machine."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def listen_url(settings: WebSettings, host: str, port: int) -> str:
    """Return the base URL of one listener, without a slash at the end."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        host = "127.0.0.1"
    scheme = "http" if settings.tls is TlsMode.OFF else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def console_url(settings: WebSettings) -> str:
    """Return how browsers reach the console, without a slash at the end."""
    return settings.public_url.rstrip("/") or listen_url(settings, *split_listen(settings.listen[0]))

"""A web server with a login page: the server that the persona has installed."""

from typing import Literal

from attrs import field, frozen, validators

from decnet_actors.contracts.decoy import DecoyDeps, DecoyService
from decnet_actors.contracts.plugin import Plugin

MAX_PORT = 65535


@frozen(kw_only=True)
class HttpConfig:
    """Options of the ``http`` service of a decky."""

    port: int = field(
        default=80,
        validator=[validators.ge(1), validators.le(MAX_PORT)],
        metadata={"help": "TCP port"},
    )
    server: Literal["auto", "nginx", "apache", "lighttpd", "mini-httpd"] = field(
        default="auto",
        metadata={"help": "which web server answers; auto takes the one the persona has installed"},
    )
    title: str = field(default="", metadata={"help": "name of the application on the login page; empty: made up"})
    login_path: str = field(
        default="/login",
        validator=validators.matches_re(r"/[A-Za-z0-9._/-]*"),
        metadata={"help": "where the login form lives; / redirects there"},
    )
    user_field: str = field(default="username", metadata={"help": "name of the form's user field"})
    password_field: str = field(default="password", metadata={"help": "name of the form's password field"})
    protected_path: str = field(
        default="/admin/",
        validator=validators.matches_re(r"/[A-Za-z0-9._/-]*"),
        metadata={"help": "a path that asks for HTTP authentication"},
    )
    protection: Literal["basic", "digest", "bearer"] = field(
        default="basic", metadata={"help": "which HTTP authentication the protected path asks for"}
    )
    max_body: int = field(
        default=10 * 1024 * 1024,
        validator=[validators.ge(1024), validators.le(256 * 1024 * 1024)],
        metadata={"help": "bytes of a request body that are read and kept; more is answered 413"},
    )


def create(config: HttpConfig, deps: DecoyDeps) -> DecoyService:
    """Return the service; its modules are imported only by a fleet that has a web server."""
    from plugins.decoy.http.service import HttpService

    return HttpService(config, deps)


PLUGIN = Plugin(
    id="decoy.http",
    config=HttpConfig,
    create=create,
    summary="Web server with a login page, HTTP authentication and full request evidence",
)

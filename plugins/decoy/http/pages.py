"""This module decides which page answers a request: the site of one decky, as its web server shows it."""

import hashlib

from decnet_actors.contracts.decoy import DecoyDeps
from decnet_actors.domain.persona import Persona
from decnet_actors.wire.http_dialect import HTTP_0_9
from plugins.decoy.http import HttpConfig
from plugins.decoy.http.apache import Apache
from plugins.decoy.http.credentials import SECRET_FIELDS, USER_FIELDS
from plugins.decoy.http.lighttpd import Lighttpd
from plugins.decoy.http.mini_httpd import MiniHttpd
from plugins.decoy.http.nginx import Nginx
from plugins.decoy.http.servers import Asked, Reply, Server, upstream
from plugins.decoy.http.site import make_site
from plugins.decoy.http.targets import path_of

MAX_COOKIES = 256  # sessions that are open at once; the oldest ends first

_HOMES = frozenset({"/", "/index.html", "/index.php"})


def pick_server(config: HttpConfig, persona: Persona) -> Server:
    """Return the web server the persona has installed, with the version and token its distribution shows."""
    vendor = {"debian": "Debian", "ubuntu": "Ubuntu", "rocky": "Rocky Linux"}.get(persona.distribution, "")
    packages = persona.packages
    name = persona.web_server if config.server == "auto" else config.server
    if name == "lighttpd":
        return Lighttpd(upstream(packages.get("lighttpd", "1.4.45")))
    if name == "mini-httpd":
        return MiniHttpd(packages.get("mini-httpd", "1.19 19dec2003"))
    if name == "apache":
        version = upstream(packages.get("apache2") or packages.get("httpd", "2.4.57-2"))
        return Apache(version, f" ({vendor})" if vendor else "", persona.hostname)
    version = upstream(persona.packages.get("nginx", "1.22.1-9"))
    return Nginx(version, " (Ubuntu)" if vendor == "Ubuntu" else "")


class Pages:
    """What all connections to one web server share."""

    def __init__(self, config: HttpConfig, deps: DecoyDeps) -> None:
        self.config = config
        self.deps = deps
        self.server: Server = pick_server(config, deps.persona)
        self.user_fields = (config.user_field.lower().encode(), *USER_FIELDS)
        self.secret_fields = (config.password_field.lower().encode(), *SECRET_FIELDS)
        self._site = site = make_site(config, deps.persona, deps.rng)
        self._login = Reply(status=200, body=site.login_page)
        self._failed = Reply(status=200, body=site.failed_page)
        self._welcome = Reply(status=200, body=site.welcome_page)
        self._robots = Reply(
            status=200,
            body=f"User-agent: *\nDisallow: {config.protected_path}\n".encode(),
            content_type="text/plain",
            modified=site.made_at,
        )
        self._key = deps.rng.randbytes(16)
        self._drawn = 0
        self._cookie = site.cookie.encode()
        self._cookies: dict[bytes, None] = {}  # handed out, newest last

    def reads_body(self, asked: Asked) -> bool:
        """Return whether the real server would read the body of this request before it answers."""
        server = self.server
        wanted = path_of(asked.target) == self.config.login_path and server.refusal(asked) is None
        return wanted or server.reads_body(asked)

    def reply(self, asked: Asked, cookie: bytes, *, posted: bool, header_accepted: bool, form_accepted: bool) -> Reply:
        """Return the answer to a request.

        Args:
            asked: the request.
            cookie: its Cookie header.
            posted: whether its body had a credential.
            header_accepted: whether the credential of its Authorization header opens the door.
            form_accepted: whether the one in its body does.

        """
        config, server = self.config, self.server
        refusal = server.refusal(asked)
        if refusal is not None:
            return refusal
        path = path_of(asked.target)
        if path == config.login_path:
            if asked.method == "POST" and form_accepted:
                return self._redirect("/", asked, self._new_cookie())
            return self._failed if posted else self._login
        if config.protected_path != "/" and path.startswith(config.protected_path):
            return self._welcome if header_accepted else self._denied(asked)
        if path in _HOMES:
            return self._welcome if self._is_known(cookie) else self._redirect(config.login_path, asked)
        if path == "/robots.txt":
            if asked.method == "POST" and isinstance(server, Nginx):
                return server.error(405, asked)  # nginx does not take a POST to a file; Apache does not mind
            return self._robots
        return server.error(404, asked)

    def written(self, reply: Reply, asked: Asked, now: float) -> bytes:
        """Return the bytes of an answer; HTTP/0.9 has nothing but pages."""
        if asked.version == HTTP_0_9:
            return reply.body
        head = self.server.head(reply, asked, now)
        return head if asked.method == "HEAD" else head + reply.body

    def _denied(self, asked: Asked) -> Reply:
        page = self.server.error(401, asked)
        challenge = ("WWW-Authenticate", self._challenge())
        return Reply(status=401, body=page.body, content_type=page.content_type, extra=(*page.extra, challenge))

    def _redirect(self, location: str, asked: Asked, cookie: str = "") -> Reply:
        page = self.server.moved(location, asked)
        if not cookie:
            return page
        extra = (*page.extra, ("Set-Cookie", f"{self._site.cookie}={cookie}; path=/; HttpOnly"))
        return Reply(status=302, body=page.body, content_type=page.content_type, extra=extra)

    def _challenge(self) -> str:
        match self.config.protection:
            case "basic":
                return f'Basic realm="{self._site.realm}"'
            case "digest":
                return f'Digest realm="{self._site.realm}", nonce="{self._drawn_text()}", algorithm=MD5, qop="auth"'
            case "bearer":
                return f'Bearer realm="{self._site.realm}"'

    def _drawn_text(self) -> str:
        """Return 32 hex digits that a peer has not seen before, not even before a restart."""
        self._drawn += 1
        drawn = b"%b %d %f" % (self._key, self._drawn, self.deps.now())
        return hashlib.sha256(drawn).hexdigest()[:32]

    def _new_cookie(self) -> str:
        value = self._drawn_text()
        self._cookies[value.encode()] = None
        while len(self._cookies) > MAX_COOKIES:
            del self._cookies[next(iter(self._cookies))]
        return value

    def _is_known(self, cookie: bytes) -> bool:
        if not cookie:
            return False
        for pair in cookie.replace(b",", b";").split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name == self._cookie and value.strip(b'"') in self._cookies:
                return True
        return False
